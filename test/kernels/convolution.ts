// Convolution and its gradients by the definition, in f64, for the tests of their kernels.
import type { Geometry } from "../../src/ops/conv.ts";
import { wave } from "./harness.ts";

export interface Case extends Partial<Geometry> {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly filters: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly bottom?: number;
  readonly right?: number;
}

export function geometryOf(c: Case): Geometry {
  const { strideH = 1, strideW = 1, dilationH = 1, dilationW = 1, top = 0, left = 0, bottom = top, right = left } = c;
  const out = (
    extent: number,
    before: number,
    after: number,
    kernel: number,
    dilation: number,
    stride: number,
  ): number => Math.floor((extent + before + after - (kernel - 1) * dilation - 1) / stride) + 1;
  return {
    batch: 2,
    groups: 1,
    ...{ strideH, strideW, dilationH, dilationW, top, left },
    ...c,
    outHeight: out(c.height, top, bottom, c.kernelHeight, dilationH, strideH),
    outWidth: out(c.width, left, right, c.kernelWidth, dilationW, strideW),
  };
}

/** Calls `meet` for every pair of x and w that meet, with the place of their product in y. */
export function forEachProduct(g: Geometry, meet: (x: number, w: number, y: number) => void): void {
  const depth = g.channels / g.groups;
  const count = g.filters / g.groups;
  for (let n = 0; n < g.batch; n++)
    for (let i = 0; i < g.outHeight; i++)
      for (let j = 0; j < g.outWidth; j++)
        for (let u = 0; u < g.kernelHeight; u++)
          for (let v = 0; v < g.kernelWidth; v++) {
            const row = i * g.strideH + u * g.dilationH - g.top;
            const column = j * g.strideW + v * g.dilationW - g.left;
            if (row < 0 || row >= g.height || column < 0 || column >= g.width) continue;
            for (let f = 0; f < g.filters; f++)
              for (let c = 0; c < depth; c++)
                meet(
                  ((n * g.height + row) * g.width + column) * g.channels + Math.floor(f / count) * depth + c,
                  ((u * g.kernelWidth + v) * depth + c) * g.filters + f,
                  ((n * g.outHeight + i) * g.outWidth + j) * g.filters + f,
                );
          }
}

export interface Values {
  readonly x: Float32Array;
  readonly w: Float32Array;
  readonly y: Float32Array;
}
export const valuesOf = (g: Geometry): Values => ({
  x: wave(g.batch * g.height * g.width * g.channels, 1),
  w: wave((g.kernelHeight * g.kernelWidth * g.channels * g.filters) / g.groups, 2),
  y: wave(g.batch * g.outHeight * g.outWidth * g.filters, 3),
});

export const kinds = {
  conv2d: { result: "y", a: "x", b: "w" },
  conv2dInputGradient: { result: "x", a: "y", b: "w" },
  conv2dFilterGradient: { result: "w", a: "x", b: "y" },
} as const;
export type Kind = keyof typeof kinds;

/** The result in f64, and Σ|product| of each element: what bounds its rounding. */
export function reference(kind: Kind, g: Geometry, values: Values): { sums: Float64Array; sizes: Float64Array } {
  const { result, a, b } = kinds[kind];
  const sums = new Float64Array(values[result].length);
  const sizes = new Float64Array(sums.length);
  forEachProduct(g, (x, w, y) => {
    const at = { x, w, y };
    const product = (values[a][at[a]] as number) * (values[b][at[b]] as number);
    sums[at[result]] = (sums[at[result]] as number) + product;
    sizes[at[result]] = (sizes[at[result]] as number) + Math.abs(product);
  });
  return { sums, sizes };
}

/** A geometry, as the name of a test. */
export const label = (c: Case): string =>
  Object.entries(c)
    .map(([key, value]) => `${key} ${value}`)
    .join(" ");
