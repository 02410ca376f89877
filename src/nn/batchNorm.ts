// Batch normalisation (Ioffe and Szegedy 2015) over all axes but the last.
import { requireOneOf, requireOptions, requirePositive, requireWithin } from "../checks.ts";
import { showShape } from "../graph/tensor.ts";
import { normalize } from "../ops/batchNorm.ts";
import { add, mul, sub } from "../ops/binary.ts";
import { constant } from "../ops/leaves.ts";
import { wholeBatchStatistics } from "../ops/mergeStatistics.ts";
import { rsqrt } from "../ops/unary.ts";
import { ones, zeros } from "./initializers.ts";
import { type Layer, requireFeatures } from "./layer.ts";

export interface BatchNormOptions {
  /** Share of a batch's statistics in the running ones, in (0, 1]: running ← (1 − momentum)·running + momentum·batch. Default 0.1. */
  readonly momentum?: number;
  /** Added to the variance; default 1e-5. */
  readonly epsilon?: number;
  /** Learn scale and shift; default true. */
  readonly affine?: boolean;
}

/**
 * (x − mean)/√(variance + ε)·scale + shift for each channel, the last axis. Training takes mean and variance from the
 * batch, and averages them over the steps in `state` as `mean` and `variance` (the unbiased one), as PyTorch does;
 * prediction and evaluation read those. Parameters `scale` and `shift` [channels].
 * @throws from createModel, step or fit for a batch with one value a channel: it has no variance
 */
export function batchNorm(options: BatchNormOptions = {}): Layer {
  requireOptions("batchNorm", options, ["momentum", "epsilon", "affine"]);
  const { momentum = 0.1, epsilon = 1e-5, affine = true } = options;
  requireWithin("batchNorm", "momentum", momentum, 0, 1);
  requirePositive("batchNorm", "momentum", momentum);
  requirePositive("batchNorm", "epsilon", epsilon);
  requireOneOf("batchNorm", "affine", affine, [true, false]);
  return {
    name: "batchNorm",
    apply(x, context) {
      if (x.type !== "f32") throw new Error("batchNorm: expected numbers, got integers");
      requireFeatures("batchNorm", x);
      const shape = x.shape.slice(-1);
      const mean = context.state("mean", shape, 0);
      const variance = context.state("variance", shape, 1);
      const scale = affine ? context.parameter("scale", shape, ones, "scale") : constant(1, shape);
      const shift = affine ? context.parameter("shift", shape, zeros, "bias") : constant(0, shape);
      let used = { mean: mean.value, variance: variance.value };
      if (context.normalization === "batch") {
        const batch = wholeBatchStatistics(x, context.replicas, context.rowShare);
        if (batch.count < 2)
          throw new Error(
            `batchNorm: a batch ${showShape(x.shape)} has one value a channel and no variance; take a larger batch (or a batch size that leaves no single example at the end of the data)`,
          );
        const share = context.refreshShare ?? constant(momentum);
        const keep = sub(1, share);
        mean.update(add(mul(keep, mean.value), mul(share, batch.mean)));
        const unbiased = mul(batch.variance, batch.count / (batch.count - 1));
        variance.update(add(mul(keep, variance.value), mul(share, unbiased)));
        used = batch;
      }
      return normalize(x, used.mean, mul(scale, rsqrt(add(used.variance, epsilon))), shift);
    },
  };
}
