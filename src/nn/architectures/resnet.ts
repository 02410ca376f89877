// Residual networks for small images, of He, Zhang, Ren and Sun (2016), "Deep residual learning for image recognition",
// §4.2; without the shortcuts, the plain networks of Li and others (2018), "Visualizing the loss landscape of neural nets".
import { requireOneOf, show } from "../../checks.ts";
import { showShape, type Tensor } from "../../graph/tensor.ts";
import { add } from "../../ops/binary.ts";
import { pad, reshape, slice } from "../../ops/movement.ts";
import { relu } from "../activations.ts";
import { batchNorm } from "../batchNorm.ts";
import { chain } from "../chain.ts";
import { conv2d } from "../conv2d.ts";
import { dense } from "../dense.ts";
import { he } from "../initializers.ts";
import { applyLayer, type Layer, requireCount } from "../layer.ts";
import { globalAveragePool2d } from "../pool.ts";
import { type ArchitectureOptions, classesOf } from "./options.ts";

export interface ResnetOptions extends ArchitectureOptions {
  /** Whether each pair of convolutions adds its input to its output; default true. */
  readonly skips?: boolean;
  /** Channels of the first stage; the second has twice, the third four times as many. Default 16. */
  readonly width?: number;
}

/**
 * conv 3 × 3, then three stages of n blocks of two convolutions 3 × 3, the second and third stage at half and a quarter
 * of the size and two and four times the width; batch normalisation behind every convolution, ReLU, the mean over all
 * pixels, dense(classes). Shortcuts have no parameters: where the shape changes they take every other pixel and fill new
 * channels with 0 (option A). Images [height, width, channels]; of [32, 32, 3], ResNet-20 has 269,722 parameters.
 * @param depth 6n + 2: 20, 32, 44, 56 or 110 in the paper
 */
export function resnet(depth: number, options: ResnetOptions = {}): Layer {
  const classes = classesOf("resnet", options, ["skips", "width"]);
  const { skips = true, width = 16 } = options;
  const blocks = (depth - 2) / 6;
  if (typeof depth !== "number" || !Number.isInteger(blocks) || blocks < 1)
    throw new Error(`resnet: depth must be a number 6n + 2, such as 20, 32, 44 or 56, got ${show(depth)}`);
  requireOneOf("resnet", "skips", skips, [true, false]);
  requireCount("resnet", "width", width);
  const stages = [width, 2 * width, 4 * width].flatMap((channels, stage) =>
    Array.from({ length: blocks }, (_, i) => block(channels, stage > 0 && i === 0 ? 2 : 1, skips)),
  );
  return chain(...convolved(width, 1), relu(), ...stages, globalAveragePool2d(), dense(classes));
}

const convolved = (channels: number, strides: number): Layer[] => [
  conv2d(channels, 3, { strides, padding: 1, bias: false, initializer: he() }),
  batchNorm(),
];

/** relu(x + f(x)), or with no skip relu(f(x)), where f is two convolutions with ReLU between them. */
function block(channels: number, strides: number, skips: boolean): Layer {
  const layers = [...convolved(channels, strides), relu(), ...convolved(channels, 1)];
  const last = relu();
  return {
    name: "block",
    apply(x, context) {
      const y = layers.reduce((value, layer) => applyLayer(layer, value, context), x);
      return applyLayer(last, skips ? add(y, shortcut(x, channels, strides)) : y, context);
    },
  };
}

/** Option A: every strides-th pixel of both axes, from the first on, and channels of 0 half before and half behind. */
function shortcut(x: Tensor, channels: number, strides: number): Tensor {
  if (strides === 1) return x;
  const [batch, height, width, from] = x.shape as [number, number, number, number];
  const [rows, columns] = [Math.ceil(height / strides), Math.ceil(width / strides)];
  // Images of odd size: what is added is not taken.
  const missing = [0, rows * strides - height, columns * strides - width, 0];
  const even = missing.some((n) => n > 0) ? pad(x, [0, 0, 0, 0], missing) : x;
  const grid = reshape(even, [batch, rows, strides, columns, strides * from]);
  const taken = reshape(slice(grid, [0, 0, 0, 0, 0], [batch, rows, 1, columns, from]), [batch, rows, columns, from]);
  const before = Math.floor((channels - from) / 2);
  if (before < 0) throw new Error(`resnet: cannot bring ${showShape(x.shape)} to ${channels} channels`);
  return pad(taken, [0, 0, 0, before], [0, 0, 0, channels - from - before]);
}
