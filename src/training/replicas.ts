// A model's replicas: the programs they run together, one a purpose and batch size, and the update they share out.
import type { ModelMemory } from "../../bindings/memory.ts";
import type { ResolvedCall } from "../../bindings/steps.ts";
import { Team } from "../../bindings/team.ts";
import { size } from "../graph/tensor.ts";
import type { Program } from "../plan/program.ts";
import { isWeighted, type ProgramKind } from "./blueprint.ts";
import type { Crew, EngineSpecification, ProgramSource } from "./engine.ts";
import { type Share, sharesOf, updateShares } from "./passes.ts";
import { align, ownSegments } from "./segments.ts";
import { type Common, type Part, TeamProgram } from "./teamProgram.ts";

/** Does something for each of some items, one of them at least, until it is due → how many have been done. */
export type ShareItems = (items: number, isDue: () => boolean) => number;

/** Nothing to do: a replica's part of an update that only the first can make. */
const nothing: Program = {
  calls: [],
  tensors: [],
  constants: [],
  arenaBytes: 0,
  exchangeBytes: 0,
  inputs: {},
  outputs: {},
};

/** Starts the threads of a model. */
export async function startCrew(memory: ModelMemory, threads: number): Promise<Crew> {
  const team = await Team.create(memory, threads);
  return {
    replicas: (specification, source) => new Replicas(memory, team, specification, source),
    close: () => team.close(),
  };
}

export class Replicas {
  readonly #memory: ModelMemory;
  readonly #team: Team;
  readonly #specification: EngineSpecification;
  readonly #source: ProgramSource;
  readonly #programs = new Map<string, TeamProgram>();
  readonly #update: TeamProgram;
  /** Of calls that each replica has for itself. */
  readonly #list: number;

  constructor(memory: ModelMemory, team: Team, specification: EngineSpecification, source: ProgramSource) {
    this.#memory = memory;
    this.#team = team;
    this.#specification = specification;
    this.#source = source;
    this.#list = team.newList();
    this.#update = new TeamProgram(memory, team, this.#updateParts());
  }

  /** The program for a purpose and batch size, as each replica has it for its rows; compiled at its first use. */
  program(kind: ProgramKind, batch: number, whole?: number): TeamProgram {
    const key = `${kind} ${batch} of ${whole}`;
    const found = this.#programs.get(key);
    if (found) return found;
    const { input, inputType, target, output } = this.#specification;
    const commons: Readonly<Record<string, Common>> = {
      x: { shape: [batch, ...input], type: inputType },
      ...(kind !== "predict" && { y: { shape: [batch, ...target.shape.slice(1)], type: target.type } }),
      ...(isWeighted(kind) && { weights: { shape: [batch], type: "f32" } }),
      ...(kind.endsWith("OfEach") && { each: { shape: [batch], type: "f32" } }),
      ...((kind === "predict" || kind.endsWith("evaluate")) && {
        output: { shape: [batch, ...output], type: "f32" },
      }),
    };
    const made = new TeamProgram(this.#memory, this.#team, this.#parts(kind, batch, commons, whole), commons);
    this.#programs.set(key, made);
    return made;
  }

  /**
   * Hands every replica calls of its own, in place of those it had from here before → what runs them for each of some
   * items, until it is due: how many are done; see Team.share.
   * @param callsOf the number of the item to be at is found at the address `item`
   */
  independently(callsOf: (replica: number, item: number) => readonly ResolvedCall[]): ShareItems {
    const team = this.#team;
    const own = team.teach(this.#list, (r) => callsOf(r, team.item(r)));
    return (items, isDue) => team.share(this.#list, own, Math.max(items, team.replicas), isDue);
  }

  /** g = Σ of the replicas' gradients, then the update by it. */
  update(): void {
    this.#update.run();
  }

  #parts(kind: ProgramKind, batch: number, commons: Readonly<Record<string, Common>>, whole?: number): Part[] {
    const programs = new Map<number, Program>();
    const own = Object.entries(ownSegments(this.#specification));
    let firstRow = 0;
    return sharesOf(batch, this.#team.replicas).map((rows, r) => {
      const share = whole === undefined ? rows : { ...rows, whole };
      const program = programs.get(share.rows) ?? this.#source(kind, batch, share);
      programs.set(share.rows, program);
      const offsets = Object.fromEntries([
        ...own.map(([name, bytes]) => [name, r * align(bytes)] as const),
        ...Object.entries(commons).map(([name, { shape }]) => [name, 4 * firstRow * size(shape.slice(1))] as const),
      ]);
      const part = { program, firstRow, offsets };
      firstRow += share.rows;
      return part;
    });
  }

  /** Each replica adds up, and updates by, its share of the gradient. */
  #updateParts(): Part[] {
    const { parameterCount, slots, updatesByElement } = this.#specification;
    const stride = align(4 * parameterCount);
    let first = 0;
    return updateShares(parameterCount, this.#team.replicas).map((share) => {
      const segments = ["theta", "gradient", ...Array.from({ length: slots }, (_, i) => `slot${i}`)];
      const offsets = Object.fromEntries(segments.map((name) => [name, 4 * first]));
      first += share.rows;
      const total = { segment: "gradient", offset: 0 };
      const before = Array.from({ length: this.#team.replicas - 1 }, (_, i) => ({
        kernel: "axpy" as const,
        arguments: [total, { segment: "gradient", offset: (i + 1) * stride }, share.rows, 1],
      }));
      const program = updatesByElement ? this.#updateProgram(share) : nothing;
      return { program, firstRow: 0, offsets, before };
    });
  }

  #updateProgram(share: Share): Program {
    return share.rows === 0 ? nothing : this.#source("update", 0, share);
  }

  /** Ends the threads. */
  close(): void {
    this.#team.close();
  }
  /** Throws where they have ended. */
  requireAlive(): void {
    this.#team.requireAlive();
  }
}
