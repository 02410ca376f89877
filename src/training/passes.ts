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

/** A program by purpose and batch size. */
export type ProgramKey = readonly [kind: ProgramKind, batch: number];

/** The same job for several batch sizes, each once. */
export const programsFor = (kind: ProgramKind, batches: readonly number[]): ProgramKey[] =>
  [...new Set(batches)].map((batch) => [kind, batch]);
