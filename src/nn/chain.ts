// Composition: h_L ∘ … ∘ h_1, and the sum of a block and its input.

import { show } from "../checks.ts";
import { sameShape, showShape } from "../graph/tensor.ts";
import { add } from "../ops/binary.ts";
import { applyLayer, type Layer } from "./layer.ts";

function requireLayers(call: string, layers: readonly Layer[]): void {
  if (layers.length === 0) throw new Error(`${call}: expected at least one layer`);
  layers.forEach((layer, i) => {
    // A function has a name and a method apply too: a layer that was not called, as relu for relu().
    if (typeof layer !== "object" || typeof layer?.apply !== "function" || typeof layer.name !== "string")
      throw new Error(
        `${call}: argument ${i} is not a layer: ${typeof layer === "function" ? `the function ${(layer as { name: string }).name}` : show(layer)}; a layer is { name, apply(x, context) }, did you forget to call it, as in relu()?`,
      );
  });
}

/** Layers one after the other, first one first. */
export function chain(...layers: readonly Layer[]): Layer {
  requireLayers("chain", layers);
  return { name: "chain", apply: (x, context) => layers.reduce((y, layer) => applyLayer(layer, y, context), x) };
}

/** x + block(x) (He et al. 2016): the block must keep the shape. */
export function residual(...layers: readonly Layer[]): Layer {
  requireLayers("residual", layers);
  return {
    name: "residual",
    apply(x, context) {
      const y = layers.reduce((value, layer) => applyLayer(layer, value, context), x);
      if (!sameShape(x.shape, y.shape))
        throw new Error(
          `residual: the block turns ${showShape(x.shape)} into ${showShape(y.shape)}; it must keep the shape`,
        );
      return add(x, y);
    },
  };
}
