// Pooling layers over images, channels last.
import { requireOptions } from "../checks.ts";
import type { Tensor } from "../graph/tensor.ts";
import * as pools from "../ops/pool.ts";
import { mean } from "../ops/reduce.ts";
import { ownPadding, pair } from "../ops/window.ts";
import { requireImages } from "./conv2d.ts";
import { type Layer, stateless } from "./layer.ts";

type Size = number | readonly [number, number];

function pooling(
  call: string,
  apply: (x: Tensor, size: Size, options: pools.Pool2dOptions) => Tensor,
  size: Size,
  options: pools.Pool2dOptions,
): Layer {
  requireOptions(call, options, ["strides", "padding"]);
  // Copies: the caller may change the arrays.
  const own = pair(call, "size", size);
  const padding = ownPadding(call, options.padding ?? "valid");
  const strides = pair(call, "strides", options.strides ?? own);
  return stateless(call, (x) => {
    requireImages(call, x);
    return apply(x, own, { strides, padding });
  });
}

/**
 * The largest of each window: [batch, height, width, channels] → [batch, out height, out width, channels].
 * @param size of a window: one number, or [height, width]; default 2
 */
export const maxPool2d = (size: Size = 2, options: pools.Pool2dOptions = {}): Layer =>
  pooling("maxPool2d", pools.maxPool2d, size, options);

/** The mean of each window, padding not counted; as maxPool2d. */
export const avgPool2d = (size: Size = 2, options: pools.Pool2dOptions = {}): Layer =>
  pooling("avgPool2d", pools.avgPool2d, size, options);

/** The mean over all places: [batch, height, width, channels] → [batch, channels]. */
export const globalAveragePool2d = (): Layer =>
  stateless("globalAveragePool2d", (x) => {
    requireImages("globalAveragePool2d", x);
    return mean(x, [1, 2]);
  });
