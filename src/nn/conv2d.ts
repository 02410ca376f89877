// Convolution layers over images, channels last.
import { requireFunction, requireOneOf, requireOptions, requireWhole } from "../checks.ts";
import { showShape, type Tensor } from "../graph/tensor.ts";
import { add } from "../ops/binary.ts";
import { type Conv2dOptions, conv2dOptions, conv2d as convolve } from "../ops/conv.ts";
import { ownPadding, pair } from "../ops/window.ts";
import { glorot, type Initializer, zeros } from "./initializers.ts";
import { type Layer, requireCount } from "./layer.ts";

export interface Conv2dLayerOptions extends Conv2dOptions {
  /** Default true. */
  readonly bias?: boolean;
  /** Of the kernel [height, width, channels / groups, filters]; default glorot(). */
  readonly initializer?: Initializer;
  /** Default zeros. */
  readonly biasInitializer?: Initializer;
}

const layerOptions = [...conv2dOptions, "bias", "initializer", "biasInitializer"];

/** Throws for options that no input could make right. */
function checked(call: string, kernelSize: number | readonly [number, number], options: Conv2dLayerOptions) {
  requireOptions(call, options, layerOptions);
  const { bias = true, initializer = glorot(), biasInitializer = zeros, ...geometry } = options;
  const { strides = 1, padding = "valid", dilation = 1, groups = 1 } = geometry;
  requireWhole(call, "groups", groups, 1);
  requireOneOf(call, "bias", bias, [true, false]);
  requireFunction(call, "initializer", initializer, "initializers.he()");
  requireFunction(call, "biasInitializer", biasInitializer, "initializers.zeros");
  // Copies: the caller may change the arrays.
  return {
    bias,
    initializer,
    biasInitializer,
    kernel: pair(call, "kernelSize", kernelSize),
    geometry: {
      strides: pair(call, "strides", strides),
      dilation: pair(call, "dilation", dilation),
      padding: ownPadding(call, padding),
      groups,
    },
  };
}

/** Throws unless x is a batch of images. */
export function requireImages(
  call: string,
  x: Tensor,
): asserts x is Tensor & { readonly shape: readonly [number, number, number, number] } {
  if (x.type !== "f32") throw new Error(`${call}: expected numbers, got integers`);
  if (x.shape.length !== 4)
    throw new Error(
      `${call}: expected input [batch, height, width, channels], got ${showShape(x.shape)}; give the model an input such as [28, 28, 1], or add reshape([28, 28, 1]) before it`,
    );
}

/**
 * Convolution: [batch, height, width, channels] → [batch, out height, out width, filters].
 * Parameters `kernel` [height, width, channels / groups, filters] and `bias` [filters].
 * @param kernelSize one number, or [height, width]
 */
export function conv2d(
  filters: number,
  kernelSize: number | readonly [number, number],
  options: Conv2dLayerOptions = {},
): Layer {
  requireCount("conv2d", "filters", filters);
  const { bias, initializer, biasInitializer, kernel, geometry } = checked("conv2d", kernelSize, options);
  if (filters % geometry.groups !== 0)
    throw new Error(`conv2d: ${filters} filters are not divisible by ${geometry.groups} groups; choose another number`);
  return {
    name: "conv2d",
    apply(x, context) {
      requireImages("conv2d", x);
      const channels = x.shape[3];
      if (channels % geometry.groups !== 0)
        throw new Error(
          `conv2d: ${channels} channels are not divisible by ${geometry.groups} groups; choose another number`,
        );
      const shape = [...kernel, channels / geometry.groups, filters];
      const y = convolve(x, context.parameter("kernel", shape, initializer, "weight"), geometry);
      return bias ? add(y, context.parameter("bias", [filters], biasInitializer, "bias")) : y;
    },
  };
}

/**
 * Every channel has filters of its own: [batch, height, width, channels] → [batch, out height, out width, channels·multiplier].
 * Parameters `kernel` [height, width, 1, channels·multiplier] and `bias`.
 */
export function depthwiseConv2d(
  kernelSize: number | readonly [number, number],
  options: Omit<Conv2dLayerOptions, "groups"> & {
    /** Filters of each channel; default 1. */
    readonly multiplier?: number;
  } = {},
): Layer {
  requireOptions("depthwiseConv2d", options, [...layerOptions.filter((name) => name !== "groups"), "multiplier"]);
  const { multiplier = 1, ...rest } = options;
  requireCount("depthwiseConv2d", "multiplier", multiplier);
  checked("depthwiseConv2d", kernelSize, rest);
  return {
    name: "depthwiseConv2d",
    apply(x, context) {
      requireImages("depthwiseConv2d", x);
      const channels = x.shape[3];
      return conv2d(channels * multiplier, kernelSize, { ...rest, groups: channels }).apply(x, context);
    },
  };
}
