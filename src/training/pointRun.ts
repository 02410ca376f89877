// All threads judge a point each, from forming it to the sums of its losses, by one list of kernel calls a thread. They
// write to nothing in common, and meet at the end alone.
//   read by all      pointConstants | pointVectors | pointStates | the data
//   once a thread    pointFactors | pointTheta | pointState | pointNextState | pointShare | pointFound | its arena
import { resolve, type SymbolicAddress } from "../../bindings/executor.ts";
import { prepareSteps, type ResolvedCall, recorder, runSteps } from "../../bindings/steps.ts";
import type { Dataset } from "../data/dataset.ts";
import { input } from "../ops/leaves.ts";
import { type CompileRequest, compile } from "../plan/compile.ts";
import type { Program } from "../plan/program.ts";
import type { Engine } from "./engine.ts";
import { evaluationPasses } from "./passes.ts";
import { finiteOr } from "./refresh.ts";
import type { Evaluation } from "./reports.ts";
import type { ResidentData } from "./resident.ts";
import { align } from "./segments.ts";
import type { Workings } from "./workings.ts";

/** A place of a network, or a direction: numbers as in `parameters`, and as in `state` where that moves too. */
export interface Point {
  readonly parameters: Float32Array;
  readonly state?: Float32Array;
}

/** To judge with statistics of the point or of the batch, or to compute the point's anew. */
type Purpose = "running" | "batch" | "refresh";

/** What a pass leaves in pointFound: sums over its rows, and λΩ. Places in bytes, and all of them. */
const found = { loss: 0, penalty: 16, correct: 32 } as const;
const FOUND_BYTES = 64;

/** Programs of an engine, by purpose and rows: compiled once. */
const compiled = new WeakMap<Engine, Map<string, Program>>();

/** A program for each pass over a data set; to refresh what has no state takes none. */
export function pointPrograms(workings: Workings, purpose: Purpose, data: Dataset): readonly Program[] {
  const programs = evaluationPasses(data.size).map((rows) =>
    pointProgram(workings, purpose, rows, data.weights !== undefined),
  );
  return purpose === "refresh" ? programs.filter(({ outputs }) => outputs.nextState) : programs;
}

function pointProgram({ engine, trace }: Workings, purpose: Purpose, rows: number, weighted: boolean): Program {
  const programs = compiled.get(engine) ?? new Map<string, Program>();
  compiled.set(engine, programs);
  const key = `${purpose} ${rows} ${weighted}`;
  const known = programs.get(key);
  if (known) return known;
  const theta = input("theta", [engine.specification.parameterCount], "f32", "pointTheta");
  const mode =
    purpose === "refresh"
      ? ({
          training: false,
          normalization: "batch",
          refreshShare: input("share", [], "f32", "pointShare"),
        } as const)
      : ({ training: false, normalization: purpose } as const);
  const traced = trace(rows, mode, theta, undefined, weighted, "pointState");
  const outputs = purpose === "refresh" ? refreshOutputs(traced) : judgeOutputs(traced);
  const program = compile({ inputs: traced.inputs, outputs });
  programs.set(key, program);
  return program;
}

type Traced = ReturnType<Workings["trace"]>;

function judgeOutputs({ sums }: Traced): CompileRequest["outputs"] {
  const { loss, penalty, correct } = sums();
  const place = (name: keyof typeof found) => ({ place: { segment: "pointFound", offset: found[name] } });
  return {
    loss: { tensor: loss, ...place("loss") },
    ...(penalty && { penalty: { tensor: penalty, ...place("penalty") } }),
    ...(correct && { correct: { tensor: correct, ...place("correct") } }),
  };
}

function refreshOutputs({ nextState }: Traced): CompileRequest["outputs"] {
  const next = nextState();
  return next ? { nextState: { tensor: next, place: { segment: "pointNextState", offset: 0 } } } : {};
}

/** Passes over a data set in memory, in its order. */
export interface Passes {
  readonly programs: readonly Program[];
  readonly data: ResidentData;
}

export interface PointPasses {
  readonly judging: Passes;
  /** Before it: without programs, statistics stay as they are. */
  readonly refreshing: Passes;
}

const rowsOf = ({ inputs }: Program): number => inputs.x?.shape[0] as number;

/** Holds what it needs in memory until that is released. */
export class PointRun {
  readonly #engine: Engine;
  readonly #passes: PointPasses;
  readonly #terms: number;
  /** Whether the vectors have a state each; else all points have the model's. */
  readonly #statesMove: boolean;
  /** Bytes from the start of pointConstants. */
  readonly #constants = new Map<Program, number>();
  /** Segments of which each thread has its part, and the arena: bytes of one. */
  readonly #own: Readonly<Record<string, number>>;
  #run = (): void => {};
  #generation = -1;

  constructor(engine: Engine, vectors: readonly Point[], passes: PointPasses) {
    this.#engine = engine;
    this.#passes = passes;
    this.#terms = vectors.length;
    this.#statesMove = vectors.every(({ state }) => state !== undefined && state.length > 0);
    const { memory, specification } = engine;
    const { parameterCount, state, threads } = specification;
    const { judging, refreshing } = passes;
    this.#hold(
      "pointVectors",
      parameterCount,
      vectors.map(({ parameters }) => parameters),
    );
    const states = this.#statesMove ? vectors.map((vector) => vector.state as Float32Array) : [engine.state().slice()];
    // A pass of weight 1 leaves nothing of what was there, unless that was infinite.
    this.#hold(
      "pointStates",
      state.length,
      refreshing.programs.length === 0 ? states : states.map((each) => finiteOr(each, state)),
    );
    const programs = new Set([...refreshing.programs, ...judging.programs]);
    let constantBytes = 0;
    for (const program of programs) {
      this.#constants.set(program, constantBytes);
      constantBytes += align(4 * program.constants.length);
    }
    memory.reserve("pointConstants", constantBytes);
    for (const [program, at] of this.#constants)
      memory.f32("pointConstants", at, program.constants.length).set(program.constants);
    const segments = {
      pointFactors: align(4 * vectors.length),
      pointTheta: align(4 * parameterCount),
      pointState: align(4 * state.length),
      pointNextState: align(4 * state.length),
      pointShare: align(4),
      pointFound: FOUND_BYTES * judging.programs.length,
    };
    for (const [name, bytes] of Object.entries(segments)) memory.reserve(name, threads * bytes, false);
    this.#own = { ...segments, arena: align(Math.max(...[...programs].map(({ arenaBytes }) => arenaBytes))) };
    memory.ensureArena(threads * (this.#own.arena as number));
  }

  #hold(name: string, length: number, vectors: readonly Float32Array[]): void {
    const { memory } = this.#engine;
    memory.reserve(name, align(4 * length) * vectors.length, false);
    for (const [i, vector] of vectors.entries()) memory.f32(name, i * align(4 * length), length).set(vector);
  }

  /** Evaluations at Σ cᵢ·vectorᵢ, for a list of coefficients c for each thread, or for some of them. */
  judge(points: readonly (readonly number[])[]): readonly Evaluation[] {
    const { memory, specification } = this.#engine;
    if (this.#generation !== memory.generation) this.#prepare();
    // Threads without a point do one that another does.
    for (let thread = 0; thread < specification.threads; thread++)
      memory
        .f32("pointFactors", thread * this.#bytes("pointFactors"), this.#terms)
        .set(points[thread % points.length] as readonly number[]);
    memory.arenaOwner = this;
    this.#run();
    return points.map((_, thread) => this.#found(thread));
  }

  #bytes(segment: string): number {
    return this.#own[segment] ?? 0;
  }
  #address(segment: string, thread: number): number {
    return this.#engine.memory.base(segment) + thread * this.#bytes(segment);
  }

  #prepare(): void {
    const { memory, replicas } = this.#engine;
    this.#run = replicas
      ? replicas.independently((thread) => this.#callsOf(thread))
      : runSteps.bind(undefined, prepareSteps(memory.kernels, this.#callsOf(0)));
    this.#generation = memory.generation;
  }

  #callsOf(thread: number): readonly ResolvedCall[] {
    const calls: ResolvedCall[] = [];
    const kernels = recorder(calls);
    const { judging, refreshing } = this.#passes;
    const { parameterCount, state } = this.#engine.specification;
    const at = (segment: string): number => this.#address(segment, thread);
    const combine = (to: string, from: string, count: number): void =>
      kernels.linearCombination(at(to), at(from), align(4 * count), at("pointFactors"), this.#terms, count);
    combine("pointTheta", "pointVectors", parameterCount);
    if (this.#statesMove) combine("pointState", "pointStates", state.length);
    else kernels.copy(at("pointState"), at("pointStates"), state.length);
    for (const { program, start, rows } of passesOf(refreshing)) {
      kernels.fill(at("pointShare"), 1, rows / (start + rows));
      calls.push(...this.#pass(program, refreshing.data, start, at));
      kernels.copy(at("pointState"), at("pointNextState"), state.length);
    }
    for (const [i, { program, start }] of passesOf(judging).entries()) {
      const place = (segment: string): number => at(segment) + (segment === "pointFound" ? i * FOUND_BYTES : 0);
      calls.push(...this.#pass(program, judging.data, start, place));
    }
    return calls;
  }

  /** A pass's rows come to where its program wants them, and the program. */
  #pass(program: Program, data: ResidentData, start: number, at: (segment: string) => number): ResolvedCall[] {
    const address = ({ segment, offset }: SymbolicAddress): number =>
      (segment === "constants" ? at("pointConstants") + (this.#constants.get(program) as number) : at(segment)) +
      offset;
    const { x, y, weights } = program.inputs as Readonly<Record<"x" | "y", SymbolicAddress>> & Program["inputs"];
    const calls: ResolvedCall[] = [];
    const toWeights = weights ? address(weights) : 0;
    data.copy(recorder(calls), start, rowsOf(program), 0, address(x), address(y), toWeights);
    return [...calls, ...resolve(program.calls, address)];
  }

  /** A thread's: mean loss, with λΩ, and share of right answers. */
  #found(thread: number): Evaluation {
    const { memory, specification } = this.#engine;
    const { judging, refreshing } = this.#passes;
    // Far from any minimum refreshed statistics may overflow.
    const state = this.#address("pointState", thread);
    if (refreshing.programs.length > 0 && memory.kernels.firstNonFinite(state, specification.state.length) >= 0)
      return { loss: Number.NaN };
    const bytes = this.#bytes("pointFound");
    const numbers = memory.f32("pointFound", thread * bytes, bytes / 4);
    const sum = (name: keyof typeof found): number => {
      let total = 0;
      for (let i = found[name] / 4; i < numbers.length; i += FOUND_BYTES / 4) total += numbers[i] as number;
      return total;
    };
    const { size } = judging.data;
    const penalty = judging.programs[0]?.outputs.penalty ? (numbers[found.penalty / 4] as number) : 0;
    return {
      loss: sum("loss") / size + penalty,
      ...(specification.judges && { accuracy: sum("correct") / size }),
    };
  }
}

function passesOf({ programs }: Passes) {
  let end = 0;
  return programs.map((program) => {
    const rows = rowsOf(program);
    end += rows;
    return { program, start: end - rows, rows };
  });
}
