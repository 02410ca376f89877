// Softmax kernels against f64, with bounds from the roundings of each step (u = 2⁻²⁴ is one rounding).
import { describe, expect, test } from "vitest";
import { Bench, builds, wave } from "./harness.ts";

const u = 2 ** -24;
const benches = await Promise.all(builds.map(async (build) => [build, await Bench.create(build)] as const));
const sizes = [...Array(18).keys(), 63, 64, 65, 131, 1000];
const total = (values: readonly number[]): number => values.reduce((s, v) => s + v, 0);

/** Row i of a [·, n] matrix as f64. */
const row = (x: Float32Array, i: number, n: number): number[] => Array.from(x.subarray(i * n, (i + 1) * n));

function expectNear(actual: number, exact: number, tolerance: number, where: string): void {
  expect(Math.abs(actual - exact), where).toBeLessThanOrEqual(tolerance);
}

describe.each(benches)("in the %s build", (_, bench) => {
  test("softmax and logSoftmax match for every width", () => {
    const m = 3;
    for (const n of sizes)
      for (const spread of [1, 20]) {
        bench.reset();
        const x = bench.f32(wave(m * n, n).map((v) => v * spread));
        const y = bench.f32(m * n);
        const logY = bench.f32(m * n);
        bench.kernels.softmax(y.pointer, x.pointer, m, n);
        bench.kernels.logSoftmax(logY.pointer, x.pointer, m, n);
        bench.checkGuards();
        for (let i = 0; i < m; i++) {
          const values = row(x.array, i, n);
          const largest = Math.max(...values);
          const sum = total(values.map((v) => Math.exp(v - largest)));
          values.forEach((v, j) => {
            const where = `[${m},${n}] at ${i},${j}`;
            const t = v - largest;
            // exp ≤ 1 ulp = 2u and the rounding of t, |t|u; the sum 19u (reduce.test.ts); the division u.
            const exact = Math.exp(t) / sum;
            expectNear(y.array[i * n + j] as number, exact, (22 + Math.abs(t)) * u * exact, `softmax ${where}`);
            // Rounding of t; the sum's 19u; log ≤ 2 ulp = 4u; the last difference.
            const log = t - Math.log(sum);
            const tolerance = (Math.abs(t) + 19 + 4 * Math.log(sum) + Math.abs(log)) * u;
            expectNear(logY.array[i * n + j] as number, log, tolerance, `logSoftmax ${where}`);
          });
        }
      }
  });

  test("both may write over their input", () => {
    for (const name of ["softmax", "logSoftmax"] as const)
      for (const n of [1, 3, 10, 70]) {
        bench.reset();
        const x = bench.f32(wave(4 * n));
        const y = bench.f32(4 * n);
        bench.kernels[name](y.pointer, x.pointer, 4, n);
        bench.kernels[name](x.pointer, x.pointer, 4, n);
        expect(x.array).toEqual(y.array);
      }
  });

  test("huge logits neither overflow nor vanish, and −∞ gives probability 0", () => {
    const inf = Number.POSITIVE_INFINITY;
    for (const n of [2, 4, 7, 10]) {
      bench.reset();
      const x = bench.f32(Array.from({ length: 2 * n }, (_, i) => (i % n < 2 ? (i < n ? 3e38 : -3e38) : -inf)));
      const y = bench.f32(2 * n);
      const logY = bench.f32(2 * n);
      bench.kernels.softmax(y.pointer, x.pointer, 2, n);
      bench.kernels.logSoftmax(logY.pointer, x.pointer, 2, n);
      for (let i = 0; i < 2 * n; i++) {
        expect(y.array[i]).toBe(i % n < 2 ? 0.5 : 0);
        expect(logY.array[i]).toBe(i % n < 2 ? Math.fround(-Math.LN2) : -inf);
      }
    }
  });

  test("NaN, +∞ and a row of −∞ make their own row NaN and no other", () => {
    for (const name of ["softmax", "logSoftmax"] as const)
      for (const n of [1, 3, 5, 10, 21])
        for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
          for (let j = 0; j < n; j++) {
            bench.reset();
            const x = bench.f32(wave(3 * n));
            if (bad === Number.NEGATIVE_INFINITY) x.array.fill(bad, n, 2 * n);
            else x.array[n + j] = bad;
            const y = bench.f32(3 * n);
            bench.kernels[name](y.pointer, x.pointer, 3, n);
            const nan = Array.from(y.array, Number.isNaN);
            expect(nan.slice(n, 2 * n)).toEqual(Array(n).fill(true));
            expect([...nan.slice(0, n), ...nan.slice(2 * n)]).not.toContain(true);
          }
  });

  test("the gradients match for every width, also written over dy or y", () => {
    const m = 3;
    for (const n of sizes) {
      bench.reset();
      const y = bench.f32(m * n);
      const logY = bench.f32(m * n);
      const dy = bench.f32(wave(m * n, 5));
      const dx = bench.f32(m * n);
      const dLog = bench.f32(m * n);
      const x = bench.f32(wave(m * n, n));
      bench.kernels.softmax(y.pointer, x.pointer, m, n);
      bench.kernels.logSoftmax(logY.pointer, x.pointer, m, n);
      bench.kernels.softmaxGradient(dx.pointer, dy.pointer, y.pointer, m, n);
      bench.kernels.logSoftmaxGradient(dLog.pointer, dy.pointer, logY.pointer, m, n);
      bench.checkGuards();
      for (let i = 0; i < m; i++) {
        const p = row(y.array, i, n);
        const d = row(dy.array, i, n);
        const terms = p.map((v, j) => v * (d[j] as number));
        const mean = total(terms);
        const sum = total(d);
        // Roundings on the way to each sum (sums.ts): 8 and 7, and one of the sum itself.
        const meanError = 8 * u * total(terms.map(Math.abs)) + u * Math.abs(mean);
        const sumError = 7 * u * total(d.map(Math.abs)) + u * Math.abs(sum);
        for (let j = 0; j < n; j++) {
          const where = `[${m},${n}] at ${i},${j}`;
          const exact = (p[j] as number) * ((d[j] as number) - mean);
          // Two roundings (difference, product) after the error of the mean.
          const tolerance = (p[j] as number) * meanError * (1 + 2 * u) + 2 * u * Math.abs(exact);
          expectNear(dx.array[i * n + j] as number, exact, tolerance, `softmaxGradient ${where}`);
          const e = Math.exp(logY.array[i * n + j] as number);
          const exactLog = (d[j] as number) - e * sum;
          // exp ≤ 1 ulp = 2u and the product's rounding, 3u; then the sum's error, and the difference's rounding.
          const toleranceLog = 3 * u * e * Math.abs(sum) + e * sumError * (1 + 4 * u) + u * Math.abs(exactLog);
          expectNear(dLog.array[i * n + j] as number, exactLog, toleranceLog * (1 + u), `logSoftmaxGradient ${where}`);
        }
      }
      const kept = dy.array.slice();
      bench.kernels.softmaxGradient(dy.pointer, dy.pointer, y.pointer, m, n);
      expect(dy.array).toEqual(dx.array);
      dy.array.set(kept);
      bench.kernels.softmaxGradient(y.pointer, dy.pointer, y.pointer, m, n);
      expect(y.array).toEqual(dx.array);
      bench.kernels.logSoftmaxGradient(logY.pointer, dy.pointer, logY.pointer, m, n);
      expect(logY.array).toEqual(dLog.array);
      bench.kernels.logSoftmaxGradient(dy.pointer, dy.pointer, logY.pointer, 0, n);
      expect(dy.array).toEqual(kept);
    }
  });
});

test("strict and debug give the same bits", async () => {
  const bits = async (build: "strict" | "debug"): Promise<Int32Array[]> => {
    const bench = await Bench.create(build);
    return [3, 10, 131].flatMap((n) => {
      bench.reset();
      const x = bench.f32(wave(5 * n));
      const dy = bench.f32(wave(5 * n, 2));
      const outs = [1, 2, 3, 4].map(() => bench.f32(5 * n));
      const [a, b, c, d] = outs.map((out) => out.pointer) as [number, number, number, number];
      bench.kernels.softmax(a, x.pointer, 5, n);
      bench.kernels.logSoftmax(b, x.pointer, 5, n);
      bench.kernels.softmaxGradient(c, dy.pointer, a, 5, n);
      bench.kernels.logSoftmaxGradient(d, dy.pointer, b, 5, n);
      return outs.map((out) => new Int32Array(out.array.slice().buffer));
    });
  };
  expect(await bits("strict")).toEqual(await bits("debug"));
});
