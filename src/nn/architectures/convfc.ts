// ConvFC, the small convolutional net of Garipov and others (2018), "Loss surfaces, mode connectivity, and fast
// ensembling of DNNs": three convolutions, three dense layers. https://github.com/timgaripov/dnn-mode-connectivity
import { relu } from "../activations.ts";
import { chain } from "../chain.ts";
import { conv2d } from "../conv2d.ts";
import { dense } from "../dense.ts";
import { type Initializer, normal } from "../initializers.ts";
import type { Layer } from "../layer.ts";
import { maxPool2d } from "../pool.ts";
import { flatten } from "../shape.ts";
import { type ArchitectureOptions, classesOf } from "./options.ts";

/** Variance 2/(height·width·filters). */
const byFilters: Initializer = (shape, draw) => {
  const [height, width, , filters] = shape as [number, number, number, number];
  return normal(Math.sqrt(2 / (height * width * filters)))(shape, draw);
};

/**
 * conv 5 × 5 to 32, 64 and 128 channels, each padded by 2 and pooled 3 × 3 with stride 2; then dense 1000, 1000,
 * classes; ReLU behind all but the last. Images [height, width, channels] of at least 15 × 15; of [32, 32, 3] it has
 * 2,422,634 parameters.
 */
export function convfc(options: ArchitectureOptions = {}): Layer {
  const classes = classesOf("convfc", options);
  const stage = (filters: number): Layer[] => [
    conv2d(filters, 5, { padding: 2, initializer: byFilters }),
    relu(),
    maxPool2d(3, { strides: 2 }),
  ];
  return chain(...[32, 64, 128].flatMap(stage), flatten(), dense(1000), relu(), dense(1000), relu(), dense(classes));
}
