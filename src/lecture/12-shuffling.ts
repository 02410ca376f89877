// Row 12: what the order of the examples does: to how fast the loss falls, and to the loss on unseen ones.
import { createModel, crossEntropy, type Dataset, type Model, mlp, sgd } from "thalweg";
import { digits, randomSource, type Sampler, samplers, subset, trainTestSplit } from "thalweg/data";
import { bars, chart } from "./chart.ts";
import type { Experiment } from "./experiment.ts";
import { finding, geometricMeanOf, type Mean, meanOf } from "./statistics.ts";

interface Parameters {
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

/** Of one run. */
type Found = {
  readonly order: string;
  readonly accuracy: number;
  /** Training loss after each epoch until then. */
  readonly losses: readonly number[];
  /** On unseen examples, where the training loss has come down to the target. */
  readonly unseen: number | null;
  /** And how many epochs that took. */
  readonly needed: number | null;
};

export const shuffling: Experiment<Parameters> = {
  id: 12,
  title: "Randomness and shuffling",
  file: "12-shuffling.ts",
  claim:
    "Randomness reduces overfitting, without a guarantee; good shuffling matters, and different mini-batches in each epoch are better.",
  parameters: {
    quick: {
      ...{ examples: 400, noise: 0.2, batchSize: 8, epochs: 5, target: 0.1, patience: 1500 },
      ...{ learningRate: 0.1, batchRates: [0.5, 1], runs: 8 },
    },
    full: {
      ...{ examples: 400, noise: 0.2, batchSize: 8, epochs: 5, target: 0.1, patience: 6000 },
      ...{ learningRate: 0.1, batchRates: [0.25, 0.5, 1], runs: 60 },
    },
  },
  async *run({ parameters, signal }) {
    const { examples, noise, epochs, target, runs, batchSize, learningRate, batchRates, patience } = parameters;
    const all = await digits();
    const found: Found[] = [];
    const wholes = batchRates.map((rate) => `all at once, ${rate}`);
    const names = [...Object.keys(orders), ...wholes];
    for (let seed = 1; seed <= runs; seed++) {
      const { train, test } = trainTestSplit(all, { test: all.size - examples, stratify: true, seed });
      const random = randomSource(seed, 0);
      const labels = (train.y as Int32Array).map((label) => (random.uniform() < noise ? random.below(10) : label));
      const data = sortedByClass({ ...train, y: labels });
      for (const [at, order] of names.entries()) {
        const sampler = orders[order];
        const model = await createModel({
          ...{ input: [8, 8, 1], network: mlp([64]), loss: crossEntropy(), seed },
          optimizer: sgd({ learningRate: batchRates[wholes.indexOf(order)] ?? learningRate }),
        });
        const course = { epochs: patience, batchSize: sampler ? batchSize : ("all" as const), signal };
        const reports = model.fit(data, { ...course, ...(sampler && { sampler }) });
        found.push({ order, ...(await watched(model, reports, data, test, epochs, target)) });
        model.close();
        yield { done: (seed - 1 + (at + 1) / names.length) / runs, note: `run ${seed}, ${order}` };
      }
    }
    const of = (order: string): readonly Found[] => found.filter((each) => each.order === order);
    const accuracies = (order: string) => of(order).map(({ accuracy }) => 100 * accuracy);
    /** Run by run, where both have come to the target: how many times the loss on unseen examples that reshuffling has. */
    const ratio = (order: string): Mean =>
      geometricMeanOf(
        of(order).flatMap(({ unseen }, run) => {
          const other = of("reshuffled")[run]?.unseen ?? null;
          return unseen === null || other === null ? [] : [unseen / other];
        }),
      );
    const mixed = meanOf(accuracies("reshuffled").map((each, run) => each - (accuracies("sorted")[run] as number)));
    const [once, ...whole] = ["shuffled once", ...wholes].map(ratio) as [Mean, ...Mean[]];
    const holding = [mixed.low > 0, once.low > 1, whole.every(({ low }) => low > 1)].filter(Boolean).length;
    const unseenOf = (order: string): number[] => of(order).flatMap(({ unseen }) => unseen ?? []);
    const arrived = names.filter((order) => unseenOf(order).length > 1);
    const missing = names.filter((order) => !arrived.includes(order));
    return {
      data: { found },
      verdict: {
        judgement: holding === 3 ? "supported" : holding > 0 ? "partly" : "not supported",
        why: `After ${epochs} epochs reshuffling is right on ${mixed.mean.toFixed(1)} % more unseen examples than sorted batches are. Where the training loss is ${target}, the loss on unseen examples is ${once.mean.toFixed(2)} times that of reshuffling with one order for all epochs, and ${whole.map(({ mean }, i) => `${mean.toFixed(2)} times with all examples at once and rate ${batchRates[i]}`).join(", ")} (claimed: above 0, above 1, and above 1 whatever the rate).`,
        numbers: [
          finding(`accuracy after ${epochs} epochs, reshuffled less sorted, in percent`, mixed),
          finding(`unseen loss at training loss ${target}, shuffled once over reshuffled`, once),
          ...batchRates.map((rate, i) => finding(`the same, all at once, ${rate}, over reshuffled`, whole[i] as Mean)),
          finding("the same, with replacement over reshuffled", ratio("with replacement")),
        ],
      },
      figures: [
        chart({
          name: "first-epochs",
          caption: `Training loss over the first epochs, examples lying sorted by class: geometric means of ${runs} runs with 95 % intervals.`,
          description:
            "Sorted batches and all examples at once fall slowly; the random orders lie on each other far below.",
          x: { label: "epoch" },
          y: { label: "training loss", type: "log" },
          series: names.map((name) => ({
            ...{ name, as: "both" as const },
            points: Array.from({ length: epochs }, (_, epoch) => {
              const { mean, low, high } = geometricMeanOf(of(name).map(({ losses }) => losses[epoch] as number));
              return { x: epoch + 1, y: mean, low, high };
            }),
          })),
        }),
        bars({
          name: "overfitting",
          caption: `Loss on ${all.size - examples} unseen examples where the training loss has come down to ${target}: means of ${runs} runs with 95 % intervals${missing.length > 0 ? `; not reached by: ${missing.join(", ")}` : ""}.`,
          description:
            "A point for each order: the lower, the less the network has overfitted at the same training loss.",
          label: "order of the examples",
          y: { label: `unseen loss at training loss ${target}` },
          bars: arrived.map((group) => {
            const { mean, low, high } = meanOf(unseenOf(group));
            return { group, name: "unseen loss", y: mean, low, high };
          }),
        }),
      ],
      how: `64-64-10 with ReLU on ${examples} of the digits, ${100 * noise} % of their labels drawn anew, the rest as judges; SGD with batches of ${batchSize} and rate ${learningRate}, all at once with ${batchRates.join(" and ")}; seeds 1 to ${runs} of split, noise, network and order.`,
    };
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
