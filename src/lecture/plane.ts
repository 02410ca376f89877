// The values of a function of two numbers over a rectangle, for a chart's contours.
import { type Objective, objectiveSurface, type Surface, spanned } from "thalweg/science";

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
