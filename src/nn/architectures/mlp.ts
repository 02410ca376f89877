// The multilayer perceptron.
import { show } from "../../checks.ts";
import { relu } from "../activations.ts";
import { chain } from "../chain.ts";
import { dense } from "../dense.ts";
import type { Layer } from "../layer.ts";
import { flatten } from "../shape.ts";
import { type ArchitectureOptions, classesOf } from "./options.ts";

/**
 * dense(width) and relu for each width, then dense(classes), over examples of any shape. With no widths it is a linear
 * classifier.
 * @param widths units of each hidden layer, as [512, 512]
 */
export function mlp(widths: readonly number[], options: ArchitectureOptions = {}): Layer {
  const classes = classesOf("mlp", options);
  if (!Array.isArray(widths))
    throw new Error(`mlp: widths must be an array of whole numbers ≥ 1, such as [128, 64], got ${show(widths)}`);
  return chain(flatten(), ...widths.flatMap((width: number) => [dense(width), relu()]), dense(classes));
}
