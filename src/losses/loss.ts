// What a loss is: the relaxed proxy of a risk. It gives one number an example; the model takes the mean.

import { show } from "../checks.ts";
import { type DataType, type Shape, sameShape, showShape, size, type Tensor, topological } from "../graph/tensor.ts";
import { reshape } from "../ops/movement.ts";
import { mean } from "../ops/reduce.ts";

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
  /**
   * What makes probabilities of the outputs, for metrics: the softmax of an example's logits, or the sigmoid of each
   * score. Of scores that are no logits, such as hinge's, the order and the side of ½ are what counts; a score of 0, which
   * is ½, is a no.
   */
  readonly link?: "softmax" | "sigmoid";
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
export const perExample = (x: Tensor): Tensor =>
  x.shape.length === 1 ? x : mean(reshape(x, [x.shape[0] as number, -1]), 1);

export const likePrediction = (prediction: Shape): TargetSpecification => ({ shape: prediction, type: "f32" });

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

const isLoss = (value: unknown): value is Loss =>
  typeof (value as Loss | undefined)?.apply === "function" && typeof (value as Loss).target === "function";

/** Accepts a Loss or a function of operations. */
export function toLoss(loss: Loss | LossFunction): Loss {
  // By what it does, not by name: a list of all losses would keep them in every page.
  if (typeof loss === "function" && loss.length === 0 && isLoss((loss as () => unknown)()))
    throw new Error(`createModel: loss must be a loss, got the function that makes it; write ${loss.name}()`);
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
  if (!isLoss(loss))
    throw new Error(
      `createModel: loss must be a loss such as crossEntropy() or a function (prediction, target) => tensor, got ${show(loss)}`,
    );
  return loss;
}
