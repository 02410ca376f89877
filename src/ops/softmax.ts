// Softmax and log-softmax over any axis, with their gradients.
import { type Operand, type Shape, size, type Tensor } from "../graph/tensor.ts";
import { mul, sub } from "./binary.ts";
import { transpose } from "./movement.ts";
import { op } from "./op.ts";
import { sum } from "./reduce.ts";
import { normalizeAxes } from "./shapes.ts";
import { exp } from "./unary.ts";

const rowsOf = (y: { readonly shape: Shape }): [number, number] => {
  const n = y.shape.at(-1) as number;
  return [n === 0 ? 0 : size(y) / n, n];
};
const examples = [{ shapes: [[3, 5]] }, { shapes: [[2, 3, 10]] }, { shapes: [[1, 1]] }];
const pairs = [{ shapes: [[3, 5], [3, 5]] }, { shapes: [[2, 10], [2, 10]] }]; // biome-ignore format: pairs

/** y·(dy − Σ dy·y) */
const softmaxGradientOp = /* @__PURE__ */ op("softmaxGradient", {
  shape: ([dy]) => dy as Shape,
  emit: (k, dx, [dy, y]) => k.softmaxGradient(dx, dy as Operand, y as Operand, ...rowsOf(dx)),
  decompose: (node) => {
    const [dy, y] = node.inputs as [Tensor, Tensor];
    return mul(y, sub(dy, sum(mul(dy, y), -1, true)));
  },
  examples: () => pairs,
});
const softmaxOp = /* @__PURE__ */ op("softmax", {
  shape: ([x]) => x as Shape,
  emit: (k, y, [x]) => k.softmax(y, x as Operand, ...rowsOf(y)),
  gradient: (dy, y) => [softmaxGradientOp([dy, y])],
  examples: () => examples,
});

/** dy − exp(y)·Σ dy */
const logSoftmaxGradientOp = /* @__PURE__ */ op("logSoftmaxGradient", {
  shape: ([dy]) => dy as Shape,
  emit: (k, dx, [dy, y]) => k.logSoftmaxGradient(dx, dy as Operand, y as Operand, ...rowsOf(dx)),
  decompose: (node) => {
    const [dy, y] = node.inputs as [Tensor, Tensor];
    return sub(dy, mul(exp(y), sum(dy, -1, true)));
  },
  examples: () => pairs,
});
const logSoftmaxOp = /* @__PURE__ */ op("logSoftmax", {
  shape: ([x]) => x as Shape,
  emit: (k, y, [x]) => k.logSoftmax(y, x as Operand, ...rowsOf(y)),
  gradient: (dy, y) => [logSoftmaxGradientOp([dy, y])],
  examples: () => examples,
});

/** Applies a last-axis operation along `axis`. */
function along(call: string, x: Tensor, axis: number, apply: (x: Tensor) => Tensor): Tensor {
  const last = x.shape.length - 1;
  const [at] = normalizeAxes(call, axis, x.shape.length) as [number];
  if (at === last) return apply(x);
  const order = x.shape.map((_, i) => (i === at ? last : i === last ? at : i));
  return transpose(apply(transpose(x, order)), order);
}

/** exp x / Σ exp x along an axis; the largest element is subtracted first. */
export const softmax = (x: Tensor, axis = -1): Tensor => along("softmax", x, axis, (t) => softmaxOp([t]));
/** log of softmax, without its underflow. */
export const logSoftmax = (x: Tensor, axis = -1): Tensor => along("logSoftmax", x, axis, (t) => logSoftmaxOp([t]));
