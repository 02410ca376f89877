// Rules for normalisation: the relu behind it, and one pass over memory for all that reaches its input.
import { sameShape, type Tensor } from "../graph/tensor.ts";
import { normalizeGradientOp, normalizeOp, normalizeSumsOp } from "../ops/batchNorm.ts";
import { input, name, type Rule } from "./rule.ts";

/** relu behind normalize */
const normalizeRelu: Rule = (node, usedOnce) => {
  const x = input(node);
  return name(node) === "relu" && name(x) === "normalize" && usedOnce(x)
    ? normalizeOp(x.inputs, { relu: true })
    : undefined;
};

/**
 * dy and shift, where g is relu's gradient behind this very normalize: its sign is found again from x, which is read
 * anyway, so that neither y is read nor g written.
 */
function gate(g: Tensor, x: Tensor, mean: Tensor, factor: Tensor): { dy: Tensor; shift: Tensor } | undefined {
  if (name(g) !== "reluGradient") return undefined;
  const [dy, y] = g.inputs as [Tensor, Tensor];
  const same = name(y) === "normalize" && y.attributes.relu && [x, mean, factor].every((t, i) => input(y, i) === t);
  return same ? { dy, shift: input(y, 3) } : undefined;
}

const gatedSums: Rule = (node) => {
  if (name(node) !== "normalizeSums" || node.attributes.relu) return undefined;
  const [g, x, mean, factor] = node.inputs as [Tensor, Tensor, Tensor, Tensor];
  const found = gate(g, x, mean, factor);
  return found && normalizeSumsOp([found.dy, ...node.inputs.slice(1)], { relu: true });
};

/** g·factor, which reaches x through normalize, plus what reaches it through its statistics */
const jointGradient: Rule = (node, usedOnce) => {
  if (name(node) !== "add") return undefined;
  const at = node.inputs.findIndex((x) => name(x) === "batchStatisticsGradient" && usedOnce(x));
  const product = node.inputs[1 - at];
  if (at < 0 || !product || name(product) !== "mul" || !usedOnce(product)) return undefined;
  const [slopes, x, mean] = input(node, at).inputs as [Tensor, Tensor, Tensor];
  const [g, factor] = product.inputs as [Tensor, Tensor];
  if (!sameShape(g.shape, x.shape) || !sameShape(factor.shape, mean.shape)) return undefined;
  const found = gate(g, x, mean, factor);
  // Without relu the shift decides nothing.
  return normalizeGradientOp([found?.dy ?? g, x, mean, factor, found?.shift ?? mean, slopes], {
    relu: found !== undefined,
  });
};

export const normalizeRules: readonly Rule[] = [normalizeRelu, gatedSums, jointGradient];
