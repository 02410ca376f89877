// Row 15: what batch gradient descent can be promised: rates, a step beyond which it diverges, methods that use curvature.
import { chain, createModel, crossEntropy, dense, flatten, l2, type Objective, sgd, tanh } from "thalweg";
import { digits, randomSource, subset, trainTestSplit } from "thalweg/data";
import {
  type Descent,
  datasetObjective,
  eigenpairs,
  gradientDescent,
  heavyBall,
  lbfgs,
  minimize,
  nesterov,
  newtonCG,
  nonlinearConjugateGradient,
  quadratic,
  type StoppingOptions,
} from "thalweg/science";
import { chart } from "./chart.ts";
import type { Experiment } from "./experiment.ts";
import { finding, geometricMeanOf, type Mean, meanOf } from "./statistics.ts";

interface Parameters {
  readonly [name: string]: number | readonly number[];
  /** κ of the quadratics, their dimensions, and how many decimal places the gradient falls. */
  readonly conditions: readonly number[];
  readonly dimensions: number;
  readonly places: number;
  /** η·λ_max/2 at which the factor of an iteration is measured, and over how many iterations. */
  readonly steps: readonly number[];
  readonly iterations: number;
  /** Of the networks' data; gradients of them all that a method may ask for; ‖∇L‖ at which it has arrived. */
  readonly examples: number;
  readonly budget: number;
  readonly tolerance: number;
  readonly runs: number;
  readonly seed: number;
}

type Method = (f: Objective, x: Float32Array, options: StoppingOptions) => Descent;

/** With the constants that are best on a quadratic with eigenvalues from 1 to κ; q is √κ. */
const rates: Record<
  string,
  { formula: string; rate: (k: number, q: number) => number; method: (k: number) => Method }
> = {
  "gradient descent": {
    formula: "(κ−1)/(κ+1)",
    rate: (k) => (k - 1) / (k + 1),
    method: (k) => (f, x, more) => gradientDescent(f, x, { learningRate: 2 / (k + 1), ...more }),
  },
  Nesterov: {
    formula: "1−1/√κ",
    rate: (_, q) => 1 - 1 / q,
    method: (k) => (f, x, more) =>
      nesterov(f, x, { learningRate: 1 / k, momentum: (Math.sqrt(k) - 1) / (Math.sqrt(k) + 1), ...more }),
  },
  "heavy ball": {
    formula: "(√κ−1)/(√κ+1)",
    rate: (_, q) => (q - 1) / (q + 1),
    method: (k) => {
      const [learningRate, momentum] = [4 / (Math.sqrt(k) + 1) ** 2, ((Math.sqrt(k) - 1) / (Math.sqrt(k) + 1)) ** 2];
      return (f, x, more) => heavyBall(f, x, { learningRate, momentum, ...more });
    },
  },
};

/** On a network; η = 1/λ_max where a method needs one. */
const onNetwork: Record<string, (learningRate: number) => Method> = {
  "gradient descent": (learningRate) => (f, x, more) => gradientDescent(f, x, { learningRate, ...more }),
  "heavy ball": (learningRate) => (f, x, more) => heavyBall(f, x, { learningRate, momentum: 0.9, ...more }),
  Nesterov: (learningRate) => (f, x, more) => nesterov(f, x, { learningRate, momentum: 0.9, ...more }),
  "conjugate gradients": () => nonlinearConjugateGradient,
  "L-BFGS": () => lbfgs,
  "Newton-CG": () => newtonCG,
};

const stochastic = "SGD, batches of 32";
const curved = "L-BFGS, batches of 32";
const BATCH = 32;

export const convergence: Experiment<Parameters> = {
  id: 15,
  title: "Batch gradient descent: convergence, curvature, theory",
  file: "15-convergence.ts",
  claim: "For batch gradient descent conditions of convergence are known, and Hessians and accelerations apply.",
  parameters: {
    quick: {
      ...{ conditions: [10, 30, 100, 300, 1000], dimensions: 20, places: 30 },
      ...{ steps: [0.25, 0.5, 0.75, 0.9, 0.97, 1.03, 1.1, 1.25], iterations: 200 },
      ...{ examples: 200, budget: 1000, tolerance: 1e-3, runs: 4, seed: 15 },
    },
    full: {
      ...{ conditions: [10, 30, 100, 300, 1000, 3000], dimensions: 50, places: 30 },
      ...{ steps: [0.25, 0.5, 0.75, 0.9, 0.97, 1.03, 1.1, 1.25], iterations: 500 },
      ...{ examples: 1000, budget: 5000, tolerance: 1e-3, runs: 10, seed: 15 },
    },
  },
  async *run({ parameters, signal }) {
    const { conditions, dimensions, places, steps, iterations, examples, budget, tolerance, runs, seed } = parameters;
    const seeds = Array.from({ length: runs }, (_, run) => seed + run);
    const normal = (n: number, size: number, of: number): Float32Array => {
      const random = randomSource(of, 0);
      return Float32Array.from({ length: n }, () => size * random.normal());
    };

    const found: { kappa: number; method: string; theory: number; measured: Mean }[] = [];
    for (const [at, kappa] of conditions.entries())
      for (const [method, { rate, method: of }] of Object.entries(rates)) {
        yield { done: (0.3 * at) / conditions.length, note: `${method}, κ = ${kappa}` };
        const spectrum = Array.from({ length: dimensions }, (_, i) => kappa ** (i / (dimensions - 1)));
        const measured: number[] = [];
        for (const each of seeds) {
          const norms: number[] = [];
          const options = { gradientTolerance: 10 ** -places, maxIterations: 1e6 };
          const descent = of(kappa)(await quadratic(spectrum, { seed: each }), normal(dimensions, 1, each), options);
          await minimize(descent, { signal, onState: ({ gradientNorm }) => norms.push(gradientNorm) });
          measured.push(factorOf(norms));
        }
        found.push({ kappa, method, theory: rate(kappa, Math.sqrt(kappa)), measured: meanOf(measured) });
      }

    const edges = { quadratic: [] as number[], network: [] as number[] };
    const factors: { on: string; share: number; factor: number }[] = [];
    const courses: Record<string, Course[]> = Object.fromEntries(
      [...Object.keys(onNetwork), stochastic, curved].map((name) => [name, []]),
    );
    for (const [run, each] of seeds.entries()) {
      const { test: data } = trainTestSplit(await digits(), { test: examples, seed: each });
      const model = await createModel({
        input: data.shape,
        network: chain(flatten(), dense(16), tanh(), dense(10)),
        loss: crossEntropy(),
        regularizer: l2(0.003),
        optimizer: sgd({ learningRate: 0.1 }),
        seed: each,
      });
      const objective = datasetObjective(model, data, { batchSize: examples });
      const begin = model.parameters.slice();
      const least = await minimize(lbfgs(objective, begin, { gradientTolerance: 1e-6, maxIterations: 2000 }), {
        signal,
      });
      const spectrum = Array.from({ length: dimensions }, (_, i) => 100 ** (i / (dimensions - 1)));
      const bowl = await quadratic(spectrum, { seed: each });
      let rate = 0;
      const places = { quadratic: [bowl, bowl.start.fill(0)], network: [objective, least.theta] } as const;
      for (const on of ["quadratic", "network"] as const) {
        const [f, at] = places[on];
        yield { done: 0.3 + (0.7 * run) / runs, note: `where steps diverge, ${on} ${run + 1}` };
        const limit = 2 / ((await eigenpairs(f, at, { signal, tolerance: 1e-5 })).values[0] as number);
        const start = normal(f.size, 1e-4, each).map((value, i) => value + (at[i] as number));
        const factor = async (share: number): Promise<number> => {
          // Others have their turn, one of whom may abort.
          await new Promise((resolve) => setTimeout(resolve));
          signal.throwIfAborted();
          return factorAt(f, start, share * limit, iterations);
        };
        edges[on].push(await edgeOf(factor));
        for (const share of steps) factors.push({ on, share, factor: await factor(share) });
        if (on === "network") rate = limit / 2;
      }
      for (const [name, of] of Object.entries(onNetwork)) {
        yield { done: 0.3 + (0.7 * (run + 0.5)) / runs, note: `${name} on network ${run + 1}` };
        const course: Course = [];
        const options = { gradientTolerance: tolerance, maxEvaluations: budget, maxIterations: budget };
        await minimize(of(rate)(objective, begin, options), {
          signal,
          onState: ({ evaluations, products, gradientNorm }) =>
            course.push({ cost: evaluations + products, norm: gradientNorm }),
        });
        courses[name]?.push(course);
      }
      const course: Course = [{ cost: 0, norm: gradientNormOf(objective, begin) }];
      model.learningRate = rate;
      for await (const { epoch } of model.fit(data, { epochs: budget, batchSize: BATCH, signal })) {
        if (epoch < 10 || epoch % 10 === 0)
          course.push({ cost: epoch, norm: gradientNormOf(objective, model.parameters) });
      }
      courses[stochastic]?.push(course);
      // Curvature from batches, another for each gradient: what is learnt of it is mostly their difference.
      const random = randomSource(each, 1);
      const next = (): Objective =>
        datasetObjective(
          model,
          subset(
            data,
            Int32Array.from({ length: BATCH }, () => random.below(examples)),
          ),
        );
      const noisy: Objective = {
        ...objective,
        loss: (theta) => next().loss(theta),
        gradient: (theta, out) => next().gradient(theta, out),
      };
      const misled: Course = [{ cost: 0, norm: gradientNormOf(objective, begin) }];
      const most = { gradientTolerance: tolerance, maxEvaluations: Math.round((budget * examples) / BATCH) };
      await minimize(lbfgs(noisy, begin, { ...most, maxIterations: budget }), {
        signal,
        onState: ({ evaluations, theta }) =>
          misled.push({ cost: (evaluations * BATCH) / examples, norm: gradientNormOf(objective, theta) }),
      });
      courses[curved]?.push(misled);
      model.close();
    }

    const off = Math.max(...found.map(({ theory, measured }) => Math.abs(measured.mean / theory - 1)));
    const [quadraticEdge, networkEdge] = [meanOf(edges.quadratic), meanOf(edges.network)];
    const needed = Object.fromEntries(
      Object.entries(courses).map(([name, all]) => [
        name,
        all.map((course) => course.find(({ cost, norm }) => norm <= tolerance && cost <= budget)?.cost ?? null),
      ]),
    );
    const slow = needed["gradient descent"] as (number | null)[];
    const gain = (name: string): Mean =>
      geometricMeanOf(needed[name]?.map((cost, i) => (slow[i] ?? budget) / (cost ?? budget)) as number[]);
    const left = (name: string): Mean =>
      geometricMeanOf(courses[name]?.map((course) => course.at(-1)?.norm as number) as number[]);
    const holds = [
      off < 0.02,
      ...[quadraticEdge, networkEdge].map(({ mean }) => Math.abs(mean - 1) < 0.02),
      gain("L-BFGS").low > 1,
    ];
    const grid = [...new Set(Array.from({ length: 60 }, (_, i) => Math.round(budget ** (i / 59))))];
    const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
    return {
      data: {
        rates: found.map(({ measured, ...rest }) => ({ ...rest, ...measured })),
        edges,
        factors,
        needed,
        courses: Object.fromEntries(
          Object.entries(courses).map(([name, all]) => [
            name,
            all.map((course) => grid.map((cost) => normAt(course, cost))),
          ]),
        ),
        costs: grid,
      },
      verdict: {
        judgement: holds.every(Boolean) ? "supported" : holds.some(Boolean) ? "partly" : "not supported",
        why: `On quadratics the measured factors of an iteration are within ${percent(off)} of theory; gradient descent begins to diverge at ${quadraticEdge.mean.toFixed(3)} × 2/λ_max there and at ${networkEdge.mean.toFixed(3)} × 2/λ_max at the minima of networks (asked: within 2 %); from the first weights L-BFGS needs ${gain("L-BFGS").mean.toFixed(1)} times fewer gradients than gradient descent.`,
        numbers: [
          ...found
            .filter(({ kappa }) => kappa === 100)
            .map(({ method, theory, measured }) =>
              finding(`factor of an iteration at κ = 100, ${method}`, measured, theory),
            ),
          {
            ...{ name: "largest departure of a factor from theory, as a share", value: off, expected: 0 },
            runs: runs * found.length,
          },
          finding("step at which it diverges, over 2/λ_max: quadratics", quadraticEdge, 1),
          finding("step at which it diverges, over 2/λ_max: networks", networkEdge, 1),
          ...["Nesterov", "conjugate gradients", "L-BFGS", "Newton-CG"].map((name) =>
            finding(
              `gradients that gradient descent needs over those of ${name} (at least, where it did not arrive)`,
              gain(name),
            ),
          ),
          finding(`‖∇L‖ of gradient descent after ${budget} gradients`, left("gradient descent")),
          finding(`‖∇L‖ of SGD with the same constant step after ${budget} epochs`, left(stochastic)),
          finding(
            `‖∇L‖ where L-BFGS ends that sees batches of ${BATCH}, its search finding nothing lower`,
            left(curved),
          ),
        ],
      },
      figures: [
        chart({
          name: "rates",
          caption: `Iterations that shorten the gradient tenfold, on quadratics of ${dimensions} dimensions with eigenvalues from 1 to κ: markers are measured over the second half of ${places} decimal places, means of ${runs} turned bowls and starts; lines are theory.`,
          description:
            "On logarithmic axes three straight rising lines with markers on them: gradient descent with slope 1, Nesterov's and the heavy ball's with slope one half, far below.",
          x: { label: "condition number κ", type: "log" },
          y: { label: "iterations for a decimal place", type: "log" },
          series: Object.entries(rates).flatMap(([name, { formula, rate }]) => [
            {
              name,
              as: "points" as const,
              points: found
                .filter(({ method }) => method === name)
                .map(({ kappa, measured }) => ({ x: kappa, y: decade(measured.mean) })),
            },
            { name: formula, points: conditions.map((x) => ({ x, y: decade(rate(x, Math.sqrt(x))) })) },
          ]),
        }),
        chart({
          name: "edge",
          caption: `Factor by which an iteration of gradient descent changes ‖∇L‖, against its step over 2/λ_max, with λ_max from Lanczos' iteration: quadratics of κ = 100, and networks 64-16-10 at a minimum of the loss over ${examples} digits (l2 0.003); ${runs} of each.`,
          description: "Both kinds of points stay just below 1 up to a step of 2/λ_max and rise steeply beyond it.",
          x: { label: "step η, in units of 2/λ_max" },
          y: { label: "factor of an iteration" },
          rules: [
            { name: "2/λ_max", x: 1 },
            { name: "no change", y: 1 },
          ],
          series: [
            ...Object.keys(edges).map((on) => ({
              name: on,
              as: "points" as const,
              points: factors.filter((each) => each.on === on).map(({ share, factor }) => ({ x: share, y: factor })),
            })),
            {
              name: "|1 − ηλ_max|",
              points: Array.from({ length: 21 }, (_, i) => 0.9 + (0.4 * i) / 20).map((x) => ({
                x,
                y: Math.abs(1 - 2 * x),
              })),
            },
          ],
        }),
        chart({
          name: "network",
          caption: `‖∇L‖ over ${examples} digits of a network 64-16-10 (tanh, l2 0.003) against the gradients and Hessian products of the whole set that were asked for: geometric means of ${runs} networks with 95 % intervals; fixed steps are 1/λ_max. SGD passes once through the data for the same price.`,
          description:
            "L-BFGS, conjugate gradients and momentum reach the tolerance after some hundred gradients; gradient descent is far slower; SGD with a constant step stays at a gradient that no longer falls, and L-BFGS on batches ends where it began.",
          x: { label: "gradients of the whole set", type: "log" },
          y: { label: "‖∇L‖", type: "log" },
          rules: [{ name: "arrived", y: tolerance }],
          series: Object.entries(courses).map(([name, all]) => ({
            name,
            points: grid.map((x) => {
              const { mean, low, high } = meanOf(all.map((course) => Math.log10(normAt(course, x))));
              return { x, y: 10 ** mean, low: 10 ** low, high: 10 ** high };
            }),
          })),
        }),
      ],
      how: `Rates on quadratics of ${dimensions} dimensions, ${runs} of each κ; networks 64-16-10 with tanh, cross-entropy and l2 0.003 on ${examples} of the digits data set each, seeds ${seed} to ${seed + runs - 1}.`,
    };
  },
};

type Course = { readonly cost: number; readonly norm: number }[];

/** What a method had reached for so many gradients. */
const normAt = (course: Course, cost: number): number =>
  (course.findLast((state) => state.cost <= cost) ?? course[0])?.norm as number;

const decade = (factor: number): number => -Math.LN10 / Math.log(factor);

function gradientNormOf(f: Objective, theta: Float32Array): number {
  const gradient = new Float32Array(f.size);
  f.gradient(theta, gradient);
  return Math.sqrt(gradient.reduce((sum, value) => sum + value * value, 0));
}

/** The factor by which an iteration shortens the gradient, over the second half of them. */
function factorOf(norms: readonly number[]): number {
  const half = norms.length >> 1;
  return ((norms.at(-1) as number) / (norms[half] as number)) ** (1 / (norms.length - 1 - half));
}

/** The same of gradient descent with a step of η; ends early where it grows without bounds. */
function factorAt(f: Objective, start: Float32Array, learningRate: number, maxIterations: number): number {
  const norms: number[] = [];
  for (const { gradientNorm } of gradientDescent(f, start, { learningRate, maxIterations, gradientTolerance: 0 })) {
    norms.push(gradientNorm);
    if (gradientNorm > 1000 * (norms[0] as number)) break;
  }
  return factorOf(norms);
}

/** Where the factor passes 1, looked for from a quarter to four times the step that theory names. */
async function edgeOf(factor: (share: number) => Promise<number>): Promise<number> {
  let [low, high] = [1 / 4, 4];
  while (high / low > 1.001) {
    const middle = Math.sqrt(low * high);
    if ((await factor(middle)) > 1) high = middle;
    else low = middle;
  }
  return Math.sqrt(low * high);
}
