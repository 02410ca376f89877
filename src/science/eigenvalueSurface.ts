// Both ends of the Hessian's spectrum over a grid: where the loss bends downwards, which a plane alone may hide (Li et al.
// 2018, section 6).
import { requireOptions } from "../checks.ts";
import type { Objective } from "../training/objective.ts";
import { extremeEigenvalues, type KrylovOptions } from "./eigenpairs.ts";
import type { Section } from "./sections.ts";
import { coefficientsAt, type GridOptions, gridNames, onGrid, requireSection, type SurfaceReport } from "./surface.ts";
import { HOLE, KNOWN, type Surface } from "./surfaceFile.ts";
import { addScaled } from "./vectors.ts";

export interface EigenvalueSurfaceOptions extends GridOptions, Pick<KrylovOptions, "maxSteps" | "seed"> {
  /** Residual that counts as converged, as a share of the largest |λ|; default 0.01. */
  readonly tolerance?: number;
  /** What tells the objective from others: a file that was made for another one is refused. */
  readonly objective?: string;
}

export interface EigenvalueSurface extends Surface {
  /** λ_min; NaN where it is not known, or not finite. */
  readonly smallest: Float64Array;
  /** λ_max */
  readonly largest: Float64Array;
}

/**
 * The loss, λ_min and λ_max of ∇²L on a grid, from coarse to fine, kept as it goes on: see objectiveSurface. Each point costs
 * some dozens of Hessian-vector products.
 * @throws from the iterator: for options that do not fit, and a file that was made for something else
 */
export async function* eigenvalueSurface(
  objective: Objective,
  section: Section,
  options: EigenvalueSurfaceOptions = {},
): AsyncGenerator<SurfaceReport & { readonly surface: EigenvalueSurface }, void, void> {
  const call = "eigenvalueSurface";
  requireOptions(call, options, [...gridNames, "tolerance", "maxSteps", "seed", "objective"]);
  requireSection(call, section, objective.size, 0);
  const { signal, tolerance = 0.01, maxSteps = 100, seed = 0 } = options;
  const how = { tolerance, maxSteps, seed, ...(signal && { signal }) };
  const vectors = section.vectors.map(({ parameters }) => parameters);
  const enter = async (grid: EigenvalueSurface, at: number): Promise<void> => {
    const sum = new Float64Array(objective.size);
    coefficientsAt(section, grid, at).forEach((c, i) => addScaled(sum, c, vectors[i] as Float32Array));
    const theta = new Float32Array(sum);
    if (bends(objective, theta)) {
      const { smallest, largest } = await extremeEigenvalues(objective, theta, how);
      [grid.smallest[at], grid.largest[at], grid.loss[at]] = [smallest, largest, objective.loss(theta)];
      grid.status[at] = KNOWN;
    } else grid.status[at] = HOLE;
  };
  const begin = (kept: Surface): EigenvalueSurface => {
    const missing = (): Float64Array => new Float64Array(kept.status.length).fill(Number.NaN);
    return { ...kept, smallest: kept.smallest ?? missing(), largest: kept.largest ?? missing() };
  };
  const about = { tolerance, ...(options.objective !== undefined && { data: options.objective }) };
  yield* onGrid(call, section, options, about, begin, async (grid, order, first, isDue) => {
    let next = first;
    do await enter(grid, order[next++] as number);
    while (next < order.length && !isDue());
    return next;
  });
}

/** Whether loss and curvature are finite: looked at along the gradient. */
function bends(objective: Objective, theta: Float32Array): boolean {
  const [gradient, product] = [new Float32Array(theta.length), new Float32Array(theta.length)];
  if (!Number.isFinite(objective.gradient(theta, gradient)) || !gradient.every(Number.isFinite)) return false;
  objective.hessianVector(theta, gradient, product);
  return product.every(Number.isFinite);
}
