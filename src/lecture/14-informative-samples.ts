// Row 14: examples drawn by how much they tell, with weights that keep the gradient unbiased, and what goes wrong when the
// choice is not random any more.
import { chain, createModel, crossEntropy, dense, flatten, relu, sgd } from "thalweg";
import { digits, randomSource, type Sampler, samplers, type TrainAndTest, trainTestSplit } from "thalweg/data";
import type { Experiment } from "./experiment.ts";
import { type Course, type Data, type Name, names, outcome } from "./outcomes/14-informative-samples.ts";
import { type Variance, varianceOf } from "./variance.ts";

export interface Parameters {
  readonly [name: string]: number | readonly number[];
  /** Share of training labels that are wrong, of draws that are uniform, and of examples that count as the hardest. */
  readonly mislabelled: number;
  readonly uniform: number;
  readonly hardest: number;
  /** Epochs after which the variance is looked at; the last one is that of training. */
  readonly marks: readonly number[];
  readonly batchSize: number;
  /** Batches drawn to measure it. */
  readonly draws: number;
  readonly runs: number;
  readonly seed: number;
}

const choices = ({ uniform, hardest }: Parameters): Record<Name, Sampler> => ({
  uniform: samplers.withReplacement(),
  "by loss": samplers.importance({ by: "loss", uniform }),
  "by gradient": samplers.importance({ by: "gradientNorm", uniform }),
  // Nothing is left to chance: the examples of greatest loss, over and over.
  "the hardest, always": {
    name: "hardest",
    scores: "loss",
    epoch({ size, scores = new Float32Array(size) }) {
      const order = Int32Array.from(scores.keys()).sort((i, j) => (scores[j] as number) - (scores[i] as number));
      return { rows: Int32Array.from({ length: size }, (_, i) => order[i % Math.ceil(hardest * size)] as number) };
    },
  },
});

export const informativeSamples: Experiment<Parameters, Data> = {
  id: 14,
  title: "Samples of most information",
  file: "14-informative-samples.ts",
  claim: "Samples of most information could be selected, as long as the selection is still random enough.",
  parameters: {
    quick: {
      mislabelled: 0.05,
      uniform: 0.1,
      hardest: 0.1,
      marks: [0, 1, 2, 5, 10, 20, 40],
      batchSize: 32,
      draws: 20,
      runs: 8,
      seed: 14,
    },
    full: {
      mislabelled: 0.05,
      uniform: 0.1,
      hardest: 0.1,
      marks: [0, 1, 2, 5, 10, 20, 40, 100],
      batchSize: 32,
      draws: 200,
      runs: 30,
      seed: 14,
    },
  },
  async *run({ parameters, signal }) {
    const { mislabelled, uniform, marks, batchSize, draws, runs } = parameters;
    const epochs = marks.at(-1) as number;
    const samplerOf = choices(parameters);
    const courses: Record<Name, Course[]> = {
      uniform: [],
      "by loss": [],
      "by gradient": [],
      "the hardest, always": [],
    };
    const variances: Variance[][] = [];
    for (let run = 0; run < runs; run++) {
      const seed = parameters.seed + run;
      const split = trainTestSplit(await digits(), { test: 450, stratify: true, seed });
      const { train, test } = noisy(split, mislabelled, seed);
      for (const [at, name] of names.entries()) {
        const model = await createModel({
          input: train.shape,
          network: chain(flatten(), dense(32), relu(), dense(10)),
          loss: crossEntropy(),
          optimizer: sgd({ learningRate: 0.1 }),
          seed,
        });
        const judge = () => ({
          loss: model.evaluate(train).loss,
          error: 1 - (model.evaluate(test).accuracy as number),
        });
        const variance = () => varianceOf(model, train, samplerOf, { uniform, batchSize, draws, seed, signal });
        const course = [judge()];
        const seen = name === "uniform" ? [await variance()] : [];
        for await (const { epoch } of model.fit(train, { epochs, batchSize, sampler: samplerOf[name], signal })) {
          course.push(judge());
          if (name === "uniform" && marks.includes(epoch)) seen.push(await variance());
          const done = (run + (at + epoch / epochs) / names.length) / runs;
          yield { done, note: `${name}, run ${run + 1} of ${runs}` };
        }
        courses[name].push(course);
        if (name === "uniform") variances.push(seen);
        model.close();
      }
    }
    return outcome({ marks, variances, courses }, parameters);
  },
};

/** Some labels of the training set become others. */
function noisy({ train, test }: TrainAndTest, share: number, seed: number): TrainAndTest {
  const { uniform, below } = randomSource(seed, 0);
  return {
    train: { ...train, y: train.y.map((label) => (uniform() < share ? (label + 1 + below(9)) % 10 : label)) },
    test,
  };
}
