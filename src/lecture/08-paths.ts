// Row 8: the paths of gradient descent and of stochastic gradient descent from one start, over the same contours.
import { createModel, crossEntropy, type Dataset, dense, type Model, meanSquaredError, mlp, sgd } from "thalweg";
import { digits, linearRegression, samplers, subset } from "thalweg/data";
import { datasetObjective, principalPlane, surface, trajectory } from "thalweg/science";
import type { Experiment } from "./experiment.ts";
import { type Data, outcome, type Shape } from "./outcomes/08-paths.ts";
import { ownPlane, valuesOf } from "./plane.ts";

export interface Parameters {
  readonly [name: string]: number;
  /** Steps of every path. */
  readonly steps: number;
  readonly batchSize: number;
  /** Of stochastic paths on the plane, and of networks. */
  readonly paths: number;
  readonly networks: number;
  /** Points on a side of the contours. */
  readonly grid: number;
}

/** Points of a path, one a step, and the loss on all the data at each. */
interface Path {
  readonly points: readonly Float32Array[];
  readonly losses: readonly number[];
}

export const paths: Experiment<Parameters, Data> = {
  id: 8,
  title: "Gradient descent and stochastic gradient descent: two paths",
  file: "08-paths.ts",
  claim: "Gradient descent goes straight down; stochastic gradient descent strays about that path.",
  parameters: {
    quick: { steps: 120, batchSize: 5, paths: 20, networks: 6, grid: 31 },
    full: { steps: 400, batchSize: 5, paths: 200, networks: 20, grid: 61 },
  },
  async *run({ parameters, signal }) {
    const { steps, batchSize, paths, networks, grid } = parameters;
    // Two numbers: everything there is can be seen.
    const { data, weights } = linearRegression({ features: 2, examples: 100, noise: 1, seed: 8 });
    const start = Float32Array.of((weights[0] as number) - 2, (weights[1] as number) + 1.5);
    const line = (seed: number) =>
      createModel({
        input: [2],
        network: dense(1, { bias: false }),
        loss: meanSquaredError(),
        optimizer: sgd({ learningRate: 0.05 }),
        seed,
      });
    const straight = await followed(await line(0), data, "all", steps, signal, start);
    const strayed: Path[] = [];
    for (let seed = 1; seed <= paths; seed++) {
      strayed.push(await followed(await line(seed), data, batchSize, steps, signal, start));
      yield { done: (0.3 * seed) / paths, note: `paths of two numbers, ${seed}` };
    }
    const shown = [straight, ...strayed.slice(0, 3)].flatMap(({ points }) => points);
    const ranges = [0, 1].map((axis) => around(shown.map((at) => at[axis] as number)));
    const plane = await valuesOf(surface(await line(0), data, { ...ownPlane, ranges }, { points: grid, signal }));

    // A network, in the plane that both of its paths lie in most.
    const seen = subset(await digits(), [...Array(500).keys()]);
    const network = (seed: number) =>
      createModel({
        input: [8, 8, 1],
        network: mlp([16]),
        loss: crossEntropy(),
        optimizer: sgd({ learningRate: 0.1 }),
        seed,
      });
    const pairs: { readonly whole: Path; readonly batches: Path }[] = [];
    for (let seed = 1; seed <= networks; seed++) {
      const whole = await followed(await network(seed), seen, "all", steps, signal);
      const batches = await followed(await network(seed), seen, batchSize, steps, signal);
      pairs.push({ whole, batches });
      yield { done: 0.3 + (0.6 * seed) / networks, note: `paths of networks, ${seed}` };
    }
    const { whole, batches } = pairs[0] as (typeof pairs)[0];
    const few = ({ points }: Path) => points.filter((_, step) => step % Math.ceil(steps / 60) === 0);
    const principal = principalPlane([...few(whole), ...few(batches)]);
    const networkPlane = await valuesOf(surface(await network(1), seen, principal, { points: grid, signal }));
    const found: Data = {
      paths: [straight, ...strayed].map((path) => ({
        points: path.points.map((at) => [...at]),
        losses: path.losses,
        ...shapeOf(path),
      })),
      plane,
      networks: pairs.map((pair) => ({
        whole: { ...shapeOf(pair.whole), losses: pair.whole.losses },
        batches: { ...shapeOf(pair.batches), losses: pair.batches.losses },
      })),
      principal: {
        explained: (principal.about.explained as number[]).map((share) => 100 * share),
        path: principal.path.map(([x, y]) => [x, y]),
      },
      networkPlane,
    };
    return outcome(found, parameters);
  },
};

/** Trains for so many steps, from where the model is or from a start. */
async function followed(
  model: Model,
  data: Dataset,
  batchSize: number | "all",
  steps: number,
  signal: AbortSignal,
  start: Float32Array = model.parameters.slice(),
): Promise<Path> {
  model.parameters = start;
  const path = trajectory();
  // Draws that do not depend on each other: on average the step is that of gradient descent.
  const sampler = batchSize === "all" ? samplers.reshuffled() : samplers.withReplacement();
  const course = { epochs: steps, batchSize, sampler, reportEvery: 1, callbacks: [path], signal };
  for await (const { step } of model.fit(data, course)) if (step >= steps) break;
  const objective = datasetObjective(model, data);
  const points = path.points.slice(0, steps + 1);
  return { points, losses: points.map((point) => objective.loss(point)) };
}

function shapeOf({ points, losses }: Path): Shape {
  const distance = (a: Float32Array, b: Float32Array): number => Math.hypot(...difference(a, b));
  const steps = points.slice(1).map((point, i) => distance(point, points[i] as Float32Array));
  // By more than rounding.
  const ups = losses.slice(1).filter((loss, i) => loss > (losses[i] as number) * (1 + 1e-5));
  return {
    detour: steps.reduce((a, b) => a + b, 0) / distance(points[0] as Float32Array, points.at(-1) as Float32Array),
    rises: (100 * ups.length) / steps.length,
  };
}

/** A range with a margin. */
function around(values: readonly number[]): readonly [number, number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return [low - 0.15 * (high - low), high + 0.15 * (high - low)];
}

const difference = (a: Float32Array, b: Float32Array): number[] =>
  Array.from(a, (value, i) => value - (b[i] as number));
