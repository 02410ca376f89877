// The searches for bad values: the first one is found at every place, and nothing is found where nothing is wrong.
import { describe, expect, test } from "vitest";
import { Bench, builds, wave } from "./harness.ts";

const benches = await Promise.all(builds.map(async (build) => [build, await Bench.create(build)] as const));
const sizes = [...Array(18).keys(), 31, 32, 33, 50];

describe.each(benches)("in the %s build", (_, bench) => {
  test("firstNonFinite finds NaN and infinities at every place", () => {
    for (const n of sizes) {
      bench.reset();
      const x = bench.f32(wave(n));
      const call = (): number => bench.kernels.firstNonFinite(x.pointer, n);
      expect(call()).toBe(-1);
      for (let place = 0; place < n; place++)
        for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
          x.array.set(wave(n));
          x.array.fill(bad, place);
          expect(call()).toBe(place);
        }
      // The largest and the smallest numbers are numbers; the guard word after the last is a NaN and must not be read.
      x.array.set(wave(n).map((_, i) => [3.4028234e38, -3.4028234e38, 1e-45, -0][i % 4] as number));
      expect(call()).toBe(-1);
    }
  });

  test("firstOutside finds labels below 0 and from count on", () => {
    for (const n of sizes) {
      bench.reset();
      const inside = Array.from({ length: n }, (_, i) => (i % 2 ? 0 : 9));
      const labels = bench.i32(inside);
      const call = (count: number): number => bench.kernels.firstOutside(labels.pointer, n, count);
      expect(call(10)).toBe(-1);
      expect(call(9)).toBe(n > 0 ? 0 : -1);
      expect(call(0)).toBe(n > 0 ? 0 : -1);
      for (let place = 0; place < n; place++)
        for (const bad of [-1, 10, 2 ** 31 - 1, -(2 ** 31)]) {
          labels.array.set(inside);
          labels.array.fill(bad, place);
          expect(call(10)).toBe(place);
        }
    }
  });
});
