// What row 5 says and draws of what it measured.
import type { Parameters } from "../05-empirical-risk.ts";
import { type ChartPoint, chart } from "../chart.ts";
import type { Outcome } from "../experiment.ts";
import { slopeOf } from "../statistics.ts";

/** Samples of each size: the deviation of their risks, and the risks themselves. */
export type Data = {
  readonly sizes: readonly number[];
  readonly spreads: readonly number[];
  readonly risks: readonly (readonly number[])[];
  /** Of the whole set, and how many examples that has. */
  readonly risk: number;
  readonly examples: number;
};

export function outcome(data: Data, { draws, seed }: Parameters): Outcome<Data> {
  const { sizes, spreads, risks, risk, examples } = data;
  const slope = slopeOf(sizes.map(Math.log), spreads.map(Math.log));
  // σ of one example, from every sample size.
  const logs = spreads.map((spread, at) => Math.log(spread * Math.sqrt(sizes[at] as number)));
  const sigma = Math.exp(logs.reduce((sum, log) => sum + log, 0) / sizes.length);
  const runs = draws * sizes.length;
  return {
    data,
    verdict: {
      judgement: slope.low <= -0.5 && slope.high >= -0.5 ? "supported" : "partly",
      why: `The spread of the empirical risk over ${draws} samples of each size falls as n to the power ${slope.mean.toFixed(3).replace("-", "−")}; independent examples promise −0.5.`,
      numbers: [
        {
          name: "slope of log spread on log n",
          value: slope.mean,
          interval: [slope.low, slope.high],
          runs,
          expected: -0.5,
        },
        { name: "deviation of one example's loss", value: sigma, runs },
      ],
    },
    figures: [
      chart({
        name: "spread",
        caption: `Standard deviation of the mean loss over n test examples of MNIST, ${draws} samples of each n drawn with replacement, one network.`,
        description:
          "On logarithmic axes the points lie on a straight line that falls by half for four times the examples.",
        x: { label: "examples in the sample, n", type: "log" },
        y: { label: "spread of the empirical risk", type: "log" },
        series: [
          {
            name: "measured",
            as: "points",
            points: sizes.map((n, at) => deviationAt(n, spreads[at] as number, draws)),
          },
          { name: "σ/√n", points: sizes.map((n) => ({ x: n, y: sigma / Math.sqrt(n) })) },
        ],
      }),
      chart({
        name: "samples",
        caption: `Each sample's mean loss; the line is the whole test set of ${examples}.`,
        description: "A funnel of points that narrows around the whole set's risk as the samples grow.",
        x: { label: "examples in the sample, n", type: "log" },
        y: { label: "empirical risk" },
        rules: [{ name: `whole set: ${risk.toFixed(3)}`, y: risk }],
        series: [
          {
            name: "samples",
            as: "points",
            points: sizes.flatMap((n, at) => (risks[at] as readonly number[]).map((y) => ({ x: n, y }))),
          },
        ],
      }),
    ],
    how: `784-64-10 with ReLU after one epoch of MNIST (SGD, learning rate 0.1, batches of 64, seed ${seed}); samples of its test set.`,
  };
}

/** A standard deviation of so many draws is known to a relative 1/√(2(draws − 1)). */
function deviationAt(n: number, spread: number, draws: number): ChartPoint {
  const relative = 1.96 / Math.sqrt(2 * (draws - 1));
  return { x: n, y: spread, low: spread * (1 - relative), high: spread * (1 + relative) };
}
