// A compiled program: a flat list of kernel calls with symbolic addresses. Plain data: it prints, and it can be posted
// to another thread.
import type { KernelCalls } from "../../bindings/generated/kernels.ts";
import type { Cost, DataType, Pointer, Shape } from "../graph/tensor.ts";

export type KernelName = keyof KernelCalls<Pointer>;
export type Argument = number | Pointer;

export interface Call {
  readonly kernel: KernelName;
  readonly arguments: readonly Argument[];
  /** The tensor this call makes, or a part of it: index into Program.tensors. */
  readonly tensor: number;
}

/** A tensor a program makes: what messages and profiles name. */
export interface TensorRecord extends Binding {
  readonly operation: string;
  readonly cost: Cost;
}

/** A tensor's place between program and caller. */
export interface Binding extends Pointer {
  readonly shape: Shape;
  readonly type: DataType;
}

export interface Program {
  readonly calls: readonly Call[];
  readonly tensors: readonly TensorRecord[];
  /** Goes to the segment "constants" once, before the first run. */
  readonly constants: readonly number[];
  /** Bytes of the segment "arena": everything that lives only during a run. */
  readonly arenaBytes: number;
  /** Bytes of the segment "exchange", which replicas share: for sums over replicas. */
  readonly exchangeBytes: number;
  /** To be filled before every run: the arena is shared by all programs. */
  readonly inputs: Readonly<Record<string, Binding>>;
  /** Where results lie after a run; those in the arena only until the next run of any program. */
  readonly outputs: Readonly<Record<string, Binding>>;
}
