// What row 9 says and draws of what it measured.
import { gradientStandardError } from "thalweg/science";
import type { Parameters } from "../09-gradient-noise.ts";
import { type ChartPoint, chart, pointOf } from "../chart.ts";
import type { Outcome } from "../experiment.ts";
import { finding, type Mean, meanOf, slopeOf } from "../statistics.ts";

/** Of one network. */
export type Noise = {
  /** ‖G_n − G‖/σ of each batch size, root mean squares over the draws, with and without replacement. */
  readonly replaced: readonly number[];
  readonly distinct: readonly number[];
  /** What the errors make of tr Σ, and the norms of batches of two sizes of tr Σ/‖G‖², over the exact values. */
  readonly traceRatio: number;
  readonly scaleRatio: number;
  /** tr Σ/‖G‖² */
  readonly noiseScale: number;
};

/** The held-out loss at the best rate. */
export type Reached = Mean & { readonly rate: number };
export type Race = {
  readonly batchSize: number;
  /** Examples a second. */
  readonly speed: number;
  readonly atExamples: Reached;
  readonly inTime: Reached;
};

export type Data = {
  readonly sizes: readonly number[];
  /** To learn from, and held out. */
  readonly examples: number;
  readonly noises: readonly Noise[];
  readonly races: readonly Race[];
  readonly tested: number;
};

const limits = ["atExamples", "inTime"] as const;

export function outcome(data: Data, parameters: Parameters): Outcome<Data> {
  const { draws, networks, racers, rates, seconds } = parameters;
  const { sizes, examples: size, noises, races, tested } = data;
  const slope = (of: (noise: Noise) => readonly number[]): Mean =>
    meanOf(noises.map((noise) => slopeOf(sizes.map(Math.log), of(noise).map(Math.log)).mean));
  const correction = (n: number): number => Math.sqrt((size - n) / (size - 1));
  const replaced = slope((noise) => noise.replaced);
  const distinct = slope((noise) => noise.distinct.map((error, i) => error / correction(sizes[i] as number)));
  const isRoot = [replaced, distinct].every(({ low, high }) => low >= -0.53 && high <= -0.47);
  const usual = races.filter(({ batchSize }) => batchSize === 32 || batchSize === 64);
  const better = races
    .filter((other) => usual.every((each) => limits.every((limit) => other[limit].high < each[limit].low)))
    .map(({ batchSize }) => batchSize);
  const least = (of: readonly Race[], limit: (typeof limits)[number]): number =>
    Math.min(...of.map((each) => each[limit].mean));
  const measured = (of: (noise: Noise) => readonly number[]): ChartPoint[] =>
    sizes.map((n, i) => pointOf(n, meanOf(noises.map((noise) => of(noise)[i] as number))));
  const predicted = (replacement: boolean): ChartPoint[] =>
    sizes.map((n) => ({ x: n, y: gradientStandardError({ count: size, populationTrace: 1 }, n, { replacement }) }));
  return {
    data,
    verdict: {
      judgement: isRoot ? (better.length === 0 ? "supported" : "partly") : "not supported",
      why: `The error falls as n to the power ${replaced.mean.toFixed(3)} with replacement and ${distinct.mean.toFixed(3)} without, finite-population correction taken away; ${better.length === 0 ? "no batch size does" : `batches of ${better.join(", ")} do`} better than 32 and 64 both at equal examples and in equal time, beyond the intervals.`,
      numbers: [
        finding("slope of log error on log n, with replacement", replaced, -0.5),
        finding("slope without replacement, over √((N−n)/(N−1))", distinct, -0.5),
        finding("tr Σ from the errors over its exact value", meanOf(noises.map((each) => each.traceRatio)), 1),
        finding(
          "noise scale from two batch sizes over its exact value",
          meanOf(noises.map((each) => each.scaleRatio)),
          1,
        ),
        ...limits.map((limit) => ({
          name: `least loss of 32 and 64 over the least of all, ${limit === "inTime" ? "in equal time" : "at equal examples"}`,
          value: least(usual, limit) / least(races, limit),
          runs: racers,
        })),
      ],
    },
    figures: [
      chart({
        name: "standard-error",
        caption: `Root mean square of ‖gradient of n examples − gradient of all ${size}‖ in units of σ = √tr Σ: ${draws} draws of each n for each of ${networks} networks, with 95 % intervals over the networks; lines: theory.`,
        description:
          "On logarithmic axes both fall with slope −½; without replacement the error bends down below the line where the batch nears the whole set.",
        x: { label: "examples in the batch, n", type: "log" },
        y: { label: "standard error of the gradient / σ", type: "log" },
        series: [
          { name: "with replacement", as: "points", points: measured((noise) => noise.replaced) },
          { name: "without", as: "points", points: measured((noise) => noise.distinct) },
          { name: "1/√n", points: predicted(true) },
          { name: "√((N−n)/(N−1)/n)", points: predicted(false) },
        ],
      }),
      chart({
        name: "race",
        caption: `Loss on ${tested} held-out examples after ${parameters.examples} examples and after ${seconds} s, with batches of each size at the best of the rates ${rates.join(", ")}; geometric means of ${racers} networks with 95 % intervals.`,
        description:
          "At equal examples the loss rises with the batch size, steeply beyond some dozens; in equal time it is flat over the middle, and higher for one example and for all.",
        x: { label: "examples in the batch, n", type: "log" },
        y: { label: "held-out loss reached", type: "log" },
        series: limits.map((limit) => ({
          name: limit === "inTime" ? "in equal time" : "at equal examples",
          as: "both",
          points: races.map((each) => pointOf(each.batchSize, each[limit])),
        })),
      }),
    ],
    how: `64-32-10 with ReLU on ${size} of the 1797 digits. Errors: after one epoch of SGD (rate 0.1, batches of 32), seeds 1 to ${networks}. Race: seeds 1 to ${racers}; examples in ${seconds} s by the speed of the fastest epoch.`,
  };
}
