// Long computations as the host sees them: they rest between products, tell how far they are, and can be broken off.
import { hostTurn } from "#platform";
import { requireFunction, show } from "../checks.ts";

export interface CourseOptions {
  /** Aborts between two evaluations; the promise is then rejected with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called after each evaluation: how many are done of how many at most. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Names of the above, for checks of options. */
export const courseOptions = ["signal", "onProgress"];

/** Longest stretch between two turns of the host, in milliseconds: less than a frame. */
const PATIENCE = 12;

export class Course {
  readonly #options: CourseOptions;
  /** Evaluations at most, as far as is known. */
  total: number;
  #done = 0;
  #last = performance.now();

  constructor(call: string, options: CourseOptions, total: number) {
    const { signal, onProgress } = options;
    if (signal !== undefined && !(signal instanceof AbortSignal))
      throw new Error(`${call}: signal must be an AbortSignal, got ${show(signal)}`);
    if (onProgress !== undefined) requireFunction(call, "onProgress", onProgress, "(done, total) => {}");
    signal?.throwIfAborted();
    this.#options = options;
    this.total = total;
  }

  /** Evaluations so far. */
  get done(): number {
    return this.#done;
  }

  /** To be called after each evaluation. */
  async step(): Promise<void> {
    this.#done++;
    this.#options.onProgress?.(this.#done, this.total);
    if (performance.now() - this.#last > PATIENCE) {
      await hostTurn();
      this.#last = performance.now();
    }
    this.#options.signal?.throwIfAborted();
  }
}
