// grad: the public face of graph/grad.ts, with the operations it needs.
import { type Algebra, gradients } from "../graph/grad.ts";
import type { Tensor } from "../graph/tensor.ts";
import { add } from "./binary.ts";
import { constant } from "./leaves.ts";
import { concat, padOp } from "./movement.ts";

const zeros = (like: Tensor): Tensor => constant(0, like.shape);

const isPiece = (part: Tensor): boolean =>
  part.operation.name === padOp.name && part.shape.length === 1 && part.attributes.value === 0;

const start = (piece: Tensor): number => (piece.attributes.before as readonly number[])[0] as number;
const end = (piece: Tensor): number => start(piece) + ((piece.inputs[0] as Tensor).shape[0] as number);

/**
 * Σ of the parts. Slices of one flat vector send back pieces padded with zeros; pieces that do not overlap are joined
 * instead of added, which is what lets the plan write each layer's gradient straight into g.
 */
function accumulate(parts: readonly Tensor[], like: Tensor): Tensor {
  const pieces = parts.filter(isPiece).sort((a, b) => start(a) - start(b));
  const others = parts.filter((part) => !isPiece(part));
  const terms = [...others];
  for (let rest = pieces; rest.length > 0; ) {
    const left: Tensor[] = [];
    const joined: Tensor[] = [];
    let reached = 0;
    for (const piece of rest) {
      if (start(piece) < reached) {
        left.push(piece);
        continue;
      }
      if (start(piece) > reached) joined.push(constant(0, [start(piece) - reached]));
      joined.push(piece.inputs[0] as Tensor);
      reached = end(piece);
    }
    const total = like.shape[0] as number;
    if (reached < total) joined.push(constant(0, [total - reached]));
    terms.push(concat(joined));
    rest = left;
  }
  return terms.reduce((sum, term) => add(sum, term));
}

const algebra: Algebra = { accumulate, zeros, ones: (like) => constant(1, like.shape) };

/**
 * Gradients of `y` with respect to each tensor of `wrt`, as graph nodes: differentiate them again for second
 * derivatives. A Hessian-vector product is `grad(sum(mul(grad(loss, [w])[0], v)), [w])`.
 * @param y a scalar, unless `dy` gives a cotangent of y's shape
 * @throws where an operation between them has no derivative
 */
export function grad(y: Tensor, wrt: readonly Tensor[], dy?: Tensor): Tensor[] {
  return gradients(y, wrt, algebra, dy);
}
