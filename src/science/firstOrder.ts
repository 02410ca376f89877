// Gradient descent with and without momentum, on all of the objective at once.
import { requireOneOf, requirePositive, requireWithin } from "../checks.ts";
import type { Objective } from "../training/objective.ts";
import { type Descent, descend, type StoppingOptions } from "./descent.ts";
import { armijo, strongWolfe } from "./lineSearch.ts";
import { difference, dot, moved, norm, scaled } from "./vectors.ts";

export interface GradientDescentOptions extends StoppingOptions {
  /**
   * "fixed": a step of learningRate·g. "armijo": halved until the loss falls enough. "strongWolfe": until the slope has
   * flattened, too. Default "fixed".
   */
  readonly lineSearch?: "fixed" | "armijo" | "strongWolfe";
  /** η; with a line search, the first one tried. Default 0.01, with a line search 1/‖g‖. */
  readonly learningRate?: number;
}

/** θ ← θ − η·g */
export function gradientDescent(
  objective: Objective,
  start: Float32Array,
  options: GradientDescentOptions = {},
): Descent {
  const call = "gradientDescent";
  return descend(call, objective, start, options, ["lineSearch", "learningRate"], (counted) => {
    const { lineSearch = "fixed", learningRate } = options;
    requireOneOf(call, "lineSearch", lineSearch, ["fixed", "armijo", "strongWolfe"]);
    if (learningRate !== undefined) requirePositive(call, "learningRate", learningRate);
    if (lineSearch === "fixed")
      return ({ theta, gradient }) => counted.at(moved(theta, -(learningRate ?? 0.01), gradient));
    let t = learningRate;
    return (from) => {
      const down = scaled(from.gradient, -1);
      const found =
        lineSearch === "armijo"
          ? armijo(counted, from, down, t ?? 1 / norm(down))
          : strongWolfe(counted, from, down, t ?? 1 / norm(down), 0.9);
      // Armijo's steps only shrink: the next begins with a longer one.
      if (found) t = lineSearch === "armijo" ? 2 * found.t : found.t;
      return found;
    };
  });
}

export interface MomentumOptions extends StoppingOptions {
  /** η; default 0.01. */
  readonly learningRate?: number;
  /** β in [0, 1); default 0.9. */
  readonly momentum?: number;
}

/** θ ← θ − η·g + β·(θ − θ₋₁) (Polyak 1964) */
export const heavyBall = (objective: Objective, start: Float32Array, options: MomentumOptions = {}): Descent =>
  withMomentum("heavyBall", objective, start, options, false);

/**
 * x ← θ − η·g, θ ← x + β·(x − x₋₁) (Nesterov 1983): the gradient is that at the point ahead. States are those points θ.
 */
export const nesterov = (objective: Objective, start: Float32Array, options: MomentumOptions = {}): Descent =>
  withMomentum("nesterov", objective, start, options, true);

function withMomentum(
  call: string,
  objective: Objective,
  start: Float32Array,
  options: MomentumOptions,
  ahead: boolean,
): Descent {
  return descend(call, objective, start, options, ["learningRate", "momentum"], (counted) => {
    const { learningRate = 0.01, momentum = 0.9 } = options;
    requirePositive(call, "learningRate", learningRate);
    requireWithin(call, "momentum", momentum, 0, 1, true);
    // The points that momentum is measured between: of θ, or of x.
    let last: Float32Array = start.slice();
    return ({ theta, gradient }) => {
      const stepped = moved(theta, -learningRate, gradient);
      const base = ahead ? stepped : theta;
      const next = Float32Array.from(
        stepped,
        (value, i) => value + momentum * ((base[i] as number) - (last[i] as number)),
      );
      last = base;
      return counted.at(next);
    };
  });
}

export interface ConjugateGradientOptions extends StoppingOptions {
  /** β: (g·(g − g₋₁))⁺/‖g₋₁‖², ‖g‖²/‖g₋₁‖² or g·(g − g₋₁)/d·(g − g₋₁). Default "polakRibiere". */
  readonly formula?: "polakRibiere" | "fletcherReeves" | "hestenesStiefel";
}

interface Before {
  readonly gradient: Float32Array;
  readonly direction: Float64Array;
  readonly slope: number;
}

const formulas: Readonly<Record<string, (g: Float32Array, before: Before) => number>> = {
  polakRibiere: (g, { gradient }) => Math.max(0, (dot(g, g) - dot(g, gradient)) / dot(gradient, gradient)),
  fletcherReeves: (g, { gradient }) => dot(g, g) / dot(gradient, gradient),
  hestenesStiefel: (g, { gradient, direction }) =>
    (dot(g, g) - dot(g, gradient)) / (dot(direction, g) - dot(direction, gradient)),
};

/** d ← −g + β·d with a strong Wolfe search along it; begins anew with −g where d leads up. */
export function nonlinearConjugateGradient(
  objective: Objective,
  start: Float32Array,
  options: ConjugateGradientOptions = {},
): Descent {
  const call = "nonlinearConjugateGradient";
  return descend(call, objective, start, options, ["formula"], (counted) => {
    const { formula = "polakRibiere" } = options;
    requireOneOf(call, "formula", formula, Object.keys(formulas));
    let last: Before | undefined;
    let t = 0;
    return (from) => {
      const { gradient } = from;
      const steepest = (): Float64Array => difference(undefined, gradient);
      let direction = steepest();
      if (last) {
        const beta = (formulas[formula] as (typeof formulas)[string])(gradient, last);
        const { direction: old } = last;
        const conjugate = direction.map((value, i) => value + beta * (old[i] as number));
        if (dot(conjugate, gradient) < 0) direction = conjugate;
      }
      let slope = dot(direction, gradient);
      // As far, by the slopes, as the step before.
      const first = (): number => (last ? (t * last.slope) / slope : 1 / norm(gradient));
      let found = strongWolfe(counted, from, direction, first(), 0.1);
      if (!found && last) {
        direction = steepest();
        slope = dot(direction, gradient);
        found = strongWolfe(counted, from, direction, first(), 0.1);
      }
      if (found) t = found.t;
      last = { gradient, direction, slope };
      return found;
    };
  });
}
