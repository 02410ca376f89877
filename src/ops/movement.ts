// Operations that only move elements: reshape, transpose, slice, concat, pad, broadcastTo.
import {
  type Attributes,
  type Emitter,
  type Operand,
  type Shape,
  sameShape,
  showShape,
  size,
  type Tensor,
} from "../graph/tensor.ts";
import { op } from "./op.ts";
import { sumTo } from "./reduce.ts";
import { broadcastShape, broadcastStrides, forOuter, mergeAxes, normalizeAxes, shift, stridesOf } from "./shapes.ts";

/** out[Σ iₖ·outₖ] = x[Σ iₖ·xₖ] for all i in `shape`. */
export function emitCopy(
  k: Emitter,
  out: Operand,
  outStrides: readonly number[],
  x: Operand,
  xStrides: readonly number[],
  shape: Shape,
): void {
  const nest = mergeAxes(shape, [outStrides, xStrides]);
  forOuter(nest, 4, ({ extents, strides }, [outOffset, xOffset]) => {
    const y = shift(out, outOffset as number);
    const from = shift(x, xOffset as number);
    const [o, s] = strides as [number[], number[]];
    const [n0, n1, n2, n3] = extents as [number, number, number, number];
    const plain = n0 === 1 && n1 === 1 && n2 === 1 && (n3 === 1 || (o[3] === 1 && s[3] === 1));
    if (plain) k.copy(y, from, n3);
    else
      k.copyStrided(
        y, from, n0, n1, n2, n3,
        o[0] as number, o[1] as number, o[2] as number, o[3] as number,
        s[0] as number, s[1] as number, s[2] as number, s[3] as number,
      ); // biome-ignore format: one row of strides an operand
  });
}

const list = (attributes: Attributes, name: string): readonly number[] => attributes[name] as readonly number[];

export const reshapeOp = /* @__PURE__ */ op("reshape", {
  shape: ([x], attributes) => {
    const shape = list(attributes, "shape");
    if (size(shape) !== size(x as Shape))
      throw new Error(
        `reshape: ${showShape(x as Shape)} holds ${size(x as Shape)} elements, ${showShape(shape)} holds ${size(shape)}`,
      );
    return shape;
  },
  view: () => ({ offset: 0 }),
  gradient: (dy, y) => [reshape(dy, (y.inputs[0] as Tensor).shape)],
  examples: () => [{ shapes: [[2, 6]], attributes: { shape: [3, 4] } }],
});

/** The same elements in another shape; one extent may be −1. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const unknown = shape.indexOf(-1);
  const known = size(shape.filter((extent) => extent !== -1));
  if (unknown >= 0 && (shape.indexOf(-1, unknown + 1) >= 0 || known === 0 || size(x) % known !== 0))
    throw new Error(`reshape: ${showShape(x.shape)} holds ${size(x)} elements and does not fit ${showShape(shape)}`);
  const actual = shape.map((extent) => (extent === -1 ? size(x) / known : extent));
  return sameShape(actual, x.shape) ? x : reshapeOp([x], { shape: actual });
}

export const transposeOp = /* @__PURE__ */ op("transpose", {
  shape: ([x], attributes) => list(attributes, "order").map((axis) => (x as Shape)[axis] as number),
  emit: (k, y, [x], attributes) => {
    const strides = stridesOf((x as Operand).shape);
    const order = list(attributes, "order");
    emitCopy(
      k,
      y,
      stridesOf(y.shape),
      x as Operand,
      order.map((axis) => strides[axis] as number),
      y.shape,
    );
  },
  gradient: (dy, y) => {
    const order = list(y.attributes, "order");
    return [
      transpose(
        dy,
        order.map((_, axis) => order.indexOf(axis)),
      ),
    ];
  },
  examples: () => [
    { shapes: [[3, 5]], attributes: { order: [1, 0] } },
    { shapes: [[2, 3, 4]], attributes: { order: [2, 0, 1] } },
    { shapes: [[2, 3, 2, 3, 2]], attributes: { order: [4, 2, 0, 3, 1] } },
  ],
});

/** Axes in a new order; reversed where nothing is said. */
export function transpose(x: Tensor, order?: readonly number[]): Tensor {
  const rank = x.shape.length;
  const actual = order ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
  if (actual.length !== rank || normalizeAxes("transpose", actual, rank).length !== rank)
    throw new Error(`transpose: order [${actual}] must name each of the ${rank} axes once`);
  const positive = actual.map((axis) => (axis < 0 ? axis + rank : axis));
  return positive.every((axis, i) => axis === i) ? x : transposeOp([x], { order: positive });
}

export const sliceOp = /* @__PURE__ */ op("slice", {
  shape: ([x], attributes) => {
    const begin = list(attributes, "begin");
    const extents = list(attributes, "size");
    if (begin.length !== x?.length || extents.length !== x.length)
      throw new Error(
        `slice: begin [${begin}] and size [${extents}] must have one number for each axis of ${showShape(x ?? [])}`,
      );
    x.forEach((extent, axis) => {
      const from = begin[axis] as number;
      const count = extents[axis] as number;
      if (!(Number.isInteger(from) && Number.isInteger(count) && from >= 0 && count >= 0 && from + count <= extent))
        throw new Error(`slice: ${from} to ${from + count} is outside axis ${axis} of ${showShape(x)}`);
    });
    return extents;
  },
  view: (attributes, x) => {
    const begin = list(attributes, "begin");
    const extents = list(attributes, "size");
    // One run of memory: behind the first axis that is longer than 1, every axis is whole.
    const first = extents.findIndex((extent) => extent !== 1);
    const contiguous = first < 0 || extents.every((extent, axis) => axis <= first || extent === x.shape[axis]);
    if (!contiguous) return undefined;
    const strides = stridesOf(x.shape);
    return { offset: begin.reduce((sum, from, axis) => sum + from * (strides[axis] as number), 0) };
  },
  emit: (k, y, [x], attributes) => {
    const strides = stridesOf((x as Operand).shape);
    const start = list(attributes, "begin").reduce((sum, from, axis) => sum + from * (strides[axis] as number), 0);
    emitCopy(k, y, stridesOf(y.shape), shift(x as Operand, start), strides, y.shape);
  },
  cost: (y) => ({ bytes: 8 * size(y) }),
  gradient: (dy, y) => {
    const x = (y.inputs[0] as Tensor).shape;
    const before = list(y.attributes, "begin");
    return [
      pad(
        dy,
        before,
        x.map((extent, axis) => extent - (before[axis] as number) - (y.shape[axis] as number)),
      ),
    ];
  },
  examples: () => [
    { shapes: [[4, 5]], attributes: { begin: [1, 2], size: [2, 3] } },
    { shapes: [[4, 5]], attributes: { begin: [2, 0], size: [2, 5] } },
  ],
});

/** A block of x: `size` elements along each axis from `begin` on. */
export function slice(x: Tensor, begin: readonly number[], extents: readonly number[]): Tensor {
  return sliceOp([x], { begin, size: extents });
}

export const padOp = /* @__PURE__ */ op("pad", {
  shape: ([x], attributes) => {
    const before = list(attributes, "before");
    const after = list(attributes, "after");
    if (before.length !== x?.length || after.length !== x.length || [...before, ...after].some((p) => !(p >= 0)))
      throw new Error(
        `pad: before [${before}] and after [${after}] must have one number ≥ 0 for each axis of ${showShape(x ?? [])}`,
      );
    return x.map((extent, axis) => extent + (before[axis] as number) + (after[axis] as number));
  },
  emit: (k, y, [x], attributes) => {
    k.fill(y, size(y), attributes.value as number);
    const strides = stridesOf(y.shape);
    const start = list(attributes, "before").reduce((sum, p, axis) => sum + p * (strides[axis] as number), 0);
    emitCopy(k, shift(y, start), strides, x as Operand, stridesOf((x as Operand).shape), (x as Operand).shape);
  },
  gradient: (dy, y) => [slice(dy, list(y.attributes, "before"), (y.inputs[0] as Tensor).shape)],
  examples: () => [{ shapes: [[2, 3]], attributes: { before: [1, 0], after: [0, 2], value: 0.5 } }],
});

/** x with `value` around it: `before[axis]` elements in front, `after[axis]` behind. */
export function pad(x: Tensor, before: readonly number[], after: readonly number[], value = 0): Tensor {
  return padOp([x], { before, after, value });
}

export const concatOp = /* @__PURE__ */ op("concat", {
  shape: (shapes, attributes) => {
    const axis = attributes.axis as number;
    const first = shapes[0] as Shape;
    for (const shape of shapes)
      if (shape.length !== first.length || shape.some((extent, i) => i !== axis && extent !== first[i]))
        throw new Error(`concat: shapes ${shapes.map(showShape).join(", ")} differ outside axis ${axis}`);
    return first.map((extent, i) => (i === axis ? shapes.reduce((sum, s) => sum + (s[i] as number), 0) : extent));
  },
  emit: (k, y, inputs, attributes) => {
    const strides = stridesOf(y.shape);
    let start = 0;
    for (const x of inputs) {
      const place = shift(y, start);
      // The plan may have put a piece here already.
      if (!(x.segment === place.segment && x.offset === place.offset))
        emitCopy(k, place, strides, x, stridesOf(x.shape), x.shape);
      start += (x.shape[attributes.axis as number] as number) * (strides[attributes.axis as number] as number);
    }
  },
  gradient: (dy, y) => {
    const axis = y.attributes.axis as number;
    let from = 0;
    return y.inputs.map((x) => {
      const begin = x.shape.map((_, i) => (i === axis ? from : 0));
      from += x.shape[axis] as number;
      return slice(dy, begin, x.shape);
    });
  },
  examples: () => [
    {
      shapes: [
        [2, 3],
        [2, 1],
        [2, 2],
      ],
      attributes: { axis: 1 },
    },
    { shapes: [[5], [3]], attributes: { axis: 0 } },
  ],
});

/** Tensors joined along an axis. */
export function concat(tensors: readonly Tensor[], axis = 0): Tensor {
  if (tensors.length === 0) throw new Error("concat: expected at least one tensor");
  const [normal] = normalizeAxes("concat", axis, (tensors[0] as Tensor).shape.length);
  return tensors.length === 1 ? (tensors[0] as Tensor) : concatOp(tensors, { axis: normal as number });
}

export const broadcastOp = /* @__PURE__ */ op("broadcastTo", {
  shape: ([x], attributes) => {
    const shape = list(attributes, "shape");
    if (!sameShape(broadcastShape("broadcastTo", x as Shape, shape), shape))
      throw new Error(`broadcastTo: ${showShape(x as Shape)} does not broadcast to ${showShape(shape)}`);
    return shape;
  },
  emit: (k, y, [x]) =>
    emitCopy(k, y, stridesOf(y.shape), x as Operand, broadcastStrides((x as Operand).shape, y.shape), y.shape),
  gradient: (dy, y) => [sumTo(dy, (y.inputs[0] as Tensor).shape)],
  examples: () => [
    { shapes: [[3]], attributes: { shape: [4, 3] } },
    { shapes: [[2, 1, 3]], attributes: { shape: [2, 4, 3] } },
    { shapes: [[]], attributes: { shape: [7] } },
  ],
});

/** x repeated to `shape` by NumPy's rule. */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  return sameShape(x.shape, shape) ? x : broadcastOp([x], { shape });
}

/** Copies a tensor over another that lives outside the arena: an effect, as an optimiser's update is. */
export const storeOp = /* @__PURE__ */ op("store", {
  shape: () => [0],
  emit: (k, _, [target, x]) => k.copy(target as Operand, x as Operand, size(x as Operand)),
  examples: () => [],
});
