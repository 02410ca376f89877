// Row 8: the paths of gradient descent and of stochastic gradient descent from one start, over the same contours.
import { createModel, crossEntropy, type Dataset, dense, type Model, meanSquaredError, mlp, sgd } from "thalweg";
import { digits, linearRegression, samplers, subset } from "thalweg/data";
import {
  datasetObjective,
  principalPlane,
  type Section,
  type Surface,
  spanned,
  surface,
  trajectory,
} from "thalweg/science";
import { chart } from "./chart.ts";
import type { Experiment } from "./experiment.ts";
import { finding, type Mean, meanOf } from "./statistics.ts";

interface Parameters {
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

/** Of a path: its length over the distance from its start to its end, and the share of its steps that go up, in percent. */
type Shape = { readonly detour: number; readonly rises: number };

export const paths: Experiment<Parameters> = {
  id: 8,
  title: "Gradient descent and stochastic gradient descent: two paths",
  file: "08-paths.ts",
  claim: "Gradient descent goes straight down; stochastic gradient descent strays about that path.",
  parameters: {
    quick: { steps: 120, batchSize: 5, paths: 20, networks: 6, grid: 31 },
    full: { steps: 400, batchSize: 5, paths: 200, networks: 20, grid: 61 },
  },
  async *run({ parameters: { steps, batchSize, paths, networks, grid }, signal }) {
    // Two numbers: everything there is can be seen.
    const { data, weights } = linearRegression({ features: 2, examples: 100, noise: 1, seed: 8 });
    const start = Float32Array.of((weights[0] as number) - 2, (weights[1] as number) + 1.5);
    const line = (seed: number) =>
      createModel({
        ...{ input: [2], network: dense(1, { bias: false }), loss: meanSquaredError(), seed },
        optimizer: sgd({ learningRate: 0.05 }),
      });
    const straight = await followed(await line(0), data, "all", steps, signal, start);
    const strayed: Path[] = [];
    for (let seed = 1; seed <= paths; seed++) {
      strayed.push(await followed(await line(seed), data, batchSize, steps, signal, start));
      yield { done: (0.3 * seed) / paths, note: `paths of two numbers, ${seed}` };
    }
    const surfaceOf = async (model: Model, of: Dataset, section: Section): Promise<Surface> => {
      let found: Surface | undefined;
      for await (const { surface: values } of surface(model, of, section, { points: grid, signal })) found = values;
      return found as Surface;
    };
    const shown = [straight, ...strayed.slice(0, 3)];
    const axes = spanned({ parameters: new Float32Array(2) }, [Float32Array.of(1, 0), Float32Array.of(0, 1)]);
    const ranges = [0, 1].map((axis) => around(shown.flatMap(({ points }) => points.map((at) => at[axis] as number))));
    const plane = await surfaceOf(await line(0), data, { ...axes, ranges });

    // A network, in the plane that both of its paths lie in most.
    const all = await digits();
    const seen = subset(
      all,
      Uint32Array.from({ length: 500 }, (_, i) => i),
    );
    const pairs: { readonly whole: Path; readonly batches: Path }[] = [];
    for (let seed = 1; seed <= networks; seed++) {
      const network = () =>
        createModel({
          ...{ input: [8, 8, 1], network: mlp([16]), loss: crossEntropy(), seed },
          optimizer: sgd({ learningRate: 0.1 }),
        });
      const whole = await followed(await network(), seen, "all", steps, signal);
      pairs.push({ whole, batches: await followed(await network(), seen, batchSize, steps, signal) });
      yield { done: 0.3 + (0.6 * seed) / networks, note: `paths of networks, ${seed}` };
    }
    const { whole, batches } = pairs[0] as (typeof pairs)[0];
    const few = ({ points }: Path) => points.filter((_, step) => step % Math.ceil(steps / 60) === 0);
    const principal = principalPlane([...few(whole), ...few(batches)]);
    const model = await createModel({ input: [8, 8, 1], network: mlp([16]), loss: crossEntropy() });
    const networkPlane = await surfaceOf(model, seen, principal);
    const explained = (principal.about.explained as number[]).map((share) => 100 * share);

    const differences = (what: keyof Shape): Mean =>
      meanOf(pairs.map((pair) => shapeOf(pair.batches)[what] - shapeOf(pair.whole)[what]));
    const [detour, rises] = [differences("detour"), differences("rises")];
    const ofPlane = meanOf(strayed.map((path) => shapeOf(path).detour));
    const goesDown = pairs.every((pair) => shapeOf(pair.whole).rises === 0) && shapeOf(straight).rises === 0;
    const differ = detour.low > 0 && rises.low > 0;
    // The gradient of a line's squared error is linear: the mean of the paths is the path of gradient descent.
    const end = straight.points.at(-1) as Float32Array;
    const off = strayed.map(({ points }) => difference(points.at(-1) as Float32Array, end));
    const biases = [0, 1].map((axis) => meanOf(off.map((each) => each[axis] as number)));
    const isMean = biases.every(({ low, high }) => low <= 0 && high >= 0);
    const places = (points: readonly Float32Array[]) => points.map(([x, y]) => ({ x: x as number, y: y as number }));
    const count = few(whole).length;
    const on = (path: readonly (readonly [number, number])[]) => path.map(([x, y]) => ({ x, y }));
    return {
      data: {
        paths: [straight, ...strayed].map(({ points, losses }) => ({ points: points.map((at) => [...at]), losses })),
        plane: { x: [...plane.x], y: [...plane.y], loss: [...plane.loss] },
        networks: pairs.map((pair) => ({
          whole: { ...shapeOf(pair.whole), losses: pair.whole.losses },
          batches: { ...shapeOf(pair.batches), losses: pair.batches.losses },
        })),
        principal: { explained, path: principal.path.map(([x, y]) => [x, y]) },
        networkPlane: { x: [...networkPlane.x], y: [...networkPlane.y], loss: [...networkPlane.loss] },
      },
      verdict: {
        judgement: differ && goesDown ? "supported" : differ || goesDown ? "partly" : "not supported",
        why: `Networks' stochastic paths are longer by ${detour.mean.toFixed(1)} times the distance they cover than those of gradient descent, and ${rises.mean.toFixed(0)} % more of their steps go up; gradient descent ${goesDown ? "never does" : "does so too"}. On the plane the mean of ${paths} stochastic paths ends ${isMean ? "where gradient descent does, within its interval" : "elsewhere than gradient descent"}.`,
        numbers: [
          finding("length over distance, networks' SGD less gradient descent", detour),
          finding("steps that raise the loss of all the data, the same difference in percent", rises),
          finding("length over distance of a stochastic path on the plane", ofPlane),
          ...biases.map((bias, axis) =>
            finding(`mean end of SGD less the end of gradient descent, w${axis + 1}`, bias, 0),
          ),
        ],
      },
      figures: [
        chart({
          name: "plane",
          caption: `Squared error of a line of two numbers on 100 examples, and ${steps} steps at rate 0.05 from one start: gradient descent, and three of ${paths} runs of SGD with batches of ${batchSize}.`,
          description:
            "Contours of one bowl. Gradient descent runs smoothly to its bottom; the stochastic paths zigzag about it and wander around the bottom.",
          ...{ x: { label: "w1" }, y: { label: "w2" }, height: 560, surface: plane },
          series: shown.map(({ points }, i) => ({
            name: i === 0 ? "gradient descent" : `SGD ${i}`,
            points: places(points),
          })),
        }),
        chart({
          name: "network",
          caption: `Training loss of a 64-16-10 network on 500 digits in the plane of the principal components of both paths (${explained.map((share) => share.toFixed(0)).join(" and ")} % of their variation), ${steps} steps at rate 0.1 from one start; network 1 of ${networks}.`,
          description:
            "Contours that fall to one side. Both paths begin at one place and go the same way, the stochastic one in zigzags.",
          ...{ x: { label: "first principal direction" }, y: { label: "second" }, height: 560, surface: networkPlane },
          series: [
            { name: "gradient descent", as: "both", points: on(principal.path.slice(0, count)) },
            { name: `SGD, batches of ${batchSize}`, as: "both", points: on(principal.path.slice(count)) },
          ],
        }),
        chart({
          name: "losses",
          caption: `Loss on all the data along the paths of ${networks} networks: means with 95 % intervals.`,
          description: "Both fall; the line of gradient descent is smooth, that of SGD jitters.",
          ...{ x: { label: "step" }, y: { label: "training loss", type: "log" }, height: 300 },
          series: (["whole", "batches"] as const).map((which) => ({
            name: which === "whole" ? "gradient descent" : "SGD",
            points: whole.losses.map((_, step) => {
              const { mean, low, high } = meanOf(pairs.map((pair) => pair[which].losses[step] as number));
              return { x: step, y: mean, low, high };
            }),
          })),
        }),
      ],
      how: `A line through 100 points with noise of deviation 1; networks of seeds 1 to ${networks} on the first 500 digits. Batches of ${batchSize} are drawn with replacement, so that their mean step is that of gradient descent.`,
    };
  },
};

/** A range with a margin. */
function around(values: readonly number[]): readonly [number, number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return [low - 0.15 * (high - low), high + 0.15 * (high - low)];
}

const difference = (a: Float32Array, b: Float32Array): number[] =>
  Array.from(a, (value, i) => value - (b[i] as number));

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
  const sampler = samplers.withReplacement();
  const course = { epochs: steps, batchSize, reportEvery: 1, callbacks: [path], signal };
  for await (const { step } of model.fit(data, batchSize === "all" ? course : { ...course, sampler }))
    if (step >= steps) break;
  const objective = datasetObjective(model, data);
  const points = path.points.slice(0, steps + 1);
  return { points, losses: points.map((point) => objective.loss(point)) };
}
