// Cross-entropy of rows of logits with integer labels, its gradient, and the comparison behind accuracy.
import { LANES, at, loadTail, span, storeTail } from "../simd";
import { exp } from "../math";
import { sumRow } from "../sums";

/**
 * out[i] = lse[i] − (1 − s)·logits[i, lᵢ] − (s/n)·Σⱼ logits[i,j], i < m, where lse is log Σⱼ exp(logits[i,j]),
 * s the label smoothing and lᵢ = labels[i] < n. Combined in f64, rounded once.
 * out: [m], logits: [m, n], lse: [m], labels: i32 [m].
 */
export function crossEntropy(
  out: usize, logits: usize, lse: usize, labels: usize, m: i32, n: i32, smoothing: f32,
): void {
  span(out, m);
  span(logits, m * n);
  span(lse, m);
  span(labels, m);
  const own = 1 - <f64>smoothing;
  const every = <f64>smoothing / <f64>n;
  for (let i = 0; i < m; ++i) {
    const row = at(logits, i * n);
    const label = load<i32>(at(labels, i));
    assert(<u32>label < <u32>n, "label out of range");
    let loss = <f64>load<f32>(at(lse, i)) - own * <f64>load<f32>(at(row, label));
    if (smoothing != 0) loss -= every * sumRow(row, n);
    store<f32>(at(out, i), <f32>loss);
  }
}

/**
 * dx[i,j] = dy[i·dyStride]·(exp(logits[i,j] − lse[i]) − (1 − s)·[j = lᵢ] − s/n). dyStride is 1, or 0 where dy is one
 * number. dx may be logits. dx, logits: [m, n], lse: [m], labels: i32 [m].
 */
export function crossEntropyGradient(
  dx: usize, dy: usize, dyStride: i32, logits: usize, lse: usize, labels: usize, m: i32, n: i32, smoothing: f32,
): void {
  span(dx, m * n);
  span(dy, m == 0 ? 0 : (m - 1) * dyStride + 1);
  span(logits, m * n);
  span(lse, m);
  span(labels, m);
  const every = <f64>smoothing / <f64>n;
  const cold = f32x4.splat(<f32>every);
  const hot = f32x4.splat(<f32>(1 - <f64>smoothing + every));
  for (let i = 0; i < m; ++i) {
    const to = at(dx, i * n);
    const row = at(logits, i * n);
    const scale = v128.load32_splat(at(dy, i * dyStride));
    const shift = v128.load32_splat(at(lse, i));
    const label = load<i32>(at(labels, i));
    assert(<u32>label < <u32>n, "label out of range");
    // One loop with the tail inside: a second copy of exp costs a narrow row more than the branch.
    for (let j = 0; j < n; j += LANES) {
      const rest = n - j;
      const x = rest < LANES ? loadTail(at(row, j), rest) : v128.load(at(row, j));
      const own = i32x4.eq(i32x4(0, 1, 2, 3), i32x4.splat(label - j));
      const difference = f32x4.sub(exp(f32x4.sub(x, shift)), v128.bitselect(hot, cold, own));
      const y = f32x4.mul(scale, difference);
      if (rest < LANES) storeTail(at(to, j), y, rest);
      else v128.store(at(to, j), y);
    }
  }
}

/** out[i] = a[i] == b[i] ? 1 : 0, i < n. out: f32 [n]; a, b: i32 [n]. */
export function equalLabels(out: usize, a: usize, b: usize, n: i32): void {
  span(out, n);
  span(a, n);
  span(b, n);
  const one = f32x4.splat(1);
  const whole = n & ~(LANES - 1);
  for (let i = 0; i < whole; i += LANES)
    v128.store(at(out, i), v128.and(one, i32x4.eq(v128.load(at(a, i)), v128.load(at(b, i)))));
  for (let i = whole; i < n; ++i)
    store<f32>(at(out, i), load<i32>(at(a, i)) == load<i32>(at(b, i)) ? 1 : 0);
}
