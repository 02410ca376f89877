// The error function, and the normal distribution's upper tail for gelu.
import { fma } from "../simd";
import { expReduced, halfPower, otherHalf, power, quotientByLn2, remainder, roundedOf } from "./exp";

/** erf x: x + x P(x²) up to 0.9375, then ±(1 − e^h(|x|)) with h = ln erfc by a polynomial; ≤ 1.5 ulp. */
// @ts-ignore: decorator
@inline
export function erf(x: v128): v128 {
  const square = f32x4.mul(x, x);
  let a = f32x4.splat(8.00027919e-5);
  a = fma(a, square, f32x4.splat(-0.000805038435));
  a = fma(a, square, f32x4.splat(0.00519243814));
  a = fma(a, square, f32x4.splat(-0.026855737));
  a = fma(a, square, f32x4.splat(0.112836257));
  a = fma(a, square, f32x4.splat(-0.376126289));
  a = fma(a, square, f32x4.splat(0.128379166));
  a = fma(a, x, x);

  const t = f32x4.pmin(f32x4.abs(x), f32x4.splat(4));
  let b = f32x4.splat(-1.18887038e-5);
  b = fma(b, t, f32x4.splat(0.000329408474));
  b = fma(b, t, f32x4.splat(-0.00366942119));
  b = fma(b, t, f32x4.splat(0.0238193329));
  b = fma(b, t, f32x4.splat(-0.1063037));
  b = fma(b, t, f32x4.splat(-0.635110736));
  b = fma(b, t, f32x4.splat(-0.128658533));
  const h = f32x4.sub(f32x4.mul(b, t), t);
  const quotient = quotientByLn2(h);
  const tail = f32x4.mul(expReduced(remainder(h, roundedOf(quotient))), power(quotient, 0));
  const outer = v128.bitselect(x, f32x4.sub(f32x4.splat(1), tail), i32x4.splat(0x80000000));
  return v128.bitselect(a, outer, f32x4.lt(f32x4.abs(x), f32x4.splat(0.9375)));
}

/** round(−t² scale / ln 2) + ROUNDER; scale is ½ or 1. */
// @ts-ignore: decorator
@inline
export function squareQuotient(t: v128, scale: f32): v128 {
  return quotientByLn2(f32x4.mul(f32x4.mul(t, t), f32x4.splat(-scale)));
}

/** e^(−t² scale) / 2^n. t² is split exactly, for its rounding error would grow to 40 ulp in the result. */
// @ts-ignore: decorator
@inline
export function squareExp(t: v128, scale: f32, quotient: v128): v128 {
  const high = v128.and(t, i32x4.splat(0xfffff000));
  const low = f32x4.mul(f32x4.sub(t, high), f32x4.add(t, high));
  const r = remainder(f32x4.mul(f32x4.mul(high, high), f32x4.splat(-scale)), roundedOf(quotient));
  return expReduced(fma(low, f32x4.splat(-scale), r));
}

/** Φ(−t) e^(t²/2) = ½ erfcx(t/√2), 0 ≤ t ≤ 14.5, by a rational function off by 2⁻²⁶. */
// @ts-ignore: decorator
@inline
export function scaledTail(t: v128, numerator: v128): v128 {
  let a = f32x4.splat(0.00409579976);
  a = fma(a, t, f32x4.splat(0.0405015498));
  a = fma(a, t, f32x4.splat(0.18285419));
  a = fma(a, t, f32x4.splat(0.437796682));
  a = fma(a, t, f32x4.splat(0.5));
  let b = f32x4.splat(0.0102665257);
  b = fma(b, t, f32x4.splat(0.101528883));
  b = fma(b, t, f32x4.splat(0.468462199));
  b = fma(b, t, f32x4.splat(1.20094657));
  b = fma(b, t, f32x4.splat(1.67347825));
  b = fma(b, t, f32x4.splat(1));
  return f32x4.div(f32x4.mul(a, numerator), b);
}

/** x Φ(x) = max(x, 0) − |x| Φ(−|x|), so neither side cancels; ≤ 7 ulp. */
// @ts-ignore: decorator
@inline
export function timesNormalCdf(x: v128): v128 {
  const t = f32x4.pmin(f32x4.abs(x), f32x4.splat(14.5));
  const quotient = squareQuotient(t, 0.5);
  const first = halfPower(quotient);
  const tail = scaledTail(t, f32x4.mul(f32x4.mul(t, first), squareExp(t, 0.5, quotient)));
  const positive = v128.andnot(x, f32x4.lt(x, f32x4.splat(0)));
  return f32x4.sub(positive, f32x4.mul(tail, otherHalf(quotient, first)));
}

/** d/dx of x Φ(x) = Φ(x) + x φ(x). */
// @ts-ignore: decorator
@inline
export function timesNormalCdfSlope(x: v128): v128 {
  const t = f32x4.pmin(f32x4.abs(x), f32x4.splat(14.5));
  const quotient = squareQuotient(t, 0.5);
  const first = halfPower(quotient);
  const e = f32x4.mul(f32x4.mul(squareExp(t, 0.5, quotient), first), otherHalf(quotient, first));
  // t φ(t) − Φ(−t); the slope is 1 + this to the right of zero and − this to the left.
  const d = f32x4.sub(f32x4.mul(f32x4.mul(t, f32x4.splat(0.398942292)), e), scaledTail(t, e));
  return v128.bitselect(f32x4.neg(d), f32x4.add(f32x4.splat(1), d), f32x4.lt(x, f32x4.splat(0)));
}

/** d/dx erf x = 2/√π e^−x². */
// @ts-ignore: decorator
@inline
export function erfSlope(x: v128): v128 {
  const t = f32x4.pmin(f32x4.abs(x), f32x4.splat(10.5));
  const quotient = squareQuotient(t, 1);
  const first = halfPower(quotient);
  const e = f32x4.mul(f32x4.mul(squareExp(t, 1, quotient), f32x4.splat(1.12837923)), first);
  return f32x4.mul(e, otherHalf(quotient, first));
}
