// Lanczos' iteration with full re-orthogonalisation: an orthonormal basis in which the Hessian is tridiagonal.
import type { Objective } from "../training/objective.ts";
import { requireFlat } from "../training/objective.ts";
import type { Course } from "./course.ts";
import { addScaled, dot, norm, removeProjections, requireFiniteVector, scaled, signs } from "./vectors.ts";

export interface Tridiagonal {
  /** Orthonormal vectors v₁ … v_m. */
  readonly basis: readonly Float32Array[];
  /** vⱼᵀHvⱼ */
  readonly diagonal: readonly number[];
  /** vⱼ₊₁ᵀHvⱼ; the last is the length of what is left of H·v_m outside the basis. */
  readonly beside: readonly number[];
}

export interface LanczosOptions {
  readonly steps: number;
  /** Direction to begin in, not zero; it need not be of length 1. */
  readonly start: Float32Array;
  /** Where the basis is closed under H, go on in a new direction from this seed; else the iteration ends there. */
  readonly restart?: number;
  /** Looked at after each step; true ends the iteration. */
  readonly enough?: (so: Tridiagonal) => boolean;
}

/** Below this share of the matrix, what is left of a product is f32 rounding. */
const ROUNDING = 2 ** -21;

/** A function v → ∇²L(θ)·v whose results are looked at; each lies where the one before did. */
export function productOf(call: string, objective: Objective, theta: Float32Array): (v: Float32Array) => Float32Array {
  requireFlat(call, "theta", theta, objective.size);
  requireFiniteVector(call, "theta", theta, "give parameters that a loss can be computed at");
  const at = theta.slice();
  const out = new Float32Array(objective.size);
  return (v) => {
    objective.hessianVector(at, v, out);
    requireFiniteVector(call, "Hessian-vector product", out, "the loss may overflow at these parameters");
    return out;
  };
}

export async function lanczos(
  call: string,
  product: (v: Float32Array) => Float32Array,
  { steps, start, restart, enough }: LanczosOptions,
  course: Course,
): Promise<Tridiagonal> {
  const n = start.length;
  const basis: Float32Array[] = [unit(call, start)];
  const diagonal: number[] = [];
  const beside: number[] = [];
  const so = { basis, diagonal, beside };
  const w = new Float64Array(n);
  let scale = 0;
  for (let j = 0; ; j++) {
    const v = basis[j] as Float32Array;
    w.set(product(v));
    await course.step();
    const alpha = dot(w, v);
    diagonal.push(alpha);
    addScaled(w, -alpha, v);
    if (j > 0) addScaled(w, -(beside[j - 1] as number), basis[j - 1] as Float32Array);
    const before = norm(w);
    removeProjections(w, basis);
    let beta = norm(w);
    // Much was removed: what rounding left of it is removed, too ("twice is enough", Kahan in Parlett 1980).
    if (beta < 0.7 * before) {
      removeProjections(w, basis);
      beta = norm(w);
    }
    scale = Math.max(scale, Math.abs(alpha), beta);
    const closed = beta <= ROUNDING * scale || basis.length === n;
    beside.push(closed ? 0 : beta);
    if (basis.length === n || (closed && restart === undefined) || j + 1 >= steps || enough?.(so)) return so;
    basis.push(closed ? newDirection(call, basis, restart as number) : scaled(w, 1 / beta));
  }
}

function unit(call: string, v: Float32Array): Float32Array {
  requireFiniteVector(call, "start", v, "give a direction of finite numbers");
  const length = norm(v);
  if (length === 0) throw new Error(`${call}: start is zero everywhere; give a direction, or leave it out`);
  return scaled(v, 1 / length);
}

/** A direction at right angles to all so far. */
function newDirection(call: string, basis: readonly Float32Array[], seed: number): Float32Array {
  const w = Float64Array.from(signs(call, (basis[0] as Float32Array).length, seed, basis.length));
  for (let pass = 0; pass < 3; pass++) {
    removeProjections(w, basis);
    const length = norm(w);
    for (let i = 0; i < w.length; i++) w[i] = (w[i] as number) / length;
  }
  return Float32Array.from(w);
}
