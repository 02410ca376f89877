// Stochastic gradient descent: w ← w − η·g, with momentum, dampening, Nesterov's form and weight decay.

import { requireOneOf, requireOptions, requirePositive, requireWithin } from "../checks.ts";
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
  // θ and g in, θ out; with momentum v in and out.
  cost: (_, [theta], { momentum }) => ({ bytes: (momentum === 0 ? 12 : 20) * size(theta as Operand) }),
  examples: () => [],
});

/** Throws unless η is a finite number above zero. */
export function requireLearningRate(call: string, learningRate: number): void {
  requirePositive(call, "learningRate", learningRate);
}

/** The largest finite f32. */
const LARGEST = 3.4028234663852886e38;
const known = ["learningRate", "momentum", "dampening", "nesterov", "weightDecay"];

/**
 * PyTorch's rule: g += weightDecay·w; v = μ·v + (1 − dampening)·g (v = g at the first step); w −= η·v, or
 * η·(g + μ·v) with Nesterov. One pass over θ.
 */
export function sgd(options: SgdOptions = {}): Optimizer {
  requireOptions("sgd", options, known);
  const { learningRate = 0.01, momentum = 0, dampening = 0, nesterov = false, weightDecay = 0 } = options;
  requireLearningRate("sgd", learningRate);
  requireWithin("sgd", "momentum", momentum, 0, 1, true);
  requireWithin("sgd", "dampening", dampening, 0, 1);
  requireWithin("sgd", "weightDecay", weightDecay, 0, LARGEST);
  requireOneOf("sgd", "nesterov", nesterov, [true, false]);
  if (nesterov && (momentum === 0 || dampening !== 0))
    throw new Error("sgd: nesterov needs momentum > 0 and dampening 0");
  return {
    name: "sgd",
    learningRate,
    slots: momentum === 0 ? 0 : 1,
    byElement: true,
    update: ({ theta, gradient, slots, scalars }) => [
      sgdOp([theta, gradient, slots[0] ?? theta, scalars], { momentum, dampening, nesterov, weightDecay }),
    ],
  };
}
