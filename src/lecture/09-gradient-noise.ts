// Row 9: how far the gradient of a mini-batch strays from that of all examples, and which batches pay.
import { createModel, crossEntropy, type Dataset, type Model, mlp, sgd } from "thalweg";
import { digits, randomSource, type Split, subset, trainTestSplit } from "thalweg/data";
import { datasetObjective, exampleStatistics, gradientNoise, twoBatchNoise } from "thalweg/science";
import type { Experiment, Progress } from "./experiment.ts";
import { type Data, type Noise, outcome, type Race, type Reached } from "./outcomes/09-gradient-noise.ts";
import { judgedAt, speedOf } from "./race.ts";
import { geometricMeanOf } from "./statistics.ts";
import { giveTurn } from "./turn.ts";

const quick = {
  /** Batches drawn of each size, for each network. */
  sizes: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024],
  draws: 60,
  networks: 8,
  /** The race: networks for each batch size and rate, which see so many examples, and as many as so long a time allows. */
  racers: 5,
  batches: [1, 8, 32, 64, 256, 1347],
  rates: [0.03, 0.1, 0.3, 1],
  examples: 6735,
  seconds: 0.02,
};
export type Parameters = { readonly [Name in keyof typeof quick]: (typeof quick)[Name] };

const full = {
  ...quick,
  draws: 400,
  networks: 20,
  racers: 20,
  batches: [1, 2, 4, 8, 16, 32, 64, 128, 256, 1347],
  rates: [0.01, 0.03, 0.1, 0.3, 0.6, 1, 2],
};

export const gradientOfBatches: Experiment<Parameters, Data> = {
  id: 9,
  title: "The standard error of a mini-batch's gradient",
  file: "09-gradient-noise.ts",
  claim:
    "The gradient of n examples errs by σ/√n: twice the accuracy costs four times the data, and 32 to 64 are usually enough.",
  parameters: { quick, full },
  async *run({ parameters, signal }) {
    const { sizes, networks, batches } = parameters;
    const parts = trainTestSplit(await digits(), { test: 450, stratify: true });
    const noises: Noise[] = [];
    for (let seed = 1; seed <= networks; seed++) noises.push(yield* measure(parts.train, parameters, seed, signal));
    const races: Race[] = [];
    for (const batchSize of batches) races.push(yield* race(parts, parameters, batchSize, signal));
    return outcome({ sizes, examples: parts.train.size, noises, races, tested: parts.test.size }, parameters);
  },
};

const network = (seed: number, learningRate: number): Promise<Model> =>
  createModel({
    input: [8, 8, 1],
    network: mlp([32]),
    loss: crossEntropy(),
    optimizer: sgd({ learningRate }),
    seed,
  });

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
  const withReplacement = (n: number): Uint32Array => order.slice(0, n).map(() => below(data.size));
  /** The first of a random order (Fisher and Yates). */
  const without = (n: number): Uint32Array => {
    for (let i = 0; i < n; i++) {
      const j = i + below(data.size - i);
      [order[i], order[j]] = [order[j] as number, order[i] as number];
    }
    return order.slice(0, n);
  };
  /** Of so many batches: squared norms of their gradients, and the root mean square of ‖G_n − G‖/σ. */
  const drawn = (n: number, draw: (n: number) => Uint32Array) => {
    const gradient = new Float32Array(model.parameters.length);
    const squaredNorms: number[] = [];
    let squares = 0;
    for (let at = 0; at < draws; at++) {
      datasetObjective(model, subset(data, draw(n)), { batchSize: n }).gradient(model.parameters, gradient);
      squaredNorms.push(gradient.reduce((sum, g) => sum + g * g, 0));
      squares += gradient.reduce((sum, g, j) => sum + (g - (statistics.gradient[j] as number)) ** 2, 0);
    }
    return { batchSize: n, squaredNorms, error: Math.sqrt(squares / draws / populationTrace) };
  };
  type Drawn = ReturnType<typeof drawn>;
  const [replaced, distinct]: [Drawn[], Drawn[]] = [[], []];
  for (const [at, n] of sizes.entries()) {
    replaced.push(drawn(n, withReplacement));
    distinct.push(drawn(n, without));
    yield { done: (0.4 * (seed - 1 + (at + 1) / sizes.length)) / networks, note: `gradients of ${n} examples` };
    await giveTurn(signal);
  }
  model.close();
  const [small, large] = [replaced[sizes.length >> 2], replaced.at(-1)] as [Drawn, Drawn];
  const traces = replaced.map(({ batchSize, error }) => error ** 2 * batchSize);
  return {
    replaced: replaced.map(({ error }) => error),
    distinct: distinct.map(({ error }) => error),
    traceRatio: traces.reduce((sum, trace) => sum + trace, 0) / sizes.length,
    scaleRatio: twoBatchNoise(small, large).noiseScale / noiseScale,
    noiseScale,
  };
}

/** Trains with every rate, and keeps the best for each of the two limits. */
async function* race(
  { train, test }: Split<Dataset>,
  { batches, rates, racers, examples, seconds }: Parameters,
  batchSize: number,
  signal: AbortSignal,
): AsyncGenerator<Progress, Race, void> {
  const speed = await speedOf(await network(0, 0.01), train, { batchSize, signal });
  const tried: { readonly atExamples: Reached; readonly inTime: Reached }[] = [];
  for (const [at, rate] of rates.entries()) {
    const losses: number[][] = [];
    for (let seed = 1; seed <= racers; seed++) {
      const model = await network(seed, rate);
      const judge = () => model.evaluate(test).loss;
      losses.push(await judgedAt(model, train, [examples, speed * seconds], judge, { batchSize, signal }));
      model.close();
    }
    const reached = (mark: 0 | 1): Reached => ({
      rate,
      ...geometricMeanOf(losses.map((each) => each[mark] as number)),
    });
    tried.push({ atExamples: reached(0), inTime: reached(1) });
    const done = batches.indexOf(batchSize) + (at + 1) / rates.length;
    yield { done: 0.4 + (0.6 * done) / batches.length, note: `training with batches of ${batchSize}` };
  }
  const best = (limit: "atExamples" | "inTime"): Reached =>
    tried.map((each) => each[limit]).reduce((a, b) => (b.mean < a.mean ? b : a));
  return { batchSize, speed, atExamples: best("atExamples"), inTime: best("inTime") };
}
