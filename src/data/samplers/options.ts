// What samplers that draw have in common.
import { requireOptions, requireSeed } from "../../checks.ts";
import { type RandomSource, randomSource } from "../random.ts";
import type { EpochContext } from "./sampler.ts";

export interface SamplerOptions {
  /** Decides the draws; default: the model's own. */
  readonly seed?: number;
}

/** @throws for options that the sampler has not, or a seed that is none */
export function requireSamplerOptions(name: string, options: SamplerOptions, more: readonly string[] = []): void {
  requireOptions(`samplers.${name}`, options, ["seed", ...more]);
  if (options.seed !== undefined) requireSeed(`samplers.${name}`, options.seed);
}

/** What tells these draws from all others of a seed: the generator's fourth word. */
const SAMPLING = 3;

/** The numbers of one epoch. */
export const randomOf = ({ seed, round }: EpochContext, own: number | undefined): RandomSource =>
  randomSource(own ?? seed, round, SAMPLING);
