// Column-wise accumulation for reductions: four lanes are four columns of a row-major matrix with n rows, `inner`
// elements apart. Where inner < 4 the columns go one by one (width 1).
import { LANES, at } from "./simd";
import { LARGEST, furthest } from "./sums";

/** Columns a vector covers: four, or one where there are fewer than four. */
// @ts-ignore: decorator
@inline
export function columnsAtOnce(inner: i32): i32 {
  return inner < LANES ? 1 : LANES;
}

// @ts-ignore: decorator
@inline
export function loadColumns(x: usize, width: i32): v128 {
  return width == 1 ? v128.load32_zero(x) : v128.load(x);
}

// @ts-ignore: decorator
@inline
export function storeColumns(out: usize, v: v128, width: i32): void {
  if (width == 1) v128.store32_lane(out, v, 0);
  else v128.store(out, v);
}

/** Two of four f32 lanes as f64: the low ones, or the high ones. */
// @ts-ignore: decorator
@inline
export function low(v: v128): v128 {
  return f64x2.promote_low_f32x4(v);
}
// @ts-ignore: decorator
@inline
export function high(v: v128): v128 {
  return f64x2.promote_low_f32x4(i64x2.shuffle(v, v, 1, 1));
}
/** Four f32 lanes from two times two f64 lanes. */
// @ts-ignore: decorator
@inline
export function narrow(lows: v128, highs: v128): v128 {
  return i64x2.shuffle(f32x4.demote_f64x2_zero(lows), f32x4.demote_f64x2_zero(highs), 0, 2);
}

/** Rows of one block of a column sum: added in f32, then to the f64 total. */
export const BLOCK: i32 = 16;

/** Eight rows of four columns, added in pairs. */
// @ts-ignore: decorator
@inline
function eightRows(x: usize, inner: i32): v128 {
  return f32x4.add(fourRows(x, inner), fourRows(at(x, 4 * inner), inner));
}

// @ts-ignore: decorator
@inline
function fourRows(x: usize, inner: i32): v128 {
  const x2 = at(x, 2 * inner);
  return f32x4.add(
    f32x4.add(v128.load(x), v128.load(at(x, inner))),
    f32x4.add(v128.load(x2), v128.load(at(x2, inner))),
  );
}

/** Sums of 16 columns, divided by `divisor`. out: [16], x: 16 columns of n rows, `inner` elements apart. */
export function sum16Columns(out: usize, x: usize, n: i32, inner: i32, divisor: f64): void {
  let al = f64x2.splat(0);
  let ah = al;
  let bl = al;
  let bh = al;
  let cl = al;
  let ch = al;
  let dl = al;
  let dh = al;
  for (let start = 0; start < n; start += BLOCK) {
    const end = min(start + BLOCK, n);
    let a = f32x4.splat(0);
    let b = a;
    let c = a;
    let d = a;
    let from = at(x, start * inner);
    let j = start;
    for (; j <= end - 8; j += 8) {
      a = f32x4.add(a, eightRows(from, inner));
      b = f32x4.add(b, eightRows(from + 16, inner));
      c = f32x4.add(c, eightRows(from + 32, inner));
      d = f32x4.add(d, eightRows(from + 48, inner));
      from = at(from, 8 * inner);
    }
    for (; j < end; ++j) {
      a = f32x4.add(a, v128.load(from));
      b = f32x4.add(b, v128.load(from, 16));
      c = f32x4.add(c, v128.load(from, 32));
      d = f32x4.add(d, v128.load(from, 48));
      from = at(from, inner);
    }
    al = f64x2.add(al, low(a));
    ah = f64x2.add(ah, high(a));
    bl = f64x2.add(bl, low(b));
    bh = f64x2.add(bh, high(b));
    cl = f64x2.add(cl, low(c));
    ch = f64x2.add(ch, high(c));
    dl = f64x2.add(dl, low(d));
    dh = f64x2.add(dh, high(d));
  }
  const by = f64x2.splat(divisor);
  v128.store(out, narrow(f64x2.div(al, by), f64x2.div(ah, by)));
  v128.store(out, narrow(f64x2.div(bl, by), f64x2.div(bh, by)), 16);
  v128.store(out, narrow(f64x2.div(cl, by), f64x2.div(ch, by)), 32);
  v128.store(out, narrow(f64x2.div(dl, by), f64x2.div(dh, by)), 48);
}

/** The same for `width` columns: 4, or 1, whose rows all go straight to f64. */
export function sumFewColumns(out: usize, x: usize, n: i32, inner: i32, divisor: f64, width: i32): void {
  const block = width == LANES ? BLOCK : 1;
  let lows = f64x2.splat(0);
  let highs = lows;
  for (let start = 0; start < n; start += block) {
    const end = min(start + block, n);
    let s = f32x4.splat(0);
    let j = start;
    for (; j <= end - 8; j += 8) s = f32x4.add(s, eightRows(at(x, j * inner), inner));
    for (; j < end; ++j) s = f32x4.add(s, loadColumns(at(x, j * inner), width));
    lows = f64x2.add(lows, low(s));
    highs = f64x2.add(highs, high(s));
  }
  const by = f64x2.splat(divisor);
  storeColumns(out, narrow(f64x2.div(lows, by), f64x2.div(highs, by)), width);
}

/** The extremum of `width` columns: NaN where one is NaN. */
// @ts-ignore: decorator
@inline
export function extremumColumns(end: i32, x: usize, n: i32, inner: i32, width: i32): v128 {
  let best = f32x4.splat(end == LARGEST ? -Infinity : Infinity);
  let nan = i32x4.splat(0);
  for (let j = 0; j < n; ++j) {
    const v = loadColumns(at(x, j * inner), width);
    nan = v128.or(nan, f32x4.ne(v, v));
    best = furthest(end, best, v);
  }
  return v128.or(best, nan);
}
