// A data set: examples and targets in two flat arrays. Bytes stay bytes; the gather kernel scales them into the batch.

import {
  requireArray,
  requireNumbers,
  requireOptions,
  requireShape,
  requireWeights,
  requireWhole,
  show,
} from "../checks.ts";

/** Numbers of examples, row after row. */
export type ExampleArray = Uint8Array | Float32Array | Int32Array;

/** One number for all channels, or a list of one for each. */
export type PerChannel = number | readonly number[];

export interface Dataset {
  /** Number of examples. */
  readonly size: number;
  /** Shape of one example. */
  readonly shape: readonly number[];
  /** size × product(shape) numbers. Bytes enter the model as byte·scale + shift; integers (for embeddings) as they are. */
  readonly x: ExampleArray;
  /** One number for all, or one for each channel: the last axis of `shape`. */
  readonly scale: PerChannel;
  readonly shift: PerChannel;
  /** Labels (size integers) or target values (size × product(targetShape)). */
  readonly y: Int32Array | Float32Array;
  /** Shape of one example's target; [] for labels. */
  readonly targetShape: readonly number[];
  /**
   * What each example counts, ≥ 0: the risk is the mean over the examples of weight·loss. It is not divided by the
   * weights' sum, so that weights 1/(n·p) make the mean over examples drawn with chances p an unbiased one.
   */
  readonly weights?: Float32Array;
  /** Names of the classes, where there are any. */
  readonly classes?: readonly string[];
  readonly name?: string;
}

/** What the readers of published data sets return. */
export interface TrainAndTest {
  readonly train: Dataset;
  readonly test: Dataset;
}

export interface ArrayDatasetOptions {
  /** Row after row: bytes, numbers, or integers. */
  readonly x: ExampleArray | readonly number[];
  /** Class labels (an integer array, or numbers that are all whole when `targetShape` is not given) or target values. */
  readonly y: ArrayLike<number>;
  /** Shape of one example, e.g. [784] or [28, 28, 1]. */
  readonly shape: readonly number[];
  /** Shape of one target; give it for regression, e.g. [1]. Default: labels. */
  readonly targetShape?: readonly number[];
  /** What each example counts, see Dataset; default 1 for all. */
  readonly weights?: ArrayLike<number>;
  /** Bytes only: value = byte·scale + shift, alike for all or a number for each channel. Default 1/255 and 0: [0, 1]. */
  readonly scale?: PerChannel;
  readonly shift?: PerChannel;
  readonly classes?: readonly string[];
  readonly name?: string;
}

const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

const optionNames = ["x", "y", "shape", "targetShape", "weights", "scale", "shift", "classes", "name"];

/**
 * A data set over one's own arrays; typed arrays are taken as they are, not copied.
 * @throws for lengths that do not fit the shape, an empty set, labels that are not whole numbers ≥ 0, numbers that are not finite
 */
export function arrayDataset(options: ArrayDatasetOptions): Dataset {
  requireOptions("arrayDataset", options, optionNames);
  const { shape, targetShape, weights, scale = 1 / 255, shift = 0, classes, name = "arrayDataset" } = options;
  requireShape("arrayDataset", "shape", shape);
  if (targetShape !== undefined) requireShape("arrayDataset", "targetShape", targetShape);
  requireNumbers("arrayDataset", "x", options.x);
  requireArray("arrayDataset", "y", options.y);
  const x = ArrayBuffer.isView(options.x) ? (options.x as ExampleArray) : Float32Array.from(options.x);
  const size = x.length / product(shape);
  if (x.length === 0) throw new Error("arrayDataset: x is empty; a data set needs at least one example");
  if (!Number.isInteger(size))
    throw new Error(
      `arrayDataset: x has ${x.length} numbers, not a multiple of the ${product(shape)} that one example of shape [${shape}] holds`,
    );
  const wanted = size * product(targetShape ?? []);
  if (options.y.length !== wanted)
    throw new Error(`arrayDataset: ${size} examples need ${wanted} target numbers, y has ${options.y.length}`);
  if (x instanceof Float32Array) refuseInfinite("x", x);
  const y = targetShape ? toValues(options.y) : toLabels(options.y);
  if (weights !== undefined) requireWeights("arrayDataset", weights, size);
  const data: Dataset = {
    size,
    shape: [...shape],
    x,
    y,
    targetShape: [...(targetShape ?? [])],
    scale,
    shift,
    name,
    ...(weights && { weights: weights instanceof Float32Array ? weights : Float32Array.from(weights) }),
    ...(classes && { classes }),
  };
  checkDataset("arrayDataset", data);
  return data;
}

/** Throws unless the parts of a data set fit each other; one made by hand may come from anywhere. */
export function checkDataset(call: string, data: Dataset): void {
  if (typeof data !== "object" || data === null || Array.isArray(data))
    throw new Error(`${call}: expected a data set, got ${show(data)}; make one with arrayDataset({ x, y, shape })`);
  const { size, shape, targetShape, x, y, weights, scale, shift } = data;
  if (size === 0) throw new Error(`${call}: the data set is empty; it needs at least one example`);
  requireShape(call, "the data set's shape", shape);
  requireShape(call, "the data set's targetShape", targetShape);
  requireWhole(call, "the data set's size", size, 1);
  if (!(x instanceof Uint8Array || x instanceof Float32Array || x instanceof Int32Array))
    throw new Error(
      `${call}: x must be a Uint8Array, Float32Array, Int32Array or an array of numbers, got ${kindOf(x)}`,
    );
  if (!(y instanceof Int32Array || y instanceof Float32Array))
    throw new Error(`${call}: the data set's y must be an Int32Array or a Float32Array, got ${kindOf(y)}`);
  if (x.length !== size * product(shape))
    throw new Error(`${call}: x holds ${x.length} numbers for ${size} examples of shape [${shape}]`);
  if (y.length !== size * product(targetShape))
    throw new Error(`${call}: y holds ${y.length} numbers for ${size} targets of shape [${targetShape}]`);
  if (weights !== undefined) requireWeights(call, weights, size);
  for (const [what, value] of Object.entries({ scale, shift })) requirePerChannel(call, what, value, channelsOf(shape));
}

/** Numbers of the last axis. */
export const channelsOf = (shape: readonly number[]): number => shape.at(-1) ?? 1;

function requirePerChannel(call: string, what: string, value: unknown, channels: number): void {
  const finite = (one: unknown): boolean => typeof one === "number" && Number.isFinite(Math.fround(one));
  if (!Array.isArray(value)) {
    if (finite(value)) return;
    throw new Error(`${call}: ${what} must be a finite number or one for each channel, got ${show(value)}`);
  }
  if (value.length !== channels)
    throw new Error(`${call}: ${what} has ${value.length} numbers for the ${channels} channels of an example`);
  const wrong = Array.from(value, finite).indexOf(false);
  if (wrong >= 0) throw new Error(`${call}: ${what}[${wrong}] must be a finite number, got ${show(value[wrong])}`);
}

const kindOf = (value: unknown): string =>
  ArrayBuffer.isView(value) ? Object.prototype.toString.call(value) : show(value);

function refuseInfinite(what: string, values: ArrayLike<number>): void {
  for (let i = 0; i < values.length; i++)
    if (!Number.isFinite(Math.fround(values[i] as number)))
      throw new Error(`arrayDataset: ${what}[${i}] = ${values[i]} is not a finite number`);
}

function toValues(y: ArrayLike<number>): Float32Array {
  requireNumbers("arrayDataset", "y", y);
  refuseInfinite("y", y);
  return y instanceof Float32Array ? y : Float32Array.from(y);
}

function toLabels(y: ArrayLike<number>): Int32Array {
  for (let i = 0; i < y.length; i++) {
    const label = y[i] as number;
    if (!(Number.isInteger(label) && label >= 0 && label < 2 ** 31))
      throw new Error(
        `arrayDataset: y[${i}] = ${show(label)} is not a label: whole numbers from 0; give targetShape for regression`,
      );
  }
  return y instanceof Int32Array ? y : Int32Array.from(y);
}
