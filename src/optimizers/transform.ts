// Links of a chain before its optimiser: what happens to the gradient first.

import { requireOptions, requirePositive, requireWhole, show } from "../checks.ts";
import type { Tensor } from "../graph/tensor.ts";
import { div, maximum, minimum, mul } from "../ops/binary.ts";
import { sum } from "../ops/reduce.ts";
import { sqrt, square } from "../ops/unary.ts";
import type { Optimizer, StepInputs, Transform, TransformRule, Update } from "./optimizer.ts";

/** An optimiser with slots of a wrapper's own in front of its own, and inputs changed on their way to it. */
export function wrap(
  inner: Optimizer,
  name: string,
  own: number,
  change: (inputs: StepInputs) => { readonly inputs: StepInputs; readonly slots?: Update["slots"] },
): Optimizer {
  const rest = (inputs: StepInputs): StepInputs => ({ ...inputs, slots: inputs.slots.slice(own) });
  const behind = (updates: Update | readonly Update[]): Update[] =>
    [updates].flat().map((update) => ({
      ...update,
      slots: [...new Array<undefined>(own).fill(undefined), ...(update.slots ?? [])],
    }));
  const { ascend, every, average, first = new Array(inner.slots).fill(0) } = inner;
  return {
    ...inner,
    name,
    slots: own + inner.slots,
    first: [...new Array<number>(own).fill(0), ...first],
    update(inputs) {
      const changed = change(inputs);
      return [{ slots: changed.slots ?? [] }, ...behind(inner.update(rest(changed.inputs)))];
    },
    ...(average !== undefined && { average: own + average }),
    ...(ascend && { ascend: (inputs) => ascend(inputs) }),
    ...(every && { every: { ...every, update: (inputs) => behind(every.update(rest(inputs))) } }),
  };
}

/** An optimiser that keeps further weights in its first slot, θ before the first step, and does something every so many steps. */
export function withWeightsBeside(
  inner: Optimizer,
  name: string,
  steps: number,
  update: (inputs: StepInputs, beside: Tensor) => Update,
): Optimizer {
  const wrapped = wrap(inner, name, 1, (inputs) => ({ inputs }));
  return {
    ...wrapped,
    first: ["theta", ...(wrapped.first ?? []).slice(1)],
    every: { steps, update: (inputs) => update(inputs, inputs.slots[0] as Tensor) },
  };
}

/** Whether a rule looks at no more than one parameter at a time. */
export const looksAtOne = ({ byElement, byParameter }: Pick<Optimizer, "byElement" | "byParameter">): boolean =>
  byElement === true || byParameter === true;

/** A transform of one's own, as a link for `chain`. */
export function gradientTransform(rule: TransformRule): Transform {
  requireOptions("gradientTransform", rule, ["name", "slots", "byElement", "byParameter", "transform"]);
  const { name, slots, transform } = rule;
  if (typeof transform !== "function")
    throw new Error(`gradientTransform: transform must be a function of the step's inputs, got ${show(transform)}`);
  requireWhole("gradientTransform", "slots", slots, 0);
  return {
    ...rule,
    before: (inner) => ({
      ...wrap(inner, `${name}, ${inner.name}`, slots, (inputs) => {
        const next = transform({ ...inputs, slots: inputs.slots.slice(0, slots) });
        return { inputs: { ...inputs, gradient: next.gradient }, slots: next.slots };
      }),
      byElement: rule.byElement === true && inner.byElement === true,
      byParameter: looksAtOne(rule) && looksAtOne(inner),
    }),
  };
}

/** Each number of g is kept within [−limit, limit]. */
export function clipByValue(limit: number): Transform {
  requirePositive("clipByValue", "limit", limit);
  return gradientTransform({
    name: "clipByValue",
    slots: 0,
    byElement: true,
    transform: ({ gradient }) => ({ gradient: maximum(minimum(gradient, limit), -limit) }),
  });
}

/** g is shortened to this length where it is longer (Pascanu et al. 2013): the norm is that of all parameters. */
export function clipByGlobalNorm(norm: number): Transform {
  requirePositive("clipByGlobalNorm", "norm", norm);
  return gradientTransform({
    name: "clipByGlobalNorm",
    slots: 0,
    // The optimiser's kernel takes the factor: no pass of its own.
    transform: ({ gradient }) => ({
      gradient: mul(gradient, minimum(div(norm, sqrt(sum(square(gradient)))), 1)),
    }),
  });
}
