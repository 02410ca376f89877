// Averages of the weights along the way: what is learnt is one thing, what is judged in the end another.

import { requireOptions, requireWhole, requireWithin } from "../checks.ts";
import type { Tensor } from "../graph/tensor.ts";
import { add, div, maximum, mul, sub } from "../ops/binary.ts";
import type { Optimizer, StepInputs } from "./optimizer.ts";
import { requireOptimizer } from "./options.ts";
import { withWeightsBeside } from "./transform.ts";

/** An optimiser that keeps an average of θ beside: ā = (1 − share)·ā + share·θ after every so many steps. */
function averaged(
  call: string,
  optimizer: Optimizer,
  steps: number,
  share: (inputs: StepInputs) => Tensor | number,
): Optimizer {
  requireOptimizer(call, optimizer);
  if (optimizer.average !== undefined)
    throw new Error(`${call}: ${optimizer.name} keeps an average already; put ${call} around the optimiser itself`);
  if (optimizer.every)
    throw new Error(
      `${call}: ${optimizer.name} does something else after its steps; put ${call} around another optimiser`,
    );
  const wrapped = withWeightsBeside(optimizer, `${call} of ${optimizer.name}`, steps, (inputs, average) => {
    const part = share(inputs);
    return { slots: [add(mul(average, sub(1, part)), mul(inputs.theta, part))] };
  });
  return { ...wrapped, average: 0 };
}

export interface EmaOptions {
  /** Share of the average that stays at each step, in [0, 1); default 0.999 */
  readonly decay?: number;
}

/**
 * An exponential moving average of the weights (Polyak's averaging as Keras and optax have it): ā = decay·ā + (1 − decay)·w
 * after each step, from the first weights on. `model.average` is a live view of it:
 * `model.parameters = model.average; model.refreshStatistics(train)` judges by it.
 */
export function ema(optimizer: Optimizer, options: EmaOptions = {}): Optimizer {
  requireOptions("ema", options, ["decay"]);
  const { decay = 0.999 } = options;
  requireWithin("ema", "decay", decay, 0, 1, true);
  return averaged("ema", optimizer, 1, () => 1 - decay);
}

export interface SwaOptions {
  /** Steps before the first weights that count, a multiple of `every`; default 0 */
  readonly after?: number;
  /** Steps between two that count, such as those of an epoch; default 1 */
  readonly every?: number;
}

/**
 * Stochastic weight averaging (Izmailov et al. 2018): the mean of the weights after every `every` steps, beginning with those
 * after step `after` + `every`; before, the weights as they were after the last such step. `model.average` is a live view of
 * it; refresh BatchNorm's statistics with `refreshStatistics` once the model has it.
 */
export function swa(optimizer: Optimizer, options: SwaOptions = {}): Optimizer {
  requireOptions("swa", options, ["after", "every"]);
  const { after = 0, every = 1 } = options;
  requireWhole("swa", "after", after, 0);
  requireWhole("swa", "every", every, 1);
  const first = after / every;
  if (!Number.isInteger(first))
    throw new Error(
      `swa: after must be a multiple of every (${every}), got ${after}: weights count after every ${every} steps`,
    );
  // How many count so far, these among them, is 1 or less before the second.
  return averaged("swa", optimizer, every, ({ step }) => div(1, maximum(sub(div(step, every), first), 1)));
}
