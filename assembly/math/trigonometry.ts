// Sine and cosine: x = n π/2 + r, |r| ≤ π/4, reduced in double precision; beyond 2²⁰ with as many bits of 2/π as it takes.
import { fma } from "../simd";

/** π/2 = HI + LO: HI has 33 bits, so n · HI is exact for |n| ≤ 2²⁰. */
const HALF_PI_HI: f64 = 1.57079632673412561417;
const HALF_PI_LO: f64 = 6.07710050650619224932e-11;

/** sin r, |r| ≤ π/4; the polynomial is off by 2⁻²⁸ of the result. */
// @ts-ignore: decorator
@inline
export function sinReduced(r: v128): v128 {
  const z = f32x4.mul(r, r);
  let p = f32x4.splat(-0.000195178945);
  p = fma(p, z, f32x4.splat(0.00833218731));
  p = fma(p, z, f32x4.splat(-0.166666552));
  return fma(p, f32x4.mul(z, r), r);
}

/** cos r, |r| ≤ π/4; the polynomial is off by 2⁻³³. */
// @ts-ignore: decorator
@inline
export function cosReduced(r: v128): v128 {
  const z = f32x4.mul(r, r);
  let p = f32x4.splat(2.4432331e-5);
  p = fma(p, z, f32x4.splat(-0.00138873095));
  p = fma(p, z, f32x4.splat(0.0416666456));
  return fma(p, f32x4.mul(z, z), fma(z, f32x4.splat(-0.5), f32x4.splat(1)));
}

/** sin(n π/2 + r): ± sin r or ± cos r by the two low bits of n. */
// @ts-ignore: decorator
@inline
export function byQuadrant(n: v128, sine: v128, cosine: v128): v128 {
  const odd = i32x4.shr_s(i32x4.shl(n, 31), 31);
  const sign = v128.and(i32x4.shl(n, 30), i32x4.splat(0x80000000));
  return v128.xor(v128.bitselect(cosine, sine, odd), sign);
}

/** 32 bits of 2/π, from bit 32 (i − 1) behind the point on. */
function twoOverPi(i: i32): u64 {
  switch (i) {
    case 1:
      return 0xa2f9836e;
    case 2:
      return 0x4e441529;
    case 3:
      return 0xfc2757d1;
    case 4:
      return 0xf534ddc0;
    case 5:
      return 0xdb629599;
    case 6:
      return 0x3c439041;
    case 7:
      return 0xfe5163ab;
    default:
      return 0;
  }
}

/**
 * x · 2/π mod 4 of a finite x ≥ 2²⁰, as a fraction of 2⁶⁴ (Payne and Hanek, 1983): of the bits of 2/π only those count
 * that weigh less than 4 in the product, and 96 of them suffice.
 */
function turns(bits: u32): u64 {
  const mantissa: u64 = (bits & 0x7fffff) | 0x800000;
  const offset: i32 = <i32>(bits >> 23) - 150 - 2 + 32;
  const word = offset >> 5;
  const shift: u64 = offset & 31;
  const a = (twoOverPi(word) << 32) | twoOverPi(word + 1);
  const b = (twoOverPi(word + 2) << 32) | twoOverPi(word + 3);
  const high = shift == 0 ? a : (a << shift) | (b >> (64 - shift));
  const low = (b << shift) >> 32;
  return ((mantissa * (high >> 32)) << 32) + mantissa * (high & 0xffffffff) + ((mantissa * low) >> 32);
}

/** n + r·… of one lane; kept out of line, few arguments are that large. */
function reduceLarge(x: f32, wantQuadrant: bool): f64 {
  const bits = reinterpret<u32>(x);
  const whole = turns(bits & 0x7fffffff);
  const quadrant = (whole + ((<u64>1) << 61)) >> 62;
  const negative = bits >> 31 != 0;
  if (wantQuadrant) return negative ? -(<f64>quadrant) : <f64>quadrant;
  const rest = <f64>(<i64>(whole - (quadrant << 62))) * (1.5707963267948966 / 4611686018427387904.0);
  return negative ? -rest : rest;
}

// The reduction has two results; the second is read from here right after the call.
let quadrants: v128 = i32x4.splat(0);

/** r, with n left in `quadrants`. */
function reduce(x: v128): v128 {
  const perQuarter = f64x2.splat(0.6366197723675814);
  const a = f64x2.promote_low_f32x4(x);
  const b = f64x2.promote_low_f32x4(i64x2.shuffle(x, x, 1, 1));
  const na = f64x2.nearest(f64x2.mul(a, perQuarter));
  const nb = f64x2.nearest(f64x2.mul(b, perQuarter));
  const high = f64x2.splat(HALF_PI_HI);
  const low = f64x2.splat(HALF_PI_LO);
  const ra = f64x2.sub(f64x2.sub(a, f64x2.mul(na, high)), f64x2.mul(na, low));
  const rb = f64x2.sub(f64x2.sub(b, f64x2.mul(nb, high)), f64x2.mul(nb, low));
  let r = i64x2.shuffle(f32x4.demote_f64x2_zero(ra), f32x4.demote_f64x2_zero(rb), 0, 2);
  let n = i64x2.shuffle(i32x4.trunc_sat_f64x2_s_zero(na), i32x4.trunc_sat_f64x2_s_zero(nb), 0, 2);
  const magnitude = f32x4.abs(x);
  const large = v128.and(f32x4.gt(magnitude, f32x4.splat(1048576)), f32x4.lt(magnitude, f32x4.splat(Infinity)));
  if (v128.any_true(large)) {
    const exact = f32x4(
      <f32>reduceLarge(f32x4.extract_lane(x, 0), false),
      <f32>reduceLarge(f32x4.extract_lane(x, 1), false),
      <f32>reduceLarge(f32x4.extract_lane(x, 2), false),
      <f32>reduceLarge(f32x4.extract_lane(x, 3), false),
    );
    const quarter = i32x4(
      <i32>reduceLarge(f32x4.extract_lane(x, 0), true),
      <i32>reduceLarge(f32x4.extract_lane(x, 1), true),
      <i32>reduceLarge(f32x4.extract_lane(x, 2), true),
      <i32>reduceLarge(f32x4.extract_lane(x, 3), true),
    );
    r = v128.bitselect(exact, r, large);
    n = v128.bitselect(quarter, n, large);
  }
  quadrants = n;
  return r;
}

/** sin x; ≤ 2 ulp for every x. NaN at ±∞. */
// @ts-ignore: decorator
@inline
export function sin(x: v128): v128 {
  const r = reduce(x);
  const y = byQuadrant(quadrants, sinReduced(r), cosReduced(r));
  return v128.bitselect(x, y, f32x4.eq(x, f32x4.splat(0)));
}

/** cos x; ≤ 2 ulp for every x. NaN at ±∞. */
// @ts-ignore: decorator
@inline
export function cos(x: v128): v128 {
  const r = reduce(x);
  return byQuadrant(i32x4.add(quadrants, i32x4.splat(1)), sinReduced(r), cosReduced(r));
}
