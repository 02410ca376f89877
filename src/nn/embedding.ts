// The embedding layer: integers → rows of a table.

import { requireFunction } from "../checks.ts";
import { gatherRows } from "../ops/rows.ts";
import { type Initializer, normal } from "./initializers.ts";
import { type Layer, requireCount } from "./layer.ts";

/** [batch, …] integers in [0, count) → [batch, …, width]. The model's input type must be "i32". */
export function embedding(count: number, width: number, initializer: Initializer = normal(1)): Layer {
  requireCount("embedding", "count", count);
  requireCount("embedding", "width", width);
  requireFunction("embedding", "initializer", initializer, "initializers.normal()");
  return {
    name: "embedding",
    apply(x, context) {
      if (x.type !== "i32")
        throw new Error('embedding: expected integers, got numbers; create the model with inputType: "i32"');
      return gatherRows(context.parameter("weights", [count, width], initializer, "weight"), x);
    },
  };
}
