// The convolutions of the `conv` suite, with fixed operands and the entries that are checked.
import { fill, size, uniformNumbers } from "./jobs.ts";
import { outputShape, type Shape } from "./nets.ts";
import { sampleStride } from "./products.ts";

export const parts = ["forward", "input gradient", "filter gradient"] as const;

/** Images [batch, height, width, inputs] under a square kernel [size, size, inputs, outputs], or one of its gradients. */
export interface Convolution {
  readonly name: string;
  readonly part: (typeof parts)[number];
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly size: number;
  readonly stride: number;
  readonly padding: number;
}

/** Of ResNet-20: one of each stage's, and the first layer's. */
const layers: readonly (readonly [extent: number, inputs: number, outputs: number])[] = [
  [32, 3, 16],
  [32, 16, 16],
  [16, 32, 32],
  [8, 64, 64],
];

export const convolutions: readonly Convolution[] = layers.flatMap(([extent, inputs, outputs]) =>
  parts.map((part) => ({
    name: `${part} 3x3, 16x${extent}x${extent}x${inputs} → ${outputs}`,
    part,
    batch: 16,
    height: extent,
    width: extent,
    inputs,
    outputs,
    size: 3,
    stride: 1,
    padding: 1,
  })),
);

export interface ConvolutionShapes {
  readonly x: Shape;
  readonly kernel: Shape;
  readonly dy: Shape;
}

export function shapesOf({ batch, height, width, inputs, outputs, ...window }: Convolution): ConvolutionShapes {
  const layer = { ...window, kind: "conv", filters: outputs, bias: false } as const;
  return {
    x: [batch, height, width, inputs],
    kernel: [window.size, window.size, inputs, outputs],
    dy: [batch, ...outputShape(layer, [height, width, inputs])],
  };
}

/** Images, kernel, and the gradient that comes back. */
export function operandsOf(convolution: Convolution): Readonly<Record<keyof ConvolutionShapes, Float32Array>> {
  const uniform = uniformNumbers(13);
  const centred = () => 2 * uniform() - 1;
  const { x, kernel, dy } = shapesOf(convolution);
  return { x: fill(size(x), centred), kernel: fill(size(kernel), centred), dy: fill(size(dy), centred) };
}

/** By the definition; borders count as if zeros were multiplied. */
export function flopsOf(convolution: Convolution): number {
  return 2 * size(shapesOf(convolution).dy) * convolution.size ** 2 * convolution.inputs;
}

/** The sampled entries in double precision, by the definition. */
export function referenceOf(convolution: Convolution): number[] {
  const { part, batch, height, width, inputs, outputs, size: window, stride, padding } = convolution;
  const shapes = shapesOf(convolution);
  const { x, kernel, dy } = operandsOf(convolution);
  const [, rows, columns] = shapes.dy as [number, number, number];
  const result = new Float64Array(
    size(part === "forward" ? shapes.dy : part === "input gradient" ? shapes.x : shapes.kernel),
  );
  // Every product of the convolution has one element each of y, x and the kernel; the part says which one is summed to.
  for (let image = 0; image < batch; image++)
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++)
        for (let i = 0; i < window; i++)
          for (let j = 0; j < window; j++) {
            const [h, w] = [row * stride + i - padding, column * stride + j - padding];
            if (h < 0 || w < 0 || h >= height || w >= width) continue;
            const atY = ((image * rows + row) * columns + column) * outputs;
            const atX = ((image * height + h) * width + w) * inputs;
            const atKernel = (i * window + j) * inputs * outputs;
            for (let input = 0; input < inputs; input++)
              for (let output = 0; output < outputs; output++) {
                const at = { y: atY + output, x: atX + input, kernel: atKernel + input * outputs + output };
                const [to, term] =
                  part === "forward"
                    ? [at.y, (x[at.x] as number) * (kernel[at.kernel] as number)]
                    : part === "input gradient"
                      ? [at.x, (dy[at.y] as number) * (kernel[at.kernel] as number)]
                      : [at.kernel, (dy[at.y] as number) * (x[at.x] as number)];
                result[to] = (result[to] as number) + term;
              }
          }
  return Array.from({ length: Math.ceil(result.length / sampleStride) }, (_, i) => result[i * sampleStride] as number);
}
