// Convolution by 3 × 3 filters that move by one, and its two gradients, with fewer products: F(2×2, 3×3) of Winograd, as
// in Lavin and Gray (2016), "Fast algorithms for convolutional neural networks". A tile of 2 × 2 results takes 16 products
// a channel in place of 36:
//
//   Y = Aᵀ·[(G·g·Gᵀ) ⊙ (Bᵀ·d·B)]·A          d: 4 × 4 pixels, g: 3 × 3 weights
//
// and the sum over channels makes of each of the 16 a matrix product [tiles, channels]·[channels, filters]. The input
// gradient is the same with filters turned over; the filter gradient is the adjoint, Gᵀ·[Σ (Bᵀ·d·B) ⊙ (A·dY·Aᵀ)]·G.
// A block of tiles is in work at a time, so that its 16 matrices stay in the second-level cache.
//
// The order of all sums is fixed, as everywhere: strict builds have the same bits on every engine. The rounding is that
// of the transformed numbers: at most (channels + 16)·2⁻²⁴ times |Aᵀ|·[Σ (|G|·|g|·|Gᵀ|) ⊙ (|Bᵀ|·|d|·|B|)]·|A|, of the
// filter gradient with tiles in place of channels. A number that is not finite spoils its whole tile.
//
// Channels and filters are multiples of four. Scratch is aligned to 16 bytes; src/ops/convScratch.ts knows its size.
import { ACCUMULATE, BIAS, BIAS_RELU, MASK, gated, plus, relu } from "../gemm/epilogue";
import { gemm } from "../gemm";
import { at, span } from "../simd";

/** Matrices lie this many floats further apart than they are long: so that their lines fall into different cache sets. */
const GAP: i32 = 16;
const HALF: f32 = 0.5;

/** Bytes from one of 16 matrices of lines of `width` numbers to the next. */
// @ts-ignore: decorator
@inline
function stepOf(tiles: i32, width: i32): usize {
  return (<usize>(tiles * width + GAP)) << 2;
}

/** Four numbers r → Bᵀ·r, stored `step` bytes apart. */
// @ts-ignore: decorator
@inline
function storeImage(to: usize, step: usize, r0: v128, r1: v128, r2: v128, r3: v128): void {
  v128.store(to, f32x4.sub(r0, r2));
  v128.store(to + step, f32x4.add(r1, r2));
  v128.store(to + 2 * step, f32x4.sub(r2, r1));
  v128.store(to + 3 * step, f32x4.sub(r1, r3));
}

/** Bᵀ·d·B of each channel of 4 × 4 pixels: number s of the 16 goes `s·step` bytes behind `to`. */
function transformImage(to: usize, step: usize, d: usize, row: usize, pixel: usize, channels: i32): void {
  const row2 = row << 1;
  const row3 = row + row2;
  for (let c = 0; c < channels; c += 4) {
    let p = d;
    let d1 = v128.load(p + row);
    let d2 = v128.load(p + row2);
    const a0 = f32x4.sub(v128.load(p), d2);
    const b0 = f32x4.add(d1, d2);
    const c0 = f32x4.sub(d2, d1);
    const e0 = f32x4.sub(d1, v128.load(p + row3));
    p += pixel;
    d1 = v128.load(p + row);
    d2 = v128.load(p + row2);
    const a1 = f32x4.sub(v128.load(p), d2);
    const b1 = f32x4.add(d1, d2);
    const c1 = f32x4.sub(d2, d1);
    const e1 = f32x4.sub(d1, v128.load(p + row3));
    p += pixel;
    d1 = v128.load(p + row);
    d2 = v128.load(p + row2);
    const a2 = f32x4.sub(v128.load(p), d2);
    const b2 = f32x4.add(d1, d2);
    const c2 = f32x4.sub(d2, d1);
    const e2 = f32x4.sub(d1, v128.load(p + row3));
    p += pixel;
    d1 = v128.load(p + row);
    d2 = v128.load(p + row2);
    const a3 = f32x4.sub(v128.load(p), d2);
    const b3 = f32x4.add(d1, d2);
    const c3 = f32x4.sub(d2, d1);
    const e3 = f32x4.sub(d1, v128.load(p + row3));
    storeImage(to, step, a0, a1, a2, a3);
    storeImage(to + 4 * step, step, b0, b1, b2, b3);
    storeImage(to + 8 * step, step, c0, c1, c2, c3);
    storeImage(to + 12 * step, step, e0, e1, e2, e3);
    d += 16;
    to += 16;
  }
}

/** Two numbers r → A·r, stored `step` bytes apart. */
// @ts-ignore: decorator
@inline
function storeGradient(to: usize, step: usize, r0: v128, r1: v128): void {
  v128.store(to, r0);
  v128.store(to + step, f32x4.add(r0, r1));
  v128.store(to + 2 * step, f32x4.sub(r0, r1));
  v128.store(to + 3 * step, f32x4.neg(r1));
}

/** A·dY·Aᵀ of each filter of 2 × 2 pixels. */
function transformGradient(to: usize, step: usize, dy: usize, row: usize, pixel: usize, filters: i32): void {
  for (let f = 0; f < filters; f += 4) {
    const y00 = v128.load(dy);
    const y01 = v128.load(dy + pixel);
    const y10 = v128.load(dy + row);
    const y11 = v128.load(dy + row + pixel);
    storeGradient(to, step, y00, y01);
    storeGradient(to + 4 * step, step, f32x4.add(y00, y10), f32x4.add(y01, y11));
    storeGradient(to + 8 * step, step, f32x4.sub(y00, y10), f32x4.sub(y01, y11));
    storeGradient(to + 12 * step, step, f32x4.neg(y10), f32x4.neg(y11));
    dy += 16;
    to += 16;
  }
}

/** Three weights g → G·g, stored `step` bytes apart. */
// @ts-ignore: decorator
@inline
function storeFilter(to: usize, step: usize, g0: v128, g1: v128, g2: v128): void {
  const half = f32x4.splat(HALF);
  const outer = f32x4.add(g0, g2);
  v128.store(to, g0);
  v128.store(to + step, f32x4.mul(half, f32x4.add(outer, g1)));
  v128.store(to + 2 * step, f32x4.mul(half, f32x4.sub(outer, g1)));
  v128.store(to + 3 * step, g2);
}

/** G·g·Gᵀ of `count` filters, [3, 3, count] → [16, count]; with `tap` −1, of filters turned over. */
function transformFilters(to: usize, w: usize, count: i32, tap: i32): void {
  const step = (<usize>count) << 2;
  const right = step * <usize>tap;
  const down = right + (right << 1);
  const half = f32x4.splat(HALF);
  if (tap < 0) w += step << 3;
  for (let i = 0; i < count; i += 4) {
    const top0 = v128.load(w);
    const top1 = v128.load(w + right);
    const top2 = v128.load(w + 2 * right);
    const low = w + (down << 1);
    const low0 = v128.load(low);
    const low1 = v128.load(low + right);
    const low2 = v128.load(low + 2 * right);
    const outer0 = f32x4.add(top0, low0);
    const outer1 = f32x4.add(top1, low1);
    const outer2 = f32x4.add(top2, low2);
    const middle = w + down;
    const middle0 = v128.load(middle);
    const middle1 = v128.load(middle + right);
    const middle2 = v128.load(middle + 2 * right);
    storeFilter(to, step, top0, top1, top2);
    storeFilter(
      to + 4 * step, step, f32x4.mul(half, f32x4.add(outer0, middle0)), f32x4.mul(half, f32x4.add(outer1, middle1)),
      f32x4.mul(half, f32x4.add(outer2, middle2)),
    );
    storeFilter(
      to + 8 * step, step, f32x4.mul(half, f32x4.sub(outer0, middle0)), f32x4.mul(half, f32x4.sub(outer1, middle1)),
      f32x4.mul(half, f32x4.sub(outer2, middle2)),
    );
    storeFilter(to + 12 * step, step, low0, low1, low2);
    w += 16;
    to += 16;
  }
}

// Aᵀ of a line of four products, `step` bytes apart: its two results.
// @ts-ignore: decorator
@inline
function leftOf(m: usize, step: usize): v128 {
  return f32x4.add(f32x4.add(v128.load(m), v128.load(m + step)), v128.load(m + 2 * step));
}
// @ts-ignore: decorator
@inline
function rightOf(m: usize, step: usize): v128 {
  return f32x4.sub(f32x4.sub(v128.load(m + step), v128.load(m + 2 * step)), v128.load(m + 3 * step));
}

/** One result on its way out, with an epilogue of gemm. */
// @ts-ignore: decorator
@inline
function put(y: usize, x: v128, bias: v128, gate: usize, epilogue: i32): void {
  if (epilogue == ACCUMULATE) x = plus(y, x);
  else if (epilogue == MASK) x = gated(gate, x);
  else if (epilogue) x = f32x4.add(x, bias);
  v128.store(y, epilogue == BIAS_RELU ? relu(x) : x);
}

/** Aᵀ·m·A of each filter → 2 × 2 results, of which `rows` × `columns` lie in the image. */
function transformResult(
  y: usize, row: usize, pixel: usize, rows: i32, columns: i32, m: usize, step: usize, filters: i32,
  bias: usize, gate: usize, epilogue: i32,
): void {
  const down = step << 2;
  const byFilter = epilogue == BIAS || epilogue == BIAS_RELU;
  for (let f = 0; f < filters; f += 4) {
    const l1 = leftOf(m + down, step);
    const l2 = leftOf(m + 2 * down, step);
    const r1 = rightOf(m + down, step);
    const r2 = rightOf(m + 2 * down, step);
    const b = byFilter ? v128.load(bias) : f32x4.splat(0);
    put(y, f32x4.add(f32x4.add(leftOf(m, step), l1), l2), b, gate, epilogue);
    if (columns > 1) put(y + pixel, f32x4.add(f32x4.add(rightOf(m, step), r1), r2), b, gate + pixel, epilogue);
    if (rows > 1) {
      const last = m + 3 * down;
      put(y + row, f32x4.sub(f32x4.sub(l1, l2), leftOf(last, step)), b, gate + row, epilogue);
      if (columns > 1)
        put(y + row + pixel, f32x4.sub(f32x4.sub(r1, r2), rightOf(last, step)), b, gate + row + pixel, epilogue);
    }
    y += 16;
    m += 16;
    gate += 16;
    if (byFilter) bias += 16;
  }
}

/** Gᵀ·u of four sums: its three weights. */
// @ts-ignore: decorator
@inline
function outerOf(first: v128, u1: v128, u2: v128): v128 {
  return f32x4.add(first, f32x4.mul(f32x4.splat(HALF), f32x4.add(u1, u2)));
}
// @ts-ignore: decorator
@inline
function middleOf(u1: v128, u2: v128): v128 {
  return f32x4.mul(f32x4.splat(HALF), f32x4.sub(u1, u2));
}

/** Gᵀ·u·G of `count` filters, [16, count] → [3, 3, count], in place of what is there or in addition to it. */
function transformWeights(dw: usize, u: usize, count: i32, epilogue: i32): void {
  const step = (<usize>count) << 2;
  const zero = f32x4.splat(0);
  for (let i = 0; i < count; i += 4) {
    let to = dw;
    for (let line = 0; line < 3; ++line) {
      // Column by column: Gᵀ of the four lines, then G of the four columns.
      let p = u;
      const first = line == 0 ? u : u + 12 * step;
      const v0 = ofColumn(p, first, step, line);
      p += step;
      const v1 = ofColumn(p, first + step, step, line);
      p += step;
      const v2 = ofColumn(p, first + 2 * step, step, line);
      p += step;
      const v3 = ofColumn(p, first + 3 * step, step, line);
      put(to, outerOf(v0, v1, v2), zero, 0, epilogue);
      put(to + step, middleOf(v1, v2), zero, 0, epilogue);
      put(to + 2 * step, outerOf(v3, v1, v2), zero, 0, epilogue);
      to += 3 * step;
    }
    dw += 16;
    u += 16;
  }
}

/** Line `line` of Gᵀ·u for one column of u, whose first (or, for the last line, fourth) number is at `outer`. */
// @ts-ignore: decorator
@inline
function ofColumn(u: usize, outer: usize, step: usize, line: i32): v128 {
  const u1 = v128.load(u + 4 * step);
  const u2 = v128.load(u + 8 * step);
  return line == 1 ? middleOf(u1, u2) : outerOf(v128.load(outer), u1, u2);
}

/** The pixels [row, row + extent) × [column, column + extent) of an image, zeros outside it. */
function cut(
  patch: usize, image: usize, height: i32, width: i32, pixel: usize, row: i32, column: i32, extent: i32,
): void {
  memory.fill(patch, 0, <usize>(extent * extent) * pixel);
  const left = max(0, -column);
  const count = min(extent, width - column) - left;
  if (count <= 0) return;
  for (let i = max(0, -row); i < min(extent, height - row); ++i)
    memory.copy(
      patch + <usize>(i * extent + left) * pixel, image + <usize>((row + i) * width + column + left) * pixel,
      <usize>count * pixel,
    );
}

/** A place among all tiles of a batch. */
let tileImage: usize = 0;
let tileRow: i32 = 0;
let tileColumn: i32 = 0;

/** On to the next tile of an image of `rows` × `columns` of them, `bytes` long. */
// @ts-ignore: decorator
@inline
function advance(rows: i32, columns: i32, bytes: usize): void {
  if (++tileColumn < columns) return;
  tileColumn = 0;
  if (++tileRow < rows) return;
  tileRow = 0;
  tileImage += bytes;
}

/** The transformed pixels of the next `count` tiles, beginning at the tile variables. */
function images(
  to: usize, step: usize, patch: usize, height: i32, width: i32, channels: i32, rows: i32, columns: i32,
  top: i32, left: i32, count: i32,
): void {
  const pixel = (<usize>channels) << 2;
  const line = <usize>width * pixel;
  for (; count > 0; --count) {
    const i = 2 * tileRow - top;
    const j = 2 * tileColumn - left;
    if (i >= 0 && j >= 0 && i + 4 <= height && j + 4 <= width) {
      transformImage(to, step, tileImage + <usize>i * line + <usize>j * pixel, line, pixel, channels);
    } else {
      cut(patch, tileImage, height, width, pixel, i, j, 4);
      transformImage(to, step, patch, 4 * pixel, pixel, channels);
    }
    to += pixel;
    advance(rows, columns, <usize>height * line);
  }
}

/** out: the convolution of x with transformed filters u, whose entry (channel, filter) has the strides uRow and uCol. */
function convolve(
  out: usize, x: usize, u: usize, uRow: i32, uCol: i32, scratch: usize, extra: usize, batch: i32, height: i32, width: i32,
  channels: i32, outHeight: i32, outWidth: i32, filters: i32, top: i32, left: i32, tiles: i32, epilogue: i32,
): void {
  const rows = (outHeight + 1) >> 1;
  const columns = (outWidth + 1) >> 1;
  const uStep = (<usize>(channels * filters)) << 2;
  const vStep = stepOf(tiles, channels);
  const mStep = stepOf(tiles, filters);
  const v = scratch;
  const m = v + 16 * vStep;
  const patch = m + 16 * mStep;
  const room = patch + ((<usize>channels) << 6);
  const pixel = (<usize>filters) << 2;
  const line = <usize>outWidth * pixel;
  const beside = epilogue == MASK ? extra - out : 0;
  let from = x;
  let fromRow = 0;
  let fromColumn = 0;
  let to = out;
  let toRow = 0;
  let toColumn = 0;
  for (let pending = batch * rows * columns; pending > 0; pending -= tiles) {
    const count = min(tiles, pending);
    tileImage = from;
    tileRow = fromRow;
    tileColumn = fromColumn;
    images(v, vStep, patch, height, width, channels, rows, columns, top, left, count);
    from = tileImage;
    fromRow = tileRow;
    fromColumn = tileColumn;
    for (let s: usize = 0; s < 16; ++s)
      gemm(
        m + s * mStep, v + s * vStep, u + s * uStep, room, count, filters, channels, channels, 1, uRow, uCol, 0, 0,
      );
    tileImage = to;
    tileRow = toRow;
    tileColumn = toColumn;
    for (let t = 0; t < count; ++t) {
      const i = 2 * tileRow;
      const j = 2 * tileColumn;
      const y = tileImage + <usize>i * line + <usize>j * pixel;
      transformResult(
        y, line, pixel, outHeight - i, outWidth - j, m + <usize>t * pixel, mStep, filters, extra, y + beside, epilogue,
      );
      advance(rows, columns, <usize>outHeight * line);
    }
    to = tileImage;
    toRow = tileRow;
    toColumn = tileColumn;
  }
}

/** Debug build only: all that is touched lies inside memory. */
// @ts-ignore: decorator
@inline
function spans(
  x: usize, w: usize, y: usize, batch: i32, height: i32, width: i32, channels: i32, outHeight: i32, outWidth: i32,
  filters: i32, tiles: i32,
): void {
  assert((channels & 3) == 0 && (filters & 3) == 0, "channels and filters must be multiples of four");
  assert(tiles > 0, "a block must have tiles");
  span(x, batch * height * width * channels);
  span(w, 9 * channels * filters);
  span(y, batch * outHeight * outWidth * filters);
}

/** y: as conv2d of 3 × 3 filters that move by one; `tiles` are in work at a time. */
export function winograd(
  y: usize, x: usize, w: usize, scratch: usize, extra: usize, batch: i32, height: i32, width: i32, channels: i32,
  outHeight: i32, outWidth: i32, filters: i32, top: i32, left: i32, tiles: i32, epilogue: i32,
): void {
  spans(x, w, y, batch, height, width, channels, outHeight, outWidth, filters, tiles);
  transformFilters(scratch, w, channels * filters, 1);
  convolve(
    y, x, scratch, filters, 1, at(scratch, 16 * channels * filters), extra, batch, height, width, channels, outHeight,
    outWidth, filters, top, left, tiles, epilogue,
  );
}

/** dx: as conv2dInputGradient. */
export function winogradInputGradient(
  dx: usize, dy: usize, w: usize, scratch: usize, extra: usize, batch: i32, height: i32, width: i32, channels: i32,
  outHeight: i32, outWidth: i32, filters: i32, top: i32, left: i32, tiles: i32, epilogue: i32,
): void {
  spans(dx, w, dy, batch, height, width, channels, outHeight, outWidth, filters, tiles);
  transformFilters(scratch, w, channels * filters, -1);
  convolve(
    dx, dy, scratch, 1, filters, at(scratch, 16 * channels * filters), extra, batch, outHeight, outWidth, filters,
    height, width, channels, 2 - top, 2 - left, tiles, epilogue,
  );
}

/** dw: as conv2dFilterGradient; extra is not used. */
export function winogradFilterGradient(
  dw: usize, x: usize, dy: usize, scratch: usize, extra: usize, batch: i32, height: i32, width: i32, channels: i32,
  outHeight: i32, outWidth: i32, filters: i32, top: i32, left: i32, tiles: i32, epilogue: i32,
): void {
  spans(x, dw, dy, batch, height, width, channels, outHeight, outWidth, filters, tiles);
  const rows = (outHeight + 1) >> 1;
  const columns = (outWidth + 1) >> 1;
  const uStep = (<usize>(channels * filters)) << 2;
  const vStep = stepOf(tiles, channels);
  const dStep = stepOf(tiles, filters);
  const u = scratch;
  const v = u + 16 * uStep;
  const d = v + 16 * vStep;
  const patch = d + 16 * dStep;
  const room = patch + ((<usize>max(channels, filters)) << 6);
  const pixel = (<usize>filters) << 2;
  const line = <usize>outWidth * pixel;
  tileImage = x;
  tileRow = 0;
  tileColumn = 0;
  let image = dy;
  let i = 0;
  let j = 0;
  let mode = 0;
  for (let pending = batch * rows * columns; pending > 0; pending -= tiles) {
    const count = min(tiles, pending);
    images(v, vStep, patch, height, width, channels, rows, columns, top, left, count);
    for (let t = 0; t < count; ++t) {
      const to = d + <usize>t * pixel;
      if (2 * i + 2 <= outHeight && 2 * j + 2 <= outWidth) {
        transformGradient(to, dStep, image + <usize>(2 * i) * line + <usize>(2 * j) * pixel, line, pixel, filters);
      } else {
        cut(patch, image, outHeight, outWidth, pixel, 2 * i, 2 * j, 2);
        transformGradient(to, dStep, patch, 2 * pixel, pixel, filters);
      }
      if (++j == columns) {
        j = 0;
        if (++i == rows) {
          i = 0;
          image += <usize>outHeight * line;
        }
      }
    }
    for (let s: usize = 0; s < 16; ++s)
      gemm(
        u + s * uStep, v + s * vStep, d + s * dStep, room, channels, filters, count, 1, channels, filters, 1, mode, 0,
      );
    mode = ACCUMULATE;
  }
  transformWeights(dw, u, channels * filters, epilogue);
}
