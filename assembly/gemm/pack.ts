// Packing: blocks of A and B copied into the order in which the micro-kernels read them. Strides in bytes.

/** Four rows of four become four columns: dst[p·step + i·4] = row_i[p]. */
// @ts-ignore: decorator
@inline
function transpose4(dst: usize, step: usize, r0: v128, r1: v128, r2: v128, r3: v128): void {
  // r0 r1 -> [a0 b0 a1 b1] [a2 b2 a3 b3]; likewise r2 r3; then halves are joined.
  const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
  const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
  const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  v128.store(dst, v128.shuffle<f64>(low01, low23, 0, 2));
  v128.store(dst + step, v128.shuffle<f64>(low01, low23, 1, 3));
  v128.store(dst + 2 * step, v128.shuffle<f64>(high01, high23, 0, 2));
  v128.store(dst + 3 * step, v128.shuffle<f64>(high01, high23, 1, 3));
}

/**
 * A strip four wide: dst[p·step + i·4] = x[i·row + p·col], i < 4, p < k.
 * The strip may be part of a wider panel, hence the step.
 */
function packFour(dst: usize, step: usize, x: usize, row: usize, col: usize, k: i32): void {
  const row2 = row + row;
  const row3 = row2 + row;
  if (row == 4) {
    for (; k > 0; --k) {
      v128.store(dst, v128.load(x));
      x += col;
      dst += step;
    }
    return;
  }
  if (col == 4) {
    for (; k >= 4; k -= 4) {
      transpose4(dst, step, v128.load(x), v128.load(x + row), v128.load(x + row2), v128.load(x + row3));
      x += 16;
      dst += step << 2;
    }
  }
  for (; k > 0; --k) {
    const low = v128.load32_lane(x + row, v128.load32_zero(x), 1);
    v128.store(dst, v128.load32_lane(x + row3, v128.load32_lane(x + row2, low, 2), 3));
    x += col;
    dst += step;
  }
}

/** Panels eight wide of contiguous rows: dst[p·8 + i] = x[p·col + i]. */
function copyEight(dst: usize, x: usize, col: usize, k: i32): void {
  for (; k > 0; --k) {
    v128.store(dst, v128.load(x));
    v128.store(dst, v128.load(x, 16), 16);
    x += col;
    dst += 32;
  }
}

/** A strip two wide: dst[p·step + i·4] = x[i·row + p·col], i < 2. */
function packTwo(dst: usize, step: usize, x: usize, row: usize, col: usize, k: i32): void {
  let y = x + row;
  if (col == 4)
    for (; k >= 4; k -= 4) {
      const r0 = v128.load(x);
      const r1 = v128.load(y);
      const low = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
      const high = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
      v128.store64_lane(dst, low, 0);
      v128.store64_lane(dst + step, low, 1);
      v128.store64_lane(dst + 2 * step, high, 0);
      v128.store64_lane(dst + 3 * step, high, 1);
      x += 16;
      y += 16;
      dst += step << 2;
    }
  for (; k > 0; --k) {
    store<f32>(dst, load<f32>(x));
    store<f32>(dst, load<f32>(y), 4);
    x += col;
    y += col;
    dst += step;
  }
}

/** A strip one wide: dst[p·step] = x[p·col]. */
function packOne(dst: usize, step: usize, x: usize, col: usize, k: i32): void {
  if (col == 4)
    for (; k >= 4; k -= 4) {
      const r = v128.load(x);
      v128.store32_lane(dst, r, 0);
      v128.store32_lane(dst + step, r, 1);
      v128.store32_lane(dst + 2 * step, r, 2);
      v128.store32_lane(dst + 3 * step, r, 3);
      x += 16;
      dst += step << 2;
    }
  for (; k > 0; --k) {
    store<f32>(dst, load<f32>(x));
    x += col;
    dst += step;
  }
}

/** `count` < 4 columns at the right of a strip of four, zeros to their left: see `storeHigh`. */
function packRight(dst: usize, x: usize, row: usize, col: usize, k: i32, count: i32): void {
  const last = x + <usize>(count - 1) * row;
  for (let p: usize = 0; k > 0; --k) {
    let y = v128.load32_lane(last + p, f32x4.splat(0), 3);
    if (count > 1) y = v128.load32_lane(last + p - row, y, 2);
    if (count > 2) y = v128.load32_lane(x + p, y, 1);
    v128.store(dst, y);
    dst += 16;
    p += col;
  }
}

/** Columns [j, j + width) of B as panels; the last, of four columns, ends at column n. */
export function packB(dst: usize, b: usize, k: i32, bRow: usize, bCol: usize, n: i32, j: i32, width: i32): void {
  const panel = (<usize>k) << 5;
  const end = j + width;
  for (; j + 8 <= end; j += 8) {
    const x = b + <usize>j * bCol;
    if (bCol == 4) {
      copyEight(dst, x, bRow, k);
    } else {
      packFour(dst, 32, x, bCol, bRow, k);
      packFour(dst + 16, 32, x + (bCol << 2), bCol, bRow, k);
    }
    dst += panel;
  }
  if (j + 4 <= end) {
    packFour(dst, 16, b + <usize>j * bCol, bCol, bRow, k);
    dst += panel >> 1;
    j += 4;
  }
  if (j == end) return;
  if (n >= 4) packFour(dst, 16, b + <usize>(end - 4) * bCol, bCol, bRow, k);
  else packRight(dst, b, bCol, bRow, k, n);
}

/** Four to six rows of A, side by side at each step of k. */
export function packA(dst: usize, a: usize, rows: i32, aRow: usize, aCol: usize, k: i32): void {
  const step = (<usize>rows) << 2;
  packFour(dst, step, a, aRow, aCol, k);
  const fifth = a + (aRow << 2);
  if (rows == 6) packTwo(dst + 16, step, fifth, aRow, aCol, k);
  else if (rows == 5) packOne(dst + 16, step, fifth, aCol, k);
}
