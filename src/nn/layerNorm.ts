// Layer normalisation (Ba et al. 2016).

import { requireOneOf, requireOptions, requirePositive } from "../checks.ts";
import { add, mul, sub } from "../ops/binary.ts";
import { mean } from "../ops/reduce.ts";
import { rsqrt, square } from "../ops/unary.ts";
import { ones, zeros } from "./initializers.ts";
import { type Layer, requireFeatures } from "./layer.ts";

export interface LayerNormOptions {
  /** Added to the variance; default 1e-5. */
  readonly epsilon?: number;
  /** Learn scale and shift; default true. */
  readonly affine?: boolean;
}

/** (x − mean)/√(variance + ε)·scale + shift over the last axis. */
export function layerNorm(options: LayerNormOptions = {}): Layer {
  requireOptions("layerNorm", options, ["epsilon", "affine"]);
  const { epsilon = 1e-5, affine = true } = options;
  requirePositive("layerNorm", "epsilon", epsilon);
  requireOneOf("layerNorm", "affine", affine, [true, false]);
  return {
    name: "layerNorm",
    apply(x, context) {
      requireFeatures("layerNorm", x);
      const centred = sub(x, mean(x, -1, true));
      const normal = mul(centred, rsqrt(add(mean(square(centred), -1, true), epsilon)));
      if (!affine) return normal;
      const shape = [x.shape.at(-1) as number];
      return add(
        mul(normal, context.parameter("scale", shape, ones, "scale")),
        context.parameter("shift", shape, zeros, "bias"),
      );
    },
  };
}
