// What row 6 says and draws of what it measured.
import type { Parameters } from "../06-four-steps.ts";
import { beside, type ChartPoint, chart, type Series } from "../chart.ts";
import type { Figure, Outcome } from "../experiment.ts";
import type { PlaneValues } from "../plane.ts";
import { finding, type Mean, meanOf } from "../statistics.ts";
import { percent } from "../verdict.ts";

/** Weights step by step, and the whole set's loss at each. */
export type Walk = { readonly path: readonly (readonly number[])[]; readonly losses: readonly number[] };

export type Data = {
  readonly x: readonly number[];
  readonly y: readonly number[];
  /** The mini-batch of the one step; its weights before and after, its gradient, and what the network answers to it. */
  readonly rows: readonly number[];
  readonly start: readonly number[];
  readonly next: readonly number[];
  readonly slope: readonly number[];
  readonly outputs: readonly number[];
  /** The whole set's gradient at the start. */
  readonly truth: readonly number[];
  /** The largest difference of `step` and the four parts by hand. */
  readonly apart: number;
  readonly batchLosses: readonly number[];
  /** Of many mini-batches at the start: dL/dw₁ and dL/dw₂. */
  readonly gradients: readonly [readonly number[], readonly number[]];
  readonly stochasticLosses: readonly (readonly number[])[];
  /** Gradients of the mini-batch's examples. */
  readonly slopes: readonly (readonly number[])[];
  /** The network's before and after the step. */
  readonly answers: Readonly<Record<"x" | "before" | "after", readonly number[]>>;
  readonly batchPath: Walk["path"];
  /** The first. */
  readonly stochasticPath: Walk["path"];
  readonly surface: PlaneValues;
};

export function outcome(data: Data, { examples, batch, rate, steps, draws, paths, seed }: Parameters): Outcome<Data> {
  const { truth, apart, batchLosses, stochasticLosses } = data;
  const means = data.gradients.map(meanOf);
  /** In standard errors. */
  const bias = Math.max(...means.map((mean, i) => Math.abs(departure(mean, truth[i] as number))));
  const falls = fallsOf(batchLosses);
  const stochasticFalls = meanOf(stochasticLosses.map(fallsOf));
  const [first, last] = [batchLosses[0] as number, batchLosses.at(-1) as number];
  const ends = meanOf(stochasticLosses.map((losses) => losses.at(-1) as number));
  const arrives = Math.max(ends.high, last) < first;
  return {
    data,
    verdict: {
      judgement: bias < 3 && apart < 1e-6 && arrives ? "supported" : "not supported",
      why: `The four parts done one at a time end where step() does, within ${apart.toExponential(0)} over ${draws} mini-batches, and their mean gradient is the whole set's within ${bias.toFixed(1)} standard errors. A batch step lowers the whole set's loss in ${percent(falls)} of the cases, a stochastic one in ${percent(stochasticFalls.mean)}; from ${first.toFixed(2)} they arrive at ${last.toFixed(3)} and ${ends.mean.toFixed(3)}.`,
      numbers: [
        { name: "largest difference of step() and the four parts by hand", value: apart, runs: draws, expected: 0 },
        ...means.map((mean, i) => finding(`mean gradient of mini-batches, dL/dw${"₁₂"[i]}`, mean, truth[i])),
        finding("share of stochastic steps that lower the whole set's loss", stochasticFalls),
        { name: "share of batch steps that lower it", value: falls, runs: 1 },
        finding(`loss after ${steps} stochastic steps`, ends),
        { name: `loss after ${steps} batch steps`, value: last, runs: 1 },
      ],
    },
    figures: [
      ...fourFigures(data, examples, batch, rate),
      chart({
        name: "paths",
        caption: `${steps} steps with the whole set, and ${steps} with mini-batches of ${batch}: the first of ${paths} such paths.`,
        description: "Both paths lead into the valley; the stochastic one then wanders about its lowest place.",
        x: { label: "w₁" },
        y: { label: "w₂" },
        surface: data.surface,
        series: [
          { name: "whole set", as: "both", points: data.batchPath.map(place) },
          { name: "mini-batches", as: "both", points: data.stochasticPath.map(place) },
        ],
      }),
    ],
    how: `Network w₂·tanh(w₁·x), mean squared error, on ${examples} points of 1.2·tanh(1.5·x) with noise of deviation 0.5 (seed ${seed}); learning rate ${rate}.`,
  };
}

/** One for each part of a step: left the data, right the plane of the weights. */
function fourFigures(data: Data, examples: number, batch: number, rate: number): Figure[] {
  const { x, y, rows, start, slope, slopes, truth, outputs, answers, surface } = data;
  const figure = (name: string, caption: string, description: string, left: Series[], right: Series[]): Figure => {
    const own = { caption, description, width: 360, height: 320 };
    const points = { ...own, name: `${name}-data`, x: { label: "x" }, y: { label: "y" }, series: left };
    const plane = { ...own, name: `${name}-surface`, x: { label: "w₁" }, y: { label: "w₂" }, series: right, surface };
    return beside({ name, caption, description }, [chart(points), chart(plane)]);
  };
  const here: Series = { name: "w", as: "points", points: [place(start)] };
  const cloud: Series = { name: "data set", as: "points", points: pointsOf(x, y) };
  const drawn = rows.map((row) => ({ x: x[row] as number, y: y[row] as number }));
  const picked: Series = { name: "mini-batch", as: "points", points: drawn };
  const errors = drawn.map((point, i) => ({ ...point, ...between(point.y, outputs[i] as number) }));
  const squares = meanOf(errors.map(({ low, high }) => (high - low) ** 2));
  const [before, after] = [pointsOf(answers.x, answers.before), pointsOf(answers.x, answers.after)];
  const arrows = (name: string, all: readonly (readonly number[])[]): Series => ({
    name,
    as: "arrows",
    points: all.flatMap((gradient) => [place(start), place(stepped(start, gradient, rate))]),
  });
  return [
    figure(
      "sample",
      `1. Sample mini-batch: ${batch} of the ${examples} examples. Right, where the network is on the whole set's loss over its two weights; dark is low.`,
      "Left a cloud of points along a rising curve, eight of them marked. Right a surface with a valley above the point w.",
      [cloud, picked],
      [here],
    ),
    figure(
      "forward",
      `2. Forward prop: the answers of the network w₂·tanh(w₁·x); their mean squared error on the mini-batch is ${squares.mean.toFixed(2)}.`,
      "Left the network's curve falls where the mini-batch's points rise. Right the point w on the surface.",
      [{ name: "network", points: before }, picked],
      [here],
    ),
    figure(
      "gradients",
      "3. Compute errors and gradients: right, −η·gradient of each example, of the mini-batch, which is their mean, and of the whole set.",
      "Left upright lines join the curve to the points. Right a fan of arrows from w; that of the mini-batch lies near that of the whole set.",
      [
        { name: "network", points: before },
        { name: "errors", as: "points", points: errors },
      ],
      [arrows("examples", slopes), arrows("mini-batch", [slope]), arrows("whole set", [truth])],
    ),
    figure(
      "update",
      `4. Update model parameters, w ← w − ${rate}·dL/dw, and repeat.`,
      "Left the curve has turned towards the points. Right an arrow leads from w towards the valley.",
      [{ name: "before", points: before }, { name: "after", points: after }, picked],
      [arrows("update", [slope])],
    ),
  ];
}

/** Of a mean from its true value, in standard errors. */
const departure = ({ mean, low, high }: Mean, truth: number): number => ((mean - truth) * 3.92) / (high - low);

/** The share of steps that lower the loss. */
function fallsOf(losses: readonly number[]): number {
  const steps = losses.slice(1);
  return steps.filter((loss, i) => loss < (losses[i] as number)).length / steps.length;
}

/** In 32 bits, as the model does it. */
const stepped = (w: readonly number[], gradient: readonly number[], rate: number): number[] =>
  w.map((value, i) => Math.fround(value - rate * (gradient[i] as number)));
const place = (w: readonly number[]): ChartPoint => ({ x: w[0] as number, y: w[1] as number });
const pointsOf = (x: readonly number[], y: readonly number[]): ChartPoint[] =>
  x.map((value, i) => ({ x: value, y: y[i] as number }));
const between = (a: number, b: number) => ({ low: Math.min(a, b), high: Math.max(a, b) });
