// Row 15: what batch gradient descent can be promised: rates, a step beyond which it diverges, methods that use curvature.
import { chain, createModel, crossEntropy, dense, flatten, l2, sgd, tanh } from "thalweg";
import { digits, trainTestSplit } from "thalweg/data";
import { datasetObjective, lbfgs, minimize, quadratic } from "thalweg/science";
import {
  type Course,
  courseOf,
  divergenceNear,
  factorOf,
  misledCourse,
  normAt,
  normals,
  stochasticCourse,
} from "./15-measures.ts";
import { BATCH, curved, onNetworks, onQuadratics, stochastic } from "./15-methods.ts";
import type { Experiment } from "./experiment.ts";
import { type Data, type Factor, outcome, type Rate } from "./outcomes/15-convergence.ts";
import { meanOf } from "./statistics.ts";

export interface Parameters {
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

export const convergence: Experiment<Parameters, Data> = {
  id: 15,
  title: "Batch gradient descent: convergence, curvature, theory",
  file: "15-convergence.ts",
  claim: "For batch gradient descent conditions of convergence are known, and Hessians and accelerations apply.",
  parameters: {
    quick: {
      conditions: [10, 30, 100, 300, 1000],
      dimensions: 20,
      places: 30,
      steps: [0.25, 0.5, 0.75, 0.9, 0.97, 1.03, 1.1, 1.25],
      iterations: 200,
      examples: 200,
      budget: 1000,
      tolerance: 1e-3,
      runs: 4,
      seed: 15,
    },
    full: {
      conditions: [10, 30, 100, 300, 1000, 3000],
      dimensions: 50,
      places: 30,
      steps: [0.25, 0.5, 0.75, 0.9, 0.97, 1.03, 1.1, 1.25],
      iterations: 500,
      examples: 1000,
      budget: 5000,
      tolerance: 1e-3,
      runs: 10,
      seed: 15,
    },
  },
  async *run({ parameters, signal }) {
    const { conditions, dimensions, places, steps, iterations, examples, budget, tolerance, runs } = parameters;
    const seeds = Array.from({ length: runs }, (_, run) => parameters.seed + run);
    const bowl = (kappa: number, seed: number) =>
      quadratic(
        Array.from({ length: dimensions }, (_, i) => kappa ** (i / (dimensions - 1))),
        { seed },
      );

    const rates: Rate[] = [];
    for (const [at, kappa] of conditions.entries())
      for (const [name, { rate, method }] of Object.entries(onQuadratics)) {
        yield { done: (0.3 * at) / conditions.length, note: `${name}, κ = ${kappa}` };
        const root = Math.sqrt(kappa);
        const measured: number[] = [];
        for (const seed of seeds) {
          const options = { gradientTolerance: 10 ** -places, maxIterations: 1e6 };
          const start = normals(dimensions, 1, seed);
          measured.push(await factorOf(method(kappa, root)(await bowl(kappa, seed), start, options), signal));
        }
        rates.push({ kappa, method: name, theory: rate(kappa, root), ...meanOf(measured) });
      }

    const edges: { quadratic: number[]; network: number[] } = { quadratic: [], network: [] };
    const factors: Factor[] = [];
    const names = [...Object.keys(onNetworks), stochastic, curved];
    const courses = Object.fromEntries(names.map((name) => [name, [] as Course[]]));
    for (const [run, seed] of seeds.entries()) {
      const { test: data } = trainTestSplit(await digits(), { test: examples, seed });
      const model = await createModel({
        input: data.shape,
        network: chain(flatten(), dense(16), tanh(), dense(10)),
        loss: crossEntropy(),
        regularizer: l2(0.003),
        optimizer: sgd({ learningRate: 0.1 }),
        seed,
      });
      const objective = datasetObjective(model, data, { batchSize: examples });
      const start = model.parameters.slice();

      const exactly = { gradientTolerance: 1e-6, maxIterations: 2000 };
      const { theta: minimum } = await minimize(lbfgs(objective, start, exactly), { signal });
      const surfaces = [
        { on: "quadratic", f: await bowl(100, seed), minimum: new Float32Array(dimensions) },
        { on: "network", f: objective, minimum },
      ] as const;
      let learningRate = 0;
      for (const { on, f, minimum } of surfaces) {
        yield { done: 0.3 + (0.7 * run) / runs, note: `where steps diverge, ${on} ${run + 1}` };
        const found = await divergenceNear(f, minimum, steps, { iterations, seed, signal });
        edges[on].push(found.edge);
        factors.push(...found.factors.map((factor, i) => ({ on, share: steps[i] as number, factor })));
        learningRate = found.limit / 2;
      }

      const options = { gradientTolerance: tolerance, maxEvaluations: budget, maxIterations: budget };
      for (const [name, method] of Object.entries(onNetworks)) {
        yield { done: 0.3 + (0.7 * (run + 0.5)) / runs, note: `${name} on network ${run + 1}` };
        courses[name]?.push(await courseOf(method(learningRate)(objective, start, options), signal));
      }
      model.learningRate = learningRate;
      courses[stochastic]?.push(await stochasticCourse(model, data, objective, { epochs: budget, signal }));
      const maxEvaluations = Math.round((budget * examples) / BATCH);
      const more = { ...options, maxEvaluations, seed, signal };
      courses[curved]?.push(await misledCourse(model, data, objective, start, more));
      model.close();
    }

    const costs = [...new Set(Array.from({ length: 60 }, (_, i) => Math.round(budget ** (i / 59))))];
    const costOf = (course: Course) =>
      course.find(({ cost, norm }) => norm <= tolerance && cost <= budget)?.cost ?? null;
    const each = <T>(value: (course: Course) => T) =>
      Object.fromEntries(Object.entries(courses).map(([name, all]) => [name, all.map(value)]));
    const needed = each(costOf);
    const norms = each((course) => costs.map((cost) => normAt(course, cost)));
    return outcome({ rates, edges, factors, needed, courses: norms, costs }, parameters);
  },
};
