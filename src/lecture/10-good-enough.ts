// Row 10: batch gradient descent against stochastic gradient descent, at equal numbers of examples and in equal time.
import { createModel, crossEntropy, mlp, sgd } from "thalweg";
import { mnist, subset } from "thalweg/data";
import type { Experiment } from "./experiment.ts";
import { type Best, type Data, type Found, lossOf, outcome, type Reached } from "./outcomes/10-good-enough.ts";
import { judgedAt, speedOf } from "./race.ts";

export interface Parameters {
  readonly [name: string]: number | readonly number[];
  /** Of MNIST. */
  readonly examples: number;
  readonly judges: number;
  /** Passes over the examples after which all are judged; the last is the end. */
  readonly passes: readonly number[];
  /** The same in seconds. */
  readonly seconds: readonly number[];
  readonly rates: readonly number[];
  readonly runs: number;
}

const methods = { "batch GD": "all", "SGD, batches of 32": 32 } as const;

export const goodEnough: Experiment<Parameters, Data> = {
  id: 10,
  title: "Gradients that are good enough, and faster",
  file: "10-good-enough.ts",
  claim:
    "There is no need to run through the whole data set for one gradient: mini-batches are good enough and faster, and the accuracy is often better.",
  parameters: {
    quick: {
      examples: 3000,
      judges: 1000,
      passes: [1, 2, 4, 8],
      seconds: [0.03, 0.06, 0.12, 0.24],
      rates: [0.1, 0.3, 1],
      runs: 4,
    },
    full: {
      examples: 60000,
      judges: 10000,
      passes: [1, 2, 4, 8, 16],
      seconds: [1, 2, 4, 8, 16],
      rates: [0.03, 0.1, 0.3, 1, 2],
      runs: 8,
    },
  },
  async *run({ parameters, signal }) {
    const { examples, judges, passes, seconds, rates, runs } = parameters;
    const { train, test } = await mnist();
    const seen = subset(train, [...Array(examples).keys()]);
    const unseen = subset(test, [...Array(judges).keys()]);
    const network = (seed: number, learningRate: number) =>
      createModel({
        input: [28, 28, 1],
        network: mlp([64]),
        loss: crossEntropy(),
        optimizer: sgd({ learningRate }),
        seed,
      });
    const found: Found[] = [];
    for (const [name, batchSize] of Object.entries(methods)) {
      const options = { batchSize, signal };
      const speed = await speedOf(await network(0, 0.01), seen, options);
      const marks = [...passes.map((each) => each * examples), ...seconds.map((each) => each * speed)];
      // What each run has reached at each mark, rate by rate.
      const tried: { rate: number; courses: Reached[][] }[] = [];
      for (const rate of rates) {
        const courses: Reached[][] = [];
        for (let seed = 1; seed <= runs; seed++) {
          const model = await network(seed, rate);
          const judge = () => ({
            loss: model.evaluate(seen).loss,
            accuracy: model.evaluate(unseen).accuracy as number,
          });
          courses.push(await judgedAt(model, seen, marks, judge, options));
          model.close();
          const done = (found.length + (tried.length + seed / runs) / rates.length) / 2;
          yield { done, note: `${name}, learning rate ${rate}` };
        }
        tried.push({ rate, courses });
      }
      const best = marks.map((_, mark) =>
        bestOf(tried.map(({ rate, courses }) => ({ rate, reached: courses.map((each) => each[mark] as Reached) }))),
      );
      found.push({ name, speed, atExamples: best.slice(0, passes.length), inTime: best.slice(passes.length) });
    }
    return outcome({ found }, parameters);
  },
};

/** The one with the least training loss. */
function bestOf(tried: readonly Best[]): Best {
  const [best] = [...tried].sort((a, b) => lossOf(a.reached).mean - lossOf(b.reached).mean);
  return best as Best;
}
