// What an optimiser is to the model: how many slots it keeps beside θ, and one update as graph nodes.
import type { Tensor } from "../graph/tensor.ts";

export interface UpdateInputs {
  /** θ and g: [parameters] */
  readonly theta: Tensor;
  readonly gradient: Tensor;
  /** As many as `slots`, each [parameters], zero at first. */
  readonly slots: readonly Tensor[];
  /** [learning rate (f32), steps done so far (i32)] */
  readonly scalars: Tensor;
}

export interface Optimizer {
  readonly name: string;
  /** η of the first step; settable on the model. */
  readonly learningRate: number;
  readonly slots: number;
  /**
   * Whether each number of θ is updated by its own gradient and slots alone: threads then share the update out. Default
   * false: one thread makes it.
   */
  readonly byElement?: boolean;
  /** Nodes that write θ and the slots in place. */
  update(inputs: UpdateInputs): readonly Tensor[];
}
