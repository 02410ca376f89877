// Elementwise functions of one argument: y[i] = f(x[i]), i < n. y may be x.
import {
  cos as cosOf,
  erf as erfOf,
  exp as expOf,
  expm1 as expm1Of,
  log1p as log1pOf,
  log as logOf,
  reciprocal as reciprocalOf,
  rsqrt as rsqrtOf,
  sigmoid as sigmoidOf,
  sin as sinOf,
  softplus as softplusOf,
  tanh as tanhOf,
} from "../math";
import { timesNormalCdf } from "../math/erf";
import { timesSigmoid } from "../math/sigmoid";
import { LANES, at, loadTail, span, storeTail } from "../simd";

/** Function numbers: compile-time constants, so each export below is one straight loop. */
const NEG = 0;
const ABS = 1;
const SQRT = 2;
const SQUARE = 3;
const RELU = 4;
const EXP = 5;
const LOG = 6;
const LOG1P = 7;
const EXPM1 = 8;
const RSQRT = 9;
const RECIPROCAL = 10;
const SIGN = 11;
const TANH = 12;
const SIGMOID = 13;
const ERF = 14;
const SILU = 15;
const SOFTPLUS = 16;
const GELU = 17;
const GELU_TANH = 18;
const SIN = 19;
const COS = 20;
const LEAKY_RELU = 21;
const ELU = 22;

/** 2√(2/π) and 0.044715 times it: gelu's tanh form is x · sigmoid(v), v = 2√(2/π) (x + 0.044715 x³). */
const GELU_LINEAR: f32 = 1.59576917;
const GELU_CUBIC: f32 = 0.0713548139;

// @ts-ignore: decorator
@inline
function apply(f: i32, x: v128, parameter: v128): v128 {
  const zero = f32x4.splat(0);
  switch (f) {
    case NEG:
      return f32x4.neg(x);
    case ABS:
      return f32x4.abs(x);
    case SQRT:
      return f32x4.sqrt(x);
    case SQUARE:
      return f32x4.mul(x, x);
    case EXP:
      return expOf(x);
    case LOG:
      return logOf(x);
    case LOG1P:
      return log1pOf(x);
    case EXPM1:
      return expm1Of(x);
    case RSQRT:
      return rsqrtOf(x);
    case RECIPROCAL:
      return reciprocalOf(x);
    case SIGN: {
      const one = f32x4.splat(1);
      const sign = v128.or(
        v128.and(f32x4.gt(x, zero), one),
        v128.and(f32x4.lt(x, zero), f32x4.splat(-1)),
      );
      // All bits of NaN are set where x is NaN.
      return v128.or(sign, f32x4.ne(x, x));
    }
    case TANH:
      return tanhOf(x);
    case SIGMOID:
      return sigmoidOf(x);
    case ERF:
      return erfOf(x);
    case SILU: {
      // Below −112 the result is −0, and −∞ · 0 must not become NaN.
      const z = f32x4.pmax(x, f32x4.splat(-112));
      return timesSigmoid(z, z);
    }
    case SOFTPLUS:
      return softplusOf(x);
    case GELU:
      return timesNormalCdf(x);
    case GELU_TANH: {
      const z = f32x4.pmax(x, f32x4.splat(-16));
      const slope = f32x4.add(
        f32x4.mul(f32x4.mul(z, z), f32x4.splat(GELU_CUBIC)),
        f32x4.splat(GELU_LINEAR),
      );
      return timesSigmoid(z, f32x4.mul(z, slope));
    }
    case SIN:
      return sinOf(x);
    case COS:
      return cosOf(x);
    case LEAKY_RELU:
      return v128.bitselect(x, f32x4.mul(x, parameter), f32x4.gt(x, zero));
    case ELU:
      return v128.bitselect(x, f32x4.mul(expm1Of(x), parameter), f32x4.gt(x, zero));
    default:
      // x where x is not below zero: NaN stays NaN.
      return v128.andnot(x, f32x4.lt(x, zero));
  }
}

/** Whether a function takes many instructions. */
// @ts-ignore: decorator
@inline
function isLong(f: i32): bool {
  return (f >= EXP && f <= EXPM1) || (f >= TANH && f <= COS) || f == ELU;
}

// @ts-ignore: decorator
@inline
function map(f: i32, y: usize, x: usize, n: i32, parameter: f32): void {
  span(y, n);
  span(x, n);
  const p = f32x4.splat(parameter);
  if (isLong(f)) {
    // One loop with the tail inside: half the code, for a branch that hides behind the function.
    for (let i = 0; i < n; i += LANES) {
      const rest = n - i;
      const v = apply(f, rest < LANES ? loadTail(at(x, i), rest) : v128.load(at(x, i)), p);
      if (rest < LANES) storeTail(at(y, i), v, rest);
      else v128.store(at(y, i), v);
    }
    return;
  }
  const whole = n & ~(LANES - 1);
  for (let i = 0; i < whole; i += LANES) v128.store(at(y, i), apply(f, v128.load(at(x, i)), p));
  if (whole < n) storeTail(at(y, whole), apply(f, loadTail(at(x, whole), n - whole), p), n - whole);
}

export function neg(y: usize, x: usize, n: i32): void {
  map(NEG, y, x, n, 0);
}
export function abs(y: usize, x: usize, n: i32): void {
  map(ABS, y, x, n, 0);
}
export function sqrt(y: usize, x: usize, n: i32): void {
  map(SQRT, y, x, n, 0);
}
export function square(y: usize, x: usize, n: i32): void {
  map(SQUARE, y, x, n, 0);
}
export function exp(y: usize, x: usize, n: i32): void {
  map(EXP, y, x, n, 0);
}
export function log(y: usize, x: usize, n: i32): void {
  map(LOG, y, x, n, 0);
}
export function log1p(y: usize, x: usize, n: i32): void {
  map(LOG1P, y, x, n, 0);
}
export function expm1(y: usize, x: usize, n: i32): void {
  map(EXPM1, y, x, n, 0);
}
/** 1/√x */
export function rsqrt(y: usize, x: usize, n: i32): void {
  map(RSQRT, y, x, n, 0);
}
export function reciprocal(y: usize, x: usize, n: i32): void {
  map(RECIPROCAL, y, x, n, 0);
}
/** −1, 0 or 1; NaN stays NaN. */
export function sign(y: usize, x: usize, n: i32): void {
  map(SIGN, y, x, n, 0);
}
/** max(x, 0); NaN stays NaN. */
export function relu(y: usize, x: usize, n: i32): void {
  map(RELU, y, x, n, 0);
}
export function tanh(y: usize, x: usize, n: i32): void {
  map(TANH, y, x, n, 0);
}
export function sigmoid(y: usize, x: usize, n: i32): void {
  map(SIGMOID, y, x, n, 0);
}
export function erf(y: usize, x: usize, n: i32): void {
  map(ERF, y, x, n, 0);
}
/** x · sigmoid(x); ≤ 3.5 ulp */
export function silu(y: usize, x: usize, n: i32): void {
  map(SILU, y, x, n, 0);
}
/** ln(1 + e^x) */
export function softplus(y: usize, x: usize, n: i32): void {
  map(SOFTPLUS, y, x, n, 0);
}
/** x Φ(x), Φ the distribution function of the standard normal; ≤ 7 ulp */
export function gelu(y: usize, x: usize, n: i32): void {
  map(GELU, y, x, n, 0);
}
/** ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))); ≤ 3.5 ulp above −1, growing with |v| to 250 ulp where the result is 1e−37 */
export function geluTanh(y: usize, x: usize, n: i32): void {
  map(GELU_TANH, y, x, n, 0);
}
export function sin(y: usize, x: usize, n: i32): void {
  map(SIN, y, x, n, 0);
}
export function cos(y: usize, x: usize, n: i32): void {
  map(COS, y, x, n, 0);
}
/** x above zero, slope · x elsewhere */
export function leakyRelu(y: usize, x: usize, n: i32, slope: f32): void {
  map(LEAKY_RELU, y, x, n, slope);
}
/** x above zero, alpha (e^x − 1) elsewhere */
export function elu(y: usize, x: usize, n: i32, alpha: f32): void {
  map(ELU, y, x, n, alpha);
}
