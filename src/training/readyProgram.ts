// A program on a model's memory, with its inputs and outputs at hand by name.
import { BoundProgram } from "../../bindings/executor.ts";
import type { ModelMemory } from "../../bindings/memory.ts";
import { size } from "../graph/tensor.ts";
import type { Program } from "../plan/program.ts";

type View = Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>;

/** A program with views of its inputs and outputs that last as long as the memory stands still. */
export class ReadyProgram {
  readonly #memory: ModelMemory;
  readonly #bound: BoundProgram;
  #views: Readonly<Record<string, View>> = {};
  #generation = -1;

  constructor(
    memory: ModelMemory,
    readonly program: Program,
  ) {
    this.#memory = memory;
    this.#bound = new BoundProgram(memory, program);
  }

  #refresh(): void {
    const memory = this.#memory;
    if (this.#generation === memory.generation) return;
    const { inputs, outputs } = this.program;
    this.#views = Object.fromEntries(
      [...Object.entries(inputs), ...Object.entries(outputs)].map(([name, binding]) => {
        const View = binding.type === "i32" ? Int32Array : Float32Array;
        return [name, new View(memory.memory.buffer as ArrayBuffer, this.#bound.address(binding), size(binding))];
      }),
    );
    this.#generation = memory.generation;
  }

  /** Takes the arena over: from here on inputs may be written. */
  prepare(): void {
    this.#bound.prepare();
  }
  /** A live view of an input or output. */
  view(name: string): View {
    this.#refresh();
    return this.#views[name] as View;
  }
  /** Address of an input. */
  address(name: string): number {
    this.#refresh();
    return (this.#views[name] as View).byteOffset;
  }
  run(): void {
    this.#bound.run();
  }
  trace(after: (call: number) => boolean): void {
    this.#bound.trace(after);
  }
  addressOf(place: { readonly segment: string; readonly offset: number }): number {
    return this.#bound.address(place);
  }
}
