// What a rule of fusion is, and how rules look at the graph.
import type { Tensor } from "../graph/tensor.ts";

/** A better node with the same value, or nothing. */
export type Rule = (node: Tensor, usedOnce: (tensor: Tensor) => boolean) => Tensor | undefined;

export const name = (tensor: Tensor): string => tensor.operation.name;
export const input = (tensor: Tensor, i = 0): Tensor => tensor.inputs[i] as Tensor;
