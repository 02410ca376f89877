// Splits and folds: invariants over arbitrary sizes, the shares of classes, and what is refused.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arrayDataset, type Dataset, kFold, parseCsv, subset, trainTestSplit } from "../../src/data/index.ts";

/** Each example is its own number, twice. */
const numbered = (labels: readonly number[]): Dataset =>
  arrayDataset({ x: labels.flatMap((_, i) => [i, i]), y: labels, shape: [2] });
const rowsOf = ({ x, size }: Dataset): number[] => Array.from({ length: size }, (_, i) => x[2 * i] as number);
const sorted = (rows: readonly number[]): number[] => [...rows].sort((a, b) => a - b);
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const count = (data: Dataset, label: number): number => data.y.filter((y) => y === label).length;

describe("trainTestSplit", () => {
  test("shares all rows out, whatever the sizes, and keeps each with its label", () => {
    fc.assert(
      fc.property(fc.integer({ min: 4, max: 60 }), fc.nat(1000), fc.boolean(), (n, seed, shuffle) => {
        const data = numbered(upTo(n).map((i) => i % 3));
        const { train, validation, test: held } = trainTestSplit(data, { test: 0.25, validation: 1, seed, shuffle });
        expect(held.size).toBe(Math.round(n / 4));
        expect(validation.size).toBe(1);
        const rows = [train, validation, held].flatMap(rowsOf);
        expect(sorted(rows)).toEqual(upTo(n));
        for (const part of [train, validation, held]) expect([...part.y]).toEqual(rowsOf(part).map((row) => row % 3));
        if (!shuffle) expect(rows).toEqual(upTo(n));
      }),
      { seed: 1 },
    );
  });

  test("with stratify gives every class its share, exact in total", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 3, max: 40 }), { minLength: 2, maxLength: 5 }),
        fc.double({ min: 0.1, max: 0.6, noNaN: true }),
        fc.nat(100),
        (sizes, share, seed) => {
          const data = numbered(sizes.flatMap((size, label) => new Array<number>(size).fill(label)));
          const number = Math.round(data.size * share);
          fc.pre(number > 0 && number + Math.round(data.size * 0.2) < data.size);
          const {
            train,
            test: held,
            validation,
          } = trainTestSplit(data, { test: number, validation: 0.2, stratify: true, seed });
          expect(held.size).toBe(number);
          expect(train.size + held.size + validation.size).toBe(data.size);
          sizes.forEach((size, label) =>
            expect(Math.abs(count(held, label) - (size * number) / data.size)).toBeLessThan(1),
          );
        },
      ),
      { seed: 2 },
    );
  });

  test("is decided by the seed", () => {
    const data = numbered(upTo(50));
    const held = (seed?: number): number[] => rowsOf(trainTestSplit(data, seed === undefined ? {} : { seed }).test);
    expect(held(3)).toEqual(held(3));
    expect(held()).toEqual(held(0));
    expect(held(3)).not.toEqual(held(4));
  });

  test("splits tables by a column, and keeps bytes, shapes and scales of images", () => {
    const table = parseCsv(
      `word,number\n${upTo(20)
        .map((i) => `${"ab"[i % 2]},${i}`)
        .join("\n")}`,
    );
    const { train, test: held } = trainTestSplit(table, { test: 4, stratify: "word" });
    expect(held.columns.map(({ name, values }) => [name, [...values].length])).toEqual([["word", 4], ["number", 4]]); // biome-ignore format: pairs
    expect([...(held.columns[0]?.values ?? [])].filter((word) => word === "a")).toHaveLength(2);
    expect(train.size).toBe(16);
    const images = arrayDataset({
      x: Uint8Array.from(upTo(16)),
      y: [0, 1, 2, 3],
      shape: [2, 2, 1],
      scale: 0.5,
      classes: ["a", "b", "c", "d"],
    });
    const { x, ...rest } = subset(images, [2, 0, 2]);
    expect(x).toEqual(Uint8Array.of(8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11));
    expect(rest).toEqual({ ...images, x: undefined, size: 3, y: Int32Array.of(2, 0, 2) });
  });

  test.each([
    [{ test: 0 }, "trainTestSplit: test must be a share in (0, 1) or a number of examples"],
    [{ test: 10 }, "that leaves some of 10 over, got 10"],
    [{ test: 1.5 }, "got 1.5"],
    [{ test: "1" as never }, 'got "1"'],
    [{ test: 5, validation: 5 }, "nothing of 10 examples would be left to train with"],
    [{ stratify: "label" }, 'stratify must be true or false for a data set, got "label"'],
    [{ stratify: true }, 'class "4" has 1 examples for 2 parts; give it more, or leave stratify out'],
    [{ stratify: true, shuffle: false }, "stratify chooses at random; leave shuffle: false out"],
    [{ seed: -1 }, "seed must be a whole number from 0 to 2^53 − 1, got -1"],
    [{ sede: 1 } as never, 'unknown option "sede"'],
  ])("refuses %o", (options, message) => {
    const data = numbered([0, 0, 0, 1, 1, 1, 2, 2, 2, 4]);
    expect(() => trainTestSplit(data, options)).toThrow(message);
  });

  test("takes rows of Node's Buffer as of any bytes, without a warning of its constructor", () => {
    class Pooled extends Uint8Array {
      constructor(first: never, ...rest: never[]) {
        if (typeof first === "number") throw new Error("deprecated");
        super(first, ...rest);
      }
    }
    const x = new Pooled(Uint8Array.of(1, 2, 3) as never);
    expect([...subset(arrayDataset({ x, y: [0, 1, 1], shape: [1] }), [2, 0]).x]).toEqual([3, 1]);
  });

  test("refuses labels that are values, tables without the column, and what is no data", () => {
    const values = arrayDataset({ x: [1, 2, 3], y: [1, 2, 3], shape: [1], targetShape: [1] });
    expect(() => trainTestSplit(values, { stratify: true })).toThrow("stratify needs class labels");
    const table = parseCsv("a,b\n1,2\n3,4\n");
    expect(() => trainTestSplit(table, { stratify: "c" })).toThrow('no column "c"; the columns are "a", "b"');
    expect(() => trainTestSplit(undefined as never)).toThrow("trainTestSplit: expected a data set, got undefined");
    expect(() => subset(values, [3])).toThrow("subset: rows[0] = 3 is not a row in [0, 3)");
    expect(() => subset(values, [])).toThrow("subset: rows is empty");
  });
});

describe("kFold", () => {
  test("tests each row once and trains with it in all other folds", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 7 }), fc.nat(40), fc.boolean(), (folds, more, shuffle) => {
        const n = folds + more;
        const parts = [...kFold(numbered(upTo(n)), { folds, shuffle })];
        expect(parts).toHaveLength(folds);
        expect(sorted(parts.flatMap((part) => rowsOf(part.test)))).toEqual(upTo(n));
        for (const { train, test: held } of parts) {
          expect(sorted([...rowsOf(train), ...rowsOf(held)])).toEqual(upTo(n));
          expect(Math.abs(held.size - n / folds)).toBeLessThan(1);
          if (!shuffle) expect(rowsOf(held)).toEqual(upTo(held.size).map((i) => i + (held.x[0] as number)));
        }
      }),
      { seed: 3 },
    );
  });

  test("with stratify spreads every class over the folds", () => {
    const data = numbered([...new Array(13).fill(0), ...new Array(7).fill(1), ...new Array(5).fill(2)]);
    for (const { test: held } of kFold(data, { folds: 5, stratify: true, seed: 4 })) {
      expect(held.size).toBe(5);
      [13, 7, 5].forEach((size, label) => expect(Math.abs(count(held, label) - size / 5)).toBeLessThan(1));
    }
  });

  test("refuses too many folds and classes too small for them", () => {
    expect(() => kFold(numbered([0, 1]), { folds: 3 })).toThrow("kFold: 2 examples cannot fill 3 folds; give fewer");
    expect(() => kFold(numbered([0, 1]), { folds: 1 })).toThrow("kFold: folds must be a whole number ≥ 2, got 1");
    expect(() => kFold(numbered([0, 0, 0, 1]), { folds: 2, stratify: true })).toThrow(
      'class "1" has 1 examples for 2 folds',
    );
  });
});
