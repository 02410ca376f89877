// Graph → program: simplify, fuse, order, give every tensor a place, emit the kernel calls.
import {
  type Cost,
  type Emitter,
  type Operand,
  type Pointer,
  size,
  type Tensor,
  topological,
} from "../graph/tensor.ts";
import { emitCopy } from "../ops/movement.ts";
import { stridesOf } from "../ops/shapes.ts";
import { BLOCK, blockOf, type Chain, findChains } from "./block.ts";
import { fuse } from "./fuse.ts";
import { placeTensors } from "./place.ts";
import type { Argument, Binding, Call, KernelName, Program, TensorRecord } from "./program.ts";
import { simplify } from "./simplify.ts";

export interface OutputRequest {
  readonly tensor: Tensor;
  /** A fixed place; default: anywhere in the arena. */
  readonly place?: Pointer;
}

export interface CompileRequest {
  readonly outputs: Readonly<Record<string, OutputRequest>>;
  /** Nodes that write to memory outside the arena (an optimiser's update): they run after everything else. */
  readonly effects?: readonly Tensor[];
  /** Batch inputs that must have a place even if nothing reads them. */
  readonly inputs?: readonly Tensor[];
  /** Without fusion: the oracle that fused programs are tested against. */
  readonly fusion?: boolean;
  /** Elements from which chains of elementwise operations run block by block. */
  readonly worthBlocking?: number;
}

/** Compiles; shapes are fixed from here on. */
export function compile(request: CompileRequest): Program {
  const names = Object.keys(request.outputs);
  const requests = Object.values(request.outputs);
  const effects = request.effects ?? [];
  const given = request.inputs ?? [];
  const roots = [...requests.map((output) => output.tensor), ...given, ...effects];
  const simple = simplify(roots);
  const final = request.fusion === false ? simple : fuse(simple);
  const outputs = final.slice(0, names.length);
  const effectNodes = final.slice(names.length + given.length);

  const nodes = topological(final).sort((a, b) => a.id - b.id);
  const isEffect = new Set(effectNodes);
  const steps = [...nodes.filter((node) => !isEffect.has(node)), ...effectNodes];
  const chains = request.fusion === false ? [] : findChains(steps, new Set(outputs), request.worthBlocking);
  const placement = placeTensors(
    steps,
    outputs.map((tensor, i) => ({ tensor, place: requests[i]?.place })),
    chains,
  );

  const calls: Call[] = [];
  const tensors: TensorRecord[] = [];
  const emitter = recorder(calls, tensors);
  const emit = (node: Tensor, place: Operand, inputs: readonly Operand[]): void => {
    tensors.push({ ...place, type: node.type, operation: node.operation.name, cost: costOf(node, place, inputs) });
    node.operation.emit?.(emitter, place, inputs, node.attributes, placement.scratch(node));
  };
  const chainOf = new Map(chains.flatMap((chain) => chain.steps.map((node) => [node, chain])));
  for (const node of steps) {
    if (!node.operation.emit || placement.isView(node)) continue;
    const chain = chainOf.get(node);
    if (!chain) emit(node, placement.operand(node), node.inputs.map(placement.operand));
    else if (chain.steps[0] === node) emitChain(chain, placement.operand, emit);
  }
  const bindings = outputs.map((tensor, i): Binding => {
    const place = requests[i]?.place;
    return place
      ? { ...place, shape: tensor.shape, type: tensor.type }
      : { ...placement.operand(tensor), type: tensor.type };
  });
  // What was not made in its place is copied there, but nothing over what is still to be copied.
  const copies = outputs
    .map((tensor, i) => ({ from: placement.operand(tensor), to: bindings[i] as Binding }))
    .filter(({ from, to }) => !meets(from, to) || from.offset !== to.offset);
  while (copies.length > 0) {
    const next = copies.findIndex(({ to }, i) => !copies.some(({ from }, j) => j !== i && meets(from, to)));
    if (next < 0) throw new Error("compile: outputs change places in a circle; copy one of them first");
    const [{ from, to }] = copies.splice(next, 1) as [{ from: Operand; to: Binding }];
    tensors.push({ ...to, operation: "copy", cost: { bytes: 8 * size(to) } });
    emitCopy(emitter, to, stridesOf(to.shape), from, stridesOf(to.shape), to.shape);
  }
  return {
    calls,
    tensors,
    constants: placement.constants,
    arenaBytes: placement.arenaBytes,
    exchangeBytes: placement.exchangeBytes,
    inputs: Object.fromEntries(
      nodes.flatMap((node) =>
        node.operation.name === "input" && node.attributes.segment === "batch"
          ? [[node.attributes.name, { ...placement.operand(node), type: node.type }]]
          : [],
      ),
    ),
    outputs: Object.fromEntries(names.map((name, i) => [name, bindings[i] as Binding])),
  };
}

/** Whether two places have memory in common. */
const meets = (a: Operand, b: Operand): boolean =>
  a.segment === b.segment && a.offset < b.offset + 4 * size(b) && b.offset < a.offset + 4 * size(a);

/** What making a tensor, or a block of it, takes. */
function costOf({ operation, attributes }: Tensor, y: Operand, inputs: readonly Operand[]): Cost {
  const bytes = 4 * [y, ...inputs].reduce((sum, operand) => sum + size(operand), 0);
  return { bytes, ...operation.cost?.(y, inputs, attributes) };
}

/** All steps of a chain on the first block, then on the next. */
function emitChain(
  { steps, passing }: Chain,
  operand: (tensor: Tensor) => Operand,
  emit: (node: Tensor, place: Operand, inputs: readonly Operand[]) => void,
): void {
  const total = size(steps[0] as Tensor);
  for (let start = 0; start < total; start += BLOCK) {
    const length = Math.min(BLOCK, total - start);
    const part = (tensor: Tensor): Operand => blockOf(operand(tensor), start, length, passing.has(tensor));
    for (const node of steps) emit(node, part(node), node.inputs.map(part));
  }
}

/** An emitter that writes each call down, as part of the tensor begun last. */
function recorder(calls: Call[], tensors: readonly TensorRecord[]): Emitter {
  const plain = (argument: Argument): Argument =>
    typeof argument === "number" ? argument : { segment: argument.segment, offset: argument.offset };
  const record =
    (kernel: KernelName) =>
    (...list: Argument[]): void => {
      calls.push({ kernel, arguments: list.map(plain), tensor: tensors.length - 1 });
    };
  return new Proxy({} as Emitter, { get: (_, name) => record(name as KernelName) });
}
