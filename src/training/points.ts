// A model's risk at points other than its own: combinations of a few vectors, formed in the core, judged by the programs
// that evaluate. What surfaces are made of.
import { requireOneOf } from "../checks.ts";
import type { Dataset } from "../data/dataset.ts";
import { input } from "../ops/leaves.ts";
import { sum } from "../ops/reduce.ts";
import { compile } from "../plan/compile.ts";
import { requireDataset } from "./check.ts";
import type { Engine } from "./engine.ts";
import type { Model } from "./model.ts";
import { evaluationPasses, trainingBatches } from "./passes.ts";
import { ReadyProgram } from "./readyProgram.ts";
import { REFRESH_BATCH, refreshFrom } from "./refresh.ts";
import type { Evaluation } from "./reports.ts";
import type { ResidentData } from "./resident.ts";
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

/** Evaluations at Σ cᵢ·vectorᵢ, one for each list of coefficients c. */
export type PointJudge = (
  vectors: readonly Point[],
  coefficients: Iterable<readonly number[]>,
) => Generator<Evaluation, void, undefined>;

/**
 * Judges a model at any points, with as many threads as it has ("batch": with one). A loss that is not finite is given
 * as it is. The model is changed while a generator runs and is as before when it ends: take what it gives without a
 * pause, and leave the loop where that takes too long.
 */
export function pointJudge(call: string, model: Model, data: Dataset, options: PointOptions = {}): PointJudge {
  const { engine, trace } = workingsOf(call, model);
  const { normalization = "running", statistics = data } = options;
  requireOneOf(call, "normalization", normalization, pointNormalizations);
  const { input: example, inputType, target } = engine.specification;
  for (const set of [data, statistics]) {
    requireDataset(call, set, example, inputType, target);
    engine.requireIndices(call, set.x);
  }
  // What a layer cannot take is said here, not at a point.
  if (normalization === "refresh")
    for (const rows of trainingBatches(statistics.size, REFRESH_BATCH)) engine.sharedProgram("refresh", rows);
  const judge =
    normalization === "batch"
      ? batchJudge(engine, trace, data)
      : (resident: ResidentData): Evaluation => engine.judge(resident);
  return function* (vectors, coefficients) {
    engine.requireAlive(call);
    const { memory } = engine;
    const before: Point = { parameters: engine.theta().slice(), state: engine.state().slice() };
    const mark = memory.mark();
    try {
      const places = vectors.map((vector) => holdPoint(engine, vector));
      const resident = engine.hold(call, data);
      const averaged =
        normalization !== "refresh" ? undefined : statistics === data ? resident : engine.hold(call, statistics);
      for (const factors of coefficients) {
        combine(engine, places, factors);
        if (!averaged || refreshed(engine, averaged)) yield judge(resident);
        else yield { loss: Number.NaN };
        engine.state().set(before.state as Float32Array);
      }
    } finally {
      memory.release(mark);
      engine.theta().set(before.parameters);
      engine.state().set(before.state as Float32Array);
    }
  };
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

/** θ, and state where the vectors have it, become Σ cᵢ·vectorᵢ. With one c of 1 and others of 0 that is vectorᵢ exactly. */
function combine({ memory, specification }: Engine, vectors: readonly Held[], factors: readonly number[]): void {
  const { kernels } = memory;
  for (const part of ["parameters", "state"] as const) {
    if (vectors.some((vector) => vector[part] === 0)) continue;
    const [to, count] =
      part === "parameters"
        ? [memory.base("theta"), specification.parameterCount]
        : [memory.base("state"), specification.state.length];
    // 0·∞ is no number: what has no share is left out.
    const terms = vectors.flatMap((vector, i) => (factors[i] === 0 ? [] : [[vector[part], factors[i]] as const]));
    const [first, ...rest] = terms;
    kernels.scale(to, first?.[0] ?? to, count, first?.[1] ?? 0);
    for (let i = 0; i < rest.length; i += 2) {
      const [a, b] = [rest[i] as readonly [number, number], rest[i + 1]];
      if (b) kernels.linearCombination2(to, to, a[0], b[0], count, a[1] as number, b[1] as number);
      else kernels.axpy(to, a[0], count, a[1] as number);
    }
  }
}

/** Computes statistics anew → whether they are finite: far from any minimum they may overflow. */
function refreshed(engine: Engine, statistics: ResidentData): boolean {
  refreshFrom(engine, statistics, REFRESH_BATCH);
  const { memory, specification } = engine;
  return memory.kernels.firstNonFinite(memory.base("state"), specification.state.length) < 0;
}

/** Judges with the statistics of the batch, without dropout. */
function batchJudge(engine: Engine, trace: Workings["trace"], { size, weights }: Dataset) {
  const { parameterCount } = engine.specification;
  const programs = new Map(
    evaluationPasses(size).map((rows) => {
      const theta = input("theta", [parameterCount], "f32", "theta");
      const mode = { training: false, normalization: "batch" } as const;
      const { inputs, judge } = trace(rows, mode, theta, undefined, weights !== undefined);
      const { total, correct } = judge();
      const request = {
        inputs,
        outputs: { loss: { tensor: total }, ...(correct && { correct: { tensor: sum(correct) } }) },
      };
      return [rows, new ReadyProgram(engine.memory, compile(request))];
    }),
  );
  return (resident: ResidentData): Evaluation => {
    let [loss, right, start] = [0, 0, 0];
    for (const rows of evaluationPasses(size)) {
      const program = programs.get(rows) as ReadyProgram;
      resident.gather(program, start, rows);
      program.run();
      start += rows;
      loss += (rows / size) * (program.view("loss")[0] as number);
      right += (program.view("correct")?.[0] as number | undefined) ?? 0;
    }
    return { loss, ...(engine.specification.judges && { accuracy: right / size }) };
  };
}
