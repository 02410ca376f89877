// The density of the Hessian's eigenvalues by stochastic Lanczos quadrature (Ghorbani, Krishnan and Xiao 2019).
import { requireOptions, requirePositive, requireWhole } from "../checks.ts";
import type { Objective } from "../training/objective.ts";
import { Basis, mostVectors } from "./basis.ts";
import { Course, type CourseOptions, courseOptions } from "./course.ts";
import { lanczos, productOf } from "./lanczos.ts";
import { tridiagonalEigen } from "./tridiagonal.ts";
import { signs } from "./vectors.ts";

export interface SpectralDensityOptions extends CourseOptions {
  /** Steps of Lanczos' iteration a probe; default 80, at most the number of parameters. */
  readonly steps?: number;
  /** Random vectors; default 10. */
  readonly probes?: number;
  /** Default 0. */
  readonly seed?: number;
}

export interface Spectrum {
  /** Places on the axis of eigenvalues, ascending. */
  readonly nodes: Float64Array;
  /** The share of all eigenvalues that lies near each node; they sum to 1. */
  readonly weights: Float64Array;
  readonly products: number;
}

/**
 * φ(t) ≈ (1/probes) Σ Σ τₖ·δ(t − θₖ): θₖ the eigenvalues of a probe's tridiagonal matrix, τₖ the squared first components
 * of its eigenvectors. Any mean over eigenvalues is Σ weights·f(nodes) in expectation, exactly so for a probe's
 * polynomials of a degree below 2·steps. See smoothed for a curve.
 */
export async function spectralDensity(
  objective: Objective,
  theta: Float32Array,
  options: SpectralDensityOptions = {},
): Promise<Spectrum> {
  const call = "spectralDensity";
  requireOptions(call, options, [...courseOptions, "steps", "probes", "seed"]);
  const { probes = 10, seed = 0 } = options;
  requireWhole(call, "probes", probes, 1);
  requireWhole(call, "steps", options.steps ?? 80, 1);
  const steps = Math.min(options.steps ?? 80, objective.size, mostVectors(objective.size));
  const product = productOf(call, objective, theta);
  const course = new Course(call, options, steps * probes);
  const basis = await Basis.create(objective.size, steps);
  const found: (readonly [node: number, weight: number])[] = [];
  for (let i = 0; i < probes; i++) {
    const start = signs(call, objective.size, seed, i);
    const { diagonal, beside } = await lanczos(call, product, basis, { steps, start }, course);
    const top = new Float64Array(diagonal.length);
    top[0] = 1;
    tridiagonalEigen(diagonal, beside, [top]).forEach((node, k) => {
      found.push([node, (top[k] as number) ** 2 / probes]);
    });
  }
  found.sort(([a], [b]) => a - b);
  return {
    nodes: Float64Array.from(found, ([node]) => node),
    weights: Float64Array.from(found, ([, weight]) => weight),
    products: course.done,
  };
}

export interface SmoothedOptions {
  /** Points of the curve; default 1000. */
  readonly points?: number;
  /** Standard deviation of the bell around each node; default √(1e-5·max(1, range of the nodes)), as PyHessian has it. */
  readonly width?: number;
}

/** A curve through a spectrum: bells around its nodes. The area below it is 1. */
export function smoothed(
  { nodes, weights }: Pick<Spectrum, "nodes" | "weights">,
  options: SmoothedOptions = {},
): { readonly at: Float64Array; readonly density: Float64Array } {
  const call = "smoothed";
  requireOptions(call, options, ["points", "width"]);
  if (nodes.length === 0 || nodes.length !== weights.length)
    throw new Error(
      `${call}: ${nodes.length} nodes and ${weights.length} weights; give one weight a node, and one at least`,
    );
  const [low, high] = [Math.min(...nodes), Math.max(...nodes)];
  const { points = 1000, width = Math.sqrt(1e-5 * Math.max(1, high - low)) } = options;
  requireWhole(call, "points", points, 2);
  requirePositive(call, "width", width);
  // Beyond five deviations a bell holds less than a millionth.
  const [from, step] = [low - 5 * width, (high - low + 10 * width) / (points - 1)];
  const at = Float64Array.from({ length: points }, (_, i) => from + i * step);
  const density = at.map((t) => {
    let sum = 0;
    for (let k = 0; k < nodes.length; k++)
      sum += (weights[k] as number) * Math.exp(-0.5 * ((t - (nodes[k] as number)) / width) ** 2);
    return sum;
  });
  const area = density.reduce((sum, value) => sum + value * step, 0);
  return { at, density: density.map((value) => value / area) };
}
