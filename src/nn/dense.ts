// The fully connected layer.

import { requireFunction, requireOneOf, requireOptions } from "../checks.ts";
import { add } from "../ops/binary.ts";
import { matmul } from "../ops/matmul.ts";
import { glorot, type Initializer, zeros } from "./initializers.ts";
import { type Layer, requireCount, requireFeatures } from "./layer.ts";

export interface DenseOptions {
  /** Default true. */
  readonly bias?: boolean;
  /** Of the weights [in, out]; default glorot(). */
  readonly initializer?: Initializer;
  /** Default zeros. */
  readonly biasInitializer?: Initializer;
}

/** x·W + b over the last axis: [batch, …, in] → [batch, …, units]. Parameters `weights` [in, units] and `bias` [units]. */
export function dense(units: number, options: DenseOptions = {}): Layer {
  requireCount("dense", "units", units);
  requireOptions("dense", options, ["bias", "initializer", "biasInitializer"]);
  const { bias = true, initializer = glorot(), biasInitializer = zeros } = options;
  requireOneOf("dense", "bias", bias, [true, false]);
  requireFunction("dense", "initializer", initializer, "initializers.glorot()");
  requireFunction("dense", "biasInitializer", biasInitializer, "initializers.zeros");
  return {
    name: "dense",
    apply(x, context) {
      if (x.type !== "f32") throw new Error("dense: expected numbers, got integers; add embedding() before it");
      requireFeatures("dense", x);
      const weights = context.parameter("weights", [x.shape.at(-1) as number, units], initializer, "weight");
      const product = matmul(x, weights);
      return bias ? add(product, context.parameter("bias", [units], biasInitializer, "bias")) : product;
    },
  };
}
