// Packed micro-kernels: MR rows of A and eight columns of B, both packed, into a tile of sums.
// Nothing but the loop and the stores: with an epilogue inside or a loop around, V8 of Node 20 spills the sums of the
// larger tiles. The first step stands outside the loop for the reason given in strided.ts.
import { fma } from "../simd";

/** out [4, 8] = A panel [k, 4] · B panel [k, 8]; k > 0; row in bytes. */
function gemm4x8(out: usize, row: usize, a: usize, b: usize, k: i32): void {
  let b0 = v128.load(b);
  let b1 = v128.load(b, 16);
  let x = v128.load32_splat(a);
  let c00 = f32x4.mul(x, b0);
  let c01 = f32x4.mul(x, b1);
  x = v128.load32_splat(a, 4);
  let c10 = f32x4.mul(x, b0);
  let c11 = f32x4.mul(x, b1);
  x = v128.load32_splat(a, 8);
  let c20 = f32x4.mul(x, b0);
  let c21 = f32x4.mul(x, b1);
  x = v128.load32_splat(a, 12);
  let c30 = f32x4.mul(x, b0);
  let c31 = f32x4.mul(x, b1);
  const end = a + ((<usize>k) * 16);
  a += 16;
  b += 32;
  for (; a < end; a += 16) {
    b0 = v128.load(b);
    b1 = v128.load(b, 16);
    x = v128.load32_splat(a);
    c00 = fma(x, b0, c00);
    c01 = fma(x, b1, c01);
    x = v128.load32_splat(a, 4);
    c10 = fma(x, b0, c10);
    c11 = fma(x, b1, c11);
    x = v128.load32_splat(a, 8);
    c20 = fma(x, b0, c20);
    c21 = fma(x, b1, c21);
    x = v128.load32_splat(a, 12);
    c30 = fma(x, b0, c30);
    c31 = fma(x, b1, c31);
    b += 32;
  }
  v128.store(out, c00);
  v128.store(out, c01, 16);
  out += row;
  v128.store(out, c10);
  v128.store(out, c11, 16);
  out += row;
  v128.store(out, c20);
  v128.store(out, c21, 16);
  out += row;
  v128.store(out, c30);
  v128.store(out, c31, 16);
}

/** out [5, 8] = A panel [k, 5] · B panel [k, 8]; k > 0; row in bytes. */
function gemm5x8(out: usize, row: usize, a: usize, b: usize, k: i32): void {
  let b0 = v128.load(b);
  let b1 = v128.load(b, 16);
  let x = v128.load32_splat(a);
  let c00 = f32x4.mul(x, b0);
  let c01 = f32x4.mul(x, b1);
  x = v128.load32_splat(a, 4);
  let c10 = f32x4.mul(x, b0);
  let c11 = f32x4.mul(x, b1);
  x = v128.load32_splat(a, 8);
  let c20 = f32x4.mul(x, b0);
  let c21 = f32x4.mul(x, b1);
  x = v128.load32_splat(a, 12);
  let c30 = f32x4.mul(x, b0);
  let c31 = f32x4.mul(x, b1);
  x = v128.load32_splat(a, 16);
  let c40 = f32x4.mul(x, b0);
  let c41 = f32x4.mul(x, b1);
  const end = a + ((<usize>k) * 20);
  a += 20;
  b += 32;
  for (; a < end; a += 20) {
    b0 = v128.load(b);
    b1 = v128.load(b, 16);
    x = v128.load32_splat(a);
    c00 = fma(x, b0, c00);
    c01 = fma(x, b1, c01);
    x = v128.load32_splat(a, 4);
    c10 = fma(x, b0, c10);
    c11 = fma(x, b1, c11);
    x = v128.load32_splat(a, 8);
    c20 = fma(x, b0, c20);
    c21 = fma(x, b1, c21);
    x = v128.load32_splat(a, 12);
    c30 = fma(x, b0, c30);
    c31 = fma(x, b1, c31);
    x = v128.load32_splat(a, 16);
    c40 = fma(x, b0, c40);
    c41 = fma(x, b1, c41);
    b += 32;
  }
  v128.store(out, c00);
  v128.store(out, c01, 16);
  out += row;
  v128.store(out, c10);
  v128.store(out, c11, 16);
  out += row;
  v128.store(out, c20);
  v128.store(out, c21, 16);
  out += row;
  v128.store(out, c30);
  v128.store(out, c31, 16);
  out += row;
  v128.store(out, c40);
  v128.store(out, c41, 16);
}

/** out [6, 8] = A panel [k, 6] · B panel [k, 8]; k > 0; row in bytes. */
function gemm6x8(out: usize, row: usize, a: usize, b: usize, k: i32): void {
  let b0 = v128.load(b);
  let b1 = v128.load(b, 16);
  let x = v128.load32_splat(a);
  let c00 = f32x4.mul(x, b0);
  let c01 = f32x4.mul(x, b1);
  x = v128.load32_splat(a, 4);
  let c10 = f32x4.mul(x, b0);
  let c11 = f32x4.mul(x, b1);
  x = v128.load32_splat(a, 8);
  let c20 = f32x4.mul(x, b0);
  let c21 = f32x4.mul(x, b1);
  x = v128.load32_splat(a, 12);
  let c30 = f32x4.mul(x, b0);
  let c31 = f32x4.mul(x, b1);
  x = v128.load32_splat(a, 16);
  let c40 = f32x4.mul(x, b0);
  let c41 = f32x4.mul(x, b1);
  x = v128.load32_splat(a, 20);
  let c50 = f32x4.mul(x, b0);
  let c51 = f32x4.mul(x, b1);
  const end = a + ((<usize>k) * 24);
  a += 24;
  b += 32;
  for (; a < end; a += 24) {
    b0 = v128.load(b);
    b1 = v128.load(b, 16);
    x = v128.load32_splat(a);
    c00 = fma(x, b0, c00);
    c01 = fma(x, b1, c01);
    x = v128.load32_splat(a, 4);
    c10 = fma(x, b0, c10);
    c11 = fma(x, b1, c11);
    x = v128.load32_splat(a, 8);
    c20 = fma(x, b0, c20);
    c21 = fma(x, b1, c21);
    x = v128.load32_splat(a, 12);
    c30 = fma(x, b0, c30);
    c31 = fma(x, b1, c31);
    x = v128.load32_splat(a, 16);
    c40 = fma(x, b0, c40);
    c41 = fma(x, b1, c41);
    x = v128.load32_splat(a, 20);
    c50 = fma(x, b0, c50);
    c51 = fma(x, b1, c51);
    b += 32;
  }
  v128.store(out, c00);
  v128.store(out, c01, 16);
  out += row;
  v128.store(out, c10);
  v128.store(out, c11, 16);
  out += row;
  v128.store(out, c20);
  v128.store(out, c21, 16);
  out += row;
  v128.store(out, c30);
  v128.store(out, c31, 16);
  out += row;
  v128.store(out, c40);
  v128.store(out, c41, 16);
  out += row;
  v128.store(out, c50);
  v128.store(out, c51, 16);
}

/** Four to six rows. */
export function tileBy8(rows: i32, out: usize, row: usize, a: usize, b: usize, k: i32): void {
  if (rows == 6) gemm6x8(out, row, a, b, k);
  else if (rows == 5) gemm5x8(out, row, a, b, k);
  else gemm4x8(out, row, a, b, k);
}
