// What this build can reach on this machine: the loops against which the benchmarks rate the kernels. Never shipped.
// `name(iterations)` runs one loop; the constant `nameFlops` counts the operations of one iteration of it.
// Which is fastest depends on the processor: how long a multiplication and an addition take, how many start at once.
import { fma, horizontalSum } from "./simd";
import { tileBy8 } from "./gemm/packed";

/** Panels that stay in the first-level cache: A [DEPTH, rows], B [DEPTH, 8], and the tile they give. */
const DEPTH: i32 = 256;
const A: usize = 1024;
const B: usize = 16384;
const TILE: usize = 32768;

/** The multiplier and what is added: from memory, so that no compiler knows them. */
// @ts-ignore: decorator
@inline
function operand(i: usize): v128 {
  return v128.load(A + (i << 4));
}

export const chains8Flops: i32 = 2 * 8 * 8;
/** 8 independent chains in registers, two links of each an iteration: what the arithmetic alone allows. */
export function chains8(iterations: i32): f32 {
  const x = operand(0);
  const y = operand(1);
  let c0 = operand(2);
  let c1 = operand(3);
  let c2 = operand(4);
  let c3 = operand(5);
  let c4 = operand(6);
  let c5 = operand(7);
  let c6 = operand(8);
  let c7 = operand(9);
  for (; iterations > 0; --iterations) {
    c0 = fma(c0, x, y);
    c1 = fma(c1, x, y);
    c2 = fma(c2, x, y);
    c3 = fma(c3, x, y);
    c4 = fma(c4, x, y);
    c5 = fma(c5, x, y);
    c6 = fma(c6, x, y);
    c7 = fma(c7, x, y);
    c0 = fma(c0, x, y);
    c1 = fma(c1, x, y);
    c2 = fma(c2, x, y);
    c3 = fma(c3, x, y);
    c4 = fma(c4, x, y);
    c5 = fma(c5, x, y);
    c6 = fma(c6, x, y);
    c7 = fma(c7, x, y);
  }
  c0 = f32x4.add(c0, c1);
  c0 = f32x4.add(c0, c2);
  c0 = f32x4.add(c0, c3);
  c0 = f32x4.add(c0, c4);
  c0 = f32x4.add(c0, c5);
  c0 = f32x4.add(c0, c6);
  c0 = f32x4.add(c0, c7);
  return horizontalSum(c0);
}

export const chains12Flops: i32 = 2 * 12 * 8;
/** 12 independent chains in registers, two links of each an iteration: what the arithmetic alone allows. */
export function chains12(iterations: i32): f32 {
  const x = operand(0);
  const y = operand(1);
  let c0 = operand(2);
  let c1 = operand(3);
  let c2 = operand(4);
  let c3 = operand(5);
  let c4 = operand(6);
  let c5 = operand(7);
  let c6 = operand(8);
  let c7 = operand(9);
  let c8 = operand(10);
  let c9 = operand(11);
  let c10 = operand(12);
  let c11 = operand(13);
  for (; iterations > 0; --iterations) {
    c0 = fma(c0, x, y);
    c1 = fma(c1, x, y);
    c2 = fma(c2, x, y);
    c3 = fma(c3, x, y);
    c4 = fma(c4, x, y);
    c5 = fma(c5, x, y);
    c6 = fma(c6, x, y);
    c7 = fma(c7, x, y);
    c8 = fma(c8, x, y);
    c9 = fma(c9, x, y);
    c10 = fma(c10, x, y);
    c11 = fma(c11, x, y);
    c0 = fma(c0, x, y);
    c1 = fma(c1, x, y);
    c2 = fma(c2, x, y);
    c3 = fma(c3, x, y);
    c4 = fma(c4, x, y);
    c5 = fma(c5, x, y);
    c6 = fma(c6, x, y);
    c7 = fma(c7, x, y);
    c8 = fma(c8, x, y);
    c9 = fma(c9, x, y);
    c10 = fma(c10, x, y);
    c11 = fma(c11, x, y);
  }
  c0 = f32x4.add(c0, c1);
  c0 = f32x4.add(c0, c2);
  c0 = f32x4.add(c0, c3);
  c0 = f32x4.add(c0, c4);
  c0 = f32x4.add(c0, c5);
  c0 = f32x4.add(c0, c6);
  c0 = f32x4.add(c0, c7);
  c0 = f32x4.add(c0, c8);
  c0 = f32x4.add(c0, c9);
  c0 = f32x4.add(c0, c10);
  c0 = f32x4.add(c0, c11);
  return horizontalSum(c0);
}

export const chains13Flops: i32 = 2 * 13 * 8;
/** 13 independent chains in registers, two links of each an iteration: what the arithmetic alone allows. */
export function chains13(iterations: i32): f32 {
  const x = operand(0);
  const y = operand(1);
  let c0 = operand(2);
  let c1 = operand(3);
  let c2 = operand(4);
  let c3 = operand(5);
  let c4 = operand(6);
  let c5 = operand(7);
  let c6 = operand(8);
  let c7 = operand(9);
  let c8 = operand(10);
  let c9 = operand(11);
  let c10 = operand(12);
  let c11 = operand(13);
  let c12 = operand(14);
  for (; iterations > 0; --iterations) {
    c0 = fma(c0, x, y);
    c1 = fma(c1, x, y);
    c2 = fma(c2, x, y);
    c3 = fma(c3, x, y);
    c4 = fma(c4, x, y);
    c5 = fma(c5, x, y);
    c6 = fma(c6, x, y);
    c7 = fma(c7, x, y);
    c8 = fma(c8, x, y);
    c9 = fma(c9, x, y);
    c10 = fma(c10, x, y);
    c11 = fma(c11, x, y);
    c12 = fma(c12, x, y);
    c0 = fma(c0, x, y);
    c1 = fma(c1, x, y);
    c2 = fma(c2, x, y);
    c3 = fma(c3, x, y);
    c4 = fma(c4, x, y);
    c5 = fma(c5, x, y);
    c6 = fma(c6, x, y);
    c7 = fma(c7, x, y);
    c8 = fma(c8, x, y);
    c9 = fma(c9, x, y);
    c10 = fma(c10, x, y);
    c11 = fma(c11, x, y);
    c12 = fma(c12, x, y);
  }
  c0 = f32x4.add(c0, c1);
  c0 = f32x4.add(c0, c2);
  c0 = f32x4.add(c0, c3);
  c0 = f32x4.add(c0, c4);
  c0 = f32x4.add(c0, c5);
  c0 = f32x4.add(c0, c6);
  c0 = f32x4.add(c0, c7);
  c0 = f32x4.add(c0, c8);
  c0 = f32x4.add(c0, c9);
  c0 = f32x4.add(c0, c10);
  c0 = f32x4.add(c0, c11);
  c0 = f32x4.add(c0, c12);
  return horizontalSum(c0);
}

// @ts-ignore: decorator
@inline
function tile(rows: i32, iterations: i32): f32 {
  for (; iterations > 0; iterations -= DEPTH) tileBy8(rows, TILE, 32, A, B, min(iterations, DEPTH));
  return load<f32>(TILE);
}

export const tile4x8Flops: i32 = 2 * 4 * 8;
/** The micro-kernel of `gemm` on panels in the first-level cache; an iteration is one step of k. */
export function tile4x8(iterations: i32): f32 {
  return tile(4, iterations);
}

export const tile5x8Flops: i32 = 2 * 5 * 8;
/** The micro-kernel of `gemm` on panels in the first-level cache; an iteration is one step of k. */
export function tile5x8(iterations: i32): f32 {
  return tile(5, iterations);
}

export const tile6x8Flops: i32 = 2 * 6 * 8;
/** The micro-kernel of `gemm` on panels in the first-level cache; an iteration is one step of k. */
export function tile6x8(iterations: i32): f32 {
  return tile(6, iterations);
}
