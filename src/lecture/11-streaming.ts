// Row 11: a stream whose truth turns. Stochastic gradient descent follows it; what was fitted once goes stale.
import { createModel, crossEntropy, type Dataset, dense, sgd } from "thalweg";
import { arrayDataset, driftingStream, stream } from "thalweg/data";
import { beside, chart } from "./chart.ts";
import type { Experiment } from "./experiment.ts";
import { finding, meanOf } from "./statistics.ts";

interface Parameters {
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

/** Accuracies [run][window]: SGD's before it learns from each batch, and of the batch fit to window 0. */
interface Course {
  readonly [name: string]: number | readonly (readonly number[])[];
  readonly turn: number;
  readonly online: readonly (readonly number[])[];
  readonly fitted: readonly (readonly number[])[];
}

export const streaming: Experiment<Parameters> = {
  id: 11,
  title: "Streaming data",
  file: "11-streaming.ts",
  claim: "Stochastic gradient descent is good for streaming data.",
  parameters: {
    quick: {
      ...{ features: 10, batchSize: 32, batches: 40, windows: 24, turn: 0.25, noise: 0.05 },
      ...{ learningRate: 0.2, epochs: 200, runs: 6 },
    },
    full: {
      ...{ features: 10, batchSize: 32, batches: 100, windows: 50, turn: 0.5, noise: 0.05 },
      ...{ learningRate: 0.2, epochs: 400, runs: 30 },
    },
  },
  async *run({ parameters, signal }) {
    const { features, batchSize, batches, windows, turn, noise, learningRate, epochs, runs } = parameters;
    const network = (seed: number, rate: number) =>
      createModel({
        ...{ input: [features], network: dense(2), loss: crossEntropy(), optimizer: sgd({ learningRate: rate }), seed },
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
        yield {
          done: (which + seed / runs) / 2,
          note: `${whole === 0 ? "a stream that stays as it is" : "a stream that turns"}, run ${seed}`,
        };
      }
      courses.push({ turn: whole, online, fitted });
    }
    /** Over the last quarter of the windows, run by run: SGD's accuracy less that of the fit, in percent. */
    const gain = ({ online, fitted }: Course) => {
      const late = (accuracies: readonly number[]): number => meanOf(accuracies.slice(-Math.ceil(windows / 4))).mean;
      return meanOf(online.map((each, run) => 100 * (late(each) - late(fitted[run] as number[]))));
    };
    const [turning, still] = courses.map(gain) as [ReturnType<typeof gain>, ReturnType<typeof gain>];
    const [follows, costsLittle] = [turning.low > 0, still.low > -2];
    /** Of a plane that is off by a share of a turn, where so many labels are wrong. */
    const expected = (turned: number): number => 100 * ((1 - noise) * (1 - 2 * turned) + noise * 2 * turned);
    const seen = (window: number): number => ((window + 0.5) * batches * batchSize) / 1000;
    const part = (course: Course) => {
      const points = (of: readonly (readonly number[])[]) =>
        Array.from({ length: windows }, (_, window) => {
          const { mean, low, high } = meanOf(of.map((each) => 100 * (each[window] as number)));
          return { x: seen(window), y: mean, low, high };
        });
      return chart({
        ...{ name: course.turn === 0 ? "still" : "turning", caption: "", description: "", width: 480, height: 360 },
        x: { label: `thousands of examples, ${course.turn === 0 ? "truth stays" : `truth turns by ${360 * turn}°`}` },
        y: { label: "accuracy, percent", domain: [Math.max(0, expected(turn) - 6), 100] },
        rules: [{ name: "labels that are right", y: 100 * (1 - noise) }],
        series: [
          { name: "SGD", points: points(course.online) },
          { name: "batch fit to the first", points: points(course.fitted) },
          {
            name: "of a plane that stays",
            points: Array.from({ length: windows }, (_, i) => ({
              x: seen(i),
              y: expected((course.turn * i) / windows),
            })),
          },
        ],
      });
    };
    return {
      data: { courses },
      verdict: {
        judgement: follows && costsLittle ? "supported" : follows ? "partly" : "not supported",
        why: `At the end of a stream whose truth has turned by ${360 * turn}° SGD is right on ${turning.mean.toFixed(1)} % more examples than what was fitted to the first ${batches * batchSize}; where the truth stays, ${still.mean.toFixed(1)} % (supported: above 0 with a turn, and no worse than −2 % without).`,
        numbers: [
          finding(
            "accuracy of SGD less that of the batch fit over the last quarter, truth turning, in percent",
            turning,
          ),
          finding("the same where the truth stays, in percent", still),
        ],
      },
      figures: [
        beside(
          {
            name: "accuracies",
            caption: `Accuracy on each ${batches * batchSize} examples of a stream: of SGD before it learns from them (batches of ${batchSize}, rate ${learningRate}), and of full-batch gradient descent on the first ${batches * batchSize}, ${epochs} steps; means of ${runs} streams with 95 % intervals. Dotted: what a plane must lose as the truth turns away from it.`,
            description:
              "Left, where the truth turns, SGD stays level near the share of right labels and the batch fit falls along the predicted line. Right, where it stays, both are level.",
          },
          courses.map(part),
        ),
      ],
      how: `Labels by the side of a plane in ${features} dimensions, ${100 * noise} % of them wrong; linear classifiers of ${features} numbers, streams and networks of seeds 1 to ${runs}.`,
    };
  },
};
