// What a layer is: a pure description that calls operations. Parameters are asked for by name and live in one flat vector.

import { show } from "../checks.ts";
import { type Shape, showShape, type Tensor } from "../graph/tensor.ts";
import type { Initializer } from "./initializers.ts";

/** What a parameter is for: regularisers act on weights only, unless told otherwise. */
export type ParameterKind = "weight" | "bias" | "scale";

/** Which statistics a normalising layer uses: those of the batch at hand, or the running ones. */
export type Normalization = "batch" | "running";

/** A tensor beside the parameters that no optimiser changes: running statistics. */
export interface State {
  /** As the last step left it. */
  readonly value: Tensor;
  /**
   * What it becomes once a training step's loss is known to be finite, or in a refresh; of no effect in other runs.
   * Once a run.
   */
  update(next: Tensor): void;
}

export interface Context {
  /**
   * The parameter `name` of the layer being applied. Parameters are shared by name, not by object: the same name in one
   * context is one parameter, a layer object used twice in a chain has two sets of them.
   */
  parameter(name: string, shape: Shape, initializer: Initializer, kind?: ParameterKind): Tensor;
  /** The state `name` of the layer being applied; `initial` fills it at first. Shared by name, as parameters are. */
  state(name: string, shape: Shape, initial: number): State;
  /** A context whose parameter names begin with `name` and a number that makes it unique here. */
  scope(name: string): Context;
  /** True while gradients are wanted for an update: dropout drops, and so on. */
  readonly training: boolean;
  /** "batch" in training, else "running", unless an objective or a refresh asks for the batch's. */
  readonly normalization: Normalization;
  /**
   * In Model.refreshStatistics: the weight of this batch in the cumulative average, a scalar; it takes the place of a
   * layer's own momentum.
   */
  readonly refreshShare: Tensor | undefined;
  /**
   * Σ of x over the replicas that threads share the batch out among; x itself in one thread. A layer that mixes rows of
   * the batch needs it, because it sees the rows of its replica alone.
   */
  allReduce(x: Tensor): Tensor;
  /** How many replicas there are, and which part of the batch's rows this one sees; both 1 in one thread. */
  readonly replicas: number;
  readonly rowShare: number;
  /** A number that tells this layer's random draws from all others of a step. */
  randomStream(): number;
}

/** One module h of h_L ∘ … ∘ h_1. */
export interface Layer {
  readonly name: string;
  /** @param x [batch, …] */
  apply(x: Tensor, context: Context): Tensor;
}

/** A layer without parameters. */
export const stateless = (name: string, apply: (x: Tensor, context: Context) => Tensor): Layer => ({ name, apply });

/** Applies a layer under its own name. */
export function applyLayer(layer: Layer, x: Tensor, context: Context): Tensor {
  const y = layer.apply(x, context.scope(layer.name));
  if (y?.operation === undefined) throw new Error(`${layer.name}: apply returned ${show(y)}, expected a tensor`);
  return y;
}

/** Throws unless there is an axis behind the batch: without one, the last axis is the batch. */
export function requireFeatures(call: string, x: Tensor): void {
  if (x.shape.length < 2)
    throw new Error(
      `${call}: expected input [batch, features], got ${showShape(x.shape)}; give the model an input shape such as [784]`,
    );
}

/** Throws unless `value` is a whole number of at least `least`. */
export function requireCount(call: string, what: string, value: number, least = 1): void {
  if (!Number.isInteger(value) || value < least)
    throw new Error(`${call}: ${what} must be a whole number ≥ ${least}, got ${show(value)}`);
}
