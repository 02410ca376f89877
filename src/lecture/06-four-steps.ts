// Row 6: a step of stochastic gradient descent in its four parts, on a network small enough to see all of its surface.
import { chain, createModel, dense, meanSquaredError, sgd, tanh } from "thalweg";
import { arrayDataset, type Dataset, randomSource, subset } from "thalweg/data";
import { datasetObjective, exampleGradients } from "thalweg/science";
import type { Experiment } from "./experiment.ts";
import { type Data, outcome, type Walk } from "./outcomes/06-four-steps.ts";
import { valuesOver } from "./plane.ts";
import { giveTurn } from "./turn.ts";

const quick = { examples: 64, batch: 8, rate: 0.25, steps: 40, draws: 2000, paths: 40, grid: 61, seed: 6 };
export type Parameters = { readonly [Name in keyof typeof quick]: number };

export const fourSteps: Experiment<Parameters, Data> = {
  id: 6,
  file: "06-four-steps.ts",
  title: "The four steps of stochastic gradient descent",
  claim:
    "w ← w − η·dL/dw, with the gradient of the whole data set (batch) or of a random mini-batch (stochastic): sample, forward, errors and gradients, update, and again.",
  parameters: { quick, full: { ...quick, draws: 20_000, paths: 400, grid: 201 } },
  async *run({ parameters, signal }) {
    const { examples, batch, rate, steps, draws, paths, grid, seed } = parameters;
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
    const outputs = model.predict(subset(data, rows).x); // 2. forward prop
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
      await giveTurn(signal);
      yield { done: (0.5 * (at + 1)) / draws, note: `${at + 1} of ${draws} mini-batches` };
    }
    const truth = new Float32Array(2);
    whole.gradient(start, truth);

    // And again: with mini-batches, many times, and last with the whole set.
    const walks: Walk[] = [];
    while (walks.length <= paths) {
      await giveTurn(signal);
      const places = [start];
      model.parameters = start;
      for (let step = 0; step < steps; step++) {
        const { x, y } = walks.length === paths ? data : subset(data, draw());
        model.step({ x, y });
        places.push(model.parameters.slice());
      }
      walks.push({ path: places.map((w) => [...w]), losses: places.map((w) => whole.loss(w)) });
      yield { done: 0.5 + (0.4 * walks.length) / (paths + 1), note: `${walks.length} of ${paths + 1} paths` };
    }
    const full = walks.pop() as Walk;

    const line = Float32Array.from({ length: 81 }, (_, i) => i / 20 - 2);
    const [before, after] = [start, next].map((w) => {
      model.parameters = w;
      return [...model.predict(line)];
    }) as [number[], number[]];
    const ranges = [
      [-0.5, 2],
      [-1.2, 1.8],
    ] as const;
    const surface = await valuesOver(whole, ranges, grid, signal);
    model.close();
    const found: Data = {
      x: [...data.x],
      y: [...data.y],
      rows: [...rows],
      start: [...start],
      next: [...next],
      slope,
      outputs: [...outputs],
      truth: [...truth],
      apart,
      batchLosses: full.losses,
      gradients,
      stochasticLosses: walks.map(({ losses }) => losses),
      slopes: Array.from(rows, (row) => [...each.subarray(2 * row, 2 * row + 2)]),
      answers: { x: [...line], before, after },
      batchPath: full.path,
      stochasticPath: (walks[0] as Walk).path,
      surface,
    };
    return outcome(found, parameters);
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
