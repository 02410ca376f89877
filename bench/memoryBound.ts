// What a ResNet step does besides convolving, at batch 128: operations whose pace is that of memory.
import type { Shape, Tensor } from "../src/graph/tensor.ts";
import { batchStatistics, normalize, normalizeGradientOp, normalizeSumsOp } from "../src/ops/batchNorm.ts";
import { grad } from "../src/ops/grad.ts";
import { maxPool2d } from "../src/ops/pool.ts";
import { mean } from "../src/ops/reduce.ts";
import { relu } from "../src/ops/unary.ts";

export interface MemoryBound {
  readonly name: string;
  readonly inputs: Readonly<Record<string, Shape>>;
  readonly graph: (inputs: Readonly<Record<string, Tensor>>) => Tensor;
}

/** A row with its inputs in the order of the graph's. */
function row(name: string, shapes: readonly Shape[], graph: (...inputs: Tensor[]) => Tensor): MemoryBound {
  return {
    name: `${name} ${shapes[0]?.join("x")}`,
    inputs: Object.fromEntries(shapes.map((shape, i) => [`x${i}`, shape])),
    graph: (inputs) => graph(...Object.values(inputs)),
  };
}

/** BatchNorm with the ReLU behind it, a kernel each: statistics, result; sums that come back, gradient. */
function batchNorm(image: Shape): MemoryBound[] {
  const rows = [1, 2, 3].map(() => image.slice(-1));
  return [
    row("batchNorm statistics", [image], (x) => batchStatistics(x).mean),
    row("batchNorm + relu", [image, ...rows], (x, mean, factor, shift) => relu(normalize(x, mean, factor, shift))),
    row("batchNorm + relu sums of dy", [image, image, ...rows], (...inputs) => normalizeSumsOp(inputs, { relu: true })),
    row("batchNorm + relu gradient", [image, image, ...rows, [2 * (image.at(-1) as number)]], (...inputs) =>
      normalizeGradientOp(inputs, { relu: true }),
    ),
  ];
}

const first = ([tensor]: readonly Tensor[]): Tensor => tensor as Tensor;

export const memoryBound: readonly MemoryBound[] = [
  ...[
    [128, 32, 32, 16],
    [128, 16, 16, 32],
    [128, 8, 8, 64],
  ].flatMap(batchNorm),
  row("relu", [[128, 32, 32, 16]], (x) => relu(x)),
  row("maxPool2d", [[128, 32, 32, 16]], (x) => maxPool2d(x, 2)),
  row(
    "maxPool2d gradient",
    [
      [128, 32, 32, 16],
      [128, 16, 16, 16],
    ],
    (x, dy) => first(grad(maxPool2d(x as Tensor, 2), [x as Tensor], dy)),
  ),
  row("mean over pixels", [[128, 8, 8, 64]], (x) => mean(x as Tensor, [1, 2])),
];
