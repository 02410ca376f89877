// Losses of one score f against a target y of −1 or 1: functions of the margin y·f that stand in for the 0/1 loss.
import { requireOptions, requirePositive } from "../checks.ts";
import type { Tensor } from "../graph/tensor.ts";
import { add, div, equal, greater, maximum, minimum, mul, sub, where } from "../ops/binary.ts";
import { exp, neg, sigmoid, softplus, square } from "../ops/unary.ts";
import { requireClassWeights } from "./classWeights.ts";
import { type Loss, perExample } from "./loss.ts";

export interface MarginOptions {
  /** Factors [w₋₁, w₁] for targets −1 and 1. Default [1, 1]. */
  readonly classWeights?: readonly number[];
}

function marginLoss(name: string, of: (margin: Tensor) => Tensor, { classWeights }: MarginOptions): Loss {
  requireClassWeights(name, classWeights, 2);
  const [no, yes] = (classWeights ?? []) as [number, number];
  return {
    name,
    target: (prediction) => ({ shape: prediction, type: "f32", values: [-1, 1] }),
    apply(score, target) {
      const each = of(mul(score, target));
      return perExample(classWeights ? mul(each, where(greater(target, 0), yes, no)) : each);
    },
    link: "sigmoid",
    // A score of 0 is a no, as for the losses of logits and metrics.
    correct: (score, target) => perExample(equal(greater(score, 0), greater(target, 0))),
  };
}

const shortfall = (margin: Tensor): Tensor => maximum(sub(1, margin), 0);

/** max(0, 1 − y·f) for targets y of −1 or 1, the mean over outputs. */
export function hinge(options: MarginOptions = {}): Loss {
  requireOptions("hinge", options, ["classWeights"]);
  return marginLoss("hinge", shortfall, options);
}

/** max(0, 1 − y·f)². */
export function squaredHinge(options: MarginOptions = {}): Loss {
  requireOptions("squaredHinge", options, ["classWeights"]);
  return marginLoss("squaredHinge", (margin) => square(shortfall(margin)), options);
}

export interface SmoothHingeOptions extends MarginOptions {
  /** Width γ of the parabola that rounds the corner; default 1 (Rennie and Srebro 2005). */
  readonly gamma?: number;
}

/** h²/(2γ) where the shortfall h = max(0, 1 − y·f) is below γ, h − γ/2 beyond (Shalev-Shwartz and Zhang 2013). */
export function smoothHinge(options: SmoothHingeOptions = {}): Loss {
  requireOptions("smoothHinge", options, ["gamma", "classWeights"]);
  const { gamma = 1 } = options;
  requirePositive("smoothHinge", "gamma", gamma);
  const of = (margin: Tensor): Tensor => {
    const h = shortfall(margin);
    const inner = minimum(h, gamma);
    return add(div(square(inner), 2 * gamma), sub(h, inner));
  };
  return marginLoss("smoothHinge", of, options);
}

/** log(1 + exp(−y·f)): the binary cross-entropy, for targets of −1 and 1. */
export function logistic(options: MarginOptions = {}): Loss {
  requireOptions("logistic", options, ["classWeights"]);
  return marginLoss("logistic", (margin) => softplus(neg(margin)), options);
}

/** exp(−y·f), AdaBoost's loss. */
export function exponential(options: MarginOptions = {}): Loss {
  requireOptions("exponential", options, ["classWeights"]);
  return marginLoss("exponential", (margin) => exp(neg(margin)), options);
}

export interface RelaxedZeroOneOptions extends MarginOptions {
  /** T: the lower, the nearer to the 0/1 loss, and the fewer examples have a gradient. Default 1. */
  readonly temperature?: number;
}

/** σ(−y·f/T), in (0, 1): the 0/1 loss with its step made smooth. It is not convex. */
export function relaxedZeroOne(options: RelaxedZeroOneOptions = {}): Loss {
  requireOptions("relaxedZeroOne", options, ["temperature", "classWeights"]);
  const { temperature = 1 } = options;
  requirePositive("relaxedZeroOne", "temperature", temperature);
  return marginLoss("relaxedZeroOne", (margin) => sigmoid(mul(margin, -1 / temperature)), options);
}
