// Arithmetic of long vectors: f32 stored, double precision summed.
import { requireSeed } from "../checks.ts";
import { randomSource } from "../data/random.ts";

export type Vector = Float32Array | Float64Array;

export function dot(a: Vector, b: Vector): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

export const norm = (a: Vector): number => Math.sqrt(dot(a, a));

/** y ← y + c·x */
export function addScaled(y: Vector, c: number, x: Vector): void {
  for (let i = 0; i < y.length; i++) y[i] = (y[i] as number) + c * (x[i] as number);
}

/** c·x, rounded once. A loop: TypedArray.from with a function takes two hundred times as long. */
export function scaled(x: Vector, c: number): Float32Array {
  const out = new Float32Array(x.length);
  for (let i = 0; i < out.length; i++) out[i] = c * (x[i] as number);
  return out;
}

/** a − b, or −b where there is no a. */
export function difference(a: Vector | undefined, b: Vector): Float64Array {
  const out = new Float64Array(b.length);
  if (a) out.set(a);
  addScaled(out, -1, b);
  return out;
}

/** x + c·d, rounded once. */
export function moved(x: Vector, c: number, d: Vector): Float32Array {
  const out = new Float32Array(x.length);
  for (let i = 0; i < out.length; i++) out[i] = (x[i] as number) + c * (d[i] as number);
  return out;
}

/**
 * Takes out of w what lies along orthonormal vectors. Four at a time: w passes through the processor once for four of
 * them (Gram and Schmidt, classical among the four, modified from four to four).
 */
export function removeProjections(w: Float64Array, basis: readonly Float32Array[]): void {
  const n = w.length;
  let at = 0;
  for (; at + 4 <= basis.length; at += 4) {
    const [p, q, r, s] = basis.slice(at, at + 4) as [Float32Array, Float32Array, Float32Array, Float32Array];
    let [a, b, c, d] = [0, 0, 0, 0];
    for (let i = 0; i < n; i++) {
      const value = w[i] as number;
      a += value * (p[i] as number);
      b += value * (q[i] as number);
      c += value * (r[i] as number);
      d += value * (s[i] as number);
    }
    for (let i = 0; i < n; i++)
      w[i] =
        (w[i] as number) -
        (a * (p[i] as number) + b * (q[i] as number) + (c * (r[i] as number) + d * (s[i] as number)));
  }
  for (; at < basis.length; at++) {
    const v = basis[at] as Float32Array;
    addScaled(w, -dot(w, v), v);
  }
}

/** Σ cⱼ·vⱼ */
export function combine(basis: readonly Float32Array[], coefficients: ArrayLike<number>): Float64Array {
  const out = new Float64Array(basis[0]?.length ?? 0);
  basis.forEach((v, j) => addScaled(out, coefficients[j] as number, v));
  return out;
}

/** Throws unless every number is finite. */
export function requireFiniteVector(call: string, what: string, vector: Vector, remedy: string): void {
  for (let i = 0; i < vector.length; i++)
    if (!Number.isFinite(vector[i])) throw new Error(`${call}: ${what}[${i}] = ${vector[i]} is not finite; ${remedy}`);
}

/** Streams of this folder's draws, away from those of data. */
const FIRST_STREAM = 0x5c1e0000;

/** A vector of signs ±1, each of them likely by half: probe `i` of a seed (Rademacher). */
export function signs(call: string, n: number, seed: number, i: number): Float32Array {
  requireSeed(call, seed);
  const { uniform } = randomSource(seed, FIRST_STREAM + i);
  const out = new Float32Array(n);
  let bits = 0;
  for (let k = 0; k < n; k++) {
    if (k % 32 === 0) bits = (uniform() * 2 ** 32) | 0;
    out[k] = (bits >>> (k % 32)) & 1 ? 1 : -1;
  }
  return out;
}
