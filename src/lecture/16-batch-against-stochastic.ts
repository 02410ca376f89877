// Row 16: the lecture's table of batch against stochastic gradient descent, each cell filled from the other experiments.
import type { Experiment, Outcome, PlainRecord } from "./experiment.ts";
import { type Data, type Filled, outcome } from "./outcomes/16-batch-against-stochastic.ts";

/** The lecture's word, the number of another experiment that bears on it, and whether that bears it out. */
export interface Cell {
  readonly word: "yes" | "no" | "easier" | "harder";
  readonly row: number;
  /** How the number's name begins; of several the last. */
  readonly number: string;
  readonly says: (value: string) => string;
  readonly holds: (low: number, high: number) => boolean;
}

type Holds = Cell["holds"];
function above(limit: number): Holds {
  return (low) => low > limit;
}
function below(limit: number): Holds {
  return (_, high) => high < limit;
}
function near(value: number, share: number): Holds {
  return (low, high) => Math.abs((low + high) / 2 / value - 1) < share;
}

/** ‖∇L‖ at which a method counts as arrived in row 15. */
const arrived = 1e-3;
const rate = (100 - 1) / (100 + 1);

export const lines: readonly { readonly property: string; readonly batch: Cell; readonly stochastic: Cell }[] = [
  {
    property: "Conditions of convergence",
    batch: {
      ...{ word: "yes", row: 15, number: "step at which it diverges, over 2/λ_max: networks" },
      ...{ says: (x) => `diverges beyond ${x} × 2/λ_max at minima of networks; predicted: 1`, holds: near(1, 0.02) },
    },
    stochastic: {
      ...{ word: "no", row: 15, number: "‖∇L‖ of SGD with the same constant step" },
      ...{ says: (x) => `with a step that batch descent converges with ‖∇L‖ stays at ${x}`, holds: above(arrived) },
    },
  },
  {
    property: "Apply Hessians & accelerations on curvatures",
    batch: {
      ...{ word: "yes", row: 15, number: "gradients that gradient descent needs over those of L-BFGS" },
      ...{ says: (x) => `L-BFGS takes ${x} times fewer gradients`, holds: above(1) },
    },
    stochastic: {
      ...{ word: "no", row: 15, number: "‖∇L‖ where L-BFGS ends that sees batches" },
      ...{ says: (x) => `L-BFGS on mini-batches ends with ‖∇L‖ of ${x}`, holds: above(arrived) },
    },
  },
  {
    property: "Theoretical analysis",
    batch: {
      ...{ word: "yes", row: 15, number: "factor of an iteration at κ = 100, gradient descent" },
      ...{ says: (x) => `factor of an iteration ${x}; theory: ${rate.toPrecision(3)}`, holds: near(rate, 0.02) },
    },
    stochastic: {
      ...{ word: "no", row: 9, number: "slope of log error on log n, with replacement" },
      says: (x) => `the gradient's error falls as n to the power ${x}; theory: −0.5`,
      holds: (low, high) => low > -0.5 || high < -0.5,
    },
  },
  {
    property: "Scales up / efficient",
    batch: {
      ...{ word: "no", row: 10, number: "training loss of batch GD over that of SGD" },
      ...{ says: (x) => `in equal time it has ${x} times the training loss of SGD`, holds: above(1) },
    },
    stochastic: {
      ...{ word: "yes", row: 9, number: "least loss of 32 and 64 over the least of all, in equal time" },
      ...{ says: (x) => `batches of 32 or 64 reach ${x} times the least loss of all sizes`, holds: below(1.1) },
    },
  },
  {
    property: "Guaranteed theoretical fast convergence",
    batch: {
      ...{ word: "no", row: 15, number: "‖∇L‖ of gradient descent" },
      ...{ says: (x) => `‖∇L‖ is ${x} still when accelerated methods have arrived`, holds: above(arrived) },
    },
    stochastic: {
      ...{ word: "no", row: 9, number: "slope of log error on log n, with replacement" },
      ...{ says: (x) => `accuracy grows only as n to the power ${x.replace("−", "")}`, holds: above(-1) },
    },
  },
  {
    property: "Overfitting",
    batch: {
      ...{ word: "easier", row: 12, number: "the same, all at once, 0.5, over reshuffled" },
      ...{ says: (x) => `rate 0.5: at equal training loss ${x} times SGD's loss on unseen examples`, holds: above(1) },
    },
    stochastic: {
      ...{ word: "harder", row: 12, number: "the same, all at once, 1, over reshuffled" },
      ...{ says: (x) => `against batch descent of rate 1: that has ${x} times the loss of SGD`, holds: above(1) },
    },
  },
  {
    property: "Global minimum",
    batch: {
      ...{ word: "no", row: 7, number: "share of starts that reach the global minimum" },
      ...{ says: (x) => `a share of ${x} of all starts on Rastrigin's function reach it`, holds: below(1) },
    },
    stochastic: {
      ...{ word: "no", row: 18, number: "barrier of the training loss, straight line" },
      ...{ says: (x) => `networks of two seeds end apart, with a barrier of ${x} between them`, holds: above(0) },
    },
  },
  {
    property: "In practice, good results",
    batch: {
      ...{ word: "no", row: 10, number: "accuracy of SGD less that of batch GD" },
      ...{ says: (x) => `in equal time ${x} % less accuracy than SGD`, holds: above(0) },
    },
    stochastic: {
      ...{ word: "yes", row: 18, number: "greatest test error, Bézier curve" },
      ...{ says: (x) => `wrong on a share of ${x} of test images at worst, all along a curve`, holds: below(0.1) },
    },
  },
];

export const batchAgainstStochastic: Experiment<PlainRecord, Data> = {
  id: 16,
  title: "Batch gradient descent against stochastic gradient descent",
  file: "16-batch-against-stochastic.ts",
  claim:
    "Batch gradient descent has conditions of convergence, acceleration and theory; stochastic gradient descent scales, overfits less and gives good results; neither is sure of speed or of the global minimum.",
  parameters: { quick: {}, full: {} },
  needs: [7, 9, 10, 12, 15, 18],
  async *run({ outcomeOf, signal }) {
    signal.throwIfAborted();
    yield { done: 0, note: "reading what the others found" };
    const cells = lines.flatMap(({ property, batch, stochastic }) => [
      { property, method: "batch GD", ...filled(batch, outcomeOf(batch.row)) },
      { property, method: "stochastic GD", ...filled(stochastic, outcomeOf(stochastic.row)) },
    ]);
    return outcome({ cells });
  },
};

/** With the number that it asks for. */
function filled({ word, row, number, says, holds }: Cell, found: Outcome): Omit<Filled, "property" | "method"> {
  const finding = found.verdict.numbers.findLast(({ name }) => name.startsWith(number));
  if (!finding) throw new Error(`experiment ${row} has no number that is called "${number}…"`);
  const { name, value, interval, runs, expected = null } = finding;
  const said = `${word}: ${says(value.toPrecision(3).replace("-", "−"))} (row ${row})`;
  const borne = holds(...(interval ?? [value, value]));
  return { word, row, said, borne, number: name, value, interval: interval ?? null, runs, expected };
}
