// Reverse-mode differentiation, graph to graph: every rule returns nodes, so the gradient of a gradient needs nothing new.
import { showShape, size, type Tensor, topological } from "./tensor.ts";

/** What differentiation needs from the operations above it: passed in, so that the graph knows no operation by name. */
export interface Algebra {
  /** Sum of the cotangents that reach one node. */
  accumulate(parts: readonly Tensor[], like: Tensor): Tensor;
  zeros(like: Tensor): Tensor;
  ones(like: Tensor): Tensor;
}

/**
 * Gradients of `y` (a scalar, unless a cotangent `dy` of y's shape is given) with respect to each of `wrt`.
 * A tensor that y does not depend on has gradient zero. Throws for an operation that has no derivative.
 */
export function gradients(y: Tensor, wrt: readonly Tensor[], algebra: Algebra, dy?: Tensor): Tensor[] {
  const found = reverse(y, wrt, algebra, dy, false);
  return wrt.map((tensor) => found.get(tensor) ?? algebra.zeros(tensor));
}

/**
 * The reverse walk. With `cut`, the targets are leaves: nothing is passed on to what they are made of, so that the
 * result is the partial derivative by each.
 */
function reverse(
  y: Tensor,
  wrt: readonly Tensor[],
  algebra: Algebra,
  dy: Tensor | undefined,
  cut: boolean,
): ReadonlyMap<Tensor, Tensor> {
  if (!dy && size(y) !== 1)
    throw new Error(`grad: expected a scalar, got ${showShape(y.shape)}; reduce it with sum() or mean() first`);
  const order = topological([y]);
  const targets = new Set(wrt);
  const relevant = new Set<Tensor>();
  for (const node of order)
    if (targets.has(node) || node.inputs.some((input) => relevant.has(input))) relevant.add(node);

  const parts = new Map<Tensor, Tensor[]>([[y, [dy ?? algebra.ones(y)]]]);
  const result = new Map<Tensor, Tensor>();
  for (const node of order.reverse()) {
    const received = parts.get(node);
    if (!received || !relevant.has(node)) continue;
    const cotangent = received.length === 1 ? (received[0] as Tensor) : algebra.accumulate(received, node);
    if (targets.has(node)) result.set(node, cotangent);
    if ((cut && targets.has(node)) || !node.inputs.some((input) => relevant.has(input))) continue;
    inputGradients(node, cotangent, algebra).forEach((part, i) => {
      const input = node.inputs[i] as Tensor;
      if (!part || !relevant.has(input)) return;
      const known = parts.get(input);
      if (known) known.push(part);
      else parts.set(input, [part]);
    });
  }
  return result;
}

function inputGradients(node: Tensor, dy: Tensor, algebra: Algebra): readonly (Tensor | null)[] {
  const { gradient, decompose, name } = node.operation;
  if (gradient) return gradient(dy, node);
  if (!decompose) throw new Error(`grad: ${name} has no derivative`);
  const partial = reverse(decompose(node), node.inputs, algebra, dy, true);
  // An input that is given twice has one derivative: hand it on once.
  return node.inputs.map((input, i) => (node.inputs.indexOf(input) === i ? (partial.get(input) ?? null) : null));
}
