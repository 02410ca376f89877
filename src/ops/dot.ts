// Full reductions of products, in one pass: what the plan makes of sum(mul(a, b)) and sum(square(x)).
import { type Operand, type Shape, size } from "../graph/tensor.ts";
import { mul } from "./binary.ts";
import { reshape } from "./movement.ts";
import { op } from "./op.ts";
import { sum } from "./reduce.ts";
import { square } from "./unary.ts";

const shape = (_: readonly Shape[], attributes: { readonly shape?: unknown }): Shape => attributes.shape as Shape;

/** Σ a·b */
export const dotOp = /* @__PURE__ */ op("dot", {
  shape,
  emit: (k, y, [a, b]) => k.dot(y, a as Operand, b as Operand, size(a as Operand)),
  decompose: ({ inputs: [a, b], shape: to }) => reshape(sum(mul(a as never, b as never)), to),
  examples: () => [{ shapes: [[17], [17]], attributes: { shape: [] } }],
});

/** Σ x² */
export const sumSquaresOp = /* @__PURE__ */ op("sumSquares", {
  shape,
  emit: (k, y, [x]) => k.sumSquares(y, x as Operand, size(x as Operand)),
  decompose: ({ inputs: [x], shape: to }) => reshape(sum(square(x as never)), to),
  examples: () => [{ shapes: [[3, 5]], attributes: { shape: [] } }],
});
