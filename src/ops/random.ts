// Random tensors and dropout. Draws depend on (seed, step, stream, index) alone: nothing is stored between passes.
import { requireWithin } from "../checks.ts";
import { type Attributes, createTensor, type Operand, type Shape, size, type Tensor } from "../graph/tensor.ts";
import { input } from "./leaves.ts";
import { op } from "./op.ts";

/** The generator's state in the model's scalars: seed low, seed high, step, 0, first row of the batch. */
export const randomState = (): Tensor => input("random", [5], "i32", "random");

const positional = {
  shape: (_: readonly Shape[], attributes: { readonly shape?: unknown }) => attributes.shape as Shape,
  inputTypes: ["i32"] as const,
  gradient: () => [null],
  examples: () => [],
};

/** Numbers drawn for each row of the batch, in programs of one replica of several; 0 for draws that are not by rows. */
const width = (attributes: Attributes): number => (attributes.width as number | undefined) ?? 0;

/**
 * Tells a draw how many numbers each row of the batch takes: a replica then draws for its rows what one thread would.
 * Other nodes are left as they are.
 * @param rows of the replica
 */
export function drawByRows(node: Tensor, byRows: ReadonlySet<unknown>, rows: number): Tensor {
  const { operation, inputs, shape, attributes, type } = node;
  if (!byRows.has(attributes.stream) || inputs.every((x) => x.attributes.segment !== "random")) return node;
  return createTensor(operation, inputs, shape, { ...attributes, width: size(shape) / rows }, type);
}

const uniformOp = /* @__PURE__ */ op("randomUniform", {
  ...positional,
  emit: (k, y, [state], a) =>
    k.randomUniform(y, size(y), state as Operand, a.stream as number, width(a), a.low as number, a.high as number),
});
const normalOp = /* @__PURE__ */ op("randomNormal", {
  ...positional,
  emit: (k, y, [state], a) =>
    k.randomNormal(y, size(y), state as Operand, a.stream as number, width(a), a.mean as number, a.deviation as number),
});

const dropoutOp = /* @__PURE__ */ op("dropout", {
  shape: ([x]) => x as Shape,
  inputTypes: ["f32", "i32"],
  emit: (k, y, [x, state], a) =>
    k.dropout(y, x as Operand, size(y), state as Operand, a.stream as number, width(a), a.rate as number),
  inPlace: [0],
  // The same mask again: same state, same stream.
  gradient: (dy, y) => [dropoutOp([dy, y.inputs[1] as Tensor], y.attributes), null],
  examples: () => [],
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
