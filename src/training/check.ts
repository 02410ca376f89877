// Checks of what users hand in: each throws before anything has changed, naming the call, the values and the remedy.

import { requireIndices, requireNumbers, show } from "../checks.ts";
import { checkDataset, type Dataset } from "../data/dataset.ts";
import { type DataType, type Shape, showShape, size } from "../graph/tensor.ts";
import type { TargetSpecification } from "../losses/loss.ts";

/** Rows in a flat array of examples; throws unless they fill whole examples. */
export function rowsIn(call: string, x: unknown, shape: Shape): number {
  requireNumbers(call, "x", x);
  const width = size(shape);
  if (x.length === 0) throw new Error(`${call}: x is empty; give at least one example of shape ${showShape(shape)}`);
  if (x.length % width !== 0)
    throw new Error(
      `${call}: x has ${x.length} numbers, not a multiple of the ${width} that one example of shape ${showShape(shape)} holds`,
    );
  return x.length / width;
}

/** Throws unless a data set holds together and fits a model. That its numbers are finite is checked in memory. */
export function requireDataset(
  call: string,
  data: Dataset,
  input: Shape,
  inputType: DataType,
  target: TargetSpecification,
): void {
  checkDataset(call, data);
  if (
    size(data.shape) !== size(input) ||
    (data.shape.length > 1 && input.length > 1 && showShape(data.shape) !== showShape(input))
  )
    throw new Error(
      `${call}: the data set's examples are ${showShape(data.shape)}, the model's input is ${showShape(input)}`,
    );
  const integers = data.x instanceof Int32Array;
  if (integers !== (inputType === "i32"))
    throw new Error(
      `${call}: the data set holds ${integers ? "integers" : "numbers"}, the model's input type is "${inputType}"`,
    );
  const perExample = size(target.shape.slice(1));
  if (target.type === "i32" && !(data.y instanceof Int32Array))
    throw new Error(
      `${call}: the loss needs class labels, the data set has target values; make it without targetShape`,
    );
  if (data.y.length !== data.size * perExample)
    throw new Error(
      `${call}: the loss needs ${perExample} target numbers an example, the data set has ${data.y.length / data.size}`,
    );
  requireTargets(call, data.y, target);
}

/** Throws for labels outside the classes and values outside the loss's range. */
export function requireTargets(
  call: string,
  y: ArrayLike<number>,
  { classes, range, values, distribution }: TargetSpecification,
): void {
  if (classes !== undefined) requireIndices(call, "y", y, "a label", classes);
  else if (range || values)
    for (let i = 0; i < y.length; i++) {
      const value = y[i] as number;
      // What is not finite is refused as such.
      if (range && (value < range[0] || value > range[1]) && Number.isFinite(value))
        throw new Error(`${call}: y[${i}] = ${value} is outside [${range}], the loss's range of targets`);
      if (values && !values.includes(value))
        throw new Error(`${call}: y[${i}] = ${value} is not ${values.join(" or ")}, the loss's targets`);
    }
  if (distribution === undefined) return;
  for (let start = 0; start < y.length; start += distribution) {
    let sum = 0;
    for (let i = start; i < start + distribution; i++) sum += y[i] as number;
    if (Math.abs(sum - 1) > 1e-3)
      throw new Error(
        `${call}: y[${start}] to y[${start + distribution - 1}] sum to ${sum}, not to 1: they are no distribution`,
      );
  }
}

/** Throws unless `values` are as many finite numbers as `vector` holds; then writes them there. */
export function assign(call: string, vector: Float32Array, values: ArrayLike<number>): void {
  requireVector(call, values, vector.length);
  vector.set(values);
}

/** Throws unless a value is an array of `length` numbers that are finite as f32, or may be infinite. */
export function requireVector(call: string, values: ArrayLike<number>, length: number, infinite = false): void {
  if (values?.length !== length) throw new Error(`${call}: expected ${length} numbers, got ${values?.length}`);
  for (let i = 0; i < values.length; i++) {
    const value: unknown = values[i];
    if (typeof value !== "number" || Number.isNaN(value) || !(infinite || Number.isFinite(Math.fround(value))))
      throw new Error(`${call}: number ${i} = ${show(value)} is not finite`);
  }
}
