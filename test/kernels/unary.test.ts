// Elementwise kernels: every length and offset, in place, IEEE corners, and derivatives against double precision.
import { describe, expect, it } from "vitest";
import { Bench, builds } from "./harness.ts";
import * as oracle from "./oracle.ts";
import { between, specials, worstUlp } from "./oracle.ts";

const plain = [
  ...["neg", "abs", "exp", "log", "log1p", "expm1", "sqrt", "rsqrt", "square", "reciprocal", "sign", "relu", "tanh"],
  ...["sigmoid", "erf", "silu", "softplus", "gelu", "geluTanh", "sin", "cos"],
] as readonly PlainName[];
type PlainName =
  | "neg"
  | "abs"
  | "exp"
  | "log"
  | "log1p"
  | "expm1"
  | "sqrt"
  | "rsqrt"
  | "square"
  | "reciprocal"
  | "sign"
  | "relu"
  | "tanh"
  | "sigmoid"
  | "erf"
  | "silu"
  | "softplus"
  | "gelu"
  | "geluTanh"
  | "sin"
  | "cos";

const { POSITIVE_INFINITY: infinite, NaN: nan } = Number;

/** Derivatives: value from dy and z (the result y or the argument x), in double precision. */
interface Gradient {
  /** Largest error, in ulp of the exact value, or if `scale` is given of `scale` · |dy|. */
  readonly ulp: number;
  /** Where the derivative passes through zero, an error relative to it says nothing: this size takes its place. */
  readonly scale?: number;
  readonly parameter?: number;
  readonly slope: (z: number) => number;
  /** z at ±∞ gives these factors. */
  readonly atInfinity?: readonly [number, number];
  /** z is a result in [−1, 1] (tanh) or [0, 1] (sigmoid). */
  readonly bounded?: boolean;
}

const siluSlope = (x: number, v: number, xSlope: number): number =>
  oracle.sigmoid(v) + (Math.abs(x) > 200 ? 0 : xSlope * oracle.sigmoid(v) * oracle.sigmoid(-v));

const gradients = {
  reluGradient: { ulp: 0, slope: (y) => (y > 0 ? 1 : 0), atInfinity: [1, 0] },
  leakyReluGradient: { ulp: 0.5, parameter: 0.125, slope: (x) => (x > 0 ? 1 : 0.125), atInfinity: [1, 0.125] },
  eluGradient: { ulp: 2.5, parameter: 0.75, slope: (x) => (x > 0 ? 1 : 0.75 * Math.exp(x)), atInfinity: [1, 0] },
  tanhGradient: { ulp: 2.5, slope: (y) => 1 - y * y, bounded: true },
  sigmoidGradient: { ulp: 2.5, slope: (y) => y * (1 - y), bounded: true },
  siluGradient: { ulp: 3, scale: 1, slope: (x) => siluSlope(x, x, x), atInfinity: [1, 0] },
  softplusGradient: { ulp: 3, slope: oracle.sigmoid, atInfinity: [1, 0] },
  geluGradient: {
    ulp: 3,
    scale: 1,
    slope: (x) => oracle.normalCdf(x) + (Math.abs(x) > 40 ? 0 : x * oracle.normalDensity(x)),
    atInfinity: [1, 0],
  },
  geluTanhGradient: {
    ulp: 4,
    scale: 1,
    slope: (x) => siluSlope(x, oracle.geluArgument(x), x * oracle.geluArgumentSlope(x)),
    atInfinity: [1, 0],
  },
  erfGradient: { ulp: 3, slope: (x) => (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x), atInfinity: [0, 0] },
} satisfies Record<string, Gradient>;
type GradientName = keyof typeof gradients;

const gradientEntries = Object.entries(gradients) as [GradientName, Gradient][];

/** Places where the numbers are not the same, with both; cheaper than a deep comparison. */
function differences(a: ArrayLike<number>, b: ArrayLike<number>): unknown[] {
  const found: unknown[] = [];
  for (let i = 0; i < Math.max(a.length, b.length); i++) if (!Object.is(a[i], b[i])) found.push([i, a[i], b[i]]);
  return found;
}

/** Arguments of every size and sign; no two lanes alike. */
const mixed = Float32Array.from({ length: 64 }, (_, i) => ((i % 3) - 1.3) * 1.37 ** ((i * 7) % 19) * 0.05);

describe.each(builds)("unary kernels in the %s build", async (build) => {
  const bench = await Bench.create(build);
  const { kernels } = bench;

  const call = (name: PlainName | "leakyRelu" | "elu", y: number, x: number, n: number): void =>
    name === "leakyRelu" || name === "elu" ? kernels[name](y, x, n, 0.25) : kernels[name](y, x, n);
  const callGradient = (name: GradientName, dx: number, dy: number, z: number, n: number): void => {
    const { parameter }: Gradient = gradients[name];
    if (name === "leakyReluGradient" || name === "eluGradient") kernels[name](dx, dy, z, n, parameter as number);
    else kernels[name](dx, dy, z, n);
  };
  const evaluate = (name: PlainName | "leakyRelu" | "elu", values: ArrayLike<number>): number[] => {
    bench.reset();
    const [x, y] = [bench.f32(values), bench.f32(values.length)];
    call(name, y.pointer, x.pointer, values.length);
    return [...y.array];
  };

  it.each([...plain, "leakyRelu", "elu"] as const)(
    "%s gives each element the same value at every length, offset and lane, also in place",
    (name) => {
      // One element at a time: what a lane gives must not depend on its neighbours.
      const single = [...mixed].map((value) => evaluate(name, [value])[0] as number);
      for (let n = 0; n <= 17; n++) {
        for (let offset = 0; offset < 4; offset++) {
          bench.reset();
          const x = bench.f32(mixed.subarray(offset, offset + n));
          const y = bench.f32(n);
          call(name, y.pointer, x.pointer, n);
          expect(differences(y.array, single.slice(offset, offset + n))).toEqual([]);
          call(name, x.pointer, x.pointer, n);
          expect(differences(x.array, single.slice(offset, offset + n))).toEqual([]);
          bench.checkGuards();
        }
      }
    },
  );

  it.each(gradientEntries)("%s gives each element the same value at every length, also over dy or z", (name) => {
    const dyValues = Float32Array.from(mixed, (_, i) => 1 + i / 7);
    const single = [...mixed].map((value, i) => {
      bench.reset();
      const [dx, dy, z] = [bench.f32(1), bench.f32([dyValues[i] as number]), bench.f32([value])];
      callGradient(name, dx.pointer, dy.pointer, z.pointer, 1);
      return dx.array[0] as number;
    });
    for (let n = 0; n <= 17; n++) {
      for (const target of ["dx", "dy", "z"] as const) {
        bench.reset();
        const places = { dx: bench.f32(n), dy: bench.f32(dyValues.subarray(0, n)), z: bench.f32(mixed.subarray(0, n)) };
        callGradient(name, places[target].pointer, places.dy.pointer, places.z.pointer, n);
        expect(differences(places[target].array, single.slice(0, n))).toEqual([]);
        bench.checkGuards();
      }
    }
  });

  it("the exact functions are exact, zeros keep or lose their sign as stated, NaN stays NaN", () => {
    const x = [0, -0, 1.5, -1.5, infinite, -infinite, nan, 2 ** -149, -(2 ** -149)];
    expect(evaluate("neg", x)).toEqual(x.map((v) => -v));
    expect(evaluate("abs", x)).toEqual(x.map(Math.abs));
    expect(evaluate("square", x)).toEqual(x.map((v) => Math.fround(v * v)));
    expect(evaluate("sign", x)).toEqual([0, 0, 1, -1, 1, -1, nan, 1, -1]);
    expect(evaluate("relu", x)).toEqual([0, -0, 1.5, 0, infinite, 0, nan, 2 ** -149, 0]);
    expect(evaluate("leakyRelu", x)).toEqual([0, -0, 1.5, -0.375, infinite, -infinite, nan, 2 ** -149, -0]);
    const exponential = Math.fround(Math.fround(Math.expm1(-1.5)) * 0.25);
    expect(evaluate("elu", x)).toEqual([0, -0, 1.5, exponential, infinite, -0.25, nan, 2 ** -149, -0]);
  });

  it.each(gradientEntries)("%s is dy times the exact derivative", (name, gradient) => {
    const range = [...between(2 ** -12, 20, 4001), ...between(-(2 ** -12), -20, 4001), 0, -0, 1e-30, -1e-30];
    const z = Float32Array.from(gradient.bounded ? range.filter((v) => Math.abs(v) <= 1) : range);
    const dy = z.map((_, i) => (i % 2 === 0 ? 1 : -1) * (1 + (i % 9) / 8));
    // Results below the normal numbers are another matter: they are held to whole units by the tests of exp and erf.
    const exact = Float64Array.from(z, (v, i) => (dy[i] as number) * gradient.slope(v));
    bench.reset();
    const [dxs, dys, zs] = [bench.f32(z.length), bench.f32(dy), bench.f32(z)];
    callGradient(name, dxs.pointer, dys.pointer, zs.pointer, z.length);
    bench.checkGuards();
    if (gradient.scale === undefined) {
      const found = worstUlp(z, dxs.array, exact);
      expect(found.ulp, `${name} at ${found.at}: ${found.got}, exactly ${found.exact}`).toBeLessThanOrEqual(
        gradient.ulp,
      );
    } else {
      const errors = exact.map((value, i) => Math.abs((dxs.array[i] as number) - value) / Math.abs(dy[i] as number));
      const worst = errors.indexOf(Math.max(...errors));
      expect((errors[worst] as number) / (gradient.scale * 2 ** -23), `${name} at ${z[worst]}`).toBeLessThanOrEqual(
        gradient.ulp,
      );
    }
  });

  it.each(gradientEntries.filter(([, { atInfinity }]) => atInfinity))(
    "%s has its limits at ±∞ and keeps NaN of dy",
    (name, { atInfinity }) => {
      bench.reset();
      const dx = bench.f32(6);
      const dy = bench.f32([2, 2, 2, 2, nan, infinite]);
      const z = bench.f32([infinite, -infinite, 1e30, -1e30, 1, 1]);
      callGradient(name, dx.pointer, dy.pointer, z.pointer, 6);
      const [above, below] = atInfinity as readonly [number, number];
      // + 0: the sign of a zero limit is not promised.
      expect([...dx.array].map((v) => v + 0)).toEqual([2 * above, 2 * below, 2 * above, 2 * below, nan, infinite]);
    },
  );

  it.each(gradientEntries.filter(([name]) => !/relu/i.test(name)))("%s keeps NaN of its argument", (name) => {
    bench.reset();
    const [dx, dy, z] = [bench.f32(5), bench.f32([1, 1, 1, 1, 1]), bench.f32([nan, 0.5, nan, 0.5, nan])];
    callGradient(name, dx.pointer, dy.pointer, z.pointer, 5);
    expect([...dx.array].map(Number.isNaN)).toEqual([true, false, true, false, true]);
  });
});

describe("strict and debug", async () => {
  const [strict, debug] = [await Bench.create("strict"), await Bench.create("debug")];
  it.each(gradientEntries)("agree to the bit on %s", (name, { parameter }) => {
    const z = Float32Array.from([
      ...between(2 ** -140, 1e30, 20_011),
      ...between(-(2 ** -140), -1e30, 20_011),
      ...specials,
    ]);
    const dy = z.map((_, i) => Math.sin(i) + 1.1);
    const [a, b] = [strict, debug].map((bench) => {
      bench.reset();
      const [dx, dys, zs] = [bench.f32(z.length), bench.f32(dy), bench.f32(z)];
      bench.kernels[name](dx.pointer, dys.pointer, zs.pointer, z.length, parameter as number);
      return dx.array.slice();
    });
    expect(differences(a as Float32Array, b as Float32Array)).toEqual([]);
  });
});
