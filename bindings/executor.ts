// Runs programs: symbolic addresses become numbers once, then a run is a short loop over prepared calls.
import type { ModelMemory } from "./memory.ts";
import { prepareSteps, type ResolvedCall, runSteps, type Step } from "./steps.ts";

/** The part of a compiled program the executor reads; see src/plan/program.ts. */
export interface Executable {
  readonly calls: readonly { readonly kernel: string; readonly arguments: readonly (number | SymbolicAddress)[] }[];
  readonly constants: readonly number[];
  readonly arenaBytes: number;
}
export interface SymbolicAddress {
  readonly segment: string;
  readonly offset: number;
}

/** Calls with numbers for addresses. */
export function resolve(calls: Executable["calls"], address: (place: SymbolicAddress) => number): ResolvedCall[] {
  return calls.map(({ kernel, arguments: list }) => ({
    kernel,
    numbers: list.map((argument) => (typeof argument === "number" ? argument : address(argument))),
  }));
}

/** A program on one model's memory. Its constants lie at the head of the arena, written when it takes the arena over. */
export class BoundProgram {
  readonly #memory: ModelMemory;
  readonly #program: Executable;
  readonly #constantBytes: number;
  #steps: readonly Step[] = [];
  #generation = -1;

  constructor(memory: ModelMemory, program: Executable) {
    this.#memory = memory;
    this.#program = program;
    this.#constantBytes = Math.ceil(program.constants.length / 4) * 16;
    memory.ensureArena(this.#constantBytes + program.arenaBytes);
  }

  /** Address of a place in this program; for those in the arena, until the arena moves. */
  address({ segment, offset }: SymbolicAddress): number {
    if (segment === "constants") return this.#memory.base("arena") + offset;
    if (segment === "arena") return this.#memory.base("arena") + this.#constantBytes + offset;
    return this.#memory.base(segment) + offset;
  }

  /** Makes the arena this program's own: to be called before its inputs are written. */
  prepare(): void {
    const memory = this.#memory;
    if (this.#generation !== memory.generation) this.#bind();
    // A program without temporaries leaves the arena to the one before: a step's gradient and update alternate.
    if (memory.arenaOwner === this || this.#constantBytes + this.#program.arenaBytes === 0) return;
    memory.arenaOwner = this;
    memory.f32("arena", 0, this.#program.constants.length).set(this.#program.constants);
  }

  /** Runs every call, in order. Inputs must have been written since the last run of any program. */
  run(): void {
    this.prepare();
    runSteps(this.#steps);
  }

  /** Runs call by call, telling `after` the index of each: for profiles and for finding a NaN. */
  trace(after: (index: number) => boolean): void {
    this.prepare();
    for (let at = 0; at < this.#steps.length; at++) {
      const s = this.#steps[at] as Step;
      s.call(s.a, s.b, s.c, s.d, s.e, s.f, s.g, s.h, s.i, s.j, s.k, s.l, s.m, s.n);
      if (!after(at)) return;
    }
  }

  #bind(): void {
    const memory = this.#memory;
    const calls = resolve(this.#program.calls, (place) => this.address(place));
    this.#steps = prepareSteps(memory.kernels, calls);
    this.#generation = memory.generation;
  }
}
