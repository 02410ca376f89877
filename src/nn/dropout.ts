// Dropout (Srivastava et al. 2014), in the inverted form: nothing to do at prediction.
import { dropout as dropoutOperation } from "../ops/random.ts";
import type { Layer } from "./layer.ts";

/** While training, zeroes each element with probability `rate` in [0, 1) and scales the others by 1/(1 − rate). */
export function dropout(rate = 0.5): Layer {
  if (!(rate >= 0 && rate < 1)) throw new Error(`dropout: rate must be in [0, 1), got ${rate}`);
  return {
    name: "dropout",
    apply: (x, context) => (context.training ? dropoutOperation(x, rate, context.randomStream()) : x),
  };
}
