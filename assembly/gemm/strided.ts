// Strided micro-kernels: up to four rows of A, where they lie, against panels of B, with the epilogue on the way out.
// Every kernel adds its products in the order of k, so no result depends on which kernel computed it.
//
// In each, the first step stands outside the loop: V8 then keeps the addresses of the splats in registers, which
// it otherwise recomputes at every step. Four rows, because V8 of Node 20 spills larger tiles in a loop over panels.
import { fma } from "../simd";
import { ADD, BIAS_RELU, EPILOGUE, MASK, gated, plus, relu, storeHigh } from "./epilogue";

/**
 * C [rows, 8·panels] = A [rows, k] · B [k, 8·panels]; strides in bytes; k > 0.
 *
 *             b0 = B[p, 0..3]   b1 = B[p, 4..7]
 *   A[0, p]   c00               c01
 *   A[1, p]   c10               c11           each step: two loads, one splat a row, 2·rows multiply-adds
 *   ...
 */
// @ts-ignore: decorator
@inline
function panels8(
  rows: i32, c: usize, a: usize, b: usize, extra: usize, k: i32, panels: i32,
  cRow: usize, aRow: usize, aStep: usize, bStep: usize, bPanel: usize, mode: i32,
): void {
  const a2 = aRow + aRow;
  const a3 = a2 + aRow;
  for (; panels > 0; --panels) {
    let p = a;
    let q = b;
    let b0 = v128.load(q);
    let b1 = v128.load(q, 16);
    let x = v128.load32_splat(p);
    let c00 = f32x4.mul(x, b0);
    let c01 = f32x4.mul(x, b1);
    let c10 = x;
    let c11 = x;
    if (rows > 1) { x = v128.load32_splat(p + aRow); c10 = f32x4.mul(x, b0); c11 = f32x4.mul(x, b1); }
    let c20 = x;
    let c21 = x;
    if (rows > 2) { x = v128.load32_splat(p + a2); c20 = f32x4.mul(x, b0); c21 = f32x4.mul(x, b1); }
    let c30 = x;
    let c31 = x;
    if (rows > 3) { x = v128.load32_splat(p + a3); c30 = f32x4.mul(x, b0); c31 = f32x4.mul(x, b1); }
    for (let left = k - 1; left > 0; --left) {
      p += aStep;
      q += bStep;
      b0 = v128.load(q);
      b1 = v128.load(q, 16);
      x = v128.load32_splat(p); c00 = fma(x, b0, c00); c01 = fma(x, b1, c01);
      if (rows > 1) { x = v128.load32_splat(p + aRow); c10 = fma(x, b0, c10); c11 = fma(x, b1, c11); }
      if (rows > 2) { x = v128.load32_splat(p + a2); c20 = fma(x, b0, c20); c21 = fma(x, b1, c21); }
      if (rows > 3) { x = v128.load32_splat(p + a3); c30 = fma(x, b0, c30); c31 = fma(x, b1, c31); }
    }
    const o1 = c + cRow;
    const o2 = o1 + cRow;
    const o3 = o2 + cRow;
    if (mode & ADD) {
      c00 = plus(c, c00); c01 = plus(c + 16, c01);
      if (rows > 1) { c10 = plus(o1, c10); c11 = plus(o1 + 16, c11); }
      if (rows > 2) { c20 = plus(o2, c20); c21 = plus(o2 + 16, c21); }
      if (rows > 3) { c30 = plus(o3, c30); c31 = plus(o3 + 16, c31); }
    }
    if (mode & EPILOGUE) {
      if ((mode & EPILOGUE) == MASK) {
        const g1 = extra + cRow;
        const g2 = g1 + cRow;
        const g3 = g2 + cRow;
        c00 = gated(extra, c00); c01 = gated(extra + 16, c01);
        if (rows > 1) { c10 = gated(g1, c10); c11 = gated(g1 + 16, c11); }
        if (rows > 2) { c20 = gated(g2, c20); c21 = gated(g2 + 16, c21); }
        if (rows > 3) { c30 = gated(g3, c30); c31 = gated(g3 + 16, c31); }
      } else {
        b0 = v128.load(extra);
        b1 = v128.load(extra, 16);
        c00 = f32x4.add(c00, b0); c01 = f32x4.add(c01, b1);
        if (rows > 1) { c10 = f32x4.add(c10, b0); c11 = f32x4.add(c11, b1); }
        if (rows > 2) { c20 = f32x4.add(c20, b0); c21 = f32x4.add(c21, b1); }
        if (rows > 3) { c30 = f32x4.add(c30, b0); c31 = f32x4.add(c31, b1); }
        if ((mode & EPILOGUE) == BIAS_RELU) {
          c00 = relu(c00); c01 = relu(c01);
          if (rows > 1) { c10 = relu(c10); c11 = relu(c11); }
          if (rows > 2) { c20 = relu(c20); c21 = relu(c21); }
          if (rows > 3) { c30 = relu(c30); c31 = relu(c31); }
        }
      }
    }
    v128.store(c, c00); v128.store(c, c01, 16);
    if (rows > 1) { v128.store(o1, c10); v128.store(o1, c11, 16); }
    if (rows > 2) { v128.store(o2, c20); v128.store(o2, c21, 16); }
    if (rows > 3) { v128.store(o3, c30); v128.store(o3, c31, 16); }
    b += bPanel;
    c += 32;
    extra += 32;
  }
}

/** C [rows, 4] = A [rows, k] · B [k, 4], of which the `lanes` last columns are stored. */
// @ts-ignore: decorator
@inline
function panel4(
  rows: i32, c: usize, a: usize, b: usize, extra: usize, k: i32, lanes: i32,
  cRow: usize, aRow: usize, aStep: usize, bStep: usize, mode: i32,
): void {
  const a2 = aRow + aRow;
  const a3 = a2 + aRow;
  let p = a;
  let y = v128.load(b);
  let c0 = f32x4.mul(v128.load32_splat(p), y);
  let c1 = y;
  if (rows > 1) c1 = f32x4.mul(v128.load32_splat(p + aRow), y);
  let c2 = y;
  if (rows > 2) c2 = f32x4.mul(v128.load32_splat(p + a2), y);
  let c3 = y;
  if (rows > 3) c3 = f32x4.mul(v128.load32_splat(p + a3), y);
  for (let left = k - 1; left > 0; --left) {
    p += aStep;
    b += bStep;
    y = v128.load(b);
    c0 = fma(v128.load32_splat(p), y, c0);
    if (rows > 1) c1 = fma(v128.load32_splat(p + aRow), y, c1);
    if (rows > 2) c2 = fma(v128.load32_splat(p + a2), y, c2);
    if (rows > 3) c3 = fma(v128.load32_splat(p + a3), y, c3);
  }
  const o1 = c + cRow;
  const o2 = o1 + cRow;
  const o3 = o2 + cRow;
  if (mode & ADD) {
    c0 = plus(c, c0);
    if (rows > 1) c1 = plus(o1, c1);
    if (rows > 2) c2 = plus(o2, c2);
    if (rows > 3) c3 = plus(o3, c3);
  }
  if (mode & EPILOGUE) {
    if ((mode & EPILOGUE) == MASK) {
      const g1 = extra + cRow;
      const g2 = g1 + cRow;
      const g3 = g2 + cRow;
      c0 = gated(extra, c0);
      if (rows > 1) c1 = gated(g1, c1);
      if (rows > 2) c2 = gated(g2, c2);
      if (rows > 3) c3 = gated(g3, c3);
    } else {
      y = v128.load(extra);
      c0 = f32x4.add(c0, y);
      if (rows > 1) c1 = f32x4.add(c1, y);
      if (rows > 2) c2 = f32x4.add(c2, y);
      if (rows > 3) c3 = f32x4.add(c3, y);
      if ((mode & EPILOGUE) == BIAS_RELU) {
        c0 = relu(c0);
        if (rows > 1) c1 = relu(c1);
        if (rows > 2) c2 = relu(c2);
        if (rows > 3) c3 = relu(c3);
      }
    }
  }
  storeHigh(c, c0, lanes);
  if (rows > 1) storeHigh(o1, c1, lanes);
  if (rows > 2) storeHigh(o2, c2, lanes);
  if (rows > 3) storeHigh(o3, c3, lanes);
}

/**
 * out [8, 4] = A [8, k] · B [k, 4]: as many sums under way as in a tile of 4x8.
 * Without an epilogue, and called from two places lest Binaryen inline it into a loop: V8 of Node 20 would spill,
 * and take twice as long.
 */
export function gemm8x4(
  out: usize, row: usize, a: usize, b: usize, k: i32, aRow: usize, aStep: usize, bStep: usize,
): void {
  const a2 = aRow + aRow;
  const a3 = a2 + aRow;
  let q = a2 + a2 + a;
  let y = v128.load(b);
  let c0 = f32x4.mul(v128.load32_splat(a), y);
  let c1 = f32x4.mul(v128.load32_splat(a + aRow), y);
  let c2 = f32x4.mul(v128.load32_splat(a + a2), y);
  let c3 = f32x4.mul(v128.load32_splat(a + a3), y);
  let c4 = f32x4.mul(v128.load32_splat(q), y);
  let c5 = f32x4.mul(v128.load32_splat(q + aRow), y);
  let c6 = f32x4.mul(v128.load32_splat(q + a2), y);
  let c7 = f32x4.mul(v128.load32_splat(q + a3), y);
  for (let left = k - 1; left > 0; --left) {
    a += aStep;
    q += aStep;
    b += bStep;
    y = v128.load(b);
    c0 = fma(v128.load32_splat(a), y, c0);
    c1 = fma(v128.load32_splat(a + aRow), y, c1);
    c2 = fma(v128.load32_splat(a + a2), y, c2);
    c3 = fma(v128.load32_splat(a + a3), y, c3);
    c4 = fma(v128.load32_splat(q), y, c4);
    c5 = fma(v128.load32_splat(q + aRow), y, c5);
    c6 = fma(v128.load32_splat(q + a2), y, c6);
    c7 = fma(v128.load32_splat(q + a3), y, c7);
  }
  v128.store(out, c0);
  out += row;
  v128.store(out, c1);
  out += row;
  v128.store(out, c2);
  out += row;
  v128.store(out, c3);
  out += row;
  v128.store(out, c4);
  out += row;
  v128.store(out, c5);
  out += row;
  v128.store(out, c6);
  out += row;
  v128.store(out, c7);
}

function gemm1x8(
  c: usize, a: usize, b: usize, extra: usize, k: i32, panels: i32,
  cRow: usize, aRow: usize, aStep: usize, bStep: usize, bPanel: usize, mode: i32,
): void {
  panels8(1, c, a, b, extra, k, panels, cRow, aRow, aStep, bStep, bPanel, mode);
}
function gemm2x8(
  c: usize, a: usize, b: usize, extra: usize, k: i32, panels: i32,
  cRow: usize, aRow: usize, aStep: usize, bStep: usize, bPanel: usize, mode: i32,
): void {
  panels8(2, c, a, b, extra, k, panels, cRow, aRow, aStep, bStep, bPanel, mode);
}
function gemm3x8(
  c: usize, a: usize, b: usize, extra: usize, k: i32, panels: i32,
  cRow: usize, aRow: usize, aStep: usize, bStep: usize, bPanel: usize, mode: i32,
): void {
  panels8(3, c, a, b, extra, k, panels, cRow, aRow, aStep, bStep, bPanel, mode);
}
function gemm4x8(
  c: usize, a: usize, b: usize, extra: usize, k: i32, panels: i32,
  cRow: usize, aRow: usize, aStep: usize, bStep: usize, bPanel: usize, mode: i32,
): void {
  panels8(4, c, a, b, extra, k, panels, cRow, aRow, aStep, bStep, bPanel, mode);
}
function gemm1x4(
  c: usize, a: usize, b: usize, extra: usize, k: i32, lanes: i32,
  cRow: usize, aRow: usize, aStep: usize, bStep: usize, mode: i32,
): void {
  panel4(1, c, a, b, extra, k, lanes, cRow, aRow, aStep, bStep, mode);
}
function gemm2x4(
  c: usize, a: usize, b: usize, extra: usize, k: i32, lanes: i32,
  cRow: usize, aRow: usize, aStep: usize, bStep: usize, mode: i32,
): void {
  panel4(2, c, a, b, extra, k, lanes, cRow, aRow, aStep, bStep, mode);
}
function gemm3x4(
  c: usize, a: usize, b: usize, extra: usize, k: i32, lanes: i32,
  cRow: usize, aRow: usize, aStep: usize, bStep: usize, mode: i32,
): void {
  panel4(3, c, a, b, extra, k, lanes, cRow, aRow, aStep, bStep, mode);
}
function gemm4x4(
  c: usize, a: usize, b: usize, extra: usize, k: i32, lanes: i32,
  cRow: usize, aRow: usize, aStep: usize, bStep: usize, mode: i32,
): void {
  panel4(4, c, a, b, extra, k, lanes, cRow, aRow, aStep, bStep, mode);
}

/** One to four rows against whole panels of eight columns. */
export function rowsBy8(
  rows: i32,
  c: usize, a: usize, b: usize, extra: usize, k: i32, panels: i32,
  cRow: usize, aRow: usize, aStep: usize, bStep: usize, bPanel: usize, mode: i32,
): void {
  switch (rows) {
    case 1:
      return gemm1x8(c, a, b, extra, k, panels, cRow, aRow, aStep, bStep, bPanel, mode);
    case 2:
      return gemm2x8(c, a, b, extra, k, panels, cRow, aRow, aStep, bStep, bPanel, mode);
    case 3:
      return gemm3x8(c, a, b, extra, k, panels, cRow, aRow, aStep, bStep, bPanel, mode);
    default:
      return gemm4x8(c, a, b, extra, k, panels, cRow, aRow, aStep, bStep, bPanel, mode);
  }
}

/** One to four rows against one panel of four columns. */
export function rowsBy4(
  rows: i32,
  c: usize, a: usize, b: usize, extra: usize, k: i32, lanes: i32,
  cRow: usize, aRow: usize, aStep: usize, bStep: usize, mode: i32,
): void {
  switch (rows) {
    case 1:
      return gemm1x4(c, a, b, extra, k, lanes, cRow, aRow, aStep, bStep, mode);
    case 2:
      return gemm2x4(c, a, b, extra, k, lanes, cRow, aRow, aStep, bStep, mode);
    case 3:
      return gemm3x4(c, a, b, extra, k, lanes, cRow, aRow, aStep, bStep, mode);
    default:
      return gemm4x4(c, a, b, extra, k, lanes, cRow, aRow, aStep, bStep, mode);
  }
}
