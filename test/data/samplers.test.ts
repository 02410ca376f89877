// The orders that samplers draw: what each promises, and that equal contexts give equal rows.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type EpochContext, type Sampler, samplers } from "../../src/data/index.ts";
import { aliasTable } from "../../src/data/samplers/alias.ts";

const size = 60;
/** 40, 15 and 5 of three classes. */
const targets = Int32Array.from({ length: size }, (_, i) => (i % 12 === 0 ? 2 : i % 4 === 1 ? 1 : 0));
const scores = Float32Array.from({ length: size }, (_, i) => (i * 37) % 50);
const context: EpochContext = { size, targets, batchSize: 12, epoch: 1, seed: 7, round: 0, scores };
const own = Array.from({ length: size }, (_, i) => i % 5);

const all: readonly (readonly [make: (options: { readonly seed?: number }) => Sampler, repeats: boolean])[] = [
  [samplers.sequential as () => Sampler, false],
  [samplers.shuffledOnce, false],
  [samplers.reshuffled, false],
  [samplers.stratified, false],
  [samplers.withReplacement, true],
  [samplers.classBalanced, true],
  [(options) => samplers.weighted(own, options), true],
  [(options) => samplers.importance(options), true],
  [(options) => samplers.curriculum(options), true],
];
const rowsOf = async (sampler: Sampler, more: Partial<EpochContext> = {}): Promise<number[]> =>
  Array.from((await sampler.epoch({ ...context, ...more })).rows);
const sorted = (rows: readonly number[]): number[] => rows.toSorted((a, b) => a - b);
const everyRow = Array.from({ length: size }, (_, i) => i);

describe.each(all.map(([make, repeats]) => [make({}).name, make, repeats] as const))(
  "samplers.%s",
  (name, make, repeats) => {
    test("draws the same rows in the same context, and as many as there are", async () => {
      const sampler = make({});
      const rows = await rowsOf(sampler);
      expect(rows).toHaveLength(size);
      expect(rows.every((row) => Number.isInteger(row) && row >= 0 && row < size)).toBe(true);
      await rowsOf(sampler, { round: 5 });
      expect(await rowsOf(sampler)).toEqual(rows);
      expect(await rowsOf(make({}))).toEqual(rows);
    });

    test(repeats ? "may draw a row again" : "draws every row once", async () => {
      const rows = await rowsOf(make({}), { size, round: 3 });
      if (repeats) expect(new Set(rows).size).toBeLessThan(size);
      else expect(sorted(rows)).toEqual(everyRow);
    });

    test("depends on the seed and the number of the epoch as it says", async () => {
      const rows = await rowsOf(make({}));
      const random = name !== "sequential";
      expect((await rowsOf(make({}), { seed: 8 })).join() !== rows.join()).toBe(random);
      expect((await rowsOf(make({}), { round: 1 })).join() !== rows.join()).toBe(random && name !== "shuffledOnce");
      if (random) {
        // Beyond 32 bits too.
        expect(await rowsOf(make({}), { seed: 7 + 2 ** 32 })).not.toEqual(rows);
        expect(await rowsOf(make({ seed: 7 }), { seed: 99 })).toEqual(rows);
        expect(() => make({ seed: -1 })).toThrow(`samplers.${name}: seed must be a whole number`);
        expect(() => make({ sed: 1 } as never)).toThrow(`samplers.${name}: unknown option "sed"`);
      }
    });
  },
);

/**
 * χ² of counts against chances. Beyond the returned limit by chance less than once in 10⁶: Wilson and Hilferty's
 * approximation for the normal quantile 4.75.
 */
function chiSquare(
  counts: readonly number[],
  chances: readonly number[],
): { readonly value: number; readonly limit: number } {
  const n = counts.reduce((a, b) => a + b);
  let [value, freedom] = [0, -1];
  counts.forEach((count, i) => {
    const expected = n * (chances[i] as number);
    if (expected === 0) expect(count).toBe(0);
    else {
      value += (count - expected) ** 2 / expected;
      freedom++;
    }
  });
  const c = 2 / (9 * freedom);
  return { value, limit: freedom * (1 - c + 4.75 * Math.sqrt(c)) ** 3 };
}

async function countsOf(sampler: Sampler, epochs: number, more: Partial<EpochContext> = {}): Promise<number[]> {
  const counts = new Array<number>(more.size ?? size).fill(0);
  for (let round = 0; round < epochs; round++)
    for (const row of await rowsOf(sampler, { ...more, round })) counts[row] = (counts[row] as number) + 1;
  return counts;
}
const share = (values: readonly number[]): number[] => values.map((v) => v / values.reduce((a, b) => a + b));
const rowsOfClass = (label: number): number => targets.filter((t) => t === label).length;

describe("how often rows come", () => {
  test.each([
    ["weighted", samplers.weighted(own), share(own)],
    ["withReplacement", samplers.withReplacement(), new Array(size).fill(1 / size)],
    ["classBalanced", samplers.classBalanced(), Array.from(targets, (label) => 1 / 3 / rowsOfClass(label))],
    ["importance", samplers.importance({ uniform: 0.2 }), share([...scores]).map((s) => 0.8 * s + 0.2 / size)],
  ] as const)("is what %s says, by χ²", async (_, sampler, chances) => {
    const counts = await countsOf(sampler, 1000);
    const { value, limit } = chiSquare(counts, chances);
    expect(value).toBeLessThan(limit);
    // And it can tell: alike chances, or others, are not these.
    const other = chances.toReversed();
    if (new Set(chances).size > 1)
      expect(
        chiSquare(
          counts.filter((_c, i) => other[i]),
          share(other.filter(Boolean)),
        ).value,
      ).toBeGreaterThan(limit);
  });

  test("in rank and place alike: reshuffled puts every row everywhere", async () => {
    const epochs = 4000;
    const small = { size: 5, targets: targets.slice(0, 5) };
    const places = new Array<number>(25).fill(0);
    for (let round = 0; round < epochs; round++)
      (await rowsOf(samplers.reshuffled(), { ...small, round })).forEach((row, at) => {
        places[5 * at + row] = (places[5 * at + row] as number) + 1;
      });
    const { value, limit } = chiSquare(places, new Array(25).fill(1 / 25));
    expect(value).toBeLessThan(limit);
  });

  test("by an alias table is exactly as often as the weights say, whatever they are", () => {
    const weight = fc.oneof(fc.constant(0), fc.double({ min: 1e-6, max: 1e6, noNaN: true }));
    fc.assert(
      fc.property(fc.array(weight, { minLength: 1, maxLength: 30 }), (weights) => {
        fc.pre(weights.some((w) => w > 0));
        const table = aliasTable(weights);
        const n = weights.length;
        const got = new Array<number>(n).fill(0);
        // Between its two ends, a cell is cut once: found by halving.
        for (let cell = 0; cell < n; cell++) {
          const [first, last] = [table.at(cell / n), table.at((cell + 1 - 1e-12) / n)];
          let [low, high] = [0, 1 - 1e-12];
          for (let i = 0; i < 60 && first !== last; i++) {
            const middle = (low + high) / 2;
            if (table.at((cell + middle) / n) === first) low = middle;
            else high = middle;
          }
          const cut = first === last ? 1 : low;
          got[first] = (got[first] as number) + cut / n;
          got[last] = (got[last] as number) + (1 - cut) / n;
        }
        const chances = share(weights);
        for (let i = 0; i < n; i++) {
          if (weights[i] === 0) expect(got[i]).toBe(0);
          expect(Math.abs((got[i] as number) - (chances[i] as number))).toBeLessThan(1e-9);
        }
      }),
    );
  });
});

describe("samplers.importance", () => {
  test("has weights that make up for the chances, and none above 1/uniform", async () => {
    const { rows, weights } = await samplers.importance({ uniform: 0.25 }).epoch(context);
    const chances = share([...scores]).map((s) => 0.75 * s + 0.25 / size);
    Array.from(rows).forEach((row, at) => {
      expect(weights?.[at]).toBeCloseTo(1 / (size * (chances[row] as number)), 9);
      expect(weights?.[at]).toBeLessThanOrEqual(4 * (1 + 1e-12));
    });
  });
  test("is uniform where no example has anything to teach", async () => {
    const { weights } = await samplers.importance().epoch({ ...context, scores: new Float32Array(size) });
    expect(new Set(weights as Float64Array)).toEqual(new Set([1]));
  });
  test("refuses scores that are no measure, and options that are none", () => {
    const bad = (value: number) => () => samplers.importance().epoch({ ...context, scores: Float32Array.of(1, value) });
    expect(bad(-1)).toThrow("score of example 1 is -1, not a finite number ≥ 0");
    expect(bad(Number.NaN)).toThrow("score of example 1 is NaN");
    expect(() => samplers.importance({ by: "hessian" as never })).toThrow("samplers.importance: by must be");
    expect(() => samplers.importance({ uniform: 0 })).toThrow("samplers.importance: uniform must be in");
  });
});

describe("samplers.stratified", () => {
  const countsIn = (rows: readonly number[], labels: Int32Array, batchSize: number, classes: number): number[][] =>
    Array.from({ length: Math.ceil(rows.length / batchSize) }, (_, b) => {
      const batch = rows.slice(b * batchSize, (b + 1) * batchSize).map((row) => labels[row] as number);
      return Array.from({ length: classes }, (_c, label) => batch.filter((own) => own === label).length);
    });

  test("has batches with the classes of the whole", async () => {
    for (let round = 0; round < 20; round++)
      for (const counts of countsIn(await rowsOf(samplers.stratified(), { round }), targets, 12, 3))
        expect(counts).toEqual([8, 3, 1]);
  });

  test("comes as near as whole examples can, whatever the classes and the batch", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 9 }),
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 0, max: 1000 }),
        (members, batchSize, round) => {
          const labels = Int32Array.from(members.flatMap((count, label) => new Array<number>(count).fill(label)));
          const given = { ...context, size: labels.length, targets: labels, batchSize, round };
          const { rows } = samplers.stratified().epoch(given) as { readonly rows: Int32Array };
          expect(sorted([...rows])).toEqual(Array.from(labels, (_, i) => i));
          for (const counts of countsIn([...rows], labels, batchSize, members.length)) {
            const length = counts.reduce((a, b) => a + b);
            counts.forEach((count, label) => {
              const quota = (length * (members[label] as number)) / labels.length;
              expect(Math.abs(count - quota)).toBeLessThan(2);
            });
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test("takes the targets of binary losses for classes, and no other numbers", async () => {
    const signs = Float32Array.from({ length: size }, (_, i) => (i % 4 === 0 ? 1 : -1));
    const rows = await rowsOf(samplers.stratified(), { targets: signs });
    for (const [positive] of countsIn(
      rows,
      Int32Array.from(signs, (y) => Number(y < 0)),
      12,
      2,
    ))
      expect(positive).toBe(3);
    for (const sampler of [samplers.stratified(), samplers.classBalanced()])
      for (const values of [new Float32Array(size).fill(0.5), new Int32Array(2 * size)])
        expect(() => sampler.epoch({ ...context, targets: values })).toThrow(
          `samplers.${sampler.name}: the data set has target values, not one label an example`,
        );
  });
});

describe("samplers.curriculum", () => {
  const difficulty = Array.from({ length: size }, (_, i) => -i);
  test("opens a growing share, the easiest first, each row as often as the others", async () => {
    const sampler = samplers.curriculum({ difficulty, start: 0.2, epochs: 3 });
    for (const [epoch, open] of [
      [1, 12],
      [2, 36],
      [3, 60],
      [9, 60],
    ] as const) {
      const rows = await rowsOf(sampler, { epoch });
      expect(sorted([...new Set(rows)])).toEqual(everyRow.slice(size - open));
      const counts = everyRow.slice(size - open).map((row) => rows.filter((own) => own === row).length);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    }
  });
  test("goes by the loss where no difficulty is given", async () => {
    const rows = await rowsOf(samplers.curriculum({ start: 0.1 }));
    const easiest = everyRow.toSorted((a, b) => (scores[a] as number) - (scores[b] as number)).slice(0, 6);
    expect(sorted([...new Set(rows)])).toEqual(sorted(easiest));
  });
  test.each([
    [{ difficulty: [Number.NaN] }, "difficulty[0] is NaN"],
    [{ difficulty: "hard" }, "difficulty must be an array of numbers"],
    [{ start: 0 }, "start must be in"],
    [{ epochs: 0 }, "epochs must be a whole number ≥ 1"],
  ])("refuses %j", (options, says) => {
    expect(() => samplers.curriculum(options as never)).toThrow(`samplers.curriculum: ${says}`);
  });
  test("refuses another number of difficulties than examples", () => {
    expect(() => samplers.curriculum({ difficulty: [1, 2] }).epoch(context)).toThrow(
      "difficulty has 2 numbers for a data set of 60",
    );
  });
});

describe("samplers.weighted refuses", () => {
  test.each([
    [[-1, 1], "weights[0] = -1 is not a finite number ≥ 0"],
    [[0, 0], "all weights are 0"],
    [[], "all weights are 0"],
    [["1"], 'weights[0] = "1" is not a number'],
    [undefined, "weights must be an array of numbers"],
    [[Number.POSITIVE_INFINITY], "weights[0] = Infinity is not a finite number ≥ 0"],
  ])("%j", (weights, says) => {
    expect(() => samplers.weighted(weights as never)).toThrow(`samplers.weighted: ${says}`);
  });
  test("another number of weights than examples", () => {
    expect(() => samplers.weighted([1, 2]).epoch(context)).toThrow("2 weights for a data set of 60 examples");
  });
});
