// Reductions against f64 sums of the same f32 inputs, with the error bounds that assembly/kernels/reduce.ts states.
import { describe, expect, test } from "vitest";
import { Bench, type Buffer, builds, ulpError, wave } from "./harness.ts";

type Reduction = "sum" | "mean" | "max" | "min" | "logSumExp" | "argmax" | "argmin";

/** Half a unit in the last place of 1: one rounding to f32 is off by at most this share. */
const u = 2 ** -24;
const benches = await Promise.all(builds.map(async (build) => [build, await Bench.create(build)] as const));

/** The n elements x[o, ·, k] that meet in out[o, k]. */
function column(x: Float32Array, n: number, inner: number, o: number, k: number): number[] {
  return Array.from({ length: n }, (_, j) => x[(o * n + j) * inner + k] as number);
}
const total = (values: readonly number[]): number => values.reduce((s, v) => s + v, 0);
const magnitude = (values: readonly number[]): number => values.reduce((s, v) => s + Math.abs(v), 0);

/** First index of the extremum; the first NaN wins. */
function argExtremum(values: readonly number[], sign: number): number {
  const nan = values.findIndex(Number.isNaN);
  if (nan >= 0) return nan;
  return values.reduce((best, v, j) => (sign * v > sign * (values[best] as number) ? j : best), 0);
}

/** The value in exact arithmetic, and how far f32 may be from it. */
interface Expected {
  readonly exact: number;
  readonly tolerance: number;
}

function logSumExp(values: readonly number[]): Expected {
  const largest = Math.max(...values);
  if (!Number.isFinite(largest)) return { exact: largest, tolerance: 0 };
  const sum = total(values.map((v) => Math.exp(v - largest)));
  // The sum: 15 additions, one rounding, exp ≤ 1 ulp = 2u, and v − largest rounded (t·e^t ≤ 0.37, so under 1 u) — 19 u
  // of the sum, absolute in the logarithm. Then log ≤ 2 ulp = 4u of itself, and one rounding of the result.
  return {
    exact: largest + Math.log(sum),
    tolerance: 19 * u + 4 * u * Math.log(sum) + u * Math.abs(largest + Math.log(sum)),
  };
}

function reduce(bench: Bench, name: Reduction, x: ArrayLike<number>, outer: number, n: number, inner: number) {
  bench.reset();
  const from = bench.f32(x);
  const index = name === "argmax" || name === "argmin";
  const out: Buffer<Float32Array | Int32Array> = index ? bench.i32(outer * inner) : bench.f32(outer * inner);
  bench.kernels[name](out.pointer, from.pointer, outer, n, inner);
  bench.checkGuards();
  return { x: from.array, out: out.array };
}

const inners = [1, 2, 3, 4, 5, 7, 15, 16, 17, 21, 33];
const lengths = [...Array(18).keys(), 31, 63, 64, 65, 127, 130, 257];

describe.each(benches)("in the %s build", (_, bench) => {
  /** Runs every shape; lists the places whose error is above what `allowed` says for the column. */
  function failures(name: Reduction, expected: (values: readonly number[]) => Expected, smallest = 0): string[] {
    const places: string[] = [];
    for (const inner of inners)
      for (const n of lengths.filter((length) => length >= smallest))
        for (const outer of [1, 3]) {
          const { x, out } = reduce(bench, name, wave(outer * n * inner, n), outer, n, inner);
          out.forEach((actual, place) => {
            const { exact, tolerance } = expected(column(x, n, inner, Math.floor(place / inner), place % inner));
            if (Object.is(actual, exact) || Math.abs(actual - exact) <= tolerance) return;
            places.push(`[${outer},${n},${inner}] at ${place}: ${actual}, not ${exact} ± ${tolerance}`);
          });
        }
    return places;
  }

  test("sum and mean stay within 10 additions and one rounding, for every shape", () => {
    const bound = (values: readonly number[], by: number): Expected => {
      const exact = total(values) / by;
      return { exact, tolerance: (10 * u * magnitude(values)) / by + u * Math.abs(exact) };
    };
    expect(failures("sum", (values) => bound(values, 1))).toEqual([]);
    expect(failures("mean", (values) => bound(values, values.length))).toEqual([]);
  });

  test("whole numbers sum exactly, so every element is counted once", () => {
    for (const inner of inners)
      for (const n of lengths) {
        const { x, out } = reduce(
          bench,
          "sum",
          Array.from({ length: 2 * n * inner }, (_, i) => (i * i) % 97),
          2,
          n,
          inner,
        );
        for (let o = 0; o < 2; o++)
          for (let k = 0; k < inner; k++) expect(out[o * inner + k]).toBe(total(column(x, n, inner, o, k)));
      }
  });

  test("max, min, argmax and argmin are exact for every shape", () => {
    const exactly =
      (f: (values: readonly number[]) => number) =>
      (values: readonly number[]): Expected => ({
        exact: f(values),
        tolerance: 0,
      });
    expect(
      failures(
        "max",
        exactly((values) => Math.max(...values)),
      ),
    ).toEqual([]);
    expect(
      failures(
        "min",
        exactly((values) => Math.min(...values)),
      ),
    ).toEqual([]);
    expect(
      failures(
        "argmax",
        exactly((values) => argExtremum(values, 1)),
        1,
      ),
    ).toEqual([]);
    expect(
      failures(
        "argmin",
        exactly((values) => argExtremum(values, -1)),
        1,
      ),
    ).toEqual([]);
  });

  test("logSumExp stays within its bound for every shape", () => {
    expect(failures("logSumExp", logSumExp)).toEqual([]);
  });

  test("the first of equal elements wins, and the first NaN before any number", () => {
    for (const inner of [1, 3, 6])
      for (const n of [2, 3, 5, 9, 21])
        for (let first = 0; first < n; first++) {
          const tied = Array.from({ length: n * inner }, (_, i) => (Math.floor(i / inner) >= first ? 2 : 1));
          // From row `first` on every other row is NaN.
          const withNaN = tied.map((v, i) => {
            const after = Math.floor(i / inner) - first;
            return after >= 0 && after % 2 === 0 ? Number.NaN : v * (i % 2 ? 1 : -9);
          });
          const everywhere = Array(inner).fill(first);
          expect([...reduce(bench, "argmax", tied, 1, n, inner).out]).toEqual(everywhere);
          expect([
            ...reduce(
              bench,
              "argmin",
              tied.map((v) => -v),
              1,
              n,
              inner,
            ).out,
          ]).toEqual(everywhere);
          expect([...reduce(bench, "argmax", withNaN, 1, n, inner).out]).toEqual(everywhere);
          expect([...reduce(bench, "argmin", withNaN, 1, n, inner).out]).toEqual(everywhere);
        }
  });

  test("one NaN makes its own result NaN and no other", () => {
    for (const name of ["sum", "mean", "max", "min", "logSumExp"] as const)
      for (const inner of [1, 3, 6, 19])
        for (const n of [1, 3, 4, 9, 22])
          for (let j = 0; j < n; j++) {
            const x = wave(2 * n * inner);
            x[(n + j) * inner + inner - 1] = Number.NaN;
            const { out } = reduce(bench, name, x, 2, n, inner);
            const expected = Array.from(out, (_, place) => place === 2 * inner - 1);
            expect(Array.from(out, Number.isNaN), `${name} [2,${n},${inner}], NaN in row ${j}`).toEqual(expected);
          }
  });

  test("infinities: sums keep or cancel them to NaN, logSumExp gives the largest", () => {
    const inf = Number.POSITIVE_INFINITY;
    for (const inner of [1, 2, 5]) {
      const fill = (values: readonly number[]): number[] => values.flatMap((v) => Array(inner).fill(v));
      const run = (name: Reduction, values: readonly number[]): number[] => {
        const results = new Set(reduce(bench, name, fill(values), 1, values.length, inner).out);
        expect(results.size).toBe(1);
        return [...results];
      };
      expect(run("sum", [1, inf, 2])).toEqual([inf]);
      expect(run("sum", [inf, 1, -inf])).toEqual([Number.NaN]);
      expect(run("max", [-inf, -inf])).toEqual([-inf]);
      expect(run("min", [inf, -inf, 0])).toEqual([-inf]);
      expect(run("logSumExp", [-inf, -inf, -inf])).toEqual([-inf]);
      expect(run("logSumExp", [1, inf, -inf])).toEqual([inf]);
      expect(run("logSumExp", [-inf, 3, -inf])).toEqual([3]);
      // Far beyond where exp overflows or vanishes, log 2 still counts.
      expect(run("logSumExp", [1000, 1000])).toEqual([Math.fround(1000 + Math.LN2)]);
      expect(run("logSumExp", [-1000, -1000])).toEqual([Math.fround(-1000 + Math.LN2)]);
    }
  });

  test("dot, sumSquares and sumAbs stay within 8 roundings a term and one at the end", () => {
    for (const n of lengths) {
      bench.reset();
      const a = bench.f32(wave(n, 1));
      const b = bench.f32(wave(n, 2));
      const out = bench.f32(1);
      const products = Array.from(a.array, (v, i) => v * (b.array[i] as number));
      const check = (terms: readonly number[]): void => {
        bench.checkGuards();
        const exact = total(terms);
        const bound = 8 * u * magnitude(terms) + u * Math.abs(exact);
        expect(Math.abs((out.array[0] as number) - exact), `${n} terms`).toBeLessThanOrEqual(bound);
      };
      bench.kernels.dot(out.pointer, a.pointer, b.pointer, n);
      check(products);
      bench.kernels.sumSquares(out.pointer, a.pointer, n);
      check(Array.from(a.array, (v) => v * v));
      bench.kernels.sumAbs(out.pointer, a.pointer, n);
      check(Array.from(a.array, Math.abs));
    }
  });
});

test.each(builds)("a million terms of 0.1 drift by no more than 1 ulp in the %s build", async (build) => {
  const bench = await Bench.create(build, 200);
  const n = 1_000_000;
  const x = bench.f32(new Float32Array(n).fill(0.1));
  const tenth = Math.fround(0.1);
  const out = bench.f32(16);
  const expectClose = (count: number, exact: number): void => {
    // One rounding of the total is ½ ulp; the blocks' own errors partly cancel to less than another half.
    for (const v of out.array.subarray(0, count)) expect(ulpError(v, exact)).toBeLessThanOrEqual(1);
  };
  bench.kernels.sum(out.pointer, x.pointer, 1, n, 1);
  expectClose(1, n * tenth);
  for (const inner of [2, 4, 16]) {
    bench.kernels.sum(out.pointer, x.pointer, 1, n / inner, inner);
    expectClose(inner, (n / inner) * tenth);
  }
  bench.kernels.mean(out.pointer, x.pointer, 1, n, 1);
  expectClose(1, tenth);
  bench.kernels.sumAbs(out.pointer, x.pointer, n);
  expectClose(1, n * tenth);
  bench.kernels.sumSquares(out.pointer, x.pointer, n);
  expectClose(1, n * tenth * tenth);
  bench.kernels.dot(out.pointer, x.pointer, x.pointer, n);
  expectClose(1, n * tenth * tenth);
});

test("strict and debug give the same bits", async () => {
  const bits = async (build: "strict" | "debug"): Promise<Int32Array[]> => {
    const bench = await Bench.create(build);
    const names = ["sum", "mean", "max", "min", "logSumExp", "argmax", "argmin"] as const;
    return names.flatMap((name) =>
      [1, 3, 37].map((inner) => {
        const { out } = reduce(bench, name, wave(3 * 101 * inner), 3, 101, inner);
        return new Int32Array(out.slice().buffer);
      }),
    );
  };
  expect(await bits("strict")).toEqual(await bits("debug"));
});
