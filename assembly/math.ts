// Elementary functions of four lanes, written here so that every engine gives the same bits; errors are stated in units
// of the last place (ulp) over the whole range, denormals included, and held to by test/kernels/math.test.ts.
export { exp, expm1 } from "./math/exp";
export { log, log1p } from "./math/log";
export { sigmoid, softplus, tanh } from "./math/sigmoid";
export { erf } from "./math/erf";
export { pow } from "./math/pow";
export { cos, sin } from "./math/trigonometry";

/** 1/√x; ≤ 1.5 ulp. ∞ at +0, −∞ at −0, NaN below zero. */
// @ts-ignore: decorator
@inline
export function rsqrt(x: v128): v128 {
  return f32x4.div(f32x4.splat(1), f32x4.sqrt(x));
}

/** 1/x, correctly rounded. */
// @ts-ignore: decorator
@inline
export function reciprocal(x: v128): v128 {
  return f32x4.div(f32x4.splat(1), x);
}
