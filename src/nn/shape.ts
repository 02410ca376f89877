// Layers that only rearrange.
import { type Shape, size } from "../graph/tensor.ts";
import * as movement from "../ops/movement.ts";
import { type Layer, stateless } from "./layer.ts";

/** [batch, …] → [batch, product of the rest]. */
export const flatten = (): Layer =>
  stateless("flatten", (x) => movement.reshape(x, [x.shape[0] as number, size(x.shape.slice(1))]));

/** [batch, …] → [batch, …shape]; one extent may be −1. */
export const reshape = (shape: Shape): Layer =>
  stateless("reshape", (x) => movement.reshape(x, [x.shape[0] as number, ...shape.map((extent) =>
    extent === -1 ? size(x.shape.slice(1)) / size(shape.filter((e) => e !== -1)) : extent)]));
