// From tables to data sets: scikit-learn's numbers, the training table's alone, whatever the order of the columns.
import { describe, expect, test } from "vitest";
import {
  decodeTargets,
  type EncoderOptions,
  encodeExamples,
  encodeTable,
  parseCsv,
  type Table,
  tableEncoder,
} from "../../src/data/index.ts";
import golden from "../golden/data.json" with { type: "json" };

const { encode } = golden;
const tableOf = (rows: readonly (readonly number[])[], words: readonly string[]): Table => ({
  size: rows.length,
  columns: [
    { name: "a", values: Float64Array.from(rows, (row) => row[0] as number) },
    { name: "w", values: words },
    { name: "b", values: Float64Array.from(rows, (row) => row[1] as number) },
    { name: "y", values: words.map((word) => (word === "a" ? "yes" : "no")) },
  ],
});
const table = tableOf(encode.numbers, encode.words);
const later = tableOf(encode.later, ["c"]);
const examples = (x: ArrayLike<number>, width: number): number[][] =>
  Array.from({ length: x.length / width }, (_, i) =>
    Array.from({ length: width }, (__, j) => x[i * width + j] as number),
  );
/** The rounding to f32. */
const expectClose = (got: readonly (readonly number[])[], expected: readonly (readonly number[])[]): void =>
  got.forEach((row, i) => row.forEach((value, j) => expect(value).toBe(Math.fround(expected[i]?.[j] as number))));

describe.each(["standard", "minMax"] as const)("scale: %s", (scale) => {
  test("is scikit-learn's, learnt from the training table alone", () => {
    const encoder = tableEncoder(table, { target: "y", features: ["a", "b"], scale });
    expectClose(examples(encodeTable(table, encoder).x, 2), encode[scale]);
    expectClose(examples(encodeExamples(later, encoder), 2), encode[`${scale}Later`]);
  });
});

test("text becomes one number a kind, as scikit-learn's OneHotEncoder", () => {
  const encoder = tableEncoder(table, { target: "y", features: ["w"] });
  expect(examples(encodeTable(table, encoder).x, 3)).toEqual(encode.oneHot);
});

test("a data set has the classes' names, and the encoder survives JSON and another order of columns", () => {
  const encoder = tableEncoder(table, { target: "y", scale: "none" });
  const data = encodeTable(table, encoder);
  expect(data).toMatchObject({ size: 4, shape: [5], targetShape: [], classes: ["no", "yes"], name: "y" });
  expect([...data.y]).toEqual([0, 1, 0, 1]);
  expect([...data.x.subarray(0, 5)]).toEqual([1.5, 0, 1, 0, -20]);
  const copy = JSON.parse(JSON.stringify(encoder)) as typeof encoder;
  const turned: Table = { size: 4, columns: [{ name: "more", values: ["", "", "", ""] }, ...table.columns].reverse() };
  expect(encodeTable(turned, copy)).toEqual(data);
  // To predict, no target is needed.
  expect(encodeExamples({ size: 4, columns: table.columns.slice(0, 3).reverse() }, copy)).toEqual(data.x);
});

describe("the target", () => {
  const numeric = (values: readonly number[]): Table =>
    parseCsv(`x,y\n${values.map((y, i) => `${i},${y}`).join("\n")}`);
  const kind = (values: readonly number[], more: Partial<EncoderOptions> = {}): string =>
    tableEncoder(numeric(values), { target: "y", ...more }).target.kind;

  test("of few whole numbers is a class, else a value, unless told", () => {
    const ten = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 10 : 9));
    expect(kind(ten)).toBe("category");
    expect(kind(ten, { task: "regression" })).toBe("number");
    expect(kind(ten.map((y) => y + 0.5))).toBe("number");
    expect(kind(ten.map((_, i) => i))).toBe("number");
    expect(encodeTable(numeric(ten), tableEncoder(numeric(ten), { target: "y" })).classes).toEqual(["9", "10"]);
  });

  test("of a regression is scaled when asked, and comes back", () => {
    const values = [3, 5.5, -2, 8];
    const encoder = tableEncoder(numeric(values), { target: "y", targetScale: "standard" });
    const { y, targetShape } = encodeTable(numeric(values), encoder);
    expect(targetShape).toEqual([1]);
    expect(Math.abs(Array.from(y).reduce((a, b) => a + b))).toBeLessThan(1e-6);
    decodeTargets(y, encoder).forEach((value, i) => expect(value).toBeCloseTo(values[i] as number, 5));
    expect(() => decodeTargets([1], tableEncoder(table, { target: "y" }))).toThrow('decodeTargets: "y" is a class');
  });
});

describe("bad tables", () => {
  const csv = (text: string): Table => parseCsv(text);
  const four = "x,c,w,y\n1,7,k,a\n2,7,k,b\n3,7,k,a\n4,7,k,b\n";
  test.each<readonly [string, Table, EncoderOptions]>([
    ['there is no column "z"; the columns are "x", "c", "w", "y"', csv(four), { target: "z" }],
    ['there is no column "q"', csv(four), { target: "y", features: ["x", "q"] }],
    ['there is no column "q"', csv(four), { target: "y", exclude: ["q"] }],
    ['column "c" holds 7 in every row and tells nothing; leave it out with exclude: ["c"]', csv(four), { target: "y" }],
    ['column "w" holds "k" in every row', csv(four), { target: "y", exclude: ["c"] }],
    ['the target "w" holds one class alone, "k"', csv(four), { target: "w" }],
    ['the target "c" is 7 in every row: there is nothing to learn', csv(four), { target: "c", task: "regression" }],
    [
      'the target "y" holds text; a regression needs numbers',
      csv(four),
      { target: "y", features: ["x"], task: "regression" },
    ],
    ['the target "y" is among the features', csv(four), { target: "y", features: ["x", "y"] }],
    ['there are no columns to predict "y" from', csv(four), { target: "y", exclude: ["x", "c", "w"] }],
    ['scale must be "standard" or "minMax" or "none"', csv(four), { target: "y", scale: "robust" as never }],
    ["expected a table such as parseCsv makes, got 3", 3 as never, { target: "y" }],
    [
      'column "x", row 1: NaN is not a finite number',
      {
        size: 2,
        columns: [
          { name: "x", values: Float64Array.of(1, Number.NaN) },
          { name: "y", values: ["a", "b"] },
        ],
      },
      { target: "y" },
    ],
    ['column "y" holds 1 values for 2 rows', { size: 2, columns: [{ name: "y", values: ["a"] }] }, { target: "y" }],
  ])("%s", (message, bad, options) => {
    expect(() => tableEncoder(bad, options)).toThrow(message);
  });

  test("later ones are refused by column and row", () => {
    const encoder = tableEncoder(table, { target: "y" });
    const without = (name: string): Table => ({
      size: 4,
      columns: table.columns.filter((column) => column.name !== name),
    });
    const withValues = (name: string, values: Float64Array | readonly string[]): Table => ({
      size: 4,
      columns: table.columns.map((column) => (column.name === name ? { name, values } : column)),
    });
    expect(() => encodeExamples(without("b"), encoder)).toThrow(
      'encodeExamples: there is no column "b"; the columns are "a", "w", "y"',
    );
    expect(() => encodeTable(without("y"), encoder)).toThrow('encodeTable: there is no column "y"');
    expect(() => encodeExamples(withValues("w", ["a", "b", "q", "a"]), encoder)).toThrow(
      'encodeExamples: column "w", row 2: "q" was not there when the encoder was made; known are "a", "b", "c"',
    );
    expect(() => encodeTable(withValues("y", ["yes", "no", "no", "maybe"]), encoder)).toThrow(
      'column "y", row 3: "maybe"',
    );
    expect(() => encodeExamples(withValues("a", ["1", "2", "3", "x"]), encoder)).toThrow(
      'column "a" holds text such as "1"',
    );
    expect(() => encodeExamples(withValues("a", Float64Array.of(1, 2, Number.POSITIVE_INFINITY, 4)), encoder)).toThrow(
      'column "a", row 2: Infinity is not a finite number',
    );
  });
});
