// What row 7 says and draws of what it measured.
import type { Parameters } from "../07-many-starts.ts";
import { chart, type Series } from "../chart.ts";
import type { Outcome } from "../experiment.ts";
import type { PlaneValues } from "../plane.ts";
import { finding, shareOf } from "../statistics.ts";
import { percent } from "../verdict.ts";

/** Of gradient descent on Rastrigin's function. */
export type Course = { readonly from: readonly number[]; readonly to: readonly number[]; readonly loss: number };

export type Data = {
  readonly courses: readonly Course[];
  /** Where each network's training ended. */
  readonly found: readonly { readonly loss: number; readonly gradientNorm: number }[];
  /** Mean loss y of the best of x networks, over groups of them. */
  readonly bestOfSome: readonly {
    readonly x: number;
    readonly y: number;
    readonly low?: number;
    readonly high?: number;
  }[];
  /** Of Rastrigin's function, and how far it and the starts go to either side. */
  readonly surface: PlaneValues;
  readonly reach: number;
};

export function outcome(data: Data, { starts, networks, examples, units, seed }: Parameters): Outcome<Data> {
  const { courses, found, bestOfSome, surface, reach } = data;
  const isGlobal = ({ loss }: Course): boolean => loss < 1e-3;
  const reached = shareOf(courses.filter(isGlobal).length, starts);
  const ends = found.map(({ loss }) => loss).sort((a, b) => a - b);
  const [best, median, worst] = [ends[0], ends[networks >> 1], ends.at(-1)] as [number, number, number];
  // One example on the wrong side costs 4/n.
  const good = shareOf(ends.filter((loss) => loss < best + 1 / examples).length, networks);
  const restarts = Math.max(1, Math.ceil(Math.log(0.05) / Math.log(1 - good.mean)));
  const steepest = Math.max(...found.map((end) => end.gradientNorm));
  const arrows = (name: string, wanted: boolean): Series => ({
    name,
    as: "arrows",
    points: courses
      .slice(0, 100)
      .filter((course) => isGlobal(course) === wanted)
      .flatMap(({ from, to }) => [from, to].map(([x, y]) => ({ x: x as number, y: y as number }))),
  });
  return {
    data,
    verdict: {
      judgement: reached.high < 1 && good.high < 1 ? "supported" : "not supported",
      why: `Of ${starts} starts on Rastrigin's function ${percent(reached.mean)} end in the global minimum, all others in local ones. Of ${networks} trainings of one network from other seeds, each until nothing near is lower, ${percent(good.mean)} end within a quarter of an example's error of the best; the worst keeps a loss of ${worst.toFixed(2)}. ${restarts} restarts find one of the best with 95 % probability.`,
      numbers: [
        finding("share of starts that reach the global minimum of Rastrigin's function", reached),
        finding("share of networks that end near the best loss found", good),
        { name: "best loss of a network", value: best, runs: networks },
        { name: "median loss", value: median, runs: networks },
        { name: "worst loss", value: worst, runs: networks },
        { name: "largest norm of a gradient at the end", value: steepest, runs: networks },
        { name: "restarts for one near the best, with 95 % probability", value: restarts, runs: networks },
      ],
    },
    figures: [
      chart({
        name: "starts",
        caption: `The first 100 of ${starts} starts on Rastrigin's function, each joined to where gradient descent ends (η = 0.002); dark is low, the least value is at the origin.`,
        description:
          "A surface of round hollows on a grid. Each arrow ends in the hollow it begins in or beside; only those that begin near the origin end there.",
        x: { label: "x" },
        y: { label: "y" },
        height: 560,
        surface,
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
    how: `Rastrigin's function of two numbers, starts even over ±${reach}; network 2-${units}-1 with tanh, mean squared error, on ${examples} points of two spirals with targets ±1, by L-BFGS to a gradient norm of 1e-4 or where no step is lower in 32 bits (seeds ${seed} to ${seed + networks - 1}).`,
  };
}
