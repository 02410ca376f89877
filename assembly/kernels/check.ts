// Searches for the first bad value: non-finite numbers, labels out of range. Not ops: the model asks before and after.
import { LANES, at, span } from "../simd";

/** Bits of +∞ without the sign: anything as large or larger is ±∞ or NaN. */
const INFINITE: i32 = 0x7f800000;
const MAGNITUDE: i32 = 0x7fffffff;

// @ts-ignore: decorator
@inline
function magnitude(x: usize): v128 {
  return v128.and(v128.load(x), i32x4.splat(MAGNITUDE));
}

/** Index of the first NaN or ±∞ of x: f32 [n], or −1. */
export function firstNonFinite(x: usize, n: i32): i32 {
  span(x, n);
  let i = 0;
  // Blocks of 16: the largest magnitude, compared as an integer.
  for (; i <= n - 16; i += 16) {
    const from = at(x, i);
    const largest = i32x4.max_s(
      i32x4.max_s(magnitude(from), magnitude(from + 16)),
      i32x4.max_s(magnitude(from + 32), magnitude(from + 48)),
    );
    if (v128.any_true(i32x4.ge_s(largest, i32x4.splat(INFINITE)))) break;
  }
  for (; i < n; ++i) if ((load<i32>(at(x, i)) & MAGNITUDE) >= INFINITE) return i;
  return -1;
}

/** Index of the first value of labels: i32 [n] that is below 0 or not below count, or −1. */
export function firstOutside(labels: usize, n: i32, count: i32): i32 {
  span(labels, n);
  const last = i32x4.splat(count - 1);
  const zero = i32x4.splat(0);
  const whole = n & ~(LANES - 1);
  let i = 0;
  for (; i < whole; i += LANES) {
    const v = v128.load(at(labels, i));
    if (v128.any_true(v128.or(i32x4.gt_s(v, last), i32x4.lt_s(v, zero)))) break;
  }
  for (; i < n; ++i) {
    const label = load<i32>(at(labels, i));
    if (label < 0 || label >= count) return i;
  }
  return -1;
}
