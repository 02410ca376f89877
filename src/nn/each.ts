// One network for several inputs of an example, with one set of parameters: siamese networks, sets, sequences.
import { showShape } from "../graph/tensor.ts";
import { reshape } from "../ops/movement.ts";
import { applyLayer, type Layer } from "./layer.ts";

/** [batch, n, …] → [batch, n, …]: applies `network` to each of the n inputs of an example, [batch·n, …], alike. */
export const each = (network: Layer): Layer => ({
  name: "each",
  apply(x, context) {
    const [batch, count, ...rest] = x.shape as [number, number, ...number[]];
    if (rest.length === 0)
      throw new Error(
        `each: expected input [batch, n, …], got ${showShape(x.shape)}; give the model input such as [3, 784]`,
      );
    const y = applyLayer(network, reshape(x, [batch * count, ...rest]), context);
    return reshape(y, [batch, count, ...y.shape.slice(1)]);
  },
});
