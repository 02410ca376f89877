// Pooling over windows of an image, channels last: x [batch, height, width, channels], y [batch, outHeight, outWidth,
// channels]. Window (i, j) holds rows i·strideH − top + u, u < windowH, and columns likewise, where they lie in the image:
// padding never wins a maximum and does not count in an average. Every window must meet the image.
// Four channels at a time, those behind the last four one by one.
import { loadColumns, storeColumns } from "../columns";
import { LANES, at, span } from "../simd";

/** What is done with a window: compile-time constants. */
const MAX = 0;
const MAX_SCATTER = 1;
const MAX_GATHER = 2;
const MEAN = 3;
const MEAN_SCATTER = 4;

/** Writes part of dx: over what is there, or onto it. */
// @ts-ignore: decorator
@inline
function put(adds: bool, to: usize, part: v128): void {
  v128.store(to, adds ? f32x4.add(v128.load(to), part) : part);
}

// @ts-ignore: decorator
@inline
function isNaN4(x: v128): v128 {
  return f32x4.ne(x, x);
}

/** Whether a later element takes the place of the best one: the first of equal ones stays; a NaN always takes it. */
// @ts-ignore: decorator
@inline
function wins(x: v128, best: v128): v128 {
  return v128.or(f32x4.gt(x, best), isNaN4(x));
}

/**
 * A whole window of two rows, `row` bytes apart, and two columns, `column` bytes apart, in four channels.
 *
 *     window  p q   at x (of dx for the gradients), and the same `row` further on:  r s
 */
// @ts-ignore: decorator
@inline
function twoByTwo(mode: i32, pooled: usize, x: usize, dx: usize, row: usize, column: usize, adds: bool): void {
  if (mode == MEAN_SCATTER) {
    const part = f32x4.mul(v128.load(pooled), f32x4.splat(0.25));
    put(adds, dx, part);
    put(adds, dx + column, part);
    put(adds, dx + row, part);
    put(adds, dx + row + column, part);
    return;
  }
  const p = v128.load(x);
  const q = v128.load(x + column);
  const r = v128.load(x + row);
  const s = v128.load(x + row + column);
  if (mode == MEAN) {
    v128.store(pooled, f32x4.mul(f32x4.add(f32x4.add(f32x4.add(p, q), r), s), f32x4.splat(0.25)));
  } else if (mode == MAX) {
    const nan = v128.or(v128.or(isNaN4(p), isNaN4(q)), v128.or(isNaN4(r), isNaN4(s)));
    v128.store(pooled, v128.or(f32x4.pmax(f32x4.pmax(p, q), f32x4.pmax(r, s)), nan));
  } else {
    const dy = v128.load(pooled);
    const toQ = wins(q, p);
    const first = v128.bitselect(q, p, toQ);
    const toR = wins(r, first);
    const toS = wins(s, v128.bitselect(r, first, toR));
    const below = v128.or(toR, toS);
    put(adds, dx, v128.andnot(dy, v128.or(toQ, below)));
    put(adds, dx + column, v128.andnot(v128.and(dy, toQ), below));
    put(adds, dx + row, v128.andnot(v128.and(dy, toR), toS));
    put(adds, dx + row + column, v128.and(dy, toS));
  }
}

/** A window of any rows and columns inside the image, in four channels or one (`lanes`). x, image: its first elements. */
// @ts-ignore: decorator
@inline
function anyWindow(
  mode: i32, pooled: usize, x: usize, image: usize, rows: i32, columns: i32, row: usize, column: usize, lanes: i32,
  adds: bool,
): void {
  const count = f32x4.splat(<f32>(rows * columns));
  let best = f32x4.splat(mode == MEAN ? 0 : -Infinity);
  let nan = i32x4.splat(0);
  let winner = i32x4.splat(0);
  if (mode != MEAN_SCATTER) {
    for (let u = 0, k = 0; u < rows; ++u) {
      let from = x;
      for (let v = 0; v < columns; ++v, ++k) {
        const value = loadColumns(from, lanes);
        if (mode == MEAN) best = f32x4.add(best, value);
        else if (mode == MAX) {
          nan = v128.or(nan, isNaN4(value));
          best = f32x4.pmax(best, value);
        } else {
          const better = wins(value, best);
          best = v128.bitselect(value, best, better);
          winner = v128.bitselect(i32x4.splat(k), winner, better);
        }
        from += column;
      }
      x += row;
    }
  }
  if (mode == MAX) storeColumns(pooled, v128.or(best, nan), lanes);
  else if (mode == MEAN) storeColumns(pooled, f32x4.div(best, count), lanes);
  else {
    const own = mode == MAX_GATHER ? f32x4.splat(0) : loadColumns(pooled, lanes);
    const given = mode == MEAN_SCATTER ? f32x4.div(own, count) : own;
    let found = f32x4.splat(0);
    for (let u = 0, k = 0; u < rows; ++u) {
      let at = image;
      for (let v = 0; v < columns; ++v, ++k) {
        const here = i32x4.eq(winner, i32x4.splat(k));
        if (mode == MAX_GATHER) found = v128.or(found, v128.and(loadColumns(at, lanes), here));
        else {
          const part = mode == MEAN_SCATTER ? given : v128.and(given, here);
          storeColumns(at, adds ? f32x4.add(loadColumns(at, lanes), part) : part, lanes);
        }
        at += column;
      }
      image += row;
    }
    if (mode == MAX_GATHER) storeColumns(pooled, found, lanes);
  }
}

/** All channels of a window. */
// @ts-ignore: decorator
@inline
function window(
  mode: i32, pooled: usize, x: usize, image: usize, rows: i32, columns: i32, row: usize, channels: i32, adds: bool,
): void {
  const column = (<usize>channels) << 2;
  const whole = column & ~15;
  let c: usize = 0;
  if (mode != MAX_GATHER && rows == 2 && columns == 2) {
    for (; c < whole; c += 16) twoByTwo(mode, pooled + c, x + c, image + c, row, column, adds);
  } else {
    for (; c < whole; c += 16)
      anyWindow(mode, pooled + c, x + c, image + c, rows, columns, row, column, LANES, adds);
  }
  // Where nothing is added, the last four channels may repeat some of the four before them: equal bits.
  if (c < column && whole > 0 && !adds) {
    c = column - 16;
    anyWindow(mode, pooled + c, x + c, image + c, rows, columns, row, column, LANES, false);
  } else {
    for (; c < column; c += 4)
      anyWindow(mode, pooled + c, x + c, image + c, rows, columns, row, column, 1, adds);
  }
}

// A function for each mode: what is alive in a loop over channels then fits in registers.
function maxWindow(y: usize, x: usize, rows: i32, columns: i32, row: usize, channels: i32): void {
  window(MAX, y, x, x, rows, columns, row, channels, false);
}
function maxScatterWindow(
  dy: usize, x: usize, dx: usize, rows: i32, columns: i32, row: usize, channels: i32, adds: bool,
): void {
  window(MAX_SCATTER, dy, x, dx, rows, columns, row, channels, adds);
}
function maxGatherWindow(out: usize, x: usize, u: usize, rows: i32, columns: i32, row: usize, channels: i32): void {
  window(MAX_GATHER, out, x, u, rows, columns, row, channels, false);
}
function meanWindow(y: usize, x: usize, rows: i32, columns: i32, row: usize, channels: i32): void {
  window(MEAN, y, x, x, rows, columns, row, channels, false);
}
function meanScatterWindow(dy: usize, dx: usize, rows: i32, columns: i32, row: usize, channels: i32, adds: bool): void {
  window(MEAN_SCATTER, dy, dx, dx, rows, columns, row, channels, adds);
}

/**
 * pooled: y, dy, or the result of a gather; x decides where the maxima are; image: dx, or what is gathered from.
 */
// @ts-ignore: decorator
@inline
function pool(
  mode: i32, pooled: usize, x: usize, image: usize, batch: i32, height: i32, width: i32, channels: i32, windowH: i32,
  windowW: i32, strideH: i32, strideW: i32, top: i32, left: i32, outHeight: i32, outWidth: i32,
): void {
  const elements = batch * height * width * channels;
  span(pooled, batch * outHeight * outWidth * channels);
  span(x, elements);
  span(image, elements);
  // Windows that tile the image write each element once; others add up in elements that begin at zero.
  const tiles = windowH == strideH && windowW == strideW && height == outHeight * strideH && width == outWidth * strideW;
  const adds = (mode == MAX_SCATTER || mode == MEAN_SCATTER) && !(tiles && (top | left) == 0);
  if (adds) memory.fill(image, 0, (<usize>elements) << 2);
  const row = (<usize>(width * channels)) << 2;
  for (let b = 0; b < batch; ++b) {
    for (let i = 0; i < outHeight; ++i) {
      const firstRow = max(i * strideH - top, 0);
      const rows = min(i * strideH - top + windowH, height) - firstRow;
      for (let j = 0; j < outWidth; ++j) {
        const firstColumn = max(j * strideW - left, 0);
        const columns = min(j * strideW - left + windowW, width) - firstColumn;
        const corner = ((b * height + firstRow) * width + firstColumn) * channels;
        const from = at(x, corner);
        const to = at(image, corner);
        if (mode == MAX) maxWindow(pooled, from, rows, columns, row, channels);
        else if (mode == MAX_SCATTER) maxScatterWindow(pooled, from, to, rows, columns, row, channels, adds);
        else if (mode == MAX_GATHER) maxGatherWindow(pooled, from, to, rows, columns, row, channels);
        else if (mode == MEAN) meanWindow(pooled, from, rows, columns, row, channels);
        else meanScatterWindow(pooled, to, rows, columns, row, channels, adds);
        pooled = at(pooled, channels);
      }
    }
  }
}

/** The largest of each window; NaN if one is NaN. */
export function maxPool(
  y: usize, x: usize, batch: i32, height: i32, width: i32, channels: i32, windowH: i32, windowW: i32, strideH: i32,
  strideW: i32, top: i32, left: i32, outHeight: i32, outWidth: i32,
): void {
  pool(
    MAX, y, x, x, batch, height, width, channels, windowH, windowW, strideH, strideW, top, left, outHeight, outWidth,
  );
}

/** The gradient of maxPool: dy goes to the first largest element of its window, or the last NaN, as in PyTorch. */
export function maxPoolGradient(
  dx: usize, dy: usize, x: usize, batch: i32, height: i32, width: i32, channels: i32, windowH: i32, windowW: i32,
  strideH: i32, strideW: i32, top: i32, left: i32, outHeight: i32, outWidth: i32,
): void {
  pool(
    MAX_SCATTER, dy, x, dx, batch, height, width, channels, windowH, windowW, strideH, strideW, top, left, outHeight,
    outWidth,
  );
}

/** out = of each window of u, the element at the place that maxPoolGradient would send dy to: its own gradient by dy. */
export function maxPoolGather(
  out: usize, u: usize, x: usize, batch: i32, height: i32, width: i32, channels: i32, windowH: i32, windowW: i32,
  strideH: i32, strideW: i32, top: i32, left: i32, outHeight: i32, outWidth: i32,
): void {
  pool(
    MAX_GATHER, out, x, u, batch, height, width, channels, windowH, windowW, strideH, strideW, top, left, outHeight,
    outWidth,
  );
}

/** The mean of each window's elements inside the image. */
export function averagePool(
  y: usize, x: usize, batch: i32, height: i32, width: i32, channels: i32, windowH: i32, windowW: i32, strideH: i32,
  strideW: i32, top: i32, left: i32, outHeight: i32, outWidth: i32,
): void {
  pool(
    MEAN, y, x, x, batch, height, width, channels, windowH, windowW, strideH, strideW, top, left, outHeight, outWidth,
  );
}

/** The gradient of averagePool: dy in equal shares to the elements of its window. */
export function averagePoolGradient(
  dx: usize, dy: usize, batch: i32, height: i32, width: i32, channels: i32, windowH: i32, windowW: i32, strideH: i32,
  strideW: i32, top: i32, left: i32, outHeight: i32, outWidth: i32,
): void {
  pool(
    MEAN_SCATTER, dy, dx, dx, batch, height, width, channels, windowH, windowW, strideH, strideW, top, left, outHeight,
    outWidth,
  );
}
