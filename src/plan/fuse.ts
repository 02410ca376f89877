// Joins neighbouring operations into one kernel where that saves passes over memory.
import { createTensor, sameShape, size, type Tensor, topological } from "../graph/tensor.ts";
import { dotOp, sumSquaresOp } from "../ops/dot.ts";
import { fusedMatmulOp } from "../ops/matmul.ts";
import { rewrite } from "./simplify.ts";

type Rule = (node: Tensor, usedOnce: (tensor: Tensor) => boolean) => Tensor | undefined;

const name = (tensor: Tensor): string => tensor.operation.name;
const input = (tensor: Tensor, i = 0): Tensor => tensor.inputs[i] as Tensor;
const isMatrixProduct = (tensor: Tensor): boolean => name(tensor) === "matmul" && tensor.shape.length === 2;

/** matmul + row vector → one kernel */
const bias: Rule = (node, usedOnce) => {
  if (name(node) !== "add") return undefined;
  const at = node.inputs.findIndex((x) => isMatrixProduct(x) && usedOnce(x) && sameShape(x.shape, node.shape));
  const row = node.inputs[1 - at];
  if (at < 0 || row?.shape.length !== 1 || row.shape[0] !== node.shape[1]) return undefined;
  const product = input(node, at);
  return fusedMatmulOp([...product.inputs, row], { ...product.attributes, epilogue: "bias" });
};

/** relu behind matmul + bias */
const biasRelu: Rule = (node, usedOnce) => {
  const x = input(node);
  if (name(node) !== "relu" || name(x) !== "fusedMatmul" || x.attributes.epilogue !== "bias" || !usedOnce(x))
    return undefined;
  return createTensor(x.operation, x.inputs, x.shape, { ...x.attributes, epilogue: "biasRelu" });
};

/** x + product, as when a regulariser's gradient meets a layer's: the product is added to x where x lies */
const accumulate: Rule = (node, usedOnce) => {
  if (name(node) !== "add") return undefined;
  const at = node.inputs.findIndex((x) => isMatrixProduct(x) && usedOnce(x));
  const other = node.inputs[1 - at];
  if (at < 0 || !other || !usedOnce(other) || node.inputs.some((x) => !sameShape(x.shape, node.shape)))
    return undefined;
  const product = input(node, at);
  return fusedMatmulOp([...product.inputs, other], { ...product.attributes, epilogue: "accumulate" });
};

/** relu's gradient of a product */
const reluMask: Rule = (node, usedOnce) => {
  const x = input(node);
  if (name(node) !== "reluGradient" || !isMatrixProduct(x) || !usedOnce(x)) return undefined;
  return fusedMatmulOp([...x.inputs, input(node, 1)], { ...x.attributes, epilogue: "reluMask" });
};

/** Σ a·b and Σ x² over everything */
const dot: Rule = (node, usedOnce) => {
  const x = input(node);
  if (name(node) !== "sum" || size(node) !== 1 || !usedOnce(x)) return undefined;
  if (name(x) === "square") return sumSquaresOp([input(x)], { shape: node.shape });
  if (name(x) !== "mul" || !sameShape(input(x).shape, input(x, 1).shape)) return undefined;
  return dotOp(x.inputs, { shape: node.shape });
};

const rules: readonly Rule[] = [bias, biasRelu, reluMask, accumulate, dot];

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
