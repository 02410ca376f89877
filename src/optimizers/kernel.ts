// What the operations of optimiser kernels have in common: out = the new θ, the slots are written in place, and a factor
// on the gradient is read by the kernel, so that clipping costs no pass of its own.
import {
  createTensor,
  type Emitter,
  type Fusion,
  type Operand,
  type Pointer,
  size,
  type Tensor,
} from "../graph/tensor.ts";
import { input, name } from "../ops/fusion.ts";
import { type DefinedOperation, op } from "../ops/op.ts";
import type { StepInputs } from "./optimizer.ts";

/** For buffers a kernel does without. */
export const none = 0 as unknown as Pointer;

/** kernel(θ, s·g, …) with a number s: the kernel scales. */
const scaledGradient: Fusion = (node) => {
  if (!node.operation.fusions?.includes(scaledGradient) || node.attributes.scaled) return undefined;
  const [theta, gradient, ...rest] = node.inputs as [Tensor, Tensor, ...Tensor[]];
  if (name(gradient) !== "mul") return undefined;
  const at = gradient.inputs.findIndex((x) => size(x) === 1);
  if (at < 0 || size(input(gradient, 1 - at)) !== size(theta)) return undefined;
  const inputs = [theta, input(gradient, 1 - at), ...rest, input(gradient, at)];
  return createTensor(node.operation, inputs, node.shape, { ...node.attributes, scaled: true });
};

/** The buffers of one call, as the kernel wants them. */
export interface Buffers {
  readonly out: Operand;
  readonly theta: Operand;
  readonly gradient: Operand;
  readonly slots: readonly Operand[];
  readonly n: number;
  readonly scalars: Operand;
  readonly scale: Pointer;
}

/** Declares the operation of a kernel: its inputs are θ, g, η and the slots. */
export function updateOp(
  kernel: string,
  emit: (k: Emitter, buffers: Buffers, attributes: Tensor["attributes"]) => void,
): (inputs: StepInputs, attributes: Tensor["attributes"]) => Tensor {
  const operation: DefinedOperation = op(kernel, {
    shape: ([theta]) => theta as readonly number[],
    elementwise: true,
    fusions: [scaledGradient],
    emit: (k, out, inputs, attributes) => {
      const [theta, gradient, scalars, ...rest] = inputs as [Operand, Operand, Operand, ...Operand[]];
      const slots = attributes.scaled ? rest.slice(0, -1) : rest;
      const scale = attributes.scaled ? (rest.at(-1) as Operand) : none;
      emit(k, { out, theta, gradient, slots, n: size(theta), scalars, scale }, attributes);
    },
    // g and θ in, θ out; each slot in and out.
    cost: (_, inputs, { scaled }) => {
      const slots = inputs.length - (scaled ? 4 : 3);
      return { bytes: 4 * (3 + 2 * slots) * size(inputs[0] as Operand) };
    },
    examples: () => [],
  });
  return ({ theta, gradient, slots, learningRate }, attributes) =>
    operation([theta, gradient, learningRate, ...slots], attributes);
}
