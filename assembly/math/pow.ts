// x^y = 2^(y log2 |x|) in double precision, two lanes at a time: one rounding to f32 at the end, denormals included.

/** 1.5·2⁵²: adding it rounds to an integer and leaves it in the low bits. */
const ROUNDER: f64 = 6755399441055744;

/** log2 x for a positive normal f64, off by 2⁻⁴⁵: x = 2^k m, m in [√½, √2), s = (m − 1)/(m + 1), log2 m = s P(s²). */
// @ts-ignore: decorator
@inline
function log2(x: v128): v128 {
  // Exponent field of x / √½, that is k + 1023.
  const biased = i64x2.shr_u(i64x2.add(x, i64x2.splat(0x00095f619980c433)), 52);
  const m = i64x2.add(i64x2.sub(x, i64x2.shl(biased, 52)), i64x2.splat(0x3ff0000000000000));
  // 2⁵² + biased, by its bits.
  const k = f64x2.sub(v128.or(biased, i64x2.splat(0x4330000000000000)), f64x2.splat(4503599627370496 + 1023));
  const one = f64x2.splat(1);
  const s = f64x2.div(f64x2.sub(m, one), f64x2.add(m, one));
  const z = f64x2.mul(s, s);
  let p = f64x2.splat(0.2829305290754325);
  p = f64x2.add(f64x2.mul(p, z), f64x2.splat(0.31990369510532285));
  p = f64x2.add(f64x2.mul(p, z), f64x2.splat(0.4122092978482227));
  p = f64x2.add(f64x2.mul(p, z), f64x2.splat(0.5770779419527815));
  p = f64x2.add(f64x2.mul(p, z), f64x2.splat(0.9617966941145947));
  p = f64x2.add(f64x2.mul(p, z), f64x2.splat(2.8853900817778495));
  return f64x2.add(k, f64x2.mul(s, p));
}

/** 2^t, off by 2⁻³⁴; t is held within ±1000, far outside the range of f32. */
// @ts-ignore: decorator
@inline
function exp2(t: v128): v128 {
  const z = f64x2.pmin(f64x2.pmax(t, f64x2.splat(-1000)), f64x2.splat(1000));
  const rounded = f64x2.add(z, f64x2.splat(ROUNDER));
  const r = f64x2.sub(z, f64x2.sub(rounded, f64x2.splat(ROUNDER)));
  let p = f64x2.splat(1.5196132281492327e-5);
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(0.00015466756769790546));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(0.0013333935133771056));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(0.00961803813001552));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(0.05550410365929998));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(0.24022651066582923));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(0.6931471807045535));
  p = f64x2.add(f64x2.mul(p, r), f64x2.splat(1));
  return f64x2.mul(p, i64x2.add(i64x2.shl(rounded, 52), i64x2.splat(0x3ff0000000000000)));
}

/** |x|^y of the two low lanes. */
// @ts-ignore: decorator
@inline
function powOfPair(x: v128, y: v128): v128 {
  const a = f64x2.promote_low_f32x4(x);
  const infinite = f64x2.splat(Infinity);
  let l = v128.bitselect(infinite, log2(a), f64x2.eq(a, infinite));
  l = v128.bitselect(f64x2.splat(-Infinity), l, f64x2.eq(a, f64x2.splat(0)));
  return f32x4.demote_f64x2_zero(exp2(f64x2.mul(f64x2.promote_low_f32x4(y), l)));
}

/** x^y with the special cases of IEEE 754 pow (pow(±1, ±∞) = 1, unlike Math.pow); ≤ 0.51 ulp. */
export function pow(x: v128, y: v128): v128 {
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  const infinite = f32x4.splat(Infinity);
  const magnitude = f32x4.abs(x);
  const low = powOfPair(magnitude, y);
  const high = powOfPair(i64x2.shuffle(magnitude, magnitude, 1, 1), i64x2.shuffle(y, y, 1, 1));
  let result = i64x2.shuffle(low, high, 0, 2);
  // Negative bases: odd integers keep the sign, fractions of a finite base give NaN.
  const half = f32x4.mul(y, f32x4.splat(0.5));
  const fractional = f32x4.ne(f32x4.trunc(y), y);
  const odd = v128.andnot(f32x4.ne(f32x4.trunc(half), half), fractional);
  result = v128.or(result, v128.and(v128.and(x, odd), i32x4.splat(0x80000000)));
  const finiteNegative = v128.and(f32x4.lt(x, zero), f32x4.lt(magnitude, infinite));
  result = v128.or(result, v128.and(finiteNegative, fractional));
  const isNaN = v128.or(f32x4.ne(x, x), f32x4.ne(y, y));
  result = v128.bitselect(f32x4.add(x, y), result, isNaN);
  const unit = v128.and(f32x4.eq(magnitude, one), f32x4.eq(f32x4.abs(y), infinite));
  const isOne = v128.or(v128.or(f32x4.eq(x, one), f32x4.eq(y, zero)), unit);
  return v128.bitselect(one, result, isOne);
}
