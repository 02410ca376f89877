// Test functions as models: θ is the point, and a step is one of the optimiser's.
import type { BuildName } from "../../bindings/load.ts";
import { createModel, initializers, type Model, type Optimizer, ops, type Tensor } from "../../src/index.ts";

type Objective = (parts: readonly Tensor[]) => Tensor;

/** (1 − x)² + 100·(y − x²)² */
export const rosenbrock: Objective = ([p]) => {
  const [x, y] = [0, 1].map((i) => ops.slice(p as Tensor, [i], [1])) as [Tensor, Tensor];
  const valley = ops.sub(y, ops.square(x));
  return ops.sum(ops.add(ops.square(ops.sub(1, x)), ops.mul(ops.square(valley), 100)));
};
/** Σ x² */
export const squares: Objective = (parts) => parts.map((p) => ops.sum(ops.square(p))).reduce((a, b) => ops.add(a, b));

export interface PointOptions {
  readonly build?: BuildName;
  /** Names, kinds and sizes of the parameters that θ is made of; default one weight. */
  readonly parts?: readonly (readonly [name: string, kind: "weight" | "bias" | "scale", size: number])[];
}

/** A model whose loss is f(θ), at a start. */
export async function point(
  optimizer: Optimizer,
  f: Objective,
  start: ArrayLike<number>,
  { build = "strict", parts = [["p", "weight", start.length]] }: PointOptions = {},
): Promise<Model> {
  const model = await createModel({
    input: [1],
    network: {
      name: "point",
      apply(x, context) {
        const values = parts.map(([name, kind, size]) => context.parameter(name, [size], initializers.zeros, kind));
        return ops.broadcastTo(ops.reshape(f(values), [1, 1]), [x.shape[0] as number, 1]);
      },
    },
    loss: (prediction) => ops.mean(prediction),
    optimizer,
    build,
  });
  model.parameters = start as Float32Array;
  return model;
}

const batch = { x: [0], y: [0] };

/** θ after each of so many steps. */
export function walk(model: Model, steps: number): Float32Array[] {
  return Array.from({ length: steps }, () => {
    model.step(batch);
    return model.parameters.slice();
  });
}
