// Different rules for different parameters: the vectors are cut into runs of neighbours that are treated alike.

import { requireOneOf } from "../checks.ts";
import type { Tensor } from "../graph/tensor.ts";
import { slice } from "../ops/movement.ts";
import type { Slice, StepInputs, Update } from "./optimizer.ts";

/** One update for each run of parameters that `treatment` gives the same answer for. */
export function byRuns<Treatment>(
  inputs: StepInputs,
  treatment: (parameter: Slice) => Treatment,
  update: (part: StepInputs, by: Treatment) => Update | readonly Update[],
): readonly Update[] {
  const runs: { readonly by: Treatment; readonly layout: Slice[] }[] = [];
  for (const parameter of inputs.layout) {
    const by = treatment(parameter);
    const last = runs.at(-1);
    if (last?.by === by) last.layout.push(parameter);
    else runs.push({ by, layout: [parameter] });
  }
  return runs.flatMap(({ by, layout }) => {
    const offset = layout[0]?.offset as number;
    const size = layout.reduce((sum, parameter) => sum + parameter.size, 0);
    const cut = (vector: Tensor): Tensor => (runs.length === 1 ? vector : slice(vector, [offset], [size]));
    const part: StepInputs = {
      ...inputs,
      theta: cut(inputs.theta),
      gradient: cut(inputs.gradient),
      slots: inputs.slots.map(cut),
      layout: layout.map((parameter) => ({ ...parameter, offset: parameter.offset - offset })),
    };
    return [update(part, by)].flat().map((next) => ({ ...next, offset: offset + (next.offset ?? 0) }));
  });
}

/** Which parameters decay. */
export interface DecayOptions {
  /** λ ≥ 0; default 0 unless said otherwise */
  readonly weightDecay?: number;
  /** "weights": biases, and the factors and shifts of normalising layers, do not decay. Default "all" */
  readonly decays?: "all" | "weights";
}

export function requireDecays(call: string, decays: unknown): void {
  requireOneOf(call, "decays", decays, ["all", "weights"]);
}

/** An update by the weight decay of each parameter. */
export function byDecay(
  inputs: StepInputs,
  { weightDecay = 0, decays = "all" }: DecayOptions,
  update: (part: StepInputs, weightDecay: number) => Tensor,
): readonly Update[] {
  const decayOf = ({ kind }: Slice): number => (decays === "all" || kind === "weight" ? weightDecay : 0);
  return byRuns(inputs, decayOf, (part, decay) => ({ theta: update(part, decay) }));
}
