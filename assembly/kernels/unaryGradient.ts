// Gradients of the elementwise functions: dx[i] = dy[i] · f′, i < n, from the result y or the argument x, whichever is
// cheaper. dx may be dy, y or x.
import { erfSlope, timesNormalCdfSlope } from "../math/erf";
import { exp, expOfNegative } from "../math/exp";
import { sigmoid } from "../math/sigmoid";
import { LANES, at, loadTail, span, storeTail } from "../simd";

const RELU = 0;
const LEAKY_RELU = 1;
const ELU = 2;
const TANH = 3;
const SIGMOID = 4;
const SILU = 5;
const SOFTPLUS = 6;
const GELU = 7;
const GELU_TANH = 8;
const ERF = 9;

/** As in unary.ts: v = 2√(2/π) (x + 0.044715 x³). */
const GELU_LINEAR: f32 = 1.59576917;
const GELU_CUBIC: f32 = 0.0713548139;

/**
 * d/dx of x σ(v) = σ(v) + x v′ σ(v) σ(−v).
 * @param xSlope x v′, finite
 */
// @ts-ignore: decorator
@inline
function timesSigmoidSlope(v: v128, xSlope: v128): v128 {
  const e = expOfNegative(f32x4.neg(f32x4.abs(v)));
  const major = f32x4.div(f32x4.splat(1), f32x4.add(f32x4.splat(1), e));
  const minor = f32x4.mul(e, major);
  const value = v128.bitselect(minor, major, f32x4.lt(v, f32x4.splat(0)));
  return f32x4.add(value, f32x4.mul(f32x4.mul(major, minor), xSlope));
}

/** Holds x within ±bound: beyond it the slopes are 0 and 1, and ∞ · 0 must not become NaN. NaN stays. */
// @ts-ignore: decorator
@inline
function within(x: v128, bound: f32): v128 {
  return f32x4.pmin(f32x4.pmax(x, f32x4.splat(-bound)), f32x4.splat(bound));
}

// @ts-ignore: decorator
@inline
function apply(f: i32, dy: v128, z: v128, parameter: v128): v128 {
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  switch (f) {
    case LEAKY_RELU:
      return v128.bitselect(dy, f32x4.mul(dy, parameter), f32x4.gt(z, zero));
    case ELU:
      return v128.bitselect(dy, f32x4.mul(dy, f32x4.mul(exp(z), parameter)), f32x4.gt(z, zero));
    case TANH:
      // (1 − y)(1 + y) loses nothing near ±1, 1 − y² would.
      return f32x4.mul(dy, f32x4.mul(f32x4.sub(one, z), f32x4.add(one, z)));
    case SIGMOID:
      return f32x4.mul(dy, f32x4.mul(z, f32x4.sub(one, z)));
    case SILU: {
      const x = within(z, 120);
      return f32x4.mul(dy, timesSigmoidSlope(x, x));
    }
    case SOFTPLUS:
      return f32x4.mul(dy, sigmoid(z));
    case GELU:
      return f32x4.mul(dy, timesNormalCdfSlope(z));
    case GELU_TANH: {
      const x = within(z, 16);
      const cubic = f32x4.mul(f32x4.mul(x, x), f32x4.splat(GELU_CUBIC));
      const linear = f32x4.splat(GELU_LINEAR);
      const slope = f32x4.add(linear, f32x4.mul(cubic, f32x4.splat(3)));
      return f32x4.mul(dy, timesSigmoidSlope(f32x4.mul(x, f32x4.add(linear, cubic)), f32x4.mul(x, slope)));
    }
    case ERF:
      return f32x4.mul(dy, erfSlope(z));
    default:
      return v128.and(dy, f32x4.gt(z, zero));
  }
}

// @ts-ignore: decorator
@inline
function map(f: i32, dx: usize, dy: usize, z: usize, n: i32, parameter: f32): void {
  span(dx, n);
  span(dy, n);
  span(z, n);
  const p = f32x4.splat(parameter);
  if (f == ELU || f >= SILU) {
    // One loop with the tail inside, as in unary.ts.
    for (let i = 0; i < n; i += LANES) {
      const rest = n - i;
      const isTail = rest < LANES;
      const d = isTail ? loadTail(at(dy, i), rest) : v128.load(at(dy, i));
      const v = apply(f, d, isTail ? loadTail(at(z, i), rest) : v128.load(at(z, i)), p);
      if (isTail) storeTail(at(dx, i), v, rest);
      else v128.store(at(dx, i), v);
    }
    return;
  }
  const whole = n & ~(LANES - 1);
  for (let i = 0; i < whole; i += LANES)
    v128.store(at(dx, i), apply(f, v128.load(at(dy, i)), v128.load(at(z, i)), p));
  if (whole < n) {
    const rest = n - whole;
    storeTail(at(dx, whole), apply(f, loadTail(at(dy, whole), rest), loadTail(at(z, whole), rest), p), rest);
  }
}

/** dy where y > 0, else 0 */
export function reluGradient(dx: usize, dy: usize, y: usize, n: i32): void {
  map(RELU, dx, dy, y, n, 0);
}
/** dy where x > 0, else dy · slope */
export function leakyReluGradient(dx: usize, dy: usize, x: usize, n: i32, slope: f32): void {
  map(LEAKY_RELU, dx, dy, x, n, slope);
}
/** dy where x > 0, else dy · alpha e^x */
export function eluGradient(dx: usize, dy: usize, x: usize, n: i32, alpha: f32): void {
  map(ELU, dx, dy, x, n, alpha);
}
/** dy (1 − y²) */
export function tanhGradient(dx: usize, dy: usize, y: usize, n: i32): void {
  map(TANH, dx, dy, y, n, 0);
}
/** dy · y (1 − y) */
export function sigmoidGradient(dx: usize, dy: usize, y: usize, n: i32): void {
  map(SIGMOID, dx, dy, y, n, 0);
}
/** dy (σ + x σ (1 − σ)), σ = sigmoid(x) */
export function siluGradient(dx: usize, dy: usize, x: usize, n: i32): void {
  map(SILU, dx, dy, x, n, 0);
}
/** dy · sigmoid(x) */
export function softplusGradient(dx: usize, dy: usize, x: usize, n: i32): void {
  map(SOFTPLUS, dx, dy, x, n, 0);
}
/** dy (Φ(x) + x φ(x)) */
export function geluGradient(dx: usize, dy: usize, x: usize, n: i32): void {
  map(GELU, dx, dy, x, n, 0);
}
/** dy (σ(v) + x v′ σ(v) (1 − σ(v))), v = 2√(2/π) (x + 0.044715 x³) */
export function geluTanhGradient(dx: usize, dy: usize, x: usize, n: i32): void {
  map(GELU_TANH, dx, dy, x, n, 0);
}
/** dy · 2/√π e^−x² */
export function erfGradient(dx: usize, dy: usize, x: usize, n: i32): void {
  map(ERF, dx, dy, x, n, 0);
}
