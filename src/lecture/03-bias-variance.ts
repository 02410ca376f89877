// Row 3: bias, variance and noise against capacity, and the second descent beyond the point where all examples are fitted.
import { createModel, dense, initializers, meanSquaredError } from "thalweg";
import { arrayDataset, type RandomSource, randomSource } from "thalweg/data";
import { datasetObjective, lbfgs, minimize } from "thalweg/science";
import type { Experiment } from "./experiment.ts";
import { dot, leastNorms } from "./leastSquares.ts";
import { type Data, outcome, type Parts, summaryOf } from "./outcomes/03-bias-variance.ts";
import { giveTurn } from "./turn.ts";

const quick = {
  /** Numbers of random features. */
  capacities: [2, 5, 10, 15, 20, 30, 40, 50, 56, 60, 64, 70, 80, 100, 140, 200, 320, 600],
  examples: 60,
  inputs: 8,
  noise: 0.5,
  tests: 150,
  groups: 10,
  sets: 12,
  seed: 3,
};
export type Parameters = { readonly [Name in keyof typeof quick]: (typeof quick)[Name] };

export const biasVariance: Experiment<Parameters, Data> = {
  id: 3,
  file: "03-bias-variance.ts",
  title: "Bias and variance",
  claim: "The bias–variance trade-off: with more capacity the bias falls, and the variance rises.",
  parameters: { quick, full: { ...quick, sets: 200, tests: 500 } },
  async *run({ parameters, signal }) {
    const { capacities, examples, inputs, noise, tests, groups, sets, seed } = parameters;
    const random = randomSource(seed, 0);
    const truth = truthOf(inputs, random);
    const where = points(tests, inputs, random);
    const wanted = where.map(truth);
    /** A training set and random features of its own, at the training and at the test points. */
    const draw = () => {
      const x = points(examples, inputs, random);
      const weights = points(capacities.at(-1) as number, inputs, random);
      const y = Float64Array.from(x, (point) => truth(point) + noise * random.normal());
      return { y, train: featuresOf(x, weights), test: featuresOf(where, weights) };
    };
    /** What is said at the test points, with each number of features. */
    const answersOf = ({ y, train, test }: ReturnType<typeof draw>): Float64Array[] =>
      leastNorms(train, y, capacities).map((theta) => new Float64Array(test.map((row) => dot(theta, row))));

    // Half of the training sets tell bias and variance, the other half the risk on noisy targets.
    const risks = capacities.map((): number[] => []);
    const distances = capacities.map((): number[] => []);
    const parts = capacities.map((): Parts[] => []);
    for (let group = 0; group < groups; group++) {
      const answers: Float64Array[][] = [];
      for (let set = 0; set < sets; set++) {
        await giveTurn(signal);
        answers.push(answersOf(draw()));
        const noisy = wanted.map((value) => value + noise * random.normal());
        answersOf(draw()).forEach((answer, k) => risks[k]?.push(meanSquare(answer, noisy)));
        const count = group * sets + set + 1;
        yield { done: count / (groups * sets + 1), note: `training set ${count} of ${groups * sets}` };
      }
      for (const k of capacities.keys()) {
        const own = answers.map((answer) => answer[k] as Float64Array);
        parts[k]?.push(partsOf(own, wanted));
        distances[k]?.push(...own.map((answer) => meanSquare(answer, wanted)));
      }
    }

    // What training itself finds, from zero: the same least-norm solution?
    const { y, train, test } = draw();
    const exact = answersOf({ y, train, test });
    const trained: number[] = [];
    for (const k of [capacities.findIndex((p) => 2 * p >= examples), capacities.length - 1]) {
      const p = capacities[k] as number;
      const [x, at] = [train, test].map((rows) => rows.flatMap((row) => [...row.subarray(0, p)])) as [
        number[],
        number[],
      ];
      const network = dense(1, { bias: false, initializer: initializers.zeros });
      const model = await createModel({ input: [p], network, loss: meanSquaredError() });
      const data = arrayDataset({ x: Float32Array.from(x), y, shape: [p], targetShape: [1] });
      const options = { gradientTolerance: 1e-6, maxIterations: 3000 };
      const { theta } = await minimize(lbfgs(datasetObjective(model, data), model.parameters, options), { signal });
      model.parameters = theta;
      const answer = model.predict(Float32Array.from(at));
      model.close();
      const best = exact[k] as Float64Array;
      trained.push(Math.sqrt(meanSquare(answer, best) / meanSquare(best, new Float64Array(tests))));
    }
    yield { done: 1, note: "trained from zero" };
    const found = capacities.map((p, k) =>
      summaryOf(p, risks[k] as number[], distances[k] as number[], parts[k] as Parts[], noise),
    );
    return outcome({ found, risks, trained }, parameters);
  },
};

/** Normal vectors. */
const points = (count: number, size: number, { normal }: RandomSource): Float64Array[] =>
  Array.from({ length: count }, () => Float64Array.from({ length: size }, normal));

/** A plane and a parabola, along two directions. */
function truthOf(inputs: number, random: RandomSource): (x: Float64Array) => number {
  const scaled = (v: Float64Array): Float64Array => v.map((value) => value / Math.sqrt(inputs));
  const [a, b] = points(2, inputs, random).map(scaled) as [Float64Array, Float64Array];
  return (x) => dot(x, a) + (dot(x, b) ** 2 - 1) / 2;
}

const featuresOf = (x: readonly Float64Array[], weights: readonly Float64Array[]): Float64Array[] =>
  x.map((point) => new Float64Array(weights.map((w) => Math.max(dot(point, w), 0))));

/** Bias² and variance at a mean test point, neither with a bias of its own. */
function partsOf(answers: readonly Float64Array[], wanted: readonly number[]): Parts {
  let [bias, variance] = [0, 0];
  wanted.forEach((value, j) => {
    const own = answers.map((answer) => answer[j] as number);
    const mean = own.reduce((sum, y) => sum + y, 0) / own.length;
    const spread = own.reduce((sum, y) => sum + (y - mean) ** 2, 0) / (own.length - 1);
    bias += ((mean - value) ** 2 - spread / own.length) / wanted.length;
    variance += spread / wanted.length;
  });
  return { bias, variance };
}

const meanSquare = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a, (value, i) => (value - (b[i] as number)) ** 2).reduce((sum, square) => sum + square, 0) / a.length;
