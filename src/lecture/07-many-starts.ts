// Row 7: where descent ends depends on where it begins.
import { chain, createModel, dense, meanSquaredError, tanh } from "thalweg";
import { arrayDataset, randomSource, spirals } from "thalweg/data";
import { datasetObjective, gradientDescent, lbfgs, minimize, rastrigin } from "thalweg/science";
import { chart, type Series } from "./chart.ts";
import type { Experiment } from "./experiment.ts";
import { valuesOver } from "./plane.ts";
import { finding, meanOf, shareOf } from "./statistics.ts";

const quick = { starts: 400, networks: 150, examples: 100, units: 4, grid: 121, seed: 7 };
type Parameters = { readonly [Name in keyof typeof quick]: number };
const REACH = 2.2;

export const manyStarts: Experiment<Parameters> = {
  id: 7,
  file: "07-many-starts.ts",
  title: "No guarantee of the global optimum",
  claim: "On non-convex landscapes gradient descent has no guarantee of the global optimum.",
  parameters: { quick, full: { ...quick, starts: 5000, networks: 2000, grid: 301 } },
  async *run({ parameters: { starts, networks, examples, units, grid, seed }, signal }) {
    // A surface whose least point is known: 0 at the origin.
    const objective = await rastrigin();
    const random = randomSource(seed, 0);
    const courses: { readonly from: number[]; readonly to: number[]; readonly loss: number }[] = [];
    while (courses.length < starts) {
      const start = Float32Array.from([0, 0], () => REACH * (2 * random.uniform() - 1));
      const descent = gradientDescent(objective, start, { learningRate: 0.002, gradientTolerance: 1e-3 });
      const { theta, loss } = await minimize(descent, { signal });
      courses.push({ from: [...start], to: [...theta], loss });
      if (courses.length % 20 === 0)
        yield { done: (0.3 * courses.length) / starts, note: `start ${courses.length} of ${starts}` };
    }
    const isGlobal = ({ loss }: { readonly loss: number }): boolean => loss < 1e-3;
    const reached = shareOf(courses.filter(isGlobal).length, starts);
    const surface = await valuesOver(objective, [[-REACH, REACH], [-REACH, REACH]], grid, signal); // biome-ignore format: ranges

    // And a network's, from many seeds, each until nothing near is lower.
    const { x, y } = spirals({ examples, noise: 0.03, seed });
    const sides = Float32Array.from(y, (label) => 2 * label - 1);
    const data = arrayDataset({ x, y: sides, shape: [2], targetShape: [1] });
    const found: { readonly loss: number; readonly gradientNorm: number }[] = [];
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
    const ends = found.map(({ loss }) => loss).sort((a, b) => a - b);
    const best = ends[0] as number;
    // One example on the wrong side costs 4/n.
    const near = (loss: number): boolean => loss < best + 1 / examples;
    const good = shareOf(ends.filter(near).length, networks);
    const restarts = Math.max(1, Math.ceil(Math.log(0.05) / Math.log(1 - good.mean)));
    const groups = Array.from({ length: 10 }, (_, group) =>
      bestOf(found.filter((_, run) => run % 10 === group).map(({ loss }) => loss)),
    );
    const bestOfSome = (groups[9] as number[]).map((_, at) => {
      const { mean: y, low, high } = meanOf(groups.map((group) => group[at] as number));
      return { x: at + 1, y, low, high };
    });
    const arrows = (name: string, wanted: boolean): Series => ({
      name,
      as: "arrows",
      points: courses
        .slice(0, 100)
        .filter((course) => isGlobal(course) === wanted)
        .flatMap(({ from, to }) => [from, to].map(([a, b]) => ({ x: a as number, y: b as number }))),
    });
    const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;
    return {
      data: { courses, found, bestOfSome },
      verdict: {
        judgement: reached.high < 1 && good.high < 1 ? "supported" : "not supported",
        why: `Of ${starts} starts on Rastrigin's function ${percent(reached.mean)} end in the global minimum, all others in local ones. Of ${networks} trainings of one network from other seeds, each until nothing near is lower, ${percent(good.mean)} end within a quarter of an example's error of the best; the worst keeps a loss of ${(ends.at(-1) as number).toFixed(2)}. ${restarts} restarts find one of the best with 95 % probability.`,
        numbers: [
          finding("share of starts that reach the global minimum of Rastrigin's function", reached),
          finding("share of networks that end near the best loss found", good),
          { name: "best loss of a network", value: best, runs: networks },
          { name: "median loss", value: ends[networks >> 1] as number, runs: networks },
          { name: "worst loss", value: ends.at(-1) as number, runs: networks },
          {
            name: "largest norm of a gradient at the end",
            value: Math.max(...found.map((end) => end.gradientNorm)),
            runs: networks,
          },
          { name: "restarts for one near the best, with 95 % probability", value: restarts, runs: networks },
        ],
      },
      figures: [
        chart({
          name: "starts",
          caption: `The first 100 of ${starts} starts on Rastrigin's function, each joined to where gradient descent ends (η = 0.002); dark is low, the least value is at the origin.`,
          description:
            "A surface of round hollows on a grid. Each arrow ends in the hollow it begins in or beside; only those that begin near the origin end there.",
          ...{ x: { label: "x" }, y: { label: "y" }, height: 560, surface },
          series: [arrows("to a local minimum", false), arrows("to the global one", true)],
        }),
        chart({
          name: "networks",
          caption: `Loss at the end of ${networks} trainings of one network on one data set, by rank; only the seed of the first weights differs.`,
          description:
            "Steps that rise from near zero: many runs share few levels of loss, and few are on the lowest one.",
          x: { label: "rank among the runs" },
          y: { label: "loss at the end" },
          series: [{ name: "runs", as: "points", points: ends.map((loss, i) => ({ x: i + 1, y: loss })) }],
        }),
        chart({
          name: "restarts",
          caption: `Mean loss of the best of k runs, over 10 groups of ${networks / 10} runs, with its interval.`,
          description:
            "A curve that falls steeply with the first restarts, and then more slowly towards the best loss found.",
          x: { label: "runs, k", type: "log" },
          y: { label: "loss of the best of k" },
          rules: [{ name: `best of all: ${best.toPrecision(2)}`, y: best }],
          series: [{ name: "best of k", as: "both", points: bestOfSome }],
        }),
      ],
      how: `Rastrigin's function of two numbers, starts even over ±${REACH}; network 2-${units}-1 with tanh, mean squared error, on ${examples} points of two spirals with targets ±1, by L-BFGS to a gradient norm of 1e-4 or where no step is lower in 32 bits (seeds ${seed} to ${seed + networks - 1}).`,
    };
  },
};

/** The expected least of k of the values, drawn without replacement, for every k: Σ vᵢ·C(n−1−i, k−1)/C(n, k). */
function bestOf(values: readonly number[]): number[] {
  const sorted = [...values].sort((a, b) => a - b);
  const n = sorted.length;
  return sorted.map((_, at) => {
    const k = at + 1;
    let [chance, sum] = [k / n, 0];
    for (let i = 0; i + k <= n; i++) {
      sum += chance * (sorted[i] as number);
      chance *= (n - i - k) / (n - 1 - i);
    }
    return sum;
  });
}
