// Row 5: what is minimised is a sum over the examples seen, and that sum is an estimate of the risk.
import { chain, createModel, crossEntropy, dense, relu, sgd } from "thalweg";
import { mnist, randomSource, subset } from "thalweg/data";
import { chart } from "./chart.ts";
import type { Experiment } from "./experiment.ts";
import { deviationOf, slopeOf } from "./statistics.ts";

interface Parameters {
  readonly [name: string]: number | readonly number[];
  readonly sizes: readonly number[];
  readonly draws: number;
  readonly seed: number;
}

export const empiricalRisk: Experiment<Parameters> = {
  id: 5,
  title: "The empirical risk",
  file: "05-empirical-risk.ts",
  claim: "The expected loss cannot be had; the mean over the observed examples takes its place.",
  parameters: {
    quick: { sizes: [10, 20, 40, 80, 160, 320, 640, 1280], draws: 60, seed: 5 },
    full: { sizes: [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 5120], draws: 400, seed: 5 },
  },
  async *run({ parameters: { sizes, draws, seed }, signal }) {
    const { train, test } = await mnist();
    const model = await createModel({
      input: [784],
      network: chain(dense(64), relu(), dense(10)),
      loss: crossEntropy(),
      optimizer: sgd({ learningRate: 0.1 }),
      seed,
    });
    for await (const _ of model.fit(train, { epochs: 1, batchSize: 64, signal }));
    const risk = await model.evaluate(test);
    const random = randomSource(seed, 0);
    const found: { n: number; spread: number; risks: number[] }[] = [];
    for (const [at, n] of sizes.entries()) {
      const risks: number[] = [];
      for (let draw = 0; draw < draws; draw++) {
        signal.throwIfAborted();
        const rows = Uint32Array.from({ length: n }, () => random.below(test.size));
        risks.push((await model.evaluate(subset(test, rows))).loss);
      }
      found.push({ n, spread: deviationOf(risks), risks });
      yield { done: (at + 1) / sizes.length, note: `samples of ${n}` };
    }
    model.close();
    const slope = slopeOf(
      found.map(({ n }) => Math.log(n)),
      found.map(({ spread }) => Math.log(spread)),
    );
    // σ of one example, from every sample size.
    const sigma = Math.exp(
      found.reduce((sum, { n, spread }) => sum + Math.log(spread * Math.sqrt(n)), 0) / found.length,
    );
    const holds = slope.low <= -0.5 && slope.high >= -0.5;
    return {
      data: {
        sizes,
        spreads: found.map(({ spread }) => spread),
        risks: found.map(({ risks }) => risks),
        risk: risk.loss,
      },
      verdict: {
        judgement: holds ? "supported" : "partly",
        why: `The spread of the empirical risk over ${draws} samples of each size falls as n to the power ${slope.mean.toFixed(3).replace("-", "−")}; independent examples promise −0.5.`,
        numbers: [
          {
            name: "slope of log spread on log n",
            value: slope.mean,
            interval: [slope.low, slope.high],
            runs: draws * sizes.length,
            expected: -0.5,
          },
          { name: "deviation of one example's loss", value: sigma, runs: draws * sizes.length },
        ],
      },
      figures: [
        chart({
          name: "spread",
          caption: `Standard deviation of the mean loss over n test examples of MNIST, ${draws} samples of each n drawn with replacement, one network.`,
          description:
            "On logarithmic axes the points lie on a straight line that falls by half for four times the examples.",
          x: { label: "examples in the sample, n", type: "log" },
          y: { label: "spread of the empirical risk", type: "log" },
          series: [
            { name: "measured", as: "points", points: found.map(({ n, spread }) => interval(n, spread, draws)) },
            { name: "σ/√n", points: sizes.map((n) => ({ x: n, y: sigma / Math.sqrt(n) })) },
          ],
        }),
        chart({
          name: "samples",
          caption: `Each sample's mean loss; the line is the whole test set of ${test.size}.`,
          description: "A funnel of points that narrows around the whole set's risk as the samples grow.",
          x: { label: "examples in the sample, n", type: "log" },
          y: { label: "empirical risk" },
          rules: [{ name: `whole set: ${risk.loss.toFixed(3)}`, y: risk.loss }],
          series: [
            { name: "samples", as: "points", points: found.flatMap(({ n, risks }) => risks.map((y) => ({ x: n, y }))) },
          ],
        }),
      ],
      how: `784-64-10 with ReLU after one epoch of MNIST (SGD, learning rate 0.1, batches of 64, seed ${seed}); samples of its test set.`,
    };
  },
};

/** A standard deviation of so many draws is known to a relative 1/√(2(draws − 1)). */
function interval(n: number, spread: number, draws: number) {
  const relative = 1.96 / Math.sqrt(2 * (draws - 1));
  return { x: n, y: spread, low: spread * (1 - relative), high: spread * (1 + relative) };
}
