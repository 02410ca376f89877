// Views of a program's inputs and outputs by name, which last as long as the memory stands still.
import type { ModelMemory } from "../../bindings/memory.ts";
import { type DataType, type Shape, size } from "../graph/tensor.ts";

export type View = Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>;

/** A tensor between program and caller. */
export interface Face {
  readonly type: DataType;
  readonly shape: Shape;
  address(): number;
}

export class Views {
  readonly #memory: ModelMemory;
  readonly #faces: Readonly<Record<string, Face>>;
  #views: Readonly<Record<string, View>> = {};
  #generation = -1;

  constructor(memory: ModelMemory, faces: Readonly<Record<string, Face>>) {
    this.#memory = memory;
    this.#faces = faces;
  }

  /** Undefined, where there is none of that name. */
  view(name: string): View {
    if (this.#generation !== this.#memory.generation) this.#refresh();
    return this.#views[name] as View;
  }

  // Not part of view(): a function that holds a closure allocates at every call.
  #refresh(): void {
    const memory = this.#memory;
    this.#views = Object.fromEntries(
      Object.entries(this.#faces).map(([name, face]) => {
        const View = face.type === "i32" ? Int32Array : Float32Array;
        return [name, new View(memory.memory.buffer as ArrayBuffer, face.address(), size(face))];
      }),
    );
    this.#generation = memory.generation;
  }
}
