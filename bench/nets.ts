// The networks of the `step` suite: what they are made of, and what a step of each costs.

/** Height, width and channels, or one number of units. */
export type Shape = readonly number[];

export type Layer =
  | { readonly kind: "dense"; readonly units: number }
  | {
      readonly kind: "conv";
      readonly filters: number;
      /** Rows and columns of the kernel. */
      readonly size: number;
      readonly stride: number;
      /** Rows and columns of zeros on every side. */
      readonly padding: number;
      readonly bias: boolean;
    }
  /** Windows side by side. */
  | { readonly kind: "maxPool"; readonly size: number }
  | { readonly kind: "batchNorm" | "globalAveragePool" | "flatten" | "relu" | "tanh" };

export interface Net {
  readonly name: string;
  /** Shape of one example. */
  readonly input: Shape;
  readonly layers: readonly Layer[];
  readonly loss: "crossEntropy" | "meanSquaredError";
  readonly batch: number;
  readonly learningRate: number;
  /** Rounds of the race; default: its own. */
  readonly rounds?: number;
}

const dense = (units: number): Layer => ({ kind: "dense", units });
const conv = (filters: number, size: number, padding: number, { stride = 1, bias = true } = {}): Layer => ({
  kind: "conv",
  filters,
  size,
  stride,
  padding,
  bias,
});
const maxPool: Layer = { kind: "maxPool", size: 2 };
const [relu, tanh, flatten, batchNorm, globalAveragePool] = (
  ["relu", "tanh", "flatten", "batchNorm", "globalAveragePool"] as const
).map((kind) => ({ kind })) as [Layer, Layer, Layer, Layer, Layer];

/** He et al. 2016, §4.2, without the shortcuts: three stages of six convolutions, each behind it BatchNorm and ReLU. */
function resNet20(): readonly Layer[] {
  const block = (filters: number, stride: number): Layer[] => [
    conv(filters, 3, 1, { stride, bias: false }),
    batchNorm,
    relu,
  ];
  return [
    ...block(16, 1),
    ...[16, 32, 64].flatMap((filters, stage) =>
      [0, 1, 2, 3, 4, 5].flatMap((i) => block(filters, stage > 0 && i === 0 ? 2 : 1)),
    ),
    globalAveragePool,
    dense(10),
  ];
}

export const nets: readonly Net[] = [
  {
    name: "2-16-16-1 tanh, MSE, batch 32",
    input: [2],
    layers: [dense(16), tanh, dense(16), tanh, dense(1)],
    loss: "meanSquaredError",
    batch: 32,
    learningRate: 0.1,
  },
  {
    name: "784-128-10 relu, CE, batch 64",
    input: [784],
    layers: [dense(128), relu, dense(10)],
    loss: "crossEntropy",
    batch: 64,
    learningRate: 0.05,
  },
  {
    name: "784-512-512-10 relu, CE, batch 128",
    input: [784],
    layers: [dense(512), relu, dense(512), relu, dense(10)],
    loss: "crossEntropy",
    batch: 128,
    learningRate: 0.05,
  },
  {
    name: "conv16-pool-dense 28x28x1, CE, batch 64",
    input: [28, 28, 1],
    layers: [conv(16, 3, 1), relu, maxPool, flatten, dense(10)],
    loss: "crossEntropy",
    batch: 64,
    learningRate: 0.05,
    rounds: 9,
  },
  {
    name: "lenet5 28x28x1, CE, batch 64",
    input: [28, 28, 1],
    layers: [
      ...[conv(6, 5, 2), relu, maxPool],
      ...[conv(16, 5, 0), relu, maxPool, flatten],
      ...[dense(120), relu, dense(84), relu, dense(10)],
    ],
    loss: "crossEntropy",
    batch: 64,
    learningRate: 0.05,
    rounds: 9,
  },
  {
    name: "resnet20-noskip 32x32x3, CE, batch 128",
    input: [32, 32, 3],
    layers: resNet20(),
    loss: "crossEntropy",
    batch: 128,
    // Small: rounding decides about ReLUs near zero, and after larger steps libraries that are all right part ways.
    learningRate: 0.001,
    rounds: 5,
  },
];

export const isConvolutional = ({ layers }: Net): boolean => layers.some(({ kind }) => kind === "conv");

/** Shape of what a layer makes of one example. */
export function outputShape(layer: Layer, input: Shape): Shape {
  const [height, width, channels] = input as [number, number, number];
  switch (layer.kind) {
    case "dense":
      return [layer.units];
    case "conv": {
      const { size, stride, padding, filters } = layer;
      const out = (extent: number): number => Math.floor((extent + 2 * padding - size) / stride) + 1;
      return [out(height), out(width), filters];
    }
    case "maxPool":
      return [Math.floor(height / layer.size), Math.floor(width / layer.size), channels];
    case "globalAveragePool":
      return [channels];
    case "flatten":
      return [input.reduce((a, b) => a * b, 1)];
    default:
      return input;
  }
}

/**
 * Floating-point operations of the products and convolutions of one step, convolutions by their definition: forward, dW,
 * and dX for every layer but the first. Borders count as if zeros were multiplied.
 */
export function flopsOfStep({ input, layers, batch }: Net): number {
  let shape = input;
  let flops = 0;
  for (const layer of layers) {
    const output = outputShape(layer, shape);
    const channels = shape.at(-1) as number;
    const [height = 1, width = 1] = output;
    const product =
      layer.kind === "dense"
        ? 2 * batch * channels * layer.units
        : layer.kind === "conv"
          ? 2 * batch * height * width * layer.size ** 2 * channels * layer.filters
          : 0;
    flops += (flops === 0 ? 2 : 3) * product;
    shape = output;
  }
  return flops;
}
