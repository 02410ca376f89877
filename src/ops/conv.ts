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
  size,
  type Tensor,
} from "../graph/tensor.ts";
import { add } from "./binary.ts";
import { filterGradientScratchBytes, forwardScratchBytes, inputGradientScratchBytes } from "./convScratch.ts";
import { type Epilogue, emitAddend, epilogues, matmul, reluMask } from "./matmul.ts";
import { reshape } from "./movement.ts";
import { type DefinedOperation, type Example, op } from "./op.ts";
import { relu } from "./unary.ts";
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

type ConvKernel = "conv2d" | "conv2dInputGradient" | "conv2dFilterGradient";

interface Kind {
  readonly kernel: ConvKernel;
  /** Shape of the result from the inputs' and the `extents` of its two spatial axes. */
  readonly shape: (a: Shape, b: Shape, extents: readonly [number, number], groups: number) => Shape;
  /** Shapes of x, w and y from the inputs' and the result's. */
  readonly roles: (a: Shape, b: Shape, result: Shape) => readonly [Shape, Shape, Shape];
  readonly scratch: (geometry: Geometry, accumulates: boolean) => number;
  readonly gradient: (d: Tensor, a: Tensor, b: Tensor, attributes: Attributes) => readonly [Tensor, Tensor];
  readonly epilogues: readonly Epilogue[];
  /** Shapes of both inputs and the result for the epilogues' examples: few sums, lest one lie at relu's kink. */
  readonly small: readonly [Shape, Shape, Shape];
  readonly examples: readonly Example[];
}

/** The operation, and its twin with something done to each tile of the result while it is at hand. */
function define(kind: Kind): { readonly plain: DefinedOperation; readonly fused: DefinedOperation } {
  const sizes = (a: Shape, b: Shape, result: Shape, attributes: Attributes): Geometry =>
    geometry(...kind.roles(a, b, result), attributes);
  const definition = {
    shape: ([a, b]: readonly Shape[], attributes: Attributes): Shape =>
      kind.shape(
        a as Shape,
        b as Shape,
        attributes.extents as readonly number[] as [number, number],
        attributes.groups as number,
      ),
    emit(k: Emitter, y: Operand, [a, b, extra]: readonly Operand[], attributes: Attributes, scratch: Pointer): void {
      const g = sizes((a as Operand).shape, (b as Operand).shape, y.shape, attributes);
      const epilogue = epilogues[(attributes.epilogue ?? "none") as Epilogue];
      emitAddend(k, y, extra, epilogue);
      k[kind.kernel](
        y, a as Operand, b as Operand, scratch, extra ?? y,
        g.batch, g.height, g.width, g.channels, g.outHeight, g.outWidth, g.filters, g.kernelHeight, g.kernelWidth,
        g.strideH, g.strideW, g.dilationH, g.dilationW, g.top, g.left, g.groups, epilogue,
      ); // biome-ignore format: addresses, sizes, strides
    },
    scratchBytes: (y: Tensor): number => {
      const [a, b] = y.inputs as [Tensor, Tensor];
      const g = sizes(a.shape, b.shape, y.shape, y.attributes);
      return kind.scratch(g, y.attributes.epilogue === "accumulate");
    },
    cost: (y: Operand, [a, b]: readonly Operand[], attributes: Attributes) => {
      const g = sizes((a as Operand).shape, (b as Operand).shape, y.shape, attributes);
      const weights = (g.kernelHeight * g.kernelWidth * g.channels * g.filters) / g.groups;
      return { flops: 2 * g.batch * g.outHeight * g.outWidth * weights };
    },
  };
  const plain = op(kind.kernel, {
    ...definition,
    gradient: (d, y) => kind.gradient(d, y.inputs[0] as Tensor, y.inputs[1] as Tensor, y.attributes),
    examples: kind.examples,
  });
  const fused = op(`fused${(kind.kernel[0] as string).toUpperCase()}${kind.kernel.slice(1)}`, {
    ...definition,
    inPlace: (attributes) => (attributes.epilogue === "accumulate" ? [2] : []),
    decompose: (y) => {
      const [a, b, extra] = y.inputs as [Tensor, Tensor, Tensor];
      const { epilogue, ...attributes } = y.attributes;
      const product = plain([a, b], attributes);
      if (epilogue === "reluMask") return reluMask(product, extra);
      if (epilogue === "accumulate") return add(extra, product);
      const biased = add(product, extra);
      return epilogue === "biasRelu" ? relu(biased) : biased;
    },
    examples: kind.epilogues.map((epilogue) => {
      const [a, b, result] = kind.small;
      return example([a, b, epilogue.startsWith("bias") ? result.slice(-1) : result], {
        extents: kind.kernel === "conv2dFilterGradient" ? result.slice(0, 2) : result.slice(1, 3),
        epilogue,
      });
    }),
  });
  return { plain, fused };
}

const spatial = (shape: Shape): readonly [number, number] => [shape[1] as number, shape[2] as number];

const forward = define({
  kernel: "conv2d",
  shape: (x, w, [height, width]) => [x[0] as number, height, width, w[3] as number],
  roles: (x, w, y) => [x, w, y],
  scratch: forwardScratchBytes,
  gradient: (dy, x, w, { extents: _, ...attributes }) => [
    inputGradient.plain([dy, w], { ...attributes, extents: spatial(x.shape) }),
    filterGradient.plain([x, dy], { ...attributes, extents: w.shape.slice(0, 2) }),
  ],
  epilogues: ["bias", "biasRelu", "accumulate"],
  small: [
    [1, 3, 4, 2],
    [2, 2, 2, 3],
    [1, 2, 3, 3],
  ],
  examples: [
    example(
      [
        [2, 5, 6, 3],
        [3, 3, 3, 4],
      ],
      { extents: [5, 6], before: [1, 1] },
    ),
    example(
      [
        [2, 6, 5, 2],
        [3, 2, 2, 7],
      ],
      { extents: [3, 2], strides: [2, 3], before: [1, 0] },
    ),
    example(
      [
        [1, 7, 9, 4],
        [3, 3, 2, 6],
      ],
      { extents: [3, 9], dilation: [2, 2], before: [0, 2], groups: 2 },
    ),
    example(
      [
        [1, 4, 4, 3],
        [1, 1, 3, 9],
      ],
      { extents: [2, 2], strides: [2, 2] },
    ),
  ],
});

const inputGradient = define({
  kernel: "conv2dInputGradient",
  shape: (dy, w, [height, width], groups) => [dy[0] as number, height, width, (w[2] as number) * groups],
  roles: (dy, w, x) => [x, w, dy],
  scratch: inputGradientScratchBytes,
  gradient: (u, dy, w, { extents: _, ...attributes }) => [
    forward.plain([u, w], { ...attributes, extents: spatial(dy.shape) }),
    filterGradient.plain([u, dy], { ...attributes, extents: w.shape.slice(0, 2) }),
  ],
  epilogues: ["reluMask", "accumulate"],
  small: [
    [1, 2, 3, 3],
    [2, 2, 2, 3],
    [1, 3, 4, 2],
  ],
  examples: [
    example(
      [
        [2, 5, 6, 4],
        [3, 3, 3, 4],
      ],
      { extents: [5, 6], before: [1, 1] },
    ),
    example(
      [
        [2, 3, 2, 7],
        [3, 2, 2, 7],
      ],
      { extents: [6, 5], strides: [2, 3], before: [1, 0] },
    ),
    example(
      [
        [1, 3, 9, 6],
        [3, 3, 2, 6],
      ],
      { extents: [7, 9], dilation: [2, 2], before: [0, 2], groups: 2 },
    ),
    example(
      [
        [1, 2, 2, 9],
        [1, 1, 3, 9],
      ],
      { extents: [4, 4], strides: [2, 2] },
    ),
  ],
});

const filterGradient = define({
  kernel: "conv2dFilterGradient",
  shape: (x, dy, [height, width], groups) => [height, width, (x[3] as number) / groups, dy[3] as number],
  roles: (x, dy, w) => [x, w, dy],
  scratch: filterGradientScratchBytes,
  gradient: (v, x, dy, { extents: _, ...attributes }) => [
    inputGradient.plain([dy, v], { ...attributes, extents: spatial(x.shape) }),
    forward.plain([x, v], { ...attributes, extents: spatial(dy.shape) }),
  ],
  epilogues: ["accumulate"],
  small: [
    [1, 3, 4, 2],
    [1, 2, 3, 3],
    [2, 2, 2, 3],
  ],
  examples: [
    example(
      [
        [2, 5, 6, 3],
        [2, 5, 6, 4],
      ],
      { extents: [3, 3], before: [1, 1] },
    ),
    example(
      [
        [2, 6, 5, 2],
        [2, 3, 2, 7],
      ],
      { extents: [3, 2], strides: [2, 3], before: [1, 0] },
    ),
    example(
      [
        [1, 7, 9, 4],
        [1, 3, 9, 6],
      ],
      { extents: [3, 3], dilation: [2, 2], before: [0, 2], groups: 2 },
    ),
    example(
      [
        [1, 4, 4, 3],
        [1, 2, 2, 8],
      ],
      { extents: [1, 1], strides: [2, 2] },
    ),
  ],
});

function example(shapes: readonly Shape[], attributes: Attributes): Example {
  return {
    shapes,
    attributes: { strides: [1, 1], dilation: [1, 1], before: [0, 0], groups: 1, ...attributes },
  };
}

/** What a plan may do to the results of these operations on their way out, and by which operation. */
export const fusedConvolutions = {
  conv2d: forward.fused,
  conv2dInputGradient: inputGradient.fused,
  conv2dFilterGradient: filterGradient.fused,
} as const;

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
  const pointwise =
    size([kernelHeight, kernelWidth, ...strides, groups]) === 1 && rows.out === height && columns.out === width;
  if (pointwise)
    return reshape(matmul(reshape(x, [-1, channels]), reshape(w, [depth, filters])), [...x.shape.slice(0, 3), filters]);
  return forward.plain([x, w], {
    strides,
    dilation,
    before: [rows.before, columns.before],
    groups,
    extents: [rows.out, columns.out],
  });
}
