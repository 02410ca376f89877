// Random numbers, dropout and permutations. Every draw is a function of (seed, step, stream, index) alone: a longer
// buffer starts with the same numbers, and a second call repeats the first.
//   state // u32 [5]: seed low, seed high, step, 0, first row
// A replica draws for its own rows of the batch what one thread would draw for them: its buffer starts `width` elements
// a row, times its first row, behind the first number. Where a draw is not by rows, width is 0 and there
// need be no first row.
import { logOfNormal } from "../math/log";
import { byQuadrant, cosReduced, sinReduced } from "../math/trigonometry";
import { BLOCK, draw, word0, word1, word2, word3 } from "../rng";
import { at, loadTail, span, storeTail } from "../simd";

/** Place of a buffer's first element among the numbers of its stream. */
// @ts-ignore: decorator
@inline
function firstOf(state: usize, width: i32): i32 {
  return width == 0 ? 0 : load<i32>(state, 16) * width;
}

/** Lanes −i … 3 of v as lanes 0 …: those that belong to elements 0 …, where lane 0 belongs to element i in −3 … −1. */
// @ts-ignore: decorator
@inline
function fromLane(v: v128, i: i32): v128 {
  const bytes = i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  return i8x16.swizzle(v, i8x16.sub(bytes, i8x16.splat(<i8>(i << 2))));
}

/** Stores the lanes of v that belong to elements 0 … n − 1, where lane 0 belongs to element i. */
// @ts-ignore: decorator
@inline
function put(out: usize, i: i32, n: i32, v: v128): void {
  if (i < 0) {
    if (i > -4) storeTail(out, fromLane(v, i), min(4 + i, n));
  } else if (i + 4 <= n) v128.store(at(out, i), v);
  else if (i < n) storeTail(at(out, i), v, n - i);
}

/** The f32 next to x towards −∞; x is finite. */
function below(x: f32): f32 {
  if (x == 0) return reinterpret<f32>(0x80000001);
  return reinterpret<f32>(reinterpret<i32>(x) + (x > 0 ? -1 : 1));
}

/** low + (high − low) · u, u of 24 bits in [0, 1); held below `high`, which rounding could reach. */
// @ts-ignore: decorator
@inline
function uniform(bits: v128, low: v128, scale: v128, last: v128): v128 {
  const u = f32x4.convert_i32x4_s(i32x4.shr_u(bits, 8));
  const value = f32x4.add(f32x4.mul(f32x4.mul(u, f32x4.splat(5.96046447753906e-8)), scale), low);
  return f32x4.pmax(f32x4.pmin(value, last), low);
}

/** out[i] uniform in [low, high), a multiple of (high − low)/2²⁴ above low. */
export function randomUniform(
  out: usize, n: i32, state: usize, stream: i32, width: i32, low: f32, high: f32,
): void {
  span(out, n);
  span(state, 4);
  const least = f32x4.splat(low);
  const scale = f32x4.splat(high - low);
  const last = f32x4.splat(below(high));
  const first = firstOf(state, width);
  for (let i = n > 0 ? -(first % BLOCK) : 0; i < n; i += BLOCK) {
    draw(state, stream, (first + i) / BLOCK);
    put(out, i, n, uniform(word0, least, scale, last));
    put(out, i + 4, n, uniform(word1, least, scale, last));
    put(out, i + 8, n, uniform(word2, least, scale, last));
    put(out, i + 12, n, uniform(word3, least, scale, last));
  }
}

/** √(−2 ln u), u = (bits + ½)/2³², in (0, 1]: at most 6.76. */
// @ts-ignore: decorator
@inline
function radius(bits: v128): v128 {
  const u = f32x4.mul(
    f32x4.add(f32x4.convert_i32x4_u(bits), f32x4.splat(0.5)),
    f32x4.splat(2.3283064365386963e-10),
  );
  return f32x4.sqrt(f32x4.mul(logOfNormal(u, i32x4.splat(0)), f32x4.splat(-2)));
}

/** Box and Muller: two words make the two normal numbers r cos φ, r sin φ. */
// @ts-ignore: decorator
@inline
function normals(out: usize, i: i32, n: i32, first: v128, second: v128, mean: v128, deviation: v128): void {
  const r = f32x4.mul(radius(first), deviation);
  // The top two bits of the second word say the quarter, the others the angle in it, within ±π/4.
  const quarter = i32x4.shr_u(second, 30);
  const angle = f32x4.mul(f32x4.convert_i32x4_s(i32x4.shl(second, 2)), f32x4.splat(3.6572953e-10));
  const sine = sinReduced(angle);
  const cosine = cosReduced(angle);
  const x = byQuadrant(i32x4.add(quarter, i32x4.splat(1)), sine, cosine);
  put(out, i, n, f32x4.add(f32x4.mul(r, x), mean));
  put(out, i + 4, n, f32x4.add(f32x4.mul(r, byQuadrant(quarter, sine, cosine)), mean));
}

/** out[i] normal with this mean and standard deviation; no draw is further out than 6.76 deviations. */
export function randomNormal(
  out: usize, n: i32, state: usize, stream: i32, width: i32, mean: f32, deviation: f32,
): void {
  span(out, n);
  span(state, 4);
  const centre = f32x4.splat(mean);
  const spread = f32x4.splat(deviation);
  const first = firstOf(state, width);
  for (let i = n > 0 ? -(first % BLOCK) : 0; i < n; i += BLOCK) {
    draw(state, stream, (first + i) / BLOCK);
    normals(out, i, n, word0, word1, centre, spread);
    normals(out, i + 8, n, word2, word3, centre, spread);
  }
}

/** y[i … i + 3] = x · scale where the random word is at least the threshold, else 0. */
// @ts-ignore: decorator
@inline
function drop(y: usize, x: usize, i: i32, n: i32, bits: v128, threshold: v128, scale: v128): void {
  const keep = i32x4.ge_u(bits, threshold);
  if (i < 0) {
    if (i <= -4) return;
    const count = min(4 + i, n);
    storeTail(y, v128.and(f32x4.mul(loadTail(x, count), scale), fromLane(keep, i)), count);
  } else if (i + 4 <= n) v128.store(at(y, i), v128.and(f32x4.mul(v128.load(at(x, i)), scale), keep));
  else if (i < n)
    storeTail(at(y, i), v128.and(f32x4.mul(loadTail(at(x, i), n - i), scale), keep), n - i);
}

/**
 * y[i] = 0 with probability `rate`, else x[i] / (1 − rate). The same state and stream give the same mask, so the
 * gradient is this kernel on dy. y may be x; 0 ≤ rate < 1.
 */
export function dropout(
  y: usize, x: usize, n: i32, state: usize, stream: i32, width: i32, rate: f32,
): void {
  span(y, n);
  span(x, n);
  span(state, 4);
  assert(rate >= 0 && rate < 1, "dropout rate outside [0, 1)");
  const threshold = i32x4.splat(<i32>(<u32>(<f64>rate * 4294967296)));
  const scale = f32x4.splat(1 / (1 - rate));
  const first = firstOf(state, width);
  for (let i = n > 0 ? -(first % BLOCK) : 0; i < n; i += BLOCK) {
    draw(state, stream, (first + i) / BLOCK);
    drop(y, x, i, n, word0, threshold, scale);
    drop(y, x, i + 4, n, word1, threshold, scale);
    drop(y, x, i + 8, n, word2, threshold, scale);
    drop(y, x, i + 12, n, word3, threshold, scale);
  }
}

/** Swaps element i with one of 0 … i, chosen by 64 bits: off from equal odds by less than 2⁻³². */
// @ts-ignore: decorator
@inline
function exchange(indices: usize, i: i32, high: i32, low: i32): void {
  if (i <= 0) return;
  const range = <u64>i + 1;
  const j = <i32>((<u64>(<u32>high) * range + ((<u64>(<u32>low) * range) >> 32)) >> 32);
  const a = at(indices, i);
  const b = at(indices, j);
  const kept = load<i32>(a);
  store<i32>(a, load<i32>(b));
  store<i32>(b, kept);
}

/** Permutes i32 indices[0 … n − 1] in place (Fisher and Yates, from the end). */
export function shuffle(indices: usize, n: i32, state: usize, stream: i32): void {
  span(indices, n);
  span(state, 4);
  for (let block = 0, i = n - 1; i > 0; block++, i -= 8) {
    draw(state, stream, block);
    exchange(indices, i, i32x4.extract_lane(word0, 0), i32x4.extract_lane(word1, 0));
    exchange(indices, i - 1, i32x4.extract_lane(word0, 1), i32x4.extract_lane(word1, 1));
    exchange(indices, i - 2, i32x4.extract_lane(word0, 2), i32x4.extract_lane(word1, 2));
    exchange(indices, i - 3, i32x4.extract_lane(word0, 3), i32x4.extract_lane(word1, 3));
    exchange(indices, i - 4, i32x4.extract_lane(word2, 0), i32x4.extract_lane(word3, 0));
    exchange(indices, i - 5, i32x4.extract_lane(word2, 1), i32x4.extract_lane(word3, 1));
    exchange(indices, i - 6, i32x4.extract_lane(word2, 2), i32x4.extract_lane(word3, 2));
    exchange(indices, i - 7, i32x4.extract_lane(word2, 3), i32x4.extract_lane(word3, 3));
  }
}
