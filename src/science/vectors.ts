// Arithmetic of long vectors: f32 stored, double precision summed.
import { requireSeed } from "../checks.ts";
import { randomSource } from "../data/random.ts";

export type Vector = Float32Array | Float64Array;

/** Four sums, so that no addition waits for the one before. */
export function dot(a: Vector, b: Vector): number {
  const n = a.length;
  const whole = n - (n % 4);
  let [p, q, r, s] = [0, 0, 0, 0];
  for (let i = 0; i < whole; i += 4) {
    p += (a[i] as number) * (b[i] as number);
    q += (a[i + 1] as number) * (b[i + 1] as number);
    r += (a[i + 2] as number) * (b[i + 2] as number);
    s += (a[i + 3] as number) * (b[i + 3] as number);
  }
  for (let i = whole; i < n; i++) p += (a[i] as number) * (b[i] as number);
  return p + q + (r + s);
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

/** Throws unless every number is finite. */
export function requireFiniteVector(call: string, what: string, vector: Vector, remedy: string): void {
  // A glance at all: what is not finite has no finite square.
  if (Number.isFinite(dot(vector, vector))) return;
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
