// Sums of exponentials, shared by softmax, log-softmax and log-sum-exp.
import { BLOCK, extremumColumns, high, loadColumns, low, narrow } from "./columns";
import { exp, log } from "./math";
import { LANES, at, loadTail, storeTail } from "./simd";
import { LARGEST, widen } from "./sums";

/** Σ exp(x[j] − shift), j < n; where `keeps`, also out[j] = exp(x[j] − shift). At most 15 f32 additions a term, then f64. */
// @ts-ignore: decorator
@inline
export function sumExp(keeps: bool, out: usize, x: usize, shift: f32, n: i32): f64 {
  const vShift = f32x4.splat(shift);
  let total = f64x2.splat(0);
  for (let j = 0; j < n; ) {
    const end = min(j + 64, n);
    let s = f32x4.splat(0);
    for (; j < end; j += LANES) {
      const rest = n - j;
      const v = rest < LANES ? loadTail(at(x, j), rest) : v128.load(at(x, j));
      let e = exp(f32x4.sub(v, vShift));
      if (rest < LANES) {
        if (keeps) storeTail(at(out, j), e, rest);
        e = v128.and(e, i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(rest)));
      } else if (keeps) v128.store(at(out, j), e);
      s = f32x4.add(s, e);
    }
    total = widen(total, s);
  }
  return f64x2.extract_lane(total, 0) + f64x2.extract_lane(total, 1);
}

/**
 * log Σⱼ exp(x[j]) of `width` columns: largest + log Σ exp(x − largest); the shift is 0 where the largest is not finite,
 * so that a column of −∞ gives −∞, one with +∞ gives +∞, one with NaN gives NaN.
 */
export function logSumExpColumns(x: usize, n: i32, inner: i32, width: i32): v128 {
  const largest = extremumColumns(LARGEST, x, n, inner, width);
  const shift = v128.and(largest, f32x4.lt(f32x4.abs(largest), f32x4.splat(Infinity)));
  let lows = f64x2.splat(0);
  let highs = lows;
  for (let start = 0; start < n; start += BLOCK) {
    const end = min(start + BLOCK, n);
    let s = f32x4.splat(0);
    for (let j = start; j < end; ++j)
      s = f32x4.add(s, exp(f32x4.sub(loadColumns(at(x, j * inner), width), shift)));
    lows = f64x2.add(lows, low(s));
    highs = f64x2.add(highs, high(s));
  }
  return f32x4.add(shift, log(narrow(lows, highs)));
}
