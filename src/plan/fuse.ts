// Joins neighbouring operations into one kernel where that saves passes over memory.
import { type Fusion, sameShape, size, type Tensor, topological } from "../graph/tensor.ts";
import { dotOp, sumSquaresOp } from "../ops/dot.ts";
import { input, name } from "../ops/fusion.ts";
import { rewrite } from "./simplify.ts";

/** Σ a·b and Σ x² over everything */
const dot: Fusion = (node, usedOnce) => {
  const x = input(node);
  if (name(node) !== "sum" || size(node) !== 1 || !usedOnce(x)) return undefined;
  if (name(x) === "square") return sumSquaresOp([input(x)], { shape: node.shape });
  if (name(x) !== "mul" || !sameShape(input(x).shape, input(x, 1).shape)) return undefined;
  return dotOp(x.inputs, { shape: node.shape });
};

/** What to try on a node: what its own operation knows, and the operations it reads. */
const fusionsAt = (node: Tensor): ReadonlySet<Fusion> =>
  new Set([node, ...node.inputs].flatMap((tensor) => tensor.operation.fusions ?? []).concat(dot));

/** Tries every fusion once, in the order of the graph. */
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
    for (const fusion of fusionsAt(node)) result = fusion(result, (x) => count.get(x) === 1) ?? result;
    count.set(result, uses.get(original) ?? 0);
    return result;
  });
}
