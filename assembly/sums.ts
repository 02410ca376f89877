// Sums and extrema of a row, shared by reductions, softmax and strided additions: f32 lanes over short blocks, added in f64.
import { LANES, at } from "./simd";

/** What is summed: compile-time constants. */
export const PLAIN = 0;
export const SQUARES = 1;
export const MAGNITUDES = 2;
export const PRODUCTS = 3;

/** total (two f64 lanes) plus the four f32 lanes of v. */
// @ts-ignore: decorator
@inline
export function widen(total: v128, v: v128): v128 {
  const high = i64x2.shuffle(v, v, 1, 1);
  return f64x2.add(total, f64x2.add(f64x2.promote_low_f32x4(v), f64x2.promote_low_f32x4(high)));
}

// @ts-ignore: decorator
@inline
function term(f: i32, x: usize, y: usize, i: i32): v128 {
  const v = v128.load(at(x, i));
  if (f == SQUARES) return f32x4.mul(v, v);
  if (f == MAGNITUDES) return f32x4.abs(v);
  if (f == PRODUCTS) return f32x4.mul(v, v128.load(at(y, i)));
  return v;
}

// @ts-ignore: decorator
@inline
function fourTerms(f: i32, x: usize, y: usize, i: i32): v128 {
  return f32x4.add(
    f32x4.add(term(f, x, y, i), term(f, x, y, i + 4)),
    f32x4.add(term(f, x, y, i + 8), term(f, x, y, i + 12)),
  );
}

/**
 * Σ f(x[i]), i < n, or Σ x[i]·y[i]: at most 7 f32 additions on the way from an element to the f64 total (8 roundings
 * with the product), whatever n, so |error| ≤ 8·2⁻²⁴·Σ|term|.
 */
// @ts-ignore: decorator
@inline
export function sumTerms(f: i32, x: usize, y: usize, n: i32): f64 {
  let total = f64x2.splat(0);
  let i = 0;
  for (; i <= n - 64; i += 64) {
    const s = f32x4.add(fourTerms(f, x, y, i), fourTerms(f, x, y, i + 16));
    const t = f32x4.add(fourTerms(f, x, y, i + 32), fourTerms(f, x, y, i + 48));
    total = widen(total, f32x4.add(s, t));
  }
  let s = f32x4.splat(0);
  for (; i <= n - 16; i += 16) s = f32x4.add(s, fourTerms(f, x, y, i));
  for (; i <= n - LANES; i += LANES) s = f32x4.add(s, term(f, x, y, i));
  total = widen(total, s);
  let sum = f64x2.extract_lane(total, 0) + f64x2.extract_lane(total, 1);
  for (; i < n; ++i) {
    const v = <f64>load<f32>(at(x, i));
    if (f == SQUARES) sum += v * v;
    else if (f == MAGNITUDES) sum += Math.abs(v);
    else if (f == PRODUCTS) sum += v * <f64>load<f32>(at(y, i));
    else sum += v;
  }
  return sum;
}

/** Σ x[i], i < n. */
export function sumRow(x: usize, n: i32): f64 {
  return sumTerms(PLAIN, x, x, n);
}

/** Σ x[i]·y[i], i < n. */
export function dotRow(x: usize, y: usize, n: i32): f64 {
  return sumTerms(PRODUCTS, x, y, n);
}

/** Which end extremumRow looks for: compile-time constants. */
export const LARGEST = 0;
export const SMALLEST = 1;

/** The larger (or smaller) in each lane; where a lane is NaN, either. */
// @ts-ignore: decorator
@inline
export function furthest(end: i32, a: v128, b: v128): v128 {
  return end == LARGEST ? f32x4.pmax(a, b) : f32x4.pmin(a, b);
}

/** The largest (or smallest) x[i], i < n: NaN if one is NaN, ∓∞ if n = 0. */
// @ts-ignore: decorator
@inline
export function extremumRow(end: i32, x: usize, n: i32): f32 {
  let best = f32x4.splat(end == LARGEST ? -Infinity : Infinity);
  // pmax is one instruction where IEEE max is eight; NaN is collected aside as a mask, whose bits are themselves a NaN.
  let nan = i32x4.splat(0);
  const width = n < LANES ? 1 : LANES;
  let i = 0;
  for (; i <= n - 16; i += 16) {
    const a = v128.load(at(x, i));
    const b = v128.load(at(x, i), 16);
    const c = v128.load(at(x, i), 32);
    const d = v128.load(at(x, i), 48);
    nan = v128.or(nan, v128.or(f32x4.ne(a, a), f32x4.ne(b, b)));
    nan = v128.or(nan, v128.or(f32x4.ne(c, c), f32x4.ne(d, d)));
    best = furthest(end, best, furthest(end, furthest(end, a, b), furthest(end, c, d)));
  }
  for (; i < n; i += width) {
    // The last vector may overlap the one before it: an extremum does not mind.
    const from = at(x, min(i, n - width));
    const v = width == 1 ? v128.load32_splat(from) : v128.load(from);
    nan = v128.or(nan, f32x4.ne(v, v));
    best = furthest(end, best, v);
  }
  best = furthest(end, best, i64x2.shuffle(best, best, 1, 0));
  best = furthest(end, best, i32x4.shuffle(best, best, 1, 0, 3, 2));
  return v128.any_true(nan) ? <f32>NaN : f32x4.extract_lane(best, 0);
}

/** The largest x[i], i < n. */
export function maxRow(x: usize, n: i32): f32 {
  return extremumRow(LARGEST, x, n);
}
