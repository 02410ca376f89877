// Metrics of probabilities and scores: how sure the predictions were, and whether rightly.
import { requireOptions, requireWhole } from "../checks.ts";
import { likelihoodsOf, requireScores } from "./judged.ts";

/** No logarithm of less: the spacing of doubles at 1, as scikit-learn. */
const LEAST = 2 ** -52;

/** Mean −log of the probability of the label. */
export function logLoss(predictions: ArrayLike<number>, targets: ArrayLike<number>): number {
  const { at } = likelihoodsOf("logLoss", predictions, targets);
  let sum = 0;
  for (let i = 0; i < targets.length; i++) sum -= Math.log(Math.max(at(i, targets[i] as number), LEAST));
  return sum / targets.length;
}

/**
 * Expected calibration error: the mean distance between the largest probability and the share of right answers, by
 * bins (i/bins, (i + 1)/bins] of the former (Naeini et al. 2015, Guo et al. 2017).
 */
export function calibrationError(
  predictions: ArrayLike<number>,
  targets: ArrayLike<number>,
  options: { readonly bins?: number } = {},
): number {
  requireOptions("calibrationError", options, ["bins"]);
  const { bins = 15 } = options;
  requireWhole("calibrationError", "bins", bins, 1);
  const { classes, at } = likelihoodsOf("calibrationError", predictions, targets);
  // Σ (confidence − right) of each bin: the bin's size cancels.
  const excess = new Float64Array(bins);
  for (let i = 0; i < targets.length; i++) {
    let best = 0;
    for (let label = 1; label < classes; label++) if (at(i, label) > at(i, best)) best = label;
    const confidence = at(i, best);
    const bin = Math.min(Math.max(Math.ceil(confidence * bins) - 1, 0), bins - 1);
    excess[bin] = (excess[bin] as number) + confidence - Number(best === targets[i]);
  }
  return excess.reduce((sum, value) => sum + Math.abs(value), 0) / targets.length;
}

/**
 * Area under the ROC curve: how likely an example of the class has a higher score than another; ties count half. Of one
 * number an example, or two classes: class 1. Of more: the mean over the classes, each against the rest.
 * @throws where a class, or the rest, has no examples
 */
export function rocAuc(predictions: ArrayLike<number>, targets: ArrayLike<number>): number {
  const width = requireScores("rocAuc", predictions, targets);
  if (width <= 2) return area(predictions, targets, width, 1);
  let sum = 0;
  for (let label = 0; label < width; label++) sum += area(predictions, targets, width, label);
  return sum / width;
}

/** By the ranks of the scores (Mann and Whitney 1947). */
function area(predictions: ArrayLike<number>, targets: ArrayLike<number>, width: number, label: number): number {
  const scores = Float64Array.from(targets, (_, i) => predictions[i * width + (width === 1 ? 0 : label)] as number);
  const order = Uint32Array.from(scores, (_, i) => i).sort((a, b) => (scores[a] as number) - (scores[b] as number));
  let ranks = 0;
  let members = 0;
  for (let first = 0; first < order.length; ) {
    let end = first;
    let tied = 0;
    for (; end < order.length && scores[order[end] as number] === scores[order[first] as number]; end++)
      if (targets[order[end] as number] === label) tied++;
    // Ranks first + 1 … end: each tie has their mean.
    ranks += (tied * (first + 1 + end)) / 2;
    members += tied;
    first = end;
  }
  const others = targets.length - members;
  if (members === 0 || others === 0)
    throw new Error(
      `rocAuc: ${members === 0 ? "no" : "every"} target is of class ${label}; the curve needs examples of the class and others`,
    );
  return (ranks - (members * (members + 1)) / 2) / (members * others);
}
