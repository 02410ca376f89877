// Cross-entropy kernels against f64, with bounds from the roundings of each step (u = 2⁻²⁴ is one rounding).
import { describe, expect, test } from "vitest";
import { Bench, builds, wave } from "./harness.ts";

const u = 2 ** -24;
const benches = await Promise.all(builds.map(async (build) => [build, await Bench.create(build)] as const));
const widths = [...Array(17).keys()].map((n) => n + 1).concat(64, 131);

/** A batch with known f64 answers; lse comes from the kernel, as in a program. */
function batch(bench: Bench, m: number, n: number) {
  bench.reset();
  const logits = bench.f32(wave(m * n, n).map((v) => 3 * v));
  const lse = bench.f32(m);
  const labels = bench.i32(Array.from({ length: m }, (_, i) => (i * 5 + 3) % n));
  bench.kernels.logSumExp(lse.pointer, logits.pointer, m, n, 1);
  return { logits, lse, labels };
}

describe.each(benches)("in the %s build", (_, bench) => {
  test.each([0, 0.1, 1])("the loss matches with label smoothing %s", (smoothing) => {
    const s = Math.fround(smoothing);
    for (const n of widths)
      for (const m of [0, 1, 5]) {
        const { logits, lse, labels } = batch(bench, m, n);
        const out = bench.f32(m);
        bench.kernels.crossEntropy(out.pointer, logits.pointer, lse.pointer, labels.pointer, m, n, smoothing);
        bench.checkGuards();
        for (let i = 0; i < m; i++) {
          const x = Array.from(logits.array.subarray(i * n, (i + 1) * n));
          const own = x[labels.array[i] as number] as number;
          const sum = x.reduce((total, v) => total + v, 0);
          const exact = (lse.array[i] as number) - (1 - s) * own - (s / n) * sum;
          // Only the row's sum is not in f64 (7 additions, sums.ts); then one rounding. Without smoothing: exact.
          const tolerance = (s / n) * 7 * u * x.reduce((total, v) => total + Math.abs(v), 0) + u * Math.abs(exact);
          if (s === 0) expect(out.array[i]).toBe(Math.fround(exact));
          else expect(Math.abs((out.array[i] as number) - exact)).toBeLessThanOrEqual(tolerance);
        }
      }
  });

  test.each([0, 0.1, 1])("the gradient matches with label smoothing %s, for one dy and for many", (smoothing) => {
    const s = Math.fround(smoothing);
    for (const n of widths)
      for (const m of [0, 1, 5])
        for (const stride of [0, 1]) {
          const { logits, lse, labels } = batch(bench, m, n);
          const dy = bench.f32(stride ? wave(m, 1) : [0.25]);
          const dx = bench.f32(m * n);
          const call = (to: number): void =>
            bench.kernels.crossEntropyGradient(
              to,
              dy.pointer,
              stride,
              logits.pointer,
              lse.pointer,
              labels.pointer,
              m,
              n,
              smoothing,
            );
          call(dx.pointer);
          bench.checkGuards();
          for (let i = 0; i < m; i++)
            for (let j = 0; j < n; j++) {
              const scale = dy.array[i * stride] as number;
              const t = (logits.array[i * n + j] as number) - (lse.array[i] as number);
              const p = Math.exp(t);
              const target = (labels.array[i] === j ? 1 - s : 0) + s / n;
              const exact = scale * (p - target);
              // exp ≤ 1 ulp = 2u, the rounding of t, that of the target; then difference and product.
              const tolerance = Math.abs(scale) * u * (p * (2 + Math.abs(t)) + target) + 2 * u * Math.abs(exact);
              expect(Math.abs((dx.array[i * n + j] as number) - exact), `[${m},${n}] at ${i},${j}`).toBeLessThanOrEqual(
                tolerance * (1 + 4 * u),
              );
            }
          call(logits.pointer);
          expect(logits.array).toEqual(dx.array);
        }
  });

  test("an impossible class (logit −∞) costs nothing unless it is the label's", () => {
    const inf = Number.POSITIVE_INFINITY;
    bench.reset();
    const logits = bench.f32([0, -inf, 0, -inf, 0, 0]);
    const lse = bench.f32(2);
    bench.kernels.logSumExp(lse.pointer, logits.pointer, 2, 3, 1);
    const labels = bench.i32([0, 0]);
    const out = bench.f32(2);
    const one = bench.f32([1]);
    const dx = bench.f32(6);
    bench.kernels.crossEntropy(out.pointer, logits.pointer, lse.pointer, labels.pointer, 2, 3, 0);
    expect([...out.array]).toEqual([Math.fround(Math.LN2), inf]);
    bench.kernels.crossEntropyGradient(
      dx.pointer,
      one.pointer,
      0,
      logits.pointer,
      lse.pointer,
      labels.pointer,
      2,
      3,
      0,
    );
    // exp(−log 2) is ½ to within an ulp.
    expect([dx.array[1], dx.array[3]]).toEqual([0, -1]);
    for (const [place, exact] of [
      [0, -0.5],
      [2, 0.5],
      [4, 0.5],
      [5, 0.5],
    ] as const)
      expect(Math.abs((dx.array[place] as number) - exact)).toBeLessThanOrEqual(2 * u);
  });

  test("a NaN logit reaches its own row's loss and gradient and no other", () => {
    for (const n of [3, 10]) {
      const { logits, lse, labels } = batch(bench, 3, n);
      logits.array[n + 1] = Number.NaN;
      bench.kernels.logSumExp(lse.pointer, logits.pointer, 3, n, 1);
      const out = bench.f32(3);
      const one = bench.f32([1]);
      const dx = bench.f32(3 * n);
      bench.kernels.crossEntropy(out.pointer, logits.pointer, lse.pointer, labels.pointer, 3, n, 0);
      bench.kernels.crossEntropyGradient(
        dx.pointer,
        one.pointer,
        0,
        logits.pointer,
        lse.pointer,
        labels.pointer,
        3,
        n,
        0,
      );
      expect(Array.from(out.array, Number.isNaN)).toEqual([false, true, false]);
      expect(Array.from(dx.array, Number.isNaN)).toEqual(Array.from({ length: 3 * n }, (_, i) => i >= n && i < 2 * n));
    }
  });

  test("equalLabels compares whole numbers, for sizes 0 to 17", () => {
    for (let n = 0; n <= 17; n++) {
      bench.reset();
      const a = bench.i32(Array.from({ length: n }, (_, i) => (i * i) % 5));
      const b = bench.i32(Array.from({ length: n }, (_, i) => i % 5));
      const out = bench.f32(n);
      bench.kernels.equalLabels(out.pointer, a.pointer, b.pointer, n);
      bench.checkGuards();
      expect([...out.array]).toEqual(Array.from(a.array, (v, i) => Number(v === b.array[i])));
    }
  });
});

test("strict and debug give the same bits", async () => {
  const bits = async (build: "strict" | "debug"): Promise<Int32Array[]> => {
    const bench = await Bench.create(build);
    return [3, 10, 131].flatMap((n) => {
      const { logits, lse, labels } = batch(bench, 7, n);
      const dy = bench.f32(wave(7));
      const out = bench.f32(7);
      const dx = bench.f32(7 * n);
      bench.kernels.crossEntropy(out.pointer, logits.pointer, lse.pointer, labels.pointer, 7, n, 0.1);
      bench.kernels.crossEntropyGradient(
        dx.pointer,
        dy.pointer,
        1,
        logits.pointer,
        lse.pointer,
        labels.pointer,
        7,
        n,
        0.1,
      );
      return [lse, out, dx].map((b) => new Int32Array(b.array.slice().buffer));
    });
  };
  expect(await bits("strict")).toEqual(await bits("debug"));
});

test("the debug build refuses a label outside the classes", async () => {
  const bench = await Bench.create("debug");
  for (const label of [-1, 4]) {
    const { logits, lse, labels } = batch(bench, 1, 4);
    labels.array[0] = label;
    const out = bench.f32(1);
    expect(() => bench.kernels.crossEntropy(out.pointer, logits.pointer, lse.pointer, labels.pointer, 1, 4, 0)).toThrow(
      "debug kernel",
    );
  }
});
