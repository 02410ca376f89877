// What row 3 says and draws of what it measured.
import type { Parameters } from "../03-bias-variance.ts";
import { type ChartPoint, chart, pointOf, type Series } from "../chart.ts";
import type { Outcome } from "../experiment.ts";
import { finding, type Mean, meanOf, medianOf } from "../statistics.ts";

/** Of a group of training sets. */
export type Parts = { readonly bias: number; readonly variance: number };

/** With so many features, p. */
export type Found = {
  readonly p: number;
  /** Mean squares from noisy targets, and from the truth. */
  readonly risk: Mean;
  readonly distance: Mean;
  /** Squared. */
  readonly bias: Mean;
  readonly variance: Mean;
  /** Of bias² + variance + noise from the risk, in standard errors. */
  readonly departure: number;
  /** Of the risk. */
  readonly median: number;
};

export type Data = {
  readonly found: readonly Found[];
  /** Of each training set, with each number of features. */
  readonly risks: readonly (readonly number[])[];
  /** Distances of trained from least-norm answers, relative. */
  readonly trained: readonly number[];
};

export function summaryOf(
  p: number,
  risks: readonly number[],
  distances: readonly number[],
  parts: readonly Parts[],
  noise: number,
): Found {
  const [risk, distance] = [meanOf(risks), meanOf(distances)];
  const [bias, variance] = [meanOf(parts.map((part) => part.bias)), meanOf(parts.map((part) => part.variance))];
  const error = Math.hypot(risk.high - risk.low, distance.high - distance.low) / 3.92;
  const departure = (bias.mean + variance.mean + noise ** 2 - risk.mean) / error;
  return { p, risk, distance, bias, variance, departure, median: medianOf(risks) };
}

export function outcome(data: Data, parameters: Parameters): Outcome<Data> {
  const { examples, inputs, noise, tests, groups, sets, seed } = parameters;
  const { found, trained } = data;
  const runs = groups * sets;
  // The moments of the risk are finite where p and n are more than 3 apart.
  const finite = found.filter(({ p }) => Math.abs(p - examples) > 3);
  const worst = Math.max(...finite.map(({ departure }) => Math.abs(departure)));
  const below = finite.filter(({ p }) => p < examples);
  const [first, under, last] = [below[0], below.at(-1), found.at(-1)] as [Found, Found, Found];
  const bottom = below.reduce((least, each) => (each.risk.mean < least.risk.mean ? each : least));
  const peak = found.reduce((most, each) => (each.median > most.median ? each : most));
  const trades = first.bias.low > under.bias.high && first.variance.high < under.variance.low;
  const adds = worst < 3;
  const farther = Math.max(...trained);
  const end = last.risk.high < bottom.risk.low ? "below" : last.risk.low > bottom.risk.high ? "not below" : "as low as";

  const series = (name: string, as: Series["as"], of: (at: Found) => ChartPoint): Series => ({
    ...{ name, as },
    points: finite.map(of),
  });
  const curves = [
    // Beside a variance that is a hundred times as large it cannot be told from zero.
    series("bias²", "line", ({ p, bias }) => (bias.low > 0 ? pointOf(p, bias) : { x: p, y: Number.NaN })),
    series("variance", "line", ({ p, variance }) => pointOf(p, variance)),
    series("noise", "line", ({ p }) => ({ x: p, y: noise ** 2 })),
    series("their sum", "line", ({ p, distance }) => pointOf(p, more(distance, noise ** 2))),
    series("risk", "points", ({ p, risk }) => pointOf(p, risk)),
  ];
  return {
    data,
    verdict: {
      judgement: trades && adds && peak.p === examples ? "supported" : trades ? "partly" : "not supported",
      why: `From ${first.p} to ${under.p} features bias² falls from ${first.bias.mean.toFixed(2)} to ${under.bias.mean.toFixed(2)} and the variance rises from ${first.variance.mean.toFixed(2)} to ${under.variance.mean.toFixed(1)}; the risk is least at ${bottom.p}. With the noise they make the risk measured on other training sets within ${worst.toFixed(1)} standard errors at the worst p (3 were allowed). The trade-off is not the whole story: the median risk has its peak of ${peak.median.toFixed(0)} at p = ${peak.p}, where the ${examples} examples are first fitted exactly, and falls to ${last.risk.mean.toFixed(2)} at p = ${last.p}, ${end} the ${bottom.risk.mean.toFixed(2)} of ${bottom.p} features.`,
      numbers: [
        finding(`bias², ${first.p} features`, first.bias),
        finding(`bias², ${under.p} features`, under.bias),
        finding(`variance, ${first.p} features`, first.variance),
        finding(`variance, ${under.p} features`, under.variance),
        {
          name: "largest departure of bias² + variance + noise from the risk, in standard errors",
          value: worst,
          runs,
        },
        { name: "number of features at which the median risk is largest", value: peak.p, runs, expected: examples },
        finding(`least risk below the peak, ${bottom.p} features`, bottom.risk),
        finding(`risk, ${last.p} features`, last.risk),
        {
          name: "largest distance of trained from least-norm answers, relative",
          value: farther,
          runs: trained.length,
          expected: 0,
        },
      ],
    },
    figures: [
      chart({
        name: "trade-off",
        caption: `Bias², variance and noise of least squares on random features of ${examples} examples, over ${runs} training sets, and the risk on noisy targets over ${runs} others.`,
        description:
          "Bias² falls and the variance rises with the number of features. The risk lies on their sum, which falls at first and then rises.",
        x: { label: "random features, p" },
        y: { label: "mean square" },
        series: curves.map((each) => ({ ...each, points: each.points.filter(({ x }) => x <= 0.85 * examples) })),
      }),
      chart({
        name: "second-descent",
        caption: `The same on both sides of p = ${examples}, where the least-norm solution begins to fit every example. There the mean risk has no limit, so that only its median is drawn.`,
        description:
          "The risk rises steeply to the line p = n from both sides, and falls again beyond it; bias² goes on falling slowly to a floor.",
        x: { label: "random features, p", type: "log" },
        y: { label: "mean square", type: "log" },
        rules: [{ name: `p = n = ${examples}`, x: examples }],
        series: [
          ...curves,
          { name: "median risk", as: "both", points: found.map(({ p, median }) => ({ x: p, y: median })) },
        ],
      }),
    ],
    how: `Least-norm least squares on p features max(w·x, 0) with normal w, drawn anew for each training set of ${examples} normal points in ${inputs} dimensions; truth a·x + ((b·x)² − 1)/2, noise of deviation ${noise}, ${tests} test points; seed ${seed}. L-BFGS from zero on the same features ends at the least-norm answers within ${farther.toExponential(0)}.`,
  };
}

const more = ({ mean, low, high, runs }: Mean, by: number): Mean => ({
  ...{ mean: mean + by, low: low + by, high: high + by, runs },
});
