// One program a replica, run together on the rows of one batch. Inputs and predictions lie one row after another for
// all replicas, so that a caller fills and reads them as those of a single program.
//   arena | exchange | x | y | output | replica 0: constants, temporaries | replica 1: … |
import { resolve, type SymbolicAddress } from "../../bindings/executor.ts";
import type { ModelMemory } from "../../bindings/memory.ts";
import type { Step } from "../../bindings/steps.ts";
import type { Team } from "../../bindings/team.ts";
import { size } from "../graph/tensor.ts";
import type { Binding, Call, Program } from "../plan/program.ts";
import { align } from "./segments.ts";
import { type View, Views } from "./views.ts";

/** What one replica does. */
export interface Part {
  readonly program: Program;
  /** Of the batch. */
  readonly firstRow: number;
  /** Bytes from the start of a segment to this replica's part of it; 0 for those not named. */
  readonly offsets: Readonly<Record<string, number>>;
  /** Calls before the program's own. */
  readonly before?: readonly Omit<Call, "tensor">[];
}

/** A segment that all replicas fill or read together: its name in the programs, and all of it as one tensor. */
export type Common = Omit<Binding, "segment" | "offset">;

const constantBytes = ({ constants }: Program): number => align(4 * constants.length);

export class TeamProgram {
  readonly #memory: ModelMemory;
  readonly #team: Team;
  readonly #parts: readonly Part[];
  readonly #list: number;
  /** Bytes from the arena's start. */
  readonly #commons: Readonly<Record<string, number>>;
  readonly #arenas: readonly number[];
  readonly #usesArena: boolean;
  readonly #views: Views;
  #random: readonly Int32Array[] = [];
  #steps: readonly Step[] = [];
  #generation = -1;

  constructor(memory: ModelMemory, team: Team, parts: readonly Part[], commons: Readonly<Record<string, Common>> = {}) {
    this.#memory = memory;
    this.#team = team;
    this.#parts = parts;
    this.#list = team.newList();
    requireSameSums(parts);
    let top = align(Math.max(...parts.map(({ program }) => program.exchangeBytes)));
    const places: Record<string, number> = { exchange: 0 };
    for (const [name, common] of Object.entries(commons)) {
      places[name] = top;
      top += align(4 * size(common));
    }
    this.#commons = places;
    this.#arenas = parts.map(({ program }) => {
      const at = top;
      top += constantBytes(program) + align(program.arenaBytes);
      return at;
    });
    memory.ensureArena(top);
    this.#usesArena = top > 0;
    const { outputs } = (parts[0] as Part).program;
    const own = Object.entries(outputs).filter(([name]) => !(name in commons));
    this.#views = new Views(memory, {
      ...Object.fromEntries(own.map(([name, place]) => [name, { ...place, address: () => this.#address(0, place) }])),
      ...Object.fromEntries(
        Object.entries(commons).map(([name, common]) => [
          name,
          { ...common, address: () => memory.base("arena") + (places[name] as number) },
        ]),
      ),
    });
  }

  #address(replica: number, { segment, offset }: SymbolicAddress): number {
    const { program, offsets } = this.#parts[replica] as Part;
    const arena = this.#memory.base("arena");
    const own = arena + (this.#arenas[replica] as number);
    if (segment === "constants") return own + offset;
    if (segment === "arena") return own + constantBytes(program) + offset;
    if (segment === "sync") return this.#team.sync(replica) + offset;
    const common = this.#commons[segment];
    const base = common === undefined ? this.#memory.base(segment) : arena + common;
    return base + (offsets[segment] ?? 0) + offset;
  }

  /** Takes the arena over: from here on inputs may be written. */
  prepare(): void {
    const memory = this.#memory;
    if (this.#generation !== memory.generation) this.#bind();
    // A program without temporaries leaves the arena to the one before: a step's gradient and update alternate.
    if (memory.arenaOwner !== this && this.#usesArena) this.#takeOver();
  }

  #takeOver(): void {
    this.#memory.arenaOwner = this;
    this.#parts.forEach(({ program: { constants } }, r) => {
      this.#memory.f32("arena", this.#arenas[r] as number, constants.length).set(constants);
    });
  }

  #bind(): void {
    const memory = this.#memory;
    this.#random = this.#parts.map(({ offsets }) => memory.i32("random", offsets.random ?? 0, 5));
    this.#steps = this.#team.teach(this.#list, (r) => {
      const { program, before = [] } = this.#parts[r] as Part;
      return resolve([...before, ...program.calls], (place) => this.#address(r, place));
    });
    this.#generation = memory.generation;
  }

  /** A live view of all of a common segment, or of an output of the first replica's. */
  view(name: string): View {
    return this.#views.view(name);
  }
  address(name: string): number {
    return this.view(name).byteOffset;
  }

  /** Runs all replicas, with the seed and the step of the model's own random state; returns when all are done. */
  run(): void {
    this.prepare();
    // No destructuring: it allocates.
    const first = this.#random[0] as Int32Array;
    for (let r = 1; r < this.#random.length; r++) {
      const own = this.#random[r] as Int32Array;
      for (let word = 0; word < 3; word++) own[word] = first[word] as number;
      own[4] = (first[4] as number) + (this.#parts[r] as Part).firstRow;
    }
    this.#team.run(this.#list, this.#steps);
  }
}

/** Throws unless all programs add up over the replicas in the same order: else they would wait for each other forever. */
function requireSameSums(parts: readonly Part[]): void {
  const sums = ({ program }: Part): string =>
    program.calls
      .flatMap(({ kernel, arguments: list }) => {
        const meeting = list.find((place) => typeof place !== "number" && place.segment === "exchange");
        return meeting ? [`${kernel} of ${list[2]} at ${JSON.stringify(meeting)}`] : [];
      })
      .join();
  const wrong = parts.findIndex((part) => sums(part) !== sums(parts[0] as Part));
  if (wrong > 0)
    throw new Error(
      "threads: the network's sums over the batch depend on how many rows there are; use threads: 1 for it",
    );
}
