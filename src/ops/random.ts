// Random tensors and dropout. Draws depend on (seed, step, stream, index) alone: nothing is stored between passes.
import { requireWithin } from "../checks.ts";
import { type Operand, type Shape, size, type Tensor } from "../graph/tensor.ts";
import { input } from "./leaves.ts";
import { op } from "./op.ts";

/** The generator's state in the model's scalars: seed low, seed high, step, unused. */
export const randomState = (): Tensor => input("random", [4], "i32", "random");

const positional = {
  shape: (_: readonly Shape[], attributes: { readonly shape?: unknown }) => attributes.shape as Shape,
  inputTypes: ["i32"] as const,
  gradient: () => [null],
  examples: [],
};

const uniformOp = op("randomUniform", {
  ...positional,
  emit: (k, y, [state], a) =>
    k.randomUniform(y, size(y), state as Operand, a.stream as number, a.low as number, a.high as number),
});
const normalOp = op("randomNormal", {
  ...positional,
  emit: (k, y, [state], a) =>
    k.randomNormal(y, size(y), state as Operand, a.stream as number, a.mean as number, a.deviation as number),
});

const dropoutOp = op("dropout", {
  shape: ([x]) => x as Shape,
  inputTypes: ["f32", "i32"],
  emit: (k, y, [x, state], a) =>
    k.dropout(y, x as Operand, size(y), state as Operand, a.stream as number, a.rate as number),
  inPlace: [0],
  // The same mask again: same state, same stream.
  gradient: (dy, y) => [dropoutOp([dy, y.inputs[1] as Tensor], y.attributes), null],
  examples: [],
});

/** Uniform numbers in [low, high). `stream` tells this draw from others of the same step. */
export const randomUniform = (shape: Shape, stream: number, low = 0, high = 1): Tensor =>
  uniformOp([randomState()], { shape, stream, low, high });

/** Normal numbers. */
export const randomNormal = (shape: Shape, stream: number, mean = 0, deviation = 1): Tensor =>
  normalOp([randomState()], { shape, stream, mean, deviation });

/** Zeroes each element with probability `rate`, scales the others by 1/(1 − rate). */
export function dropout(x: Tensor, rate: number, stream: number): Tensor {
  requireWithin("dropout", "rate", rate, 0, 1, true);
  return rate === 0 ? x : dropoutOp([x, randomState()], { rate, stream });
}
