// Filters packed for the tiles, each weight's place in the planes beside it; and tiles of sums on their way out.
import { ACCUMULATE, BIAS_RELU, MASK, relu } from "../gemm/epilogue";
import { LANES, loadTail, storeTail } from "../simd";
import { MOST_ROWS } from "./tile";

/** Tiles that `count` filters make. */
// @ts-ignore: decorator
@inline
export function tilesOf(count: i32): i32 {
  return (count + MOST_ROWS - 1) / MOST_ROWS;
}
/** Rows of tile `index` of `tiles`: as even as can be, the larger first. */
// @ts-ignore: decorator
@inline
export function rowsOf(index: i32, tiles: i32, count: i32): i32 {
  return count / tiles + (index < count % tiles ? 1 : 0);
}

/** Bytes of `count` filters of k weights each, packed. */
// @ts-ignore: decorator
@inline
export function packedBytes(count: i32, k: i32): usize {
  return (<usize>((count + tilesOf(count)) * k)) << 2;
}

/**
 * One run of weights, for `depth` planes: for each tile of `count` filters, `depth` steps [offset, w0, …].
 * Step p of filter f is w[p·wStep + f·wFilter]; its plane lies at offset + p·plane. A tile's steps lie k apart from the
 * next tile's, and this run begins at step `from`. Strides in bytes.
 */
export function packRun(
  to: usize, w: usize, depth: i32, count: i32, k: i32, from: i32,
  wStep: usize, wFilter: usize, offset: usize, plane: usize,
): void {
  const tiles = tilesOf(count);
  for (let t = 0; t < tiles; ++t) {
    const rows = rowsOf(t, tiles, count);
    const step = (<usize>rows + 1) << 2;
    let out = to + <usize>from * step;
    for (let p = 0; p < depth; ++p) {
      store<u32>(out, <u32>(offset + <usize>p * plane));
      let x = w + <usize>p * wStep;
      for (let r = 0; r < rows; ++r) {
        store<f32>(out + 4 + ((<usize>r) << 2), load<f32>(x));
        x += wFilter;
      }
      out += step;
    }
    to += <usize>k * step;
    w += <usize>rows * wFilter;
  }
}

/** `lanes` ≤ 4 neighbouring elements. */
// @ts-ignore: decorator
@inline
export function loadLanes(x: usize, lanes: i32): v128 {
  return lanes >= LANES ? v128.load(x) : loadTail(x, lanes);
}

/** `lanes` sums of one pixel to C, with the epilogue; bias: its address; gate: that of C's twin. */
// @ts-ignore: decorator
@inline
export function finishPixel(c: usize, x: v128, bias: usize, gate: usize, lanes: i32, mode: i32): void {
  if (mode == ACCUMULATE) x = f32x4.add(loadLanes(c, lanes), x);
  else if (mode == MASK) x = v128.and(x, f32x4.gt(loadLanes(gate, lanes), f32x4.splat(0)));
  else if (mode) {
    x = f32x4.add(x, loadLanes(bias, lanes));
    if (mode == BIAS_RELU) x = relu(x);
  }
  if (lanes >= LANES) v128.store(c, x);
  else storeTail(c, x, lanes);
}

/**
 * Half a tile to channels-last C: sums [rows, 8], of which the first four columns are up to four neighbouring pixels;
 * pixel p's `rows` values go to c + p·pixel.
 * bias: the address of the first of the `rows` biases; gate: that of C's twin, for MASK.
 */
export function finishHalf(
  c: usize, pixel: usize, sums: usize, rows: i32, pixels: i32, bias: usize, gate: usize, mode: i32,
): void {
  const pixel2 = pixel + pixel;
  const pixel3 = pixel2 + pixel;
  for (; rows > 0; rows -= LANES) {
    const lanes = min(rows, LANES);
    // Rows beyond the tile hold what an earlier one left: their lanes are not stored.
    const r0 = v128.load(sums);
    const r1 = v128.load(sums, 32);
    const r2 = v128.load(sums, 64);
    const r3 = v128.load(sums, 96);
    const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
    const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
    const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
    const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
    finishPixel(c, v128.shuffle<f64>(low01, low23, 0, 2), bias, gate, lanes, mode);
    if (pixels > 1) finishPixel(c + pixel, v128.shuffle<f64>(low01, low23, 1, 3), bias, gate + pixel, lanes, mode);
    if (pixels > 2) finishPixel(c + pixel2, v128.shuffle<f64>(high01, high23, 0, 2), bias, gate + pixel2, lanes, mode);
    if (pixels > 3) finishPixel(c + pixel3, v128.shuffle<f64>(high01, high23, 1, 3), bias, gate + pixel3, lanes, mode);
    c += 16;
    gate += 16;
    bias += 16;
    sums += 128;
  }
}

/** C [rows, lanes] += sums [rows, 8], lanes ≤ 8; C's rows `row` bytes apart. */
export function addTile(c: usize, row: usize, sums: usize, rows: i32, lanes: i32): void {
  for (; rows > 0; --rows) {
    if (lanes >= 8) {
      v128.store(c, f32x4.add(v128.load(c), v128.load(sums)));
      v128.store(c, f32x4.add(v128.load(c, 16), v128.load(sums, 16)), 16);
    } else {
      for (let i: usize = 0; i < (<usize>lanes) << 2; i += 4) store<f32>(c + i, load<f32>(c + i) + load<f32>(sums + i));
    }
    c += row;
    sums += 32;
  }
}
