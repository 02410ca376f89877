// Row 12: what the order of the examples does: to how fast the loss falls, and to the loss on unseen ones.
import { createModel, crossEntropy, type Dataset, type Model, mlp, sgd } from "thalweg";
import { digits, randomSource, type Sampler, samplers, subset, trainTestSplit } from "thalweg/data";
import type { Experiment } from "./experiment.ts";
import { type Data, type Found, outcome } from "./outcomes/12-shuffling.ts";

export interface Parameters {
  readonly [name: string]: number | readonly number[];
  /** To train with, of the digits; the others judge. */
  readonly examples: number;
  /** Share of their labels that are drawn anew. */
  readonly noise: number;
  readonly batchSize: number;
  /** Epochs after which accuracies are compared. */
  readonly epochs: number;
  /** The training loss at which losses on unseen examples are compared, and epochs after which nobody waits for it. */
  readonly target: number;
  readonly patience: number;
  readonly learningRate: number;
  /** Of batch gradient descent, with each of these. */
  readonly batchRates: readonly number[];
  readonly runs: number;
}

/** Of examples that lie there sorted by class. */
const orders: Readonly<Record<string, Sampler>> = {
  sorted: samplers.sequential(),
  "shuffled once": samplers.shuffledOnce(),
  reshuffled: samplers.reshuffled(),
  "with replacement": samplers.withReplacement(),
};

export const shuffling: Experiment<Parameters, Data> = {
  id: 12,
  title: "Randomness and shuffling",
  file: "12-shuffling.ts",
  claim:
    "Randomness reduces overfitting, without a guarantee; good shuffling matters, and different mini-batches in each epoch are better.",
  parameters: {
    quick: {
      examples: 400,
      noise: 0.2,
      batchSize: 8,
      epochs: 5,
      target: 0.1,
      patience: 1500,
      learningRate: 0.1,
      batchRates: [0.5, 1],
      runs: 8,
    },
    full: {
      examples: 400,
      noise: 0.2,
      batchSize: 8,
      epochs: 5,
      target: 0.1,
      patience: 6000,
      learningRate: 0.1,
      batchRates: [0.25, 0.5, 1],
      runs: 60,
    },
  },
  async *run({ parameters, signal }) {
    const { examples, noise, epochs, target, runs, batchSize, learningRate, batchRates, patience } = parameters;
    const all = await digits();
    const found: Found[] = [];
    for (let seed = 1; seed <= runs; seed++) {
      const { train, test } = trainTestSplit(all, { test: all.size - examples, stratify: true, seed });
      const random = randomSource(seed, 0);
      const labels = (train.y as Int32Array).map((label) => (random.uniform() < noise ? random.below(10) : label));
      const data = sortedByClass({ ...train, y: labels });
      const ways = [
        ...Object.entries(orders).map(([order, sampler]) => ({
          order,
          rate: learningRate,
          options: { batchSize, sampler },
        })),
        ...batchRates.map((rate) => ({ order: `all at once, ${rate}`, rate, options: { batchSize: "all" as const } })),
      ];
      for (const [at, { order, rate, options }] of ways.entries()) {
        const model = await createModel({
          input: [8, 8, 1],
          network: mlp([64]),
          loss: crossEntropy(),
          optimizer: sgd({ learningRate: rate }),
          seed,
        });
        const reports = model.fit(data, { ...options, epochs: patience, signal });
        found.push({ order, ...(await watched(model, reports, data, test, epochs, target)) });
        model.close();
        yield { done: (seed - 1 + (at + 1) / ways.length) / runs, note: `run ${seed}, ${order}` };
      }
    }
    return outcome({ found, judges: all.size - examples }, parameters);
  },
};

/** Rows of one class after those of the other. */
function sortedByClass(data: Dataset): Dataset {
  const rows = Array.from({ length: data.size }, (_, i) => i);
  return subset(
    data,
    rows.sort((a, b) => (data.y[a] as number) - (data.y[b] as number) || a - b),
  );
}

/** Follows a fit to the target, and judges on its way. */
async function watched(
  model: Model,
  reports: ReturnType<Model["fit"]>,
  train: Dataset,
  test: Dataset,
  epochs: number,
  target: number,
): Promise<Omit<Found, "order">> {
  const losses: number[] = [];
  let accuracy = Number.NaN;
  let reached: { unseen: number; needed: number } | undefined;
  for await (const { epoch } of reports) {
    const { loss } = model.evaluate(train);
    if (epoch <= epochs) losses.push(loss);
    if (epoch === epochs) accuracy = model.evaluate(test).accuracy as number;
    if (!reached && loss <= target) reached = { unseen: model.evaluate(test).loss, needed: epoch };
    if (reached && epoch >= epochs) break;
  }
  return { accuracy, losses, unseen: reached?.unseen ?? null, needed: reached?.needed ?? null };
}
