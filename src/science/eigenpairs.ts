// Eigenvalues and eigenvectors of the Hessian at a point, from products alone.
import { requireOneOf, requireOptions, requirePositive, requireSeed, requireWhole } from "../checks.ts";
import { type Objective, requireFlat } from "../training/objective.ts";
import { Basis, mostVectors } from "./basis.ts";
import { Course, type CourseOptions, courseOptions } from "./course.ts";
import { lanczos, productOf, type Tridiagonal } from "./lanczos.ts";
import { tridiagonalEigen } from "./tridiagonal.ts";
import { norm, scaled, signs } from "./vectors.ts";

export interface KrylovOptions extends CourseOptions {
  /** Residual ‖Hv − λv‖ that counts as converged, as a share of the largest |λ|; default 1e-4. f32 reaches some 1e-6. */
  readonly tolerance?: number;
  /**
   * Products at most; default 10·count + 100, or as many as there are parameters. Each keeps a vector, and all of them fit
   * into 4 GiB.
   */
  readonly maxSteps?: number;
  /** Decides the direction it begins in; default 0. */
  readonly seed?: number;
  /** Direction to begin in, such as an eigenvector at a point nearby. Default: random signs. */
  readonly start?: Float32Array;
}

export interface EigenpairsOptions extends KrylovOptions {
  /** How many; default 1. */
  readonly count?: number;
  /** "largest" ones first, "smallest" (the most negative) first, or by "magnitude"; default "largest". */
  readonly which?: "largest" | "smallest" | "magnitude";
}

export interface Eigenpairs {
  readonly values: Float64Array;
  /** Of length 1, in the order of the values. */
  readonly vectors: readonly Float32Array[];
  /** ‖Hv − λv‖ of each, as Lanczos' iteration estimates it. */
  readonly residuals: Float64Array;
  /** Whether every residual is below the tolerance. */
  readonly converged: boolean;
  /** Hessian-vector products that it took. */
  readonly products: number;
}

const krylovOptions = [...courseOptions, "tolerance", "maxSteps", "seed", "start"];

/**
 * Eigenpairs of ∇²L(θ) by Lanczos' iteration with full re-orthogonalisation. Eigenvalues that coincide are told apart
 * only when the iteration has gone through all parameters.
 * @throws for more pairs than parameters, a start of zeros, and products that are not finite
 */
export async function eigenpairs(
  objective: Objective,
  theta: Float32Array,
  options: EigenpairsOptions = {},
): Promise<Eigenpairs> {
  const call = "eigenpairs";
  requireOptions(call, options, [...krylovOptions, "count", "which"]);
  const { count = 1, which = "largest" } = options;
  requireWhole(call, "count", count, 1);
  if (count > objective.size)
    throw new Error(`${call}: count must be at most ${objective.size}, the number of parameters, got ${count}`);
  requireOneOf(call, "which", which, ["largest", "smallest", "magnitude"]);
  const key = { largest: (x: number) => -x, smallest: (x: number) => x, magnitude: (x: number) => -Math.abs(x) }[which];
  const first = (values: Float64Array): number[] =>
    [...values.keys()].sort((i, j) => key(values[i] as number) - key(values[j] as number)).slice(0, count);
  const { tridiagonal, products, converged } = await iterate(call, objective, theta, options, count, first);
  const m = tridiagonal.diagonal.length;
  const rows = Array.from({ length: m }, (_, i) => unitRow(m, i));
  const values = tridiagonalEigen(tridiagonal.diagonal, tridiagonal.beside, rows);
  const places = first(values);
  const last = tridiagonal.beside[m - 1] as number;
  return {
    values: Float64Array.from(places, (i) => values[i] as number),
    vectors: places.map((i) => {
      const v = tridiagonal.basis.combine(rows.map((row) => row[i] as number));
      return scaled(v, 1 / norm(v));
    }),
    residuals: Float64Array.from(places, (i) => Math.abs(last * ((rows[m - 1] as Float64Array)[i] as number))),
    converged,
    products,
  };
}

export interface Extremes {
  readonly largest: number;
  readonly smallest: number;
  readonly converged: boolean;
  readonly products: number;
}

/**
 * Both ends of the spectrum of ∇²L(θ) in one iteration.
 * @throws as eigenpairs
 */
export async function extremeEigenvalues(
  objective: Objective,
  theta: Float32Array,
  options: KrylovOptions = {},
): Promise<Extremes> {
  requireOptions("extremeEigenvalues", options, krylovOptions);
  return extremes("extremeEigenvalues", objective, theta, options, false);
}

async function extremes(
  call: string,
  objective: Objective,
  theta: Float32Array,
  options: KrylovOptions,
  relativeToEach: boolean,
): Promise<Extremes> {
  const ends = (values: Float64Array): number[] => [0, values.length - 1];
  const count = Math.min(2, objective.size);
  const { tridiagonal, ...how } = await iterate(call, objective, theta, options, count, ends, relativeToEach);
  const values = tridiagonalEigen(tridiagonal.diagonal, tridiagonal.beside, []);
  return { smallest: values[0] as number, largest: values[values.length - 1] as number, ...how };
}

export interface Condition extends Extremes {
  /** largest/smallest: how many times longer than wide the valley is. */
  readonly condition: number;
}

/**
 * λ_max/λ_min of a positive definite ∇²L(θ). Both ends converge to `tolerance` times themselves, so that a condition
 * beyond some 10⁵ is beyond f32.
 * @throws where an eigenvalue is zero or negative, with its value: there is no condition number then
 */
export async function conditionNumber(
  objective: Objective,
  theta: Float32Array,
  options: KrylovOptions = {},
): Promise<Condition> {
  const call = "conditionNumber";
  requireOptions(call, options, krylovOptions);
  const ends = await extremes(call, objective, theta, options, true);
  const { largest, smallest } = ends;
  if (!(smallest > 0))
    throw new Error(
      `${call}: the Hessian has the eigenvalue ${smallest.toPrecision(4)} beside ${largest.toPrecision(4)}: it is not positive definite; see eigenpairs, or take Gauss–Newton curvature`,
    );
  return { ...ends, condition: largest / smallest };
}

const unitRow = (m: number, i: number): Float64Array => Float64Array.from({ length: m }, (_, k) => Number(k === i));

/** Lanczos' iteration until the Ritz values that `pick` wants have converged. */
async function iterate(
  call: string,
  objective: Objective,
  theta: Float32Array,
  options: KrylovOptions,
  count: number,
  pick: (values: Float64Array) => readonly number[],
  relativeToEach = false,
): Promise<{ readonly tridiagonal: Tridiagonal; readonly products: number; readonly converged: boolean }> {
  const n = objective.size;
  const { tolerance = 1e-4, seed = 0 } = options;
  requirePositive(call, "tolerance", tolerance);
  requireSeed(call, seed);
  const { maxSteps = 10 * count + 100, start = signs(call, n, seed, 0) } = options;
  requireWhole(call, "maxSteps", maxSteps, count);
  requireFlat(call, "start", start, n);
  const product = productOf(call, objective, theta);
  const steps = Math.min(n, maxSteps, mostVectors(n));
  const course = new Course(call, options, steps);
  let converged = false;
  const enough = ({ diagonal, beside }: Tridiagonal): boolean => {
    const m = diagonal.length;
    // A look costs m² operations: now and then, and at the end.
    if (m < count || (m % 4 !== 0 && m !== steps && beside[m - 1] !== 0)) return false;
    const bottom = unitRow(m, m - 1);
    const values = tridiagonalEigen(diagonal, beside, [bottom]);
    const scale = Math.max(Math.abs(values[0] as number), Math.abs(values[m - 1] as number));
    const last = beside[m - 1] as number;
    // In a closed basis that is not all of space, other eigenvalues may hide.
    converged =
      (last > 0 || m === n) &&
      pick(values).every(
        (i) =>
          Math.abs(last * (bottom[i] as number)) <=
          tolerance * (relativeToEach ? Math.abs(values[i] as number) : scale),
      );
    return converged;
  };
  const basis = await Basis.create(n, steps);
  const tridiagonal = await lanczos(call, product, basis, { steps, start, restart: seed, enough }, course);
  if (!converged) enough(tridiagonal);
  return { tridiagonal, products: course.done, converged };
}
