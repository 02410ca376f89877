// Both ends of the Hessian's spectrum over a grid: where the loss bends downwards, which a plane alone may hide (Li et al.
// 2018, section 6).
import { requireOneOf, requireOptions, requirePositive } from "../checks.ts";
import { writePlace } from "../files/place.ts";
import type { Objective } from "../training/objective.ts";
import { extremeEigenvalues, type KrylovOptions } from "./eigenpairs.ts";
import type { Section } from "./sections.ts";
import {
  coarseToFine,
  emptySurface,
  fingerprint,
  type GridOptions,
  gridNames,
  requireSection,
  resumed,
  SAVE_EVERY,
  type SurfaceReport,
} from "./surface.ts";
import { encodeSurface, HOLE, KNOWN, PENDING, type Surface } from "./surfaceFile.ts";
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
  const { file, resume = false, reportEvery = 0.25, signal, tolerance = 0.01, maxSteps = 100, seed = 0 } = options;
  requirePositive(call, "reportEvery", reportEvery);
  requireOneOf(call, "resume", resume, [true, false]);
  if (resume && file === undefined) throw new Error(`${call}: resume: true needs the file to go on with`);
  const vectors = section.vectors.map(({ parameters }) => parameters);
  const empty = emptySurface(call, section, options, {
    ...{ section: section.about, vectors: fingerprint(...vectors), tolerance },
    ...(options.objective !== undefined && { data: options.objective }),
  });
  const kept = resume ? await resumed(call, empty, file as string) : empty;
  const missing = (): Float64Array => new Float64Array(kept.status.length).fill(Number.NaN);
  const grid: EigenvalueSurface = { ...kept, smallest: kept.smallest ?? missing(), largest: kept.largest ?? missing() };
  const order = coarseToFine(grid.x.length, grid.y.length).filter((at) => grid.status[at] === PENDING);
  const started = performance.now();
  const seconds = (): number => (performance.now() - started) / 1000;
  let [done, saved, told] = [0, 0, 0];
  const save = async (): Promise<void> => {
    if (file !== undefined) await writePlace(call, file, () => [encodeSurface(grid)]);
    saved = seconds();
  };
  const report = () => ({
    ...{ surface: grid, done: grid.status.length - order.length + done, total: grid.status.length },
    holes: grid.status.reduce((sum, status) => sum + (status === HOLE ? 1 : 0), 0),
    ...{ seconds: seconds(), secondsLeft: done === 0 ? 0 : (seconds() / done) * (order.length - done) },
  });
  try {
    for (const at of order) {
      signal?.throwIfAborted();
      const [x, y] = [grid.x[at % grid.x.length], grid.y[Math.floor(at / grid.x.length)]] as [number, number];
      const sum = new Float64Array(objective.size);
      section.coefficients(x, y).forEach((c, i) => addScaled(sum, c, vectors[i] as Float32Array));
      const theta = new Float32Array(sum);
      if (bends(objective, theta)) {
        const how = { tolerance, maxSteps, seed, ...(signal && { signal }) };
        const { smallest, largest } = await extremeEigenvalues(objective, theta, how);
        [grid.smallest[at], grid.largest[at], grid.loss[at]] = [smallest, largest, objective.loss(theta)];
        grid.status[at] = KNOWN;
      } else grid.status[at] = HOLE;
      done++;
      if (seconds() - saved >= SAVE_EVERY) await save();
      // The last report says that all is kept.
      if (seconds() - told >= reportEvery && done < order.length) {
        yield report();
        told = seconds();
      }
    }
  } finally {
    await save();
  }
  yield report();
}

/** Whether loss and curvature are finite: looked at along the gradient. */
function bends(objective: Objective, theta: Float32Array): boolean {
  const [gradient, product] = [new Float32Array(theta.length), new Float32Array(theta.length)];
  if (!Number.isFinite(objective.gradient(theta, gradient)) || !gradient.every(Number.isFinite)) return false;
  objective.hessianVector(theta, gradient, product);
  return product.every(Number.isFinite);
}
