// What a remote model and its worker say to each other.
import type { Dataset } from "../data/dataset.ts";
import type { Drawn, EpochContext, Sampler } from "../data/samplers/sampler.ts";
import type { Program } from "../plan/program.ts";
import type { EngineSpecification } from "./engine.ts";
import type { Learning } from "./fitStream.ts";
import type { ObjectiveOptions } from "./objective.ts";
import type { ProgramKey } from "./passes.ts";
import type { ProfileOptions } from "./profile.ts";
import type { RefreshOptions } from "./refresh.ts";
import type { Batch, FitOptions } from "./reports.ts";
import type { Snapshot } from "./snapshot.ts";

/** Programs the main thread compiled for the calls to come. */
export interface PostedProgram {
  readonly key: ProgramKey;
  readonly program: Program;
}

/** Everything a worker can be asked; each request has one answer. */
export type Request =
  | {
      readonly method: "create";
      readonly specification: EngineSpecification;
      /** First values of each parameter. */
      readonly values: readonly Float32Array[];
      readonly module: WebAssembly.Module;
      /** Whether learning rates are posted, step by step. */
      readonly scheduled: boolean;
    }
  | { readonly method: "step"; readonly batch: Batch }
  /** A step of a fit on a stream, which is read where the remote model is. */
  | { readonly method: "learn"; readonly batch: Batch; readonly how: Learning }
  | { readonly method: "evaluate"; readonly data: Dataset; readonly metrics: boolean }
  | { readonly method: "predict"; readonly x: ArrayLike<number> }
  | { readonly method: "profile"; readonly batch: Batch; readonly options: ProfileOptions }
  | { readonly method: "parameters" }
  | { readonly method: "average" }
  | { readonly method: "setParameters"; readonly values: ArrayLike<number> }
  | { readonly method: "state" }
  | { readonly method: "setState"; readonly values: ArrayLike<number> }
  | { readonly method: "snapshot" }
  | { readonly method: "restore"; readonly snapshot: Snapshot }
  | { readonly method: "refreshStatistics"; readonly data: Dataset; readonly options: RefreshOptions }
  | { readonly method: "setLearningRate"; readonly value: number }
  /** Begins a fit; its number names it in the requests that follow. */
  | {
      readonly method: "fit";
      readonly fit: number;
      readonly data: Dataset;
      readonly options: Omit<FitOptions, "signal" | "metrics" | "sampler">;
      /** What is no function of the fit's sampler. */
      readonly sampler: PostedSampler | undefined;
      /** Whether there are metrics: the functions stay where they are. */
      readonly metrics: boolean;
    }
  /** The next report of a fit: answered by a report, or by undefined at the end. */
  | { readonly method: "next"; readonly fit: number }
  | { readonly method: "leave"; readonly fit: number }
  | {
      readonly method: "objective";
      readonly batch: Batch;
      readonly options: ObjectiveOptions;
      readonly theta: Float32Array;
      readonly v?: Float32Array | undefined;
      readonly want: "loss" | "gradient" | "hessianVector";
    };

export interface Call {
  readonly id: number;
  readonly programs: readonly PostedProgram[];
  /** Learning rates of the steps to come, behind those posted before: a schedule is a function, and stays at home. */
  readonly rates: Float64Array;
  readonly request: Request;
}

/** A sampler, whose `epoch` stays where it is. */
export type PostedSampler = Omit<Sampler, "epoch">;

/** The worker asks back: what an epoch of a fit is made of, while its "next" is under way. */
export interface Sample {
  readonly sample: number;
  readonly context: EpochContext;
}
/** The answer to it. */
export interface Sampled {
  readonly sampled: number;
  readonly drawn?: Drawn;
  readonly error?: string;
}

/** Not a request: stops a fit between two steps, while its "next" is under way. */
export interface Abort {
  readonly abort: number;
}

export interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: { readonly name: string; readonly message: string };
}
