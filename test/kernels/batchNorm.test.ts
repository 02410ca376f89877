// Normalisation by channel against double precision.
import { describe, expect, test } from "vitest";
import type { BuildName } from "../../bindings/load.ts";
import { Bench, type Buffer, builds, wave } from "./harness.ts";

/** One rounding of f32. */
const u = 2 ** -24;
const rowCounts = [1, 2, 3, 4, 5, 7, 15, 16, 17, 63, 64, 65, 131];
const channelCounts = [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 15, 16, 17];
const bytes = (channels: number): number => 64 * (Math.floor(channels / 4) + (channels % 4));
const none = Number.NEGATIVE_INFINITY;

interface Column {
  readonly values: number[];
  readonly mean: number;
  readonly variance: number;
  readonly range: number;
}
/** Channel c of x in double precision. */
function column(x: ArrayLike<number>, c: number, channels: number): Column {
  const values = Array.from(x).filter((_, i) => i % channels === c);
  const mean = values.reduce((a, b) => a + b) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { values, mean, variance, range: Math.max(...values) - Math.min(...values) };
}

/** Throws unless |got − exact| ≤ bound for all of `count` numbers. */
function expectWithin(count: number, error: (i: number) => number, bound: (i: number) => number): void {
  for (let i = 0; i < count; i++)
    if (!(error(i) <= bound(i))) throw new Error(`number ${i}: error ${error(i)}, bound ${bound(i)}`);
}

function statistics(bench: Bench, x: ArrayLike<number>, rows: number, channels: number): Float32Array {
  bench.reset();
  const out = bench.f32(2 * channels);
  const from = bench.f32(x);
  bench.kernels.batchStatistics(out.pointer, from.pointer, bench.f32(bytes(channels) / 4).pointer, rows, channels);
  bench.checkGuards();
  return out.array;
}

/**
 * A lane sums at most 16 differences, each below the range R with one rounding, and two more sums join four lanes:
 * 20 roundings of R for the mean, of R² (22 with the squares) for the variance; blocks are joined in f64.
 */
function expectStatistics(got: Float32Array, x: ArrayLike<number>, channels: number): void {
  for (let c = 0; c < channels; c++) {
    const { mean, variance, range } = column(x, c, channels);
    expect(Math.abs((got[c] as number) - mean)).toBeLessThanOrEqual(u * Math.abs(mean) + 20 * u * range);
    expect(Math.abs((got[channels + c] as number) - variance)).toBeLessThanOrEqual(24 * u * range ** 2);
  }
}

describe.each(builds)("%s: batchStatistics", (build: BuildName) => {
  test("is within rounding of double precision, for any rows and channels", async () => {
    const bench = await Bench.create(build);
    for (const rows of rowCounts)
      for (const channels of channelCounts) {
        const x = wave(rows * channels, rows);
        expectStatistics(statistics(bench, x, rows, channels), x, channels);
      }
    // Wide rows make blocks short.
    const wide = wave(70 * 700, 3);
    expectStatistics(statistics(bench, wide, 70, 700), wide, 700);
  });

  test("loses no digits to a large mean, or to a first row far from the others", async () => {
    const bench = await Bench.create(build);
    const [rows, channels] = [200, 6];
    const x = wave(rows * channels, 5).map((value) => 1e4 + value / 2);
    expectStatistics(statistics(bench, x, rows, channels), x, channels);
    x.fill(0, 0, channels);
    const got = statistics(bench, x, rows, channels);
    for (let c = 0; c < channels; c++) {
      const { variance } = column(x, c, channels);
      // A block's squares add up to at most 65 times those around its mean: 24·65 roundings at worst.
      expect(Math.abs((got[channels + c] as number) / variance - 1)).toBeLessThan(24 * 65 * u);
    }
  });

  test("is never negative, and exact for equal elements", async () => {
    const bench = await Bench.create(build);
    for (const value of [0, 0.1, 1e4 / 3, -7e-20]) {
      const got = statistics(bench, new Float32Array(100 * 5).fill(value), 100, 5);
      expect([...got.subarray(0, 5)]).toEqual(new Array(5).fill(Math.fround(value)));
      expect([...got.subarray(5)]).toEqual(new Array(5).fill(0));
    }
  });

  test("is NaN for a channel with a NaN or an infinity, and only for that", async () => {
    const bench = await Bench.create(build);
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY])
      for (const at of [2, 5 * 90 + 2]) {
        const x = wave(100 * 5);
        x[at] = bad;
        const got = statistics(bench, x, 100, 5);
        expect(Array.from(got.subarray(5), Number.isNaN)).toEqual([false, false, true, false, false]);
      }
  });
});

/** Buffers of a normalisation, in range 1: nothing at relu's kink (asserted). */
function given(bench: Bench, rows: number, channels: number) {
  bench.reset();
  const [x, dy] = [1, 2].map((seed) => bench.f32(wave(rows * channels, seed))) as [
    Buffer<Float32Array>,
    Buffer<Float32Array>,
  ];
  const [mean, factor, shift] = [3, 4, 5].map((seed) => bench.f32(wave(channels, seed))) as [
    Buffer<Float32Array>,
    Buffer<Float32Array>,
    Buffer<Float32Array>,
  ];
  const centred = Float64Array.from(x.array, (value, i) => value - (mean.array[i % channels] as number));
  const scaled = centred.map((value, i) => value * (factor.array[i % channels] as number));
  const y = scaled.map((value, i) => value + (shift.array[i % channels] as number));
  expect(Math.min(...y.map(Math.abs))).toBeGreaterThan(1e-6);
  /** What the terms of y can carry in rounding. */
  const size = scaled.map((value, i) => Math.abs(value) + Math.abs(shift.array[i % channels] as number));
  const gated = (floor: number): Float64Array =>
    Float64Array.from(dy.array, (value, i) => ((y[i] as number) > floor ? value : 0));
  return { x, dy, mean, factor, shift, centred, y, size, gated };
}

describe.each(builds)("%s: normalize and its gradients", (build: BuildName) => {
  const each = async (check: (bench: Bench, rows: number, channels: number, floor: number) => void): Promise<void> => {
    const bench = await Bench.create(build);
    for (const rows of rowCounts)
      for (const channels of channelCounts) for (const floor of [0, none]) check(bench, rows, channels, floor);
  };

  test("normalize is (x − mean)·factor + shift, in place too", () =>
    each((bench, rows, channels, floor) => {
      const { x, mean, factor, shift, y, size } = given(bench, rows, channels);
      const out = bench.f32(rows * channels);
      for (const to of [out, x]) {
        bench.kernels.normalize(
          to.pointer, x.pointer, mean.pointer, factor.pointer, shift.pointer, rows, channels, floor,
        ); // biome-ignore format: addresses, sizes
        bench.checkGuards();
        // Three roundings.
        expectWithin(
          y.length,
          (i) => Math.abs((to.array[i] as number) - Math.max(y[i] as number, floor)),
          (i) => 3 * u * (size[i] as number),
        );
      }
    }));

  test("normalizeSums sums dy and dy·(x − mean) where relu lets them through", () =>
    each((bench, rows, channels, floor) => {
      const { x, dy, mean, factor, shift, centred, gated } = given(bench, rows, channels);
      const out = bench.f32(2 * channels);
      bench.kernels.normalizeSums(
        out.pointer, dy.pointer, x.pointer, mean.pointer, factor.pointer, shift.pointer,
        bench.f32(bytes(channels) / 4).pointer, rows, channels, floor === 0 ? 1 : 0,
      ); // biome-ignore format: addresses, sizes
      bench.checkGuards();
      const g = gated(floor);
      for (let c = 0; c < channels; c++)
        [g, g.map((value, i) => value * (centred[i] as number))].forEach((terms, k) => {
          const own = terms.filter((_, i) => i % channels === c);
          const exact = own.reduce((a, b) => a + b, 0);
          const magnitude = own.reduce((a, b) => a + Math.abs(b), 0);
          // A lane sums 32 terms of two roundings each.
          expect(Math.abs((out.array[k * channels + c] as number) - exact)).toBeLessThanOrEqual(36 * u * magnitude);
        });
    }));

  test("normalizeGradient adds what comes through the statistics, in place too", () =>
    each((bench, rows, channels, floor) => {
      const { x, dy, mean, factor, shift, centred, gated } = given(bench, rows, channels);
      const slopes = bench.f32(wave(2 * channels, 6));
      const out = bench.f32(rows * channels);
      const g = gated(floor);
      const terms = (i: number): number[] => {
        const c = i % channels;
        return [
          (g[i] as number) * (factor.array[c] as number),
          (slopes.array[c] as number) / rows,
          ((2 * (slopes.array[channels + c] as number)) / rows) * (centred[i] as number),
        ];
      };
      const run = (to: Buffer<Float32Array>): void => {
        bench.kernels.normalizeGradient(
          to.pointer, dy.pointer, x.pointer, mean.pointer, factor.pointer, shift.pointer, slopes.pointer, rows, channels,
          floor === 0 ? 1 : 0,
        ); // biome-ignore format: addresses, sizes
        bench.checkGuards();
        expectWithin(
          to.array.length,
          (i) => Math.abs((to.array[i] as number) - terms(i).reduce((a, b) => a + b)),
          (i) => 6 * u * terms(i).reduce((a, b) => a + Math.abs(b), 0),
        );
      };
      run(out);
      run(dy);
    }));
});

test("strict and debug give the same bits", async () => {
  const bits = async (build: "strict" | "debug"): Promise<Int32Array> => {
    const bench = await Bench.create(build);
    return new Int32Array(statistics(bench, wave(131 * 11, 4), 131, 11).slice().buffer);
  };
  expect(await bits("strict")).toEqual(await bits("debug"));
});
