// Group normalisation (Wu and He 2018): statistics of an example's own channels, in groups. No running statistics.
import { requireOneOf, requireOptions, requirePositive } from "../checks.ts";
import type { Tensor } from "../graph/tensor.ts";
import { add, mul, sub } from "../ops/binary.ts";
import { broadcastTo, reshape } from "../ops/movement.ts";
import { mean } from "../ops/reduce.ts";
import { rsqrt, square } from "../ops/unary.ts";
import { ones, zeros } from "./initializers.ts";
import { type Layer, requireCount, requireFeatures } from "./layer.ts";

export interface GroupNormOptions {
  /** Groups of neighbouring channels; they must divide the channels. Default 32. */
  readonly groups?: number;
  /** Added to the variance; default 1e-5. */
  readonly epsilon?: number;
  /** Learn scale and shift; default true. */
  readonly affine?: boolean;
}

/**
 * (x − mean)/√(variance + ε)·scale + shift, with mean and variance of each group of channels (the last axis) and each
 * example, over all places of an image. Parameters `scale` and `shift` [channels].
 */
export function groupNorm(options: GroupNormOptions = {}): Layer {
  requireOptions("groupNorm", options, ["groups", "epsilon", "affine"]);
  const { groups = 32, epsilon = 1e-5, affine = true } = options;
  requireCount("groupNorm", "groups", groups);
  requirePositive("groupNorm", "epsilon", epsilon);
  requireOneOf("groupNorm", "affine", affine, [true, false]);
  return {
    name: "groupNorm",
    apply(x, context) {
      if (x.type !== "f32") throw new Error("groupNorm: expected numbers, got integers");
      requireFeatures("groupNorm", x);
      const batch = x.shape[0] as number;
      const channels = x.shape.at(-1) as number;
      if (channels % groups !== 0)
        throw new Error(`groupNorm: ${channels} channels are not divisible by ${groups} groups; choose another number`);
      const flat = reshape(x, [batch, -1, channels]);
      /** Mean of each group and example, [batch, 1, channels]: over the places, then over a group's channels. */
      const groupMean = (t: Tensor): Tensor => {
        const each = mean(reshape(mean(t, 1), [batch, groups, -1]), 2, true);
        return reshape(broadcastTo(each, [batch, groups, channels / groups]), [batch, 1, channels]);
      };
      const centred = sub(flat, groupMean(flat));
      const factor = rsqrt(add(groupMean(square(centred)), epsilon));
      if (!affine) return reshape(mul(centred, factor), x.shape);
      const scale = context.parameter("scale", [channels], ones, "scale");
      const shift = context.parameter("shift", [channels], zeros, "bias");
      return reshape(add(mul(centred, mul(factor, scale)), shift), x.shape);
    },
  };
}
