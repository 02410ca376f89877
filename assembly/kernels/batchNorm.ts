// Normalisation by channel with given statistics, and its gradients: x is [rows, channels], channels last.
import { GROUP, blockRows, clear, groupWidth } from "../channels";
import { high, loadColumns, low, narrow, storeColumns } from "../columns";
import { LANES, at, fma, span } from "../simd";

/** (x − mean)·factor + shift. */
// @ts-ignore: decorator
@inline
function affine(x: v128, mean: v128, factor: v128, shift: v128): v128 {
  return fma(f32x4.sub(x, mean), factor, shift);
}

/** total += part, four f32 lanes onto four f64 lanes at `total`. */
// @ts-ignore: decorator
@inline
function accumulate(total: usize, part: v128): void {
  v128.store(total, f64x2.add(v128.load(total), low(part)));
  v128.store(total, f64x2.add(v128.load(total, 16), high(part)), 16);
}

/**
 * y = (x − mean)·factor + shift, and `floor` where that is below it: 0 makes it relu's, −∞ changes nothing.
 * y, x: [rows, channels]; mean, factor, shift: [channels]. y may be x.
 */
export function normalize(
  y: usize, x: usize, mean: usize, factor: usize, shift: usize, rows: i32, channels: i32, floor: f32,
): void {
  span(y, rows * channels);
  span(x, rows * channels);
  span(mean, channels);
  span(factor, channels);
  span(shift, channels);
  const least = f32x4.splat(floor);
  const block = blockRows(channels);
  for (let start = 0; start < rows; start += block) {
    const n = min(block, rows - start);
    for (let c = 0; c < channels; ) {
      const width = groupWidth(c, channels);
      const m = loadColumns(at(mean, c), width);
      const f = loadColumns(at(factor, c), width);
      const s = loadColumns(at(shift, c), width);
      let from = at(x, start * channels + c);
      let to = at(y, start * channels + c);
      let j = 0;
      if (width == LANES) {
        for (; j <= n - 2; j += 2) {
          const a = v128.load(from);
          const b = v128.load(at(from, channels));
          v128.store(to, f32x4.pmax(affine(a, m, f, s), least));
          v128.store(at(to, channels), f32x4.pmax(affine(b, m, f, s), least));
          from = at(from, 2 * channels);
          to = at(to, 2 * channels);
        }
      }
      for (; j < n; ++j) {
        storeColumns(to, f32x4.pmax(affine(loadColumns(from, width), m, f, s), least), width);
        from = at(from, channels);
        to = at(to, channels);
      }
      c += width;
    }
  }
}

/** dy, or with `gates` dy where normalize() gave more than 0, else 0: relu's derivative, from x instead of a stored y. */
// @ts-ignore: decorator
@inline
function gated(gates: bool, dy: v128, centred: v128, factor: v128, shift: v128): v128 {
  return gates ? v128.and(dy, f32x4.gt(fma(centred, factor, shift), f32x4.splat(0))) : dy;
}

// @ts-ignore: decorator
@inline
function sums(
  gates: bool, out: usize, dy: usize, x: usize, mean: usize, factor: usize, shift: usize, scratch: usize,
  rows: i32, channels: i32,
): void {
  clear(scratch, channels);
  const block = blockRows(channels);
  for (let start = 0; start < rows; start += block) {
    const n = min(block, rows - start);
    let total = scratch;
    for (let c = 0; c < channels; total += GROUP) {
      const width = groupWidth(c, channels);
      const m = loadColumns(at(mean, c), width);
      const f = loadColumns(at(factor, c), width);
      const s = loadColumns(at(shift, c), width);
      let from = at(x, start * channels + c);
      let by = at(dy, start * channels + c);
      let g0 = f32x4.splat(0);
      let g1 = g0;
      let p0 = g0;
      let p1 = g0;
      let j = 0;
      if (width == LANES) {
        for (; j <= n - 2; j += 2) {
          const a = f32x4.sub(v128.load(from), m);
          const b = f32x4.sub(v128.load(at(from, channels)), m);
          const ga = gated(gates, v128.load(by), a, f, s);
          const gb = gated(gates, v128.load(at(by, channels)), b, f, s);
          g0 = f32x4.add(g0, ga);
          g1 = f32x4.add(g1, gb);
          p0 = fma(ga, a, p0);
          p1 = fma(gb, b, p1);
          from = at(from, 2 * channels);
          by = at(by, 2 * channels);
        }
      }
      for (; j < n; ++j) {
        const a = f32x4.sub(loadColumns(from, width), m);
        const ga = gated(gates, loadColumns(by, width), a, f, s);
        g0 = f32x4.add(g0, ga);
        p0 = fma(ga, a, p0);
        from = at(from, channels);
        by = at(by, channels);
      }
      accumulate(total, f32x4.add(g0, g1));
      accumulate(total + 32, f32x4.add(p0, p1));
      c += width;
    }
  }
  let total = scratch;
  for (let c = 0; c < channels; total += GROUP) {
    const width = groupWidth(c, channels);
    storeColumns(at(out, c), narrow(v128.load(total), v128.load(total, 16)), width);
    storeColumns(at(out, channels + c), narrow(v128.load(total, 32), v128.load(total, 48)), width);
    c += width;
  }
}

/**
 * Σ g and Σ g·(x − mean) over the rows; g is dy, or with gates = 1 dy where normalize() gave more than 0, else 0.
 * out: [2·channels]; dy, x: [rows, channels]; mean, factor, shift: [channels]; scratch as for batchStatistics.
 */
export function normalizeSums(
  out: usize, dy: usize, x: usize, mean: usize, factor: usize, shift: usize, scratch: usize,
  rows: i32, channels: i32, gates: i32,
): void {
  span(out, 2 * channels);
  span(dy, rows * channels);
  span(x, rows * channels);
  if (gates) sums(true, out, dy, x, mean, factor, shift, scratch, rows, channels);
  else sums(false, out, dy, x, mean, factor, shift, scratch, rows, channels);
}

// @ts-ignore: decorator
@inline
function gradient(
  gates: bool, dx: usize, dy: usize, x: usize, mean: usize, factor: usize, shift: usize, slopes: usize,
  rows: i32, channels: i32,
): void {
  const each = f32x4.splat(<f32>(1 / <f64>rows));
  const twice = f32x4.splat(<f32>(2 / <f64>rows));
  const block = blockRows(channels);
  for (let start = 0; start < rows; start += block) {
    const n = min(block, rows - start);
    for (let c = 0; c < channels; ) {
      const width = groupWidth(c, channels);
      const m = loadColumns(at(mean, c), width);
      const f = loadColumns(at(factor, c), width);
      const s = loadColumns(at(shift, c), width);
      const constant = f32x4.mul(loadColumns(at(slopes, c), width), each);
      const linear = f32x4.mul(loadColumns(at(slopes, channels + c), width), twice);
      let from = at(x, start * channels + c);
      let by = at(dy, start * channels + c);
      let to = at(dx, start * channels + c);
      let j = 0;
      if (width == LANES) {
        for (; j <= n - 2; j += 2) {
          const a = f32x4.sub(v128.load(from), m);
          const b = f32x4.sub(v128.load(at(from, channels)), m);
          const ga = gated(gates, v128.load(by), a, f, s);
          const gb = gated(gates, v128.load(at(by, channels)), b, f, s);
          v128.store(to, fma(ga, f, fma(linear, a, constant)));
          v128.store(at(to, channels), fma(gb, f, fma(linear, b, constant)));
          from = at(from, 2 * channels);
          by = at(by, 2 * channels);
          to = at(to, 2 * channels);
        }
      }
      for (; j < n; ++j) {
        const a = f32x4.sub(loadColumns(from, width), m);
        const g = gated(gates, loadColumns(by, width), a, f, s);
        storeColumns(to, fma(g, f, fma(linear, a, constant)), width);
        from = at(from, channels);
        by = at(by, channels);
        to = at(to, channels);
      }
      c += width;
    }
  }
}

/**
 * dx = g·factor + slope[c] + 2·slope[channels + c]·(x − mean), the slopes divided by rows: what reaches x through
 * normalize() and through its mean and variance, whose cotangents the slopes are. g as for normalizeSums.
 * dx, dy, x: [rows, channels]; mean, factor, shift: [channels]; slopes: [2·channels]. dx may be dy or x.
 */
export function normalizeGradient(
  dx: usize, dy: usize, x: usize, mean: usize, factor: usize, shift: usize, slopes: usize,
  rows: i32, channels: i32, gates: i32,
): void {
  span(dx, rows * channels);
  span(dy, rows * channels);
  span(x, rows * channels);
  span(slopes, 2 * channels);
  if (gates) gradient(true, dx, dy, x, mean, factor, shift, slopes, rows, channels);
  else gradient(false, dx, dy, x, mean, factor, shift, slopes, rows, channels);
}
