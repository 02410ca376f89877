// Layers that only rearrange.

import { show } from "../checks.ts";
import { type Shape, showShape, size } from "../graph/tensor.ts";
import * as movement from "../ops/movement.ts";
import { type Layer, stateless } from "./layer.ts";

/** [batch, …] → [batch, product of the rest]. */
export const flatten = (): Layer =>
  stateless("flatten", (x) => movement.reshape(x, [x.shape[0] as number, size(x.shape.slice(1))]));

/** [batch, …] → [batch, …shape]; one extent may be −1. */
export function reshape(shape: Shape): Layer {
  if (
    !Array.isArray(shape) ||
    Array.from(shape).some((extent) => !(Number.isInteger(extent) && (extent >= 1 || extent === -1)))
  )
    throw new Error(`reshape: shape must be an array of whole numbers ≥ 1, one of which may be −1, got ${show(shape)}`);
  const own = [...shape];
  const known = size(own.filter((extent) => extent !== -1));
  return stateless("reshape", (x) => {
    const given = size(x.shape.slice(1));
    if (own.indexOf(-1) !== own.lastIndexOf(-1) || (own.includes(-1) ? given % known !== 0 : given !== known))
      throw new Error(
        `reshape: an example of shape ${showShape(x.shape.slice(1))} holds ${given} elements and does not fit ${showShape(own)}`,
      );
    return movement.reshape(x, [
      x.shape[0] as number,
      ...own.map((extent) => (extent === -1 ? given / known : extent)),
    ]);
  });
}
