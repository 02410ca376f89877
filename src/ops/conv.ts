// Convolution of images, channels last, and its two gradients: three operations, each linear in both inputs and each the
// derivative of the others, so that derivatives of any order come free.

import { requireOptions, requireWhole } from "../checks.ts";
import {
  type Attributes,
  type Emitter,
  type Operand,
  type Pointer,
  type Shape,
  showShape,
  type Tensor,
} from "../graph/tensor.ts";
import {
  filterGradientScratchBytes,
  forwardScratchBytes,
  inputGradientScratchBytes,
  winogradFilterGradientScratchBytes,
  winogradForwardScratchBytes,
  winogradInputGradientScratchBytes,
  winogradTiles,
} from "./convScratch.ts";
import { type Epilogue, epilogues, productFusions } from "./fusion.ts";
import { gemmScratchBytes } from "./gemmScratch.ts";
import { emitAddend, finishing } from "./matmul.ts";
import { type DefinedOperation, type Example, op } from "./op.ts";
import { type Padding, pair, windowOf } from "./window.ts";

/** The sizes of a forward convolution, which its gradients share. */
export interface Geometry {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly filters: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly strideH: number;
  readonly strideW: number;
  readonly dilationH: number;
  readonly dilationW: number;
  readonly top: number;
  readonly left: number;
  readonly groups: number;
}

function geometry(x: Shape, w: Shape, y: Shape, attributes: Attributes): Geometry {
  const [batch, height, width, channels] = x as [number, number, number, number];
  const [kernelHeight, kernelWidth] = w as [number, number];
  const [, outHeight, outWidth, filters] = y as [number, number, number, number];
  const [strideH, strideW] = attributes.strides as [number, number];
  const [dilationH, dilationW] = attributes.dilation as [number, number];
  const [top, left] = attributes.before as [number, number];
  return {
    ...{ batch, height, width, channels, outHeight, outWidth, filters, kernelHeight, kernelWidth },
    ...{ strideH, strideW, dilationH, dilationW, top, left, groups: attributes.groups as number },
  };
}

/** m, n, k, aRow, aColumn, bRow, bColumn of `gemm`. */
type Product = readonly [number, number, number, number, number, number, number];

/** A kernel of one pixel that moves by one: a matrix product over the pixels. */
const isPointwise = (g: Geometry): boolean =>
  g.kernelHeight * g.kernelWidth * g.strideH * g.strideW * g.groups === 1 &&
  g.height === g.outHeight &&
  g.width === g.outWidth;
const pixels = (g: Geometry): number => g.batch * g.height * g.width;

/**
 * Where Winograd's algorithm is the faster one, measured: 3 × 3 filters that move by one, from eight channels and filters
 * on, over enough tiles of 2 × 2 that lie inside the result.
 */
function isWinograd(g: Geometry, [height, width]: readonly [number, number]): boolean {
  const tiles = Math.ceil(height / 2) * Math.ceil(width / 2);
  const isOfThree =
    g.kernelHeight === 3 && g.kernelWidth === 3 && g.strideH * g.strideW * g.dilationH * g.dilationW * g.groups === 1;
  const isWide = g.channels % 4 === 0 && g.filters % 4 === 0 && Math.min(g.channels, g.filters) >= 8;
  return isOfThree && isWide && g.batch * tiles >= 16 && 4 * tiles <= 1.5 * height * width;
}

const kernels = {
  conv2d: "winograd",
  conv2dInputGradient: "winogradInputGradient",
  conv2dFilterGradient: "winogradFilterGradient",
} as const;
type ConvKernel = keyof typeof kernels;

/** The three arrays of a convolution, of which each operation makes one from the other two. */
type Role = "x" | "w" | "y";

interface Kind {
  readonly kernel: ConvKernel;
  readonly inputs: readonly [Role, Role];
  readonly result: Role;
  /** Shape of the result from the inputs' and the `extents` of its two spatial axes. */
  readonly shape: (a: Shape, b: Shape, extents: readonly [number, number], groups: number) => Shape;
  readonly scratch: (geometry: Geometry, accumulates: boolean) => number;
  /** Of Winograd's algorithm. */
  readonly fewerScratch: (geometry: Geometry) => number;
  /** Where a kernel is one pixel, the matrix product that it is. */
  readonly product: (geometry: Geometry) => Product;
  readonly gradient: (d: Tensor, a: Tensor, b: Tensor, attributes: Attributes) => readonly [Tensor, Tensor];
  readonly epilogues: readonly Epilogue[];
}

/** The operation, and its twin with something done to each tile of the result while it is at hand. */
function define(kind: Kind): DefinedOperation {
  const sizes = (a: Shape, b: Shape, result: Shape, attributes: Attributes): Geometry => {
    const { x, w, y } = { [kind.inputs[0]]: a, [kind.inputs[1]]: b, [kind.result]: result } as Record<Role, Shape>;
    return geometry(x, w, y, attributes);
  };
  /** Height and width of what is made in tiles: the filter gradient sums over tiles of y. */
  const tiled = (g: Geometry): readonly [number, number] =>
    kind.result === "x" ? [g.height, g.width] : [g.outHeight, g.outWidth];
  const definition = {
    shape: ([a, b]: readonly Shape[], { extents, groups }: Attributes): Shape =>
      kind.shape(a as Shape, b as Shape, extents as readonly number[] as [number, number], groups as number),
    emit(k: Emitter, y: Operand, inputs: readonly Operand[], attributes: Attributes, scratch: Pointer): void {
      const [a, b, extra] = inputs as [Operand, Operand, Operand?];
      const g = sizes(a.shape, b.shape, y.shape, attributes);
      const epilogue = epilogues[(attributes.epilogue ?? "none") as Epilogue];
      emitAddend(k, y, extra, epilogue);
      if (isPointwise(g)) k.gemm(y, a, b, scratch, ...kind.product(g), epilogue, extra ?? y);
      else if (isWinograd(g, tiled(g)))
        k[kernels[kind.kernel]](
          y, a, b, scratch, extra ?? y,
          g.batch, g.height, g.width, g.channels, g.outHeight, g.outWidth, g.filters, g.top, g.left,
          winogradTiles(g), epilogue,
        ); // biome-ignore format: addresses, sizes, padding
      else
        k[kind.kernel](
          y, a, b, scratch, extra ?? y,
          g.batch, g.height, g.width, g.channels, g.outHeight, g.outWidth, g.filters, g.kernelHeight, g.kernelWidth,
          g.strideH, g.strideW, g.dilationH, g.dilationW, g.top, g.left, g.groups, epilogue,
        ); // biome-ignore format: addresses, sizes, strides
    },
    scratchBytes: (y: Tensor): number => {
      const [a, b] = y.inputs as [Tensor, Tensor];
      const g = sizes(a.shape, b.shape, y.shape, y.attributes);
      const [m, n, k] = kind.product(g);
      if (isPointwise(g)) return gemmScratchBytes(m, n, k);
      if (isWinograd(g, tiled(g))) return kind.fewerScratch(g);
      return kind.scratch(g, y.attributes.epilogue === "accumulate");
    },
    cost: (y: Operand, [a, b]: readonly Operand[], attributes: Attributes) => {
      const g = sizes((a as Operand).shape, (b as Operand).shape, y.shape, attributes);
      const weights = (g.kernelHeight * g.kernelWidth * g.channels * g.filters) / g.groups;
      return { flops: 2 * g.batch * g.outHeight * g.outWidth * weights };
    },
  };
  const exampleOf = (c: ConvCase, epilogue?: Epilogue): Example => {
    const { x: _x, w: _w, y: _y, ...attributes } = c;
    const result = c[kind.result];
    const extra = epilogue === undefined ? [] : [epilogue.startsWith("bias") ? result.slice(-1) : result];
    return {
      shapes: [c[kind.inputs[0]], c[kind.inputs[1]], ...extra],
      attributes: {
        ...{ strides: [1, 1], dilation: [1, 1], before: [0, 0], groups: 1, ...attributes },
        extents: kind.result === "w" ? result.slice(0, 2) : result.slice(1, 3),
        ...(epilogue && { epilogue }),
      },
    };
  };
  const plain: DefinedOperation = op(kind.kernel, {
    ...definition,
    gradient: (d, y) => kind.gradient(d, y.inputs[0] as Tensor, y.inputs[1] as Tensor, y.attributes),
    fusions: productFusions(
      (x) => x.operation.name === kind.kernel,
      (inputs, attributes) => fused(inputs, attributes),
      kind.epilogues,
    ),
    examples: () => cases.map((c) => exampleOf(c)),
  });
  const fused: DefinedOperation = op(`fused${(kind.kernel[0] as string).toUpperCase()}${kind.kernel.slice(1)}`, {
    ...definition,
    ...finishing(plain),
    // Few sums, lest one lie at relu's kink.
    examples: () => kind.epilogues.map((epilogue) => exampleOf(cases[0] as ConvCase, epilogue)),
  });
  return plain;
}

interface ConvCase extends Attributes {
  readonly x: Shape;
  readonly w: Shape;
  readonly y: Shape;
}
const cases: readonly ConvCase[] = [
  { x: [1, 3, 4, 2], w: [2, 2, 2, 3], y: [1, 2, 3, 3] },
  { x: [2, 5, 6, 3], w: [3, 3, 3, 4], y: [2, 5, 6, 4], before: [1, 1] },
  { x: [2, 6, 5, 2], w: [3, 2, 2, 7], y: [2, 3, 2, 7], before: [1, 0], strides: [2, 3] },
  { x: [1, 7, 9, 4], w: [3, 3, 2, 6], y: [1, 3, 9, 6], before: [0, 2], dilation: [2, 2], groups: 2 },
  { x: [1, 4, 5, 3], w: [3, 2, 1, 3], y: [1, 4, 4, 3], before: [1, 0], groups: 3 },
  { x: [1, 4, 4, 3], w: [1, 1, 3, 9], y: [1, 2, 2, 9], strides: [2, 2] },
  { x: [2, 3, 3, 5], w: [1, 1, 5, 6], y: [2, 3, 3, 6] },
  { x: [2, 8, 7, 8], w: [3, 3, 8, 12], y: [2, 7, 7, 12], before: [0, 1] },
];

const spatial = (shape: Shape): readonly [number, number] => [shape[1] as number, shape[2] as number];

const forward: DefinedOperation = /* @__PURE__ */ define({
  kernel: "conv2d",
  inputs: ["x", "w"],
  result: "y",
  shape: (x, w, [height, width]) => [x[0] as number, height, width, w[3] as number],
  scratch: forwardScratchBytes,
  fewerScratch: winogradForwardScratchBytes,
  product: (g) => [pixels(g), g.filters, g.channels, g.channels, 1, g.filters, 1],
  gradient: (dy, x, w, { extents: _, ...attributes }) => [
    inputGradient([dy, w], { ...attributes, extents: spatial(x.shape) }),
    filterGradient([x, dy], { ...attributes, extents: w.shape.slice(0, 2) }),
  ],
  epilogues: ["bias", "biasRelu", "accumulate"],
});

const inputGradient: DefinedOperation = /* @__PURE__ */ define({
  kernel: "conv2dInputGradient",
  inputs: ["y", "w"],
  result: "x",
  shape: (dy, w, [height, width], groups) => [dy[0] as number, height, width, (w[2] as number) * groups],
  scratch: inputGradientScratchBytes,
  fewerScratch: winogradInputGradientScratchBytes,
  product: (g) => [pixels(g), g.channels, g.filters, g.filters, 1, 1, g.filters],
  gradient: (u, dy, w, { extents: _, ...attributes }) => [
    forward([u, w], { ...attributes, extents: spatial(dy.shape) }),
    filterGradient([u, dy], { ...attributes, extents: w.shape.slice(0, 2) }),
  ],
  epilogues: ["reluMask", "accumulate"],
});

const filterGradient: DefinedOperation = /* @__PURE__ */ define({
  kernel: "conv2dFilterGradient",
  inputs: ["x", "y"],
  result: "w",
  shape: (x, dy, [height, width], groups) => [height, width, (x[3] as number) / groups, dy[3] as number],
  scratch: filterGradientScratchBytes,
  fewerScratch: winogradFilterGradientScratchBytes,
  product: (g) => [g.channels, g.filters, pixels(g), 1, g.channels, g.filters, 1],
  gradient: (v, x, dy, { extents: _, ...attributes }) => [
    inputGradient([dy, v], { ...attributes, extents: spatial(x.shape) }),
    forward([x, v], { ...attributes, extents: spatial(dy.shape) }),
  ],
  epilogues: ["accumulate"],
});

export interface Conv2dOptions {
  /** Default 1. */
  readonly strides?: number | readonly [number, number];
  /** Default "valid": none. */
  readonly padding?: Padding;
  /** Distance of neighbouring weights; default 1. */
  readonly dilation?: number | readonly [number, number];
  /** Channels and filters fall into so many groups that do not meet; default 1. */
  readonly groups?: number;
}

export const conv2dOptions = ["strides", "padding", "dilation", "groups"] as const;

/**
 * Cross-correlation, as in every library of the field:
 * y[n, i, j, f] = Σ x[n, i·s + u·d − top, j·s + v·d − left, c]·w[u, v, c, f], zeros outside x.
 * @param x [batch, height, width, channels]
 * @param w [kernel height, kernel width, channels / groups, filters]
 * @returns [batch, out height, out width, filters]
 * @throws where shapes do not fit, channels or filters do not divide into the groups, or w is larger than the padded image
 */
export function conv2d(x: Tensor, w: Tensor, options: Conv2dOptions = {}): Tensor {
  requireOptions("conv2d", options, conv2dOptions);
  const { padding = "valid", groups = 1 } = options;
  requireWhole("conv2d", "groups", groups, 1);
  const strides = pair("conv2d", "strides", options.strides ?? 1);
  const dilation = pair("conv2d", "dilation", options.dilation ?? 1);
  if (x.shape.length !== 4 || w.shape.length !== 4)
    throw new Error(
      `conv2d: expected x [batch, height, width, channels] and w [kernel height, kernel width, channels, filters], got ${showShape(x.shape)} and ${showShape(w.shape)}`,
    );
  const [, height, width, channels] = x.shape as [number, number, number, number];
  const [kernelHeight, kernelWidth, depth, filters] = w.shape as [number, number, number, number];
  if (channels % groups !== 0 || filters % groups !== 0 || depth !== channels / groups)
    throw new Error(
      `conv2d: ${channels} channels, ${filters} filters and weights for ${depth} channels do not fit ${groups} group${groups === 1 ? "" : "s"}: channels and filters must be divisible by groups, and the weights have channels / groups`,
    );
  const rows = windowOf("conv2d", "height", height, { size: kernelHeight, stride: strides[0], dilation: dilation[0], padding }); // biome-ignore format: two axes
  const columns = windowOf("conv2d", "width", width, { size: kernelWidth, stride: strides[1], dilation: dilation[1], padding }); // biome-ignore format: two axes
  return forward([x, w], {
    strides,
    dilation,
    before: [rows.before, columns.before],
    groups,
    extents: [rows.out, columns.out],
  });
}
