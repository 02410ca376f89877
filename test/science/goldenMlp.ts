// The MLP 3-5-3 of the golden vectors: its batch, its parameters, its objective.
import { chain, createModel, crossEntropy, dense, type Model, type Objective, tanh } from "../../src/index.ts";

/** The fixture of reference.py: sin(0.37 i + 0.11 + n). */
const lin = (n: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => Math.sin(0.37 * i + 0.11 + n));

/** [rows, columns] → [columns, rows]: PyTorch keeps weights as [out, in]. */
const transposed = (values: readonly number[], rows: number, columns: number): number[] =>
  Array.from({ length: rows * columns }, (_, i) => values[(i % rows) * columns + Math.floor(i / rows)] as number);

export async function goldenMlp(): Promise<{
  readonly model: Model;
  readonly batch: { readonly x: number[]; readonly y: number[] };
  readonly objective: Objective;
  readonly theta: Float32Array;
}> {
  const model = await createModel({
    input: [3],
    network: chain(dense(5), tanh(), dense(3)),
    loss: crossEntropy(),
    build: "strict",
  });
  model.parameters = [
    ...transposed(lin(2, 15), 5, 3),
    ...lin(3, 5),
    ...transposed(lin(4, 15), 3, 5),
    ...lin(5, 3),
  ] as unknown as Float32Array;
  const batch = { x: lin(1, 12), y: [0, 2, 1, 2] };
  return { model, batch, objective: model.objective(batch), theta: model.parameters.slice() };
}
