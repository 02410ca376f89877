// What optimisers and gradient transforms are: descriptions of one step as graph nodes over vectors with the layout of θ.
// What a rule remembers lies in slots, explicitly.
import type { Shape, Tensor } from "../graph/tensor.ts";
import type { ParameterKind } from "../nn/layer.ts";

/** η as a function of the steps done so far: 0 before the first. */
export type Schedule = (step: number) => number;

/** A parameter's place in the vectors. */
export interface Slice {
  readonly name: string;
  readonly kind: ParameterKind;
  readonly shape: Shape;
  readonly offset: number;
  readonly size: number;
}

export interface StepInputs {
  /** θ and g (or what the transforms before made of it): [n] */
  readonly theta: Tensor;
  readonly gradient: Tensor;
  /** As many as `slots`, each [n]. */
  readonly slots: readonly Tensor[];
  /** η of this step: []; kernels find the steps done so far (i32) behind it. */
  readonly learningRate: Tensor;
  /** η of each of an optimiser's `groupRates`. */
  readonly groupRates: readonly Tensor[];
  /** t: []; 1 in the first step. Exact to 16.7 million. */
  readonly step: Tensor;
  /** Which parameters the vectors hold; where threads share an update by element, those of one thread's part. */
  readonly layout: readonly Slice[];
}

interface Rule {
  readonly name: string;
  /** How many vectors of the size of θ it keeps beside θ. */
  readonly slots: number;
  /**
   * Whether each number of θ is updated by its own gradient and slots alone: threads then share the update out. Default
   * false: one thread makes it.
   */
  readonly byElement?: boolean;
  /** Whether it looks at no more than one parameter of the layout at a time; what goes by element does. Default false. */
  readonly byParameter?: boolean;
}

/** What a step leaves. */
export interface Update {
  /** The new θ; nothing: θ stays. */
  readonly theta?: Tensor;
  /** The new slots, in their order; undefined for those that stay, or that a kernel has written in place. */
  readonly slots?: readonly (Tensor | undefined)[];
  /** Where in the vectors the new ones begin; default 0. */
  readonly offset?: number;
}

/** What happens to a gradient on its way to an optimiser. */
export interface TransformRule extends Rule {
  transform(inputs: StepInputs): { readonly gradient: Tensor; readonly slots?: Update["slots"] };
}

/** A link of a chain before its optimiser; `gradientTransform` makes one of a rule. */
export interface Transform extends TransformRule {
  /** The optimiser behind this link. */
  before(optimizer: Optimizer): Optimizer;
}

export interface Optimizer extends Rule {
  /** η, or a schedule of it; settable on the model. */
  readonly learningRate: number | Schedule;
  /** Further rates, those of groups of parameters; they change with the first where that is set. */
  readonly groupRates?: readonly (number | Schedule)[];
  /** What the slots hold before the first step: a number, or θ as it is then. Default zeros. */
  readonly first?: readonly (number | "theta")[];
  update(inputs: StepInputs): Update | readonly Update[];
  /**
   * Where the gradient for `update` is to be taken: a new θ for a second evaluation on the same batch. θ is as before when
   * `update` is called. One thread makes the updates then.
   */
  ascend?(inputs: StepInputs): Update | readonly Update[];
  /** Which slot is an average of θ: `model.average`. */
  readonly average?: number;
  /** What is done after every so many steps. One thread does it. */
  readonly every?: { readonly steps: number; update(inputs: StepInputs): Update | readonly Update[] };
}
