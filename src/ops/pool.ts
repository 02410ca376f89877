// Pooling of images, channels last: the largest or the mean of each window.
import { requireOptions } from "../checks.ts";
import { type Attributes, type Operand, type Shape, showShape, type Tensor } from "../graph/tensor.ts";
import { type Example, op } from "./op.ts";
import { type Padding, pair, windowOf } from "./window.ts";

export interface Pool2dOptions {
  /** Places from one window to the next, one number or [height, width]; default: the size of the window. */
  readonly strides?: number | readonly [number, number];
  /** Default "valid". Padding never wins a maximum, and does not count in an average. */
  readonly padding?: Padding;
}

type Geometry = readonly [
  batch: number, height: number, width: number, channels: number, windowH: number, windowW: number, strideH: number,
  strideW: number, top: number, left: number, outHeight: number, outWidth: number,
]; // biome-ignore format: as the kernels take them

function geometry(image: Shape, attributes: Attributes): Geometry {
  const of = (what: string): readonly number[] => attributes[what] as readonly number[];
  return [...image, ...of("window"), ...of("strides"), ...of("before"), ...of("out")] as unknown as Geometry;
}

const pooledShape = (image: Shape, { out }: Attributes): Shape => [
  image[0] as number,
  ...(out as readonly number[]),
  image[3] as number,
];

/** Windows side by side, windows that overlap and go over the edge, windows that leave a rest. */
const cases: readonly { readonly image: Shape; readonly attributes: Attributes }[] = [
  { image: [2, 4, 4, 3], attributes: { window: [2, 2], strides: [2, 2], before: [0, 0], out: [2, 2] } },
  { image: [1, 5, 4, 5], attributes: { window: [3, 3], strides: [2, 1], before: [1, 1], out: [3, 4] } },
  { image: [1, 5, 3, 1], attributes: { window: [2, 1], strides: [3, 2], before: [0, 0], out: [2, 2] } },
];
const withPooled = (of: (image: Shape, pooled: Shape) => readonly Shape[]): readonly Example[] =>
  cases.map(({ image, attributes }) => ({ shapes: of(image, pooledShape(image, attributes)), attributes }));

const maxPoolOp = /* @__PURE__ */ op("maxPool", {
  shape: ([x], attributes) => pooledShape(x as Shape, attributes),
  emit: (k, y, [x], attributes) => k.maxPool(y, x as Operand, ...geometry((x as Operand).shape, attributes)),
  gradient: (dy, y) => [maxPoolGradientOp([dy, y.inputs[0] as Tensor], y.attributes)],
  examples: () => withPooled((image) => [image]),
});

/** dy at the place of each window's maximum. Linear in dy; its derivative by x is zero wherever it exists. */
const maxPoolGradientOp = /* @__PURE__ */ op("maxPoolGradient", {
  shape: ([, x]) => x as Shape,
  emit: (k, dx, [dy, x], attributes) =>
    k.maxPoolGradient(dx, dy as Operand, x as Operand, ...geometry(dx.shape, attributes)),
  gradient: (du, node) => [maxPoolGatherOp([du, node.inputs[1] as Tensor], node.attributes), null],
  examples: () => withPooled((image, pooled) => [pooled, image]),
});

/** Of each window of u, the element where x has its maximum. */
const maxPoolGatherOp = /* @__PURE__ */ op("maxPoolGather", {
  shape: ([, x], attributes) => pooledShape(x as Shape, attributes),
  emit: (k, y, [u, x], attributes) =>
    k.maxPoolGather(y, u as Operand, x as Operand, ...geometry((x as Operand).shape, attributes)),
  gradient: (dy, node) => [maxPoolGradientOp([dy, node.inputs[1] as Tensor], node.attributes), null],
  examples: () => withPooled((image) => [image, image]),
});

const averagePoolOp = /* @__PURE__ */ op("averagePool", {
  shape: ([x], attributes) => pooledShape(x as Shape, attributes),
  emit: (k, y, [x], attributes) => k.averagePool(y, x as Operand, ...geometry((x as Operand).shape, attributes)),
  gradient: (dy, y) => [averagePoolGradientOp([dy], { ...y.attributes, shape: (y.inputs[0] as Tensor).shape })],
  examples: () => withPooled((image) => [image]),
});

const averagePoolGradientOp = /* @__PURE__ */ op("averagePoolGradient", {
  shape: (_, attributes) => attributes.shape as Shape,
  emit: (k, dx, [dy], attributes) => k.averagePoolGradient(dx, dy as Operand, ...geometry(dx.shape, attributes)),
  gradient: (du, node) => {
    const { shape: _, ...attributes } = node.attributes;
    return [averagePoolOp([du], attributes)];
  },
  examples: () =>
    cases.map(({ image, attributes }) => ({
      shapes: [pooledShape(image, attributes)],
      attributes: { ...attributes, shape: image },
    })),
});

/** The windows over x: [batch, height, width, channels]. */
function windows(
  call: string,
  x: Tensor,
  size: number | readonly [number, number],
  options: Pool2dOptions,
): Attributes {
  requireOptions(call, options, ["strides", "padding"]);
  if (x.shape.length !== 4)
    throw new Error(`${call}: expected [batch, height, width, channels], got ${showShape(x.shape)}; reshape it first`);
  const both = pair(call, "size", size);
  const steps = pair(call, "strides", options.strides ?? both);
  const { padding = "valid" } = options;
  const axes = (["height", "width"] as const).map((axis, i) => {
    const extent = x.shape[i + 1] as number;
    const window = windowOf(call, axis, extent, { size: both[i] as number, stride: steps[i] as number, padding });
    if (window.before >= window.size || (window.out - 1) * window.stride >= window.before + extent)
      throw new Error(
        `${call}: with padding ${window.before} and ${window.after} along the ${axis} of ${extent}, a window of ${window.size} lies wholly outside the image; use less padding`,
      );
    return window;
  });
  return {
    window: both,
    strides: steps,
    before: axes.map((window) => window.before),
    out: axes.map((window) => window.out),
  };
}

/**
 * The largest element of each window, channel by channel; a NaN wins. The gradient goes to the first of equal ones.
 * @param x [batch, height, width, channels]
 * @param size of a window: one number, or [height, width]
 */
export function maxPool2d(x: Tensor, size: number | readonly [number, number], options: Pool2dOptions = {}): Tensor {
  return maxPoolOp([x], windows("maxPool2d", x, size, options));
}

/**
 * The mean of each window's elements, channel by channel, padding not counted (as tfjs, and PyTorch without
 * count_include_pad).
 * @param x [batch, height, width, channels]
 * @param size of a window: one number, or [height, width]
 */
export function avgPool2d(x: Tensor, size: number | readonly [number, number], options: Pool2dOptions = {}): Tensor {
  return averagePoolOp([x], windows("avgPool2d", x, size, options));
}
