// How much the loss rises around a point.
import { requireOptions, requirePositive, requireWhole } from "../checks.ts";
import { type Objective, requireFlat } from "../training/objective.ts";
import { Course, type CourseOptions, courseOptions } from "./course.ts";
import { moved, norm, requireFiniteVector, signs } from "./vectors.ts";

export interface SharpnessOptions extends CourseOptions {
  /** ρ, the radius of the ball around θ; default 0.05. */
  readonly radius?: number;
  /** Steps of gradient ascent towards the worst point; default 10. */
  readonly steps?: number;
  /** Random directions for the mean; default 20. */
  readonly samples?: number;
  /** Default 0. */
  readonly seed?: number;
}

export interface Sharpness {
  /** L(θ) */
  readonly loss: number;
  /** L(θ + ρ·g/‖g‖) − L(θ): what SAM looks at (Foret et al. 2021). */
  readonly ascent: number;
  /** The highest rise on the sphere that gradient ascent finds from there. */
  readonly worst: number;
  /** The mean rise over random directions of length ρ: about ρ²·tr H/2n where the gradient is small. */
  readonly average: number;
}

/**
 * Rises of the loss at distance ρ from θ.
 * @throws where the gradient at θ is zero: there is no way up; and where it is not finite
 */
export async function sharpness(
  objective: Objective,
  theta: Float32Array,
  options: SharpnessOptions = {},
): Promise<Sharpness> {
  const call = "sharpness";
  requireOptions(call, options, [...courseOptions, "radius", "steps", "samples", "seed"]);
  const { radius = 0.05, steps = 10, samples = 20, seed = 0 } = options;
  requirePositive(call, "radius", radius);
  requireWhole(call, "steps", steps, 1);
  requireWhole(call, "samples", samples, 1);
  requireFlat(call, "theta", theta, objective.size);
  const course = new Course(call, options, 1 + steps + samples);
  const origin = theta.slice();
  const n = origin.length;
  const g = new Float32Array(n);
  const slopeAt = (at: Float32Array): number => {
    const loss = objective.gradient(at, g);
    requireFiniteVector(call, "gradient", g, "look at theta, or take a smaller radius");
    return loss;
  };
  const loss = slopeAt(origin);
  await course.step();
  if (norm(g) === 0)
    throw new Error(
      `${call}: the gradient at theta is zero in every direction; move theta a little, or see eigenpairs`,
    );
  let at = moved(origin, radius / norm(g), g);
  let ascent = 0;
  let worst = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < steps; i++) {
    const rise = slopeAt(at) - loss;
    await course.step();
    if (i === 0) ascent = rise;
    worst = Math.max(worst, rise);
    // A long step along the gradient, and back to the sphere.
    const length = norm(g);
    if (length === 0) break;
    const further = Float64Array.from(
      at,
      (value, k) => value - (origin[k] as number) + (radius / length) * (g[k] as number),
    );
    at = moved(origin, radius / norm(further), further);
  }
  let total = 0;
  for (let i = 0; i < samples; i++) {
    total += objective.loss(moved(origin, radius / Math.sqrt(n), signs(call, n, seed, i))) - loss;
    await course.step();
  }
  return { loss, ascent, worst, average: total / samples };
}
