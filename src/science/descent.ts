// What batch methods have in common: an iterator of states, what is counted, and when it ends.
import { requireOptions, requireWhole, show } from "../checks.ts";
import { type Objective, requireFlat } from "../training/objective.ts";
import { norm, requireFiniteVector } from "./vectors.ts";

export interface StoppingOptions {
  /** Default 1000. */
  readonly maxIterations?: number;
  /** Loss and gradient evaluations after which no iteration begins; default none. */
  readonly maxEvaluations?: number;
  /** Ends where ‖g‖ is at most this; default 1e-5. */
  readonly gradientTolerance?: number;
  /** Ends where an iteration changes the loss by at most this; default 0: never for that alone. */
  readonly lossTolerance?: number;
  /** Ends where an iteration moves θ by at most this; default 0: where it does not move it at all. */
  readonly stepTolerance?: number;
}

/** Names of the above, for checks of options. */
export const stoppingOptions = [
  "maxIterations",
  "maxEvaluations",
  "gradientTolerance",
  "lossTolerance",
  "stepTolerance",
];

/** The rule that ended it; "no progress": the line search or trust region finds nothing lower that f32 can tell. */
export type Stopped = "gradient" | "loss" | "step" | "iterations" | "evaluations" | "no progress";

export interface DescentState {
  /** 0 at the start. */
  readonly iteration: number;
  /** A copy: it is not written to again. */
  readonly theta: Float32Array;
  readonly loss: number;
  /** ‖∇L(θ)‖ */
  readonly gradientNorm: number;
  /** How far the iteration moved θ. */
  readonly step: number;
  /** Evaluations of the loss, with or without its gradient, so far. */
  readonly evaluations: number;
  /** Hessian-vector products so far. */
  readonly products: number;
  /** In the last state: why it is. */
  readonly stopped?: Stopped;
}

/**
 * An iterator of states, the start first. Each is computed when it is asked for; one behind which there is no progress
 * comes once more, with that word.
 */
export type Descent = Generator<DescentState, void, undefined>;

export interface Point {
  readonly theta: Float32Array;
  readonly loss: number;
  readonly gradient: Float32Array;
}

/** An objective that counts. */
export class Counted {
  readonly #objective: Objective;
  evaluations = 0;
  products = 0;

  constructor(objective: Objective) {
    this.#objective = objective;
  }
  /** Loss and gradient at θ, which it keeps. */
  at(theta: Float32Array): Point {
    this.evaluations++;
    const gradient = new Float32Array(theta.length);
    return { theta, loss: this.#objective.gradient(theta, gradient), gradient };
  }
  product(theta: Float32Array, v: Float32Array): Float32Array {
    this.products++;
    const out = new Float32Array(theta.length);
    this.#objective.hessianVector(theta, v, out);
    return out;
  }
}

/** One iteration: the next point, or undefined where there is none that is better. */
export type Advance = (from: Point) => Point | undefined;

/**
 * The loop of every method.
 * @param known names of the method's own options
 */
export function descend(
  call: string,
  objective: Objective,
  start: Float32Array,
  options: StoppingOptions,
  known: readonly string[],
  method: (counted: Counted) => Advance,
): Descent {
  requireOptions(call, options, [...stoppingOptions, ...known]);
  const { maxIterations = 1000, maxEvaluations = Number.MAX_SAFE_INTEGER } = options;
  requireWhole(call, "maxIterations", maxIterations, 0);
  requireWhole(call, "maxEvaluations", maxEvaluations, 1);
  const { gradientTolerance = 1e-5, lossTolerance = 0, stepTolerance = 0 } = options;
  for (const [name, value] of Object.entries({ gradientTolerance, lossTolerance, stepTolerance }))
    if (!(value >= 0)) throw new Error(`${call}: ${name} must be a number ≥ 0, got ${show(value)}`);
  requireFlat(call, "start", start, objective.size);
  requireFiniteVector(call, "start", start, "give finite numbers");
  const counted = new Counted(objective);
  const advance = method(counted);
  const first = start.slice();
  const reason = (state: DescentState, last: DescentState | undefined): Stopped | undefined => {
    if (state.gradientNorm <= gradientTolerance) return "gradient";
    if (last && state.step <= stepTolerance) return "step";
    if (last && lossTolerance > 0 && Math.abs(last.loss - state.loss) <= lossTolerance) return "loss";
    if (state.iteration >= maxIterations) return "iterations";
    return state.evaluations >= maxEvaluations ? "evaluations" : undefined;
  };
  return states(call, counted, first, advance, reason);
}

function* states(
  call: string,
  counted: Counted,
  start: Float32Array,
  advance: Advance,
  reason: (state: DescentState, last: DescentState | undefined) => Stopped | undefined,
): Descent {
  let at = counted.at(start);
  requireFinitePoint(call, at, 0);
  let before: DescentState | undefined;
  for (let iteration = 0; ; iteration++) {
    const state: DescentState = {
      iteration,
      theta: at.theta.slice(),
      loss: at.loss,
      gradientNorm: norm(at.gradient),
      step: before ? distance(at.theta, before.theta) : 0,
      evaluations: counted.evaluations,
      products: counted.products,
    };
    const stopped = reason(state, before);
    if (stopped) {
      yield { ...state, stopped };
      return;
    }
    yield state;
    const next = advance(at);
    if (!next) {
      yield { ...state, evaluations: counted.evaluations, products: counted.products, stopped: "no progress" };
      return;
    }
    requireFinitePoint(call, next, iteration + 1);
    before = state;
    at = next;
  }
}

function requireFinitePoint(call: string, { loss, gradient }: Point, iteration: number): void {
  const remedy = iteration === 0 ? "begin elsewhere" : "take a smaller learning rate";
  if (!Number.isFinite(loss)) throw new Error(`${call}: the loss is ${loss} at iteration ${iteration}; ${remedy}`);
  requireFiniteVector(call, `gradient at iteration ${iteration}, `, gradient, remedy);
}

function distance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += ((a[i] as number) - (b[i] as number)) ** 2;
  return Math.sqrt(sum);
}
