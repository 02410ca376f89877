// What a sampler is: which examples the batches of an epoch are cut from, in which order.
import type { Dataset } from "../dataset.ts";

/** Everything an epoch's order may depend on: equal contexts, equal rows, so that a fit can go on in the middle of one. */
export interface EpochContext {
  /** Examples in the data set. */
  readonly size: number;
  /** Its labels or target values. */
  readonly targets: Dataset["y"];
  /** Examples a step; the last one of the epoch may have fewer. */
  readonly batchSize: number;
  /** Of this fit, from 1. */
  readonly epoch: number;
  /** Of the model. */
  readonly seed: number;
  /** Epochs that the model has drawn before, in all its fits: no two epochs have the same. */
  readonly round: number;
  /** What the sampler's `scores` ask for: one number an example, as the model was when the epoch began. */
  readonly scores?: Float32Array;
}

/** An epoch. */
export interface Drawn {
  /** As many as the data set has examples; one may come more than once, or never. */
  readonly rows: ArrayLike<number>;
  /** What each of them counts beside the example's own weight; default 1. */
  readonly weights?: ArrayLike<number>;
}

/** A pure description of how examples are chosen: those of `samplers`, or one's own. */
export interface Sampler {
  readonly name: string;
  /**
   * What the model is to find out about every example before each epoch: its loss, or the norm of its loss's gradient by
   * the network's output, to which a bound on the norm of the whole gradient is proportional (Katharopoulos and Fleuret
   * 2018). In a pass forward over the data, without dropout. Default: nothing.
   */
  readonly scores?: "loss" | "gradientNorm";
  /** Whether its epochs have weights. */
  readonly weighted?: boolean;
  epoch(context: EpochContext): Drawn | Promise<Drawn>;
}
