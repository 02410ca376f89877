// The generator against a plain Philox4x32-10, itself checked against Random123's published vectors; then what is made
// of its bits: distributions, masks, permutations.
import { describe, expect, it } from "vitest";
import { Bench, builds } from "./harness.ts";
import { type Draw, philox, words } from "./philox.ts";

const draws: readonly Draw[] = [
  { seed: [0, 0], step: 0, stream: 0 },
  { seed: [0xffff_ffff, 0xffff_ffff], step: 0xffff_ffff, stream: -1 },
  { seed: [0xa409_3822, 0x299f_31d0], step: 0x85a3_08d3, stream: 0x1319_8a2e },
  { seed: [7, 0], step: 3, stream: 12 },
];

const stateOf = (bench: Bench, { seed, step }: Draw): number => bench.i32([seed[0], seed[1], step, 0]).pointer;

it("the reference reproduces the known answers of Random123", () => {
  const f = 0xffff_ffff;
  expect(philox([0, 0, 0, 0], [0, 0])).toEqual([0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
  expect(philox([f, f, f, f], [f, f])).toEqual([0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
  expect(philox([0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0])).toEqual([
    0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1,
  ]);
});

describe.each(builds)("random numbers in the %s build", async (build) => {
  const bench = await Bench.create(build);
  const { kernels } = bench;

  function uniform(draw: Draw, n: number, low = 0, high = 1): Float32Array {
    bench.reset();
    const out = bench.f32(n);
    kernels.randomUniform(out.pointer, n, stateOf(bench, draw), draw.stream, 0, low, high);
    bench.checkGuards();
    return out.array.slice();
  }
  function normal(draw: Draw, n: number, mean = 0, deviation = 1): Float32Array {
    bench.reset();
    const out = bench.f32(n);
    kernels.randomNormal(out.pointer, n, stateOf(bench, draw), draw.stream, 0, mean, deviation);
    bench.checkGuards();
    return out.array.slice();
  }
  function permutation(draw: Draw, n: number): number[] {
    bench.reset();
    const indices = bench.i32(Array.from({ length: n }, (_, i) => i));
    kernels.shuffle(indices.pointer, n, stateOf(bench, draw), draw.stream);
    bench.checkGuards();
    return [...indices.array];
  }

  /** Drawn once: the longest that a test takes slices of. */
  const [longUniform, longNormal] = [uniform(draws[3] as Draw, 200), normal(draws[3] as Draw, 200)];
  const uniformOf = (n: number): Float32Array => longUniform.slice(0, n);
  const normalOf = (n: number): Float32Array => longNormal.slice(0, n);

  it.each(draws)("uniform numbers are the top 24 bits of Philox at $seed, $step, $stream", (draw) => {
    const expected = words(draw, 100).map((word) => (word >>> 8) / 2 ** 24);
    expect([...uniform(draw, 100)]).toEqual(expected);
  });

  it("any length, 0 to 35, gives the same numbers at the same places", () => {
    const draw = draws[3] as Draw;
    for (let n = 0; n <= 35; n++) {
      expect(uniform(draw, n)).toEqual(uniformOf(n));
      expect(normal(draw, n)).toEqual(normalOf(n));
    }
  });

  it("seed, step and stream each change every draw", () => {
    const base = uniform({ seed: [1, 2], step: 3, stream: 4 }, 64);
    const others = [
      uniform({ seed: [2, 2], step: 3, stream: 4 }, 64),
      uniform({ seed: [1, 3], step: 3, stream: 4 }, 64),
      uniform({ seed: [1, 2], step: 4, stream: 4 }, 64),
      uniform({ seed: [1, 2], step: 3, stream: 5 }, 64),
    ];
    for (const other of others) expect(other.filter((x, i) => x === base[i]).length).toBe(0);
  });

  it.each([
    [0, 1],
    [-1, 1],
    [16_777_215, 16_777_216],
    [-16_777_216, -16_777_215],
    [1, 1 + 2 ** -23],
    [-(2 ** -149), 0],
    [0, 2 ** -149],
    [-0.1, 0.7],
  ])("uniform numbers stay in [%f, %f)", (low, high) => {
    const [least, most] = [Math.fround(low), Math.fround(high)];
    for (const x of uniform(draws[3] as Draw, 4096, low, high)) if (!(x >= least && x < most)) expect.fail(`${x}`);
  });

  it("uniform numbers have the moments and the flatness of the uniform distribution", () => {
    const n = 200_000;
    const sample = uniform({ seed: [5, 6], step: 1, stream: 2 }, n, 2, 4);
    const mean = sample.reduce((sum, x) => sum + x, 0) / n;
    const variance = sample.reduce((sum, x) => sum + (x - 3) ** 2, 0) / n;
    // Four standard errors: σ = 1/√3 of the numbers, √(1/5 − 1/9) of their squared deviations.
    expect(Math.abs(mean - 3)).toBeLessThan(4 / Math.sqrt(3 * n));
    expect(Math.abs(variance - 1 / 3)).toBeLessThan(4 * Math.sqrt((1 / 5 - 1 / 9) / n));
    const counts = new Array<number>(64).fill(0);
    for (const x of sample) (counts[Math.floor((x - 2) * 32)] as number)++;
    expect(chiSquare(counts, n / 64)).toBeLessThan(limit(63));
  });

  it("normal numbers are Box and Muller's of the words", () => {
    const draw = draws[2] as Draw;
    const got = normal(draw, 4096, 0.5, 2);
    const bits = words(draw, 4096);
    for (let i = 0; i < got.length; i++) {
      // Eight elements a pair of vectors: four cosines from words i and i + 4, then four sines.
      const first = i - (i & 4);
      const r = Math.sqrt(-2 * Math.log(((bits[first] as number) + 0.5) / 2 ** 32));
      const second = bits[first + 4] as number;
      const angle = (Math.PI / 2) * (second >>> 30) + (Math.PI / 4) * (((second << 2) | 0) / 2 ** 31);
      const exact = 0.5 + 2 * r * ((i & 4) === 0 ? Math.cos(angle) : Math.sin(angle));
      // u is off by 2⁻²⁴ and so is r by 2⁻²⁴/r; in units of 2⁻²³ r, log, √ and two products add ½ each,
      // the sine 1.6, the angle 1.5 · π/4, together below 5; the sum rounds once more.
      const tolerance = 2 * (2 ** -24 / r + 5 * 2 ** -23 * r) + 2 ** -24 * Math.abs(exact);
      expect(Math.abs((got[i] as number) - exact)).toBeLessThan(tolerance);
    }
  });

  it("normal numbers have the moments and the quantiles of the normal distribution", () => {
    const n = 200_000;
    const sample = normal({ seed: [5, 6], step: 1, stream: 2 }, n);
    const moment = (k: number): number => sample.reduce((sum, x) => sum + x ** k, 0) / n;
    // Four standard errors; the variances of x, x², x³, x⁴ are 1, 2, 15, 96.
    for (const [k, value, variance] of [
      [1, 0, 1],
      [2, 1, 2],
      [3, 0, 15],
      [4, 3, 96],
    ] as const)
      expect(Math.abs(moment(k) - value)).toBeLessThan(4 * Math.sqrt(variance / n));
    // Quartiles of the distribution, and no correlation of neighbours in a pair.
    const edges = [-0.674489750196, 0, 0.674489750196];
    const counts = [0, 0, 0, 0];
    for (const x of sample) (counts[edges.filter((edge) => x >= edge).length] as number)++;
    expect(chiSquare(counts, n / 4)).toBeLessThan(limit(3));
    let product = 0;
    for (let i = 0; i < n; i++) if ((i & 4) === 0) product += (sample[i] as number) * (sample[i + 4] as number);
    expect(Math.abs(product / (n / 2))).toBeLessThan(4 / Math.sqrt(n / 2));
  });

  it("dropout zeroes where the word is below rate · 2³² and scales the rest, for every length and in place", () => {
    const draw = draws[3] as Draw;
    const bits = words(draw, 35);
    for (const rate of [0, 0.25, 0.5, 0.9]) {
      for (let n = 0; n <= 35; n++) {
        bench.reset();
        const x = bench.f32(Array.from({ length: n }, (_, i) => i + 1));
        const y = bench.f32(n);
        const state = stateOf(bench, draw);
        kernels.dropout(y.pointer, x.pointer, n, state, draw.stream, 0, rate);
        const scale = Math.fround(1 / Math.fround(1 - Math.fround(rate)));
        const expected = bits
          .slice(0, n)
          .map((word, i) => (word < Math.fround(rate) * 2 ** 32 ? 0 : Math.fround((i + 1) * scale)));
        expect([...y.array]).toEqual(expected);
        kernels.dropout(x.pointer, x.pointer, n, state, draw.stream, 0, rate);
        expect([...x.array]).toEqual(expected);
        bench.checkGuards();
      }
    }
  });

  it("rows from any row on, of any width, get what the whole batch would draw for them", () => {
    const { seed, step, stream } = draws[3] as Draw;
    for (const width of [1, 3, 4, 16, 17])
      for (const firstRow of [1, 2, 5])
        for (const n of [0, 1, 2, 3, 4, 5, 17, 34]) {
          const start = firstRow * width;
          bench.reset();
          const out = bench.f32(n);
          const ones = bench.f32(new Float32Array(start + n).fill(1));
          const [whole, part] = [0, firstRow].map((row) => bench.i32([seed[0], seed[1], step, 0, row]).pointer) as [
            number,
            number,
          ];
          kernels.randomUniform(out.pointer, n, part, stream, width, 0, 1);
          expect(out.array).toEqual(uniformOf(start + n).slice(start));
          kernels.randomNormal(out.pointer, n, part, stream, width, 0, 1);
          expect(out.array).toEqual(normalOf(start + n).slice(start));
          kernels.dropout(out.pointer, ones.pointer, n, part, stream, width, 0.4);
          kernels.dropout(ones.pointer, ones.pointer, start + n, whole, stream, 0, 0.4);
          expect(out.array).toEqual(ones.array.slice(start));
          bench.checkGuards();
        }
  });

  it("shuffle gives a permutation of every length, another one for another step", () => {
    for (const n of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15, 16, 17, 1000]) {
      const shuffled = permutation(draws[3] as Draw, n);
      expect([...shuffled].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
    }
    expect(permutation({ seed: [1, 1], step: 1, stream: 0 }, 1000)).not.toEqual(
      permutation({ seed: [1, 1], step: 2, stream: 0 }, 1000),
    );
  });

  it("shuffle follows Fisher and Yates on the words", () => {
    const draw = draws[2] as Draw;
    const n = 100;
    const expected = Array.from({ length: n }, (_, i) => i);
    const bits = words(draw, 2 * n + 16).map(BigInt);
    for (let i = n - 1, k = 0; i > 0; i--, k++) {
      // Eight exchanges a block: words 0 and 1 of the four lanes, then words 2 and 3.
      const place = 16 * (k >> 3) + 8 * ((k >> 2) & 1) + (k & 3);
      const j = Number(((((bits[place] as bigint) << 32n) | (bits[place + 4] as bigint)) * BigInt(i + 1)) >> 64n);
      [expected[i], expected[j]] = [expected[j] as number, expected[i] as number];
    }
    expect(permutation(draw, n)).toEqual(expected);
  });

  it("shuffle gives all 120 permutations of five equally often", () => {
    const counts = new Map<string, number>();
    const trials = 24_000;
    for (let step = 0; step < trials; step++) {
      const key = permutation({ seed: [11, 0], step, stream: 1 }, 5).join("");
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(120);
    expect(chiSquare([...counts.values()], trials / 120)).toBeLessThan(limit(119));
  });
});

/** Σ (count − expected)² / expected */
function chiSquare(counts: readonly number[], expected: number): number {
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

/** The 99.9 % quantile of χ² with k degrees of freedom (Wilson and Hilferty); the seeds are fixed. */
function limit(k: number): number {
  return k * (1 - 2 / (9 * k) + 3.09 * Math.sqrt(2 / (9 * k))) ** 3;
}
