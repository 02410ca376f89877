// What happens to a tile of sums on its way to C.
import { LANES, at } from "../simd";

/** Epilogue numbers of `gemm`. */
export const BIAS = 1;
export const BIAS_RELU = 2;
export const MASK = 3;
export const ACCUMULATE = 4;
/** The bits that hold one of BIAS, BIAS_RELU, MASK. */
export const EPILOGUE = 3;
/** A flag beside them: add to what C holds, for later blocks of k and for ACCUMULATE. */
export const ADD = 8;

/** x where it is not below zero: NaN stays NaN. */
// @ts-ignore: decorator
@inline
export function relu(x: v128): v128 {
  return v128.andnot(x, f32x4.lt(x, f32x4.splat(0)));
}

/** x where the gate is above zero, else 0. */
// @ts-ignore: decorator
@inline
export function gated(gate: usize, x: v128): v128 {
  return v128.and(x, f32x4.gt(v128.load(gate), f32x4.splat(0)));
}

// @ts-ignore: decorator
@inline
export function plus(c: usize, x: v128): v128 {
  return f32x4.add(v128.load(c), x);
}

/** Stores the `lanes` highest lanes of the vector that begins at c. */
// @ts-ignore: decorator
@inline
export function storeHigh(c: usize, x: v128, lanes: i32): void {
  if (lanes == 4) {
    v128.store(c, x);
  } else if (lanes == 1) {
    v128.store32_lane(c, x, 3, 12);
  } else {
    if (lanes == 3) v128.store32_lane(c, x, 1, 4);
    v128.store64_lane(c, x, 1, 8);
  }
}

/** The `lanes` last of four columns of C from sums [rows, 4]. */
export function finish4(
  c: usize, cRow: usize, sums: usize, rows: i32, lanes: i32, extra: usize, mode: i32,
): void {
  const epilogue = mode & EPILOGUE;
  for (; rows > 0; --rows) {
    let x = v128.load(sums);
    if (mode & ADD) x = plus(c, x);
    if (epilogue == MASK) {
      x = gated(extra, x);
      extra += cRow;
    } else if (epilogue) {
      x = f32x4.add(x, v128.load(extra));
      if (epilogue == BIAS_RELU) x = relu(x);
    }
    storeHigh(c, x, lanes);
    c += cRow;
    sums += 16;
  }
}

/** C tile [rows, 8] from the sums [rows, 8] of a packed kernel. */
export function finish8(c: usize, cRow: usize, sums: usize, rows: i32, extra: usize, mode: i32): void {
  const epilogue = mode & EPILOGUE;
  for (; rows > 0; --rows) {
    let x = v128.load(sums);
    let y = v128.load(sums, 16);
    if (mode & ADD) {
      x = plus(c, x);
      y = plus(c + 16, y);
    }
    if (epilogue == MASK) {
      x = gated(extra, x);
      y = gated(extra + 16, y);
      extra += cRow;
    } else if (epilogue) {
      x = f32x4.add(x, v128.load(extra));
      y = f32x4.add(y, v128.load(extra, 16));
      if (epilogue == BIAS_RELU) {
        x = relu(x);
        y = relu(y);
      }
    }
    v128.store(c, x);
    v128.store(c, y, 16);
    c += cRow;
    sums += 32;
  }
}

/** The epilogue of one line of C by itself; `step` is 0 where one bias serves all. */
export function finishLine(c: usize, n: i32, extra: usize, step: i32, epilogue: i32): void {
  let i = 0;
  if (epilogue == ACCUMULATE)
    for (; i + LANES <= n; i += LANES) v128.store(at(c, i), plus(at(c, i), v128.load(at(extra, i))));
  for (; i < n; ++i) {
    const p = at(c, i);
    const q = at(extra, i * step);
    let x = v128.load32_zero(p);
    if (epilogue == ACCUMULATE) x = f32x4.add(v128.load32_zero(q), x);
    else if (epilogue == MASK) x = v128.and(x, f32x4.gt(v128.load32_zero(q), f32x4.splat(0)));
    else x = f32x4.add(x, v128.load32_zero(q));
    if (epilogue == BIAS_RELU) x = relu(x);
    v128.store32_lane(p, x, 0);
  }
}
