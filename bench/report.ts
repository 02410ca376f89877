// Rows for people: a table for the terminal and, the same, for the README.
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import type { Row } from "./row.ts";

/** Each Node has a place of its own in the README. */
const major = process.versions.node.split(".")[0];
const begin = `<!-- bench:node${major}:start -->`;
const end = `<!-- bench:node${major}:end -->`;

/** One Markdown table for each suite and kind of rate, its columns aligned so that it reads well in a terminal too. */
export function tables(rows: readonly Row[]): string {
  const suites = [...new Set(rows.map(({ suite }) => suite))];
  const parts = suites.flatMap((suite) => {
    const own = rows.filter((row) => row.suite === suite);
    return [own.filter((row) => row.gigabytes === undefined), own.filter((row) => row.gigabytes !== undefined)];
  });
  return parts
    .filter(({ length }) => length > 0)
    .map(table)
    .join("\n\n");
}

function table(rows: readonly Row[]): string {
  const peers = [...new Set(rows.flatMap((row) => Object.keys(row.peers)))];
  const rated = rows.some(({ gflops }) => gflops !== undefined);
  const moving = rows.some(({ gigabytes }) => gigabytes !== undefined);
  const rates = rated ? ["GFLOP/s", "of ceiling"] : moving ? ["GB/s", "of a copy's"] : [];
  const heading = [rows[0]?.suite ?? "", "thalweg", ...rates, ...peers];
  const rate = (value: number | undefined): string => (value === undefined ? "" : digits(value));
  const lines = rows.map((row) => [
    row.name,
    row.ms === undefined ? kilobytes(row.bytes) : milliseconds(row.ms),
    ...(rates.length > 0 ? [rate(row.gflops ?? row.gigabytes), percent(row.share)] : []),
    ...peers.map((peer) => {
      const value = row.peers[peer];
      if (value === undefined) return "–";
      return `${row.ms === undefined ? kilobytes(value) : milliseconds(value)} (${digits(row.ratios[peer] ?? Number.NaN)}×)`;
    }),
  ]);
  const widths = heading.map((cell, i) => Math.max(cell.length, ...lines.map((line) => line[i]?.length ?? 0)));
  const format = (line: readonly string[]) =>
    `| ${line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(" | ")} |`;
  const rule = `|${widths.map((width, i) => (i === 0 ? `:${"-".repeat(width + 1)}` : `${"-".repeat(width + 1)}:`)).join("|")}|`;
  return [format(heading), rule, ...lines.map(format)].join("\n");
}

/** Where the numbers come from. */
export function footnote(details: readonly string[], command: string): string {
  const model = cpus()[0]?.model ?? "unknown CPU";
  return (
    `${model}, Node ${process.versions.node}, one thread: ${details.join(", ")}. ` +
    `Medians of interleaved rounds; in brackets the peer's figure over ours. Made by \`${command}\`.`
  );
}

/** Replaces what stands between the markers of the README. */
export function writeReadme(text: string, file = new URL("../README.md", import.meta.url)): void {
  let readme: string;
  try {
    readme = readFileSync(file, "utf8");
  } catch {
    throw new Error(`bench: --readme: there is no ${file.pathname}`);
  }
  const from = readme.indexOf(begin);
  const to = readme.indexOf(end);
  if (from < 0 || to < from)
    throw new Error(`bench: --readme: put the lines ${begin} and ${end} into README.md where the table belongs`);
  writeFileSync(file, `${readme.slice(0, from + begin.length)}\n${text}\n${readme.slice(to)}`);
}

function milliseconds(ms: number): string {
  return ms < 0.1 ? `${digits(ms * 1e3)} µs` : `${digits(ms)} ms`;
}

/** Three digits, never as a power of ten. */
function digits(value: number): string {
  return value < 1000 ? value.toPrecision(3) : String(Math.round(value));
}

function kilobytes(bytes = 0): string {
  return `${(bytes / 1e3).toFixed(1)} kB`;
}

function percent(share = 0): string {
  return `${Math.round(100 * share)} %`;
}
