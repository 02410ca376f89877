// How many rows each pass of a longer job takes: what decides which programs a call needs.
import { kindFor, type ProgramKind } from "./blueprint.ts";

/** Rows that each replica has of one pass when a data set is evaluated or predicted, and of a refresh. */
export const PASS_ROWS = 256;

/** Passes of exactly `rows` rows in all. */
export function evaluationPasses(rows: number, replicas = 1): readonly number[] {
  const pass = PASS_ROWS * replicas;
  const whole: number[] = new Array(Math.floor(rows / pass)).fill(pass);
  return rows % pass === 0 ? whole : [...whole, rows % pass];
}

/** Passes of a power of two of rows for each replica, the last with room to spare: few programs serve every length. */
export function predictionPasses(rows: number, replicas = 1): readonly number[] {
  const atLeast = (count: number): number => 2 ** Math.ceil(Math.log2(count));
  return evaluationPasses(rows, replicas).map((count) =>
    count < replicas ? atLeast(count) : replicas * atLeast(count / replicas),
  );
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
  /** Rows of the whole, where what is shared out is a part of a larger batch that is done part by part. */
  readonly whole?: number;
}

/** A part of a batch, done at once. */
export interface BatchPart {
  /** "train", or its twin, for the first; those behind it add to what it left. */
  readonly kind: ProgramKind;
  readonly first: number;
  readonly rows: number;
  /** Of the batch that this is a part of, and not all. */
  readonly whole?: number;
}

/** A training batch in parts of at most so many rows, the first the largest. */
export function batchParts(rows: number, most: number, weighted: boolean): readonly BatchPart[] {
  if (rows <= most) return [{ kind: kindFor("train", weighted), first: 0, rows }];
  const parts: BatchPart[] = [];
  for (let first = 0; first < rows; first += most)
    parts.push({
      kind: kindFor(first === 0 ? "train" : "addToTrain", weighted),
      first,
      rows: Math.min(most, rows - first),
      whole: rows,
    });
  return parts;
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
  `${kind} ${batch} ${share.rows}/${share.replicas}${share.first === undefined ? "" : ` from ${share.first}`}${share.whole === undefined ? "" : ` of ${share.whole}`}`;

/** The same job for several batch sizes, each once. */
export const programsFor = (kind: ProgramKind, batches: readonly number[]): ProgramKey[] =>
  [...new Set(batches)].map((batch) => [kind, batch]);

/** The same for replicas; what has fewer rows than replicas is done by one. */
export function sharedProgramsFor(kind: ProgramKind, batches: readonly number[], replicas: number): ProgramKey[] {
  return programsFor(kind, batches).flatMap(([, batch]) => sharedKeys(kind, batch, replicas));
}

/** Programs of a batch, or of a part of one, for replicas. */
const sharedKeys = (kind: ProgramKind, rows: number, replicas: number, whole?: number): ProgramKey[] =>
  replicas === 1 || rows < replicas
    ? [[kind, rows, ...partShare(rows, whole)]]
    : distinct(sharesOf(rows, replicas)).map((share) => [
        kind,
        rows,
        whole === undefined ? share : { ...share, whole },
      ]);

/** One thread's share of a part of a batch; of a whole batch it has no share. */
export const partShare = (rows: number, whole: number | undefined): [] | [Share] =>
  whole === undefined ? [] : [{ rows, replicas: 1, whole }];

/** What steps of these batch sizes need, where they are done in parts of at most so many rows. */
export const trainingPrograms = (
  batches: readonly number[],
  most: number,
  replicas: number,
  weighted: boolean,
): ProgramKey[] =>
  batches.flatMap((rows) =>
    batchParts(rows, most, weighted).flatMap((part) => sharedKeys(part.kind, part.rows, replicas, part.whole)),
  );

/** Shares that differ, one each. */
export const distinct = (shares: readonly Share[]): Share[] => [
  ...new Map(shares.map((share) => [`${share.rows} ${share.first}`, share])).values(),
];
