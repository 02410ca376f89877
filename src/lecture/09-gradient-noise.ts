// Row 9: how far the gradient of a mini-batch strays from that of all examples, and which batches pay.
import { createModel, crossEntropy, mlp, sgd } from "thalweg";
import { type Dataset, digits, randomSource, type Split, subset, trainTestSplit } from "thalweg/data";
import {
  datasetObjective,
  exampleStatistics,
  gradientNoise,
  gradientStandardError,
  twoBatchNoise,
} from "thalweg/science";
import { chart } from "./chart.ts";
import type { Experiment, Progress } from "./experiment.ts";
import { judgedAt, speedOf } from "./race.ts";
import { finding, geometricMeanOf, type Mean, meanOf, slopeOf } from "./statistics.ts";

interface Parameters {
  readonly [name: string]: number | readonly number[];
  /** Batches drawn of each size, for each network. */
  readonly sizes: readonly number[];
  readonly draws: number;
  readonly networks: number;
  /** The race: networks for each batch size and rate, which see so many examples, and as many as so long a time allows. */
  readonly racers: number;
  readonly batches: readonly number[];
  readonly rates: readonly number[];
  readonly examples: number;
  readonly seconds: number;
}

const sizes = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

export const gradientOfBatches: Experiment<Parameters> = {
  id: 9,
  title: "The standard error of a mini-batch's gradient",
  file: "09-gradient-noise.ts",
  claim:
    "The gradient of n examples errs by σ/√n: twice the accuracy costs four times the data, and 32 to 64 are usually enough.",
  parameters: {
    quick: {
      ...{ sizes, draws: 60, networks: 8, racers: 5, batches: [1, 8, 32, 64, 256, 1347], rates: [0.03, 0.1, 0.3, 1] },
      ...{ examples: 6735, seconds: 0.02 },
    },
    full: {
      ...{ sizes, draws: 400, networks: 20, racers: 20, batches: [1, 2, 4, 8, 16, 32, 64, 128, 256, 1347] },
      ...{ rates: [0.01, 0.03, 0.1, 0.3, 0.6, 1, 2], examples: 6735, seconds: 0.02 },
    },
  },
  async *run({ parameters, signal }) {
    const { sizes, draws, networks, racers, batches, rates, examples, seconds } = parameters;
    const parts = trainTestSplit(await digits(), { test: 450, stratify: true });
    const { size } = parts.train;
    const noises: Noise[] = [];
    for (let seed = 1; seed <= networks; seed++) noises.push(yield* measure(parts.train, parameters, seed, signal));
    const races: Race[] = [];
    for (const batchSize of batches) races.push(yield* race(parts, parameters, batchSize, signal));

    const slope = (of: (noise: Noise) => readonly number[]): Mean =>
      meanOf(noises.map((noise) => slopeOf(sizes.map(Math.log), of(noise).map(Math.log)).mean));
    const correction = (n: number): number => Math.sqrt((size - n) / (size - 1));
    const slopes = [
      slope(({ replaced }) => replaced),
      slope(({ distinct }) => distinct.map((error, i) => error / correction(sizes[i] as number))),
    ] as const;
    const isRoot = slopes.every(({ low, high }) => low >= -0.53 && high <= -0.47);
    const usual = races.filter(({ batchSize }) => batchSize === 32 || batchSize === 64);
    const better = races.filter((other) =>
      usual.every((each) => other.atExamples.high < each.atExamples.low && other.inTime.high < each.inTime.low),
    );
    const least = (of: readonly Race[], limit: Limit): number => Math.min(...of.map((each) => each[limit].mean));
    const measured = (of: (noise: Noise) => readonly number[]) =>
      sizes.map((n, i) => {
        const { mean, low, high } = meanOf(noises.map((noise) => of(noise)[i] as number));
        return { x: n, y: mean, low, high };
      });
    const predicted = (replacement: boolean) =>
      sizes.map((n) => ({ x: n, y: gradientStandardError({ count: size, populationTrace: 1 }, n, { replacement }) }));
    return {
      data: { sizes, examples: size, noises, races },
      verdict: {
        judgement: isRoot ? (better.length === 0 ? "supported" : "partly") : "not supported",
        why: `The error falls as n to the power ${slopes[0].mean.toFixed(3)} with replacement and ${slopes[1].mean.toFixed(3)} without, finite-population correction taken away; ${
          better.length === 0
            ? "no batch size does"
            : `batches of ${better.map((each) => each.batchSize).join(", ")} do`
        } better than 32 and 64 both at equal examples and in equal time, beyond the intervals.`,
        numbers: [
          finding("slope of log error on log n, with replacement", slopes[0], -0.5),
          finding("slope without replacement, over √((N−n)/(N−1))", slopes[1], -0.5),
          finding("tr Σ from the errors over its exact value", meanOf(noises.map((each) => each.traceRatio)), 1),
          finding(
            "noise scale from two batch sizes over its exact value",
            meanOf(noises.map((each) => each.scaleRatio)),
            1,
          ),
          ...(["atExamples", "inTime"] as const).map((limit) => ({
            name: `least loss of 32 and 64 over the least of all, ${limit === "inTime" ? "in equal time" : "at equal examples"}`,
            ...{ value: least(usual, limit) / least(races, limit), runs: racers },
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
            { name: "with replacement", as: "points", points: measured(({ replaced }) => replaced) },
            { name: "without", as: "points", points: measured(({ distinct }) => distinct) },
            { name: "1/√n", points: predicted(true) },
            { name: "√((N−n)/(N−1)/n)", points: predicted(false) },
          ],
        }),
        chart({
          name: "race",
          caption: `Loss on ${parts.test.size} held-out examples after ${examples} examples and after ${seconds} s, with batches of each size at the best of the rates ${rates.join(", ")}; geometric means of ${racers} networks with 95 % intervals.`,
          description:
            "At equal examples the loss rises with the batch size, steeply beyond some dozens; in equal time it is flat over the middle, and higher for one example and for all.",
          x: { label: "examples in the batch, n", type: "log" },
          y: { label: "held-out loss reached", type: "log" },
          series: (["atExamples", "inTime"] as const).map((limit) => ({
            ...{ name: limit === "inTime" ? "in equal time" : "at equal examples", as: "both" },
            points: races.map(({ batchSize, [limit]: { mean, low, high } }) => ({ x: batchSize, y: mean, low, high })),
          })),
        }),
      ],
      how: `64-32-10 with ReLU on ${size} of the 1797 digits. Errors: after one epoch of SGD (rate 0.1, batches of 32), seeds 1 to ${networks}. Race: seeds 1 to ${racers}; examples in ${seconds} s by the speed of the fastest epoch.`,
    };
  },
};

const network = (seed: number, learningRate: number) =>
  createModel({
    ...{ input: [8, 8, 1], network: mlp([32]), loss: crossEntropy(), optimizer: sgd({ learningRate }), seed },
  });

/** Of one network. */
type Noise = {
  /** ‖G_n − G‖/σ of each batch size, root mean squares over the draws, with and without replacement. */
  readonly replaced: readonly number[];
  readonly distinct: readonly number[];
  /** What the errors make of tr Σ, and the norms of batches of two sizes of tr Σ/‖G‖², over the exact values. */
  readonly traceRatio: number;
  readonly scaleRatio: number;
  /** tr Σ/‖G‖² */
  readonly noiseScale: number;
};

/** Draws batches for a network that has seen the data once. */
async function* measure(
  data: Dataset,
  { sizes, draws, networks }: Parameters,
  seed: number,
  signal: AbortSignal,
): AsyncGenerator<Progress, Noise, void> {
  const model = await network(seed, 0.1);
  for await (const _ of model.fit(data, { batchSize: 32, signal }));
  const statistics = exampleStatistics(model, data);
  const { populationTrace, noiseScale } = gradientNoise(statistics);
  const { below } = randomSource(seed, 0);
  const order = Uint32Array.from({ length: data.size }, (_, i) => i);
  const errors = { replaced: [] as number[], distinct: [] as number[] };
  const norms: { batchSize: number; squaredNorms: number[] }[] = [];
  for (const [at, batchSize] of sizes.entries()) {
    for (const way of ["replaced", "distinct"] as const) {
      const squaredNorms: number[] = [];
      let squares = 0;
      for (let draw = 0; draw < draws; draw++) {
        const rows = order.slice(0, batchSize).map((_, i) => {
          if (way === "replaced") return below(data.size);
          // The next of a random order (Fisher and Yates).
          const j = i + below(data.size - i);
          [order[i], order[j]] = [order[j] as number, order[i] as number];
          return order[i] as number;
        });
        const gradient = new Float32Array(model.parameters.length);
        datasetObjective(model, subset(data, rows), { batchSize }).gradient(model.parameters, gradient);
        squaredNorms.push(gradient.reduce((sum, g) => sum + g * g, 0));
        squares += gradient.reduce((sum, g, j) => sum + (g - (statistics.gradient[j] as number)) ** 2, 0);
      }
      errors[way].push(Math.sqrt(squares / draws / populationTrace));
      if (way === "replaced") norms.push({ batchSize, squaredNorms });
    }
    yield { done: (0.4 * (seed - 1 + (at + 1) / sizes.length)) / networks, note: `gradients of ${batchSize} examples` };
    signal.throwIfAborted();
  }
  model.close();
  const [small, large] = [norms[norms.length >> 2], norms.at(-1)] as [(typeof norms)[0], (typeof norms)[0]];
  return {
    ...errors,
    traceRatio: errors.replaced.reduce((sum, error, i) => sum + error ** 2 * (sizes[i] as number), 0) / sizes.length,
    scaleRatio: twoBatchNoise(small, large).noiseScale / noiseScale,
    noiseScale,
  };
}

type Limit = "atExamples" | "inTime";
type Reached = { readonly rate: number; readonly mean: number; readonly low: number; readonly high: number };
type Race = { readonly batchSize: number; readonly speed: number } & { readonly [limit in Limit]: Reached };

/** Trains with every rate, and keeps the best for each of the two limits. */
async function* race(
  { train, test }: Split<Dataset>,
  { batches, rates, racers, examples, seconds }: Parameters,
  batchSize: number,
  signal: AbortSignal,
): AsyncGenerator<Progress, Race, void> {
  const speed = await speedOf(await network(0, 0.01), train, { batchSize, signal });
  const tried: Reached[][] = [];
  for (const [at, rate] of rates.entries()) {
    const losses: number[][] = [];
    for (let seed = 1; seed <= racers; seed++) {
      const model = await network(seed, rate);
      const judge = () => model.evaluate(test).loss;
      losses.push(await judgedAt(model, train, [examples, speed * seconds], judge, { batchSize, signal }));
      model.close();
    }
    tried.push([0, 1].map((mark) => ({ rate, ...geometricMeanOf(losses.map((each) => each[mark] as number)) })));
    const done = batches.indexOf(batchSize) + (at + 1) / rates.length;
    yield { done: 0.4 + (0.6 * done) / batches.length, note: `training with batches of ${batchSize}` };
  }
  const best = (mark: number): Reached =>
    tried.map((each) => each[mark] as Reached).reduce((a, b) => (b.mean < a.mean ? b : a));
  return { batchSize, speed, atExamples: best(0), inTime: best(1) };
}
