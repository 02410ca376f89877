// LeNet-5 (LeCun, Bottou, Bengio and Haffner 1998) as it is built today: ReLU and max pooling, no maps left unconnected.
import { relu } from "../activations.ts";
import { chain } from "../chain.ts";
import { conv2d } from "../conv2d.ts";
import { dense } from "../dense.ts";
import { he } from "../initializers.ts";
import type { Layer } from "../layer.ts";
import { maxPool2d } from "../pool.ts";
import { flatten } from "../shape.ts";
import { type ArchitectureOptions, classesOf } from "./options.ts";

/**
 * conv 5 × 5 to 6 channels (padded to keep the size), pool, conv 5 × 5 to 16, pool, dense 120, 84, classes; ReLU behind
 * all but the last. Images [height, width, channels]; of [28, 28, 1] it has 61,706 parameters.
 */
export function lenet5(options: ArchitectureOptions = {}): Layer {
  const classes = classesOf("lenet5", options);
  const initializer = he();
  const hidden = { initializer };
  return chain(
    conv2d(6, 5, { padding: "same", initializer }),
    relu(),
    maxPool2d(2),
    conv2d(16, 5, { initializer }),
    relu(),
    maxPool2d(2),
    flatten(),
    dense(120, hidden),
    relu(),
    dense(84, hidden),
    relu(),
    dense(classes),
  );
}
