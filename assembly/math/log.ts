// The logarithm family: x = 2^k (1 + f) with 1 + f in [√½, √2), ln(1 + f) = f − f²/2 + f³ P(f), P minimax.
import { fma } from "../simd";
import { LN2_HI, LN2_LO } from "./exp";

/** Bits of √½ plus 2²³ − 1: (this − bits of x) >> 23 is −k. */
const SPLIT = 0x3f3504f3 + 0x7fffff;

/**
 * k ln 2 + ln(1 + f), f in [√½ − 1, √2 − 1]; the polynomial is off by 2⁻²⁷ of ln(1 + f). Exact f gives ≤ 1.2 ulp.
 * @param minusK −k, as floats; +0 (not −0) where k is 0, so that f = −0 gives −0
 */
// @ts-ignore: decorator
@inline
export function logReduced(f: v128, minusK: v128): v128 {
  let p = f32x4.splat(-0.0764460862);
  p = fma(p, f, f32x4.splat(0.127780691));
  p = fma(p, f, f32x4.splat(-0.131642908));
  p = fma(p, f, f32x4.splat(0.141998738));
  p = fma(p, f, f32x4.splat(-0.166227728));
  p = fma(p, f, f32x4.splat(0.200012833));
  p = fma(p, f, f32x4.splat(-0.250008374));
  p = fma(p, f, f32x4.splat(0.333333313));
  const square = f32x4.mul(f, f);
  let y = fma(f32x4.mul(square, f), p, f32x4.mul(minusK, f32x4.splat(-LN2_LO)));
  y = fma(square, f32x4.splat(-0.5), y);
  return fma(minusK, f32x4.splat(-LN2_HI), f32x4.add(f, y));
}

/** ln(2^−j x) for normal, positive, finite x, j = extraMinusK; ≤ 1 ulp. */
// @ts-ignore: decorator
@inline
export function logOfNormal(x: v128, extraMinusK: v128): v128 {
  const minusK = i32x4.shr_s(i32x4.sub(i32x4.splat(SPLIT), x), 23);
  const f = f32x4.sub(i32x4.add(x, i32x4.shl(minusK, 23)), f32x4.splat(1));
  return logReduced(f, f32x4.convert_i32x4_s(i32x4.add(minusK, extraMinusK)));
}

/** y, corrected where x is no number above `pole`: −∞ at the pole, NaN below it, ∞ and NaN as they come. */
// @ts-ignore: decorator
@inline
function withSpecials(y: v128, x: v128, pole: v128): v128 {
  const invalid = v128.or(y, f32x4.lt(x, pole));
  const finite = v128.bitselect(invalid, x, f32x4.lt(x, f32x4.splat(Infinity)));
  return v128.bitselect(f32x4.splat(-Infinity), finite, f32x4.eq(x, pole));
}

/** ln x; ≤ 1 ulp, also near 1. */
// @ts-ignore: decorator
@inline
export function log(x: v128): v128 {
  const denormal = f32x4.lt(x, f32x4.splat(1.17549435e-38));
  const normal = v128.bitselect(f32x4.mul(x, f32x4.splat(8388608)), x, denormal);
  const y = logOfNormal(normal, v128.and(denormal, i32x4.splat(23)));
  return withSpecials(y, x, f32x4.splat(0));
}

/** ln(1 + x); ≤ 1.5 ulp. */
// @ts-ignore: decorator
@inline
export function log1p(x: v128): v128 {
  // k from the rounded sum, f from x itself: 2^−k x − (1 − 2^−k), where only the difference rounds; for k = 0 it is x, −0 too.
  const one = f32x4.splat(1);
  const sum = f32x4.add(x, one);
  const minusK = i32x4.shr_s(i32x4.sub(i32x4.splat(SPLIT), sum), 23);
  const shift = i32x4.shl(minusK, 23);
  const scale = i32x4.add(shift, i32x4.splat(127 << 23));
  const exact = f32x4.sub(f32x4.mul(x, scale), f32x4.sub(one, scale));
  // Beyond 2³⁰ the sum is x and 2^−k may be denormal.
  const large = f32x4.sub(i32x4.add(sum, shift), one);
  const f = v128.bitselect(large, exact, f32x4.gt(x, f32x4.splat(1073741824)));
  const y = logReduced(f, f32x4.convert_i32x4_s(minusK));
  return withSpecials(y, x, f32x4.splat(-1));
}

/** ln(1 + x) for 0 ≤ x ≤ 1 (or NaN); ≤ 2 ulp. */
// @ts-ignore: decorator
@inline
export function log1pOfFraction(x: v128): v128 {
  const half = f32x4.splat(0.5);
  const above = f32x4.gt(x, f32x4.splat(0.414213538));
  const f = v128.bitselect(f32x4.sub(f32x4.mul(x, half), half), x, above);
  return logReduced(f, v128.and(above, f32x4.splat(-1)));
}
