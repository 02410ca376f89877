// The variance of a batch's gradient when some examples are drawn more often than others: exact, and from drawn batches.
import type { Model } from "thalweg";
import type { Dataset, Sampler } from "thalweg/data";
import { exampleGradients, exampleStatistics } from "thalweg/science";
import { giveTurn } from "./turn.ts";

export const sampled = ["uniform", "by loss", "by gradient"] as const;
export type Sampled = (typeof sampled)[number];

/** Of one draw. */
export type Variance = {
  /** From the norms of the examples' gradients. */
  readonly exact: Readonly<Record<Sampled, number>>;
  /** From batches. */
  readonly measured: Readonly<Record<Sampled, number>>;
  /** With the best chances that there are. */
  readonly least: number;
};

export interface VarianceOptions {
  /** Share of draws that are uniform. */
  readonly uniform: number;
  readonly batchSize: number;
  /** Batches drawn to measure it. */
  readonly draws: number;
  readonly seed: number;
  readonly signal: AbortSignal;
}

/**
 * σ²: what a gradient of n draws errs by is σ²/n. With chances p and weights 1/(N·p) that is Σ‖gᵢ‖²/pᵢ/N² − ‖ḡ‖², least
 * for p proportional to ‖gᵢ‖.
 * @param samplers that draw so
 * @throws the signal's reason
 */
export async function varianceOf(
  model: Model,
  data: Dataset,
  samplers: Readonly<Record<Sampled, Sampler>>,
  options: VarianceOptions,
): Promise<Variance> {
  const { size } = data;
  const { gradient, squaredNorms } = exampleStatistics(model, data);
  const squareOfMean = gradient.reduce((sum, g) => sum + g * g, 0);
  const gradients = exampleGradients(model, data);
  const scores = scoresOf(model, data);
  const [exact, measured] = [{ ...zeros }, { ...zeros }];
  for (const name of sampled) {
    await giveTurn(options.signal);
    const total = scores[name].reduce((a, b) => a + b);
    const chances = scores[name].map((score) => ((1 - options.uniform) * score) / total + options.uniform / size);
    const sum = squaredNorms.reduce((sum, square, i) => sum + square / (chances[i] as number), 0);
    exact[name] = sum / size ** 2 - squareOfMean;
    measured[name] = await measuredVariance(data, samplers[name], scores[name], gradient, gradients, options);
  }
  const norms = squaredNorms.reduce((sum, square) => sum + Math.sqrt(square), 0);
  return { exact, measured, least: (norms / size) ** 2 - squareOfMean };
}

const zeros = { uniform: 0, "by loss": 0, "by gradient": 0 };

/** What examples are drawn by: nothing, their cross-entropy, and the norm of its gradient by the logits. */
function scoresOf(model: Model, data: Dataset): Readonly<Record<Sampled, Float32Array>> {
  const { p } = model.evaluate(data, { metrics: { p: (all: ArrayLike<number>) => all } });
  const classes = p.length / data.size;
  const right = Array.from(data.y, (label, i) => p[classes * i + label] as number);
  const squares = right.map((_, i) =>
    Array.from({ length: classes }, (_, k) => (p[classes * i + k] as number) ** 2).reduce((a, b) => a + b),
  );
  return {
    uniform: Float32Array.from(right, () => 1),
    "by loss": Float32Array.from(right, (share) => -Math.log(share)),
    "by gradient": Float32Array.from(right, (share, i) => Math.sqrt((squares[i] as number) + 1 - 2 * share)),
  };
}

/**
 * The mean square of what drawn batches' gradients err by, times their size.
 * @param mean the gradient over all examples
 * @param gradients of each of them, one after another
 */
async function measuredVariance(
  { size, y: targets }: Dataset,
  sampler: Sampler,
  scores: Float32Array,
  mean: Float64Array,
  gradients: Float32Array,
  { batchSize, draws, seed }: VarianceOptions,
): Promise<number> {
  let error = 0;
  for (let round = 0; round < draws; round++) {
    const context = { size, targets, batchSize, epoch: 1, seed, round, scores };
    const { rows, weights = new Float32Array(size).fill(1) } = await sampler.epoch(context);
    const off = mean.map((g) => -g);
    for (let k = 0; k < batchSize; k++) {
      const [from, share] = [(rows[k] as number) * off.length, (weights[k] as number) / batchSize];
      for (let i = 0; i < off.length; i++) off[i] = (off[i] as number) + share * (gradients[from + i] as number);
    }
    error += off.reduce((sum, value) => sum + value * value, 0);
  }
  return (error / draws) * batchSize;
}
