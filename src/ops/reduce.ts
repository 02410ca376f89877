// Reductions over any axes: sum mean max min argmax argmin logSumExp, and what is made of them.
import { type Emitter, type Operand, type Shape, size, type Tensor } from "../graph/tensor.ts";
import { div, equal, mul, sub } from "./binary.ts";
import { broadcastTo, reshape, transpose } from "./movement.ts";
import { op } from "./op.ts";
import { normalizeAxes } from "./shapes.ts";
import { exp, square } from "./unary.ts";

type ReduceKernel = "sum" | "mean" | "max" | "min" | "logSumExp" | "argmax" | "argmin";

/** The primitive reduces `count` neighbouring axes from `axis` on: x is [outer, n, inner], y is [outer, inner]. */
function reduction(kernel: ReduceKernel, gradient?: (dy: Tensor, y: Tensor, x: Tensor) => Tensor) {
  return op(kernel, {
    shape: ([x], { axis, count }) =>
      (x as Shape).filter((_, i) => i < (axis as number) || i >= (axis as number) + (count as number)),
    type: kernel.startsWith("arg") ? "i32" : "f32",
    emit: (k: Emitter, y, [x], { axis, count }) => {
      const { shape } = x as Operand;
      const end = (axis as number) + (count as number);
      k[kernel](
        y,
        x as Operand,
        size(shape.slice(0, axis as number)),
        size(shape.slice(axis as number, end)),
        size(shape.slice(end)),
      );
    },
    ...(gradient && {
      gradient: (dy: Tensor, y: Tensor) => {
        const x = y.inputs[0] as Tensor;
        // dy and y with extents of 1 where axes were reduced, so that they broadcast against x
        const open = reduced(x.shape, y.attributes.axis as number, y.attributes.count as number);
        return [gradient(reshape(dy, open), reshape(y, open), x)];
      },
    }),
    examples: () =>
      kernel.startsWith("arg")
        ? []
        : [
            { shapes: [[3, 5]], attributes: { axis: 1, count: 1 } },
            { shapes: [[4, 3]], attributes: { axis: 0, count: 1 } },
            { shapes: [[2, 3, 2, 5]], attributes: { axis: 1, count: 2 } },
            { shapes: [[17]], attributes: { axis: 0, count: 1 } },
          ],
  });
}

const reduced = (shape: Shape, axis: number, count: number): Shape =>
  shape.map((extent, i) => (i >= axis && i < axis + count ? 1 : extent));

/** dy shared equally among the elements that attain the extremum, as in NumPy-style autograd. */
const extremumGradient = (dy: Tensor, y: Tensor, x: Tensor): Tensor => {
  const attained = equal(x, y);
  return mul(attained, div(dy, sumTo(attained, y.shape)));
};

const primitives = {
  sum: reduction("sum", (dy, _, x) => broadcastTo(dy, x.shape)),
  mean: reduction("mean", (dy, _, x) => broadcastTo(mul(dy, size(dy) / size(x)), x.shape)),
  max: reduction("max", extremumGradient),
  min: reduction("min", extremumGradient),
  logSumExp: reduction("logSumExp", (dy, y, x) => mul(dy, exp(sub(x, y)))),
  argmax: reduction("argmax"),
  argmin: reduction("argmin"),
};

/** Axes to reduce; all of them where nothing is said. */
export type Axes = number | readonly number[] | undefined;

function reduce(kernel: ReduceKernel, x: Tensor, axes: Axes, keepDimensions: boolean): Tensor {
  const rank = x.shape.length;
  const normal = normalizeAxes(kernel, axes, rank);
  const count = normal.length;
  if (count > 0 && kernel !== "sum" && normal.some((axis) => x.shape[axis] === 0))
    throw new Error(`${kernel}: nothing to reduce in shape [${x.shape}]`);
  const kept = Array.from({ length: rank }, (_, i) => i).filter((i) => !normal.includes(i));
  const neighbours = count > 0 && (normal[count - 1] as number) - (normal[0] as number) === count - 1;
  const source = neighbours || count === 0 ? x : transpose(x, [...kept, ...normal]);
  const axis = neighbours ? (normal[0] as number) : kept.length;
  const y = count === 0 && !kernel.startsWith("arg") ? x : primitives[kernel]([source], { axis, count });
  return keepDimensions
    ? reshape(
        y,
        x.shape.map((extent, i) => (normal.includes(i) ? 1 : extent)),
      )
    : y;
}

export const sum = (x: Tensor, axes?: Axes, keepDimensions = false): Tensor => reduce("sum", x, axes, keepDimensions);
export const mean = (x: Tensor, axes?: Axes, keepDimensions = false): Tensor => reduce("mean", x, axes, keepDimensions);
/** Largest element along the axes; its gradient is shared equally among equals. */
export const max = (x: Tensor, axes?: Axes, keepDimensions = false): Tensor => reduce("max", x, axes, keepDimensions);
export const min = (x: Tensor, axes?: Axes, keepDimensions = false): Tensor => reduce("min", x, axes, keepDimensions);
/** log Σ exp x along the axes, without overflow. */
export const logSumExp = (x: Tensor, axes?: Axes, keepDimensions = false): Tensor =>
  reduce("logSumExp", x, axes, keepDimensions);
/** Index of the first largest element along one axis; i32. */
export const argmax = (x: Tensor, axis = -1): Tensor => reduce("argmax", x, axis, false);
export const argmin = (x: Tensor, axis = -1): Tensor => reduce("argmin", x, axis, false);

/** mean (x − mean x)²; divides by n − correction. The two-pass form: stable for a large mean. */
export function variance(x: Tensor, axes?: Axes, keepDimensions = false, correction = 0): Tensor {
  const centred = square(sub(x, mean(x, axes, true)));
  if (correction === 0) return mean(centred, axes, keepDimensions);
  const n = size(normalizeAxes("variance", axes, x.shape.length).map((axis) => x.shape[axis] as number));
  if (!(n > correction)) throw new Error(`variance: ${n} elements with correction ${correction}`);
  return div(sum(centred, axes, keepDimensions), n - correction);
}

/** Σ of the elements that broadcasting repeated: takes x back to `shape`. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  const missing = x.shape.length - shape.length;
  const axes = x.shape.flatMap((extent, axis) =>
    axis < missing || (shape[axis - missing] === 1 && extent !== 1) ? [axis] : [],
  );
  return axes.length === 0 ? reshape(x, shape) : reshape(sum(x, axes), shape);
}
