// Row 13: what balance of the classes in the batches does for a class that is rare.
import { createModel, crossEntropy, type Dataset, mlp, sgd } from "thalweg";
import { mnist, randomSource, type Sampler, samplers, subset } from "thalweg/data";
import { confusionMatrix } from "thalweg/metrics";
import type { Experiment } from "./experiment.ts";
import { type Data, type Found, outcome, RARE } from "./outcomes/13-balance.ts";

export interface Parameters {
  readonly [name: string]: number;
  /** To train with, of each class; of the rare one so many. */
  readonly each: number;
  readonly rare: number;
  readonly judges: number;
  readonly batchSize: number;
  readonly epochs: number;
  readonly learningRate: number;
  readonly runs: number;
}

interface Way {
  readonly sampler: Sampler;
  /** Whether the loss weights the classes by one over their share. */
  readonly weights?: boolean;
}
const ways: Readonly<Record<string, Way>> = {
  "as they come": { sampler: samplers.reshuffled() },
  stratified: { sampler: samplers.stratified() },
  "class-balanced": { sampler: samplers.classBalanced() },
  "class weights": { sampler: samplers.reshuffled(), weights: true },
};

export const balance: Experiment<Parameters, Data> = {
  id: 13,
  title: "Balanced batches",
  file: "13-balance.ts",
  claim: "Classes and data must be balanced in the batches.",
  parameters: {
    quick: { each: 300, rare: 30, judges: 2000, batchSize: 32, epochs: 8, learningRate: 0.1, runs: 6 },
    full: { each: 5000, rare: 100, judges: 10000, batchSize: 32, epochs: 10, learningRate: 0.1, runs: 12 },
  },
  async *run({ parameters, signal }) {
    const { each, rare, judges, batchSize, epochs, learningRate, runs } = parameters;
    const { train, test } = await mnist();
    const unseen = subset(test, [...Array(judges).keys()]);
    const names = Object.keys(ways);
    const found: Record<string, Record<keyof Found, number[]>> = {};
    for (const name of names) found[name] = { recall: [], accuracy: [], without: [] };
    for (let seed = 1; seed <= runs; seed++) {
      const data = imbalanced(train, each, rare, seed);
      const shares = Array.from({ length: 10 }, (_, label) => (label === RARE ? rare : each) / data.size);
      for (const [at, name] of names.entries()) {
        const { sampler, weights } = ways[name] as Way;
        const model = await createModel({
          input: [28, 28, 1],
          network: mlp([64]),
          loss: crossEntropy(weights ? { classWeights: shares.map((share) => 0.1 / share) } : {}),
          optimizer: sgd({ learningRate }),
          seed,
        });
        const watched = watching(sampler);
        const reportEvery = Math.ceil(data.size / batchSize / 8);
        const options = { epochs, batchSize, sampler: watched.sampler, reportEvery, signal };
        // Several times in the last epoch: what a network says of a rare class depends on the last batch.
        const judged: { recall: number; accuracy: number }[] = [];
        for await (const { epoch } of model.fit(data, options)) {
          if (epoch < epochs) continue;
          const { confusionMatrix: matrix, accuracy } = model.evaluate(unseen, { metrics: { confusionMatrix } });
          const row = matrix[RARE] as number[];
          judged.push({ recall: (100 * (row[RARE] as number)) / sum(row), accuracy: 100 * (accuracy as number) });
        }
        const of = found[name] as Record<keyof Found, number[]>;
        of.recall.push(sum(judged.map(({ recall }) => recall)) / judged.length);
        of.accuracy.push(sum(judged.map(({ accuracy }) => accuracy)) / judged.length);
        of.without.push(100 * watched.without());
        model.close();
        yield { done: (seed - 1 + (at + 1) / names.length) / runs, note: `run ${seed}, ${name}` };
      }
    }
    return outcome({ found }, parameters);
  },
};

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** So many examples of each class, drawn by seed, and fewer of the rare one. */
function imbalanced(data: Dataset, each: number, rare: number, seed: number): Dataset {
  const { below } = randomSource(seed, 0);
  const left = Array.from({ length: 10 }, (_, label) => (label === RARE ? rare : each));
  const rows: number[] = [];
  while (left.some((count) => count > 0)) {
    const row = below(data.size);
    const label = data.y[row] as number;
    if (left[label] === 0 || rows.includes(row)) continue;
    left[label] = (left[label] as number) - 1;
    rows.push(row);
  }
  return subset(data, rows);
}

/** The same sampler, and the share of its batches that had none of the rare class. */
function watching(sampler: Sampler): { readonly sampler: Sampler; without(): number } {
  let [batches, without] = [0, 0];
  return {
    without: () => without / batches,
    sampler: {
      ...sampler,
      async epoch(context) {
        const drawn = await sampler.epoch(context);
        const labels = Array.from(drawn.rows, (row) => context.targets[row]);
        for (let first = 0; first < context.size; first += context.batchSize) {
          batches++;
          if (!labels.slice(first, first + context.batchSize).includes(RARE)) without++;
        }
        return drawn;
      },
    },
  };
}
