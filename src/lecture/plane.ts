// Values over planes: of a function of two numbers, for a chart's contours; of a network, told of as they come.
import { type Objective, objectiveSurface, type Surface, type SurfaceReport, spanned } from "thalweg/science";
import type { Progress } from "./experiment.ts";

/**
 * @param ranges of the two numbers
 * @param points on a side
 * @throws the signal's reason
 */
export async function valuesOver(
  objective: Objective,
  [x, y]: readonly [readonly [number, number], readonly [number, number]],
  points: number,
  signal: AbortSignal,
): Promise<Surface> {
  const axes = spanned({ parameters: new Float32Array(2) }, [Float32Array.of(1, 0), Float32Array.of(0, 1)]);
  let found: Surface | undefined;
  for await (const { surface } of objectiveSurface(objective, axes, { x, y, points, signal })) found = surface;
  return found as Surface;
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
