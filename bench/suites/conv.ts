// Convolutions of ResNet-20 and their gradients against the ceiling; and what of its step only moves memory, against a
// plain copy.
import type { BuildName } from "../../bindings/load.ts";
import type { Tensor } from "../../src/graph/tensor.ts";
import { conv2d } from "../../src/ops/conv.ts";
import { grad } from "../../src/ops/grad.ts";
import { input } from "../../src/ops/leaves.ts";
import type { Contestant } from "../contest.ts";
import { type Convolution, convolutions, flopsOf, operandsOf, referenceOf, shapesOf } from "../convolutions.ts";
import { fill, size, uniformNumbers } from "../jobs.ts";
import { memoryBound } from "../memoryBound.ts";
import { type Given, measureBandwidth, type Program, programOf } from "../programs.ts";
import { type Arena, measure, type Row } from "../row.ts";

export async function* conv(arena: Arena): AsyncGenerator<Row> {
  for (const convolution of convolutions) {
    const contestants = new Map<string, Contestant>([[arena.ours.name, await ours(convolution, arena.ours.build)]]);
    for (const { name, convolution: set } of arena.peers) if (set) contestants.set(name, await set(convolution));
    // f32 sums in whatever order; the longest, those of a filter's gradient, have 16,384 terms.
    const event = { suite: "conv", name: convolution.name, flops: flopsOf(convolution), tolerance: 1e-4 } as const;
    yield await measure({ ...event, expected: referenceOf(convolution) }, contestants, arena);
  }
  const uniform = uniformNumbers(5);
  for (const { name, inputs: shapes, graph } of memoryBound) {
    const given = Object.entries(shapes).map(([key, shape]): [string, Given] => [
      key,
      { shape, values: fill(size(shape), () => 2 * uniform() - 1) },
    ]);
    const program = await programOf(arena.ours.build, Object.fromEntries(given), graph);
    yield await measureBandwidth("conv", name, program, Math.ceil(program.bytes / 8), arena);
  }
}

function ours(convolution: Convolution, build: BuildName): Promise<Program> {
  const { part, stride, padding } = convolution;
  const shapes = shapesOf(convolution);
  const values = operandsOf(convolution);
  const given = (name: keyof typeof shapes): Given => ({ shape: shapes[name], values: values[name] });
  const [x, kernel, dy] = [given("x"), given("kernel"), given("dy")];
  const forward = (x: Tensor, kernel: Tensor): Tensor => conv2d(x, kernel, { strides: stride, padding });
  if (part === "forward") return programOf(build, { x, kernel }, ({ x, kernel }) => forward(x, kernel));
  // Of the graph of both, only what the gradient needs is run.
  if (part === "input gradient")
    return programOf(build, { kernel, dy }, ({ kernel, dy }) => {
      const image = input("x", shapes.x);
      return only(grad(forward(image, kernel), [image], dy));
    });
  return programOf(build, { x, dy }, ({ x, dy }) => {
    const filter = input("kernel", shapes.kernel);
    return only(grad(forward(x, filter), [filter], dy));
  });
}

const only = ([tensor]: readonly Tensor[]): Tensor => tensor as Tensor;
