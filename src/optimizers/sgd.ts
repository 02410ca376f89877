// Stochastic gradient descent: w ← w − η·g, with momentum, dampening, Nesterov's form and weight decay.
import type { Operand } from "../graph/tensor.ts";
import { size } from "../graph/tensor.ts";
import { op } from "../ops/op.ts";
import type { Optimizer } from "./optimizer.ts";

export interface SgdOptions {
  /** η > 0 */
  readonly learningRate?: number;
  /** μ in [0, 1); default 0 */
  readonly momentum?: number;
  /** Share of the gradient kept out of the momentum, in [0, 1]; default 0 */
  readonly dampening?: number;
  /** Needs momentum > 0 and no dampening; default false */
  readonly nesterov?: boolean;
  /** Adds this times w to the gradient: all parameters; default 0 */
  readonly weightDecay?: number;
}

const sgdOp = op("sgd", {
  shape: () => [0],
  inputTypes: ["f32", "f32", "f32", "f32"],
  emit: (k, _, [theta, gradient, velocity, scalars], a) =>
    k.sgd(
      theta as Operand, gradient as Operand, velocity as Operand, size(theta as Operand), scalars as Operand,
      a.momentum as number, a.dampening as number, a.weightDecay as number, a.nesterov ? 1 : 0,
    ), // biome-ignore format: addresses, then numbers
  examples: [],
});

/** Throws unless a number lies in [low, high], or [low, high) with `open`. */
function within(what: string, value: number, low: number, high: number, open = false): void {
  if (!(value >= low && (open ? value < high : value <= high)))
    throw new Error(`sgd: ${what} must be in [${low}, ${high}${open ? ")" : "]"}, got ${value}`);
}

/** Throws unless η is a finite number above zero. */
export function requireLearningRate(call: string, learningRate: number): void {
  if (!(Number.isFinite(learningRate) && learningRate > 0))
    throw new Error(`${call}: learningRate must be a finite number > 0, got ${learningRate}`);
}

const known = new Set(["learningRate", "momentum", "dampening", "nesterov", "weightDecay"]);

/**
 * PyTorch's rule: g += weightDecay·w; v = μ·v + (1 − dampening)·g (v = g at the first step); w −= η·v, or
 * η·(g + μ·v) with Nesterov. One pass over θ.
 */
export function sgd(options: SgdOptions = {}): Optimizer {
  const { learningRate = 0.01, momentum = 0, dampening = 0, nesterov = false, weightDecay = 0 } = options;
  for (const key of Object.keys(options))
    if (!known.has(key)) throw new Error(`sgd: unknown option "${key}"; known are ${[...known].join(", ")}`);
  requireLearningRate("sgd", learningRate);
  within("momentum", momentum, 0, 1, true);
  within("dampening", dampening, 0, 1);
  within("weightDecay", weightDecay, 0, Number.MAX_VALUE);
  if (nesterov && (momentum === 0 || dampening !== 0)) throw new Error("sgd: nesterov needs momentum > 0 and dampening 0");
  return {
    name: "sgd",
    learningRate,
    slots: momentum === 0 ? 0 : 1,
    update: ({ theta, gradient, slots, scalars }) => [
      sgdOp([theta, gradient, slots[0] ?? theta, scalars], { momentum, dampening, nesterov, weightDecay }),
    ],
  };
}
