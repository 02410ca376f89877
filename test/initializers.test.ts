// Initialisers: the distribution each promises, and that seed and place alone decide the numbers.
import { describe, expect, test } from "vitest";
import {
  chain,
  createModel,
  dense,
  type Initializer,
  initializers,
  type Model,
  meanSquaredError,
} from "../src/index.ts";
import { dot, netOf } from "./nn/net.ts";

const { constantValues, glorot, he, lecun, normal, ones, orthogonal, truncatedNormal, uniform, zeros } = initializers;

/** Weights [in, out] as a model draws them. */
async function weights(
  initializer: Initializer,
  [fanIn, fanOut]: readonly [number, number] = [120, 80],
  seed = 1,
): Promise<Float32Array> {
  const model = await netOf([fanIn], dense(fanOut, { bias: false, initializer }), { seed });
  return model.parameters.slice();
}

const moments = (values: Float32Array): { mean: number; variance: number; kurtosis: number } => {
  const n = values.length;
  const mean = values.reduce((a, b) => a + b, 0) / n;
  const central = (power: number): number => values.reduce((sum, value) => sum + (value - mean) ** power, 0) / n;
  return { mean, variance: central(2), kurtosis: central(4) / central(2) ** 2 };
};

/** Variance of a normal distribution cut at ±2 deviations: 1 − 4φ(2)/(2Φ(2) − 1). */
const CUT = 1 - (4 * Math.exp(-2)) / Math.sqrt(2 * Math.PI) / 0.9544997361036416;
/** E x⁴/(E x²)² */
const kurtoses = { uniform: 1.8, normal: 3 };

const distributions: readonly (readonly [string, Initializer, number, number, number])[] = [
  ["uniform(−0.3, 0.7)", uniform(-0.3, 0.7), 0.2, 1 / 12, kurtoses.uniform],
  ["uniform()", uniform(), 0, 0.1 ** 2 / 12, kurtoses.uniform],
  ["normal(0.5, 2)", normal(0.5, 2), 2, 0.25, kurtoses.normal],
  ["normal()", normal(), 0, 0.05 ** 2, kurtoses.normal],
  ["truncatedNormal(0.5, 2)", truncatedNormal(0.5, 2), 2, 0.25 * CUT, Number.NaN],
  ["glorot()", glorot(), 0, 2 / 200, kurtoses.uniform],
  ['glorot("normal")', glorot("normal"), 0, 2 / 200, kurtoses.normal],
  ['glorot("truncatedNormal")', glorot("truncatedNormal"), 0, 2 / 200, Number.NaN],
  ["he()", he(), 0, 2 / 120, kurtoses.normal],
  ['he("uniform")', he("uniform"), 0, 2 / 120, kurtoses.uniform],
  ["lecun()", lecun(), 0, 1 / 120, kurtoses.normal],
  ['lecun("truncatedNormal")', lecun("truncatedNormal"), 0, 1 / 120, Number.NaN],
];

describe("initialisers", () => {
  test.each(distributions)(
    "%s has its mean, variance and form",
    async (_name, initializer, mean, variance, kurtosis) => {
      const found = moments(await weights(initializer));
      const n = 120 * 80;
      // Five standard errors: of a mean √(σ²/n), of a variance at most σ²·√(2/n), of a kurtosis at most √(24/n).
      expect(Math.abs(found.mean - mean)).toBeLessThan(5 * Math.sqrt(variance / n));
      expect(Math.abs(found.variance - variance)).toBeLessThan(5 * variance * Math.sqrt(2 / n));
      if (!Number.isNaN(kurtosis)) expect(Math.abs(found.kurtosis - kurtosis)).toBeLessThan(5 * Math.sqrt(24 / n));
    },
  );

  test("uniform numbers stay inside their range, and fill it", async () => {
    const values = await weights(uniform(-0.3, 0.7));
    expect(Math.min(...values)).toBeGreaterThanOrEqual(Math.fround(-0.3));
    expect(Math.max(...values)).toBeLessThan(Math.fround(0.7));
    // The extremes of 9600 draws lie within 20/9600 of the ends, but for e⁻²⁰.
    expect(Math.max(...values) - Math.min(...values)).toBeGreaterThan(1 - 2 * (20 / 9600));
  });

  test("truncated normal numbers lie within two deviations", async () => {
    const values = await weights(truncatedNormal(0.5, 2));
    expect(Math.max(...values.map((value) => Math.abs(value - 2)))).toBeLessThanOrEqual(1);
    expect(Math.max(...values.map((value) => Math.abs(value - 2)))).toBeGreaterThan(0.99);
    expect(Math.max(...(await weights(normal(0.5, 2))).map((value) => Math.abs(value - 2)))).toBeGreaterThan(1.5);
  });

  test("constants are constants", async () => {
    expect(new Set(await weights(zeros))).toEqual(new Set([0]));
    expect(new Set(await weights(ones))).toEqual(new Set([1]));
    expect(new Set(await weights(constantValues(-0.125)))).toEqual(new Set([-0.125]));
  });

  test.each([[[7, 7]], [[20, 6]], [[6, 20]], [[1, 5]], [[5, 1]]] as const)(
    "orthogonal %j has orthonormal rows or columns, times the gain",
    async ([rows, columns]) => {
      const w = await weights(orthogonal(3), [rows, columns]);
      const row = (i: number): number[] => Array.from({ length: columns }, (_, j) => w[i * columns + j] as number);
      const column = (j: number): number[] => Array.from({ length: rows }, (_, i) => w[i * columns + j] as number);
      const vectors =
        rows < columns
          ? Array.from({ length: rows }, (_, i) => row(i))
          : Array.from({ length: columns }, (_, j) => column(j));
      // Orthonormal in f64, then rounded to f32 once: 2⁻²⁴ an element of a vector of length 3.
      vectors.forEach((u, i) =>
        vectors.forEach((v, j) => {
          expect(Math.abs(dot(u, v) - (i === j ? 9 : 0))).toBeLessThan(2 * 9 * 2 ** -24);
        }),
      );
    },
  );

  test("of kernels count the field: fan-in is height·width·in", () => {
    expect(initializers.fans([3, 5, 4, 8])).toEqual({ fanIn: 60, fanOut: 120 });
    expect(initializers.fans([4, 8])).toEqual({ fanIn: 4, fanOut: 8 });
    expect(initializers.fans([8])).toEqual({ fanIn: 8, fanOut: 8 });
    expect(initializers.fans([])).toEqual({ fanIn: 1, fanOut: 1 });
  });
});

describe("seeds", () => {
  const random: readonly (readonly [string, Initializer])[] = [
    ["glorot", glorot()],
    ["normal", normal()],
    ["truncatedNormal", truncatedNormal()],
    ["orthogonal", orthogonal()],
  ];

  test.each(random)("%s: the same seed gives the same bits, another seed others", async (_name, initializer) => {
    const [a, again, other] = [
      await weights(initializer),
      await weights(initializer),
      await weights(initializer, undefined, 2),
    ];
    expect(again).toEqual(a);
    expect(a.filter((value, i) => value === other[i]).length).toBeLessThan(10);
  });

  test("all 53 bits of a seed count", async () => {
    const seen = new Set<string>();
    for (const seed of [0, 1, 2 ** 31, 2 ** 32, 2 ** 32 + 1, 2 ** 52, Number.MAX_SAFE_INTEGER])
      seen.add((await weights(normal(), [2, 2], seed)).join());
    expect(seen.size).toBe(7);
  });

  test.each(random)("%s: two layers of one shape begin differently", async (_name, initializer) => {
    const model: Model = await netOf([20], chain(dense(20, { initializer }), dense(20, { initializer })));
    const [first, second] = model.layout
      .filter((entry) => entry.kind === "weight")
      .map(({ offset, size }) => model.parameters.slice(offset, offset + size)) as [Float32Array, Float32Array];
    expect(first.filter((value, i) => value === second[i]).length).toBeLessThan(5);
  });

  test("a model without a seed is the model of seed 0", async () => {
    const make = (more: { readonly seed?: number }): Promise<Model> =>
      createModel({ input: [3], network: dense(3), loss: meanSquaredError(), ...more });
    expect((await make({})).parameters).toEqual((await make({ seed: 0 })).parameters);
  });
});
