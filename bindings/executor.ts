// Runs programs: symbolic addresses become numbers once, then a run is a short loop over prepared calls.
import type { Kernels } from "./load.ts";
import type { ModelMemory } from "./memory.ts";

/** The part of a compiled program the executor reads; see src/plan/program.ts. */
export interface Executable {
  readonly calls: readonly { readonly kernel: string; readonly arguments: readonly (number | SymbolicAddress)[] }[];
  readonly constants: readonly number[];
  readonly arenaBytes: number;
}
interface SymbolicAddress {
  readonly segment: string;
  readonly offset: number;
}

type Kernel = (...list: number[]) => void;

/** One kernel call. Fixed fields, so that every step has the same shape and a run allocates nothing. */
class Step {
  constructor(
    readonly call: Kernel,
    readonly count: number,
    readonly a: number,
    readonly b: number,
    readonly c: number,
    readonly d: number,
    readonly e: number,
    readonly f: number,
    readonly g: number,
    readonly h: number,
    readonly i: number,
    readonly j: number,
    readonly k: number,
    readonly l: number,
    readonly m: number,
    readonly n: number,
  ) {}
}
/** Arguments of a step; longer lists are bound. */
const MOST = 14;

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
    const steps = this.#steps;
    for (let at = 0; at < steps.length; at++) {
      const s = steps[at] as Step;
      // By the length of the list: a call with surplus arguments goes through an adaptor.
      if (s.count <= 4) s.call(s.a, s.b, s.c, s.d);
      else if (s.count <= 9) s.call(s.a, s.b, s.c, s.d, s.e, s.f, s.g, s.h, s.i);
      else s.call(s.a, s.b, s.c, s.d, s.e, s.f, s.g, s.h, s.i, s.j, s.k, s.l, s.m, s.n);
    }
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
    const kernels = memory.kernels as unknown as Readonly<Record<keyof Kernels, Kernel>>;
    this.#steps = this.#program.calls.map(({ kernel, arguments: list }) => {
      const call = kernels[kernel as keyof Kernels];
      if (!call) throw new Error(`program: there is no kernel ${kernel}`);
      const numbers = list.map((argument) => (typeof argument === "number" ? argument : this.address(argument)));
      // Bound to its numbers, a call takes some 50 ns more: kernels with so many run a thousand times as long.
      if (list.length > MOST) return new Step(call.bind(null, ...numbers), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
      const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0, i = 0, j = 0, k = 0, l = 0, m = 0, n = 0] =
        numbers;
      return new Step(call, list.length, a, b, c, d, e, f, g, h, i, j, k, l, m, n);
    });
    this.#generation = memory.generation;
  }
}
