// SGD against PyTorch's rule: bit by bit in the builds that round after every operation, within the roundings in relaxed.
import { describe, expect, test } from "vitest";
import { Bench, builds, wave } from "./harness.ts";

const u = 2 ** -24;
const f = Math.fround;
const benches = await Promise.all(builds.map(async (build) => [build, await Bench.create(build)] as const));

interface Rule {
  readonly learningRate: number;
  readonly momentum: number;
  readonly dampening: number;
  readonly weightDecay: number;
  readonly nesterov: boolean;
}

const rules: readonly Rule[] = [0, 0.9].flatMap((momentum) =>
  [0, 0.25].flatMap((dampening) =>
    [0, 0.01].flatMap((weightDecay) =>
      [false, true].map((nesterov) => ({ learningRate: 0.1, momentum, dampening, weightDecay, nesterov })),
    ),
  ),
);

/** One element by torch.optim.SGD's rule; `round` is fround for f32 arithmetic, identity for exact arithmetic. */
function update(rule: Rule, first: boolean, theta: number, g: number, velocity: number, round: (x: number) => number) {
  const [rate, mu, decay] = [f(rule.learningRate), f(rule.momentum), f(rule.weightDecay)];
  const step = decay === 0 ? g : round(round(decay * theta) + g);
  if (mu === 0) return { theta: round(theta - round(rate * step)), velocity };
  const b = first ? step : round(round(mu * velocity) + round(f(1 - f(rule.dampening)) * step));
  const direction = rule.nesterov ? round(step + round(mu * b)) : b;
  return { theta: round(theta - round(rate * direction)), velocity: b };
}

describe.each(benches)("in the %s build", (build, bench) => {
  const matches = (actual: number, rounded: number, exact: number, size: number): boolean =>
    // Relaxed: each of at most five multiply-adds rounds once or twice, never more than the terms' sizes allow.
    build === "relaxed" ? Math.abs(actual - exact) <= 10 * u * size : Object.is(actual, rounded);

  test.each(rules)("momentum $momentum, dampening $dampening, decay $weightDecay, nesterov $nesterov", (rule) => {
    for (let n = 0; n <= 17; n++) {
      bench.reset();
      const theta = bench.f32(wave(n, 1));
      const velocity = bench.f32(rule.momentum === 0 ? n : new Float32Array(n)); // NaN: must not be read.
      const scalars = bench.f32(2);
      scalars.array[0] = rule.learningRate;
      const count = new Int32Array(scalars.array.buffer, scalars.pointer + 4, 1);
      for (let step = 0; step < 3; step++) {
        const g = bench.f32(wave(n, 10 + step));
        const before = [...theta.array].map((t, i) => ({ theta: t, velocity: velocity.array[i] as number }));
        count[0] = step;
        bench.kernels.sgd(
          theta.pointer,
          theta.pointer,
          g.pointer,
          rule.momentum === 0 ? 0 : velocity.pointer,
          n,
          scalars.pointer,
          0,
          rule.momentum,
          rule.dampening,
          rule.weightDecay,
          Number(rule.nesterov),
        );
        bench.checkGuards();
        const wrong = before.filter((old, i) => {
          const gradient = g.array[i] as number;
          const rounded = update(rule, step === 0, old.theta, gradient, old.velocity, f);
          const exact = update(rule, step === 0, old.theta, gradient, old.velocity, (x) => x);
          const reads = rule.momentum !== 0 && step > 0;
          const size = Math.abs(old.theta) + Math.abs(gradient) + (reads ? Math.abs(old.velocity) : 0);
          const velocityMatches =
            rule.momentum === 0
              ? Number.isNaN(velocity.array[i])
              : matches(velocity.array[i] as number, rounded.velocity, exact.velocity, size);
          return !velocityMatches || !matches(theta.array[i] as number, rounded.theta, exact.theta, size);
        });
        expect(wrong, `n = ${n}, step ${step}`).toEqual([]);
        expect(g.array).toEqual(wave(n, 10 + step));
        expect(scalars.array[0]).toBe(f(rule.learningRate));
        expect(count[0]).toBe(step);
      }
    }
  });

  test("a NaN or infinite gradient reaches its own parameter and no other", () => {
    for (const n of [1, 6, 9])
      for (let bad = 0; bad < n; bad++)
        for (const momentum of [0, 0.9]) {
          bench.reset();
          const theta = bench.f32(wave(n));
          const g = bench.f32(wave(n, 2).map((v, i) => (i === bad ? Number.NaN : v)));
          const velocity = bench.f32(new Float32Array(n));
          const scalars = bench.f32([0.1, 1]);
          bench.kernels.sgd(
            theta.pointer,
            theta.pointer,
            g.pointer,
            velocity.pointer,
            n,
            scalars.pointer,
            0,
            momentum,
            0,
            0,
            0,
          );
          expect(Array.from(theta.array, Number.isNaN)).toEqual(Array.from(theta.array, (_, i) => i === bad));
        }
  });

  test("axpy and scale match, also in place", () => {
    const [a, b] = [f(0.3), f(-1.7)];
    for (let n = 0; n <= 17; n++) {
      bench.reset();
      const x = bench.f32(wave(n, 1));
      const y = bench.f32(wave(n, 2));
      const out = bench.f32(n);
      const check = (actual: Float32Array, terms: (i: number) => readonly number[]): void => {
        bench.checkGuards();
        const wrong = [...actual].filter((v, i) => {
          const parts = terms(i);
          const rounded = parts.reduce((sum, part) => f(sum + f(part)));
          const exact = parts.reduce((sum, part) => sum + part);
          return !matches(
            v,
            f(rounded),
            exact,
            parts.reduce((sum, part) => sum + Math.abs(part), 0),
          );
        });
        expect(wrong).toEqual([]);
      };
      const at = (buffer: { array: Float32Array }, i: number): number => buffer.array[i] as number;
      const oldY = { array: y.array.slice() };
      bench.kernels.scale(out.pointer, x.pointer, n, a);
      check(out.array, (i) => [a * at(x, i)]);
      bench.kernels.axpy(y.pointer, x.pointer, n, b);
      check(y.array, (i) => [at(oldY, i), b * at(x, i)]);
      const scaled = Array.from(x.array, (v) => f(b * v));
      bench.kernels.scale(x.pointer, x.pointer, n, b);
      expect([...x.array]).toEqual(scaled);
    }
  });

  test("linearCombination matches for every length and number of vectors", () => {
    for (let n = 0; n <= 37; n++)
      for (const factors of [[f(0.3)], [1, f(-1.7)], [1, 0, f(0.1)], [f(0.2), f(0.3), 1, f(-0.7)]]) {
        bench.reset();
        const stride = n + 3;
        const vectors = bench.f32(wave(stride * factors.length));
        const given = bench.f32(factors);
        const out = bench.f32(n);
        bench.kernels.linearCombination(out.pointer, vectors.pointer, 4 * stride, given.pointer, factors.length, n);
        bench.checkGuards();
        const wrong = [...out.array].filter((v, i) => {
          const parts = factors.map((factor, t) => factor * (vectors.array[t * stride + i] as number));
          const rounded = parts.reduce((sum, part) => f(sum + f(part)), 0);
          const exact = parts.reduce((sum, part) => sum + part, 0);
          const size = parts.reduce((sum, part) => sum + Math.abs(part), 0);
          return !matches(v, rounded, exact, size);
        });
        expect(wrong, `${factors} of ${n}`).toEqual([]);
      }
  });

  test("linearCombination leaves out what has no share, and gives a vector that is alone as it is", () => {
    for (const n of [5, 21]) {
      bench.reset();
      const [first, second] = [wave(n, 1), wave(n, 2)];
      first.fill(Number.POSITIVE_INFINITY, 1, 3);
      second.set([-0, Number.NaN, Number.NEGATIVE_INFINITY]);
      second[n - 1] = -0;
      const vectors = bench.f32([...first, ...second]);
      const factors = bench.f32([0, 1]);
      const out = bench.f32(n);
      const combine = (): void =>
        bench.kernels.linearCombination(out.pointer, vectors.pointer, 4 * n, factors.pointer, 2, n);
      combine();
      expect(out.array).toEqual(second);
      factors.array[1] = 0;
      combine();
      expect(out.array).toEqual(new Float32Array(n));
      bench.checkGuards();
    }
  });
});

test("strict and debug give the same bits", async () => {
  const bits = async (build: "strict" | "debug"): Promise<Int32Array> => {
    const bench = await Bench.create(build);
    const theta = bench.f32(wave(103, 1));
    const velocity = bench.f32(new Float32Array(103));
    const scalars = bench.f32([0.05, 0]);
    for (let step = 0; step < 10; step++) {
      new Int32Array(scalars.array.buffer, scalars.pointer + 4, 1)[0] = step;
      const g = bench.f32(wave(103, step));
      bench.kernels.sgd(
        theta.pointer,
        theta.pointer,
        g.pointer,
        velocity.pointer,
        103,
        scalars.pointer,
        0,
        0.9,
        0.1,
        0.01,
        1,
      );
    }
    return new Int32Array(Float32Array.from([...theta.array, ...velocity.array]).buffer);
  };
  expect(await bits("strict")).toEqual(await bits("debug"));
});
