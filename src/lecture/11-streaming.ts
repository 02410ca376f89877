// Row 11: a stream whose truth turns. Stochastic gradient descent follows it; what was fitted once goes stale.
import { createModel, crossEntropy, type Dataset, dense, sgd } from "thalweg";
import { arrayDataset, driftingStream, stream } from "thalweg/data";
import type { Experiment } from "./experiment.ts";
import { type Course, type Data, outcome } from "./outcomes/11-streaming.ts";

export interface Parameters {
  readonly [name: string]: number;
  readonly features: number;
  readonly batchSize: number;
  /** Batches of a window, which is what accuracies are of, and windows of a stream. */
  readonly batches: number;
  readonly windows: number;
  /** How far the truth turns over the whole stream, in turns. */
  readonly turn: number;
  /** Share of labels that are wrong. */
  readonly noise: number;
  readonly learningRate: number;
  /** Of the batch fit to the first window. */
  readonly epochs: number;
  readonly runs: number;
}

export const streaming: Experiment<Parameters, Data> = {
  id: 11,
  title: "Streaming data",
  file: "11-streaming.ts",
  claim: "Stochastic gradient descent is good for streaming data.",
  parameters: {
    quick: {
      features: 10,
      batchSize: 32,
      batches: 40,
      windows: 24,
      turn: 0.25,
      noise: 0.05,
      learningRate: 0.2,
      epochs: 200,
      runs: 6,
    },
    full: {
      features: 10,
      batchSize: 32,
      batches: 100,
      windows: 50,
      turn: 0.5,
      noise: 0.05,
      learningRate: 0.2,
      epochs: 400,
      runs: 30,
    },
  },
  async *run({ parameters, signal }) {
    const { features, batchSize, batches, windows, turn, noise, learningRate, epochs, runs } = parameters;
    const network = (seed: number, rate: number) =>
      createModel({
        input: [features],
        network: dense(2),
        loss: crossEntropy(),
        optimizer: sgd({ learningRate: rate }),
        seed,
      });
    const courses: Course[] = [];
    for (const [which, whole] of [turn, 0].entries()) {
      const [online, fitted]: [number[][], number[][]] = [[], []];
      for (let seed = 1; seed <= runs; seed++) {
        const drift = whole / (windows * batches * batchSize);
        const source = stream(driftingStream({ features, batchSize, drift, noise, seed })).take(windows * batches);

        const learner = await network(seed, learningRate);
        const before: number[] = [];
        for await (const report of learner.fit(source, { testThenTrain: true, reportEvery: batches, signal }))
          if (report.kind === "step") before.push(report.tested?.accuracy as number);
        online.push(before);

        // The same stream again, a window at a time.
        const judged: number[] = [];
        const fit = await network(seed, 1);
        let window: { x: number[]; y: number[] } = { x: [], y: [] };
        for await (const { x, y } of source) {
          window.x.push(...x);
          window.y.push(...y);
          if (window.y.length < batches * batchSize) continue;
          const data: Dataset = arrayDataset({ x: Float32Array.from(window.x), y: window.y, shape: [features] });
          if (judged.length === 0) for await (const _ of fit.fit(data, { epochs, batchSize: "all", signal }));
          judged.push(fit.evaluate(data).accuracy as number);
          window = { x: [], y: [] };
        }
        fitted.push(judged);
        for (const model of [learner, fit]) model.close();
        const kind = whole === 0 ? "a stream that stays as it is" : "a stream that turns";
        yield { done: (which + seed / runs) / 2, note: `${kind}, run ${seed}` };
      }
      courses.push({ turn: whole, online, fitted });
    }
    return outcome({ courses }, parameters);
  },
};
