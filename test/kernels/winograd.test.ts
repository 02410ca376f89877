// Winograd's convolution and its gradients against the definition in f64, within the bound that assembly/kernels/winograd.ts
// states; and what the plan chooses. Scratch is as large as the plan makes it, and guarded.
import { describe, expect, test } from "vitest";
import type { Geometry } from "../../src/ops/conv.ts";
import { conv2d } from "../../src/ops/conv.ts";
import {
  winogradFilterGradientScratchBytes,
  winogradForwardScratchBytes,
  winogradInputGradientScratchBytes,
  winogradTiles,
} from "../../src/ops/convScratch.ts";
import { input } from "../../src/ops/leaves.ts";
import { compile } from "../../src/plan/compile.ts";
import { type Case, geometryOf, type Kind, kinds, label, reference, type Values, valuesOf } from "./convolution.ts";
import { aligned, Bench, builds, wave } from "./harness.ts";

const benches = await Promise.all(builds.map(async (build) => [build, await Bench.create(build)] as const));
const [none, bias, biasRelu, mask, accumulate] = [0, 1, 2, 3, 4] as const;

const twins = {
  conv2d: { kernel: "winograd", scratch: winogradForwardScratchBytes },
  conv2dInputGradient: { kernel: "winogradInputGradient", scratch: winogradInputGradientScratchBytes },
  conv2dFilterGradient: { kernel: "winogradFilterGradient", scratch: winogradFilterGradientScratchBytes },
} as const;

function run(
  bench: Bench,
  kind: Kind,
  g: Geometry,
  values: Values,
  epilogue: number,
  extra: Float32Array,
  tiles = winogradTiles(g),
): Float32Array {
  const { result, a, b } = kinds[kind];
  const { kernel, scratch } = twins[kind];
  bench.reset();
  const inputs = [values[a], values[b], extra].map((list) => bench.f32(list));
  const [left, right, beside] = inputs as [(typeof inputs)[0], (typeof inputs)[0], (typeof inputs)[0]];
  const out = bench.f32(epilogue === accumulate ? extra : values[result].length);
  const room = aligned(bench, scratch(g) / 4);
  bench.kernels[kernel](
    out.pointer, left.pointer, right.pointer, room, beside.pointer,
    g.batch, g.height, g.width, g.channels, g.outHeight, g.outWidth, g.filters, g.top, g.left, tiles, epilogue,
  ); // biome-ignore format: addresses, sizes, padding
  bench.checkGuards();
  return out.array.slice();
}

type Matrix = readonly (readonly number[])[];
const magnitude = (m: Matrix): Matrix => m.map((line) => line.map(Math.abs));
const transposed = (m: Matrix): Matrix => (m[0] as readonly number[]).map((_, j) => m.map((line) => line[j] as number));
const b4: Matrix = [[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]]; // biome-ignore format: a matrix
const g3: Matrix = [[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]]; // biome-ignore format: a matrix
const a2: Matrix = [[1, 1, 1, 0], [0, 1, -1, -1]]; // biome-ignore format: a matrix

/** l·X·lᵀ of a square X given by its entries. */
function sandwich(l: Matrix, at: (i: number, j: number) => number): number[] {
  const n = (l[0] as readonly number[]).length;
  return l.flatMap((left) =>
    l.map((right) => {
      let sum = 0;
      for (let i = 0; i < n; i++)
        for (let j = 0; j < n; j++) sum += (left[i] as number) * at(i, j) * (right[j] as number);
      return sum;
    }),
  );
}

/** The size of all that is added up for each result: the algorithm on absolute values, of which rounding takes its share. */
function sizes(kind: Kind, g: Geometry, values: Values): Float64Array {
  const turned = kind === "conv2dInputGradient";
  const [height, width, channels] = turned ? [g.outHeight, g.outWidth, g.filters] : [g.height, g.width, g.channels];
  const [outHeight, outWidth, filters] = turned
    ? [g.height, g.width, g.channels]
    : [g.outHeight, g.outWidth, g.filters];
  const [top, left] = turned ? [2 - g.top, 2 - g.left] : [g.top, g.left];
  const [x, y] = turned ? [values.y, values.x] : [values.x, values.y];
  const pixel = (
    list: Float32Array,
    n: number,
    i: number,
    j: number,
    c: number,
    h: number,
    w: number,
    count: number,
  ) => (i < 0 || j < 0 || i >= h || j >= w ? 0 : Math.abs(list[((n * h + i) * w + j) * count + c] as number));
  const weight = (u: number, v: number, c: number, f: number): number => {
    const tap = turned ? (2 - u) * 3 + 2 - v : u * 3 + v;
    const [channel, filter] = turned ? [f, c] : [c, f];
    return Math.abs(values.w[(tap * g.channels + channel) * g.filters + filter] as number);
  };
  const [bs, gs, as] = [magnitude(b4), magnitude(g3), magnitude(a2)];
  const result = new Float64Array(kind === "conv2dFilterGradient" ? values.w.length : y.length);
  const sums = Array.from({ length: channels * filters }, () => new Float64Array(16));
  const filtersOf = Array.from({ length: channels * filters }, (_, at) =>
    sandwich(gs, (u, v) => weight(u, v, Math.floor(at / filters), at % filters)),
  );
  for (let n = 0; n < g.batch; n++)
    for (let i = 0; i < outHeight; i += 2)
      for (let j = 0; j < outWidth; j += 2) {
        const images = Array.from({ length: channels }, (_, c) =>
          sandwich(bs, (u, v) => pixel(x, n, i - top + u, j - left + v, c, height, width, channels)),
        );
        for (let f = 0; f < filters; f++) {
          if (kind === "conv2dFilterGradient") {
            const dy = sandwich(transposed(as), (u, v) => pixel(y, n, i + u, j + v, f, outHeight, outWidth, filters));
            images.forEach((image, c) =>
              image.forEach((value, s) => {
                const sum = sums[c * filters + f] as Float64Array;
                sum[s] = (sum[s] as number) + value * (dy[s] as number);
              }),
            );
            continue;
          }
          const products = Array.from({ length: 16 }, (_, s) =>
            images.reduce(
              (sum, image, c) => sum + (image[s] as number) * (filtersOf[c * filters + f]?.[s] as number),
              0,
            ),
          );
          sandwich(as, (u, v) => products[4 * u + v] as number).forEach((value, at) => {
            const [row, column] = [i + (at >> 1), j + (at & 1)];
            if (row < outHeight && column < outWidth)
              result[((n * outHeight + row) * outWidth + column) * filters + f] = value;
          });
        }
      }
  if (kind === "conv2dFilterGradient")
    sums.forEach((sum, at) =>
      sandwich(transposed(gs), (u, v) => sum[4 * u + v] as number).forEach((value, tap) => {
        result[tap * channels * filters + at] = value;
      }),
    );
  return result;
}

const of3 = { kernelHeight: 3, kernelWidth: 3 };
const geometries: readonly Case[] = [
  { ...of3, height: 8, width: 8, channels: 8, filters: 8, top: 1, left: 1 },
  { ...of3, height: 7, width: 9, channels: 4, filters: 12, top: 1, left: 1 },
  { ...of3, height: 6, width: 5, channels: 12, filters: 4 },
  { ...of3, height: 5, width: 6, channels: 8, filters: 16, top: 2, left: 0, bottom: 0, right: 2 },
  { ...of3, height: 3, width: 4, channels: 4, filters: 4, top: 3, left: 4 },
  { ...of3, height: 1, width: 1, channels: 4, filters: 8, top: 1, left: 1, batch: 5 },
  { ...of3, height: 12, width: 11, channels: 20, filters: 36, top: 1, left: 1, batch: 3 },
];

describe.each(Object.keys(kinds) as Kind[])("%s", (kind) => {
  test.each(geometries.map((c) => [label(c), c] as const))("is the definition within its bound: %s", (_, c) => {
    const g = geometryOf(c);
    const values = valuesOf(g);
    const { sums } = reference(kind, g, values);
    const size = sizes(kind, g, values);
    const tiles = g.batch * Math.ceil(g.outHeight / 2) * Math.ceil(g.outWidth / 2);
    const terms = { conv2d: g.channels, conv2dInputGradient: g.filters, conv2dFilterGradient: tiles }[kind];
    // Two blocks of several, and one of all tiles: the forward results do not depend on it.
    const results = benches.map(([build, bench]) => {
      const result = run(bench, kind, g, values, none, new Float32Array(1));
      const inBlocks = run(bench, kind, g, values, none, new Float32Array(1), 5);
      if (kind !== "conv2dFilterGradient") expect(inBlocks).toEqual(result);
      for (const list of [result, inBlocks])
        list.forEach((value, i) =>
          expect(Math.abs(value - (sums[i] as number)), `${build} at ${i}`).toBeLessThanOrEqual(
            (terms + 16) * 2 ** -24 * (size[i] as number),
          ),
        );
      return result;
    });
    expect(results[1]).toEqual(results[0]);
  });

  const epilogues = {
    conv2d: [bias, biasRelu, mask, accumulate],
    conv2dInputGradient: [mask, accumulate],
    conv2dFilterGradient: [accumulate],
  }[kind];
  test.each(epilogues)("epilogue %i is what follows the product, bit for bit", (epilogue) => {
    const g = geometryOf(geometries[1] as Case);
    const values = valuesOf(g);
    const count = values[kinds[kind].result].length;
    const byFilter = epilogue === bias || epilogue === biasRelu;
    const extra = byFilter ? wave(g.filters, 5) : wave(count, 5);
    for (const [, bench] of benches) {
      const product = run(bench, kind, g, values, none, new Float32Array(1));
      const expected = product.map((value, i) => {
        const beside = extra[byFilter ? i % g.filters : i] as number;
        if (epilogue === mask) return beside > 0 ? value : 0;
        const sum = Math.fround(value + beside);
        return epilogue === biasRelu ? Math.max(sum, 0) : sum;
      });
      const result = run(bench, kind, g, values, epilogue, extra);
      // + 0: a masked or clipped zero has no sign to compare.
      expect(result.map((value) => value + 0)).toEqual(expected.map((value) => value + 0));
    }
  });
});

test.each([
  ["winograd", [2, 8, 8, 8], [3, 3, 8, 8], {}],
  ["conv2d", [2, 8, 8, 3], [3, 3, 3, 8], {}],
  ["conv2d", [2, 8, 8, 8], [3, 3, 8, 4], {}],
  ["conv2d", [2, 8, 8, 8], [3, 3, 8, 8], { strides: 2 }],
  ["conv2d", [2, 8, 8, 8], [3, 3, 4, 8], { groups: 2 }],
  ["conv2d", [2, 8, 8, 8], [3, 2, 8, 8], {}],
  ["conv2d", [8, 5, 5, 8], [3, 3, 8, 8], {}],
] as const)("the plan takes %s for images %j under kernels %j with %j", (kernel, x, w, options) => {
  const [image, filters] = [input("x", [...x], "f32", "batch"), input("w", [...w], "f32", "batch")];
  const y = conv2d(image, filters, { padding: x[1] === 5 ? "valid" : "same", ...options });
  const { calls } = compile({ inputs: [image, filters], outputs: { y: { tensor: y } } });
  expect(calls.map((call) => call.kernel)).toEqual([kernel]);
});
