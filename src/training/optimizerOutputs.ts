// An optimiser's step as outputs of a program: new vectors, written over the old ones.
import { show } from "../checks.ts";
import { showShape, type Tensor } from "../graph/tensor.ts";
import { input } from "../ops/leaves.ts";
import { reshape, slice } from "../ops/movement.ts";
import type { Optimizer, StepInputs, Update } from "../optimizers/optimizer.ts";
import type { OutputRequest } from "../plan/compile.ts";
import type { ParameterSlice } from "./trace.ts";

/** The vectors of n numbers that an optimiser's step reads. */
function inputsOf({ slots, groupRates = [] }: Optimizer, n: number, layout: readonly ParameterSlice[]): StepInputs {
  const vector = (name: string): Tensor => input(name, [n], "f32", name);
  const rates = 1 + groupRates.length;
  // Each rate with the steps done so far behind it.
  const scalars = input("scalars", [2 * rates], "f32", "scalars");
  const [learningRate, ...groups] = Array.from({ length: rates }, (_, i) => reshape(slice(scalars, [2 * i], [1]), []));
  return {
    theta: vector("theta"),
    gradient: vector("gradient"),
    slots: Array.from({ length: slots }, (_, i) => vector(`slot${i}`)),
    learningRate: learningRate as Tensor,
    groupRates: groups,
    step: input("step", [], "f32", "step"),
    layout,
  };
}

/** What an optimiser does with the vectors: its update, or what belongs to that. */
export type Phase = (inputs: StepInputs) => Update | readonly Update[] | undefined;

/** A phase of an optimiser's step over n numbers. @throws where it does not return what an update is */
export function optimizerOutputs(
  optimizer: Optimizer,
  n: number,
  layout: readonly ParameterSlice[],
  phase: Phase,
): Readonly<Record<string, OutputRequest>> {
  const inputs = inputsOf(optimizer, n, layout);
  const outputs: Record<string, OutputRequest> = {};
  const put = (segment: string, tensor: Tensor | undefined, offset: number): void => {
    if (tensor === undefined) return;
    if (tensor?.operation === undefined || tensor.shape.length !== 1 || offset + (tensor.shape[0] as number) > n)
      throw new Error(
        `createModel: optimizer ${optimizer.name} gave ${tensor?.operation ? showShape(tensor.shape) : show(tensor)} for ${segment} of [${n}] from ${offset} on; its update must return { theta, slots }, vectors as long as those it was given`,
      );
    outputs[`${segment} from ${offset}`] = { tensor, place: { segment, offset: 4 * offset } };
  };
  const update = (next: Update): void => {
    const { theta, slots = [], offset = 0 } = next;
    put("theta", theta, offset);
    slots.forEach((slot, i) => {
      if (slot !== inputs.slots[i]) put(`slot${i}`, slot, offset);
    });
  };
  [phase(inputs) ?? []].flat().forEach((next) => update(next as Update));
  return outputs;
}
