// What row 11 says and draws of what it measured.
import type { Parameters } from "../11-streaming.ts";
import { beside, chart, pointOf } from "../chart.ts";
import type { Figure, Outcome } from "../experiment.ts";
import { finding, type Mean, meanOf } from "../statistics.ts";
import { judgementOf } from "../verdict.ts";

/** Accuracies [run][window]: SGD's before it learns from each batch, and of the batch fit to window 0. */
export type Course = {
  /** How far the truth turns. */
  readonly turn: number;
  readonly online: readonly (readonly number[])[];
  readonly fitted: readonly (readonly number[])[];
};

/** Of streams that turn, and of streams that stay. */
export type Data = { readonly courses: readonly Course[] };

export function outcome(data: Data, parameters: Parameters): Outcome<Data> {
  const { features, batchSize, batches, turn, noise, learningRate, epochs, runs } = parameters;
  const [turning, still] = data.courses.map(gain) as [Mean, Mean];
  return {
    data,
    verdict: {
      judgement: turning.low > 0 ? judgementOf([true, still.low > -2]) : "not supported",
      why: `At the end of a stream whose truth has turned by ${360 * turn}° SGD is right on ${turning.mean.toFixed(1)} % more examples than what was fitted to the first ${batches * batchSize}; where the truth stays, ${still.mean.toFixed(1)} % (supported: above 0 with a turn, and no worse than −2 % without).`,
      numbers: [
        finding("accuracy of SGD less that of the batch fit over the last quarter, truth turning, in percent", turning),
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
        data.courses.map((course) => part(course, parameters)),
      ),
    ],
    how: `Labels by the side of a plane in ${features} dimensions, ${100 * noise} % of them wrong; linear classifiers of ${features} numbers, streams and networks of seeds 1 to ${runs}.`,
  };
}

/** Over the last quarter of the windows, run by run: SGD's accuracy less that of the fit, in percent. */
function gain({ online, fitted }: Course): Mean {
  const late = (accuracies: readonly number[]): number =>
    meanOf(accuracies.slice(-Math.ceil(accuracies.length / 4))).mean;
  return meanOf(online.map((each, run) => 100 * (late(each) - late(fitted[run] as number[]))));
}

function part({ turn, online, fitted }: Course, parameters: Parameters): Figure {
  const { batchSize, batches, windows, noise } = parameters;
  const places = Array.from({ length: windows }, (_, window) => ((window + 0.5) * batches * batchSize) / 1000);
  const means = (accuracies: Course["online"]) =>
    places.map((x, window) => pointOf(x, meanOf(accuracies.map((each) => 100 * (each[window] as number)))));
  /** Of a plane that is off by a share of a turn, where so many labels are wrong. */
  const expected = (turned: number): number => 100 * ((1 - noise) * (1 - 2 * turned) + noise * 2 * turned);
  return chart({
    ...{ name: turn === 0 ? "still" : "turning", caption: "", description: "", width: 480, height: 360 },
    x: { label: `thousands of examples, ${turn === 0 ? "truth stays" : `truth turns by ${360 * turn}°`}` },
    y: { label: "accuracy, percent", domain: [Math.max(0, expected(parameters.turn) - 6), 100] },
    rules: [{ name: "labels that are right", y: 100 * (1 - noise) }],
    series: [
      { name: "SGD", points: means(online) },
      { name: "batch fit to the first", points: means(fitted) },
      { name: "of a plane that stays", points: places.map((x, i) => ({ x, y: expected((turn * i) / windows) })) },
    ],
  });
}
