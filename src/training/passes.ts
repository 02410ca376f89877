// How many rows each pass of a longer job takes: what decides which programs a call needs.
import type { ProgramKind } from "./blueprint.ts";

/** Rows of one pass when a data set is evaluated or predicted. */
const CHUNK = 256;

/** Passes of exactly `rows` rows in all. */
export function evaluationPasses(rows: number): readonly number[] {
  const whole: number[] = new Array(Math.floor(rows / CHUNK)).fill(CHUNK);
  return rows % CHUNK === 0 ? whole : [...whole, rows % CHUNK];
}

/** Passes of a power of two of rows, the last with room to spare: few programs serve every length. */
export function predictionPasses(rows: number): readonly number[] {
  return evaluationPasses(rows).map((count) => 2 ** Math.ceil(Math.log2(count)));
}

/** Steps of an epoch: their batch sizes, each once. */
export function trainingBatches(rows: number, batchSize: number | "all" = 32): readonly number[] {
  const batch = batchSize === "all" ? rows : Math.min(batchSize, rows);
  return rows % batch === 0 ? [batch] : [batch, rows % batch];
}

/** One replica's part of a batch: how many of its rows, and among how many replicas it is shared out. */
export interface Share {
  readonly rows: number;
  readonly replicas: number;
  /** The first, where it matters which they are. */
  readonly first?: number;
}

/** Shares of a batch, or of anything that is counted: the first get one more where it does not come out even. */
export function sharesOf(count: number, replicas: number, unit = 1): readonly Share[] {
  const units = Math.ceil(count / unit);
  const upTo = (r: number): number =>
    Math.min(count, unit * (r * Math.floor(units / replicas) + Math.min(r, units % replicas)));
  return Array.from({ length: replicas }, (_, r) => ({ rows: upTo(r + 1) - upTo(r), replicas }));
}

/** Numbers of θ that are updated together at least: a cache line, so that no two replicas write to one. */
const UPDATE_UNIT = 16;

/** How replicas share out an update. */
export const updateShares = (parameters: number, replicas: number): readonly Share[] =>
  sharesOf(parameters, replicas, UPDATE_UNIT).map((share, r, all) => ({
    ...share,
    first: all.slice(0, r).reduce((sum, { rows }) => sum + rows, 0),
  }));

/** A program by purpose, batch size and, where replicas share the batch, the part of one of them. */
export type ProgramKey = readonly [kind: ProgramKind, batch: number, share?: Share];

/** A key as text. */
export const keyText = (kind: ProgramKind, batch: number, share: Share = { rows: batch, replicas: 1 }): string =>
  `${kind} ${batch} ${share.rows}/${share.replicas}${share.first === undefined ? "" : ` from ${share.first}`}`;

/** The same job for several batch sizes, each once. */
export const programsFor = (kind: ProgramKind, batches: readonly number[]): ProgramKey[] =>
  [...new Set(batches)].map((batch) => [kind, batch]);

/** The same for replicas; what has fewer rows than replicas is done by one. */
export function sharedProgramsFor(kind: ProgramKind, batches: readonly number[], replicas: number): ProgramKey[] {
  return programsFor(kind, batches).flatMap(([, batch]): ProgramKey[] =>
    replicas === 1 || batch < replicas
      ? [[kind, batch]]
      : distinct(sharesOf(batch, replicas)).map((share) => [kind, batch, share]),
  );
}

/** Shares that differ, one each. */
export const distinct = (shares: readonly Share[]): Share[] => [
  ...new Map(shares.map((share) => [`${share.rows} ${share.first}`, share])).values(),
];
