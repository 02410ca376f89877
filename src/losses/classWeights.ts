// Weights of classes: what a mistake on each counts.
import { show } from "../checks.ts";

/**
 * Throws unless there is one weight for each class.
 * @param classes where it is known how many there are
 */
export function requireClassWeights(call: string, weights: unknown, classes?: number): void {
  if (weights === undefined) return;
  const fits =
    Array.isArray(weights) && Array.from(weights).every((w) => Number.isFinite(Math.fround(w as number)) && w >= 0);
  if (!fits || !weights.some((w) => w > 0))
    throw new Error(
      `${call}: classWeights must be finite numbers ≥ 0, not all of them 0, one for each class; got ${show(weights)}`,
    );
  if (classes !== undefined && weights.length !== classes)
    throw new Error(`${call}: classWeights has ${weights.length} numbers for ${classes} classes`);
}
