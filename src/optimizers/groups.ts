// Groups of parameters with optimisers of their own.

import { requireFunction, requireOptions, show } from "../checks.ts";
import type { Optimizer, Slice } from "./optimizer.ts";
import { requireOptimizer } from "./options.ts";
import { byRuns } from "./runs.ts";
import { looksAtOne } from "./transform.ts";

export interface ParameterGroup {
  /** Whether a parameter of `model.layout` belongs here, such as ({ name }) => name.startsWith("dense1"). */
  readonly where: (parameter: Slice) => boolean;
  /** "frozen": the parameters stay as they are. */
  readonly optimizer: Optimizer | "frozen";
}

/**
 * A parameter goes to the first group that it belongs to, or else to the last optimiser. Each optimiser has its own learning
 * rate or schedule; setting `model.learningRate` sets the last one's, and those of the groups in proportion.
 */
export function parameterGroups(groups: readonly ParameterGroup[], rest: Optimizer): Optimizer {
  if (!Array.isArray(groups))
    throw new Error("parameterGroups: expected an array of { where, optimizer } and an optimiser for the rest");
  requireOptimizer("parameterGroups", rest);
  for (const group of groups) {
    requireOptions("parameterGroups", group, ["where", "optimizer"]);
    requireFunction("parameterGroups", "where", group.where, '({ kind }) => kind === "bias"');
    if (group.optimizer !== "frozen") requireOptimizer("parameterGroups", group.optimizer);
  }
  const trained = groups
    .filter(({ optimizer }) => optimizer !== "frozen")
    .map(({ optimizer }) => optimizer as Optimizer);
  for (const optimizer of [rest, ...trained]) {
    const { name, ascend, every, first, groupRates } = optimizer;
    if (ascend || every || first?.includes("theta"))
      throw new Error(`parameterGroups: ${name} cannot be a group's; put it around all groups`);
    if (groupRates)
      throw new Error(`parameterGroups: ${name} cannot be a group's; list all groups in one parameterGroups`);
    if (first?.some((value) => value !== 0))
      throw new Error(
        `parameterGroups: ${name} cannot be a group's: what groups keep begins with 0, not with ${show(first)}; leave out such as adagrad's initialAccumulator`,
      );
    if (!looksAtOne(optimizer))
      throw new Error(
        `parameterGroups: ${name} looks at all parameters together and cannot be a group's; put what does so before all groups, as in chain(clipByGlobalNorm(1), parameterGroups(…)), or say byParameter: true of a transform of your own that does not`,
      );
  }
  const all = [rest, ...trained];
  return {
    name: "parameterGroups",
    learningRate: rest.learningRate,
    groupRates: trained.map(({ learningRate }) => learningRate),
    slots: Math.max(...all.map(({ slots }) => slots)),
    byElement: all.every(({ byElement }) => byElement === true),
    update(inputs) {
      const rates = [inputs.learningRate, ...inputs.groupRates];
      const optimizerOf = (parameter: Slice): Optimizer | "frozen" =>
        groups.find(({ where }) => where(parameter))?.optimizer ?? rest;
      return byRuns(inputs, optimizerOf, (part, optimizer) =>
        optimizer === "frozen"
          ? []
          : optimizer.update({
              ...part,
              slots: part.slots.slice(0, optimizer.slots),
              learningRate: rates[all.indexOf(optimizer)] as (typeof rates)[number],
            }),
      );
    },
  };
}
