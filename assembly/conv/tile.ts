// Micro-kernels of convolution: a tile of sums over steps whose operands need not lie side by side. Where they lie is a
// table that one instruction reads, so padding, strides, dilation, groups and borders cost the inner loop nothing.
// As in gemm/packed.ts, nothing but the loop and the stores, and the first step outside the loop. The choices by rows are
// inlined where they are used, each in two places: Binaryen would inline a kernel with one caller into its loop, and V8
// of Node 20 then spills the sums (half the speed).
import { fma } from "../simd";

/** Most rows of a tile: see OWN_TILE in gemm/block.ts. */
export const MOST_ROWS: i32 = ASC_FEATURE_RELAXED_SIMD ? 6 : 5;

/** The offset comes from the packed weights, and the vectors lie at it. */
const FILTERED = 0;
/** The offset comes from a table, and the scalars lie at it; the vectors follow each other. */
const GATHERED = 1;

/**
 * out [rows, 8] = Σ over k steps of scalar[r] · vector[0..7].
 *
 *   FILTERED   t: [offset, w0, …, w(rows−1)] a step         half a vector at a + offset, half at b + offset
 *   GATHERED   t: [offset] a step, scalars at a + offset    vector at b, b + bStep, …
 */
// @ts-ignore: decorator
@inline
function tile(kind: i32, rows: i32, out: usize, t: usize, a: usize, b: usize, bStep: usize, k: i32): void {
  const step: usize = kind == FILTERED ? (<usize>rows + 1) << 2 : 4;
  let p = kind == FILTERED ? t + 4 : a + load<u32>(t);
  let q = kind == FILTERED ? b + load<u32>(t) : b;
  let b0 = v128.load(kind == FILTERED ? a + load<u32>(t) : q);
  let b1 = kind == FILTERED ? v128.load(q) : v128.load(q, 16);
  let x = v128.load32_splat(p);
  let c00 = f32x4.mul(x, b0);
  let c01 = f32x4.mul(x, b1);
  let c10 = x;
  let c11 = x;
  if (rows > 1) { x = v128.load32_splat(p, 4); c10 = f32x4.mul(x, b0); c11 = f32x4.mul(x, b1); }
  let c20 = x;
  let c21 = x;
  if (rows > 2) { x = v128.load32_splat(p, 8); c20 = f32x4.mul(x, b0); c21 = f32x4.mul(x, b1); }
  let c30 = x;
  let c31 = x;
  if (rows > 3) { x = v128.load32_splat(p, 12); c30 = f32x4.mul(x, b0); c31 = f32x4.mul(x, b1); }
  let c40 = x;
  let c41 = x;
  if (rows > 4) { x = v128.load32_splat(p, 16); c40 = f32x4.mul(x, b0); c41 = f32x4.mul(x, b1); }
  let c50 = x;
  let c51 = x;
  if (rows > 5) { x = v128.load32_splat(p, 20); c50 = f32x4.mul(x, b0); c51 = f32x4.mul(x, b1); }
  const end = t + <usize>k * step;
  t += step;
  for (; t < end; t += step) {
    if (kind == FILTERED) {
      p = t + 4;
      const offset = load<u32>(t);
      b0 = v128.load(a + offset);
      b1 = v128.load(b + offset);
    } else {
      p = a + load<u32>(t);
      q += bStep;
      b0 = v128.load(q);
      b1 = v128.load(q, 16);
    }
    x = v128.load32_splat(p); c00 = fma(x, b0, c00); c01 = fma(x, b1, c01);
    if (rows > 1) { x = v128.load32_splat(p, 4); c10 = fma(x, b0, c10); c11 = fma(x, b1, c11); }
    if (rows > 2) { x = v128.load32_splat(p, 8); c20 = fma(x, b0, c20); c21 = fma(x, b1, c21); }
    if (rows > 3) { x = v128.load32_splat(p, 12); c30 = fma(x, b0, c30); c31 = fma(x, b1, c31); }
    if (rows > 4) { x = v128.load32_splat(p, 16); c40 = fma(x, b0, c40); c41 = fma(x, b1, c41); }
    if (rows > 5) { x = v128.load32_splat(p, 20); c50 = fma(x, b0, c50); c51 = fma(x, b1, c51); }
  }
  v128.store(out, c00); v128.store(out, c01, 16);
  if (rows > 1) { v128.store(out, c10, 32); v128.store(out, c11, 48); }
  if (rows > 2) { v128.store(out, c20, 64); v128.store(out, c21, 80); }
  if (rows > 3) { v128.store(out, c30, 96); v128.store(out, c31, 112); }
  if (rows > 4) { v128.store(out, c40, 128); v128.store(out, c41, 144); }
  if (rows > 5) { v128.store(out, c50, 160); v128.store(out, c51, 176); }
}

function filtered1(out: usize, t: usize, a: usize, b: usize, k: i32): void { tile(FILTERED, 1, out, t, a, b, 0, k); }
function filtered2(out: usize, t: usize, a: usize, b: usize, k: i32): void { tile(FILTERED, 2, out, t, a, b, 0, k); }
function filtered3(out: usize, t: usize, a: usize, b: usize, k: i32): void { tile(FILTERED, 3, out, t, a, b, 0, k); }
function filtered4(out: usize, t: usize, a: usize, b: usize, k: i32): void { tile(FILTERED, 4, out, t, a, b, 0, k); }
function filtered5(out: usize, t: usize, a: usize, b: usize, k: i32): void { tile(FILTERED, 5, out, t, a, b, 0, k); }
function filtered6(out: usize, t: usize, a: usize, b: usize, k: i32): void { tile(FILTERED, 6, out, t, a, b, 0, k); }

/** Sums [rows, 8] of twice four neighbouring pixels, at a and at b, under `rows` filters packed at t; k > 0. */
// @ts-ignore: decorator
@inline
export function filtered(rows: i32, out: usize, t: usize, a: usize, b: usize, k: i32): void {
  switch (rows) {
    case 1: return filtered1(out, t, a, b, k);
    case 2: return filtered2(out, t, a, b, k);
    case 3: return filtered3(out, t, a, b, k);
    case 4: return filtered4(out, t, a, b, k);
    case 5: return filtered5(out, t, a, b, k);
    default: if (MOST_ROWS > 5) filtered6(out, t, a, b, k);
  }
}

function gathered1(out: usize, t: usize, a: usize, b: usize, bStep: usize, k: i32): void {
  tile(GATHERED, 1, out, t, a, b, bStep, k);
}
function gathered2(out: usize, t: usize, a: usize, b: usize, bStep: usize, k: i32): void {
  tile(GATHERED, 2, out, t, a, b, bStep, k);
}
function gathered3(out: usize, t: usize, a: usize, b: usize, bStep: usize, k: i32): void {
  tile(GATHERED, 3, out, t, a, b, bStep, k);
}
function gathered4(out: usize, t: usize, a: usize, b: usize, bStep: usize, k: i32): void {
  tile(GATHERED, 4, out, t, a, b, bStep, k);
}
function gathered5(out: usize, t: usize, a: usize, b: usize, bStep: usize, k: i32): void {
  tile(GATHERED, 5, out, t, a, b, bStep, k);
}
function gathered6(out: usize, t: usize, a: usize, b: usize, bStep: usize, k: i32): void {
  tile(GATHERED, 6, out, t, a, b, bStep, k);
}

/** Sums [rows, 8] over k pixels: `rows` neighbouring scalars at a + offset, times eight at b + step·bStep; k > 0. */
// @ts-ignore: decorator
@inline
export function gathered(rows: i32, out: usize, t: usize, a: usize, b: usize, bStep: usize, k: i32): void {
  switch (rows) {
    case 1: return gathered1(out, t, a, b, bStep, k);
    case 2: return gathered2(out, t, a, b, bStep, k);
    case 3: return gathered3(out, t, a, b, bStep, k);
    case 4: return gathered4(out, t, a, b, bStep, k);
    case 5: return gathered5(out, t, a, b, bStep, k);
    default: if (MOST_ROWS > 5) gathered6(out, t, a, b, bStep, k);
  }
}
