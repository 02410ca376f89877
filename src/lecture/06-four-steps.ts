// Row 6: a step of stochastic gradient descent in its four parts, on a network small enough to see all of its surface.
import { chain, createModel, dense, meanSquaredError, sgd, tanh } from "thalweg";
import { arrayDataset, type Dataset, randomSource, subset } from "thalweg/data";
import { datasetObjective, exampleGradients } from "thalweg/science";
import { beside, type ChartPoint, chart, type Series } from "./chart.ts";
import type { Experiment, Figure } from "./experiment.ts";
import { valuesOver } from "./plane.ts";
import { finding, meanOf } from "./statistics.ts";

const quick = { examples: 64, batch: 8, rate: 0.25, steps: 40, draws: 2000, paths: 40, grid: 61, seed: 6 };
type Parameters = { readonly [Name in keyof typeof quick]: number };

export const fourSteps: Experiment<Parameters> = {
  id: 6,
  file: "06-four-steps.ts",
  title: "The four steps of stochastic gradient descent",
  claim:
    "w ← w − η·dL/dw, with the gradient of the whole data set (batch) or of a random mini-batch (stochastic): sample, forward, errors and gradients, update, and again.",
  parameters: { quick, full: { ...quick, draws: 20_000, paths: 400, grid: 201 } },
  async *run({ parameters: { examples, batch, rate, steps, draws, paths, grid, seed }, signal }) {
    const data = curve(examples, seed);
    // Two modules of one parameter each: y = w₂·tanh(w₁·x).
    const model = await createModel({
      input: [1],
      network: chain(dense(1, { bias: false }), tanh(), dense(1, { bias: false })),
      loss: meanSquaredError(),
      optimizer: sgd({ learningRate: rate }),
    });
    const whole = datasetObjective(model, data);
    const start = Float32Array.of(0.6, -0.6);
    const random = randomSource(seed, 1);
    const draw = (): Uint32Array => sample(data.size, batch, random.below);

    // One step, part by part.
    model.parameters = start;
    const each = exampleGradients(model, data);
    const rows = draw(); // 1. sample mini-batch
    const chosen = subset(data, rows);
    const outputs = model.predict(chosen.x); // 2. forward prop
    const slope = meanOfRows(each, rows); // 3. errors and gradients
    const next = start.map((w, i) => w - rate * (slope[i] as number)); // 4. update model parameters

    // The same for many mini-batches, beside `step`, which does all four.
    const gradients: [number[], number[]] = [[], []];
    let apart = 0;
    for (let at = 0; at < draws; at++) {
      const drawn = draw();
      const { x, y } = subset(data, drawn);
      model.parameters = start;
      model.step({ x, y });
      const byHand = meanOfRows(each, drawn).map((g, i) => (start[i] as number) - rate * g);
      apart = Math.max(apart, ...byHand.map((w, i) => Math.abs(w - (model.parameters[i] as number))));
      for (const i of [0, 1] as const) gradients[i].push(model.gradient[i] as number);
      if (at % 100 < 99) continue;
      await new Promise((done) => setTimeout(done));
      signal.throwIfAborted();
      yield { done: (0.5 * (at + 1)) / draws, note: `${at + 1} of ${draws} mini-batches` };
    }
    const truth = new Float32Array(2);
    whole.gradient(start, truth);
    const means = gradients.map(meanOf);
    const bias = means.map(({ mean, low, high }, i) => ((mean - (truth[i] as number)) * 3.92) / (high - low));

    // And again: with mini-batches, many times, and last with the whole set.
    const walks: { readonly path: ChartPoint[]; readonly losses: number[]; readonly falls: number }[] = [];
    while (walks.length <= paths) {
      await new Promise((done) => setTimeout(done));
      signal.throwIfAborted();
      const places = [start];
      model.parameters = start;
      for (let step = 0; step < steps; step++) {
        const { x, y } = walks.length === paths ? data : subset(data, draw());
        model.step({ x, y });
        places.push(model.parameters.slice());
      }
      const losses = places.map((w) => whole.loss(w));
      const falls = losses.slice(1).filter((loss, i) => loss < (losses[i] as number)).length / steps;
      walks.push({ path: places.map(place), losses, falls });
      yield { done: 0.5 + (0.4 * walks.length) / (paths + 1), note: `${walks.length} of ${paths + 1} paths` };
    }
    const full = walks.pop() as (typeof walks)[number];
    const falls = meanOf(walks.map((walk) => walk.falls));
    const ends = meanOf(walks.map(({ losses }) => losses.at(-1) as number));
    const [first, last] = [full.losses[0] as number, full.losses.at(-1) as number];

    const line = Float32Array.from({ length: 81 }, (_, i) => i / 20 - 2);
    const [before, after] = [start, next].map((w) => {
      model.parameters = w;
      return pointsOf(line, model.predict(line));
    }) as [ChartPoint[], ChartPoint[]];
    const surface = await valuesOver(whole, [[-0.5, 2], [-1.2, 1.8]], grid, signal); // biome-ignore format: ranges
    model.close();
    const picture = (name: string, caption: string, description: string, left: Series[], right: Series[]): Figure => {
      const own = { caption, description, width: 360, height: 320 };
      const data = { ...own, name: `${name}-data`, x: { label: "x" }, y: { label: "y" }, series: left };
      const plane = { ...own, name: `${name}-surface`, x: { label: "w₁" }, y: { label: "w₂" }, series: right, surface };
      return beside({ name, caption, description }, [chart(data), chart(plane)]);
    };
    const here: Series = { name: "w", as: "points", points: [place(start)] };
    const picked: Series = { name: "mini-batch", as: "points", points: pointsOf(chosen.x, chosen.y) };
    const errors = picked.points.map((point, i) => ({ ...point, ...between(point.y, outputs[i] as number) }));
    const squares = meanOf(errors.map(({ low, high }) => (high - low) ** 2));
    const arrows = (name: string, ...slopes: ArrayLike<number>[]): Series => ({
      name,
      as: "arrows",
      points: slopes.flatMap((g) => [start, start.map((w, i) => w - rate * (g[i] as number))].map(place)),
    });
    return {
      data: {
        ...{ x: [...data.x], y: [...data.y], rows: [...rows], start: [...start], next: [...next], slope },
        ...{ outputs: [...outputs], truth: [...truth], apart, batchLosses: full.losses },
        ...{ gradients, stochasticLosses: walks.map(({ losses }) => losses) },
      },
      verdict: {
        judgement:
          bias.every((each) => Math.abs(each) < 3) && apart < 1e-6 && Math.max(ends.high, last) < first
            ? "supported"
            : "not supported",
        why: `The four parts done one at a time end where step() does, within ${apart.toExponential(0)} over ${draws} mini-batches, and their mean gradient is the whole set's within ${Math.max(...bias.map(Math.abs)).toFixed(1)} standard errors. A batch step lowers the whole set's loss in ${percent(full.falls)} of the cases, a stochastic one in ${percent(falls.mean)}; from ${first.toFixed(2)} they arrive at ${last.toFixed(3)} and ${ends.mean.toFixed(3)}.`,
        numbers: [
          { name: "largest difference of step() and the four parts by hand", value: apart, runs: draws, expected: 0 },
          ...means.map((mean, i) => finding(`mean gradient of mini-batches, dL/dw${"₁₂"[i]}`, mean, truth[i])),
          finding("share of stochastic steps that lower the whole set's loss", falls),
          { name: "share of batch steps that lower it", value: full.falls, runs: 1 },
          finding(`loss after ${steps} stochastic steps`, ends),
          { name: `loss after ${steps} batch steps`, value: last, runs: 1 },
        ],
      },
      figures: [
        picture(
          "sample",
          `1. Sample mini-batch: ${batch} of the ${examples} examples. Right, where the network is on the whole set's loss over its two weights; dark is low.`,
          "Left a cloud of points along a rising curve, eight of them marked. Right a surface with a valley above the point w.",
          [{ name: "data set", as: "points", points: pointsOf(data.x, data.y) }, picked],
          [here],
        ),
        picture(
          "forward",
          `2. Forward prop: the answers of the network w₂·tanh(w₁·x); their mean squared error on the mini-batch is ${squares.mean.toFixed(2)}.`,
          "Left the network's curve falls where the mini-batch's points rise. Right the point w on the surface.",
          [{ name: "network", points: before }, picked],
          [here],
        ),
        picture(
          "gradients",
          "3. Compute errors and gradients: right, −η·gradient of each example, of the mini-batch, which is their mean, and of the whole set.",
          "Left upright lines join the curve to the points. Right a fan of arrows from w; that of the mini-batch lies near that of the whole set.",
          [
            { name: "network", points: before },
            { ...picked, name: "errors", points: errors },
          ],
          [
            arrows("examples", ...Array.from(rows, (row) => each.subarray(2 * row, 2 * row + 2))),
            arrows("mini-batch", slope),
            arrows("whole set", truth),
          ],
        ),
        picture(
          "update",
          `4. Update model parameters, w ← w − ${rate}·dL/dw, and repeat.`,
          "Left the curve has turned towards the points. Right an arrow leads from w towards the valley.",
          [{ name: "before", points: before }, { name: "after", points: after }, picked],
          [arrows("update", slope)],
        ),
        chart({
          name: "paths",
          caption: `${steps} steps with the whole set, and ${steps} with mini-batches of ${batch}: the first of ${paths} such paths.`,
          description: "Both paths lead into the valley; the stochastic one then wanders about its lowest place.",
          ...{ x: { label: "w₁" }, y: { label: "w₂" }, surface },
          series: [
            { name: "whole set", as: "both", points: full.path },
            { name: "mini-batches", as: "both", points: (walks[0] as typeof full).path },
          ],
        }),
      ],
      how: `Network w₂·tanh(w₁·x), mean squared error, on ${examples} points of 1.2·tanh(1.5·x) with noise of deviation 0.5 (seed ${seed}); learning rate ${rate}.`,
    };
  },
};

/** Points along a curve, with noise. */
function curve(examples: number, seed: number): Dataset {
  const random = randomSource(seed, 0);
  const x = Float32Array.from({ length: examples }, () => 4 * random.uniform() - 2);
  const y = x.map((value) => 1.2 * Math.tanh(1.5 * value) + 0.5 * random.normal());
  return arrayDataset({ x, y, shape: [1], targetShape: [1] });
}

/** So many different rows. */
function sample(size: number, count: number, below: (n: number) => number): Uint32Array {
  const rows = new Set<number>();
  while (rows.size < count) rows.add(below(size));
  return Uint32Array.from(rows);
}

const meanOfRows = (each: Float32Array, rows: Uint32Array): number[] =>
  [0, 1].map((i) => rows.reduce((sum, row) => sum + (each[2 * row + i] as number), 0) / rows.length);
const place = (w: Float32Array): ChartPoint => ({ x: w[0] as number, y: w[1] as number });
const pointsOf = (x: ArrayLike<number>, y: ArrayLike<number>): ChartPoint[] =>
  Array.from(x, (value, i) => ({ x: value, y: y[i] as number }));
const between = (a: number, b: number) => ({ low: Math.min(a, b), high: Math.max(a, b) });
const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;
