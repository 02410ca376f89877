// Graphs as text: one line a node, numbered in the order of execution.
import { type Tensor, topological } from "./tensor.ts";

/** `%3 = matmul(%1, %2) {transposeB: true} f32[64,10]` and so on, for everything the roots need. */
export function formatGraph(roots: readonly Tensor[]): string {
  const order = topological(roots).sort((a, b) => a.id - b.id);
  const number = new Map(order.map((tensor, i) => [tensor, i]));
  const lines = order.map((tensor, i) => {
    const attributes = Object.entries(tensor.attributes).map(([key, value]) => `${key}: ${JSON.stringify(value)}`);
    const suffix = attributes.length > 0 ? ` {${attributes.join(", ")}}` : "";
    return `%${i} = ${tensor.operation.name}(${tensor.inputs.map((x) => `%${number.get(x)}`).join(", ")})${suffix} ${tensor.type}[${tensor.shape}]`;
  });
  return [...lines, `return ${roots.map((root) => `%${number.get(root)}`).join(", ")}`].join("\n");
}
