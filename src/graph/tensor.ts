// Symbolic tensors: what a network is while it is being described. A tensor knows the operation that makes it, its
// inputs and its shape, and holds no numbers.
import type { KernelCalls } from "../../bindings/generated/kernels.ts";

export type Shape = readonly number[];
export type DataType = "f32" | "i32";

/** Plain data that distinguishes two uses of one operation. */
export type Attributes = Readonly<Record<string, number | string | boolean | readonly number[]>>;

/** A symbolic address in a plan: bytes from the start of a named segment of the model's memory. */
export interface Pointer {
  readonly segment: string;
  readonly offset: number;
}

/** A tensor with a place, as an operation sees it when it emits kernel calls. */
export interface Operand extends Pointer {
  readonly shape: Shape;
}

/** Writes kernel calls into a program; addresses are symbolic. */
export type Emitter = KernelCalls<Pointer>;

/** The least that making a tensor takes: what a profile measures speed by. */
export interface Cost {
  /** Multiplications and additions, where they and not memory set the pace. */
  readonly flops?: number;
  /** Bytes read and written. */
  readonly bytes: number;
}

/** A node with the same value that takes fewer passes over memory, or nothing. */
export type Fusion = (node: Tensor, usedOnce: (tensor: Tensor) => boolean) => Tensor | undefined;

/** One primitive: everything the graph and the plan need to know of it. */
export interface Operation {
  readonly name: string;
  /** Shares its input's buffer: no kernel runs. */
  readonly view?: (attributes: Attributes, input: Tensor) => { readonly offset: number } | undefined;
  /** Cotangents of the inputs; null where there is none (integers). Absent: not differentiable. */
  readonly gradient?: (dy: Tensor, y: Tensor) => readonly (Tensor | null)[];
  /** The same value from operations that have gradients; used where `gradient` is absent. */
  readonly decompose?: (y: Tensor) => Tensor;
  /** Writes the kernel calls. `scratch` is the buffer asked for by `scratchBytes` or `exchangeBytes`. */
  readonly emit?: (
    k: Emitter,
    y: Operand,
    inputs: readonly Operand[],
    attributes: Attributes,
    scratch: Pointer,
  ) => void;
  readonly scratchBytes?: (y: Tensor) => number;
  /** Where it is not that every input is read and the result written once. */
  readonly cost?: (y: Operand, inputs: readonly Operand[], attributes: Attributes) => Partial<Cost>;
  /** Like scratchBytes, for a buffer that all replicas share, and that is this node's alone for the whole run. */
  readonly exchangeBytes?: (y: Tensor) => number;
  /** What the plan tries on nodes of this operation and on those that read one. */
  readonly fusions?: readonly Fusion[];
  /** The output may take the place of these inputs when they are not needed any more. */
  readonly inPlace?: readonly number[] | ((attributes: Attributes) => readonly number[]);
  /** Element i of the result depends on element i of the inputs alone, and `emit` serves any number of elements. */
  readonly elementwise?: boolean;
  /** Accepts inputs of fewer elements, repeated by the broadcasting rules. */
  readonly broadcasts?: readonly number[];
}

export interface Tensor {
  readonly id: number;
  readonly operation: Operation;
  readonly inputs: readonly Tensor[];
  readonly shape: Shape;
  readonly type: DataType;
  readonly attributes: Attributes;
}

let created = 0;

/** A new node. Ids grow: a node's inputs always have smaller ids than the node. */
export function createTensor(
  operation: Operation,
  inputs: readonly Tensor[],
  shape: Shape,
  attributes: Attributes = {},
  type: DataType = "f32",
): Tensor {
  for (const extent of shape)
    if (!Number.isInteger(extent) || extent < 0)
      throw new Error(`${operation.name}: a shape holds whole numbers ≥ 0, got [${shape}]`);
  return { id: created++, operation, inputs, shape, type, attributes };
}

/** The same operation on other inputs. */
export function withInputs(tensor: Tensor, inputs: readonly Tensor[]): Tensor {
  return createTensor(tensor.operation, inputs, tensor.shape, tensor.attributes, tensor.type);
}

/** Number of elements of a shape, tensor or operand. */
export function size(of: Shape | { readonly shape: Shape }): number {
  const shape = "shape" in of ? of.shape : of;
  let product = 1;
  for (let axis = 0; axis < shape.length; axis++) product *= shape[axis] as number;
  return product;
}

export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((extent, axis) => extent === b[axis]);

export const showShape = (shape: Shape): string => `[${shape.join(",")}]`;

/** Every node that `roots` need, inputs before users. */
export function topological(roots: readonly Tensor[]): Tensor[] {
  const order: Tensor[] = [];
  const seen = new Set<Tensor>();
  // An explicit stack: a deep network must not overflow the engine's.
  const stack: { readonly tensor: Tensor; next: number }[] = [];
  for (const root of roots) {
    if (!seen.has(root)) {
      seen.add(root);
      stack.push({ tensor: root, next: 0 });
    }
    for (let frame = stack.at(-1); frame; frame = stack.at(-1)) {
      const input = frame.tensor.inputs[frame.next++];
      if (input === undefined) {
        order.push(frame.tensor);
        stack.pop();
      } else if (!seen.has(input)) {
        seen.add(input);
        stack.push({ tensor: input, next: 0 });
      }
    }
  }
  return order;
}
