// Values whose gradient is not their own: none, or that of a stand-in.
import { type Shape, sameShape, showShape, type Tensor } from "../graph/tensor.ts";
import { add, sub } from "./binary.ts";
import { op } from "./op.ts";

const stopGradientOp = /* @__PURE__ */ op("stopGradient", {
  shape: ([x]) => x as Shape,
  view: () => ({ offset: 0 }),
  gradient: () => [null],
  examples: () => [],
});

/** x, but a constant where gradients are taken. */
export const stopGradient = (x: Tensor): Tensor => stopGradientOp([x]);

/**
 * The value of `hard` to the bit, with the gradient of `soft`: the straight-through estimator (Bengio et al. 2013). Both
 * have one shape; where soft is not finite the result is NaN.
 */
export function straightThrough(hard: Tensor, soft: Tensor): Tensor {
  if (!sameShape(hard.shape, soft.shape))
    throw new Error(
      `straightThrough: hard ${showShape(hard.shape)} and soft ${showShape(soft.shape)} must have one shape`,
    );
  return add(stopGradient(hard), sub(soft, stopGradient(soft)));
}
