// Tensors that no kernel makes: places in the model's memory, and constants.
import { requireNumbers } from "../checks.ts";
import { createTensor, type DataType, type Operation, type Shape, size, type Tensor } from "../graph/tensor.ts";
import { broadcastTo } from "./movement.ts";

/** A number where a tensor is expected stands for a constant scalar. */
export type TensorLike = Tensor | number;

export const inputOperation: Operation = { name: "input" };
export const constantOperation: Operation = { name: "constant" };

/**
 * A tensor that is filled from outside: a batch, θ, the scalars.
 * @param segment the region of memory it lives in; "batch" inputs get a place in the arena, by name
 */
export function input(name: string, shape: Shape, type: DataType = "f32", segment = "batch"): Tensor {
  return createTensor(inputOperation, [], shape, { name, segment }, type);
}

/** Numbers fixed when the program is compiled; one number fills the whole shape. */
export function constant(values: number | ArrayLike<number>, shape?: Shape): Tensor {
  if (typeof values === "number") {
    const scalar = createTensor(constantOperation, [], [], { values: [Math.fround(values)] });
    return shape && shape.length > 0 ? broadcastTo(scalar, shape) : scalar;
  }
  requireNumbers("constant", "values", values);
  const list = Array.from(values, Math.fround);
  const actual = shape ?? [list.length];
  if (size(actual) !== list.length)
    throw new Error(`constant: ${list.length} values do not fill shape [${actual}], which holds ${size(actual)}`);
  return createTensor(constantOperation, [], actual, { values: list });
}

export const asTensor = (value: TensorLike): Tensor => (typeof value === "number" ? constant(value) : value);

/** The value of a constant scalar, or undefined for anything else. */
export function scalarValue(tensor: Tensor): number | undefined {
  if (tensor.operation !== constantOperation) return undefined;
  const values = tensor.attributes.values as readonly number[];
  return values.length === 1 ? values[0] : undefined;
}
