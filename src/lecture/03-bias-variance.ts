// Row 3: bias, variance and noise against capacity, and the second descent beyond the point where all examples are fitted.
import { createModel, dense, initializers, meanSquaredError } from "thalweg";
import { arrayDataset, type RandomSource, randomSource } from "thalweg/data";
import { datasetObjective, lbfgs, minimize } from "thalweg/science";
import { type ChartPoint, chart, type Series } from "./chart.ts";
import type { Experiment } from "./experiment.ts";
import { finding, type Mean, meanOf } from "./statistics.ts";

const quick = {
  capacities: [2, 5, 10, 15, 20, 30, 40, 50, 56, 60, 64, 70, 80, 100, 140, 200, 320, 600],
  ...{ examples: 60, inputs: 8, noise: 0.5, tests: 150, groups: 10, sets: 12, seed: 3 },
};
type Parameters = { readonly [Name in keyof typeof quick]: (typeof quick)[Name] };

export const biasVariance: Experiment<Parameters> = {
  id: 3,
  file: "03-bias-variance.ts",
  title: "Bias and variance",
  claim: "The bias–variance trade-off: with more capacity the bias falls, and the variance rises.",
  parameters: { quick, full: { ...quick, sets: 200, tests: 500 } },
  async *run({ parameters, signal }) {
    const { capacities, examples, inputs, noise, tests, groups, sets, seed } = parameters;
    const random = randomSource(seed, 0);
    const truth = truthOf(inputs, random);
    const where = points(tests, inputs, random);
    const wanted = where.map(truth);
    /** A training set and random features of its own, at the training and at the test points. */
    const draw = () => {
      const x = points(examples, inputs, random);
      const weights = points(capacities.at(-1) as number, inputs, random);
      const y = Float64Array.from(x, (point) => truth(point) + noise * random.normal());
      return { y, train: featuresOf(x, weights), test: featuresOf(where, weights) };
    };
    const answersOf = ({ y, train, test }: ReturnType<typeof draw>) =>
      leastNorms(train, y, capacities).map((theta) => new Float64Array(test.map((row) => dot(theta, row))));

    // Half of the training sets tell bias and variance, the other half the risk on noisy targets.
    const risks = capacities.map((): number[] => []);
    const distances = capacities.map((): number[] => []);
    const parts = capacities.map((): { bias: number; variance: number }[] => []);
    for (let group = 0; group < groups; group++) {
      const answers: Float64Array[][] = [];
      for (let set = 0; set < sets; set++) {
        await new Promise((done) => setTimeout(done));
        signal.throwIfAborted();
        answers.push(answersOf(draw()));
        const noisy = wanted.map((value) => value + noise * random.normal());
        answersOf(draw()).forEach((answer, k) => risks[k]?.push(meanSquare(answer, noisy)));
        yield { done: (group * sets + set + 1) / (groups * sets + 1), note: `training set ${group * sets + set + 1} of ${groups * sets}` }; // biome-ignore format: one line
      }
      for (const k of capacities.keys()) {
        const own = answers.map((answer) => answer[k] as Float64Array);
        parts[k]?.push(partsOf(own, wanted));
        distances[k]?.push(...own.map((answer) => meanSquare(answer, wanted)));
      }
    }
    const found = capacities.map((p, k) => {
      const [risk, distance] = [risks, distances].map((all) => meanOf(all[k] as number[])) as [Mean, Mean];
      const [bias, variance] = (["bias", "variance"] as const).map((of) =>
        meanOf((parts[k] as { bias: number; variance: number }[]).map((part) => part[of])),
      ) as [Mean, Mean];
      const error = Math.hypot(risk.high - risk.low, distance.high - distance.low) / 3.92;
      const departure = (bias.mean + variance.mean + noise ** 2 - risk.mean) / error;
      return { p, risk, distance, bias, variance, departure, median: median(risks[k] as number[]) };
    });

    // What training itself finds, from zero: the same least-norm solution?
    const one = draw();
    const exact = answersOf(one);
    const trained: number[] = [];
    for (const k of [capacities.findIndex((p) => 2 * p >= examples), capacities.length - 1]) {
      const p = capacities[k] as number;
      const [x, at] = [one.train, one.test].map((rows) => Float32Array.from(rows.flatMap((row) => [...row.subarray(0, p)]))) as [Float32Array, Float32Array]; // biome-ignore format: one line
      const network = dense(1, { bias: false, initializer: initializers.zeros });
      const model = await createModel({ input: [p], network, loss: meanSquaredError() });
      const data = arrayDataset({ x, y: one.y, shape: [p], targetShape: [1] });
      const options = { gradientTolerance: 1e-6, maxIterations: 3000 };
      const { theta } = await minimize(lbfgs(datasetObjective(model, data), model.parameters, options), { signal });
      model.parameters = theta;
      const answer = model.predict(at);
      model.close();
      const wantedOf = exact[k] as Float64Array;
      trained.push(Math.sqrt(meanSquare(answer, wantedOf) / meanSquare(wantedOf, new Float64Array(tests))));
    }
    yield { done: 1, note: "trained from zero" };

    // The moments of the risk are finite where p and n are more than 3 apart.
    const finite = found.filter(({ p }) => Math.abs(p - examples) > 3);
    const worst = Math.max(...finite.map(({ departure }) => Math.abs(departure)));
    const below = finite.filter(({ p }) => p < examples);
    const [first, under, last] = [below[0], below.at(-1), found.at(-1)] as [Found, Found, Found];
    const bottom = below.reduce((least, each) => (each.risk.mean < least.risk.mean ? each : least));
    const peak = found.reduce((most, each) => (each.median > most.median ? each : most));
    const trades = first.bias.low > under.bias.high && first.variance.high < under.variance.low;
    const sum = worst < 3;
    const runs = groups * sets;
    const series = (name: string, as: Series["as"], of: (at: Found) => ChartPoint): Series => ({ name, as, points: finite.map(of) }); // biome-ignore format: one line
    const curves = [
      // Beside a variance that is a hundred times as large it cannot be told from zero.
      series("bias²", "line", ({ p, bias }) => pointOf(p, bias.low > 0 ? bias : nothing)),
      series("variance", "line", ({ p, variance }) => pointOf(p, variance)),
      series("noise", "line", ({ p }) => ({ x: p, y: noise ** 2 })),
      series("their sum", "line", ({ p, distance }) => pointOf(p, distance, noise ** 2)),
      series("risk", "points", ({ p, risk }) => pointOf(p, risk)),
    ];
    return {
      data: { found, risks, trained },
      verdict: {
        judgement: trades && sum && peak.p === examples ? "supported" : trades ? "partly" : "not supported",
        why: `From ${first.p} to ${under.p} features bias² falls from ${first.bias.mean.toFixed(2)} to ${under.bias.mean.toFixed(2)} and the variance rises from ${first.variance.mean.toFixed(2)} to ${under.variance.mean.toFixed(1)}; the risk is least at ${bottom.p}. With the noise they make the risk measured on other training sets within ${worst.toFixed(1)} standard errors at the worst p (3 were allowed). The trade-off is not the whole story: the median risk has its peak of ${peak.median.toFixed(0)} at p = ${peak.p}, where the ${examples} examples are first fitted exactly, and falls to ${last.risk.mean.toFixed(2)} at p = ${last.p}, ${last.risk.high < bottom.risk.low ? "below" : last.risk.low > bottom.risk.high ? "not below" : "as low as"} the ${bottom.risk.mean.toFixed(2)} of ${bottom.p} features.`,
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
          { name: "largest distance of trained from least-norm answers, relative", value: Math.max(...trained), runs: trained.length, expected: 0 }, // biome-ignore format: one line
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
            { name: "median risk", as: "both", points: found.map(({ p, median: y }) => ({ x: p, y })) },
          ],
        }),
      ],
      how: `Least-norm least squares on p features max(w·x, 0) with normal w, drawn anew for each training set of ${examples} normal points in ${inputs} dimensions; truth a·x + ((b·x)² − 1)/2, noise of deviation ${noise}, ${tests} test points; seed ${seed}. L-BFGS from zero on the same features ends at the least-norm answers within ${Math.max(...trained).toExponential(0)}.`,
    };
  },
};

type Found = Readonly<
  Record<"risk" | "distance" | "bias" | "variance", Mean> & Record<"p" | "departure" | "median", number>
>;

/** Normal vectors. */
const points = (count: number, size: number, { normal }: RandomSource): Float64Array[] =>
  Array.from({ length: count }, () => Float64Array.from({ length: size }, normal));

/** A plane and a parabola, along two directions. */
function truthOf(inputs: number, random: RandomSource): (x: Float64Array) => number {
  const scaled = (v: Float64Array): Float64Array => v.map((value) => value / Math.sqrt(inputs));
  const [a, b] = points(2, inputs, random).map(scaled) as [Float64Array, Float64Array];
  return (x) => dot(x, a) + (dot(x, b) ** 2 - 1) / 2;
}

const featuresOf = (x: readonly Float64Array[], weights: readonly Float64Array[]): Float64Array[] =>
  x.map((point) => new Float64Array(weights.map((w) => Math.max(dot(point, w), 0))));

/** Bias² and variance at a mean test point, neither with a bias of its own. */
function partsOf(answers: readonly Float64Array[], wanted: readonly number[]): { bias: number; variance: number } {
  let [bias, variance] = [0, 0];
  wanted.forEach((value, j) => {
    const own = answers.map((answer) => answer[j] as number);
    const mean = own.reduce((sum, y) => sum + y, 0) / own.length;
    const spread = own.reduce((sum, y) => sum + (y - mean) ** 2, 0) / (own.length - 1);
    bias += ((mean - value) ** 2 - spread / own.length) / wanted.length;
    variance += spread / wanted.length;
  });
  return { bias, variance };
}

/** θ = X⁺y for the first p columns of X: (XᵀX)⁻¹Xᵀy where p is below the number of rows, Xᵀ(XXᵀ)⁻¹y from there on. */
function leastNorms(x: readonly Float64Array[], y: Float64Array, capacities: readonly number[]): Float64Array[] {
  const columns = Array.from(x[0] as Float64Array, (_, k) => new Float64Array(x.map((row) => row[k] as number)));
  return capacities.map((p) => {
    const [rows, sides] = [x.map((row) => row.subarray(0, p)), columns.slice(0, p)];
    if (p < x.length) return solved(products(sides), new Float64Array(sides.map((side) => dot(side, y))));
    const alpha = solved(products(rows), y);
    return new Float64Array(sides.map((side) => dot(side, alpha)));
  });
}

/** The lower half of the matrix of all products of two. */
const products = (rows: readonly Float64Array[]): Float64Array[] =>
  rows.map((a, i) => new Float64Array(rows.slice(0, i + 1).map((b) => dot(a, b))));

/** A⁻¹b, A positive definite: its lower half becomes Cholesky's L, with 1/Lᵢᵢ on the diagonal. */
function solved(a: readonly Float64Array[], b: Float64Array): Float64Array {
  const x = b.slice();
  a.forEach((row, i) => {
    for (let j = 0; j < i; j++) {
      const other = a[j] as Float64Array;
      row[j] = ((row[j] as number) - dot(row.subarray(0, j), other)) * (other[j] as number);
    }
    const before = row.subarray(0, i);
    row[i] = 1 / Math.sqrt((row[i] as number) - dot(before, before));
    x[i] = ((x[i] as number) - dot(before, x)) * (row[i] as number);
  });
  for (let i = a.length - 1; i >= 0; i--) {
    const row = a[i] as Float64Array;
    x[i] = (x[i] as number) * (row[i] as number);
    for (let k = 0; k < i; k++) x[k] = (x[k] as number) - (row[k] as number) * (x[i] as number);
  }
  return x;
}

/** Σ aᵢbᵢ over the numbers of a. */
function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

const meanSquare = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a, (value, i) => (value - (b[i] as number)) ** 2).reduce((sum, square) => sum + square, 0) / a.length;
const pointOf = (x: number, { mean, low, high }: Mean, more = 0): ChartPoint => ({
  ...{ x, y: mean + more, low: low + more, high: high + more },
});
const nothing: Mean = { mean: Number.NaN, low: Number.NaN, high: Number.NaN, runs: 0 };
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] as number;
