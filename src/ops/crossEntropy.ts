// Cross-entropy of logits against integer labels: softmax, log and pick in one pass forward and one back.
import { type Operand, type Shape, showShape, type Tensor } from "../graph/tensor.ts";
import { mul, sub } from "./binary.ts";
import { broadcastTo, reshape } from "./movement.ts";
import { op } from "./op.ts";
import { logSumExp, sum } from "./reduce.ts";
import { oneHot } from "./rows.ts";
import { exp } from "./unary.ts";

/** Gradient by the logits: dy·(softmax − target), the target being (1 − s)·1[j = label] + s/n. dy: [m] or a scalar. */
const crossEntropyGradientOp = /* @__PURE__ */ op("crossEntropyGradient", {
  shape: (shapes) => shapes[1] as Shape,
  inputTypes: ["f32", "f32", "f32", "i32"],
  broadcasts: [0],
  emit: (k, dx, [dy, logits, lse, labels], attributes) => {
    const [m, n] = dx.shape as [number, number];
    const step = (dy as Operand).shape.length === 0 || (dy as Operand).shape[0] === 1 ? 0 : 1;
    k.crossEntropyGradient(
      dx,
      dy as Operand,
      step,
      logits as Operand,
      lse as Operand,
      labels as Operand,
      m,
      n,
      attributes.smoothing as number,
    );
  },
  decompose: (node) => {
    const [dy, logits, , labels] = node.inputs as [Tensor, Tensor, Tensor, Tensor];
    const [m, n] = logits.shape as [number, number];
    const s = node.attributes.smoothing as number;
    // From the logits alone: the saved log-sum-exp is a shortcut, not another variable.
    const probabilities = exp(sub(logits, logSumExp(logits, 1, true)));
    const target = oneHot(labels, n, { on: 1 - s + s / n, off: s / n });
    return mul(reshape(broadcastTo(dy, [m]), [m, 1]), sub(probabilities, target));
  },
  examples: () => [
    { shapes: [[3], [3, 5], [3], [3]], integers: { 3: 5 }, attributes: { smoothing: 0.1 } },
    { shapes: [[], [4, 10], [4], [4]], integers: { 3: 10 }, attributes: { smoothing: 0 } },
  ],
});

/** Per row: lse − (1 − s)·x[label] − (s/n)·Σ x. */
const crossEntropyOp = /* @__PURE__ */ op("crossEntropy", {
  shape: ([logits, lse, labels]) => {
    if (logits?.length !== 2 || labels?.length !== 1 || labels[0] !== logits[0] || lse?.[0] !== logits[0])
      throw new Error(
        `crossEntropy: expected logits [batch, classes] and labels [batch], got ${showShape(logits ?? [])} and ${showShape(labels ?? [])}; reshape or flatten them first`,
      );
    return labels;
  },
  inputTypes: ["f32", "f32", "i32"],
  emit: (k, y, [logits, lse, labels], attributes) => {
    const [m, n] = (logits as Operand).shape as [number, number];
    k.crossEntropy(y, logits as Operand, lse as Operand, labels as Operand, m, n, attributes.smoothing as number);
  },
  // The whole derivative by the logits, the one through lse included: lse itself gets none.
  gradient: (dy, y) => [crossEntropyGradientOp([dy, ...y.inputs], y.attributes), null, null],
  examples: () => [],
});

/**
 * −Σ target·log softmax(logits) for each row.
 * @param logits [batch, classes]
 * @param labels [batch], i32, in [0, classes)
 * @param smoothing s in [0, 1): the target is (1 − s) on the label and s/classes everywhere besides (Szegedy et al. 2016)
 * @returns [batch]
 */
export function crossEntropy(logits: Tensor, labels: Tensor, smoothing = 0): Tensor {
  if (!(smoothing >= 0 && smoothing < 1))
    throw new Error(`crossEntropy: smoothing must be in [0, 1), got ${smoothing}`);
  if (logits.shape.length !== 2)
    throw new Error(
      `crossEntropy: expected logits [batch, classes], got ${showShape(logits.shape)}; reshape or flatten them first`,
    );
  return crossEntropyOp([logits, logSumExp(logits, 1), labels], { smoothing });
}

/** −Σ target·log softmax(logits) for each row, with a distribution as target: [batch, classes]. */
export function softCrossEntropy(logits: Tensor, target: Tensor): Tensor {
  return sub(mul(logSumExp(logits, 1), sumLast(target)), sumLast(mul(target, logits)));
}
const sumLast = (x: Tensor): Tensor => sum(x, -1);

/** 1 where two label vectors agree, else 0. */
export const equalLabelsOp = /* @__PURE__ */ op("equalLabels", {
  shape: ([a]) => a as Shape,
  inputTypes: ["i32", "i32"],
  emit: (k, y, [a, b]) => k.equalLabels(y, a as Operand, b as Operand, (y.shape[0] ?? 1) as number),
  gradient: () => [null, null],
  examples: () => [],
});
