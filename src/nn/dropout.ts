// Dropout (Srivastava et al. 2014), in the inverted form: nothing to do at prediction.

import { requireWithin } from "../checks.ts";
import { dropout as dropoutOperation } from "../ops/random.ts";
import type { Layer } from "./layer.ts";

/** While training, zeroes each element with probability `rate` in [0, 1) and scales the others by 1/(1 − rate). */
export function dropout(rate = 0.5): Layer {
  requireWithin("dropout", "rate", rate, 0, 1, true);
  return {
    name: "dropout",
    apply: (x, context) => (context.training ? dropoutOperation(x, rate, context.randomStream()) : x),
  };
}
