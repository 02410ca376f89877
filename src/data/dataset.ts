// A data set: examples and targets in two flat arrays. Bytes stay bytes; the gather kernel scales them into the batch.

/** Numbers of examples, row after row. */
export type ExampleArray = Uint8Array | Float32Array | Int32Array;

export interface Dataset {
  /** Number of examples. */
  readonly size: number;
  /** Shape of one example. */
  readonly shape: readonly number[];
  /** size × product(shape) numbers. Bytes enter the model as byte·scale + shift; integers (for embeddings) as they are. */
  readonly x: ExampleArray;
  readonly scale: number;
  readonly shift: number;
  /** Labels (size integers) or target values (size × product(targetShape)). */
  readonly y: Int32Array | Float32Array;
  /** Shape of one example's target; [] for labels. */
  readonly targetShape: readonly number[];
  /** Names of the classes, where there are any. */
  readonly classes?: readonly string[];
  readonly name?: string;
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
  /** Bytes only: value = byte·scale + shift. Default 1/255 and 0: [0, 1]. */
  readonly scale?: number;
  readonly shift?: number;
  readonly classes?: readonly string[];
  readonly name?: string;
}

const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/**
 * A data set over one's own arrays; typed arrays are taken as they are, not copied.
 * @throws for lengths that do not fit the shape, an empty set, labels that are not whole numbers ≥ 0, numbers that are not finite
 */
export function arrayDataset(options: ArrayDatasetOptions): Dataset {
  const { shape, targetShape, name = "arrayDataset" } = options;
  for (const [label, extents] of [
    ["shape", shape],
    ["targetShape", targetShape ?? []],
  ] as const)
    if (!Array.isArray(extents) || extents.some((extent) => !Number.isInteger(extent) || extent < 1))
      throw new Error(`arrayDataset: ${label} must be an array of whole numbers ≥ 1, got ${JSON.stringify(extents)}`);
  const x = ArrayBuffer.isView(options.x) ? (options.x as ExampleArray) : Float32Array.from(options.x);
  if (!(x instanceof Uint8Array || x instanceof Float32Array || x instanceof Int32Array))
    throw new Error(
      `arrayDataset: x must be a Uint8Array, Float32Array, Int32Array or an array of numbers, got ${Object.prototype.toString.call(options.x)}`,
    );
  const width = product(shape);
  const size = x.length / width;
  if (x.length === 0) throw new Error("arrayDataset: x is empty; a data set needs at least one example");
  if (!Number.isInteger(size))
    throw new Error(
      `arrayDataset: x has ${x.length} numbers, not a multiple of the ${width} that one example of shape [${shape}] holds`,
    );
  const perTarget = product(targetShape ?? []);
  if (options.y.length !== size * perTarget)
    throw new Error(
      `arrayDataset: ${size} examples need ${size * perTarget} target numbers, y has ${options.y.length}`,
    );
  if (x instanceof Float32Array) refuse(x, (value) => !Number.isFinite(value), "x", "is not a finite number");
  const y = targetShape ? toValues(options.y) : toLabels(options.y);
  return {
    size,
    shape,
    x,
    y,
    targetShape: targetShape ?? [],
    scale: options.scale ?? 1 / 255,
    shift: options.shift ?? 0,
    name,
    ...(options.classes && { classes: options.classes }),
  };
}

function refuse(values: ArrayLike<number>, bad: (value: number) => boolean, what: string, why: string): void {
  for (let i = 0; i < values.length; i++)
    if (bad(values[i] as number)) throw new Error(`arrayDataset: ${what}[${i}] = ${values[i]} ${why}`);
}

function toValues(y: ArrayLike<number>): Float32Array {
  refuse(y, (value) => !Number.isFinite(value), "y", "is not a finite number");
  return y instanceof Float32Array ? y : Float32Array.from(y);
}

function toLabels(y: ArrayLike<number>): Int32Array {
  refuse(
    y,
    (value) => !(Number.isInteger(value) && value >= 0),
    "y",
    "is not a label: whole numbers from 0; give targetShape for regression",
  );
  return y instanceof Int32Array ? y : Int32Array.from(y);
}
