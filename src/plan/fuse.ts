// Joins neighbouring operations into one kernel where that saves passes over memory.
import { createTensor, sameShape, size, type Tensor, topological } from "../graph/tensor.ts";
import { fusedConvolutions } from "../ops/conv.ts";
import { dotOp, sumSquaresOp } from "../ops/dot.ts";
import { type Epilogue, fusedMatmulOp } from "../ops/matmul.ts";
import type { DefinedOperation } from "../ops/op.ts";
import { normalizeRules } from "./fuseNormalize.ts";
import { input, name, type Rule } from "./rule.ts";
import { rewrite } from "./simplify.ts";

/** The twin of a product that does something to its tiles on their way out. */
function fusedTwin(tensor: Tensor): DefinedOperation | undefined {
  if (name(tensor) === "matmul") return tensor.shape.length === 2 ? fusedMatmulOp : undefined;
  return fusedConvolutions[name(tensor) as keyof typeof fusedConvolutions];
}
const isProduct = (tensor: Tensor): boolean => fusedTwin(tensor) !== undefined;

function withEpilogue(product: Tensor, extra: Tensor, epilogue: Epilogue): Tensor {
  const twin = fusedTwin(product) as DefinedOperation;
  return twin([...product.inputs, extra], { ...product.attributes, epilogue });
}

/** product + row vector → one kernel */
const bias: Rule = (node, usedOnce) => {
  if (name(node) !== "add") return undefined;
  const takesBias = (x: Tensor): boolean => name(x) === "conv2d" || (name(x) === "matmul" && isProduct(x));
  const at = node.inputs.findIndex((x) => takesBias(x) && usedOnce(x) && sameShape(x.shape, node.shape));
  const row = node.inputs[1 - at];
  if (at < 0 || row?.shape.length !== 1 || row.shape[0] !== node.shape.at(-1)) return undefined;
  return withEpilogue(input(node, at), row, "bias");
};

/** relu behind product + bias */
const biasRelu: Rule = (node, usedOnce) => {
  const x = input(node);
  if (name(node) !== "relu" || x.attributes.epilogue !== "bias" || !usedOnce(x)) return undefined;
  return createTensor(x.operation, x.inputs, x.shape, { ...x.attributes, epilogue: "biasRelu" });
};

/** x + product, as when a regulariser's gradient meets a layer's: the product is added to x where x lies */
const accumulate: Rule = (node, usedOnce) => {
  if (name(node) !== "add") return undefined;
  const at = node.inputs.findIndex((x) => isProduct(x) && usedOnce(x));
  const other = node.inputs[1 - at];
  if (at < 0 || !other || !usedOnce(other) || node.inputs.some((x) => !sameShape(x.shape, node.shape)))
    return undefined;
  return withEpilogue(input(node, at), other, "accumulate");
};

/** relu's gradient of a product */
const reluMask: Rule = (node, usedOnce) => {
  const x = input(node);
  if (name(node) !== "reluGradient" || !usedOnce(x)) return undefined;
  const takesMask = name(x) === "conv2dInputGradient" || (name(x) === "matmul" && isProduct(x));
  return takesMask ? withEpilogue(x, input(node, 1), "reluMask") : undefined;
};

/** Σ a·b and Σ x² over everything */
const dot: Rule = (node, usedOnce) => {
  const x = input(node);
  if (name(node) !== "sum" || size(node) !== 1 || !usedOnce(x)) return undefined;
  if (name(x) === "square") return sumSquaresOp([input(x)], { shape: node.shape });
  if (name(x) !== "mul" || !sameShape(input(x).shape, input(x, 1).shape)) return undefined;
  return dotOp(x.inputs, { shape: node.shape });
};

const rules: readonly Rule[] = [bias, biasRelu, reluMask, accumulate, dot, ...normalizeRules];

/** Applies every rule once, in the order of the graph. */
export function fuse(roots: readonly Tensor[]): Tensor[] {
  const uses = new Map<Tensor, number>();
  for (const node of topological(roots)) for (const x of node.inputs) uses.set(x, (uses.get(x) ?? 0) + 1);
  for (const root of roots) uses.set(root, (uses.get(root) ?? 0) + 1);
  const order = topological(roots).sort((a, b) => a.id - b.id);
  // rewrite() makes new nodes: how often each is used is that of the node it stands for.
  const count = new Map<Tensor, number>();
  let at = 0;
  return rewrite(roots, (node) => {
    const original = order[at++] as Tensor;
    let result = node;
    for (const rule of rules) result = rule(result, (x) => count.get(x) === 1) ?? result;
    count.set(result, uses.get(original) ?? 0);
    return result;
  });
}
