// Losses of class scores: logits against labels or distributions.
import { requireFinite, requireOneOf, requireOptions, requireWithin, show } from "../checks.ts";
import { type Shape, showShape, type Tensor } from "../graph/tensor.ts";
import { add, equal, greater, maximum, mul, sub } from "../ops/binary.ts";
import { crossEntropy as crossEntropyRows, equalLabelsOp, softCrossEntropy } from "../ops/crossEntropy.ts";
import { constant } from "../ops/leaves.ts";
import { argmax, logSumExp, sum } from "../ops/reduce.ts";
import { oneHot } from "../ops/rows.ts";
import { logSoftmax } from "../ops/softmax.ts";
import { exp, log, neg, softplus } from "../ops/unary.ts";
import { requireClassWeights } from "./classWeights.ts";
import { type Loss, perExample, type TargetSpecification } from "./loss.ts";

/** Throws unless a network gives scores of at least two classes → how many. */
function classesOf(call: string, prediction: Shape): number {
  const classes = prediction[1] as number;
  if (prediction.length !== 2 || classes < 2)
    throw new Error(
      `${call}: expected a network output of [batch, classes] with at least 2 classes, got ${showShape(prediction)}; end the network with flatten() and dense(classes), or use binaryCrossEntropy() for one logit`,
    );
  return classes;
}

const labelsOf = (call: string, prediction: Shape): TargetSpecification => ({
  shape: prediction.slice(0, 1),
  type: "i32",
  classes: classesOf(call, prediction),
});
const distributionsOf = (call: string, prediction: Shape): TargetSpecification => ({
  shape: prediction,
  type: "f32",
  range: [0, 1],
  distribution: classesOf(call, prediction),
});

const labelIsLargest = (logits: Tensor, labels: Tensor): Tensor => equalLabelsOp([argmax(logits), labels]);
const likeliestIsLargest = (logits: Tensor, target: Tensor): Tensor => equalLabelsOp([argmax(logits), argmax(target)]);

export interface CrossEntropyOptions {
  /** s in [0, 1): the target is (1 − s) on the label and s/classes everywhere besides. Default 0. */
  readonly smoothing?: number;
  /** "labels": integers [batch]; "probabilities": a distribution for each example, [batch, classes]. Default "labels". */
  readonly targets?: "labels" | "probabilities";
  /**
   * Factor w_c of each class's term −t_c·log p_c. The mean is over the examples, whatever their weights; PyTorch divides
   * by the sum of the weights instead. Default 1 for all.
   */
  readonly classWeights?: readonly number[];
}

/** Softmax cross-entropy of logits [batch, classes]. */
export function crossEntropy(options: CrossEntropyOptions = {}): Loss {
  requireOptions("crossEntropy", options, ["smoothing", "targets", "classWeights"]);
  const { smoothing = 0, targets = "labels", classWeights } = options;
  requireWithin("crossEntropy", "smoothing", smoothing, 0, 1, true);
  requireOneOf("crossEntropy", "targets", targets, ["labels", "probabilities"]);
  requireClassWeights("crossEntropy", classWeights);
  const labels = targets === "labels";
  return {
    name: "crossEntropy",
    target(prediction) {
      const specification = (labels ? labelsOf : distributionsOf)("crossEntropy", prediction);
      requireClassWeights("crossEntropy", classWeights, prediction[1]);
      return specification;
    },
    apply: (logits, target) => {
      if (labels && !classWeights) return crossEntropyRows(logits, target, smoothing);
      const classes = logits.shape[1] as number;
      const [on, off] = [1 - smoothing + smoothing / classes, smoothing / classes];
      const distribution = labels
        ? oneHot(target, classes, { on, off })
        : smoothing === 0
          ? target
          : add(mul(target, 1 - smoothing), off);
      return softCrossEntropy(logits, classWeights ? mul(distribution, constant(classWeights)) : distribution);
    },
    link: "softmax",
    correct: labels ? labelIsLargest : likeliestIsLargest,
  };
}

export interface FocalOptions {
  /** γ ≥ 0: how much less the examples count that are right already; 0 is the cross-entropy. Default 2. */
  readonly gamma?: number;
  /** Factor α_c for the examples of each class. Default 1 for all. */
  readonly classWeights?: readonly number[];
}

function requireFocalOptions(call: string, options: FocalOptions, classes?: number): void {
  requireOptions(call, options, ["gamma", "classWeights"]);
  const { gamma = 2, classWeights } = options;
  requireFinite(call, "gamma", gamma);
  if (gamma < 0) throw new Error(`${call}: gamma must be ≥ 0, got ${show(gamma)}`);
  requireClassWeights(call, classWeights, classes);
}

/** −(1 − p)^γ·log p, p the softmax probability of the label: logits [batch, classes] (Lin et al. 2017). */
export function focal(options: FocalOptions = {}): Loss {
  requireFocalOptions("focal", options);
  const { gamma = 2, classWeights } = options;
  return {
    name: "focal",
    target(prediction) {
      const specification = labelsOf("focal", prediction);
      requireClassWeights("focal", classWeights, prediction[1]);
      return specification;
    },
    apply(logits, labels) {
      const classes = logits.shape[1] as number;
      // log(1 − p) from the other logits: no difference of numbers near 1
      const others = logSumExp(sub(logits, oneHot(labels, classes, { on: 1e30 })), 1);
      const factor = exp(mul(gamma, sub(others, logSumExp(logits, 1))));
      const each = mul(factor, crossEntropyRows(logits, labels));
      return classWeights ? mul(each, sum(mul(oneHot(labels, classes), constant(classWeights)), 1)) : each;
    },
    link: "softmax",
    correct: labelIsLargest,
  };
}

/** The same of one logit an output, p = σ(logit), against targets 0 and 1; the mean over outputs. */
export function binaryFocal(options: FocalOptions = {}): Loss {
  requireFocalOptions("binaryFocal", options, 2);
  const { gamma = 2, classWeights } = options;
  return {
    name: "binaryFocal",
    target: (prediction) => ({ shape: prediction, type: "f32", values: [0, 1] }),
    apply(logit, target) {
      const z = mul(logit, sub(mul(2, target), 1));
      const each = mul(exp(mul(-gamma, softplus(z))), softplus(neg(z)));
      const [no, yes] = classWeights ?? [1, 1];
      return perExample(
        classWeights ? mul(each, add(mul(yes as number, target), mul(no as number, sub(1, target)))) : each,
      );
    },
    link: "sigmoid",
    correct: yesIsPositive,
  };
}

export interface BinaryCrossEntropyOptions {
  /** Factors [w₀, w₁] of the terms for target 0 and target 1. Default [1, 1]. */
  readonly classWeights?: readonly number[];
}

/** One logit an output against a target in [0, 1]: softplus(x) − x·y, the mean over outputs. */
export function binaryCrossEntropy(options: BinaryCrossEntropyOptions = {}): Loss {
  requireOptions("binaryCrossEntropy", options, ["classWeights"]);
  const { classWeights } = options;
  requireClassWeights("binaryCrossEntropy", classWeights, 2);
  return {
    name: "binaryCrossEntropy",
    target: (prediction) => ({ shape: prediction, type: "f32", range: [0, 1] }),
    apply(logit, target) {
      if (!classWeights) return perExample(sub(softplus(logit), mul(logit, target)));
      const [no, yes] = classWeights as [number, number];
      const ifYes = mul(mul(yes, target), softplus(neg(logit)));
      const ifNo = mul(mul(no, sub(1, target)), softplus(logit));
      return perExample(add(ifYes, ifNo));
    },
    link: "sigmoid",
    correct: yesIsPositive,
  };
}

const yesIsPositive = (logit: Tensor, target: Tensor): Tensor =>
  perExample(equal(greater(logit, 0), greater(target, 0.5)));

/** Least positive number that logarithms need see: 0·log 0 is 0. */
const TINY = 2 ** -126;

export interface KlDivergenceOptions {
  /** Factor w_c of each class's term. Default 1 for all. */
  readonly classWeights?: readonly number[];
}

/**
 * Σ t·(log t − log softmax(logits)), from targets that are distributions [batch, classes]: the cross-entropy less its
 * least value.
 */
export function klDivergence(options: KlDivergenceOptions = {}): Loss {
  requireOptions("klDivergence", options, ["classWeights"]);
  const { classWeights } = options;
  requireClassWeights("klDivergence", classWeights);
  return {
    name: "klDivergence",
    target(prediction) {
      const specification = distributionsOf("klDivergence", prediction);
      requireClassWeights("klDivergence", classWeights, prediction[1]);
      return specification;
    },
    apply(logits, target) {
      const terms = mul(target, sub(log(maximum(target, TINY)), logSoftmax(logits)));
      return sum(classWeights ? mul(terms, constant(classWeights)) : terms, 1);
    },
    link: "softmax",
    correct: likeliestIsLargest,
  };
}
