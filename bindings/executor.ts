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

/**
 * A program on one model's memory. Its constants lie at the head of the arena, written when it takes the arena over; a
 * program that runs between others and must not disturb their inputs has a segment for an arena of its own.
 */
export class BoundProgram {
  readonly #memory: ModelMemory;
  readonly #program: Executable;
  readonly #arena: string;
  readonly #constantBytes: number;
  #steps: readonly Step[] = [];
  #constants = new Float32Array();
  #generation = -1;

  constructor(memory: ModelMemory, program: Executable, arena = "arena") {
    this.#memory = memory;
    this.#arena = arena;
    this.#program = program;
    this.#constantBytes = Math.ceil(program.constants.length / 4) * 16;
    const bytes = this.#constantBytes + program.arenaBytes;
    if (arena === "arena") memory.ensureArena(bytes);
    // At least something: a segment without bytes would begin where the next one does, and go with it.
    else memory.reserve(arena, Math.max(bytes, 4));
  }

  /** Address of a place in this program; for those in the arena, until the arena moves. */
  address({ segment, offset }: SymbolicAddress): number {
    if (segment === "constants") return this.#memory.base(this.#arena) + offset;
    if (segment === "arena") return this.#memory.base(this.#arena) + this.#constantBytes + offset;
    return this.#memory.base(segment) + offset;
  }

  /** Makes the arena this program's own: to be called before its inputs are written. */
  prepare(): void {
    const memory = this.#memory;
    if (this.#generation !== memory.generation) this.#bind();
    // A program without temporaries leaves the arena to the one before: a step's gradient and update alternate.
    if (this.#arena !== "arena" || memory.arenaOwner === this || this.#constantBytes + this.#program.arenaBytes === 0)
      return;
    memory.arenaOwner = this;
    this.#constants.set(this.#program.constants);
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
    this.#constants = memory.f32(this.#arena, 0, this.#program.constants.length);
    if (this.#arena !== "arena") this.#constants.set(this.#program.constants);
    this.#generation = memory.generation;
  }
}
