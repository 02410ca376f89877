// chain(…): layers one after the other, or transforms before an optimiser. One word, as a chain is both.

import { show } from "./checks.ts";
import { chain as layers } from "./nn/chain.ts";
import type { Layer } from "./nn/layer.ts";
import type { Optimizer, Transform } from "./optimizers/optimizer.ts";

/** Layers one after the other, first one first. */
export function chain(...links: readonly Layer[]): Layer;
/** An optimiser whose gradient goes through transforms first: chain(clipByGlobalNorm(1), adamW()). */
export function chain(...links: readonly [...Transform[], Optimizer]): Optimizer;
export function chain(...links: readonly (Layer | Transform | Optimizer)[]): Layer | Optimizer {
  const last = links.at(-1) as Optimizer | undefined;
  if (typeof last?.update !== "function") {
    const optimizer = links.find((link) => typeof (link as Optimizer)?.update === "function");
    if (optimizer) throw new Error(`chain: transforms come before the optimiser; put ${optimizer.name} last`);
    return layers(...(links as readonly Layer[]));
  }
  return links.slice(0, -1).reduceRight((optimizer: Optimizer, link, i) => {
    if (typeof (link as Transform)?.before !== "function")
      throw new Error(
        `chain: argument ${i} is ${show((link as Layer)?.name ?? link)}; before an optimiser come transforms of its gradient, such as clipByGlobalNorm(1)`,
      );
    return (link as Transform).before(optimizer);
  }, last);
}
