// Pooling against loops over windows.
import { describe, expect, test } from "vitest";
import type { BuildName } from "../../bindings/load.ts";
import { Bench, builds, wave } from "./harness.ts";

interface Case {
  readonly image: readonly [number, number, number, number];
  readonly window: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly before: readonly [number, number];
  readonly out: readonly [number, number];
}

/** Where an axis's windows are all wholly or partly inside it: odd sizes, rests, overlaps and gaps. */
function axes(): { extent: number; window: number; stride: number; before: number; out: number }[] {
  const list = [];
  for (const extent of [1, 2, 5, 8])
    for (const window of [1, 2, 3])
      for (const stride of [1, 2, 3])
        for (const before of [0, 1])
          for (const after of [0, 1]) {
            const out = Math.floor((extent + before + after - window) / stride) + 1;
            const inside = before < window && (out - 1) * stride < before + extent;
            if (extent + before + after >= window && inside) list.push({ extent, window, stride, before, out });
          }
  return list;
}
const along = axes();
/** Every axis once as height and once as width, each with another, and channels 1 to 17. */
const cases: readonly Case[] = along.map((h, i) => {
  const w = along[(i * 7 + 3) % along.length] as typeof h;
  return {
    image: [1 + (i % 2), h.extent, w.extent, 1 + (i % 17)],
    window: [h.window, w.window],
    strides: [h.stride, w.stride],
    before: [h.before, w.before],
    out: [h.out, w.out],
  };
});

const sizes = ({ image, window, strides, before, out }: Case) =>
  [...image, ...window, ...strides, ...before, ...out] as unknown as [
    number, number, number, number, number, number, number, number, number, number, number, number,
  ]; // biome-ignore format: a number each
const pooledSize = ({ image, out }: Case): number => image[0] * out[0] * out[1] * image[3];
const imageSize = ({ image }: Case): number => image.reduce((a, b) => a * b);

/** Calls body with each element of y and the elements of x in its window, in order. */
function windows(
  { image, window, strides, before, out }: Case,
  body: (y: number, xs: readonly number[]) => void,
): void {
  const [batch, height, width, channels] = image;
  for (let b = 0; b < batch; b++)
    for (let i = 0; i < out[0]; i++)
      for (let j = 0; j < out[1]; j++)
        for (let c = 0; c < channels; c++) {
          const xs: number[] = [];
          for (let u = 0; u < window[0]; u++)
            for (let v = 0; v < window[1]; v++) {
              const [row, column] = [i * strides[0] - before[0] + u, j * strides[1] - before[1] + v];
              if (row >= 0 && row < height && column >= 0 && column < width)
                xs.push(((b * height + row) * width + column) * channels + c);
            }
          body(((b * out[0] + i) * out[1] + j) * channels + c, xs);
        }
}

/** The first largest element, or the last NaN. */
function winner(x: ArrayLike<number>, xs: readonly number[]): number {
  const nan = xs.filter((i) => Number.isNaN(x[i]));
  if (nan.length > 0) return nan.at(-1) as number;
  const largest = Math.max(...xs.map((i) => x[i] as number));
  return xs.find((i) => x[i] === largest) as number;
}

/** Numbers with ties: eight values only. */
const stepped = (n: number, seed: number): Float32Array => wave(n, seed).map((value) => Math.round(value * 2) / 2);

const name = (c: Case): string => JSON.stringify(c);

describe.each(builds)("%s: pooling", (build: BuildName) => {
  test("maxPool takes the largest element of each window", async () => {
    const bench = await Bench.create(build);
    for (const one of cases) {
      bench.reset();
      const x = bench.f32(stepped(imageSize(one), 1));
      const y = bench.f32(pooledSize(one));
      bench.kernels.maxPool(y.pointer, x.pointer, ...sizes(one));
      bench.checkGuards();
      windows(one, (at, xs) => expect(y.array[at], name(one)).toBe(x.array[winner(x.array, xs)]));
    }
  });

  test("maxPoolGradient sends dy to the first largest element alone, windows in order", async () => {
    const bench = await Bench.create(build);
    for (const one of cases) {
      bench.reset();
      const x = bench.f32(stepped(imageSize(one), 2));
      const dy = bench.f32(wave(pooledSize(one), 3));
      const dx = bench.f32(imageSize(one));
      bench.kernels.maxPoolGradient(dx.pointer, dy.pointer, x.pointer, ...sizes(one));
      bench.checkGuards();
      const expected = new Float32Array(imageSize(one));
      windows(one, (at, xs) => {
        const to = winner(x.array, xs);
        expected[to] = (expected[to] as number) + (dy.array[at] as number);
      });
      expect([...dx.array], name(one)).toEqual([...expected]);
    }
  });

  test("maxPoolGather picks what the gradient would have sent", async () => {
    const bench = await Bench.create(build);
    for (const one of cases) {
      bench.reset();
      const x = bench.f32(stepped(imageSize(one), 4));
      const u = bench.f32(wave(imageSize(one), 5));
      const out = bench.f32(pooledSize(one));
      bench.kernels.maxPoolGather(out.pointer, u.pointer, x.pointer, ...sizes(one));
      bench.checkGuards();
      windows(one, (at, xs) => expect(out.array[at], name(one)).toBe(u.array[winner(x.array, xs)]));
    }
  });

  test("averagePool and its gradient count what lies in the image", async () => {
    const bench = await Bench.create(build);
    for (const one of cases) {
      bench.reset();
      const x = bench.f32(wave(imageSize(one), 6));
      const y = bench.f32(pooledSize(one));
      const dx = bench.f32(imageSize(one));
      bench.kernels.averagePool(y.pointer, x.pointer, ...sizes(one));
      bench.kernels.averagePoolGradient(dx.pointer, y.pointer, ...sizes(one));
      bench.checkGuards();
      const expected = new Float32Array(imageSize(one));
      windows(one, (at, xs) => {
        const mean = xs.reduce((sum, i) => sum + (x.array[i] as number), 0) / xs.length;
        // Nine numbers of at most 2, summed in f32.
        expect(Math.abs((y.array[at] as number) - mean), name(one)).toBeLessThanOrEqual(9 * 2 * 2 ** -24);
        for (const i of xs) expected[i] = (expected[i] as number) + Math.fround((y.array[at] as number) / xs.length);
      });
      expect([...dx.array], name(one)).toEqual([...expected]);
    }
  });

  test("a NaN wins its windows, and takes the gradient; −∞ is a number like others", async () => {
    const bench = await Bench.create(build);
    for (const channels of [1, 4, 6]) {
      bench.reset();
      const one: Case = { image: [1, 4, 4, channels], window: [2, 2], strides: [2, 2], before: [0, 0], out: [2, 2] };
      const x = bench.f32(wave(16 * channels));
      x.array[1 * channels] = Number.NaN;
      for (const i of [10, 11, 14, 15]) x.array[i * channels] = Number.NEGATIVE_INFINITY;
      const y = bench.f32(4 * channels);
      const dx = bench.f32(16 * channels);
      bench.kernels.maxPool(y.pointer, x.pointer, ...sizes(one));
      windows(one, (at, xs) => expect(y.array[at]).toBe(x.array[winner(x.array, xs)]));
      expect(y.array[0]).toBeNaN();
      expect(y.array[3 * channels]).toBe(Number.NEGATIVE_INFINITY);
      const dy = bench.f32(new Float32Array(4 * channels).fill(1));
      bench.kernels.maxPoolGradient(dx.pointer, dy.pointer, x.pointer, ...sizes(one));
      bench.checkGuards();
      expect([0, 1, 4, 5].map((i) => dx.array[i * channels])).toEqual([0, 1, 0, 0]);
      expect([10, 11, 14, 15].map((i) => dx.array[i * channels])).toEqual([1, 0, 0, 0]);
    }
  });
});
