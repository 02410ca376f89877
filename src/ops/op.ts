// How an operation is declared: one table of rules per operation, collected here for the tests that check every one.
import {
  type Attributes,
  createTensor,
  type DataType,
  type Operation,
  type Shape,
  type Tensor,
} from "../graph/tensor.ts";

/** Input shapes (and attributes) on which the test suite checks value, gradient and second derivative. */
export interface Example {
  readonly shapes: readonly Shape[];
  readonly attributes?: Attributes;
  /** Inputs are drawn from [low, high]; default [-2, 2]. */
  readonly range?: readonly [number, number];
  /** Input i holds whole numbers in [0, n): labels or indices. */
  readonly integers?: Readonly<Record<number, number>>;
}

export interface OperationDefinition extends Omit<Operation, "name"> {
  /** Shape of the result; throws for inputs that do not fit. */
  readonly shape: (shapes: readonly Shape[], attributes: Attributes) => Shape;
  readonly type?: DataType;
  /** Types of the inputs; f32 where nothing is said. */
  readonly inputTypes?: readonly DataType[];
  readonly examples: () => readonly Example[];
}

export interface DefinedOperation extends OperationDefinition {
  readonly name: string;
  (inputs: readonly Tensor[], attributes?: Attributes): Tensor;
}

/** Every primitive by name, in order of definition. */
export const operations = new Map<string, DefinedOperation>();

/** Declares a primitive and returns its builder: (inputs, attributes) → tensor. */
export function op(name: string, definition: OperationDefinition): DefinedOperation {
  const operation: Operation = { ...definition, name };
  const build = (inputs: readonly Tensor[], attributes: Attributes = {}): Tensor => {
    inputs.forEach((input, i) => {
      const expected = definition.inputTypes?.[i] ?? "f32";
      if (input?.operation === undefined) throw new Error(`${name}: input ${i} is not a tensor: ${String(input)}`);
      if (input.type !== expected) throw new Error(`${name}: input ${i} holds ${input.type}, expected ${expected}`);
    });
    const shape = definition.shape(
      inputs.map((input) => input.shape),
      attributes,
    );
    return createTensor(operation, inputs, shape, attributes, definition.type);
  };
  const defined = Object.assign(build, definition);
  Object.defineProperty(defined, "name", { value: name });
  operations.set(name, defined as DefinedOperation);
  return defined as DefinedOperation;
}
