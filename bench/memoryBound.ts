// What a ResNet step does besides convolving, at batch 128: operations whose pace is that of memory.
import type { Tensor } from "../src/graph/tensor.ts";
import { relu } from "../src/ops/unary.ts";
import { fill, size, uniformNumbers } from "./jobs.ts";
import type { Shape } from "./nets.ts";
import type { Given } from "./programs.ts";

export interface MemoryBound {
  readonly name: string;
  readonly inputs: Readonly<Record<"x", Given>>;
  readonly graph: (inputs: Readonly<Record<"x", Tensor>>) => Tensor;
}

/** The activations of the three stages. */
const images: readonly Shape[] = [
  [128, 32, 32, 16],
  [128, 16, 16, 32],
  [128, 8, 8, 64],
];

const uniform = uniformNumbers(5);
const given = (shape: Shape): Given => ({ shape, values: fill(size(shape), () => 2 * uniform() - 1) });

export const memoryBound: readonly MemoryBound[] = images.map((shape) => ({
  name: `relu ${shape.join("x")}`,
  inputs: { x: given(shape) },
  graph: ({ x }) => relu(x),
}));
