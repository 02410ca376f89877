// One row or one column: matrix times vector.
import { fma, horizontalSum } from "../simd";
import { ADD, EPILOGUE, MASK, BIAS_RELU, gated, plus, relu } from "./epilogue";

/**
 * c [32·blocks] = x [k] · B [k, 32·blocks]: eight vectors of sums, so that eight additions are under way at once.
 * The order of the sum is that of the other kernels. Strides in bytes; k > 0.
 */
export function gemm1x32(
  c: usize, x: usize, b: usize, extra: usize, k: i32, blocks: i32, xStep: usize, bRow: usize, mode: i32,
): void {
  const epilogue = mode & EPILOGUE;
  for (; blocks > 0; --blocks) {
    let p = x;
    let q = b;
    let y = v128.load32_splat(p);
    let c0 = f32x4.mul(y, v128.load(q));
    let c1 = f32x4.mul(y, v128.load(q, 16));
    let c2 = f32x4.mul(y, v128.load(q, 32));
    let c3 = f32x4.mul(y, v128.load(q, 48));
    let c4 = f32x4.mul(y, v128.load(q, 64));
    let c5 = f32x4.mul(y, v128.load(q, 80));
    let c6 = f32x4.mul(y, v128.load(q, 96));
    let c7 = f32x4.mul(y, v128.load(q, 112));
    for (let left = k - 1; left > 0; --left) {
      p += xStep;
      q += bRow;
      y = v128.load32_splat(p);
      c0 = fma(y, v128.load(q), c0);
      c1 = fma(y, v128.load(q, 16), c1);
      c2 = fma(y, v128.load(q, 32), c2);
      c3 = fma(y, v128.load(q, 48), c3);
      c4 = fma(y, v128.load(q, 64), c4);
      c5 = fma(y, v128.load(q, 80), c5);
      c6 = fma(y, v128.load(q, 96), c6);
      c7 = fma(y, v128.load(q, 112), c7);
    }
    if (mode & ADD) {
      c0 = plus(c, c0);
      c1 = plus(c + 16, c1);
      c2 = plus(c + 32, c2);
      c3 = plus(c + 48, c3);
      c4 = plus(c + 64, c4);
      c5 = plus(c + 80, c5);
      c6 = plus(c + 96, c6);
      c7 = plus(c + 112, c7);
    }
    v128.store(c, c0);
    v128.store(c, c1, 16);
    v128.store(c, c2, 32);
    v128.store(c, c3, 48);
    v128.store(c, c4, 64);
    v128.store(c, c5, 80);
    v128.store(c, c6, 96);
    v128.store(c, c7, 112);
    if (epilogue)
      for (let i: usize = 0; i < 128; i += 16) {
        let y = v128.load(c + i);
        if (epilogue == MASK) {
          y = gated(extra + i, y);
        } else {
          y = f32x4.add(y, v128.load(extra + i));
          if (epilogue == BIAS_RELU) y = relu(y);
        }
        v128.store(c + i, y);
      }
    b += 128;
    c += 128;
    extra += 128;
  }
}

/**
 * c[i] = Σ_p matrix[i, p]·x[p] for rows and x contiguous in p: four lanes of sums a row, four rows at once.
 *
 *   lane l of s_i = Σ_q matrix[i, 4q + l]·x[4q + l]
 *   c[i] = (lane 0 + lane 1) + (lane 2 + lane 3), then + the last k mod 4 products
 */
export function dots(c: usize, matrix: usize, row: usize, x: usize, rows: i32, k: i32, mode: i32): void {
  const whole = (<usize>(k & ~3)) << 2;
  const size = (<usize>k) << 2;
  for (; rows >= 4; rows -= 4) {
    const r1 = matrix + row;
    const r2 = r1 + row;
    const r3 = r2 + row;
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    for (let p: usize = 0; p < whole; p += 16) {
      const y = v128.load(x + p);
      s0 = fma(v128.load(matrix + p), y, s0);
      s1 = fma(v128.load(r1 + p), y, s1);
      s2 = fma(v128.load(r2 + p), y, s2);
      s3 = fma(v128.load(r3 + p), y, s3);
    }
    const low01 = v128.shuffle<f32>(s0, s1, 0, 4, 1, 5);
    const high01 = v128.shuffle<f32>(s0, s1, 2, 6, 3, 7);
    const low23 = v128.shuffle<f32>(s2, s3, 0, 4, 1, 5);
    const high23 = v128.shuffle<f32>(s2, s3, 2, 6, 3, 7);
    let sum = f32x4.add(
      f32x4.add(v128.shuffle<f64>(low01, low23, 0, 2), v128.shuffle<f64>(low01, low23, 1, 3)),
      f32x4.add(v128.shuffle<f64>(high01, high23, 0, 2), v128.shuffle<f64>(high01, high23, 1, 3)),
    );
    for (let p = whole; p < size; p += 4) {
      const low = v128.load32_lane(r1 + p, v128.load32_zero(matrix + p), 1);
      sum = fma(v128.load32_lane(r3 + p, v128.load32_lane(r2 + p, low, 2), 3), v128.load32_splat(x + p), sum);
    }
    if (mode & ADD) sum = plus(c, sum);
    v128.store(c, sum);
    c += 16;
    matrix = r3 + row;
  }
  for (; rows > 0; --rows) {
    let s0 = f32x4.splat(0);
    for (let p: usize = 0; p < whole; p += 16) s0 = fma(v128.load(matrix + p), v128.load(x + p), s0);
    let sum = f32x4.splat(horizontalSum(s0));
    for (let p = whole; p < size; p += 4) sum = fma(v128.load32_zero(matrix + p), v128.load32_zero(x + p), sum);
    if (mode & ADD) sum = f32x4.add(v128.load32_zero(c), sum);
    v128.store32_lane(c, sum, 0);
    c += 4;
    matrix += row;
  }
}
