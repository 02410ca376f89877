// From the easy to the hard.
import { requireNumbers, requireWhole, requireWithin } from "../../checks.ts";
import { shuffle } from "../random.ts";
import { randomOf, requireSamplerOptions, type SamplerOptions } from "./options.ts";
import type { Sampler } from "./sampler.ts";

export interface CurriculumOptions extends SamplerOptions {
  /**
   * How hard each example is: numbers whose order counts, or "loss": what the model finds hard at the epoch's beginning
   * (self-paced learning, Kumar et al. 2010). Default "loss".
   */
  readonly difficulty?: ArrayLike<number> | "loss";
  /** Share in (0, 1] of the examples, the easiest, that the first epoch takes. Default 0.25. */
  readonly start?: number;
  /** The epoch, from 1, from which on all are taken; their share grows evenly until then. Default 5. */
  readonly epochs?: number;
}

/**
 * The easiest examples first (Bengio et al. 2009): an epoch takes as many as the data set has, the share that is open over
 * and over, in a new order each time.
 */
export function curriculum(options: CurriculumOptions = {}): Sampler {
  const call = "samplers.curriculum";
  requireSamplerOptions("curriculum", options, ["difficulty", "start", "epochs"]);
  const { difficulty = "loss", start = 0.25, epochs = 5, seed } = options;
  if (difficulty !== "loss") {
    requireNumbers(call, "difficulty", difficulty);
    for (let i = 0; i < difficulty.length; i++)
      if (Number.isNaN(difficulty[i])) throw new Error(`${call}: difficulty[${i}] is NaN`);
  }
  requireWithin(call, "start", start, Number.MIN_VALUE, 1);
  requireWhole(call, "epochs", epochs, 1);
  return {
    name: "curriculum",
    ...(difficulty === "loss" && { scores: "loss" }),
    epoch(context) {
      const { size, epoch, scores } = context;
      const hard = difficulty === "loss" ? (scores as Float32Array) : difficulty;
      if (hard.length !== size)
        throw new Error(`${call}: difficulty has ${hard.length} numbers for a data set of ${size} examples`);
      const share = epoch >= epochs ? 1 : start + ((1 - start) * (epoch - 1)) / (epochs - 1);
      const easiestFirst = Int32Array.from({ length: size }, (_, i) => i).sort(
        (a, b) => (hard[a] as number) - (hard[b] as number) || a - b,
      );
      const open = easiestFirst.slice(0, Math.max(1, Math.round(share * size)));
      const random = randomOf(context, seed);
      const rows = new Int32Array(size);
      for (let at = 0; at < size; at += open.length) rows.set(shuffle(open, random).subarray(0, size - at), at);
      return { rows };
    },
  };
}
