// Elementwise functions of one argument: y[i] = f(x[i]), i < n. y may be x.
import { LANES, at, loadTail, span, storeTail } from "../simd";

/** Function numbers: compile-time constants, so each export below is one straight loop. */
const NEG = 0;
const ABS = 1;
const SQRT = 2;
const SQUARE = 3;
const RELU = 4;

// @ts-ignore: decorator
@inline
function apply(f: i32, x: v128): v128 {
  switch (f) {
    case NEG:
      return f32x4.neg(x);
    case ABS:
      return f32x4.abs(x);
    case SQRT:
      return f32x4.sqrt(x);
    case SQUARE:
      return f32x4.mul(x, x);
    default:
      // x where x is not below zero: NaN stays NaN.
      return v128.andnot(x, f32x4.lt(x, f32x4.splat(0)));
  }
}

// @ts-ignore: decorator
@inline
function map(f: i32, y: usize, x: usize, n: i32): void {
  span(y, n);
  span(x, n);
  const whole = n & ~(LANES - 1);
  for (let i = 0; i < whole; i += LANES) v128.store(at(y, i), apply(f, v128.load(at(x, i))));
  if (whole < n) storeTail(at(y, whole), apply(f, loadTail(at(x, whole), n - whole)), n - whole);
}

export function neg(y: usize, x: usize, n: i32): void {
  map(NEG, y, x, n);
}
export function abs(y: usize, x: usize, n: i32): void {
  map(ABS, y, x, n);
}
export function sqrt(y: usize, x: usize, n: i32): void {
  map(SQRT, y, x, n);
}
export function square(y: usize, x: usize, n: i32): void {
  map(SQUARE, y, x, n);
}
export function relu(y: usize, x: usize, n: i32): void {
  map(RELU, y, x, n);
}
