// Row 7: where descent ends depends on where it begins.
import { chain, createModel, dense, meanSquaredError, tanh } from "thalweg";
import { arrayDataset, randomSource, spirals } from "thalweg/data";
import { datasetObjective, gradientDescent, lbfgs, minimize, rastrigin } from "thalweg/science";
import { pointOf } from "./chart.ts";
import type { Experiment } from "./experiment.ts";
import { type Course, type Data, outcome } from "./outcomes/07-many-starts.ts";
import { valuesOver } from "./plane.ts";
import { leastOfSome, meanOf } from "./statistics.ts";

const quick = { starts: 400, networks: 150, examples: 100, units: 4, grid: 121, seed: 7 };
export type Parameters = { readonly [Name in keyof typeof quick]: number };

/** Starts on Rastrigin's function lie from −REACH to REACH. */
const REACH = 2.2;

export const manyStarts: Experiment<Parameters, Data> = {
  id: 7,
  file: "07-many-starts.ts",
  title: "No guarantee of the global optimum",
  claim: "On non-convex landscapes gradient descent has no guarantee of the global optimum.",
  parameters: { quick, full: { ...quick, starts: 5000, networks: 2000, grid: 301 } },
  async *run({ parameters, signal }) {
    const { starts, networks, examples, units, grid, seed } = parameters;
    // A surface whose least point is known: 0 at the origin.
    const objective = await rastrigin();
    const random = randomSource(seed, 0);
    const courses: Course[] = [];
    while (courses.length < starts) {
      const start = Float32Array.from([0, 0], () => REACH * (2 * random.uniform() - 1));
      const descent = gradientDescent(objective, start, { learningRate: 0.002, gradientTolerance: 1e-3 });
      const { theta, loss } = await minimize(descent, { signal });
      courses.push({ from: [...start], to: [...theta], loss });
      if (courses.length % 20 === 0)
        yield { done: (0.3 * courses.length) / starts, note: `start ${courses.length} of ${starts}` };
    }
    const range = [-REACH, REACH] as const;
    const surface = await valuesOver(objective, [range, range], grid, signal);

    // And a network's, from many seeds, each until nothing near is lower.
    const { x, y } = spirals({ examples, noise: 0.03, seed });
    const sides = Float32Array.from(y, (label) => 2 * label - 1);
    const data = arrayDataset({ x, y: sides, shape: [2], targetShape: [1] });
    const found: { loss: number; gradientNorm: number }[] = [];
    for (let run = 0; run < networks; run++) {
      const model = await createModel({
        input: [2],
        network: chain(dense(units), tanh(), dense(1), tanh()),
        loss: meanSquaredError(),
        seed: seed + run,
      });
      const descent = lbfgs(datasetObjective(model, data), model.parameters, { gradientTolerance: 1e-4 });
      const { loss, gradientNorm } = await minimize(descent, { signal });
      model.close();
      found.push({ loss, gradientNorm });
      if (run % 5 === 4) yield { done: 0.3 + (0.7 * (run + 1)) / networks, note: `network ${run + 1} of ${networks}` };
    }
    // The best of several runs, by ten groups that share none.
    const groups = Array.from({ length: 10 }, (_, group) => found.filter((_, run) => run % 10 === group));
    const least = groups.map((group) => leastOfSome(group.map(({ loss }) => loss)));
    const most = Math.min(...least.map((group) => group.length));
    const bestOfSome = Array.from({ length: most }, (_, at) =>
      pointOf(at + 1, meanOf(least.map((group) => group[at] as number))),
    );
    return outcome({ courses, found, bestOfSome, surface, reach: REACH }, parameters);
  },
};
