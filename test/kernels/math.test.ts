// The elementary functions against double precision over the whole range of f32. The bounds are those stated in the
// comments of assembly/math: change both or neither.
import { describe, expect, it } from "vitest";
import { Bench, type Buffer, builds } from "./harness.ts";
import * as oracle from "./oracle.ts";
import { between, pattern, specials, type Worst, worstUlp } from "./oracle.ts";

const CHUNK = 1 << 16;
/** A prime, so that the sweep meets every mantissa bit and every exponent. */
const STRIDE = 8009;

type Name = keyof typeof functions;
interface Accuracy {
  readonly ulp: number;
  readonly exact: (x: number) => number;
  /** Hard places, swept more densely. */
  readonly dense: readonly Float32Array[];
}

const nearZero = [between(2 ** -30, 1, 503), between(-(2 ** -30), -1, 503)];
const denormals = [pattern(0, 0x0100_0000, 211), pattern(0x8000_0000, 0x8100_0000, 211)];
const saturation = [between(1, 20, 307), between(-1, -20, 307)];

const functions = {
  exp: {
    ulp: 1.1,
    exact: Math.exp,
    dense: [between(59.2, 59.4, 7), between(86, 90, 23), between(-86, -105, 53), ...nearZero],
  },
  log: { ulp: 1, exact: Math.log, dense: [between(0.9, 1.1, 37), between(0.5, 2, 97), pattern(0, 0x0100_0000, 211)] },
  log1p: {
    ulp: 1.5,
    exact: Math.log1p,
    dense: [between(-0.999, -0.2, 97), between(0.2, 4, 97), ...nearZero, ...denormals],
  },
  expm1: { ulp: 1.5, exact: Math.expm1, dense: [...nearZero, ...saturation, ...denormals, between(86, 90, 23)] },
  tanh: { ulp: 2, exact: Math.tanh, dense: [between(0.54, 0.56, 7), ...nearZero, ...saturation, ...denormals] },
  sigmoid: { ulp: 2.5, exact: oracle.sigmoid, dense: [...nearZero, ...saturation, between(-86, -105, 53)] },
  erf: { ulp: 1.5, exact: oracle.erf, dense: [...nearZero, between(1, 4.2, 307), ...denormals] },
  softplus: { ulp: 2, exact: oracle.softplus, dense: [...nearZero, ...saturation, between(-86, -105, 53)] },
  silu: {
    ulp: 3.5,
    exact: (x) => oracle.weighted(x, oracle.sigmoid(x)),
    dense: [...nearZero, ...saturation, ...denormals, between(-86, -112, 53)],
  },
  gelu: {
    ulp: 7,
    exact: (x) => oracle.weighted(x, oracle.normalCdf(x)),
    dense: [...nearZero, between(-1, -14.6, 307), ...denormals],
  },
  geluTanh: {
    ulp: 250,
    exact: (x) => oracle.weighted(x, oracle.sigmoid(oracle.geluArgument(x))),
    dense: [...nearZero, between(-1, -11, 307), ...denormals],
  },
  sin: { ulp: 2, exact: Math.sin, dense: [between(0.5, 8, 211), between(2 ** 19, 2 ** 21, 211), ...denormals] },
  cos: { ulp: 2, exact: Math.cos, dense: [between(0.5, 8, 211), between(2 ** 19, 2 ** 21, 211)] },
  sqrt: { ulp: 0.5, exact: Math.sqrt, dense: denormals },
  rsqrt: { ulp: 1.5, exact: (x) => 1 / Math.sqrt(x), dense: denormals },
  reciprocal: { ulp: 0.5, exact: (x) => 1 / x, dense: denormals },
} satisfies Record<string, Accuracy>;

const benches = new Map(
  await Promise.all(builds.map(async (build) => [build, await Bench.create(build, 512)] as const)),
);

/** Calls `use` with pieces of the whole range, then of the dense ranges; x and y are buffers of each build. */
function sweep(dense: readonly Float32Array[], use: (x: Float32Array) => void): void {
  for (let first = 0; first < 2 ** 32; first += STRIDE * CHUNK)
    use(pattern(first, Math.min(first + STRIDE * (CHUNK - 1), 2 ** 32 - 1), STRIDE));
  for (const range of dense) for (let i = 0; i < range.length; i += CHUNK) use(range.subarray(i, i + CHUNK));
  use(specials);
}

function buffers(bench: Bench): { x: Buffer<Float32Array>; y: Buffer<Float32Array> } {
  bench.reset();
  return { x: bench.f32(CHUNK), y: bench.f32(CHUNK) };
}

describe.each(Object.entries(functions) as [Name, Accuracy][])("%s", (name, { ulp, exact, dense }) => {
  it(`is within ${ulp} ulp of the exact value for every kind of f32, and strict and debug agree to the bit`, () => {
    const places = builds.map((build) => ({ build, bench: benches.get(build) as Bench }));
    const all = places.map(({ build, bench }) => ({ build, kernels: bench.kernels, ...buffers(bench) }));
    const worst = new Map<string, Worst>();
    let different = 0;
    const reference = new Float64Array(CHUNK);
    sweep(dense, (values) => {
      for (let i = 0; i < values.length; i++) reference[i] = exact(values[i] as number);
      for (const { build, kernels, x, y } of all) {
        x.array.set(values);
        kernels[name](y.pointer, x.pointer, values.length);
        if (build === "debug") continue;
        const found = worstUlp(values, y.array, reference.subarray(0, values.length));
        if (!(found.ulp <= (worst.get(build)?.ulp ?? 0))) worst.set(build, found);
      }
      const [strict, debug] = [all[0], all[1]] as [(typeof all)[0], (typeof all)[0]];
      for (let i = 0; i < values.length; i++) if (!Object.is(strict.y.array[i], debug.y.array[i])) different++;
    });
    for (const [build, found] of worst)
      expect(found.ulp, `${build}: ${name}(${found.at}) = ${found.got}, exactly ${found.exact}`).toBeLessThanOrEqual(
        ulp,
      );
    // A sweep that measured nothing would pass too.
    expect(Math.min(...[...worst.values()].map((w) => w.ulp))).toBeGreaterThan(0.25);
    expect(different).toBe(0);
  });
});

it("geluTanh is within 3.5 ulp above −1: only its far tail, where v itself rounds, is less accurate", () => {
  const values = [...between(-1, -(2 ** -20), 997), ...between(2 ** -20, 30, 997)];
  for (const build of builds) {
    const bench = benches.get(build) as Bench;
    bench.reset();
    const [x, y] = [bench.f32(values), bench.f32(values.length)];
    bench.kernels.geluTanh(y.pointer, x.pointer, values.length);
    const found = worstUlp(x.array, y.array, Float64Array.from(x.array, functions.geluTanh.exact));
    expect(found.ulp, `${build}: geluTanh(${found.at}) = ${found.got}`).toBeLessThanOrEqual(3.5);
  }
});

const { POSITIVE_INFINITY: infinite, NaN: nan } = Number;
const cases: Readonly<Partial<Record<Name, readonly (readonly [number, number])[]>>> = {
  exp: [
    [0, 1],
    [-0, 1],
    [infinite, infinite],
    [-infinite, 0],
    [89, infinite],
    [-105, 0],
    [nan, nan],
  ],
  expm1: [
    [0, 0],
    [-0, -0],
    [infinite, infinite],
    [-infinite, -1],
    [nan, nan],
    [2 ** -149, 2 ** -149],
  ],
  log: [
    [1, 0],
    [0, -infinite],
    [-0, -infinite],
    [-1, nan],
    [-infinite, nan],
    [infinite, infinite],
    [nan, nan],
  ],
  log1p: [
    [0, 0],
    [-0, -0],
    [-1, -infinite],
    [-2, nan],
    [-infinite, nan],
    [infinite, infinite],
    [nan, nan],
  ],
  tanh: [
    [0, 0],
    [-0, -0],
    [infinite, 1],
    [-infinite, -1],
    [20, 1],
    [nan, nan],
    [-(2 ** -149), -(2 ** -149)],
  ],
  sigmoid: [
    [0, 0.5],
    [infinite, 1],
    [-infinite, 0],
    [nan, nan],
  ],
  erf: [
    [0, 0],
    [-0, -0],
    [infinite, 1],
    [-infinite, -1],
    [nan, nan],
  ],
  softplus: [
    [infinite, infinite],
    [-infinite, 0],
    [1e30, 1e30],
    [nan, nan],
  ].map(([x, y]) => [Math.fround(x as number), Math.fround(y as number)]),
  silu: [
    [0, 0],
    [-0, -0],
    [infinite, infinite],
    [-infinite, -0],
    [nan, nan],
  ],
  gelu: [
    [0, 0],
    [-0, -0],
    [infinite, infinite],
    [-infinite, 0],
    [nan, nan],
  ],
  geluTanh: [
    [0, 0],
    [-0, -0],
    [infinite, infinite],
    [-infinite, -0],
    [nan, nan],
  ],
  sin: [
    [0, 0],
    [-0, -0],
    [infinite, nan],
    [-infinite, nan],
    [nan, nan],
  ],
  cos: [
    [0, 1],
    [-0, 1],
    [infinite, nan],
    [-infinite, nan],
    [nan, nan],
  ],
  sqrt: [
    [-0, -0],
    [-1, nan],
    [infinite, infinite],
    [nan, nan],
  ],
  rsqrt: [
    [0, infinite],
    [-0, -infinite],
    [infinite, 0],
    [-1, nan],
    [nan, nan],
  ],
  reciprocal: [
    [0, infinite],
    [-0, -infinite],
    [infinite, 0],
    [-infinite, -0],
    [nan, nan],
  ],
};

describe.each(builds)("special values in the %s build", (build) => {
  it.each(Object.entries(cases) as [Name, readonly (readonly [number, number])[]][])("of %s", (name, pairs) => {
    const bench = benches.get(build) as Bench;
    bench.reset();
    const x = bench.f32(pairs.map(([argument]) => argument));
    const y = bench.f32(pairs.length);
    bench.kernels[name](y.pointer, x.pointer, pairs.length);
    expect([...y.array]).toEqual(pairs.map(([, value]) => value));
  });
});

/** Pairs (x, y) over all magnitudes: mostly such that x^y is finite, and all pairs of special values. */
function powArguments(): { x: Float32Array; y: Float32Array } {
  const x: number[] = [];
  const y: number[] = [];
  const add = (a: number, b: number): void => {
    x.push(Math.fround(a));
    y.push(Math.fround(b));
  };
  const exponents = [...specials, 4, 5, -3, 1.5, -0.25, 2 ** 24 + 2, 2 ** 24 - 1, 1e-20, 33, -80];
  for (const a of specials) for (const b of exponents) add(a, b);
  for (const a of pattern(0, 0x7f80_0000, 262_147)) for (const b of [2, 0.5, -1, 3, 1 / 3, 0.999]) add(a, b);
  // log2 |x^y| spread over −155 … 130: results of every size, denormals included.
  for (const a of [...between(2 ** -126, 2 ** 127, 700_001), ...between(0.99, 1.01, 1009), ...between(0.3, 3, 24_001)])
    for (let target = -155; target <= 130; target += 9.5) add(a, target / Math.log2(a));
  return { x: Float32Array.from(x), y: Float32Array.from(y) };
}

describe("pow", () => {
  it("is within 0.51 ulp, with the special cases of IEEE 754, and strict and debug agree to the bit", () => {
    const { x, y } = powArguments();
    const exact = Float64Array.from(x, (a, i) => oracle.pow(a, y[i] as number));
    const results = builds.map((build) => {
      const bench = benches.get(build) as Bench;
      bench.reset();
      const [a, b, out] = [bench.f32(x), bench.f32(y), bench.f32(x.length)];
      bench.kernels.pow(out.pointer, a.pointer, b.pointer, 1, x.length, 0, 1, 0, 1);
      const found = worstUlp(x, out.array, exact);
      const at = x.findIndex((value, i) => value === found.at && exact[i] === found.exact);
      expect(
        found.ulp,
        `${build}: pow(${found.at}, ${y[at]}) = ${found.got}, exactly ${found.exact}`,
      ).toBeLessThanOrEqual(0.51);
      expect(found.ulp).toBeGreaterThan(0.4);
      return out.array.slice();
    });
    expect(results[0]).toEqual(results[1]);
    // Signed zeros: −0 to an odd power.
    const zero = x.findIndex((a, i) => Object.is(a, -0) && y[i] === 3);
    expect(results[0]?.[zero]).toBe(-0);
  });
});
