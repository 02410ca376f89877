// Where the time of a training step goes: the programs of a step run call by call, each call timed.
import type { BuildName } from "../../bindings/load.ts";
import { requireOptions, requireWhole } from "../checks.ts";
import type { Shape } from "../graph/tensor.ts";
import { rowsIn } from "./check.ts";
import type { Engine } from "./engine.ts";
import type { ReadyProgram } from "./readyProgram.ts";
import type { Batch } from "./reports.ts";

export interface ProfileOptions {
  /** Steps that are timed, after some that are not; default 10. */
  readonly rounds?: number;
}

/** One kernel call of a step. */
export interface ProfileCall {
  /** The gradient's program, or the optimiser's. */
  readonly program: "train" | "update";
  readonly kernel: string;
  /** The operation and shape of the tensor that the call makes, or a part of. */
  readonly operation: string;
  readonly shape: Shape;
  /** Median over the rounds. */
  readonly milliseconds: number;
  /** Of the whole step, from 0 to 1. */
  readonly share: number;
  /**
   * 10⁹ multiplications and additions a second, for products. Counted for the tensor, over all calls that make it;
   * absent, as the next, where the clock saw no time pass.
   */
  readonly gflops?: number;
  /** 10⁹ bytes read and written a second, if each input is read and the result written once. */
  readonly gigabytesPerSecond?: number;
}

/** Plain data: it can be kept as JSON. */
export interface Profile {
  readonly build: BuildName;
  /** Examples in the batch. */
  readonly batch: number;
  readonly rounds: number;
  /** Sum over the calls. */
  readonly milliseconds: number;
  readonly calls: readonly ProfileCall[];
}

/** Rounds go untimed until this many milliseconds have passed: engines compile a kernel anew while it runs. */
const WARM_UP = 200;

/** See Model.profile. */
export function profile(engine: Engine, batch: Batch, options: ProfileOptions): Profile {
  requireOptions("profile", options, ["rounds"]);
  const { rounds = 10 } = options;
  requireWhole("profile", "rounds", rounds, 1);
  const train = engine.writeBatch("profile", "train", batch);
  const update = engine.program("update", 0);
  const restore = engine.preserve();
  const stopwatches = { train: new Stopwatch(train), update: new Stopwatch(update) };
  const round = (): void => {
    // Anew every time: a run may put other tensors where its inputs were.
    engine.writeBatch("profile", "train", batch);
    engine.writeScalars();
    try {
      stopwatches.train.run();
      stopwatches.update.run();
    } finally {
      restore();
    }
  };
  const began = performance.now();
  do round();
  while (performance.now() - began < WARM_UP);
  for (const stopwatch of Object.values(stopwatches)) stopwatch.clear();
  for (let i = 0; i < rounds; i++) round();

  const medians = { train: stopwatches.train.medians(), update: stopwatches.update.medians() };
  const milliseconds = [...medians.train, ...medians.update].reduce((sum, value) => sum + value, 0);
  return {
    build: engine.specification.build,
    batch: rowsIn("profile", batch.x, engine.specification.input),
    rounds,
    milliseconds,
    calls: [
      ...describe("train", train, medians.train, milliseconds),
      ...describe("update", update, medians.update, milliseconds),
    ],
  };
}

/** Times each call of a program, run after run. */
class Stopwatch {
  readonly #program: ReadyProgram;
  /** Milliseconds by call, then by run. */
  readonly #times: readonly number[][];

  constructor(program: ReadyProgram) {
    this.#program = program;
    this.#times = program.program.calls.map(() => []);
  }
  run(): void {
    this.#program.prepare();
    let before = performance.now();
    this.#program.trace((call) => {
      (this.#times[call] as number[]).push(performance.now() - before);
      before = performance.now();
      return true;
    });
  }
  clear(): void {
    for (const list of this.#times) list.length = 0;
  }
  medians(): number[] {
    return this.#times.map(median);
  }
}

function describe(
  name: ProfileCall["program"],
  { program: { calls, tensors } }: ReadyProgram,
  milliseconds: readonly number[],
  total: number,
): ProfileCall[] {
  const byTensor = tensors.map(() => 0);
  calls.forEach(({ tensor }, i) => {
    byTensor[tensor] = (byTensor[tensor] as number) + (milliseconds[i] as number);
  });
  return calls.map(({ kernel, tensor }, i) => {
    const { operation, shape, cost } = tensors[tensor] as (typeof tensors)[number];
    const seconds = (byTensor[tensor] as number) / 1e3;
    const own = milliseconds[i] as number;
    return {
      program: name,
      kernel,
      operation,
      shape,
      milliseconds: own,
      share: total > 0 ? own / total : 0,
      ...(seconds > 0 && cost.flops !== undefined && { gflops: cost.flops / seconds / 1e9 }),
      ...(seconds > 0 && { gigabytesPerSecond: cost.bytes / seconds / 1e9 }),
    };
  });
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] as number) + upper) / 2;
}
