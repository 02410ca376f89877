// How far the gradient of a mini-batch strays from that of all examples (McCandlish, Kaplan and Amodei 2018).
import { requireOneOf, requireOptions, requireWhole, show } from "../checks.ts";
import type { ExampleStatistics } from "../training/exampleGradients.ts";

export interface GradientNoise {
  /** Examples that were measured. */
  readonly count: number;
  /** ‖G‖², G the mean gradient of these examples. */
  readonly squaredGradient: number;
  /** tr Σ of these examples as all there are: mean ‖gᵢ − G‖². */
  readonly populationTrace: number;
  /** tr Σ of what they are a sample of: the same over count − 1. */
  readonly sampleTrace: number;
  /** B_simple of these examples as all there are, populationTrace/‖G‖²: the batch size where noise and signal match. */
  readonly noiseScale: number;
  /** B_simple of what they are a sample of: sampleTrace/(‖G‖² − sampleTrace/count); infinite where nothing is left. */
  readonly sampleNoiseScale: number;
  /** |Gⱼ|/σⱼ for each parameter, σ over the examples; 0 where both are 0. */
  readonly signalToNoise: Float32Array;
}

/**
 * The noise of gradients from statistics of single examples, as `gradientNoise(exampleStatistics(model, data))`.
 * @throws for fewer than two examples: they have no spread
 */
export function gradientNoise({ count, gradient, secondMoments }: ExampleStatistics): GradientNoise {
  if (count < 2) throw new Error(`gradientNoise: ${count} example has no spread; give a data set of at least two`);
  let squaredGradient = 0;
  let populationTrace = 0;
  const signalToNoise = new Float32Array(gradient.length);
  gradient.forEach((g, j) => {
    const variance = Math.max(0, (secondMoments[j] as number) - g * g);
    squaredGradient += g * g;
    populationTrace += variance;
    signalToNoise[j] = g === 0 ? 0 : Math.abs(g) / Math.sqrt(variance);
  });
  if (!Number.isFinite(squaredGradient + populationTrace))
    throw new Error(
      `gradientNoise: ‖G‖² is ${squaredGradient} and tr Σ is ${populationTrace}; look at the data and the parameters`,
    );
  const sampleTrace = (populationTrace * count) / (count - 1);
  const left = squaredGradient - sampleTrace / count;
  return {
    count,
    squaredGradient,
    populationTrace,
    sampleTrace,
    noiseScale: populationTrace / squaredGradient,
    sampleNoiseScale: left > 0 ? sampleTrace / left : Number.POSITIVE_INFINITY,
    signalToNoise,
  };
}

export interface StandardErrorOptions {
  /** Whether examples are drawn with replacement; default false, as an epoch draws them. */
  readonly replacement?: boolean;
}

/**
 * √E‖G_B − G‖² of the mean gradient of B examples drawn from those measured: √(tr Σ/B), and without replacement
 * √(tr Σ/B·(N − B)/(N − 1)).
 * @throws for more examples without replacement than there are
 */
export function gradientStandardError(
  { count, populationTrace }: Pick<GradientNoise, "count" | "populationTrace">,
  batchSize: number,
  options: StandardErrorOptions = {},
): number {
  const call = "gradientStandardError";
  requireWhole(call, "batchSize", batchSize, 1);
  requireOptions(call, options, ["replacement"]);
  const { replacement = false } = options;
  requireOneOf(call, "replacement", replacement, [true, false]);
  if (!replacement && batchSize > count)
    throw new Error(
      `${call}: batchSize must be at most ${count} without replacement, the number of examples, got ${batchSize}`,
    );
  const left = replacement ? 1 : (count - batchSize) / (count - 1);
  return Math.sqrt((populationTrace / batchSize) * left);
}

/** Squared norms of gradients of batches of one size. */
export interface BatchNorms {
  readonly batchSize: number;
  readonly squaredNorms: ArrayLike<number>;
}

export interface TwoBatchNoise {
  /** An unbiased estimate of ‖G‖²; below zero where noise drowns it. */
  readonly squaredGradient: number;
  /** An unbiased estimate of tr Σ. */
  readonly trace: number;
  /** Their ratio: B_simple. */
  readonly noiseScale: number;
}

/**
 * The noise scale from gradients of small and large batches alone: E‖G_B‖² = ‖G‖² + tr Σ/B (McCandlish et al. 2018,
 * appendix A.1). Each of the two is averaged before they are divided.
 * @throws for sizes that do not differ, and for no norms
 */
export function twoBatchNoise(small: BatchNorms, large: BatchNorms): TwoBatchNoise {
  const call = "twoBatchNoise";
  requireWhole(call, "batchSize", small.batchSize, 1);
  requireWhole(call, "batchSize", large.batchSize, 1);
  if (small.batchSize >= large.batchSize)
    throw new Error(
      `${call}: the first batch must be smaller than the second, got ${small.batchSize} and ${large.batchSize}`,
    );
  const mean = ({ squaredNorms, batchSize }: BatchNorms): number => {
    let sum = 0;
    for (let i = 0; i < squaredNorms.length; i++) {
      const value = squaredNorms[i] as number;
      if (!(value >= 0 && Number.isFinite(value)))
        throw new Error(
          `${call}: squared norm ${i} of batches of ${batchSize} is ${show(value)}; it must be finite and ≥ 0`,
        );
      sum += value;
    }
    if (squaredNorms.length === 0) throw new Error(`${call}: no norms of batches of ${batchSize}; give at least one`);
    return sum / squaredNorms.length;
  };
  const [b, B] = [small.batchSize, large.batchSize];
  const [s, S] = [mean(small), mean(large)];
  const squaredGradient = (B * S - b * s) / (B - b);
  const trace = (s - S) / (1 / b - 1 / B);
  return { squaredGradient, trace, noiseScale: trace / squaredGradient };
}
