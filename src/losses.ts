// Losses: the relaxed proxies of the 0/1 risk. Each gives one number an example; the model takes the mean.

import { requireOneOf, requireOptions, requirePositive, requireWithin, show } from "./checks.ts";
import { type DataType, type Shape, sameShape, showShape, size, type Tensor, topological } from "./graph/tensor.ts";
import { add, equal, greater, maximum, minimum, mul, sub } from "./ops/binary.ts";
import { crossEntropy as crossEntropyRows, equalLabelsOp, softCrossEntropy } from "./ops/crossEntropy.ts";
import { reshape } from "./ops/movement.ts";
import { argmax, mean } from "./ops/reduce.ts";
import { abs, softplus, square } from "./ops/unary.ts";

/** What the targets of one batch look like. */
export interface TargetSpecification {
  readonly shape: Shape;
  readonly type: DataType;
  /** Labels lie in [0, classes). */
  readonly classes?: number;
  /** Values lie in [low, high]. */
  readonly range?: readonly [number, number];
  /** Rows of this many values each sum to one. */
  readonly distribution?: number;
  /** Only these values are targets. */
  readonly values?: readonly number[];
}

export interface Loss {
  readonly name: string;
  /** Targets for a prediction of the given shape [batch, …]; throws where the loss cannot judge it. */
  target(prediction: Shape): TargetSpecification;
  /** Loss of each example, [batch], or its mean. */
  apply(prediction: Tensor, target: Tensor): Tensor;
  /** 1 for each example that is right, [batch]: where the loss is a proxy of the 0/1 loss. */
  correct?(prediction: Tensor, target: Tensor): Tensor;
}

/**
 * A loss of one's own: any function of operations over prediction and target of equal shape. One number an example,
 * [batch], or a scalar, which counts as the mean over the examples: `evaluate` averages the scalars of its passes, and
 * threads can share a batch out only where it is seen to be a mean.
 */
export type LossFunction = (prediction: Tensor, target: Tensor) => Tensor;

/** Mean over everything but the batch. */
const perExample = (x: Tensor): Tensor => (x.shape.length === 1 ? x : mean(reshape(x, [x.shape[0] as number, -1]), 1));

const likePrediction = (prediction: Shape): TargetSpecification => ({ shape: prediction, type: "f32" });

/** −log softmax(logits)[label], with the mean over the batch. */
export interface CrossEntropyOptions {
  /** s in [0, 1): the target is (1 − s) on the label and s/classes everywhere besides. Default 0. */
  readonly smoothing?: number;
  /** "labels": integers [batch]; "probabilities": a distribution for each example, [batch, classes]. Default "labels". */
  readonly targets?: "labels" | "probabilities";
}

/** Softmax cross-entropy of logits [batch, classes]. */
export function crossEntropy(options: CrossEntropyOptions = {}): Loss {
  requireOptions("crossEntropy", options, ["smoothing", "targets"]);
  const { smoothing = 0, targets = "labels" } = options;
  requireWithin("crossEntropy", "smoothing", smoothing, 0, 1, true);
  requireOneOf("crossEntropy", "targets", targets, ["labels", "probabilities"]);
  const labels = targets === "labels";
  return {
    name: "crossEntropy",
    target(prediction) {
      const classes = prediction[1] as number;
      if (prediction.length !== 2 || classes < 2)
        throw new Error(
          `crossEntropy: expected a network output of [batch, classes] with at least 2 classes, got ${showShape(prediction)}; end the network with flatten() and dense(classes), or use binaryCrossEntropy() for one logit`,
        );
      return labels
        ? { shape: prediction.slice(0, 1), type: "i32", classes }
        : { shape: prediction, type: "f32", range: [0, 1], distribution: classes };
    },
    apply: (logits, target) => {
      if (labels) return crossEntropyRows(logits, target, smoothing);
      const classes = logits.shape[1] as number;
      const smooth = smoothing === 0 ? target : add(mul(target, 1 - smoothing), smoothing / classes);
      return softCrossEntropy(logits, smooth);
    },
    correct: (logits, target) => equalLabelsOp([argmax(logits), labels ? target : argmax(target)]),
  };
}

/** One logit an example against a target in [0, 1]: softplus(x) − x·y. */
export function binaryCrossEntropy(): Loss {
  return {
    name: "binaryCrossEntropy",
    target: (prediction) => ({ shape: prediction, type: "f32", range: [0, 1] }),
    apply: (logit, target) => perExample(sub(softplus(logit), mul(logit, target))),
    correct: (logit, target) => perExample(equal(greater(logit, 0), greater(target, 0.5))),
  };
}

/** (prediction − target)², the mean over outputs. */
export function meanSquaredError(): Loss {
  return {
    name: "meanSquaredError",
    target: likePrediction,
    apply: (prediction, target) => perExample(square(sub(prediction, target))),
  };
}

/** |prediction − target|, the mean over outputs. */
export function meanAbsoluteError(): Loss {
  return {
    name: "meanAbsoluteError",
    target: likePrediction,
    apply: (prediction, target) => perExample(abs(sub(prediction, target))),
  };
}

/** r²/2 where |r| ≤ delta, delta·(|r| − delta/2) beyond (Huber 1964). */
export function huber(options: { readonly delta?: number } = {}): Loss {
  requireOptions("huber", options, ["delta"]);
  const { delta = 1 } = options;
  requirePositive("huber", "delta", delta);
  return {
    name: "huber",
    target: likePrediction,
    apply: (prediction, target) => {
      const r = abs(sub(prediction, target));
      const inner = minimum(r, delta);
      // inner²/2 + delta·(r − inner): one form for both branches
      return perExample(add(mul(0.5, square(inner)), mul(delta, sub(r, inner))));
    },
  };
}

/** max(0, 1 − y·f) for targets y of −1 or 1. */
export function hinge(): Loss {
  return {
    name: "hinge",
    target: (prediction) => ({ shape: prediction, type: "f32", values: [-1, 1] }),
    apply: (score, target) => perExample(maximum(sub(1, mul(score, target)), 0)),
    correct: (score, target) => perExample(greater(mul(score, target), 0)),
  };
}

/** What users hand over when they forget to call: as functions of tensors these make no sense. */
const uncalled: ReadonlySet<unknown> = new Set([
  crossEntropy,
  binaryCrossEntropy,
  meanSquaredError,
  meanAbsoluteError,
  huber,
  hinge,
]);

/** What is easily handed in without being called. */
const factories: ReadonlySet<unknown> = new Set([
  crossEntropy,
  binaryCrossEntropy,
  meanSquaredError,
  meanAbsoluteError,
  huber,
  hinge,
]);

/**
 * Whether losses of parts of a batch make the loss of the whole: one number an example, or a scalar that is a mean over
 * all rows, or sums and multiples of such.
 */
export function isMeanOverRows(loss: Tensor, rows: number): boolean {
  const { operation, inputs } = loss;
  const [a, b] = inputs as [Tensor, Tensor];
  const isFixed = (x: Tensor): boolean => topological([x]).every(({ operation: { name } }) => name !== "input");
  switch (operation.name) {
    case "mean":
      return a.shape[0] === rows;
    case "reshape":
    case "neg":
      return isMeanOverRows(a, rows);
    case "add":
    case "sub":
      return isMeanOverRows(a, rows) && isMeanOverRows(b, rows);
    case "mul":
      return (isFixed(a) && isMeanOverRows(b, rows)) || (isFixed(b) && isMeanOverRows(a, rows));
    case "div":
      return isMeanOverRows(a, rows) && isFixed(b);
    default:
      return false;
  }
}

/** Accepts a Loss or a function of operations. */
export function toLoss(loss: Loss | LossFunction): Loss {
  if (uncalled.has(loss))
    throw new Error(`createModel: loss must be a loss, got the function that makes it; write ${loss.name}()`);
  if (factories.has(loss))
    throw new Error(
      `createModel: loss is the function ${(loss as LossFunction).name} itself; call it, as in ${(loss as LossFunction).name}()`,
    );
  if (typeof loss === "function")
    return {
      name: loss.name || "loss",
      target: likePrediction,
      apply(prediction, target) {
        const value = loss(prediction, target);
        const batch = prediction.shape.slice(0, 1);
        if (value?.operation === undefined)
          throw new Error(`loss: expected a tensor made by operations, got ${show(value)}`);
        if (size(value) !== 1 && !sameShape(value.shape, batch))
          throw new Error(
            `loss: expected a scalar or one number an example ${showShape(batch)}, got ${showShape(value.shape)}`,
          );
        return value;
      },
    };
  if (typeof loss?.apply !== "function" || typeof loss.target !== "function")
    throw new Error(
      `createModel: loss must be a loss such as crossEntropy() or a function (prediction, target) => tensor, got ${show(loss)}`,
    );
  return loss;
}
