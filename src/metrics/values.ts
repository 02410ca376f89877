// Metrics of regression.
import { requireOptions, requireWhole } from "../checks.ts";
import { requireEqualLengths } from "./judged.ts";

function meanOf(
  call: string,
  predictions: ArrayLike<number>,
  targets: ArrayLike<number>,
  of: (residual: number) => number,
): number {
  requireEqualLengths(call, predictions, targets);
  let sum = 0;
  for (let i = 0; i < targets.length; i++) sum += of((predictions[i] as number) - (targets[i] as number));
  return sum / targets.length;
}

/** Mean |prediction − target|, over all outputs. */
export const meanAbsoluteError = (predictions: ArrayLike<number>, targets: ArrayLike<number>): number =>
  meanOf("meanAbsoluteError", predictions, targets, Math.abs);

/** √ of the mean (prediction − target)², over all outputs. */
export const rootMeanSquaredError = (predictions: ArrayLike<number>, targets: ArrayLike<number>): number =>
  Math.sqrt(meanOf("rootMeanSquaredError", predictions, targets, (residual) => residual * residual));

/**
 * R² = 1 − Σ (prediction − target)² / Σ (target − their mean)²: 1 is perfect, 0 as good as the mean. For targets that are
 * all alike 1 where all are met, else 0, as in scikit-learn.
 * @param options outputs: numbers an example; R² is then the mean over outputs. Default 1
 */
export function r2(
  predictions: ArrayLike<number>,
  targets: ArrayLike<number>,
  options: { readonly outputs?: number } = {},
): number {
  requireOptions("r2", options, ["outputs"]);
  const { outputs = 1 } = options;
  requireWhole("r2", "outputs", outputs, 1);
  requireEqualLengths("r2", predictions, targets);
  const examples = targets.length / outputs;
  if (!Number.isInteger(examples) || examples < 2)
    throw new Error(`r2: ${targets.length} targets are not two or more examples of ${outputs} outputs`);
  let total = 0;
  for (let output = 0; output < outputs; output++) {
    let mean = 0;
    for (let i = output; i < targets.length; i += outputs) mean += (targets[i] as number) / examples;
    let unexplained = 0;
    let variation = 0;
    for (let i = output; i < targets.length; i += outputs) {
      unexplained += ((predictions[i] as number) - (targets[i] as number)) ** 2;
      variation += ((targets[i] as number) - mean) ** 2;
    }
    total += variation > 0 ? 1 - unexplained / variation : Number(unexplained === 0);
  }
  return total / outputs;
}
