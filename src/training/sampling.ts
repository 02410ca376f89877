// The order of an epoch that a sampler draws, and what it is told of the examples.
import { requireIndices, requireNumbers, requireOneOf, requireWeights, show } from "../checks.ts";
import type { Drawn, EpochContext, Sampler } from "../data/samplers/sampler.ts";
import type { Engine } from "./engine.ts";
import type { Turns } from "./fit.ts";
import { evaluationPasses } from "./passes.ts";
import type { ResidentData } from "./resident.ts";
import type { FitPosition } from "./snapshot.ts";

/** The kind of program that finds a sampler's scores. */
export const scoresKind = (scores: NonNullable<Sampler["scores"]>) => `${scores}OfEach` as const;

/** Throws unless a sampler is one, and nothing else decides the order. */
export function requireSampler(sampler: Sampler | undefined, shuffle: unknown): void {
  if (sampler === undefined) return;
  if (typeof sampler?.epoch !== "function" || typeof sampler.name !== "string")
    throw new Error(
      `fit: sampler must be one such as samplers.stratified(), or { name, epoch(context) }, got ${show(sampler)}`,
    );
  requireOneOf("fit: sampler", "scores", sampler.scores, [undefined, "loss", "gradientNorm"]);
  if (shuffle !== undefined) throw new Error("fit: the sampler decides the order; leave shuffle out");
}

/**
 * Puts the rows in the order that a sampler gives the epoch a fit stands in → what it was told of the examples: in the
 * middle of an epoch, what it was told at its beginning.
 * @throws where that is lost
 */
export async function drawEpoch(
  sampler: Sampler,
  engine: Engine,
  data: ResidentData,
  { begun, epoch, batchSize, scores: known }: FitPosition,
  round: number,
  turns: Turns,
): Promise<Float32Array | undefined> {
  if (begun && sampler.scores && !known)
    throw new Error(
      `fit: resume: sampler ${sampler.name} needs the scores that its epoch began with; give a snapshot as it was taken`,
    );
  const scores = begun ? known : sampler.scores && (await scoresOf(engine, data, sampler.scores, turns));
  const drawn = await draw(sampler, {
    size: data.size,
    targets: data.targets,
    batchSize,
    epoch,
    seed: engine.specification.seed,
    round,
    // The sampler's own: it may write to them.
    ...(scores && { scores: scores.slice() }),
  });
  data.take(drawn);
  return scores;
}

/** One number an example. */
async function scoresOf(
  engine: Engine,
  data: ResidentData,
  scores: NonNullable<Sampler["scores"]>,
  turns: Turns,
): Promise<Float32Array> {
  const result = new Float32Array(data.size);
  data.sequential();
  let start = 0;
  for (const rows of evaluationPasses(data.size, engine.specification.threads)) {
    const program = engine.sharedProgram(scoresKind(scores), rows);
    data.gather(program, start, rows, engine.steps);
    program.run();
    const each = program.view("each");
    for (let i = 0; i < rows; i++)
      result[start + i] = scores === "loss" ? (each[i] as number) : Math.sqrt(each[i] as number);
    start += rows;
    if (turns.due) await turns.take();
  }
  return result;
}

/** @throws for an order that a sampler must not give */
async function draw(sampler: Sampler, context: EpochContext): Promise<Drawn> {
  const call = `fit: sampler ${sampler.name}`;
  const drawn = await sampler.epoch(context);
  const { rows, weights } = drawn ?? {};
  requireNumbers(call, "rows", rows);
  const { size } = context;
  if (rows.length !== size)
    throw new Error(`${call}: an epoch has as many rows as there are examples, ${size}, got ${rows.length}`);
  requireIndices(call, "rows", rows, "a row", size);
  if (weights === undefined) return drawn;
  if (!sampler.weighted) throw new Error(`${call}: epochs with weights must be announced; give it weighted: true`);
  requireWeights(call, weights, size);
  return drawn;
}
