// Lookahead and SAM: optimisers around an optimiser.

import { requireOptions, requirePositive, requireWhole, requireWithin } from "../checks.ts";
import { add, div, mul, sub } from "../ops/binary.ts";
import { sum } from "../ops/reduce.ts";
import { sqrt, square } from "../ops/unary.ts";
import type { Optimizer } from "./optimizer.ts";
import { requireOptimizer } from "./options.ts";
import { withWeightsBeside } from "./transform.ts";

export interface LookaheadOptions {
  /** Steps between two of the slow weights'; default 5 */
  readonly every?: number;
  /** How far the slow weights go towards the fast ones, in (0, 1]; default 0.5 */
  readonly slowStep?: number;
}

/**
 * Lookahead (Zhang et al. 2019): every so many steps slow += slowStep·(w − slow), w = slow. The optimiser keeps its slots.
 */
export function lookahead(optimizer: Optimizer, options: LookaheadOptions = {}): Optimizer {
  requireOptimizer("lookahead", optimizer);
  requireOptions("lookahead", options, ["every", "slowStep"]);
  const { every: steps = 5, slowStep = 0.5 } = options;
  requireWhole("lookahead", "every", steps, 1);
  requirePositive("lookahead", "slowStep", slowStep);
  requireWithin("lookahead", "slowStep", slowStep, 0, 1);
  if (optimizer.every)
    throw new Error(`lookahead: ${optimizer.name} looks ahead already; put lookahead around another optimiser`);
  return withWeightsBeside(optimizer, `lookahead of ${optimizer.name}`, steps, ({ theta }, slow) => {
    const next = add(slow, mul(sub(theta, slow), slowStep));
    return { theta: next, slots: [next] };
  });
}

export interface SamOptions {
  /** ρ > 0: how far up the gradient is taken; default 0.05 */
  readonly radius?: number;
}

/**
 * Sharpness-aware minimisation (Foret et al. 2021): the optimiser's gradient is that at w + ρ·g/‖g‖. Two evaluations a step;
 * running statistics are those of the first.
 */
export function sam(optimizer: Optimizer, options: SamOptions = {}): Optimizer {
  requireOptimizer("sam", optimizer);
  requireOptions("sam", options, ["radius"]);
  const { radius = 0.05 } = options;
  requirePositive("sam", "radius", radius);
  if (optimizer.ascend) throw new Error(`sam: ${optimizer.name} ascends already; put sam around another optimiser`);
  return {
    ...optimizer,
    name: `sam of ${optimizer.name}`,
    byElement: false,
    // The small number keeps a gradient of zeros from leading nowhere: 0/0.
    ascend: ({ theta, gradient }) => ({
      theta: add(theta, mul(gradient, div(radius, add(sqrt(sum(square(gradient))), 1e-12)))),
    }),
  };
}
