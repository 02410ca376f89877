// A network with one fixed start and one fixed batch, so that all libraries do the same work.
import { type Layer, type Net, outputShape, type Shape } from "./nets.ts";

/** Where a parameter starts. Kernels are stored as in tfjs: [inputs, outputs], or [rows, columns, inputs, outputs]. */
export interface Parameter {
  readonly name: "kernel" | "bias" | "scale" | "shift";
  readonly shape: Shape;
  readonly values: Float32Array;
}

/** A layer in its net: what goes in and comes out, without the batch, and its parameters. */
export type Placed = Layer & {
  readonly input: Shape;
  readonly output: Shape;
  readonly parameters: readonly Parameter[];
};

export interface Job {
  readonly net: Net;
  readonly layers: readonly Placed[];
  /** [batch, ...input], channels last. */
  readonly x: Float32Array;
  /** Class labels [batch] for cross-entropy, targets [batch, outputs] for the squared error. */
  readonly y: Int32Array | Float32Array;
}

/** Steps from the same start whose losses must agree between libraries before any is timed. */
export const checkedSteps = 5;

export function createJob(net: Net): Job {
  const uniform = uniformNumbers(7);
  const layers: Placed[] = [];
  for (const layer of net.layers) {
    const input = layers.at(-1)?.output ?? net.input;
    layers.push({ ...layer, input, output: outputShape(layer, input), parameters: start(layer, input, uniform) });
  }
  const outputs = outputsOf({ layers });
  const x = fill(net.batch * size(net.input), uniform);
  const y =
    net.loss === "crossEntropy"
      ? Int32Array.from({ length: net.batch }, () => Math.floor(outputs * uniform()))
      : fill(net.batch * outputs, () => 2 * uniform() - 1);
  return { net, layers, x, y };
}

/** Kernels uniform by Glorot and Bengio 2010. */
function start(layer: Layer, input: Shape, uniform: () => number): readonly Parameter[] {
  const inputs = input.at(-1) as number;
  if (layer.kind === "batchNorm")
    return [
      { name: "scale", shape: [inputs], values: fill(inputs, () => 0.5 + uniform()) },
      { name: "shift", shape: [inputs], values: fill(inputs, () => 0.1 * uniform()) },
    ];
  if (layer.kind !== "dense" && layer.kind !== "conv") return [];
  const outputs = layer.kind === "dense" ? layer.units : layer.filters;
  const window = layer.kind === "dense" ? [] : [layer.size, layer.size];
  const shape = [...window, inputs, outputs];
  const limit = Math.sqrt(6 / (size(window) * (inputs + outputs)));
  const kernel: Parameter = { name: "kernel", shape, values: fill(size(shape), () => limit * (2 * uniform() - 1)) };
  if (layer.kind === "conv" && !layer.bias) return [kernel];
  return [kernel, { name: "bias", shape: [outputs], values: fill(outputs, () => 0.1 * uniform()) }];
}

/** Numbers the network gives for one example. */
export const outputsOf = ({ layers }: Pick<Job, "layers">): number => size(layers.at(-1)?.output ?? []);

/** Labels as one-hot rows, for the libraries whose cross-entropy wants them. */
export function targets({ net, layers, y }: Job): Float32Array {
  const outputs = outputsOf({ layers });
  if (y instanceof Float32Array) return y;
  const rows = new Float32Array(net.batch * outputs);
  y.forEach((label, row) => {
    rows[row * outputs + label] = 1;
  });
  return rows;
}

/**
 * The same job for libraries that want channels first: images [batch, channels, height, width], kernels
 * [outputs, inputs, rows, columns], and the rows of the dense kernel behind `flatten` in the order of such images.
 */
export function channelsFirst(job: Job): Job {
  const first = ([height, width, channels]: Shape): Shape => [channels, height, width] as Shape;
  const layers = job.layers.map((layer, i): Placed => {
    const before = job.layers[i - 1];
    const parameters = layer.parameters.map(({ name, shape, values }): Parameter => {
      if (layer.kind === "conv" && name === "kernel") return { name, ...transposed(values, shape, [3, 2, 0, 1]) };
      if (layer.kind !== "dense" || name !== "kernel" || before?.kind !== "flatten") return { name, shape, values };
      return { name, shape, values: transposed(values, [...before.input, layer.units], [2, 0, 1, 3]).values };
    });
    const [input, output] = [layer.input, layer.output].map((shape) => (shape.length === 3 ? first(shape) : shape));
    return { ...layer, input: input as Shape, output: output as Shape, parameters };
  });
  const { net, x, y } = job;
  if (net.input.length < 3) return { ...job, layers };
  const images = transposed(x, [net.batch, ...net.input], [0, 3, 1, 2]).values;
  return { net: { ...net, input: first(net.input) }, layers, x: images, y };
}

/** Axes in a new order. */
export function transposed(
  values: Float32Array,
  shape: Shape,
  order: readonly number[],
): { readonly shape: Shape; readonly values: Float32Array } {
  const strides = shape.map((_, axis) => size(shape.slice(axis + 1)));
  const to = order.map((axis) => shape[axis] as number);
  const from = order.map((axis) => strides[axis] as number);
  const result = new Float32Array(values.length);
  const index = to.map(() => 0);
  let at = 0;
  for (let i = 0; i < result.length; i++) {
    result[i] = values[at] as number;
    for (let axis = to.length - 1; axis >= 0; axis--) {
      at += from[axis] as number;
      index[axis] = (index[axis] as number) + 1;
      if ((index[axis] as number) < (to[axis] as number)) break;
      at -= (from[axis] as number) * (to[axis] as number);
      index[axis] = 0;
    }
  }
  return { shape: to, values: result };
}

export const size = (shape: Shape): number => shape.reduce((a, b) => a * b, 1);

/** Numbers in [0, 1) that are the same everywhere (mulberry32). */
export function uniformNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function fill(length: number, next: () => number): Float32Array {
  return Float32Array.from({ length }, next);
}
