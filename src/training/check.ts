// Checks of what users hand in: each throws before anything has changed, naming the call, the values and the remedy.

import type { Dataset } from "../data/dataset.ts";
import { type DataType, type Shape, showShape, size } from "../graph/tensor.ts";
import type { TargetSpecification } from "../losses.ts";

export function requireOptions(call: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== "object" || options === null)
    throw new Error(`${call}: expected an object of options, got ${String(options)}`);
  // for … in: a training step checks its batch this way, and allocates nothing.
  for (const key in options)
    if (!known.includes(key)) throw new Error(`${call}: unknown option "${key}"; known are ${known.join(", ")}`);
}

export function requireWhole(call: string, what: string, value: unknown, least: number): asserts value is number {
  if (!Number.isSafeInteger(value) || (value as number) < least)
    throw new Error(`${call}: ${what} must be a whole number ≥ ${least}, got ${String(value)}`);
}

export function requireShape(call: string, what: string, shape: unknown): asserts shape is Shape {
  if (!Array.isArray(shape) || shape.some((extent) => !Number.isInteger(extent) || extent < 1))
    throw new Error(
      `${call}: ${what} must be an array of whole numbers ≥ 1, such as [784], got ${JSON.stringify(shape)}`,
    );
}

/** Rows in a flat array of examples; throws unless they fill whole examples. */
export function rowsIn(call: string, x: ArrayLike<number>, shape: Shape): number {
  if (typeof x !== "object" || x === null || typeof x.length !== "number")
    throw new Error(`${call}: x must be an array of numbers, got ${String(x)}`);
  const width = size(shape);
  if (x.length === 0) throw new Error(`${call}: x is empty; give at least one example of shape ${showShape(shape)}`);
  if (x.length % width !== 0)
    throw new Error(
      `${call}: x has ${x.length} numbers, not a multiple of the ${width} that one example of shape ${showShape(shape)} holds`,
    );
  return x.length / width;
}

/** Copies numbers into memory; integers must be integers, and the numbers finite. */
export function copyChecked(
  call: string,
  what: string,
  target: Float32Array | Int32Array,
  source: ArrayLike<number>,
): void {
  if (target instanceof Int32Array) {
    if (
      !(
        source instanceof Int32Array ||
        source instanceof Uint8Array ||
        source instanceof Uint16Array ||
        source instanceof Int16Array ||
        source instanceof Int8Array
      )
    )
      for (let i = 0; i < source.length; i++)
        if (!Number.isInteger(source[i]))
          throw new Error(`${call}: ${what}[${i}] = ${source[i]} is not a whole number`);
  } else if (!ArrayBuffer.isView(source)) {
    for (let i = 0; i < source.length; i++)
      if (typeof source[i] !== "number")
        throw new Error(`${call}: ${what}[${i}] = ${String(source[i])} is not a number`);
  }
  target.set(source);
}

/** Throws unless a data set fits a model. */
export function requireDataset(
  call: string,
  data: Dataset,
  input: Shape,
  inputType: DataType,
  target: TargetSpecification,
): void {
  if (typeof data !== "object" || data === null || !ArrayBuffer.isView(data.x) || !ArrayBuffer.isView(data.y))
    throw new Error(`${call}: expected a data set, got ${String(data)}; make one with arrayDataset({ x, y, shape })`);
  if (data.size < 1) throw new Error(`${call}: the data set is empty`);
  if (
    size(data.shape) !== size(input) ||
    (data.shape.length > 1 && input.length > 1 && showShape(data.shape) !== showShape(input))
  )
    throw new Error(
      `${call}: the data set's examples are ${showShape(data.shape)}, the model's input is ${showShape(input)}`,
    );
  if (data.x.length !== data.size * size(data.shape))
    throw new Error(
      `${call}: x holds ${data.x.length} numbers for ${data.size} examples of shape ${showShape(data.shape)}`,
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
export function requireTargets(call: string, y: ArrayLike<number>, { classes, range }: TargetSpecification): void {
  if (classes !== undefined) {
    for (let i = 0; i < y.length; i++) {
      const label = y[i] as number;
      if (!(label >= 0 && label < classes))
        throw new Error(`${call}: y[${i}] = ${label} is not a label in [0, ${classes})`);
    }
  } else if (range) {
    for (let i = 0; i < y.length; i++) {
      const value = y[i] as number;
      if (!(value >= range[0] && value <= range[1]))
        throw new Error(`${call}: y[${i}] = ${value} is outside [${range}], the loss's range of targets`);
    }
  }
}
