// CSV: what is read, what is refused and where, and arbitrary texts.
import { writeFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type CsvOptions, parseCsv, readCsv, type Table } from "../../src/data/index.ts";

const plain = ({ columns }: Table): Record<string, unknown[]> =>
  Object.fromEntries(columns.map(({ name, values }) => [name, [...values]]));

describe("parseCsv", () => {
  test("takes a blank line in a table of one column for a missing cell", () => {
    const message = 'line 3: column "a" has no value (""); fill it in';
    expect(() => parseCsv("\na\n\n1\n")).toThrow(message);
    expect(() => parseCsv("a\n1\n\n3\n")).toThrow(message);
    expect(() => parseCsv("1\n2\n\n", { columns: ["a"] })).toThrow(message);
    expect(parseCsv("a\n1\n\n3\n", { missing: "drop" }).columns[0]?.values).toEqual(Float64Array.of(1, 3));
  });

  test("reads numbers and text, quotes, empty lines, line ends and a byte order mark", () => {
    const text = '\ufeffa, b ,"c ""x"""\r\n1,-2.5e1,"one, two"\r\n\r\n +3 ,.5,"three\nlines"\r\n';
    expect(plain(parseCsv(text))).toEqual({ a: [1, 3], b: [-25, 0.5], 'c "x"': ["one, two", "three\nlines"] });
    expect(parseCsv(text).columns[0]?.values).toBeInstanceOf(Float64Array);
  });

  test("takes another delimiter, names of its own, and types as told", () => {
    const options: CsvOptions = { delimiter: ";", columns: ["zip", "city"], types: { zip: "text" } };
    expect(plain(parseCsv("01234;Bonn\n98765;Köln", options))).toEqual({
      zip: ["01234", "98765"],
      city: ["Bonn", "Köln"],
    });
  });

  test("leaves rows with missing cells out when told", () => {
    const text = "a,b\n1,x\n,y\nNaN,z\n4,NA\n5,?\n6,w\n";
    expect(plain(parseCsv(text, { missing: "drop" }))).toEqual({ a: [1, 6], b: ["x", "w"] });
  });

  test("writes nothing by an unlucky name", () => {
    expect(plain(parseCsv("__proto__,constructor\n1,2\n"))).toEqual(Object.fromEntries([["__proto__", [1]], ["constructor", [2]]])); // biome-ignore format: pairs
    expect(({} as Record<string, unknown>)["0"]).toBeUndefined();
  });

  test.each<[string, string, CsvOptions?]>([
    ["", "there is no text"],
    ["a,b\n", "there are no rows"],
    ["a,b\n1,\n", 'line 2: column "b" has no value (""); fill it in, or leave such rows out with missing: "drop"'],
    ["a,b\n1,2\n3,NaN\n", 'line 3: column "b" has no value ("NaN")'],
    ["a\nNA\n", "there are no rows without a missing cell", { missing: "drop" }],
    [
      "a,b\n1,2\n3,four\n",
      'line 3: column "b" holds numbers, but here "four"; mend it, or take all as text with types: { "b": "text" }',
    ],
    ["a\nx\n1\n", 'line 2: column "a" holds numbers, but here "x"'],
    ["a\nx\n", 'column "a" holds numbers, but here "x"', { types: { a: "number" } }],
    ["a\n1e39\n", 'line 2: column "a" holds 1e39, which is beyond what 32-bit floats can hold'],
    ["a\n0x10\n1\n", 'holds numbers, but here "0x10"'],
    ["a\n1\nInfinity\n", 'holds numbers, but here "Infinity"'],
    ["a,b\n1\n3,4\n", "line 2: the row has 1 cells for 2 columns; mend it"],
    ["a,b\n1,2,3\n", "line 2: the row has 3 cells for 2 columns"],
    ['a,b\n"1\n2",3\n4\n', "line 4: the row has 1 cells"],
    ['a,b\n1,"2\n', 'line 2: a quote is never closed; add the missing "'],
    ['a,b\n1,"2"x\n', 'line 2: text follows a closing quote ("x'],
    ["a,,b\n1,2,3\n", "line 1: column 2 has no name"],
    ["a,b,a\n1,2,3\n", 'line 1: two columns are called "a"'],
    ["a\n1\n", 'types names a column "b"; the columns are "a"', { types: { b: "text" } }],
    ["a\n1\n", 'types.a must be undefined or "number" or "text"', { types: { a: "date" as never } }],
    ["a\n1\n", 'delimiter must be one character, got ",,"', { delimiter: ",," }],
    ["a\n1\n", 'missing must be "refuse" or "drop", got "mean"', { missing: "mean" as never }],
    ["a\n1\n", 'unknown option "header"', { header: true } as never],
  ])("refuses %j: %s", (text, message, options = {}) => {
    expect(() => parseCsv(text, options)).toThrow(message);
  });

  test("says which file", () => {
    expect(() => parseCsv("a\n", { source: "data.csv" })).toThrow("parseCsv: data.csv: there are no rows");
    expect(() => parseCsv("a\n1\nx\n", { source: "data.csv" })).toThrow("parseCsv: data.csv, line 3: column");
    expect(() => parseCsv(3 as never)).toThrow("parseCsv: expected text, got 3");
  });
});

describe("arbitrary texts", () => {
  const cell = fc.oneof(
    fc.string({ minLength: 1, maxLength: 5 }).filter((s) => !/^\s*(na|n\/a|nan|null|\?)?\s*$/i.test(s)),
    fc.constantFrom('"', ",", "\n", "\r\n", 'a"b', "a,b", "-1"),
  );
  test("what is written with quotes is read as it was", () => {
    const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
    const bare = (text: string): string => (/[",\r\n]/.test(text) || text.startsWith("\ufeff") ? quoted(text) : text);
    fc.assert(
      fc.property(
        fc
          .integer({ min: 1, max: 4 })
          .chain((width) =>
            fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 6 }),
          ),
        fc.boolean(),
        fc.constantFrom("\n", "\r\n"),
        (rows, always, end) => {
          const columns = (rows[0] as string[]).map((_, i) => `c${i}`);
          const cells = rows.filter((row) => !row.every((text) => /^[\r\n]*$/.test(text)));
          fc.pre(cells.length > 0 && cells.every((row) => row.every((text) => text.trim() !== "")));
          const text = cells.map((row) => row.map(always ? quoted : bare).join(",")).join(end);
          const types = Object.fromEntries(columns.map((name) => [name, "text" as const]));
          const table = parseCsv(text, { columns, types });
          expect(table.columns.map(({ values }) => [...values])).toEqual(
            columns.map((_, i) => cells.map((row) => row[i])),
          );
        },
      ),
      { seed: 4, numRuns: 500 },
    );
  });

  test("are read or refused by name, and never hang", () => {
    const piece = fc.constantFrom('"', ",", "\n", "\r", "1", "x", "NaN", " ", '""', ";", "é", "\u0000", "1e5");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        let table: Table;
        try {
          table = parseCsv(pieces.join(""));
        } catch (error) {
          expect((error as Error).message).toMatch(/^parseCsv: /);
          return;
        }
        expect(table.size).toBeGreaterThan(0);
        for (const { name, values } of table.columns) {
          expect(name).not.toBe("");
          expect(values).toHaveLength(table.size);
          if (values instanceof Float64Array) expect(values.every(Number.isFinite)).toBe(true);
        }
      }),
      { seed: 5, numRuns: 2000 },
    );
  });
});

describe("readCsv", () => {
  test("reads files, plain and gzipped, and says what is wrong with others", async () => {
    const folder = await mkdtemp(join(tmpdir(), "thalweg-csv-"));
    const put = (name: string, bytes: string | Uint8Array): string => {
      const path = join(folder, name);
      writeFileSync(path, bytes);
      return path;
    };
    expect(plain(await readCsv(put("a.csv", "x,y\n1,ä\n")))).toEqual({ x: [1], y: ["ä"] });
    expect(plain(await readCsv(put("a.csv.gz", gzipSync("x\n1\n"))))).toEqual({ x: [1] });
    await expect(readCsv(join(folder, "none.csv"))).rejects.toThrow(/^readCsv: cannot read .*none\.csv/);
    await expect(readCsv(put("b.csv", "x\ny\n1\n"))).rejects.toThrow(/^parseCsv: .*b\.csv, line 2/);
    await expect(readCsv(put("c.csv", Uint8Array.of(0x61, 0x0a, 0xff)))).rejects.toThrow(
      /c\.csv: the file is not UTF-8 text/,
    );
    await expect(readCsv(put("d.csv", "<!doctype html>"))).rejects.toThrow(/d\.csv: it looks like a web page/);
    await expect(readCsv(put("e.csv.gz", gzipSync("x\n1\n").subarray(0, 15)))).rejects.toThrow(
      /readCsv: .*its gzip data is damaged/,
    );
  });
});
