// Stochastic gradient descent: w ← w − η·g, with momentum, dampening, Nesterov's form and weight decay.

import { requireOneOf, requireOptions, requireWithin } from "../checks.ts";
import type { Tensor } from "../graph/tensor.ts";
import { updateOp } from "./kernel.ts";
import type { Optimizer, StepInputs } from "./optimizer.ts";
import { type LearningRateOptions, requireDecay, requireLearningRate, requireShare } from "./options.ts";
import { byDecay, type DecayOptions, requireDecays } from "./runs.ts";

export interface SgdOptions extends LearningRateOptions, DecayOptions {
  /** μ in [0, 1); default 0 */
  readonly momentum?: number;
  /** Share of the gradient kept out of the momentum, in [0, 1]; default 0 */
  readonly dampening?: number;
  /** Needs momentum > 0 and no dampening; default false */
  readonly nesterov?: boolean;
}

const sgdOp = /* @__PURE__ */ updateOp(
  "sgd",
  (k, { out, theta, gradient, slots, n, scalars, scale }, a) =>
  k.sgd(
    out, theta, gradient, slots[0] ?? theta, n, scalars, scale,
    a.momentum as number, a.dampening as number, a.weightDecay as number, a.nesterov ? 1 : 0,
  ), // biome-ignore format: addresses, then numbers
);

/** θ − η·g */
export const descend = (inputs: StepInputs): Tensor =>
  sgdOp(inputs, { momentum: 0, dampening: 0, nesterov: false, weightDecay: 0 });

const known = ["learningRate", "momentum", "dampening", "nesterov", "weightDecay", "decays"];

/**
 * PyTorch's rule: g += weightDecay·w; v = μ·v + (1 − dampening)·g (v = g at the first step); w −= η·v, or
 * η·(g + μ·v) with Nesterov. One pass over θ.
 */
export function sgd(options: SgdOptions = {}): Optimizer {
  requireOptions("sgd", options, known);
  const { learningRate = 0.01, momentum = 0, dampening = 0, nesterov = false } = options;
  const { weightDecay = 0, decays = "all" } = options;
  requireLearningRate("sgd", learningRate);
  requireShare("sgd", "momentum", momentum);
  requireWithin("sgd", "dampening", dampening, 0, 1);
  requireDecay("sgd", weightDecay);
  requireDecays("sgd", decays);
  requireOneOf("sgd", "nesterov", nesterov, [true, false]);
  if (nesterov && (momentum === 0 || dampening !== 0))
    throw new Error("sgd: nesterov needs momentum > 0 and dampening 0");
  return {
    name: "sgd",
    learningRate,
    slots: momentum === 0 ? 0 : 1,
    byElement: true,
    update: (inputs) =>
      byDecay(inputs, { weightDecay, decays }, (part, decay) =>
        sgdOp(part, { momentum, dampening, nesterov, weightDecay: decay }),
      ),
  };
}
