// Lion: the sign of a momentum.

import { requireOptions } from "../checks.ts";
import { updateOp } from "./kernel.ts";
import type { Optimizer } from "./optimizer.ts";
import { type LearningRateOptions, requireDecay, requireLearningRate, requireShare } from "./options.ts";
import { byDecay, type DecayOptions, requireDecays } from "./runs.ts";

export interface LionOptions extends LearningRateOptions, DecayOptions {
  /** Share of the momentum in the step, in [0, 1); default 0.9 */
  readonly beta1?: number;
  /** Of the momentum itself, in [0, 1); default 0.99 */
  readonly beta2?: number;
}

const lionOp = /* @__PURE__ */ updateOp(
  "lion",
  (k, { out, theta, gradient, slots, n, scalars, scale }, a) =>
  k.lion(
    out, theta, gradient, slots[0] ?? theta, n, scalars, scale,
    a.beta1 as number, a.beta2 as number, a.weightDecay as number,
  ), // biome-ignore format: addresses, then numbers
);

/**
 * Lion (Chen et al. 2023): w −= η·(sign(β₁·m + (1 − β₁)·g) + λ·w), m = β₂·m + (1 − β₂)·g. Wants a tenth of Adam's rate.
 * Default η 1e-4, λ 1e-3.
 */
export function lion(options: LionOptions = {}): Optimizer {
  requireOptions("lion", options, ["learningRate", "beta1", "beta2", "weightDecay", "decays"]);
  const { learningRate = 1e-4, beta1 = 0.9, beta2 = 0.99, weightDecay = 1e-3, decays = "all" } = options;
  requireLearningRate("lion", learningRate);
  requireShare("lion", "beta1", beta1);
  requireShare("lion", "beta2", beta2);
  requireDecay("lion", weightDecay);
  requireDecays("lion", decays);
  return {
    name: "lion",
    learningRate,
    slots: 1,
    byElement: true,
    update: (inputs) =>
      byDecay(inputs, { weightDecay, decays }, (part, decay) => lionOp(part, { beta1, beta2, weightDecay: decay })),
  };
}
