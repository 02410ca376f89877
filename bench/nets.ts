// The networks of the `step` suite, with one fixed start and one fixed batch each, so that all libraries do the same work.

export interface Net {
  readonly name: string;
  /** Units of the input and of every dense layer. */
  readonly widths: readonly number[];
  /** After every dense layer but the last. */
  readonly activation: "relu" | "tanh";
  readonly loss: "crossEntropy" | "meanSquaredError";
  readonly batch: number;
  readonly learningRate: number;
}

/** A dense layer's start: kernel [inputs, outputs] row by row, as in tfjs, and bias [outputs]. */
export interface Layer {
  readonly inputs: number;
  readonly outputs: number;
  readonly kernel: Float32Array;
  readonly bias: Float32Array;
}

export interface Job {
  readonly net: Net;
  readonly layers: readonly Layer[];
  /** [batch, inputs] */
  readonly x: Float32Array;
  /** Class labels [batch] for cross-entropy, targets [batch, outputs] for the squared error. */
  readonly y: Int32Array | Float32Array;
}

export const nets: readonly Net[] = [
  {
    name: "2-16-16-1 tanh, MSE, batch 32",
    widths: [2, 16, 16, 1],
    activation: "tanh",
    loss: "meanSquaredError",
    batch: 32,
    learningRate: 0.1,
  },
  {
    name: "784-128-10 relu, CE, batch 64",
    widths: [784, 128, 10],
    activation: "relu",
    loss: "crossEntropy",
    batch: 64,
    learningRate: 0.05,
  },
  {
    name: "784-512-512-10 relu, CE, batch 128",
    widths: [784, 512, 512, 10],
    activation: "relu",
    loss: "crossEntropy",
    batch: 128,
    learningRate: 0.05,
  },
];

/** Steps from the same start whose losses must agree between libraries before any is timed. */
export const checkedSteps = 5;

export function createJob(net: Net): Job {
  const uniform = uniformNumbers(7);
  const layers = net.widths.slice(1).map((outputs, i): Layer => {
    const inputs = net.widths[i] as number;
    const limit = Math.sqrt(6 / (inputs + outputs)); // Glorot and Bengio 2010
    return {
      inputs,
      outputs,
      kernel: fill(inputs * outputs, () => limit * (2 * uniform() - 1)),
      bias: fill(outputs, () => 0.1 * uniform()),
    };
  });
  const outputs = net.widths.at(-1) as number;
  const x = fill(net.batch * (net.widths[0] as number), uniform);
  const y =
    net.loss === "crossEntropy"
      ? Int32Array.from({ length: net.batch }, () => Math.floor(outputs * uniform()))
      : fill(net.batch * outputs, () => 2 * uniform() - 1);
  return { net, layers, x, y };
}

/** Labels as one-hot rows, for the libraries whose cross-entropy wants them. */
export function targets({ net, y }: Job): Float32Array {
  const outputs = net.widths.at(-1) as number;
  if (y instanceof Float32Array) return y;
  const rows = new Float32Array(net.batch * outputs);
  y.forEach((label, row) => {
    rows[row * outputs + label] = 1;
  });
  return rows;
}

/** Floating-point operations of the matrix products of one step: forward, dW, and dX for every layer but the first. */
export function flopsOfStep({ widths, batch }: Net): number {
  return widths.slice(1).reduce((sum, outputs, i) => {
    const product = 2 * batch * (widths[i] as number) * outputs;
    return sum + (i === 0 ? 2 : 3) * product;
  }, 0);
}

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
