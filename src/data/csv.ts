// CSV (RFC 4180), read strictly: a row with a cell too many, an open quote or a missing cell is an error that says where,
// not a row to be guessed at.
import { locate, readBytes } from "#platform";
import { requireOneOf, requireOptions, show } from "../checks.ts";
import { isWebPage, notAPage, reasonOf, showFile } from "./folder.ts";
import { gunzip, isGzip } from "./gzip.ts";
import type { Column, Table } from "./table.ts";

export interface CsvOptions {
  /** Character between cells; default ",". */
  readonly delimiter?: string;
  /** Names of the columns; default: the first row holds them. */
  readonly columns?: readonly string[];
  /** What columns hold, by name. Default: numbers where every cell is one, text where none is. */
  readonly types?: Readonly<Record<string, "number" | "text">>;
  /** "drop" leaves out rows with a missing cell: empty, NA, N/A, NaN, null or ?. Default "refuse". */
  readonly missing?: "refuse" | "drop";
  /** What messages call it, such as the file's name. */
  readonly source?: string;
}

const missingCells: ReadonlySet<string> = new Set(["", "na", "n/a", "nan", "null", "?"]);
const isMissing = (cell: string): boolean => missingCells.has(cell.trim().toLowerCase());
const isNumber = (cell: string): boolean => /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(cell);

/** A row of cells, and the line it begins in. */
interface Row {
  readonly cells: readonly string[];
  readonly line: number;
}

/**
 * Reads CSV as columns of numbers or text.
 * @throws for a row of another length, quotes that do not close, missing cells, text among numbers, two columns of one
 * name, and a file without rows; each names the line
 */
export function parseCsv(text: string, options: CsvOptions = {}): Table {
  requireOptions("parseCsv", options, ["delimiter", "columns", "types", "missing", "source"]);
  const { delimiter = ",", types = {}, missing = "refuse", source } = options;
  const fail = (what: string, line?: number): never => {
    const place = [source, line !== undefined && `line ${line}`].filter(Boolean).join(", ");
    throw new Error(`parseCsv: ${place}${place && ": "}${what}`);
  };
  if (typeof text !== "string") fail(`expected text, got ${show(text)}`);
  if (typeof delimiter !== "string" || delimiter.length !== 1 || '"\r\n'.includes(delimiter))
    fail(`delimiter must be one character, got ${show(delimiter)}`);
  requireOneOf("parseCsv", "missing", missing, ["refuse", "drop"]);
  const rows = rowsOf(text.startsWith("\ufeff") ? text.slice(1) : text, delimiter, options.columns?.length, fail);
  const names = options.columns ?? rows.shift()?.cells.map((name) => name.trim());
  if (!names) return fail("there is no text; the first row must hold the names of the columns");
  names.forEach((name, i) => {
    if (name === "") fail(`column ${i + 1} has no name; give names, as parseCsv(text, { columns })`, 1);
    if (names.indexOf(name) !== i) fail(`two columns are called ${show(name)}; give them different names`, 1);
  });
  for (const name of Object.keys(types))
    if (!names.includes(name))
      fail(`types names a column ${show(name)}; the columns are ${names.map(show).join(", ")}`);
  for (const { cells, line } of rows)
    if (cells.length !== names.length)
      fail(
        `the row has ${cells.length} cells for ${names.length} columns; mend it, or quote cells that hold ${show(delimiter)}`,
        line,
      );
  const whole = rows.filter(({ cells, line }) => {
    const at = cells.findIndex(isMissing);
    if (at >= 0 && missing === "refuse")
      fail(
        `column ${show(names[at])} has no value (${show(cells[at])}); fill it in, or leave such rows out with missing: "drop"`,
        line,
      );
    return at < 0;
  });
  if (whole.length === 0) fail(`there are no rows${rows.length > 0 ? " without a missing cell" : ""}`);
  const columns = names.map((name, i): Column => {
    const cells = whole.map((row) => row.cells[i] as string);
    const type = Object.hasOwn(types, name) ? types[name] : undefined;
    requireOneOf("parseCsv", `types.${name}`, type, [undefined, "number", "text"]);
    const first = cells.findIndex((cell) => !isNumber(cell));
    if (type === "text" || (type === undefined && !cells.some(isNumber))) return { name, values: cells };
    if (first >= 0)
      fail(
        `column ${show(name)} holds numbers, but here ${show(cells[first])}; mend it, or take all as text with types: { ${show(name)}: "text" }`,
        whole[first]?.line,
      );
    const values = Float64Array.from(cells, Number);
    const infinite = values.findIndex((value) => !Number.isFinite(Math.fround(value)));
    if (infinite >= 0)
      fail(
        `column ${show(name)} holds ${cells[infinite]}, which is beyond what 32-bit floats can hold`,
        whole[infinite]?.line,
      );
    return { name, values };
  });
  return { size: whole.length, columns };
}

/**
 * Splits text into rows of cells; lines with nothing in them are passed over, but in a table of one column, where such a line is
 * a missing cell.
 */
function rowsOf(
  text: string,
  delimiter: string,
  columns: number | undefined,
  fail: (what: string, line: number) => never,
): Row[] {
  const rows: Row[] = [];
  let width = columns;
  let cells: string[] = [];
  let line = 1;
  let first = 1;
  let at = 0;
  const endRow = (): void => {
    const isBlank = cells.length === 1 && cells[0] === "";
    if (!isBlank) width ??= cells.length;
    if (!isBlank || width === 1) rows.push({ cells, line: first });
    cells = [];
    line++;
    first = line;
  };
  while (at < text.length) {
    if (text[at] === '"') {
      const opened = line;
      let cell = "";
      for (at++; ; ) {
        const close = text.indexOf('"', at);
        if (close < 0) fail('a quote is never closed; add the missing "', opened);
        const piece = text.slice(at, close);
        line += piece.split("\n").length - 1;
        cell += piece;
        at = close + 1;
        if (text[at] !== '"') break;
        cell += '"';
        at++;
      }
      cells.push(cell);
      if (at < text.length && text[at] !== delimiter && text[at] !== "\n" && text[at] !== "\r")
        fail(
          `text follows a closing quote (${show(text.slice(at, at + 10))}); write a quote within quotes as ""`,
          line,
        );
    } else {
      let end = at;
      while (end < text.length && text[end] !== delimiter && text[end] !== "\n" && text[end] !== "\r") end++;
      cells.push(text.slice(at, end));
      at = end;
    }
    if (text[at] === delimiter) {
      at++;
      // A delimiter at the very end opens one more cell.
      if (at === text.length) cells.push("");
      continue;
    }
    if (text[at] === "\r") at++;
    if (text[at] === "\n") at++;
    endRow();
  }
  if (cells.length > 0) endRow();
  return rows;
}

/**
 * Reads a file of CSV, plain or gzipped: a path (Node) or an address.
 * @throws as parseCsv, and for a file that cannot be read or is not UTF-8
 */
export async function readCsv(place: string | URL, options: CsvOptions = {}): Promise<Table> {
  const url = place instanceof URL ? place : locate(place);
  const source = options.source ?? showFile(url);
  const read = await readBytes(url).catch((cause: unknown) => {
    throw new Error(`readCsv: cannot read ${source} (${reasonOf(cause)})`, { cause });
  });
  const bytes = isGzip(read) ? await gunzip("readCsv", read, source) : read;
  if (isWebPage(bytes)) throw new Error(`readCsv: ${source}: ${notAPage}`);
  return parseCsv(toText("readCsv", source, bytes), { ...options, source });
}

/** UTF-8 as text. */
function toText(call: string, source: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Error(`${call}: ${source}: the file is not UTF-8 text; save it as such`, { cause });
  }
}
