// Values over planes: as plain data, for a chart's contours; of a network, told of as they come.
import { type Objective, objectiveSurface, type Surface, type SurfaceReport, spanned } from "thalweg/science";
import type { Progress } from "./experiment.ts";

/** As of a Surface: values row by row, x running fastest. */
export type PlaneValues = {
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly loss: readonly number[];
};

/** Of a function of two numbers, in the plane of these. */
export const ownPlane = spanned({ parameters: new Float32Array(2) }, [Float32Array.of(1, 0), Float32Array.of(0, 1)]);

/**
 * Of a function of two numbers.
 * @param ranges of the two
 * @param points on a side
 * @throws the signal's reason
 */
export const valuesOver = (
  objective: Objective,
  [x, y]: readonly [readonly [number, number], readonly [number, number]],
  points: number,
  signal: AbortSignal,
): Promise<PlaneValues> => valuesOf(objectiveSurface(objective, ownPlane, { x, y, points, signal }));

/** What a surface has come to at its end. */
export async function valuesOf(reports: AsyncIterable<SurfaceReport>): Promise<PlaneValues> {
  let found: Surface | undefined;
  for await (const { surface } of reports) found = surface;
  const { x, y, loss } = found as Surface;
  return { x: [...x], y: [...y], loss: [...loss] };
}

/** @returns what is known of the surface at the end */
export async function* followed(
  reports: AsyncIterable<SurfaceReport>,
  progress: (share: number) => Progress,
): AsyncGenerator<Progress, Surface, void> {
  let found: Surface | undefined;
  for await (const { surface, done, total } of reports) {
    found = surface;
    yield progress(done / total);
  }
  return found as Surface;
}
