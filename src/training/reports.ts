// What fit and evaluate tell.
import type { Dataset } from "../data/dataset.ts";
import type { Sampler } from "../data/samplers/sampler.ts";
import type { Augmentation } from "./augmentation.ts";
import type { Callback } from "./callbacks.ts";
import type { Measured, Metrics, None } from "./metrics.ts";

export interface Evaluation {
  /** Mean over the examples of loss, or weight·loss, plus λΩ(w). */
  readonly loss: number;
  /** Share of right answers, where the loss is a proxy of the 0/1 loss; weights or not, all count alike. */
  readonly accuracy?: number;
}

export interface EvaluateOptions<M extends Metrics = None> {
  /** Judge all predictions at once, each under its name in the result: `{ f1, auc: rocAuc }`. */
  readonly metrics?: M;
}

export interface EpochReport<M extends Metrics = None> {
  readonly kind: "epoch";
  /** Epochs done in this fit, from 1. */
  readonly epoch: number;
  /** Steps done by the model since its creation. */
  readonly step: number;
  /** Mean over the epoch's examples of the loss each step saw. */
  readonly loss: number;
  /** Since fit began. */
  readonly seconds: number;
  /** Over this epoch's training, without validation. */
  readonly examplesPerSecond: number;
  readonly validation?: Evaluation & Measured<M>;
  /** With testThenTrain: mean over the epoch's examples, each judged before the model learnt from it. */
  readonly tested?: Evaluation;
}

export interface StepReport {
  readonly kind: "step";
  /** The epoch under way, from 1. */
  readonly epoch: number;
  /** Steps done in this epoch. */
  readonly stepInEpoch: number;
  /** Infinity for a stream whose end is not known. */
  readonly stepsPerEpoch: number;
  readonly step: number;
  /** Of the last step. */
  readonly loss: number;
  readonly seconds: number;
  readonly examplesPerSecond: number;
  /** With testThenTrain: mean over the examples since the last such report, or since the epoch began. */
  readonly tested?: Evaluation;
}

export type Report<M extends Metrics = None> = EpochReport<M> | StepReport;

export interface FitOptions<M extends Metrics = None> {
  /** Times through the data; default 1. */
  readonly epochs?: number;
  /**
   * Examples a step, or "all": batch gradient descent. Default 32; the last batch of an epoch may be smaller. Items of a
   * stream are joined or parted to this size; without it each is a batch as it comes.
   */
  readonly batchSize?: number | "all";
  /** Streams only: steps after which an epoch ends, and the next one goes on. Default: an epoch is once through the stream. */
  readonly stepsPerEpoch?: number;
  /** Streams only: judges each batch before the model learns from it (prequential evaluation); see `tested`. Default false. */
  readonly testThenTrain?: boolean;
  /** A new order each epoch; default true. */
  readonly shuffle?: boolean;
  /** Chooses the examples of each epoch instead: samplers of thalweg/data, or one's own. */
  readonly sampler?: Sampler;
  /** Evaluated after each epoch. */
  readonly validation?: Dataset;
  /** Of the validation; see EvaluateOptions. */
  readonly metrics?: M;
  /** Changes the images of each step at random, by the seed and the step; default: as they are. Validation never is. */
  readonly augment?: Augmentation;
  /** Also report every so many steps. */
  readonly reportEvery?: number;
  /**
   * Goes on with the fit that the restored snapshot was taken in, where it stood: in the middle of an epoch, or behind one.
   * Data, batch size and sampler or shuffling must be the same; `epochs` counts from the beginning. Default false.
   */
  readonly resume?: boolean;
  /** Told of every report; may stop the fit. See earlyStopping, checkpoints, csvLog and others. */
  readonly callbacks?: readonly Callback[];
  /** Stops between two steps or passes of validation; the iterator throws the signal's reason, the model keeps what it has learnt. */
  readonly signal?: AbortSignal;
}

/** One batch, row after row. */
export interface Batch {
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
  /** What each example counts, see Dataset; default 1 for all. */
  readonly weights?: ArrayLike<number>;
}
