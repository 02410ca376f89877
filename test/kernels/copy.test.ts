// Copies and strided copies. Values are small whole numbers, so that sums are exact and every comparison is equality.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Bench, builds } from "./harness.ts";

type Four = readonly [number, number, number, number];

const whole = (n: number): number[] => Array.from({ length: n }, (_, i) => ((i * 7919) % 17) - 8);
const benches = await Promise.all(builds.map(async (build) => [build, await Bench.create(build)] as const));

/** Every index of a box of the given sizes. */
function* indices(n: Four): Generator<Four> {
  for (let a = 0; a < n[0]; a++)
    for (let b = 0; b < n[1]; b++) for (let c = 0; c < n[2]; c++) for (let d = 0; d < n[3]; d++) yield [a, b, c, d];
}
const offset = (i: Four, s: Four): number => i[0] * s[0] + i[1] * s[1] + i[2] * s[2] + i[3] * s[3];

/** Lowest and highest offset that strides reach. */
function reach(n: Four, s: Four): [number, number] {
  const ends = n.map((size, k) => (size - 1) * (s[k] as number));
  const total = (pick: (a: number, b: number) => number): number => ends.reduce((sum, e) => sum + pick(e, 0), 0);
  return [total(Math.min), total(Math.max)];
}

/** Runs the kernel on buffers just large enough and checks every element of out, also those it must not touch. */
function check(bench: Bench, name: "copyStrided" | "addStrided", n: Four, o: Four, x: Four): void {
  bench.reset();
  const empty = n.includes(0);
  const [xLow, xHigh] = empty ? [0, 0] : reach(n, x);
  const [oLow, oHigh] = empty ? [0, 0] : reach(n, o);
  const from = bench.f32(whole(xHigh - xLow + 1));
  const out = bench.f32(Array.from({ length: oHigh - oLow + 1 }, (_, i) => 100 + i));
  const expected = [...out.array];
  for (const i of indices(n)) {
    const to = offset(i, o) - oLow;
    const value = from.array[offset(i, x) - xLow] as number;
    expected[to] = name === "addStrided" ? (expected[to] as number) + value : value;
  }
  bench.kernels[name](out.pointer - 4 * oLow, from.pointer - 4 * xLow, ...n, ...o, ...x);
  bench.checkGuards();
  expect([...out.array]).toEqual(expected);
}

const size = fc.integer({ min: 0, max: 7 });
const sizes = fc.tuple(size, size, size, fc.integer({ min: 0, max: 21 }));
const order = fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4, maxLength: 4 });

/** Strides of a buffer in which no two indices meet, its dimensions in any order, with gaps. */
function distinct(n: Four, dimensions: readonly number[], gaps: readonly number[]): Four {
  const strides = [0, 0, 0, 0];
  let next = 1;
  dimensions.forEach((k, place) => {
    strides[k] = next;
    next *= Math.max(1, n[k] as number) + (gaps[place] as number);
  });
  return strides as unknown as Four;
}
const gaps = fc.array(fc.constantFrom(0, 0, 0, 1, 3), { minLength: 4, maxLength: 4 });
const anyStride = fc.constantFrom(0, 1, 1, 2, 5, -1, -3);

describe.each(benches)("in the %s build", (_, bench) => {
  test("copy and fill work for sizes 0 to 17, and copy on overlapping buffers", () => {
    for (let n = 0; n <= 17; n++) {
      bench.reset();
      const x = bench.f32(whole(n));
      const out = bench.f32(n);
      bench.kernels.copy(out.pointer, x.pointer, n);
      expect(out.array).toEqual(x.array);
      bench.kernels.fill(out.pointer, n, -2.5);
      expect([...out.array]).toEqual(Array(n).fill(-2.5));
      bench.checkGuards();
    }
    bench.reset();
    const both = bench.f32(whole(40));
    const before = [...both.array];
    bench.kernels.copy(both.pointer + 12, both.pointer, 37);
    expect([...both.array]).toEqual([...before.slice(0, 3), ...before.slice(0, 37)]);
  });

  test("every permutation of dimensions copies, with gaps on both sides", () => {
    fc.assert(
      fc.property(sizes, order, order, gaps, gaps, (n, a, b, gapsOut, gapsX) => {
        check(bench, "copyStrided", n, distinct(n, a, gapsOut), distinct(n, b, gapsX));
      }),
      { seed: 2, numRuns: 400 },
    );
  });

  test("x may be read with strides 0, negative and larger than 1", () => {
    fc.assert(
      fc.property(sizes, order, gaps, fc.tuple(anyStride, anyStride, anyStride, anyStride), (n, a, gapsOut, x) => {
        check(bench, "copyStrided", n, distinct(n, a, gapsOut), x);
      }),
      { seed: 3, numRuns: 300 },
    );
  });

  test("addStrided accumulates where indices meet: strides 0, overlapping windows", () => {
    const four = fc.tuple(anyStride, anyStride, anyStride, anyStride);
    fc.assert(
      fc.property(sizes, four, four, (n, o, x) => check(bench, "addStrided", n, o, x)),
      { seed: 4, numRuns: 400 },
    );
  });

  test("transposes of every size match, around the blocks of 4 and 64", () => {
    for (const name of ["copyStrided", "addStrided"] as const)
      for (const m of [1, 2, 3, 4, 5, 8, 11, 17])
        for (const n of [1, 3, 4, 6, 17, 63, 64, 67, 130]) {
          check(bench, name, [1, 1, m, n], [0, 0, n, 1], [0, 0, 1, m]);
          check(bench, name, [2, m, 3, n], [3 * m * n, 3 * n, n, 1], [3 * m * n, 1, m * n, m]);
        }
  });

  test("rows of one element, and all of one element, keep their order", () => {
    check(bench, "copyStrided", [1, 1, 1, 1], [0, 0, 0, 0], [0, 0, 0, 0]);
    check(bench, "copyStrided", [5, 1, 1, 1], [2, 9, 9, 9], [-1, 9, 9, 9]);
    check(bench, "copyStrided", [3, 1, 4, 1], [4, 7, 1, 7], [1, 7, 3, 7]);
  });
});
