// Threads judge points, each one at a time, from forming it to the sums of its losses, by one list of kernel calls. Who
// has done one takes the next that nobody has; they meet when none is left.
//   read by all      pointConstants | pointVectors | pointStates | pointCoefficients | the data
//   once a thread    pointFactors | pointTheta | pointState | pointNextState | pointShare | pointSums | its arena
//   once a point     pointFound
import { resolve, type SymbolicAddress } from "../../bindings/executor.ts";
import { prepareSteps, type ResolvedCall, recorder, runSteps } from "../../bindings/steps.ts";
import type { Dataset } from "../data/dataset.ts";
import { input } from "../ops/leaves.ts";
import { type CompileRequest, compile } from "../plan/compile.ts";
import type { Program } from "../plan/program.ts";
import type { Engine } from "./engine.ts";
import { evaluationPasses } from "./passes.ts";
import { finiteOr } from "./refresh.ts";
import type { ShareItems } from "./replicas.ts";
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

/** What a pass leaves: sums over its rows, and λΩ; the first pass also Σ 0·refreshed state. Places, and all, in bytes. */
const found = { loss: 0, penalty: 16, correct: 32, state: 48 } as const;
const FOUND_BYTES = 64;

/** Points that are shared out at once; more where there are more threads. */
const USUAL_GROUP = 64;

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
  const place = (name: keyof typeof found) => ({ place: { segment: "pointSums", offset: found[name] } });
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
  readonly #group: number;
  #share: ShareItems = () => 0;
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
      pointSums: FOUND_BYTES * judging.programs.length,
    };
    for (const [name, bytes] of Object.entries(segments)) memory.reserve(name, threads * bytes);
    this.#group = Math.max(USUAL_GROUP, threads);
    memory.reserve("pointItem", 4);
    memory.reserve("pointCoefficients", 4 * vectors.length * this.#group);
    memory.reserve("pointFound", segments.pointSums * this.#group);
    this.#own = { ...segments, arena: align(Math.max(...[...programs].map(({ arenaBytes }) => arenaBytes))) };
    memory.ensureArena(threads * (this.#own.arena as number));
  }

  #hold(name: string, length: number, vectors: readonly Float32Array[]): void {
    const { memory } = this.#engine;
    memory.reserve(name, align(4 * length) * vectors.length, false);
    for (const [i, vector] of vectors.entries()) memory.f32(name, i * align(4 * length), length).set(vector);
  }

  /** Evaluations at Σ cᵢ·vectorᵢ for lists of coefficients c, in their order, until it is due: one of them at least. */
  judge(points: Iterable<readonly number[]>, isDue: () => boolean): readonly Evaluation[] {
    const evaluations: Evaluation[] = [];
    for (const group of groupsOf(points, this.#group)) {
      evaluations.push(...this.#judge(group, isDue));
      if (isDue()) break;
    }
    return evaluations;
  }

  #judge(points: readonly (readonly number[])[], isDue: () => boolean): readonly Evaluation[] {
    const { memory } = this.#engine;
    if (this.#generation !== memory.generation) this.#prepare();
    const coefficients = memory.f32("pointCoefficients", 0, this.#group * this.#terms);
    points.forEach((point, i) => void coefficients.set(point, i * this.#terms));
    memory.u8("pointFound", 0, this.#group * this.#bytes("pointSums")).fill(0);
    memory.arenaOwner = this;
    const done = this.#share(points.length, isDue);
    return Array.from({ length: Math.min(done, points.length) }, (_, i) => this.#found(i));
  }

  #bytes(segment: string): number {
    return this.#own[segment] ?? 0;
  }
  #address(segment: string, thread: number): number {
    return this.#engine.memory.base(segment) + thread * this.#bytes(segment);
  }

  #prepare(): void {
    const { memory, replicas } = this.#engine;
    this.#share = replicas?.independently((thread, item) => this.#callsOf(thread, item)) ?? this.#alone();
    this.#generation = memory.generation;
  }

  #alone(): ShareItems {
    const { memory } = this.#engine;
    const steps = prepareSteps(memory.kernels, this.#callsOf(0, memory.base("pointItem")));
    const item = memory.i32("pointItem", 0, 1);
    return (items, isDue) => {
      let done = 0;
      do {
        item[0] = done++;
        runSteps(steps);
      } while (!isDue() && done < items);
      return done;
    };
  }

  #callsOf(thread: number, item: number): readonly ResolvedCall[] {
    const calls: ResolvedCall[] = [];
    const kernels = recorder(calls);
    const { judging, refreshing } = this.#passes;
    const { parameterCount, state } = this.#engine.specification;
    const at = (segment: string): number => this.#address(segment, thread);
    const combine = (to: string, from: string, count: number): void =>
      kernels.linearCombination(at(to), at(from), align(4 * count), at("pointFactors"), this.#terms, count);
    const all = (segment: string): number => this.#engine.memory.base(segment);
    kernels.gatherRows(at("pointFactors"), all("pointCoefficients"), item, 1, this.#terms);
    combine("pointTheta", "pointVectors", parameterCount);
    if (this.#statesMove) combine("pointState", "pointStates", state.length);
    else kernels.copy(at("pointState"), at("pointStates"), state.length);
    for (const { program, start, rows } of passesOf(refreshing)) {
      kernels.fill(at("pointShare"), 1, rows / (start + rows));
      calls.push(...this.#pass(program, refreshing.data, start, at));
      kernels.copy(at("pointState"), at("pointNextState"), state.length);
    }
    for (const [i, { program, start }] of passesOf(judging).entries()) {
      const place = (segment: string): number => at(segment) + (segment === "pointSums" ? i * FOUND_BYTES : 0);
      calls.push(...this.#pass(program, judging.data, start, place));
    }
    // Far from any minimum refreshed statistics may overflow; 0·∞ is no number.
    if (refreshing.programs.length > 0) {
      kernels.scale(at("pointNextState"), at("pointState"), state.length, 0);
      kernels.sum(at("pointSums") + found.state, at("pointNextState"), 1, state.length, 1);
    }
    kernels.scatterAddRows(all("pointFound"), at("pointSums"), item, 1, this.#bytes("pointSums") / 4);
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

  /** A point's: mean loss, with λΩ, and share of right answers. */
  #found(item: number): Evaluation {
    const { memory, specification } = this.#engine;
    const { judging } = this.#passes;
    const bytes = this.#bytes("pointSums");
    const numbers = memory.f32("pointFound", item * bytes, bytes / 4);
    if (Number.isNaN(numbers[found.state / 4])) return { loss: Number.NaN };
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

function* groupsOf<T>(all: Iterable<T>, size: number): Generator<readonly T[]> {
  let group: T[] = [];
  for (const each of all) {
    group.push(each);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

function passesOf({ programs }: Passes) {
  let end = 0;
  return programs.map((program) => {
    const rows = rowsOf(program);
    end += rows;
    return { program, start: end - rows, rows };
  });
}
