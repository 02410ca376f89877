// What metrics are given: predictions and targets of a whole data set, as flat arrays, checked and read.
import { requireNumbers } from "../checks.ts";

/** Throws unless both are arrays of finite numbers with so many predictions a target. → predictions a target */
export function requirePairs(call: string, predictions: ArrayLike<number>, targets: ArrayLike<number>): number {
  for (const [what, values] of Object.entries({ predictions, targets })) {
    requireNumbers(call, what, values);
    for (let i = 0; i < values.length; i++)
      if (!Number.isFinite(values[i])) throw new Error(`${call}: ${what}[${i}] = ${values[i]} is not a finite number`);
  }
  const width = predictions.length / targets.length;
  if (targets.length === 0) throw new Error(`${call}: targets is empty; there is nothing to judge`);
  if (!Number.isInteger(width) || width === 0)
    throw new Error(
      `${call}: ${predictions.length} predictions do not fit ${targets.length} targets; give one prediction an example, or one for each class`,
    );
  return width;
}

/** Throws unless both are arrays of finite numbers of equal length. */
export function requireEqualLengths(call: string, predictions: ArrayLike<number>, targets: ArrayLike<number>): void {
  if (requirePairs(call, predictions, targets) !== 1)
    throw new Error(
      `${call}: ${predictions.length} predictions for ${targets.length} targets; give as many as targets`,
    );
}

/** Throws unless labels are whole numbers from 0 that an i32 holds, below `classes` where that is known. */
function requireLabels(call: string, what: string, labels: ArrayLike<number>, classes = 2 ** 31): void {
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i] as number;
    if (!(Number.isInteger(label) && label >= 0 && label < 2 ** 31))
      throw new Error(`${call}: ${what}[${i}] = ${label} is not a label; labels are whole numbers from 0 to 2^31 − 1`);
    if (label >= classes)
      throw new Error(`${call}: ${what}[${i}] = ${label} is not a label of the ${classes} classes that are predicted`);
  }
}

/** Index of the first largest of the numbers `start` … `start + width`. */
function argmax(values: ArrayLike<number>, start: number, width: number): number {
  let best = 0;
  for (let j = 1; j < width; j++) if ((values[start + j] as number) > (values[start + best] as number)) best = j;
  return best;
}

/** Labels that were predicted, and right. */
export interface Decisions {
  readonly predicted: ArrayLike<number>;
  readonly targets: ArrayLike<number>;
  /** Above every label. */
  readonly classes: number;
}

/**
 * Reads predictions as labels: of scores for each class the first largest; of one number an example the label itself, or
 * where they are not all whole, probabilities of class 1: above ½ is a yes.
 */
export function decisionsOf(call: string, predictions: ArrayLike<number>, targets: ArrayLike<number>): Decisions {
  const width = requirePairs(call, predictions, targets);
  if (width > 1) {
    requireLabels(call, "targets", targets, width);
    return {
      predicted: Int32Array.from({ length: targets.length }, (_, i) => argmax(predictions, i * width, width)),
      targets,
      classes: width,
    };
  }
  requireLabels(call, "targets", targets);
  let predicted = predictions;
  if (!Array.prototype.every.call(predictions, Number.isInteger)) {
    requireProbabilities(call, predictions, 1);
    requireLabels(call, "targets", targets, 2);
    predicted = Int32Array.from(predictions, (p) => Number(p > 0.5));
  } else requireLabels(call, "predictions", predictions);
  let classes = 0;
  for (const labels of [predicted, targets])
    for (let i = 0; i < labels.length; i++) classes = Math.max(classes, (labels[i] as number) + 1);
  return { predicted, targets, classes };
}

/** How far from 1 the probabilities of an example may add up: f32 arithmetic over many classes. */
const SLACK = 1e-3;

function requireProbabilities(call: string, predictions: ArrayLike<number>, width: number): void {
  const remedy = "give probabilities, such as the softmax or sigmoid of what the network gives";
  for (let i = 0; i < predictions.length; i++)
    if (!((predictions[i] as number) >= 0 && (predictions[i] as number) <= 1))
      throw new Error(`${call}: predictions[${i}] = ${predictions[i]} is not a probability; ${remedy}`);
  if (width === 1) return;
  for (let start = 0; start < predictions.length; start += width) {
    let sum = 0;
    for (let j = start; j < start + width; j++) sum += predictions[j] as number;
    if (Math.abs(sum - 1) > SLACK)
      throw new Error(`${call}: predictions[${start}] to [${start + width - 1}] add up to ${sum}, not to 1; ${remedy}`);
  }
}

/** Probabilities of each class, row after row; of one number an example, that of class 1. */
export interface Likelihoods {
  readonly classes: number;
  readonly targets: ArrayLike<number>;
  /** Probability of a class of an example. */
  at(example: number, label: number): number;
}

export function likelihoodsOf(call: string, predictions: ArrayLike<number>, targets: ArrayLike<number>): Likelihoods {
  const width = requirePairs(call, predictions, targets);
  requireLabels(call, "targets", targets, Math.max(width, 2));
  requireProbabilities(call, predictions, width);
  if (width > 1) return { classes: width, targets, at: (i, label) => predictions[i * width + label] as number };
  return {
    classes: 2,
    targets,
    at: (i, label) => (label === 1 ? (predictions[i] as number) : 1 - (predictions[i] as number)),
  };
}

/** Throws unless there are scores, one an example or one for each class, of labels. → scores an example */
export function requireScores(call: string, predictions: ArrayLike<number>, targets: ArrayLike<number>): number {
  const width = requirePairs(call, predictions, targets);
  requireLabels(call, "targets", targets, Math.max(width, 2));
  return width;
}
