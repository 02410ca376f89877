// What a path between two networks is judged by: values at its points, and over its length.
import { requireOptions } from "../checks.ts";
import type { Section } from "./sections.ts";
import type { Surface } from "./surfaceFile.ts";
import { dot } from "./vectors.ts";

export interface PathValues {
  readonly min: number;
  readonly max: number;
  /** Over the points. */
  readonly mean: number;
  /** Over the length in parameter space, by the rule of trapezoids: Σ ½(vᵢ + vᵢ₊₁)·dᵢ / Σ dᵢ (Garipov et al. 2018). */
  readonly integral: number;
  /** How far the values rise above the straight line between those at the ends, at most (Frankle et al. 2020). */
  readonly barrier: number;
  readonly ends: readonly [a: number, b: number];
}

export interface PathSummary {
  readonly points: number;
  /** In parameter space, and over that of the straight way. */
  readonly length: number;
  readonly lengthRatio: number;
  readonly loss: PathValues;
  /** Share of wrong answers; where there are right ones. */
  readonly error?: PathValues;
}

/**
 * @param surface of the section: a line's or a curve's, from a to b
 * @throws for a plane, and where a point is not known, or not finite
 */
export function pathSummary(section: Section, surface: Surface): PathSummary {
  const call = "pathSummary";
  requireOptions(call, Object(surface), ["x", "y", "loss", "accuracy", "status", "about", "marks", "path"]);
  const { x, y, loss, accuracy, status } = surface;
  if (y.length !== 1 || section.ranges.length !== 1) throw new Error(`${call}: expected a line or curve, got a plane`);
  const missing = status.findIndex((value) => value !== 1);
  if (missing >= 0)
    throw new Error(
      `${call}: there is no finite loss at ${x[missing]}; go on with the surface, or leave the point out`,
    );
  // Distances by inner products of the vectors that the path is made of.
  const vectors = section.vectors.map(({ parameters }) => parameters);
  const products = vectors.map((u) => Float64Array.from(vectors, (v) => dot(u, v)));
  const places = Array.from(x, (at) => section.coefficients(at, 0));
  const distance = (from: readonly number[], to: readonly number[]): number => {
    const move = Float64Array.from(to, (value, i) => value - (from[i] as number));
    return Math.sqrt(
      Math.max(
        0,
        dot(
          Float64Array.from(products, (row) => dot(row, move)),
          move,
        ),
      ),
    );
  };
  const steps = places.slice(1).map((place, i) => distance(places[i] as readonly number[], place));
  const length = steps.reduce((a, b) => a + b, 0);
  const valuesOf = (values: Float64Array): PathValues => {
    const [first, last] = [values[0], values.at(-1)] as [number, number];
    const [from, to] = [x[0], x.at(-1)] as [number, number];
    const rises = values.map((value, i) => {
      const share = ((x[i] as number) - from) / (to - from);
      return value - ((1 - share) * first + share * last);
    });
    return {
      min: Math.min(...values),
      max: Math.max(...values),
      mean: values.reduce((a, b) => a + b, 0) / values.length,
      integral:
        steps.reduce((sum, d, i) => sum + 0.5 * ((values[i] as number) + (values[i + 1] as number)) * d, 0) / length,
      barrier: Math.max(...rises),
      ends: [first, last],
    };
  };
  const errors = accuracy.map((share) => 1 - share);
  return {
    points: x.length,
    length,
    lengthRatio: length / distance(places[0] as readonly number[], places.at(-1) as readonly number[]),
    loss: valuesOf(loss),
    ...(errors.every(Number.isFinite) && { error: valuesOf(errors) }),
  };
}
