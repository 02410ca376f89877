// The family of Adam: gradients, or their running mean, divided by a running size of theirs. One kernel for all.

import { requireOneOf, requireOptions, requirePositive, requireWithin } from "../checks.ts";
import { none, updateOp } from "./kernel.ts";
import type { Optimizer } from "./optimizer.ts";
import { LARGEST, type LearningRateOptions, requireDecay, requireLearningRate, requireShare } from "./options.ts";
import { byDecay, type DecayOptions, requireDecays } from "./runs.ts";

/** The numbers of assembly/kernels/optimizer.ts. */
export const rules = {
  adam: 0, nadam: 1, radam: 2, adagrad: 3,
  moment: 8, heavy: 16, largest: 32, centered: 64, infinity: 128, delta: 256, decoupled: 512, direction: 1024,
} as const; // biome-ignore format: coefficients, then flags

/** v; with `first` another slot, and with `second` one more. */
const usesFirst = (rule: number): boolean => (rule & (rules.moment | rules.heavy)) !== 0;
const usesSecond = (rule: number): boolean => (rule & (rules.largest | rules.centered | rules.delta)) !== 0;

export interface AdaptiveAttributes {
  readonly rule: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
}

const emitted = /* @__PURE__ */ updateOp("adaptive", (k, { out, theta, gradient, slots, n, scalars, scale }, a) => {
  const { rule, beta1, beta2, epsilon, weightDecay } = a as unknown as AdaptiveAttributes;
  const [v, ...rest] = slots;
  const first = usesFirst(rule) ? rest.shift() : none;
  const second = usesSecond(rule) ? rest.shift() : none;
  k.adaptive(
    out, theta, gradient, v ?? none, first ?? none, second ?? none, n, scalars, scale,
    beta1, beta2, epsilon, weightDecay, rule,
  ); // biome-ignore format: addresses, then numbers
});

/** The kernel's node: θ after the step, or with `rules.direction` what −η is to be multiplied by. */
export const adaptiveOp = (inputs: Parameters<typeof emitted>[0], attributes: AdaptiveAttributes) =>
  emitted(inputs, { ...attributes });

interface Family extends DecayOptions {
  readonly name: string;
  readonly learningRate: NonNullable<LearningRateOptions["learningRate"]>;
  readonly rule: number;
  readonly beta1?: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** What v is at first. */
  readonly size?: number;
}

function adaptive({ name, learningRate, rule, beta1 = 0, beta2, epsilon, size = 0, ...decay }: Family): Optimizer {
  requireLearningRate(name, learningRate);
  requireDecay(name, decay.weightDecay ?? 0);
  requireDecays(name, decay.decays ?? "all");
  requireWithin(name, "epsilon", epsilon, 0, LARGEST);
  return {
    name,
    learningRate,
    slots: 1 + Number(usesFirst(rule)) + Number(usesSecond(rule)),
    ...(size !== 0 && { first: [size] }),
    byElement: true,
    update: (inputs) =>
      byDecay(inputs, decay, (part, weightDecay) => adaptiveOp(part, { rule, beta1, beta2, epsilon, weightDecay })),
  };
}

export interface AdamOptions extends LearningRateOptions, DecayOptions {
  /** Of the running mean of gradients, in [0, 1); default 0.9 */
  readonly beta1?: number;
  /** Of the running mean of their squares, in [0, 1); default 0.999 */
  readonly beta2?: number;
  /** Added to the divisor, ≥ 0; default 1e-8 */
  readonly epsilon?: number;
}

export interface AmsgradOptions extends AdamOptions {
  /** Divide by the largest mean square so far (Reddi et al. 2018); default false */
  readonly amsgrad?: boolean;
}

const adamKnown = ["learningRate", "beta1", "beta2", "epsilon", "weightDecay", "decays"];

function momentFamily(
  name: string,
  rule: number,
  options: AmsgradOptions,
  defaults: { readonly learningRate: number; readonly weightDecay?: number },
  known: readonly string[] = adamKnown,
): Optimizer {
  requireOptions(name, options, known);
  const {
    learningRate,
    beta1 = 0.9,
    beta2 = 0.999,
    epsilon = 1e-8,
    amsgrad = false,
    weightDecay,
    decays,
  } = {
    ...defaults,
    ...options,
  };
  requireShare(name, "beta1", beta1);
  requireShare(name, "beta2", beta2);
  requireOneOf(name, "amsgrad", amsgrad, [true, false]);
  return adaptive({
    name,
    learningRate,
    rule: rule | rules.moment | (amsgrad ? rules.largest : 0),
    beta1,
    beta2,
    epsilon,
    ...(weightDecay !== undefined && { weightDecay }),
    ...(decays !== undefined && { decays }),
  });
}

/**
 * Adam (Kingma & Ba 2015): w −= η·m̂/(√v̂ + ε) with bias-corrected running means m of g and v of g². Weight decay is added to
 * the gradient, as in PyTorch; see adamW. Default η 0.001.
 */
export const adam = (options: AmsgradOptions = {}): Optimizer =>
  momentFamily("adam", rules.adam, options, { learningRate: 0.001 }, [...adamKnown, "amsgrad"]);

/** Adam with decoupled weight decay (Loshchilov & Hutter 2019): w shrinks by η·λ beside the step. Default λ 0.01. */
export const adamW = (options: AmsgradOptions = {}): Optimizer =>
  momentFamily("adamW", rules.adam | rules.decoupled, options, { learningRate: 0.001, weightDecay: 0.01 }, [
    ...adamKnown,
    "amsgrad",
  ]);

/** Adam with Nesterov's momentum (Dozat 2016), of constant β₁ as in optax. Default η 0.002. */
export const nadam = (options: AdamOptions = {}): Optimizer =>
  momentFamily("nadam", rules.nadam, options, { learningRate: 0.002 });

/** Rectified Adam (Liu et al. 2020): momentum alone until the variance of the divisor is tractable. Default η 0.001. */
export const radam = (options: AdamOptions = {}): Optimizer =>
  momentFamily("radam", rules.radam, options, { learningRate: 0.001 });

/** Adam by the infinity norm (Kingma & Ba 2015): the divisor is a decaying maximum of |g|. Default η 0.002. */
export const adamax = (options: AdamOptions = {}): Optimizer =>
  momentFamily("adamax", rules.adam | rules.infinity, options, { learningRate: 0.002 });

export interface RmspropOptions extends LearningRateOptions, DecayOptions {
  /** Of the running mean of squares, in [0, 1); default 0.99 */
  readonly decay?: number;
  /** Added to the divisor, outside the root as in PyTorch; default 1e-8 */
  readonly epsilon?: number;
  /** Divide by the standard deviation of the gradient instead of its size (Graves 2013); default false */
  readonly centered?: boolean;
  /** μ in [0, 1), of what was divided; default 0 */
  readonly momentum?: number;
}

/** RMSprop (Tieleman & Hinton 2012): w −= η·g/(√v + ε), v a running mean of g². Default η 0.01. */
export function rmsprop(options: RmspropOptions = {}): Optimizer {
  requireOptions("rmsprop", options, [
    "learningRate", "decay", "epsilon", "centered", "momentum", "weightDecay", "decays",
  ]); // biome-ignore format: a list
  const { learningRate = 0.01, decay = 0.99, epsilon = 1e-8, centered = false, momentum = 0, ...rest } = options;
  requireShare("rmsprop", "decay", decay);
  requireShare("rmsprop", "momentum", momentum);
  requireOneOf("rmsprop", "centered", centered, [true, false]);
  const rule = (momentum > 0 ? rules.heavy : 0) | (centered ? rules.centered : 0);
  return adaptive({ name: "rmsprop", learningRate, rule, beta1: momentum, beta2: decay, epsilon, ...rest });
}

export interface AdagradOptions extends LearningRateOptions, DecayOptions {
  /** The rate of step t is η/(1 + (t − 1)·this); default 0 */
  readonly learningRateDecay?: number;
  /** Added to the divisor; default 1e-10 */
  readonly epsilon?: number;
  /** What Σg² begins with; default 0 */
  readonly initialAccumulator?: number;
}

/** Adagrad (Duchi et al. 2011): w −= η·g/(√Σg² + ε). Default η 0.01. */
export function adagrad(options: AdagradOptions = {}): Optimizer {
  requireOptions("adagrad", options, [
    "learningRate", "learningRateDecay", "initialAccumulator", "epsilon", "weightDecay", "decays",
  ]); // biome-ignore format: a list
  const { learningRate = 0.01, learningRateDecay = 0, epsilon = 1e-10, initialAccumulator = 0, ...rest } = options;
  requireWithin("adagrad", "initialAccumulator", initialAccumulator, 0, LARGEST);
  requireWithin("adagrad", "learningRateDecay", learningRateDecay, 0, LARGEST);
  return adaptive({
    name: "adagrad",
    learningRate,
    rule: rules.adagrad,
    beta1: learningRateDecay,
    beta2: 1,
    epsilon,
    size: initialAccumulator,
    ...rest,
  });
}

export interface AdadeltaOptions extends LearningRateOptions, DecayOptions {
  /** ρ of both running means, in [0, 1); default 0.9 */
  readonly decay?: number;
  /** Inside both roots, > 0; default 1e-6 */
  readonly epsilon?: number;
}

/** Adadelta (Zeiler 2012): u = √(mean of u² + ε)/√(mean of g² + ε)·g, w −= η·u. Default η 1. */
export function adadelta(options: AdadeltaOptions = {}): Optimizer {
  requireOptions("adadelta", options, ["learningRate", "decay", "epsilon", "weightDecay", "decays"]);
  const { learningRate = 1, decay = 0.9, epsilon = 1e-6, ...rest } = options;
  requireShare("adadelta", "decay", decay);
  requirePositive("adadelta", "epsilon", epsilon);
  return adaptive({ name: "adadelta", learningRate, rule: rules.delta, beta2: decay, epsilon, ...rest });
}
