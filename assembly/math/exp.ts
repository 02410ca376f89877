// The exponential family: e^x = 2^n · e^r with n = round(x / ln 2) and |r| ≤ ln 2 / 2, e^r by a minimax polynomial.
import { fma } from "../simd";

/** Adding 1.5·2²³ rounds to an integer and leaves it in the low bits of the sum. */
const ROUNDER: f32 = 12582912;
const ROUNDER_BITS = 0x4b400000;
const LOG2_E: f32 = 1.44269504;
/** ln 2 = HI + LO: HI has 15 bits, so n · HI is exact for |n| ≤ 2⁸; both are positive, so n = 0 keeps the sign of −0. */
export const LN2_HI: f32 = 0.693145751953125;
export const LN2_LO: f32 = 1.42860682e-6;

/** round(x / ln 2) + ROUNDER: `roundedOf` gives the float, `halfPower` and `power` the powers of two. */
// @ts-ignore: decorator
@inline
export function quotientByLn2(x: v128): v128 {
  return fma(x, f32x4.splat(LOG2_E), f32x4.splat(ROUNDER));
}
// @ts-ignore: decorator
@inline
export function roundedOf(quotient: v128): v128 {
  return f32x4.sub(quotient, f32x4.splat(ROUNDER));
}

/** x − n ln 2. */
// @ts-ignore: decorator
@inline
export function remainder(x: v128, n: v128): v128 {
  return fma(n, f32x4.splat(-LN2_LO), fma(n, f32x4.splat(-LN2_HI), x));
}

/** 2^(n + bias) where that is a normal number. */
// @ts-ignore: decorator
@inline
export function power(quotient: v128, bias: i32): v128 {
  return i32x4.add(i32x4.shl(quotient, 23), i32x4.splat((127 + bias) << 23));
}

/** 2^⌊n/2⌋: with `otherHalf`, 2^n = product of two normal numbers over the whole range of e^x. */
// @ts-ignore: decorator
@inline
export function halfPower(quotient: v128): v128 {
  const half = i32x4.shr_s(i32x4.sub(quotient, i32x4.splat(ROUNDER_BITS)), 1);
  return i32x4.shl(i32x4.add(half, i32x4.splat(127)), 23);
}
/** 2^(n − ⌊n/2⌋), from n and the bits of 2^⌊n/2⌋. */
// @ts-ignore: decorator
@inline
export function otherHalf(quotient: v128, half: v128): v128 {
  // In exponent fields: (n + 127) − (⌊n/2⌋ + 127) + 127.
  return i32x4.sub(i32x4.add(i32x4.shl(quotient, 23), i32x4.splat(127 << 24)), half);
}

/** e^r, |r| ≤ 0.35; the polynomial is off by 2⁻²⁸. */
// @ts-ignore: decorator
@inline
export function expReduced(r: v128): v128 {
  let q = f32x4.splat(0.0013822132);
  q = fma(q, r, f32x4.splat(0.00836904068));
  q = fma(q, r, f32x4.splat(0.0416682586));
  q = fma(q, r, f32x4.splat(0.166665182));
  q = fma(q, r, f32x4.splat(0.49999994));
  return f32x4.add(f32x4.splat(1), fma(q, f32x4.mul(r, r), r));
}

/** e^r − 1, |r| ≤ 0.35; the polynomial is off by 2⁻³¹ of the result. */
// @ts-ignore: decorator
@inline
export function expm1Reduced(r: v128): v128 {
  let q = f32x4.splat(0.000197656074);
  q = fma(q, r, f32x4.splat(0.00139327929));
  q = fma(q, r, f32x4.splat(0.00833354238));
  q = fma(q, r, f32x4.splat(0.0416664891));
  q = fma(q, r, f32x4.splat(0.166666657));
  q = fma(q, r, f32x4.splat(0.5));
  return fma(q, f32x4.mul(r, r), r);
}

/** e^x for x ≤ 0 (or NaN); ≤ 1.1 ulp. */
// @ts-ignore: decorator
@inline
export function expOfNegative(x: v128): v128 {
  // pmax keeps a NaN in its first argument.
  const z = f32x4.pmax(x, f32x4.splat(-104.5));
  const quotient = quotientByLn2(z);
  const p = expReduced(remainder(z, roundedOf(quotient)));
  const half = halfPower(quotient);
  return f32x4.mul(f32x4.mul(p, half), otherHalf(quotient, half));
}

/** e^x; ≤ 1.1 ulp. */
// @ts-ignore: decorator
@inline
export function exp(x: v128): v128 {
  return expOfNegative(f32x4.pmin(x, f32x4.splat(89)));
}

/** e^x − 1; ≤ 1.5 ulp. */
// @ts-ignore: decorator
@inline
export function expm1(x: v128): v128 {
  const z = f32x4.pmin(f32x4.pmax(x, f32x4.splat(-20)), f32x4.splat(89));
  const quotient = quotientByLn2(z);
  const n = roundedOf(quotient);
  const p = expm1Reduced(remainder(z, n));
  // 2^n p + (2^n − 1), halved so that 2¹²⁸ does not appear; for n = 0 it is p, whose low bits halving could lose.
  const s = power(quotient, -1);
  const y = fma(s, p, f32x4.sub(s, f32x4.splat(0.5)));
  const result = v128.bitselect(p, f32x4.add(y, y), f32x4.eq(n, f32x4.splat(0)));
  // The sign is that of x, also at −0.
  return v128.or(result, v128.and(x, i32x4.splat(0x80000000)));
}
