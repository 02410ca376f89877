// A model's risk at points other than its own: combinations of a few vectors, formed in the core. What surfaces are made
// of. Every thread judges points of its own, so that a point's value does not depend on how many threads there are.
import { requireOneOf } from "../checks.ts";
import type { Dataset } from "../data/dataset.ts";
import { input } from "../ops/leaves.ts";
import { type CompileRequest, compile } from "../plan/compile.ts";
import { kindFor } from "./blueprint.ts";
import { requireDataset } from "./check.ts";
import type { Engine, Runnable } from "./engine.ts";
import type { Model } from "./model.ts";
import { evaluationPasses, trainingBatches } from "./passes.ts";
import { ReadyProgram } from "./readyProgram.ts";
import { REFRESH_BATCH, refreshFrom } from "./refresh.ts";
import type { Evaluation } from "./reports.ts";
import type { ResidentData } from "./resident.ts";
import { align } from "./segments.ts";
import { type Workings, workingsOf } from "./workings.ts";

/** A place of a network, or a direction: numbers as in `parameters`, and as in `state` where that moves too. */
export interface Point {
  readonly parameters: Float32Array;
  readonly state?: Float32Array;
}

/**
 * Which statistics BatchNorm uses at a point: "running": those of the model, or of the points where these have some;
 * "batch": those of each 256 examples that are judged; "refresh": running ones, computed anew at every point.
 */
export type PointNormalization = "running" | "batch" | "refresh";

export const pointNormalizations: readonly PointNormalization[] = ["running", "batch", "refresh"];

export interface PointOptions {
  /** Default "running". */
  readonly normalization?: PointNormalization;
  /** What "refresh" computes statistics from; default: the data that are judged. */
  readonly statistics?: Dataset;
}

/** Evaluations at Σ cᵢ·vectorᵢ, one for each list of coefficients c; as many at once as are judged at once. */
export type PointJudge = (
  vectors: readonly Point[],
  coefficients: Iterable<readonly number[]>,
) => Generator<readonly Evaluation[], void, undefined>;

/**
 * Judges a model at any points, as many at once as it has threads. A loss that is not finite is given as it is. The
 * model's memory holds the data while a generator runs: take what it gives without a pause, and leave the loop where that
 * takes too long.
 */
export function pointJudge(call: string, model: Model, data: Dataset, options: PointOptions = {}): PointJudge {
  const workings = workingsOf(call, model);
  const { engine } = workings;
  const { normalization = "running", statistics = data } = options;
  requireOneOf(call, "normalization", normalization, pointNormalizations);
  const { input: example, inputType, target, threads } = engine.specification;
  for (const set of [data, statistics]) {
    requireDataset(call, set, example, inputType, target);
    engine.requireIndices(call, set.x);
  }
  const weighted = data.weights !== undefined;
  // Refuses weights where the loss has no use for them.
  if (weighted) engine.program(kindFor("evaluate", weighted), 1);
  const judging = normalization === "batch" ? "batch" : "running";
  const refreshes = normalization === "refresh";
  const judgeOf = (rows: number): Runnable => pointProgram(workings, judging, rows, weighted);
  const refreshOf = (rows: number): Runnable =>
    pointProgram(workings, "refresh", rows, statistics.weights !== undefined);
  // Compiled now: what a layer cannot take is said here, not at a point.
  for (const rows of evaluationPasses(data.size)) judgeOf(rows);
  if (refreshes) for (const rows of trainingBatches(statistics.size, REFRESH_BATCH)) refreshOf(rows);
  return function* (vectors, coefficients) {
    engine.requireAlive(call);
    const { memory } = engine;
    const mark = memory.mark();
    try {
      const places = vectors.map((vector) => holdPoint(engine, vector));
      for (const [name, bytes] of Object.entries(pointSegments(engine))) memory.reserve(name, threads * bytes);
      const resident = engine.hold(call, data);
      const averaged = !refreshes || statistics === data ? resident : engine.hold(call, statistics);
      for (const group of groupsOf(coefficients, threads)) {
        group.forEach((factors, at) => {
          combine(engine, places, factors, at);
        });
        if (refreshes) refresh(engine, averaged, refreshOf);
        const values = judge(engine, resident, judgeOf).slice(0, group.length);
        // Far from any minimum statistics may overflow.
        yield refreshes
          ? values.map((value, at) => (isStateFinite(engine, at) ? value : { loss: Number.NaN }))
          : values;
      }
    } finally {
      memory.release(mark);
    }
  };
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

/** What each thread's point has of its own: bytes. */
const pointSegments = ({ specification: { parameterCount, state } }: Engine) => ({
  pointTheta: align(4 * parameterCount),
  pointState: align(4 * state.length),
  pointNextState: align(4 * state.length),
  /** Where the numbers of `found` are. */
  pointFound: 64,
});
/** Sums over a pass, and λΩ; places in bytes. */
const found = { loss: 0, penalty: 16, correct: 32 } as const;

/** Programs of an engine, by purpose and rows: compiled once. */
const compiled = new WeakMap<Engine, Map<string, Runnable>>();

/** Judges a batch at every thread's point, with statistics of the point or the batch, or refreshes the point's. */
function pointProgram(
  { engine, trace }: Workings,
  purpose: "running" | "batch" | "refresh",
  rows: number,
  weighted: boolean,
): Runnable {
  const programs = compiled.get(engine) ?? new Map<string, Runnable>();
  compiled.set(engine, programs);
  const key = `${purpose} ${rows} ${weighted}`;
  const known = programs.get(key);
  if (known) return known;
  const { replicas, memory } = engine;
  const theta = input("theta", [engine.specification.parameterCount], "f32", "pointTheta");
  const mode =
    purpose === "refresh"
      ? ({ training: false, normalization: "batch", refreshShare: input("share", [], "f32", "share") } as const)
      : ({ training: false, normalization: purpose } as const);
  const share = { rows, replicas: 1, common: replicas !== undefined };
  const traced = trace(rows, mode, theta, share, weighted, "pointState");
  const outputs = purpose === "refresh" ? refreshOutputs(traced) : judgeOutputs(traced);
  const program = compile({ inputs: traced.inputs, outputs });
  const ready = replicas?.each(program, rows, weighted, pointSegments(engine)) ?? new ReadyProgram(memory, program);
  programs.set(key, ready);
  return ready;
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

/** The data set's mean loss, with λΩ, and share of right answers at every thread's point. */
function judge(engine: Engine, data: ResidentData, programOf: (rows: number) => Runnable): Evaluation[] {
  const { memory, specification } = engine;
  const { threads, judges } = specification;
  const { pointFound } = pointSegments(engine);
  const sums = Array.from({ length: threads }, () => ({ loss: 0, correct: 0, penalty: 0 }));
  const at = (r: number, name: keyof typeof found): number =>
    memory.f32("pointFound", r * pointFound + found[name], 1)[0] as number;
  let start = 0;
  for (const rows of evaluationPasses(data.size)) {
    const program = programOf(rows);
    data.gather(program, start, rows);
    program.run();
    start += rows;
    for (const [r, sum] of sums.entries()) {
      sum.loss += at(r, "loss");
      sum.correct += at(r, "correct");
      sum.penalty = at(r, "penalty");
    }
  }
  return sums.map(({ loss, correct, penalty }) => ({
    loss: loss / data.size + penalty,
    ...(judges && { accuracy: correct / data.size }),
  }));
}

function isStateFinite(engine: Engine, thread: number): boolean {
  const { memory, specification } = engine;
  const at = memory.base("pointState") + thread * pointSegments(engine).pointState;
  return memory.kernels.firstNonFinite(at, specification.state.length) < 0;
}

/** Computes statistics anew at every thread's point, whether they are finite or not. */
function refresh(engine: Engine, data: ResidentData, program: (rows: number) => Runnable): void {
  const { memory, specification } = engine;
  const { threads, state } = specification;
  const { pointState: stride } = pointSegments(engine);
  const starts = Array.from({ length: threads }, (_, r) => r * stride);
  refreshFrom(engine, data, REFRESH_BATCH, {
    states: starts.map((start) => memory.f32("pointState", start, state.length)),
    program,
    accept() {
      const [to, from] = [memory.base("pointState"), memory.base("pointNextState")];
      for (const start of starts) memory.kernels.copy(to + start, from + start, state.length);
    },
  });
}

/** Where the parts of a vector are in memory; 0: it has no state. */
interface Held {
  readonly parameters: number;
  readonly state: number;
}

let held = 0;

function holdPoint(engine: Engine, { parameters, state }: Point): Held {
  const { memory } = engine;
  const hold = (values: Float32Array): number => {
    const name = `point ${held++}`;
    memory.reserve(name, values.byteLength);
    memory.f32(name, 0, values.length).set(values);
    return memory.base(name);
  };
  return { parameters: hold(parameters), state: state && state.length > 0 ? hold(state) : 0 };
}

/**
 * A thread's point becomes Σ cᵢ·vectorᵢ, its state the model's where the vectors have none. With one c of 1 and others of
 * 0 that is vectorᵢ exactly.
 */
function combine(engine: Engine, vectors: readonly Held[], factors: readonly number[], thread: number): void {
  const { memory, specification } = engine;
  const { kernels } = memory;
  const { pointTheta, pointState } = pointSegments(engine);
  const parts = [
    ["parameters", memory.base("pointTheta") + thread * pointTheta, specification.parameterCount],
    ["state", memory.base("pointState") + thread * pointState, specification.state.length],
  ] as const;
  for (const [part, to, count] of parts) {
    if (vectors.some((vector) => vector[part] === 0)) {
      kernels.copy(to, memory.base("state"), count);
      continue;
    }
    // 0·∞ is no number: what has no share is left out.
    const terms = vectors.flatMap((vector, i) => (factors[i] === 0 ? [] : [[vector[part], factors[i]] as const]));
    const [first, ...rest] = terms;
    if (!first) {
      kernels.fill(to, count, 0);
      continue;
    }
    // What is taken once, as the middle of a plane is, need not be scaled before others are added.
    const isOnce = first[1] === 1 && rest.length > 1;
    if (!isOnce) kernels.scale(to, first[0], count, first[1] as number);
    for (let i = 0; i < rest.length; i += 2) {
      const [a, b] = [rest[i] as readonly [number, number], rest[i + 1]];
      const from = i === 0 && isOnce ? first[0] : to;
      if (b) kernels.linearCombination2(to, from, a[0], b[0], count, a[1] as number, b[1] as number);
      else kernels.axpy(to, a[0], count, a[1] as number);
    }
  }
}
