// Row 13: what balance of the classes in the batches does for a class that is rare.
import { createModel, crossEntropy, type Dataset, mlp, sgd } from "thalweg";
import { mnist, randomSource, type Sampler, samplers, subset } from "thalweg/data";
import { confusionMatrix } from "thalweg/metrics";
import { bars } from "./chart.ts";
import type { Experiment } from "./experiment.ts";
import { finding, type Mean, meanOf } from "./statistics.ts";

interface Parameters {
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

const RARE = 9;

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

/** Of one way, run by run, in percent. */
type Found = Readonly<Record<"recall" | "accuracy" | "without", readonly number[]>>;

export const balance: Experiment<Parameters> = {
  id: 13,
  title: "Balanced batches",
  file: "13-balance.ts",
  claim: "Classes and data must be balanced in the batches.",
  parameters: {
    quick: { each: 300, rare: 30, judges: 2000, batchSize: 32, epochs: 8, learningRate: 0.1, runs: 6 },
    full: { each: 5000, rare: 100, judges: 10000, batchSize: 32, epochs: 10, learningRate: 0.1, runs: 12 },
  },
  async *run({ parameters: { each, rare, judges, batchSize, epochs, learningRate, runs }, signal }) {
    const { train, test } = await mnist();
    const unseen = subset(
      test,
      Uint32Array.from({ length: judges }, (_, i) => i),
    );
    const names = Object.keys(ways);
    const found: Record<string, Record<keyof Found, number[]>> = {};
    for (const name of names) found[name] = { recall: [], accuracy: [], without: [] };
    for (let seed = 1; seed <= runs; seed++) {
      const data = imbalanced(train, each, rare, seed);
      const shares = Array.from({ length: 10 }, (_, label) => (label === RARE ? rare : each) / data.size);
      for (const [at, name] of names.entries()) {
        const { sampler, weights } = ways[name] as Way;
        const model = await createModel({
          ...{ input: [28, 28, 1], network: mlp([64]), optimizer: sgd({ learningRate }), seed },
          loss: crossEntropy(weights ? { classWeights: shares.map((share) => 0.1 / share) } : {}),
        });
        const watched = watching(sampler);
        const of = found[name] as (typeof found)[string];
        const course = { epochs, batchSize, reportEvery: Math.ceil(data.size / batchSize / 8), signal };
        // Several times in the last epoch: what a network says of a rare class depends on the last batch.
        const judged: { readonly recall: number; readonly accuracy: number }[] = [];
        for await (const { epoch } of model.fit(data, { ...course, sampler: watched.sampler })) {
          if (epoch < epochs) continue;
          const { confusionMatrix: matrix, accuracy } = model.evaluate(unseen, { metrics: { confusionMatrix } });
          const row = matrix[RARE] as number[];
          judged.push({ recall: (100 * (row[RARE] as number)) / sum(row), accuracy: 100 * (accuracy as number) });
        }
        of.recall.push(sum(judged.map(({ recall }) => recall)) / judged.length);
        of.accuracy.push(sum(judged.map(({ accuracy }) => accuracy)) / judged.length);
        of.without.push(100 * watched.without());
        model.close();
        yield { done: (seed - 1 + (at + 1) / names.length) / runs, note: `run ${seed}, ${name}` };
      }
    }
    const recall = (name: string): readonly number[] => found[name]?.recall as number[];
    const gain = (name: string): Mean =>
      meanOf(recall(name).map((value, run) => value - (recall("as they come")[run] as number)));
    const [balanced, weighted, stratified] = ["class-balanced", "class weights", "stratified"].map(gain) as [
      Mean,
      Mean,
      Mean,
    ];
    const helps = [balanced, weighted].filter(({ low }) => low > 0).length;
    const mean = (name: string, what: keyof Found): Mean => meanOf(found[name]?.[what] as number[]);
    return {
      data: { found },
      verdict: {
        judgement: helps === 2 ? "supported" : helps === 1 ? "partly" : "not supported",
        why: `Of the class that is 1 in ${Math.round((9 * each + rare) / rare)} the network finds ${mean("as they come", "recall").mean.toFixed(0)} % with batches as they come, ${mean("class-balanced", "recall").mean.toFixed(0)} % with class-balanced ones and ${mean("class weights", "recall").mean.toFixed(0)} % with class weights; batches with each class's share, stratified, change it by ${stratified.mean.toFixed(1)} [${stratified.low.toFixed(1)}, ${stratified.high.toFixed(1)}] %.`,
        numbers: [
          finding("recall of the rare class, class-balanced less as they come, in percent", balanced),
          finding("the same, class weights", weighted),
          finding("the same, stratified", stratified),
          ...names.map((name) => finding(`accuracy over all classes, ${name}, in percent`, mean(name, "accuracy"))),
          ...names.map((name) => finding(`batches without the rare class, ${name}, in percent`, mean(name, "without"))),
        ],
      },
      figures: [
        bars({
          name: "rare-class",
          caption: `The rare class (the digit ${RARE}: ${rare} of ${9 * each + rare} examples of MNIST) and all classes, on ${judges} unseen examples, mean over the last of ${epochs} epochs; means of ${runs} runs with 95 % intervals.`,
          description:
            "For each of four ways to make batches: how much of the rare class is found, and how many examples of all classes are right. Recall is far higher where classes are balanced or weighted, if the claim holds.",
          label: "how batches are made",
          y: { label: "percent", domain: [0, 100] },
          bars: names.flatMap((group) =>
            (["recall", "accuracy"] as const).map((what) => {
              const { mean: y, low, high } = mean(group, what);
              return {
                group,
                name: what === "recall" ? "recall of the rare class" : "accuracy, all classes",
                y,
                low,
                high,
              };
            }),
          ),
        }),
      ],
      how: `784-64-10 with ReLU, SGD (rate ${learningRate}, batches of ${batchSize}), seeds 1 to ${runs}: each draws its ${each} examples of nine classes and ${rare} of the tenth from MNIST's training set. Class weights are one over ten times the class's share.`,
    };
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
