// Samplers that draw with replacement: every place of an epoch is drawn anew, whatever came before.
import { requireArray, requireOneOf, requireWeights, requireWithin } from "../../checks.ts";
import { aliasTable } from "./alias.ts";
import { membersOf } from "./classes.ts";
import { randomOf, requireSamplerOptions, type SamplerOptions } from "./options.ts";
import type { Sampler } from "./sampler.ts";

const repeat = (size: number, next: () => number): Int32Array => {
  const rows = new Int32Array(size);
  for (let i = 0; i < size; i++) rows[i] = next();
  return rows;
};

/** Every row alike likely at every place: an epoch misses about 37 % of the rows. */
export function withReplacement(options: SamplerOptions = {}): Sampler {
  requireSamplerOptions("withReplacement", options);
  return {
    name: "withReplacement",
    epoch(context) {
      const { below } = randomOf(context, options.seed);
      return { rows: repeat(context.size, () => below(context.size)) };
    },
  };
}

/**
 * Row i with chance weightᵢ/Σweights at every place, by the alias method (Vose 1991): a draw takes as long for a million
 * examples as for ten. The loss is not told: what is drawn more often counts more, see `importance` for what makes up for it.
 * @param weights one number ≥ 0 for each example
 */
export function weighted(weights: ArrayLike<number>, options: SamplerOptions = {}): Sampler {
  requireSamplerOptions("weighted", options);
  requireArray("samplers.weighted", "weights", weights);
  requireWeights("samplers.weighted", weights, weights.length);
  const table = aliasTable(weights);
  return {
    name: "weighted",
    epoch(context) {
      const { size } = context;
      if (size !== weights.length)
        throw new Error(`samplers.weighted: ${weights.length} weights for a data set of ${size} examples`);
      const { uniform } = randomOf(context, options.seed);
      return { rows: repeat(size, () => table.at(uniform())) };
    },
  };
}

/** Every class alike likely at every place, and every row of a class: rare classes are seen as often as common ones. */
export function classBalanced(options: SamplerOptions = {}): Sampler {
  requireSamplerOptions("classBalanced", options);
  return {
    name: "classBalanced",
    epoch(context) {
      const members = membersOf("classBalanced", context);
      const { below } = randomOf(context, options.seed);
      return {
        rows: repeat(context.size, () => {
          const rows = members[below(members.length)] as Int32Array;
          return rows[below(rows.length)] as number;
        }),
      };
    },
  };
}

export interface ImportanceOptions extends SamplerOptions {
  /** What tells how much there is to learn from an example, see Sampler.scores. Default "gradientNorm". */
  readonly by?: "loss" | "gradientNorm";
  /** λ in [2⁻²⁰, 1]: the share of chance that all examples have alike; no weight is above 1/λ. Default 0.1. */
  readonly uniform?: number;
}

/**
 * Row i with chance pᵢ = (1 − λ)·sᵢ/Σs + λ/n at every place, and weight 1/(n·pᵢ): the mean of weight·gradient is the
 * gradient of the whole risk, whatever the scores s, and varies least where they are the norms of the examples' gradients
 * (Zhao and Zhang 2015; mixed with uniform as Hesterberg 1995). The scores are those of the epoch's beginning.
 */
export function importance(options: ImportanceOptions = {}): Sampler {
  requireSamplerOptions("importance", options, ["by", "uniform"]);
  const { by = "gradientNorm", uniform: share = 0.1, seed } = options;
  requireOneOf("samplers.importance", "by", by, ["loss", "gradientNorm"]);
  requireWithin("samplers.importance", "uniform", share, 2 ** -20, 1);
  return {
    name: "importance",
    scores: by,
    weighted: true,
    epoch(context) {
      const chances = importanceChances(context.scores as Float32Array, share);
      const { size } = context;
      const table = aliasTable(chances);
      const { uniform } = randomOf(context, seed);
      const rows = repeat(size, () => table.at(uniform()));
      return { rows, weights: Float64Array.from(rows, (row) => 1 / (size * (chances[row] as number))) };
    },
  };
}

/** (1 − λ)·sᵢ/Σs + λ/n; all alike where every score is 0. */
function importanceChances(scores: Float32Array, share: number): Float64Array {
  const n = scores.length;
  let total = 0;
  for (const [i, score] of scores.entries()) {
    if (!(score >= 0 && score < Number.POSITIVE_INFINITY))
      throw new Error(
        `samplers.importance: the model's score of example ${i} is ${score}, not a finite number ≥ 0; look at the data and the loss, or use by: "gradientNorm" for a loss that can be negative`,
      );
    total += score;
  }
  return Float64Array.from(scores, (score) => (total === 0 ? 1 / n : ((1 - share) * score) / total + share / n));
}
