// Row 5: what is minimised is a sum over the examples seen, and that sum is an estimate of the risk.
import { chain, createModel, crossEntropy, dense, relu, sgd } from "thalweg";
import { mnist, randomSource, subset } from "thalweg/data";
import type { Experiment } from "./experiment.ts";
import { type Data, outcome } from "./outcomes/05-empirical-risk.ts";
import { deviationOf } from "./statistics.ts";
import { giveTurn } from "./turn.ts";

export interface Parameters {
  readonly [name: string]: number | readonly number[];
  readonly sizes: readonly number[];
  /** Samples of each size. */
  readonly draws: number;
  readonly seed: number;
}

export const empiricalRisk: Experiment<Parameters, Data> = {
  id: 5,
  title: "The empirical risk",
  file: "05-empirical-risk.ts",
  claim: "The expected loss cannot be had; the mean over the observed examples takes its place.",
  parameters: {
    quick: { sizes: [10, 20, 40, 80, 160, 320, 640, 1280], draws: 60, seed: 5 },
    full: { sizes: [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 5120], draws: 400, seed: 5 },
  },
  async *run({ parameters, signal }) {
    const { sizes, draws, seed } = parameters;
    const { train, test } = await mnist();
    const model = await createModel({
      input: [784],
      network: chain(dense(64), relu(), dense(10)),
      loss: crossEntropy(),
      optimizer: sgd({ learningRate: 0.1 }),
      seed,
    });
    for await (const { step } of model.fit(train, { epochs: 1, batchSize: 64, reportEvery: 100, signal }))
      yield { done: (0.2 * step) / Math.ceil(train.size / 64), note: "training a network" };
    const risk = model.evaluate(test).loss;
    const random = randomSource(seed, 0);
    const spreads: number[] = [];
    const risks: number[][] = [];
    for (const [at, n] of sizes.entries()) {
      const own: number[] = [];
      for (let draw = 0; draw < draws; draw++) {
        await giveTurn(signal);
        const rows = Uint32Array.from({ length: n }, () => random.below(test.size));
        own.push(model.evaluate(subset(test, rows)).loss);
      }
      spreads.push(deviationOf(own));
      risks.push(own);
      yield { done: 0.2 + (0.8 * (at + 1)) / sizes.length, note: `samples of ${n}` };
    }
    model.close();
    return outcome({ sizes, spreads, risks, risk, examples: test.size }, parameters);
  },
};
