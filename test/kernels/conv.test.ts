// Convolution and its gradients against the definition in f64: geometries, groups, tails and epilogues. Scratch is as large
// as the plan makes it, and guarded.
import { describe, expect, test } from "vitest";
import type { Geometry } from "../../src/ops/conv.ts";
import {
  filterGradientScratchBytes,
  forwardScratchBytes,
  inputGradientScratchBytes,
} from "../../src/ops/convScratch.ts";
import { type Case, geometryOf, type Kind, kinds, label, reference, type Values, valuesOf } from "./convolution.ts";
import { Bench, builds, wave } from "./harness.ts";

const scratchBytes = {
  conv2d: forwardScratchBytes,
  conv2dInputGradient: inputGradientScratchBytes,
  conv2dFilterGradient: filterGradientScratchBytes,
};

const benches = await Promise.all(builds.map(async (build) => [build, await Bench.create(build)] as const));

const [none, bias, biasRelu, mask, accumulate] = [0, 1, 2, 3, 4] as const;

/** The kernel's result. The buffer holds NaN before, or `addend` for accumulate. */
function run(
  bench: Bench,
  kind: Kind,
  g: Geometry,
  values: Values,
  epilogue: number,
  extra: Float32Array,
): Float32Array {
  const { result, a, b } = kinds[kind];
  bench.reset();
  const inputs = [values[a], values[b], extra].map((list) => bench.f32(list));
  const [left, right, beside] = inputs as [(typeof inputs)[0], (typeof inputs)[0], (typeof inputs)[0]];
  const out = bench.f32(epilogue === accumulate ? extra : values[result].length);
  const room = bench.f32(scratchBytes[kind](g, epilogue === accumulate) / 4);
  bench.kernels[kind](
    out.pointer, left.pointer, right.pointer, room.pointer, beside.pointer,
    g.batch, g.height, g.width, g.channels, g.outHeight, g.outWidth, g.filters, g.kernelHeight, g.kernelWidth,
    g.strideH, g.strideW, g.dilationH, g.dilationW, g.top, g.left, g.groups, epilogue,
  ); // biome-ignore format: addresses, sizes, strides
  bench.checkGuards();
  return out.array.slice();
}

const geometries: readonly Case[] = [
  // Tails of tiles: every number of filters and channels up to 17, widths that leave 1 to 8 pixels.
  ...Array.from({ length: 17 }, (_, i) => ({
    ...{ height: 3, width: 1 + ((i * 5) % 17), channels: 1 + ((i * 7) % 17), filters: i + 1 },
    ...{ kernelHeight: 3, kernelWidth: 3, top: 1, left: 1 },
  })),
  { height: 5, width: 7, channels: 3, filters: 4, kernelHeight: 1, kernelWidth: 1 },
  { height: 6, width: 9, channels: 2, filters: 5, kernelHeight: 2, kernelWidth: 4 },
  { height: 9, width: 8, channels: 3, filters: 6, kernelHeight: 3, kernelWidth: 3, strideH: 2, strideW: 2, top: 1, left: 1 },
  { height: 8, width: 9, channels: 4, filters: 6, kernelHeight: 3, kernelWidth: 3, strideH: 2, strideW: 2, bottom: 1, right: 1 },
  { height: 11, width: 13, channels: 2, filters: 3, kernelHeight: 2, kernelWidth: 5, strideH: 3, strideW: 2, top: 1, left: 3 },
  { height: 7, width: 7, channels: 4, filters: 8, kernelHeight: 1, kernelWidth: 1, strideH: 2, strideW: 3 },
  { height: 9, width: 10, channels: 2, filters: 4, kernelHeight: 3, kernelWidth: 2, dilationH: 2, dilationW: 3, top: 2, left: 1 },
  { height: 12, width: 9, channels: 3, filters: 2, kernelHeight: 3, kernelWidth: 3, dilationH: 3, dilationW: 2, strideH: 2, strideW: 3, top: 1, left: 4 },
  { height: 5, width: 6, channels: 6, filters: 9, kernelHeight: 3, kernelWidth: 3, top: 1, left: 1, groups: 3 },
  { height: 6, width: 5, channels: 4, filters: 4, kernelHeight: 3, kernelWidth: 3, top: 1, left: 1, strideH: 2, groups: 4 },
  { height: 4, width: 4, channels: 16, filters: 16, kernelHeight: 3, kernelWidth: 3, top: 1, left: 1, groups: 2 },
  // One filter a channel: vectors, sixteen at once, and tails.
  ...[1, 3, 4, 6, 16, 21, 33].map((channels, i) => ({
    ...{ height: 6, width: 7, channels, filters: channels, groups: channels, kernelHeight: 3, kernelWidth: 2 + (i % 2) },
    ...{ top: i % 3, left: 1, strideH: 1 + (i % 2), strideW: 1 + (i % 3), dilationW: 1 + ((i + 1) % 2) },
  })),
  // Strides longer than the image, of a kernel that reads it and of one that reads past it.
  { height: 9, width: 1, channels: 4, filters: 5, kernelHeight: 3, kernelWidth: 1, strideH: 2, strideW: 2 },
  { height: 2, width: 3, channels: 3, filters: 6, kernelHeight: 3, kernelWidth: 3, top: 1, left: 1, strideH: 5, strideW: 7, groups: 3 },
  // More padding than kernel; a kernel as large as the image; several blocks of pixels for the filter gradient.
  { height: 3, width: 2, channels: 2, filters: 3, kernelHeight: 2, kernelWidth: 2, top: 3, left: 2 },
  { height: 4, width: 5, channels: 3, filters: 7, kernelHeight: 4, kernelWidth: 5 },
  { height: 20, width: 21, channels: 33, filters: 40, kernelHeight: 3, kernelWidth: 3, top: 1, left: 1, batch: 1 },
]; // biome-ignore format: a geometry a line

describe.each(Object.keys(kinds) as Kind[])("%s", (kind) => {
  test.each(geometries.map((c) => [label(c), c] as const))("equals its definition: %s", (_, c) => {
    const g = geometryOf(c);
    const values = valuesOf(g);
    const { sums, sizes } = reference(kind, g, values);
    const terms =
      kind === "conv2dFilterGradient"
        ? g.batch * g.outHeight * g.outWidth
        : g.kernelHeight * g.kernelWidth * g.channels + g.filters;
    const results = benches.map(
      ([build, bench]) => [build, run(bench, kind, g, values, none, new Float32Array(1))] as const,
    );
    for (const [build, result] of results)
      result.forEach((value, i) =>
        // A chain of `terms` additions at worst, one rounding of 2^-24 each and one for the product.
        expect(Math.abs(value - (sums[i] as number)), `${build} at ${i}`).toBeLessThanOrEqual(
          (terms + 2) * 2 ** -24 * (sizes[i] as number),
        ),
      );
    const [[, strict], [, debug]] = results as unknown as [[string, Float32Array], [string, Float32Array]];
    expect(debug).toEqual(strict);
  });

  const epilogues = {
    conv2d: [bias, biasRelu, mask, accumulate],
    conv2dInputGradient: [mask, accumulate],
    conv2dFilterGradient: [accumulate],
  }[kind];
  const some = geometries.filter((_, i) => i % 4 === 2);
  test.each(some.flatMap((c) => epilogues.map((epilogue) => [epilogue, label(c), c] as const)))(
    "epilogue %i is what follows the product, bit for bit: %s",
    (epilogue, _, c) => {
      const g = geometryOf(c);
      const values = valuesOf(g);
      const count = values[kinds[kind].result].length;
      const extra = epilogue === bias || epilogue === biasRelu ? wave(g.filters, 5) : wave(count, 5);
      for (const [, bench] of benches) {
        const product = run(bench, kind, g, values, none, new Float32Array(1));
        const expected = product.map((value, i) => {
          const beside = extra[epilogue === bias || epilogue === biasRelu ? i % g.filters : i] as number;
          if (epilogue === mask) return beside > 0 ? value : 0;
          const sum = Math.fround(value + beside);
          return epilogue === biasRelu ? Math.max(sum, 0) : sum;
        });
        const result = run(bench, kind, g, values, epilogue, extra);
        // + 0: a masked or clipped zero has no sign to compare.
        expect(result.map((value) => value + 0)).toEqual(expected.map((value) => value + 0));
      }
    },
  );
});
