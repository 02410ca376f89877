// A program on a model's memory, with its inputs and outputs at hand by name.
import { BoundProgram } from "../../bindings/executor.ts";
import type { ModelMemory } from "../../bindings/memory.ts";
import type { Program } from "../plan/program.ts";
import { type View, Views } from "./views.ts";

export class ReadyProgram {
  readonly #bound: BoundProgram;
  readonly #views: Views;

  constructor(
    memory: ModelMemory,
    readonly program: Program,
    arena?: string,
  ) {
    this.#bound = new BoundProgram(memory, program, arena);
    this.#views = new Views(
      memory,
      Object.fromEntries(
        Object.entries({ ...program.inputs, ...program.outputs }).map(([name, binding]) => [
          name,
          { ...binding, address: () => this.#bound.address(binding) },
        ]),
      ),
    );
  }

  /** Takes the arena over: from here on inputs may be written. */
  prepare(): void {
    this.#bound.prepare();
  }
  /** A live view of an input or output. */
  view(name: string): View {
    return this.#views.view(name);
  }
  /** Address of an input. */
  address(name: string): number {
    return this.view(name).byteOffset;
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
