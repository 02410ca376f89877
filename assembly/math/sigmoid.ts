// Saturating curves made of e^−|x|: nothing overflows, and both tails keep their relative accuracy.
import { fma } from "../simd";
import {
  expOfNegative,
  expReduced,
  halfPower,
  otherHalf,
  power,
  quotientByLn2,
  remainder,
  roundedOf,
} from "./exp";
import { log1pOfFraction } from "./log";

const LN2: f32 = 0.693147182;

/**
 * tanh x: x + x³ P(x²) up to 0.5494, just beyond tanh x = ½, where an ulp doubles; then ±(1 − 2u / (1 + u)) with
 * u = e^(−2|x|); ≤ 2 ulp, never beyond ±1.
 */
// @ts-ignore: decorator
@inline
export function tanh(x: v128): v128 {
  const square = f32x4.mul(x, x);
  let p = f32x4.splat(0.0164480787);
  p = fma(p, square, f32x4.splat(-0.0526770987));
  p = fma(p, square, f32x4.splat(0.133208036));
  p = fma(p, square, f32x4.splat(-0.333329499));
  const inner = fma(p, f32x4.mul(square, x), x);

  const one = f32x4.splat(1);
  const z = f32x4.pmax(f32x4.mul(f32x4.abs(x), f32x4.splat(-2)), f32x4.splat(-20));
  const quotient = quotientByLn2(z);
  // One term of ln 2 will do: u is less than 1/3 where it counts, and its error shrinks with it.
  const r = fma(roundedOf(quotient), f32x4.splat(-LN2), z);
  const u = f32x4.mul(expReduced(r), power(quotient, 0));
  const outer = f32x4.sub(one, f32x4.div(f32x4.add(u, u), f32x4.add(one, u)));
  const y = v128.bitselect(inner, outer, f32x4.lt(f32x4.abs(x), f32x4.splat(0.5494)));
  return v128.or(y, v128.and(x, i32x4.splat(0x80000000)));
}

/** 1 / (1 + e^−x), as e^x / (1 + e^x) below zero; ≤ 2.5 ulp. */
// @ts-ignore: decorator
@inline
export function sigmoid(x: v128): v128 {
  const one = f32x4.splat(1);
  const e = expOfNegative(f32x4.neg(f32x4.abs(x)));
  return f32x4.div(v128.bitselect(e, one, f32x4.lt(x, f32x4.splat(0))), f32x4.add(one, e));
}

/**
 * x · sigmoid(v), v of the sign of x; finite x and v below zero; ≤ 3.5 ulp for exact v. The last power of two is multiplied in at the end, so
 * that denormal results round once.
 */
// @ts-ignore: decorator
@inline
export function timesSigmoid(x: v128, v: v128): v128 {
  const one = f32x4.splat(1);
  const z = f32x4.pmax(f32x4.neg(f32x4.abs(v)), f32x4.splat(-112));
  const quotient = quotientByLn2(z);
  const first = halfPower(quotient);
  const second = otherHalf(quotient, first);
  const p = f32x4.mul(expReduced(remainder(z, roundedOf(quotient))), first);
  const below = f32x4.lt(v, f32x4.splat(0));
  const top = f32x4.mul(x, v128.bitselect(p, one, below));
  const y = f32x4.div(top, f32x4.add(one, f32x4.mul(p, second)));
  return f32x4.mul(y, v128.bitselect(second, one, below));
}

/** ln(1 + e^x) = max(x, 0) + ln(1 + e^−|x|); ≤ 2 ulp. */
// @ts-ignore: decorator
@inline
export function softplus(x: v128): v128 {
  const tail = log1pOfFraction(expOfNegative(f32x4.neg(f32x4.abs(x))));
  return f32x4.add(f32x4.pmax(f32x4.splat(0), x), tail);
}
