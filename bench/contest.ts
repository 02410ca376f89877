// What every library in the benchmark, ours included, must offer: the same jobs on the same numbers.
import type { Convolution } from "./convolutions.ts";
import type { Job } from "./jobs.ts";
import type { Net } from "./nets.ts";
import type { Product } from "./products.ts";

/** One library with one job set up, compiled and ready to repeat. */
export interface Contestant {
  /** Does the job `times` times, one after another. */
  run(times: number): void | Promise<void>;
  /** What the job gave, compared between contestants before anything is timed. */
  readonly answer: ArrayLike<number>;
  close?(): void;
}

/** A library that competes. Its methods set a job up; nothing is timed until `run`. */
export interface Library {
  readonly name: string;
  /** Version and whatever limits it on this machine, for the table's footnote. */
  readonly details: string;
  /** A training step: forward, backward, SGD update, loss as a number. `answer` is the loss of the first `checkedSteps`. */
  step(job: Job): Promise<Contestant>;
  /** Why the library is left out of a net's row; nothing where it takes part. */
  declines?(net: Net): string | undefined;
  /** One matrix product, left in the library's own memory. `answer` is every `sampleStride`-th entry of it. */
  product(product: Product): Promise<Contestant>;
  /** One convolution or gradient of it. `answer` is every `sampleStride`-th entry, channels last. */
  convolution?(convolution: Convolution): Promise<Contestant>;
  close?(): void;
}

/** Refuses to time contestants that do different work: every answer must be near the entrywise median of all. */
export function checkAgreement(row: string, answers: ReadonlyMap<string, ArrayLike<number>>, tolerance: number): void {
  const length = Math.max(...[...answers.values()].map((answer) => answer.length));
  const entries = (i: number) => [...answers.values()].map((answer) => answer[i] ?? Number.NaN);
  const middle = Array.from({ length }, (_, i) => median(entries(i)));
  const margin = tolerance * middle.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  for (const [name, answer] of answers) {
    const wrong = middle.findIndex((value, i) => !(Math.abs((answer[i] ?? Number.NaN) - value) <= margin));
    if (wrong < 0) continue;
    const said = [...answers].map(([who, other]) => `${who} ${other[wrong]}`).join(", ");
    throw new Error(`bench: ${row}: ${name} disagrees at entry ${wrong} by more than ${margin}: ${said}`);
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2;
}
