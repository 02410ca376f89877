// Lanczos' iteration with full re-orthogonalisation: an orthonormal basis in which the Hessian is tridiagonal.
import type { Objective } from "../training/objective.ts";
import { requireFlat } from "../training/objective.ts";
import type { Basis } from "./basis.ts";
import type { Course } from "./course.ts";
import { requireFiniteVector, signs } from "./vectors.ts";

export interface Tridiagonal {
  /** Orthonormal vectors v₁ … v_m. */
  readonly basis: Basis;
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

/** A function v → ∇²L(θ)·v whose results are looked at; each lies in `out`, or where the one before did. */
export function productOf(
  call: string,
  objective: Objective,
  theta: Float32Array,
): (v: Float32Array, out?: Float32Array) => Float32Array {
  requireFlat(call, "theta", theta, objective.size);
  requireFiniteVector(call, "theta", theta, "give parameters that a loss can be computed at");
  const at = theta.slice();
  const own = new Float32Array(objective.size);
  return (v, out = own) => {
    objective.hessianVector(at, v, out);
    requireFiniteVector(call, "Hessian-vector product", out, "the loss may overflow at these parameters");
    return out;
  };
}

/** @param basis room for as many vectors as there are steps; what it holds is forgotten */
export async function lanczos(
  call: string,
  product: (v: Float32Array, out: Float32Array) => void,
  basis: Basis,
  { steps, start, restart, enough }: LanczosOptions,
  course: Course,
): Promise<Tridiagonal> {
  const n = start.length;
  const diagonal: number[] = [];
  const beside: number[] = [];
  const so = { basis, diagonal, beside };
  begin(call, basis, start);
  let scale = 0;
  for (let j = 0; ; j++) {
    product(basis.vector(j), basis.next);
    await course.step();
    const alpha = basis.dot(j);
    diagonal.push(alpha);
    basis.subtract(j, alpha);
    if (j > 0) basis.subtract(j - 1, beside[j - 1] as number);
    const before = basis.norm();
    basis.removeProjections();
    let beta = basis.norm();
    // Much was removed: what rounding left of it is removed, too ("twice is enough", Kahan in Parlett 1980).
    if (beta < 0.7 * before) {
      basis.removeProjections();
      beta = basis.norm();
    }
    scale = Math.max(scale, Math.abs(alpha), beta);
    const closed = beta <= ROUNDING * scale || basis.length === n;
    beside.push(closed ? 0 : beta);
    if (basis.length === n || (closed && restart === undefined) || j + 1 >= steps || enough?.(so)) return so;
    if (closed) turn(call, basis, restart as number);
    basis.push(closed ? basis.norm() : beta);
  }
}

function begin(call: string, basis: Basis, start: Float32Array): void {
  requireFiniteVector(call, "start", start, "give a direction of finite numbers");
  basis.clear();
  basis.next.set(start);
  const length = basis.norm();
  if (length === 0) throw new Error(`${call}: start is zero everywhere; give a direction, or leave it out`);
  basis.push(length);
}

/** The vector that is to join becomes one at right angles to all so far. */
function turn(call: string, basis: Basis, seed: number): void {
  basis.next.set(signs(call, basis.next.length, seed, basis.length));
  for (let pass = 0; pass < 3; pass++) basis.removeProjections();
}
