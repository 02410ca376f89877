// Data made by formula and seed: shapes that a line cannot part, clouds, lines and curves with noise, and a stream whose
// truth turns. Equal options, equal bits, in every engine.
import { requireFinite, requireOptions, requireSeed, requireWhole, requireWithin, show } from "../checks.ts";
import { arrayDataset, type Dataset } from "./dataset.ts";
import { circle, type RandomSource, randomSource } from "./random.ts";

export interface GeneratorOptions {
  /** How many; default 200. */
  readonly examples?: number;
  /** Deviation of the normal noise that is added; default 0.1. */
  readonly noise?: number;
  /** Default 0. */
  readonly seed?: number;
}

const common = ["examples", "noise", "seed"];

/** What tells the generators' draws from each other. */
const streams = { moons: 16, circles: 17, spirals: 18, blobs: 19, linearRegression: 20, polynomialRegression: 21, driftingStream: 22 }; // biome-ignore format: a number each

interface Common {
  readonly examples: number;
  readonly noise: number;
  readonly random: RandomSource;
}

function begin(call: keyof typeof streams, options: GeneratorOptions, more: readonly string[], least = 1): Common {
  requireOptions(call, options, [...common, ...more]);
  const { examples = 200, noise = 0.1, seed = 0 } = options;
  requireWhole(call, "examples", examples, least);
  requireNotNegative(call, "noise", noise);
  requireSeed(call, seed);
  return { examples, noise, random: randomSource(seed, streams[call]) };
}

function requireNotNegative(call: string, what: string, value: number): void {
  requireFinite(call, what, value);
  if (value < 0) throw new Error(`${call}: ${what} must be ≥ 0, got ${show(value)}`);
}

/** Points of a plane and labels, one class after the other in turn. */
function plane(
  name: string,
  { examples, noise, random }: Common,
  classes: number,
  point: (label: number, along: number) => readonly [number, number],
): Dataset {
  const x = new Float32Array(2 * examples);
  const y = Int32Array.from({ length: examples }, (_, i) => i % classes);
  y.forEach((label, i) => {
    const [first, second] = point(label, random.uniform());
    x[2 * i] = first + noise * random.normal();
    x[2 * i + 1] = second + noise * random.normal();
  });
  return arrayDataset({
    x,
    y,
    shape: [2],
    classes: Array.from({ length: classes }, (_, label) => String(label)),
    name,
  });
}

/** Two half circles that reach into each other: labels 0 and 1 of points [2]. */
export function moons(options: GeneratorOptions = {}): Dataset {
  return plane("moons", begin("moons", options, []), 2, (label, along) => {
    const [cosine, sine] = circle(along / 2);
    return label === 0 ? [cosine, sine] : [1 - cosine, 0.5 - sine];
  });
}

export interface CirclesOptions extends GeneratorOptions {
  /** Radius of the inner circle over that of the outer, in (0, 1); default 0.5. */
  readonly factor?: number;
}

/** A circle (label 1) within a circle (label 0). */
export function circles(options: CirclesOptions = {}): Dataset {
  const start = begin("circles", options, ["factor"]);
  const { factor = 0.5 } = options;
  requireWithin("circles", "factor", factor, 0, 1);
  return plane("circles", start, 2, (label, along) => {
    const [cosine, sine] = circle(along);
    const radius = label === 0 ? 1 : factor;
    return [radius * cosine, radius * sine];
  });
}

export interface SpiralsOptions extends GeneratorOptions {
  /** Arms, each a class; default 2. */
  readonly classes?: number;
  /** How often each arm goes round; default 1. */
  readonly turns?: number;
}

/** Arms that wind round each other from the middle to radius 1. */
export function spirals(options: SpiralsOptions = {}): Dataset {
  const { noise = 0.02 } = options;
  const start = begin("spirals", { ...options, noise }, ["classes", "turns"]);
  const { classes = 2, turns = 1 } = options;
  requireWhole("spirals", "classes", classes, 2);
  requireFinite("spirals", "turns", turns);
  return plane("spirals", start, classes, (label, along) => {
    // Even along the arm, roughly: the length grows as the square of the angle.
    const radius = Math.sqrt(along);
    const [cosine, sine] = circle(radius * turns + label / classes);
    return [radius * cosine, radius * sine];
  });
}

export interface BlobsOptions extends GeneratorOptions {
  /** Default 3. */
  readonly classes?: number;
  /** Numbers of an example; default 2. */
  readonly features?: number;
  /** Centres are drawn from [−spread, spread); default 4. `noise` is the deviation about them, default 1. */
  readonly spread?: number;
}

/** Normal clouds about random centres, each a class. */
export function blobs(options: BlobsOptions = {}): Dataset {
  const { noise: deviation = 1 } = options;
  const start = begin("blobs", { ...options, noise: deviation }, ["classes", "features", "spread"]);
  const { examples, noise, random } = start;
  const { classes = 3, features = 2, spread = 4 } = options;
  requireWhole("blobs", "classes", classes, 1);
  requireWhole("blobs", "features", features, 1);
  requireNotNegative("blobs", "spread", spread);
  const centres = Float64Array.from({ length: classes * features }, () => spread * (2 * random.uniform() - 1));
  const y = Int32Array.from({ length: examples }, (_, i) => i % classes);
  const x = Float32Array.from({ length: examples * features }, (_, i) => {
    const label = y[Math.floor(i / features)] as number;
    return (centres[label * features + (i % features)] as number) + noise * random.normal();
  });
  const names = Array.from({ length: classes }, (_, label) => String(label));
  return arrayDataset({ x, y, shape: [features], classes: names, name: "blobs" });
}

export interface LinearRegressionOptions extends GeneratorOptions {
  /** Numbers of an example; default 5. */
  readonly features?: number;
}

/** A data set and the truth it was made from. */
export interface LinearProblem {
  readonly data: Dataset;
  readonly weights: Float32Array;
  readonly bias: number;
}

/** y = w·x + b + noise, with normal x, w and b. */
export function linearRegression(options: LinearRegressionOptions = {}): LinearProblem {
  const { examples, noise, random } = begin("linearRegression", options, ["features"]);
  const { features = 5 } = options;
  requireWhole("linearRegression", "features", features, 1);
  const weights = Float32Array.from({ length: features }, () => random.normal());
  const bias = Math.fround(random.normal());
  const x = Float32Array.from({ length: examples * features }, () => random.normal());
  const y = Float32Array.from({ length: examples }, (_, i) => {
    const sum = weights.reduce((total, w, j) => total + w * (x[i * features + j] as number), bias);
    return sum + noise * random.normal();
  });
  const data = arrayDataset({ x, y, shape: [features], targetShape: [1], name: "linearRegression" });
  return { data, weights, bias };
}

export interface PolynomialRegressionOptions extends GeneratorOptions {
  /** c₀, c₁, c₂, … of c₀ + c₁·x + c₂·x² + …; default [0, −1, 0, 2]. */
  readonly coefficients?: readonly number[];
}

/** y = Σ cₖ·xᵏ + noise over x in [−1, 1). */
export function polynomialRegression(options: PolynomialRegressionOptions = {}): Dataset {
  const { examples, noise, random } = begin("polynomialRegression", options, ["coefficients"]);
  const { coefficients = [0, -1, 0, 2] } = options;
  if (!Array.isArray(coefficients) || coefficients.length === 0)
    throw new Error(`polynomialRegression: coefficients must be an array of numbers, got ${show(coefficients)}`);
  coefficients.forEach((c, k) => requireFinite("polynomialRegression", `coefficients[${k}]`, c));
  const x = Float32Array.from({ length: examples }, () => 2 * random.uniform() - 1);
  const y = x.map((value) => coefficients.reduceRight((sum, c) => sum * value + c, 0) + noise * random.normal());
  return arrayDataset({ x, y, shape: [1], targetShape: [1], name: "polynomialRegression" });
}

export interface DriftingStreamOptions {
  /** Numbers of an example, at least 2; default 10. */
  readonly features?: number;
  /** Examples a batch; default 32. */
  readonly batchSize?: number;
  /** How far the truth turns with each example, in turns; default 1e-5. 0 for a stream that stays as it is. */
  readonly drift?: number;
  /** Share of labels that are wrong, in [0, 1); default 0.05. */
  readonly noise?: number;
  readonly seed?: number;
}

/** One batch of a stream, as `step` takes it. */
export interface StreamBatch {
  /** batchSize × features. */
  readonly x: Float32Array;
  /** Labels 0 and 1. */
  readonly y: Int32Array;
}

/**
 * Batches without end whose classes lie on two sides of a plane that turns (after Hulten, Spencer and Domingos 2001):
 * what was right at first is half wrong after a quarter turn. Each loop over it begins anew.
 */
export function driftingStream(options: DriftingStreamOptions = {}): Iterable<StreamBatch> {
  const call = "driftingStream";
  requireOptions(call, options, ["features", "batchSize", "drift", "noise", "seed"]);
  const { features = 10, batchSize = 32, drift = 1e-5, noise = 0.05, seed = 0 } = options;
  requireWhole(call, "features", features, 2);
  requireWhole(call, "batchSize", batchSize, 1);
  requireFinite(call, "drift", drift);
  requireWithin(call, "noise", noise, 0, 1, true);
  requireSeed(call, seed);
  return {
    *[Symbol.iterator]() {
      const random = randomSource(seed, streams[call]);
      for (let example = 0; ; ) {
        const x = Float32Array.from({ length: batchSize * features }, () => random.normal());
        const y = new Int32Array(batchSize);
        for (let i = 0; i < batchSize; i++, example++) {
          const [cosine, sine] = circle(drift * example);
          const side = cosine * (x[i * features] as number) + sine * (x[i * features + 1] as number);
          y[i] = Number(side > 0 !== random.uniform() < noise);
        }
        yield { x, y };
      }
    },
  };
}
