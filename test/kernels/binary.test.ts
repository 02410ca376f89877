// Broadcasting binary kernels against f64: + − · / and comparisons are correctly rounded, so their values are exact.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Kernels } from "../../bindings/load.ts";
import { Bench, builds, ulpError, wave } from "./harness.ts";

type Name =
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "pow"
  | "max2"
  | "min2"
  | "equal"
  | "less"
  | "lessEqual"
  | "greater"
  | "greaterEqual"
  | "notEqual";

/** IEEE 754 pow, which Math.pow is not where the base is ±1. */
function power(a: number, b: number): number {
  if (a === 1 || b === 0 || (Math.abs(a) === 1 && Math.abs(b) === Number.POSITIVE_INFINITY)) return 1;
  return a ** b;
}

const reference: Readonly<Record<Name, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  pow: power,
  max2: Math.max,
  min2: Math.min,
  equal: (a, b) => Number(a === b),
  less: (a, b) => Number(a < b),
  lessEqual: (a, b) => Number(a <= b),
  greater: (a, b) => Number(a > b),
  greaterEqual: (a, b) => Number(a >= b),
  notEqual: (a, b) => Number(a !== b),
};
const names = Object.keys(reference) as Name[];

/** Exact but for pow, whose bound is 1 ulp (assembly/math/pow.ts); −0 is told from 0, one NaN is as good as another. */
function expectValue(name: Name, actual: number, a: number, b: number): void {
  const exact = reference[name](a, b);
  if (name === "pow" && Number.isFinite(exact) && exact !== 0) expect(ulpError(actual, exact)).toBeLessThanOrEqual(1);
  else expect(actual, `${name}(${a}, ${b})`).toBe(Math.fround(exact));
}

const benches = await Promise.all(builds.map(async (build) => [build, await Bench.create(build)] as const));

/** Numbers of which some are equal in any two draws, so that comparisons meet every case. */
const values = (n: number, seed: number): Float32Array => wave(n, seed).map((v, i) => (i % 3 === seed % 3 ? i % 2 : v));

describe.each(benches)("in the %s build", (_, bench) => {
  test.each(names)("%s matches for sizes 0 to 17", (name) => {
    for (let n = 0; n <= 17; n++) {
      bench.reset();
      const a = bench.f32(values(n, 1).map((v) => (name === "pow" ? Math.abs(v) : v)));
      const b = bench.f32(values(n, 2));
      const out = bench.f32(n);
      bench.kernels[name](out.pointer, a.pointer, b.pointer, 1, n, n, 1, n, 1);
      bench.checkGuards();
      for (let j = 0; j < n; j++) expectValue(name, out.array[j] as number, a.array[j] as number, b.array[j] as number);
    }
  });

  test("every stride pair matches, on random shapes", () => {
    const side = fc.record({
      col: fc.integer({ min: 0, max: 1 }),
      row: fc.constantFrom("0", "1", "n", "n+3" as const),
    });
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.integer({ min: 0, max: 9 }),
        fc.integer({ min: 0, max: 18 }),
        side,
        side,
        (name, m, n, sideA, sideB) => {
          bench.reset();
          const stride = (row: string): number => (row === "n" ? n : row === "n+3" ? n + 3 : Number(row));
          const [aRow, bRow] = [stride(sideA.row), stride(sideB.row)];
          const size = (row: number, col: number): number => (m && n ? (m - 1) * row + (n - 1) * col + 1 : 0);
          const a = bench.f32(values(size(aRow, sideA.col), 1).map(Math.abs));
          const b = bench.f32(values(size(bRow, sideB.col), 2));
          const out = bench.f32(m * n);
          bench.kernels[name](out.pointer, a.pointer, b.pointer, m, n, aRow, sideA.col, bRow, sideB.col);
          bench.checkGuards();
          for (let i = 0; i < m; i++)
            for (let j = 0; j < n; j++)
              expectValue(
                name,
                out.array[i * n + j] as number,
                a.array[i * aRow + j * sideA.col] as number,
                b.array[i * bRow + j * sideB.col] as number,
              );
        },
      ),
      { seed: 1, numRuns: 400 },
    );
  });

  test.each(names)("%s treats NaN, infinities and signed zeros as IEEE 754 does, in vectors and in tails", (name) => {
    const special = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 1, -1, 2.5];
    const pairs = special.flatMap((a) => special.map((b) => [a, b] as const));
    for (const n of [pairs.length, 1]) {
      for (let start = 0; start < pairs.length; start += n) {
        bench.reset();
        const part = pairs.slice(start, start + n);
        const a = bench.f32(part.map(([v]) => v));
        const b = bench.f32(part.map(([, v]) => v));
        const out = bench.f32(n);
        bench.kernels[name](out.pointer, a.pointer, b.pointer, 1, n, 0, 1, 0, 1);
        part.forEach(([va, vb], j) => {
          expectValue(name, out.array[j] as number, va, vb);
        });
      }
    }
  });

  test.each(names)("%s may write over either input", (name) => {
    const n = 23;
    bench.reset();
    const fresh = bench.f32(n);
    const a = bench.f32(wave(n, 1).map(Math.abs));
    const b = bench.f32(wave(n, 2));
    const call = (out: number): void => bench.kernels[name](out, a.pointer, b.pointer, 1, n, 0, 1, 0, 1);
    const kept = a.array.slice();
    call(fresh.pointer);
    call(a.pointer);
    expect(a.array).toEqual(fresh.array);
    a.array.set(kept);
    call(b.pointer);
    expect(b.array).toEqual(fresh.array);
  });

  test("where picks by the condition, and NaN counts as true", () => {
    for (let n = 0; n <= 17; n++) {
      bench.reset();
      const condition = bench.f32(Array.from({ length: n }, (_, i) => [0, 1, -0, Number.NaN, -2][i % 5] as number));
      const a = bench.f32(wave(n, 1));
      const b = bench.f32(wave(n, 2));
      const out = bench.f32(n);
      bench.kernels.where(out.pointer, condition.pointer, a.pointer, b.pointer, n);
      bench.checkGuards();
      const expected = Array.from(a.array, (v, i) =>
        (condition.array[i] as number) !== 0 ? v : (b.array[i] as number),
      );
      expect([...out.array]).toEqual(expected);
      bench.kernels.where(condition.pointer, condition.pointer, a.pointer, b.pointer, n);
      expect([...condition.array]).toEqual(expected);
    }
  });
});

test("strict and debug give the same bits", async () => {
  const bits = async (build: "strict" | "debug"): Promise<Int32Array[]> => {
    const bench = await Bench.create(build);
    const a = bench.f32(wave(1003, 1).map(Math.abs));
    const b = bench.f32(wave(1003, 2));
    return names.map((name) => {
      const out = bench.f32(1003);
      (bench.kernels[name] as Kernels["add"])(out.pointer, a.pointer, b.pointer, 17, 59, 59, 1, 59, 1);
      return new Int32Array(out.array.slice().buffer);
    });
  };
  expect(await bits("strict")).toEqual(await bits("debug"));
});
