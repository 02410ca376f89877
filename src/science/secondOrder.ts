// Methods that know curvature: from the last gradients (L-BFGS), or from products with the Hessian (Newton-CG).
import { requirePositive, requireWhole } from "../checks.ts";
import type { Objective } from "../training/objective.ts";
import { type Counted, type Descent, descend, type Point, type StoppingOptions } from "./descent.ts";
import { strongWolfe } from "./lineSearch.ts";
import { addScaled, difference, dot, moved, norm, scaled } from "./vectors.ts";

export interface LbfgsOptions extends StoppingOptions {
  /** Pairs of steps and changes of the gradient that are kept; default 10. */
  readonly history?: number;
}

/** Limited-memory BFGS (Nocedal 1980) with a strong Wolfe search, c₂ = 0.9; the first step is as in PyTorch. */
export function lbfgs(objective: Objective, start: Float32Array, options: LbfgsOptions = {}): Descent {
  const call = "lbfgs";
  return descend(call, objective, start, options, ["history"], (counted) => {
    const { history = 10 } = options;
    requireWhole(call, "history", history, 1);
    const pairs: Pair[] = [];
    return (from) => {
      const total = from.gradient.reduce((sum, value) => sum + Math.abs(value), 0);
      const search = () =>
        strongWolfe(
          counted,
          from,
          twoLoops(pairs, from.gradient),
          pairs.length === 0 ? Math.min(1, 1 / total) : 1,
          0.9,
        );
      let found = search();
      if (!found && pairs.length > 0) {
        // What was learnt of the curvature may mislead: once more, without it.
        pairs.length = 0;
        found = search();
      }
      if (!found) return undefined;
      const s = difference(found.theta, from.theta);
      const y = difference(found.gradient, from.gradient);
      const curvature = dot(s, y);
      if (curvature > 1e-10) {
        pairs.push({ s, y, curvature });
        if (pairs.length > history) pairs.shift();
      }
      return found;
    };
  });
}

interface Pair {
  readonly s: Float64Array;
  readonly y: Float64Array;
  readonly curvature: number;
}

/** −H·g, H the inverse Hessian that the pairs speak of. */
function twoLoops(pairs: readonly Pair[], gradient: Float32Array): Float64Array {
  const direction = difference(undefined, gradient);
  const shares = pairs.map(() => 0);
  for (let i = pairs.length - 1; i >= 0; i--) {
    const { s, y, curvature } = pairs[i] as Pair;
    shares[i] = dot(s, direction) / curvature;
    addScaled(direction, -(shares[i] as number), y);
  }
  const last = pairs.at(-1);
  if (last) {
    const scale = last.curvature / dot(last.y, last.y);
    for (let i = 0; i < direction.length; i++) direction[i] = scale * (direction[i] as number);
  }
  pairs.forEach(({ s, y, curvature }, i) =>
    addScaled(direction, (shares[i] as number) - dot(y, direction) / curvature, s),
  );
  return direction;
}

export interface NewtonCGOptions extends StoppingOptions {
  /** Radius of the region in which the quadratic model is trusted at first; default 1. */
  readonly radius?: number;
  /** It grows no further; default 100. */
  readonly maxRadius?: number;
  /** Products an iteration; default as many as parameters, at most 200. */
  readonly maxProducts?: number;
}

/**
 * Newton steps inside a trust region, by conjugate gradients on products alone (Steihaug 1983): along negative curvature
 * it goes to the border. Near a minimum the gradient falls quadratically.
 */
export function newtonCG(objective: Objective, start: Float32Array, options: NewtonCGOptions = {}): Descent {
  const call = "newtonCG";
  return descend(call, objective, start, options, ["radius", "maxRadius", "maxProducts"], (counted) => {
    const { maxRadius = 100, maxProducts = Math.min(objective.size, 200) } = options;
    let { radius = 1 } = options;
    requirePositive(call, "radius", radius);
    requirePositive(call, "maxRadius", maxRadius);
    requireWhole(call, "maxProducts", maxProducts, 1);
    return (from) => {
      for (let attempt = 0; attempt < 30; attempt++) {
        const { step, predicted } = steihaug(counted, from, radius, maxProducts);
        const length = norm(step);
        const next = counted.at(moved(from.theta, 1, step));
        const gained = from.loss - next.loss;
        // Where the loss cannot tell, the gradient does.
        const isTooSmall =
          predicted <= 2 ** -20 * Math.abs(from.loss) && Math.abs(gained) <= 2 ** -20 * Math.abs(from.loss);
        const agreement = isTooSmall ? Number(norm(next.gradient) < norm(from.gradient)) : gained / predicted;
        if (!(agreement >= 0.25)) radius = length / 4;
        else if (agreement > 0.75 && length > 0.99 * radius) radius = Math.min(2 * radius, maxRadius);
        if (agreement > 1e-4) return next;
        if (isTooSmall) return undefined;
      }
      return undefined;
    };
  });
}

/** A step of at most `radius` that lowers g·p + ½pᵀHp, and by how much. */
function steihaug(
  counted: Counted,
  { theta, gradient }: Point,
  radius: number,
  maxProducts: number,
): { readonly step: Float64Array; readonly predicted: number } {
  const n = theta.length;
  const step = new Float64Array(n);
  const rest = Float64Array.from(gradient);
  const direction = scaled(gradient, -1);
  // H·step comes along, for the prediction.
  const bent = new Float64Array(n);
  const slope = norm(gradient);
  const enough = Math.min(0.5, Math.sqrt(slope)) * slope;
  let square = slope * slope;
  for (let i = 0; i < maxProducts; i++) {
    const product = counted.product(theta, direction);
    const curvature = dot(direction, product);
    const t = square / curvature;
    const beyond = curvature <= 0 || norm(moved64(step, t, direction)) >= radius;
    const by = beyond ? toBorder(step, direction, radius) : t;
    addScaled(step, by, direction);
    addScaled(bent, by, product);
    if (beyond) break;
    addScaled(rest, t, product);
    const next = dot(rest, rest);
    if (Math.sqrt(next) <= enough) break;
    for (let k = 0; k < n; k++) direction[k] = -(rest[k] as number) + (next / square) * (direction[k] as number);
    square = next;
  }
  return { step, predicted: -(dot(gradient, step) + 0.5 * dot(step, bent)) };
}

const moved64 = (x: Float64Array, c: number, d: Float32Array): Float64Array =>
  x.map((value, i) => value + c * (d[i] as number));

/** t > 0 with ‖x + t·d‖ = radius. */
function toBorder(x: Float64Array, d: Float32Array, radius: number): number {
  const [a, b, c] = [dot(d, d), dot(x, d), dot(x, x) - radius * radius];
  return (-b + Math.sqrt(Math.max(0, b * b - a * c))) / a;
}
