// Gradients of batches that are really drawn: what the noise of gradients predicts, measured.
import { requireOneOf, requireOptions, requireSeed, requireWhole } from "../checks.ts";
import type { Dataset } from "../data/dataset.ts";
import { randomSource } from "../data/random.ts";
import { subset } from "../data/split.ts";
import { datasetObjective } from "../training/datasetObjective.ts";
import type { Model } from "../training/model.ts";
import { Course, type CourseOptions, courseOptions } from "./course.ts";
import type { BatchNorms } from "./gradientNoise.ts";

export interface DrawnGradientsOptions extends CourseOptions {
  /** Examples of a batch. */
  readonly batchSize: number;
  /** Batches; default 100. */
  readonly draws?: number;
  /** Whether examples are drawn with replacement; default false, as an epoch draws them. */
  readonly replacement?: boolean;
  /** Default 0. */
  readonly seed?: number;
}

export interface DrawnGradients extends BatchNorms {
  readonly replacement: boolean;
  /** ‖G_B‖² of each batch. */
  readonly squaredNorms: Float64Array;
  /** ‖G_B − G‖² of each, G the gradient over all examples. */
  readonly squaredErrors: Float64Array;
}

/** The streams of these draws: one for each batch size, with and without replacement. */
const STREAM = 0x5c400000;

/**
 * Gradients of the regularised risk, at the model's parameters, on batches drawn from a data set.
 * @throws for larger batches without replacement than there are examples
 */
export async function drawnGradients(
  model: Model,
  data: Dataset,
  options: DrawnGradientsOptions,
): Promise<DrawnGradients> {
  const call = "drawnGradients";
  requireOptions(call, options, [...courseOptions, "batchSize", "draws", "replacement", "seed"]);
  const { batchSize, draws = 100, replacement = false, seed = 0 } = options;
  requireWhole(call, "batchSize", batchSize, 1);
  requireWhole(call, "draws", draws, 1);
  requireSeed(call, seed);
  requireOneOf(call, "replacement", replacement, [true, false]);
  if (!replacement && batchSize > data.size)
    throw new Error(
      `${call}: batchSize must be at most ${data.size} without replacement, the number of examples, got ${batchSize}`,
    );
  const theta = model.parameters.slice();
  const [whole, part] = [new Float32Array(theta.length), new Float32Array(theta.length)];
  datasetObjective(model, data).gradient(theta, whole);
  const course = new Course(call, options, draws);
  const { below } = randomSource(seed, STREAM + 2 * batchSize + Number(replacement));
  const rows = Int32Array.from({ length: data.size }, (_, i) => i);
  const draw = (): Int32Array => {
    if (replacement) return Int32Array.from({ length: batchSize }, () => below(data.size));
    // Fisher and Yates, as far as it is needed; where it begins from does not matter.
    for (let i = 0; i < batchSize; i++) {
      const other = i + below(data.size - i);
      [rows[i], rows[other]] = [rows[other] as number, rows[i] as number];
    }
    return rows.subarray(0, batchSize);
  };
  const [squaredNorms, squaredErrors] = [new Float64Array(draws), new Float64Array(draws)];
  for (let i = 0; i < draws; i++) {
    datasetObjective(model, subset(data, draw())).gradient(theta, part);
    let [square, error] = [0, 0];
    for (let k = 0; k < part.length; k++) {
      square += (part[k] as number) ** 2;
      error += ((part[k] as number) - (whole[k] as number)) ** 2;
    }
    squaredNorms[i] = square;
    squaredErrors[i] = error;
    await course.step();
  }
  return { batchSize, replacement, squaredNorms, squaredErrors };
}

export interface MeasuredError {
  /** √ of the mean of ‖G_B − G‖². */
  readonly error: number;
  /**
   * Where it lies with a chance of 95 %, by the spread of the draws; less often where few draws, of small batches, are of
   * examples of which a few carry most of the noise, as in networks that have learnt.
   */
  readonly interval: readonly [low: number, high: number];
}

/** The standard error of the gradient that drawn batches show; gradientStandardError predicts it. */
export function measuredStandardError({ squaredErrors }: Pick<DrawnGradients, "squaredErrors">): MeasuredError {
  const draws = squaredErrors.length;
  requireWhole("measuredStandardError", "the number of draws", draws, 2);
  const mean = squaredErrors.reduce((a, b) => a + b, 0) / draws;
  const variance = squaredErrors.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (draws - 1);
  const reach = 1.96 * Math.sqrt(variance / draws);
  return {
    error: Math.sqrt(mean),
    interval: [Math.sqrt(Math.max(0, mean - reach)), Math.sqrt(mean + reach)],
  };
}
