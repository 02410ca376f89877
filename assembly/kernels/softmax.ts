// Softmax and its logarithm over rows, with their gradients. All buffers are [m, n].
import { LANES, at, fma, loadTail, span, storeTail } from "../simd";
import { exp, log } from "../math";
import { sumExp } from "../sumExp";
import { dotRow, maxRow, sumRow } from "../sums";

/**
 * out[i,j] = exp(x[i,j] − maxᵢ) / Σₖ exp(x[i,k] − maxᵢ). An entry of −∞ gives 0; a NaN or +∞ entry, or a row of −∞,
 * makes its row NaN. out may be x.
 */
export function softmax(out: usize, x: usize, m: i32, n: i32): void {
  span(out, m * n);
  span(x, m * n);
  const whole = n & ~(LANES - 1);
  for (let i = 0; i < m; ++i) {
    const y = at(out, i * n);
    const from = at(x, i * n);
    const sum = f32x4.splat(<f32>sumExp(true, y, from, maxRow(from, n), n));
    for (let j = 0; j < whole; j += LANES) v128.store(at(y, j), f32x4.div(v128.load(at(y, j)), sum));
    if (whole < n) storeTail(at(y, whole), f32x4.div(loadTail(at(y, whole), n - whole), sum), n - whole);
  }
}

/** out[i,j] = (x[i,j] − maxᵢ) − log Σₖ exp(x[i,k] − maxᵢ). Special values as in softmax. out may be x. */
export function logSoftmax(out: usize, x: usize, m: i32, n: i32): void {
  span(out, m * n);
  span(x, m * n);
  const whole = n & ~(LANES - 1);
  for (let i = 0; i < m; ++i) {
    const y = at(out, i * n);
    const from = at(x, i * n);
    const largest = maxRow(from, n);
    const shift = f32x4.splat(largest);
    const offset = log(f32x4.splat(<f32>sumExp(false, 0, from, largest, n)));
    for (let j = 0; j < whole; j += LANES)
      v128.store(at(y, j), f32x4.sub(f32x4.sub(v128.load(at(from, j)), shift), offset));
    if (whole < n) {
      const v = loadTail(at(from, whole), n - whole);
      storeTail(at(y, whole), f32x4.sub(f32x4.sub(v, shift), offset), n - whole);
    }
  }
}

/** dx[i,j] = y[i,j]·(dy[i,j] − Σₖ dy[i,k]·y[i,k]), y the softmax. dx may be dy or y. */
export function softmaxGradient(dx: usize, dy: usize, y: usize, m: i32, n: i32): void {
  span(dx, m * n);
  span(dy, m * n);
  span(y, m * n);
  const whole = n & ~(LANES - 1);
  for (let i = 0; i < m; ++i) {
    const to = at(dx, i * n);
    const gradient = at(dy, i * n);
    const value = at(y, i * n);
    const mean = f32x4.splat(<f32>dotRow(gradient, value, n));
    for (let j = 0; j < whole; j += LANES) {
      const difference = f32x4.sub(v128.load(at(gradient, j)), mean);
      v128.store(at(to, j), f32x4.mul(v128.load(at(value, j)), difference));
    }
    for (let j = whole; j < n; ++j) {
      const difference = load<f32>(at(gradient, j)) - f32x4.extract_lane(mean, 0);
      store<f32>(at(to, j), load<f32>(at(value, j)) * difference);
    }
  }
}

/** dx[i,j] = dy[i,j] − exp(y[i,j])·Σₖ dy[i,k], y the log-softmax. dx may be dy or y. */
export function logSoftmaxGradient(dx: usize, dy: usize, y: usize, m: i32, n: i32): void {
  span(dx, m * n);
  span(dy, m * n);
  span(y, m * n);
  for (let i = 0; i < m; ++i) {
    const to = at(dx, i * n);
    const gradient = at(dy, i * n);
    const value = at(y, i * n);
    const minusSum = f32x4.splat(-(<f32>sumRow(gradient, n)));
    for (let j = 0; j < n; j += LANES) {
      const rest = n - j;
      const v = rest < LANES ? loadTail(at(value, j), rest) : v128.load(at(value, j));
      const d = rest < LANES ? loadTail(at(gradient, j), rest) : v128.load(at(gradient, j));
      const result = fma(exp(v), minusSum, d);
      if (rest < LANES) storeTail(at(to, j), result, rest);
      else v128.store(at(to, j), result);
    }
  }
}
