// Mean and variance by channel: x is [rows, channels], channels last.
import { GROUP, blockRows, clear, groupWidth } from "../channels";
import { high, loadColumns, low, narrow, storeColumns } from "../columns";
import { LANES, at, fma, span } from "../simd";

/**
 * Joins n elements, with sum S and sum of squares Q around `shift`, to mean and M (the sum of squares around the mean)
 * of the `before` elements so far: Chan, Golub and LeVeque 1979. Two channels in f64 lanes; M lies 32 bytes behind.
 */
// @ts-ignore: decorator
@inline
function join(mean: usize, shift: v128, sum: v128, squares: v128, n: f64, before: f64): void {
  const own = f64x2.mul(sum, f64x2.splat(1 / n));
  const spread = f64x2.sub(squares, f64x2.mul(sum, own));
  const old = v128.load(mean);
  const step = f64x2.sub(f64x2.add(shift, own), old);
  const share = n / (n + before);
  v128.store(mean, f64x2.add(old, f64x2.mul(step, f64x2.splat(share))));
  const between = f64x2.mul(f64x2.mul(step, step), f64x2.splat(before * share));
  // Rounding may take the spread of equal elements below zero.
  const within = f64x2.pmax(spread, f64x2.splat(0));
  v128.store(mean, f64x2.add(v128.load(mean, 32), f64x2.add(within, between)), 32);
}

/**
 * Means and biased variances of the channels. Each block is summed around its own first row s, in f32: the squares add
 * up to at most rows + 1 times those around the block's mean, as s is one of them, so a large mean costs no digits.
 * Blocks are joined in f64. out: [2·channels], means then variances; x: [rows, channels];
 * scratch: 64 bytes for each four channels and for each one behind them.
 */
export function batchStatistics(out: usize, x: usize, scratch: usize, rows: i32, channels: i32): void {
  span(out, 2 * channels);
  span(x, rows * channels);
  clear(scratch, channels);
  const block = blockRows(channels);
  for (let start = 0; start < rows; start += block) {
    const n = min(block, rows - start);
    let total = scratch;
    for (let c = 0; c < channels; total += GROUP) {
      const width = groupWidth(c, channels);
      let from = at(x, start * channels + c);
      const shift = loadColumns(from, width);
      let s = f32x4.splat(0);
      let t = s;
      let u = s;
      let v = s;
      let ss = s;
      let tt = s;
      let uu = s;
      let vv = s;
      let j = 0;
      if (width == LANES) {
        for (; j <= n - 4; j += 4) {
          const a = f32x4.sub(v128.load(from), shift);
          const b = f32x4.sub(v128.load(at(from, channels)), shift);
          const d = f32x4.sub(v128.load(at(from, 2 * channels)), shift);
          const e = f32x4.sub(v128.load(at(from, 3 * channels)), shift);
          s = f32x4.add(s, a);
          t = f32x4.add(t, b);
          u = f32x4.add(u, d);
          v = f32x4.add(v, e);
          ss = fma(a, a, ss);
          tt = fma(b, b, tt);
          uu = fma(d, d, uu);
          vv = fma(e, e, vv);
          from = at(from, 4 * channels);
        }
      }
      for (; j < n; ++j) {
        const a = f32x4.sub(loadColumns(from, width), shift);
        s = f32x4.add(s, a);
        ss = fma(a, a, ss);
        from = at(from, channels);
      }
      s = f32x4.add(f32x4.add(s, t), f32x4.add(u, v));
      ss = f32x4.add(f32x4.add(ss, tt), f32x4.add(uu, vv));
      join(total, low(shift), low(s), low(ss), <f64>n, <f64>start);
      join(total + 16, high(shift), high(s), high(ss), <f64>n, <f64>start);
      c += width;
    }
  }
  const each = f64x2.splat(1 / <f64>rows);
  let total = scratch;
  for (let c = 0; c < channels; total += GROUP) {
    const width = groupWidth(c, channels);
    storeColumns(at(out, c), narrow(v128.load(total), v128.load(total, 16)), width);
    const lows = f64x2.mul(v128.load(total, 32), each);
    storeColumns(at(out, channels + c), narrow(lows, f64x2.mul(v128.load(total, 48), each)), width);
    c += width;
  }
}
