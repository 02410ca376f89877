// Reductions. x is [outer, n, inner], out is [outer, inner], out[o,k] = reduction over j of x[o,j,k]; out is not x.
// inner = 1 runs along rows. inner > 1 runs down columns, four lanes being four columns; the last vector of a row starts
// at column inner − 4 and repeats some columns of the one before it (equal columns give equal bits), so only inner < 4
// goes column by column.
import { LANES, at, span } from "../simd";
import { log } from "../math";
import {
  columnsAtOnce,
  extremumColumns,
  loadColumns,
  storeColumns,
  sum16Columns,
  sumFewColumns,
} from "../columns";
import { logSumExpColumns, sumExp } from "../sumExp";
import { LARGEST, MAGNITUDES, SMALLEST, SQUARES, dotRow, extremumRow, maxRow, sumRow, sumTerms } from "../sums";

// @ts-ignore: decorator
@inline
function spans(out: usize, x: usize, outer: i32, n: i32, inner: i32): void {
  span(out, outer * inner);
  span(x, outer * n * inner);
}

/** First column of a vector: k, or earlier so that it ends with the row. */
// @ts-ignore: decorator
@inline
function firstOf(k: i32, inner: i32, width: i32): i32 {
  return k + width <= inner ? k : inner - width;
}

function sumAll(out: usize, x: usize, outer: i32, n: i32, inner: i32, divisor: f64): void {
  if (inner == 1) {
    for (let o = 0; o < outer; ++o) store<f32>(at(out, o), <f32>(sumRow(at(x, o * n), n) / divisor));
    return;
  }
  const width = columnsAtOnce(inner);
  for (let o = 0; o < outer; ++o) {
    const to = at(out, o * inner);
    const from = at(x, o * n * inner);
    let k = 0;
    for (; k <= inner - 16; k += 16) sum16Columns(at(to, k), at(from, k), n, inner, divisor);
    for (; k < inner; k += width) {
      const first = firstOf(k, inner, width);
      sumFewColumns(at(to, first), at(from, first), n, inner, divisor, width);
    }
  }
}

/**
 * Sums. At most 10 f32 additions lie between an element and the f64 total, whatever n:
 * |error| ≤ 10·2⁻²⁴·Σ|x|, and then one rounding. n = 0 gives 0.
 */
export function sum(out: usize, x: usize, outer: i32, n: i32, inner: i32): void {
  spans(out, x, outer, n, inner);
  sumAll(out, x, outer, n, inner, 1);
}

/** Means: the sum divided by n before its rounding. n = 0 gives NaN. */
export function mean(out: usize, x: usize, outer: i32, n: i32, inner: i32): void {
  spans(out, x, outer, n, inner);
  sumAll(out, x, outer, n, inner, <f64>n);
}

// @ts-ignore: decorator
@inline
function extremum(end: i32, out: usize, x: usize, outer: i32, n: i32, inner: i32): void {
  spans(out, x, outer, n, inner);
  const width = columnsAtOnce(inner);
  for (let o = 0; o < outer; ++o) {
    const to = at(out, o * inner);
    const from = at(x, o * n * inner);
    if (inner == 1) store<f32>(to, extremumRow(end, from, n));
    else
      for (let k = 0; k < inner; k += width) {
        const first = firstOf(k, inner, width);
        storeColumns(at(to, first), extremumColumns(end, at(from, first), n, inner, width), width);
      }
  }
}

/** The largest; NaN if one is NaN; −∞ if n = 0. */
export function max(out: usize, x: usize, outer: i32, n: i32, inner: i32): void {
  extremum(LARGEST, out, x, outer, n, inner);
}

/** The smallest; NaN if one is NaN; +∞ if n = 0. */
export function min(out: usize, x: usize, outer: i32, n: i32, inner: i32): void {
  extremum(SMALLEST, out, x, outer, n, inner);
}

/** log Σⱼ exp(x[o,j,k]), shifted by the largest. All −∞, or n = 0: −∞; an entry of +∞: +∞; NaN: NaN. */
export function logSumExp(out: usize, x: usize, outer: i32, n: i32, inner: i32): void {
  spans(out, x, outer, n, inner);
  const width = columnsAtOnce(inner);
  for (let o = 0; o < outer; ++o) {
    const to = at(out, o * inner);
    const from = at(x, o * n * inner);
    if (inner == 1) {
      const largest = maxRow(from, n);
      const shift: f32 = isFinite<f32>(largest) ? largest : 0;
      const logarithm = log(f32x4.splat(<f32>sumExp(false, 0, from, shift, n)));
      store<f32>(to, shift + f32x4.extract_lane(logarithm, 0));
    } else
      for (let k = 0; k < inner; k += width) {
        const first = firstOf(k, inner, width);
        storeColumns(at(to, first), logSumExpColumns(at(from, first), n, inner, width), width);
      }
  }
}

/** First i with x[i] = value, or with x[i] NaN where value is NaN; there is one. */
function firstIndex(x: usize, n: i32, value: f32): i32 {
  const sought = f32x4.splat(value);
  const seeksNaN = value != value;
  let i = 0;
  for (; i <= n - LANES; i += LANES) {
    const v = v128.load(at(x, i));
    const found = seeksNaN ? f32x4.ne(v, v) : f32x4.eq(v, sought);
    if (v128.any_true(found)) return i + ctz(i32x4.bitmask(found));
  }
  for (; i < n; ++i) {
    const v = load<f32>(at(x, i));
    if (seeksNaN ? v != v : v == value) break;
  }
  return i;
}

/** Index of the first extremum of `width` columns; a NaN is further out than any number. */
// @ts-ignore: decorator
@inline
function argColumns(end: i32, x: usize, n: i32, inner: i32, width: i32): v128 {
  let best = loadColumns(x, width);
  let index = i32x4.splat(0);
  for (let j = 1; j < n; ++j) {
    const v = loadColumns(at(x, j * inner), width);
    const beats = end == LARGEST ? f32x4.gt(v, best) : f32x4.lt(v, best);
    const replaces = v128.or(beats, v128.and(f32x4.ne(v, v), f32x4.eq(best, best)));
    best = v128.bitselect(v, best, replaces);
    index = v128.bitselect(i32x4.splat(j), index, replaces);
  }
  return index;
}

// @ts-ignore: decorator
@inline
function argExtremum(end: i32, out: usize, x: usize, outer: i32, n: i32, inner: i32): void {
  spans(out, x, outer, n, inner);
  assert(n > 0 || outer * inner == 0, "no elements to choose from");
  const width = columnsAtOnce(inner);
  for (let o = 0; o < outer; ++o) {
    const to = at(out, o * inner);
    const from = at(x, o * n * inner);
    if (inner == 1) store<i32>(to, firstIndex(from, n, extremumRow(end, from, n)));
    else
      for (let k = 0; k < inner; k += width) {
        const first = firstOf(k, inner, width);
        storeColumns(at(to, first), argColumns(end, at(from, first), n, inner, width), width);
      }
  }
}

/** Index of the first largest, as i32; the first NaN if there is one, as in NumPy. n ≥ 1. */
export function argmax(out: usize, x: usize, outer: i32, n: i32, inner: i32): void {
  argExtremum(LARGEST, out, x, outer, n, inner);
}

/** Index of the first smallest, as i32; the first NaN if there is one, as in NumPy. n ≥ 1. */
export function argmin(out: usize, x: usize, outer: i32, n: i32, inner: i32): void {
  argExtremum(SMALLEST, out, x, outer, n, inner);
}

/** out[0] = Σ a[i]·b[i], i < n. |error| ≤ 8·2⁻²⁴·Σ|a·b|, and then one rounding. */
export function dot(out: usize, a: usize, b: usize, n: i32): void {
  span(out, 1);
  span(a, n);
  span(b, n);
  store<f32>(out, <f32>dotRow(a, b, n));
}

/** out[0] = Σ x[i]², i < n. Error as for dot. */
export function sumSquares(out: usize, x: usize, n: i32): void {
  span(out, 1);
  span(x, n);
  store<f32>(out, <f32>sumTerms(SQUARES, x, x, n));
}

/** out[0] = Σ |x[i]|, i < n. Error as for sum. */
export function sumAbs(out: usize, x: usize, n: i32): void {
  span(out, 1);
  span(x, n);
  store<f32>(out, <f32>sumTerms(MAGNITUDES, x, x, n));
}
