// Rprop: a step size for each parameter, by the sign of its gradient alone. For whole data sets, not for mini-batches.

import { requireOptions, requirePositive, requireWithin } from "../checks.ts";
import { none, updateOp } from "./kernel.ts";
import type { Optimizer } from "./optimizer.ts";
import { LARGEST, type LearningRateOptions, requireLearningRate } from "./options.ts";

export interface RpropOptions extends LearningRateOptions {
  /** A step shrinks by the first where the gradient's sign changes, and grows by the second where it stays; default [0.5, 1.2] */
  readonly factors?: readonly [number, number];
  /** Smallest and largest step; default [1e-6, 50] */
  readonly steps?: readonly [number, number];
}

const rpropOp = /* @__PURE__ */ updateOp(
  "rprop",
  (k, { out, theta, gradient, slots, n, scalars, scale }, a) =>
  k.rprop(
    out, theta, gradient, slots[0] ?? none, slots[1] ?? none, n, scalars, scale,
    a.minus as number, a.plus as number, a.least as number, a.most as number,
  ), // biome-ignore format: addresses, then numbers
);

/** Rprop (Riedmiller & Braun 1993), PyTorch's form without backtracking. η is the first step; default 0.01. */
export function rprop(options: RpropOptions = {}): Optimizer {
  requireOptions("rprop", options, ["learningRate", "factors", "steps"]);
  const { learningRate = 0.01, factors: [minus, plus] = [0.5, 1.2], steps: [least, most] = [1e-6, 50] } = options;
  requireLearningRate("rprop", learningRate);
  requireWithin("rprop", "factors[0]", minus, 0, 1, true);
  requireWithin("rprop", "factors[1]", plus, 1, LARGEST);
  requirePositive("rprop", "steps[0]", least);
  requireWithin("rprop", "steps[1]", most, least, LARGEST);
  return {
    name: "rprop",
    learningRate,
    slots: 2,
    byElement: true,
    update: (inputs) => ({ theta: rpropOp(inputs, { minus, plus, least, most }) }),
  };
}
