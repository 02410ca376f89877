// Metrics of decisions: which labels were predicted, and which were right.
import { requireOneOf, requireOptions, requireWhole } from "../checks.ts";
import { type Decisions, decisionsOf, requireScores } from "./judged.ts";

/** Share of examples whose label was predicted. */
export function accuracy(predictions: ArrayLike<number>, targets: ArrayLike<number>): number {
  const { predicted } = decisionsOf("accuracy", predictions, targets);
  let right = 0;
  for (let i = 0; i < targets.length; i++) if (predicted[i] === targets[i]) right++;
  return right / targets.length;
}

/** Share of examples whose label was not predicted: the risk that the losses stand in for. */
export function zeroOneLoss(predictions: ArrayLike<number>, targets: ArrayLike<number>): number {
  const { predicted } = decisionsOf("zeroOneLoss", predictions, targets);
  let wrong = 0;
  for (let i = 0; i < targets.length; i++) if (predicted[i] !== targets[i]) wrong++;
  return wrong / targets.length;
}

/** Share of examples whose label is among the k with the largest scores; of equal scores the first classes count. */
export function topKAccuracy(
  predictions: ArrayLike<number>,
  targets: ArrayLike<number>,
  options: { readonly k?: number } = {},
): number {
  requireOptions("topKAccuracy", options, ["k"]);
  const { k = 5 } = options;
  requireWhole("topKAccuracy", "k", k, 1);
  const width = requireScores("topKAccuracy", predictions, targets);
  if (width < 2) throw new Error("topKAccuracy: predictions hold one number an example; give a score for each class");
  if (k >= width)
    throw new Error(`topKAccuracy: the label is always among the first ${k} of ${width} classes; give a smaller k`);
  let right = 0;
  for (let i = 0; i < targets.length; i++) {
    const label = targets[i] as number;
    const own = predictions[i * width + label] as number;
    let before = 0;
    for (let j = 0; j < width; j++) {
      const score = predictions[i * width + j] as number;
      if (score > own || (score === own && j < label)) before++;
    }
    if (before < k) right++;
  }
  return right / targets.length;
}

/** Most classes of a confusion matrix: what has more is no table to look at, and fills the memory. */
const MOST_CLASSES = 4096;

/**
 * Counts [label][predicted] over the classes 0, 1, … up to the largest one seen, or all that have a score.
 * @throws for more than 4096 classes
 */
export function confusionMatrix(predictions: ArrayLike<number>, targets: ArrayLike<number>): number[][] {
  const { predicted, classes } = decisionsOf("confusionMatrix", predictions, targets);
  if (classes > MOST_CLASSES)
    throw new Error(
      `confusionMatrix: ${classes} classes make ${classes} × ${classes} counts; the most are ${MOST_CLASSES} classes. Number those that occur from 0, or use precision, recall and f1`,
    );
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let i = 0; i < targets.length; i++) {
    const row = counts[targets[i] as number] as number[];
    row[predicted[i] as number] = (row[predicted[i] as number] as number) + 1;
  }
  return counts;
}

export interface AverageOptions {
  /**
   * "binary": of class 1, where there are two. "macro": the mean over the classes that occur. "weighted": the same,
   * weighted by their numbers of examples. "micro": of all decisions together. Default "binary".
   */
  readonly average?: "binary" | "macro" | "micro" | "weighted";
}

/** How often a class was predicted rightly, predicted, and there. */
interface Tally {
  right: number;
  predicted: number;
  actual: number;
}
const none: Readonly<Tally> = { right: 0, predicted: 0, actual: 0 };

/** Of the classes that occur, by their labels. */
function talliesOf({ predicted, targets }: Decisions): ReadonlyMap<number, Readonly<Tally>> {
  const tallies = new Map<number, Tally>();
  const of = (label: number): Tally => {
    const known = tallies.get(label) ?? { ...none };
    tallies.set(label, known);
    return known;
  };
  for (let i = 0; i < targets.length; i++) {
    const [guess, label] = [of(predicted[i] as number), of(targets[i] as number)];
    guess.predicted++;
    label.actual++;
    if (guess === label) label.right++;
  }
  return tallies;
}

/** 0/0 is 0, as in scikit-learn. */
const ratio = (a: number, b: number): number => (b === 0 ? 0 : a / b);

function averaged(
  call: string,
  predictions: ArrayLike<number>,
  targets: ArrayLike<number>,
  options: AverageOptions,
  of: (tally: Readonly<Tally>) => number,
): number {
  requireOptions(call, options, ["average"]);
  const { average = "binary" } = options;
  requireOneOf(call, "average", average, ["binary", "macro", "micro", "weighted"]);
  const decisions = decisionsOf(call, predictions, targets);
  const { classes } = decisions;
  if (average === "binary" && classes > 2)
    throw new Error(`${call}: there are ${classes} classes; give average: "macro", "micro" or "weighted"`);
  const tallies = talliesOf(decisions);
  if (average === "binary") return of(tallies.get(1) ?? none);
  // Sums do not depend on the order of the examples.
  const seen = [...tallies].sort(([a], [b]) => a - b).map(([, tally]) => tally);
  if (average === "micro") {
    const right = seen.reduce((sum, tally) => sum + tally.right, 0);
    return of({ right, predicted: targets.length, actual: targets.length });
  }
  if (average === "macro") return seen.reduce((sum, tally) => sum + of(tally), 0) / seen.length;
  return seen.reduce((sum, tally) => sum + tally.actual * of(tally), 0) / targets.length;
}

/** Of the examples a class was predicted for, the share that belong to it; 0 where it never was. */
export function precision(
  predictions: ArrayLike<number>,
  targets: ArrayLike<number>,
  options: AverageOptions = {},
): number {
  return averaged("precision", predictions, targets, options, ({ right, predicted }) => ratio(right, predicted));
}

/** Of the examples of a class, the share it was predicted for; 0 where there are none. */
export function recall(
  predictions: ArrayLike<number>,
  targets: ArrayLike<number>,
  options: AverageOptions = {},
): number {
  return averaged("recall", predictions, targets, options, ({ right, actual }) => ratio(right, actual));
}

/** The harmonic mean of precision and recall, class by class. */
export function f1(predictions: ArrayLike<number>, targets: ArrayLike<number>, options: AverageOptions = {}): number {
  return averaged("f1", predictions, targets, options, ({ right, predicted, actual }) =>
    ratio(2 * right, predicted + actual),
  );
}
