// What row 15 measures of methods: by what factor an iteration shortens the gradient, the step beyond which it grows, and
// what has been reached for so many gradients.
import type { Dataset, Model, Objective } from "thalweg";
import { randomSource, subset } from "thalweg/data";
import {
  type Descent,
  datasetObjective,
  eigenpairs,
  gradientDescent,
  lbfgs,
  minimize,
  type StoppingOptions,
} from "thalweg/science";
import { BATCH } from "./15-methods.ts";
import { giveTurn } from "./turn.ts";

/** The gradient's norm when so many gradients of the whole set, and products with its Hessian, had been asked for. */
export type Course = { readonly cost: number; readonly norm: number }[];

export const normAt = (course: Course, cost: number): number =>
  (course.findLast((state) => state.cost <= cost) ?? course[0])?.norm as number;

/** So many draws of a normal distribution, by seed. */
export function normals(count: number, deviation: number, seed: number): Float32Array {
  const random = randomSource(seed, 0);
  return Float32Array.from({ length: count }, () => deviation * random.normal());
}

/** The factor of an iteration, over the second half of all. */
export async function factorOf(descent: Descent, signal: AbortSignal): Promise<number> {
  const norms: number[] = [];
  await minimize(descent, { signal, onState: ({ gradientNorm }) => norms.push(gradientNorm) });
  return lateFactor(norms);
}

function lateFactor(norms: readonly number[]): number {
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
  return lateFactor(norms);
}

export interface Divergence {
  /** 2/λ_max, the step from which theory says that it diverges. */
  readonly limit: number;
  /** Where the factor of an iteration passes 1, over that limit. */
  readonly edge: number;
  /** At each of the steps asked for. */
  readonly factors: readonly number[];
}

/**
 * Where gradient descent diverges near a minimum.
 * @param steps to measure at, over 2/λ_max
 */
export async function divergenceNear(
  f: Objective,
  minimum: Float32Array,
  steps: readonly number[],
  { iterations, seed, signal }: { readonly iterations: number; readonly seed: number; readonly signal: AbortSignal },
): Promise<Divergence> {
  const { values } = await eigenpairs(f, minimum, { signal, tolerance: 1e-5 });
  const limit = 2 / (values[0] as number);
  const start = normals(f.size, 1e-4, seed).map((value, i) => value + (minimum[i] as number));
  const factor = async (share: number): Promise<number> => {
    await giveTurn(signal);
    return factorAt(f, start, share * limit, iterations);
  };
  const edge = await edgeOf(factor);
  const factors: number[] = [];
  for (const share of steps) factors.push(await factor(share));
  return { limit, edge, factors };
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

/** Of a method that sees the whole set each time. */
export async function courseOf(descent: Descent, signal: AbortSignal): Promise<Course> {
  const course: Course = [];
  await minimize(descent, {
    signal,
    onState: ({ evaluations, products, gradientNorm }) =>
      course.push({ cost: evaluations + products, norm: gradientNorm }),
  });
  return course;
}

/** Of stochastic gradient descent: once through the data costs what a gradient of them all does. */
export async function stochasticCourse(
  model: Model,
  data: Dataset,
  whole: Objective,
  { epochs, signal }: { readonly epochs: number; readonly signal: AbortSignal },
): Promise<Course> {
  const course = [{ cost: 0, norm: gradientNormOf(whole, model.parameters) }];
  for await (const { epoch } of model.fit(data, { epochs, batchSize: BATCH, signal }))
    if (epoch < 10 || epoch % 10 === 0) course.push({ cost: epoch, norm: gradientNormOf(whole, model.parameters) });
  return course;
}

/** Of L-BFGS with another batch for each gradient: what it learns of the curvature is mostly their difference. */
export async function misledCourse(
  model: Model,
  data: Dataset,
  whole: Objective,
  start: Float32Array,
  { seed, signal, ...options }: StoppingOptions & { readonly seed: number; readonly signal: AbortSignal },
): Promise<Course> {
  const random = randomSource(seed, 1);
  const next = (): Objective => {
    const rows = Int32Array.from({ length: BATCH }, () => random.below(data.size));
    return datasetObjective(model, subset(data, rows));
  };
  const noisy: Objective = {
    ...whole,
    loss: (theta) => next().loss(theta),
    gradient: (theta, out) => next().gradient(theta, out),
  };
  const course = [{ cost: 0, norm: gradientNormOf(whole, start) }];
  await minimize(lbfgs(noisy, start, options), {
    signal,
    onState: ({ evaluations, theta }) =>
      course.push({ cost: (evaluations * BATCH) / data.size, norm: gradientNormOf(whole, theta) }),
  });
  return course;
}

function gradientNormOf(f: Objective, theta: Float32Array): number {
  const gradient = new Float32Array(f.size);
  f.gradient(theta, gradient);
  return Math.sqrt(gradient.reduce((sum, value) => sum + value * value, 0));
}
