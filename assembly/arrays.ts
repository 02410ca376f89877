// The array API's own module (bindings/arrays.ts): Float32Arrays in, a new Float32Array or a number out. Each function
// allocates its result and calls the library's kernels; lengths are checked before they come here.
import { gemm, gemmScratch } from "./gemm";
import * as binary from "./kernels/binary";
import { copy, copyStrided } from "./kernels/copy";
import { axpy as axpyKernel, sgd } from "./kernels/optimizer";
import { argmax as argmaxKernel } from "./kernels/reduce";
import { softmax as softmaxKernel } from "./kernels/softmax";
import * as unary from "./kernels/unary";
import { at } from "./simd";
import { SQUARES, dotRow, sumRow, sumTerms } from "./sums";

/** A·B. a: [m, k], b: [k, n], result: [m, n]. */
export function matmul(a: Float32Array, b: Float32Array, m: i32, n: i32, k: i32): Float32Array {
  const c = new Float32Array(m * n);
  const scratch = new ArrayBuffer(gemmScratch(m, n, k));
  gemm(c.dataStart, a.dataStart, b.dataStart, changetype<usize>(scratch), m, n, k, k, 1, n, 1, 0, 0);
  return c;
}

/** a: [m, n], result: [n, m]. */
export function transpose(a: Float32Array, m: i32, n: i32): Float32Array {
  const out = new Float32Array(m * n);
  copyStrided(out.dataStart, a.dataStart, 1, 1, n, m, 0, 0, m, 1, 0, 0, 1, n);
  return out;
}

/** 0 for a single element, which then stands for every column. */
// @ts-ignore: decorator
@inline
function stride(b: Float32Array): i32 {
  return b.length == 1 ? 0 : 1;
}

export function add(a: Float32Array, b: Float32Array): Float32Array {
  const out = new Float32Array(a.length);
  binary.add(out.dataStart, a.dataStart, b.dataStart, 1, a.length, 0, 1, 0, stride(b));
  return out;
}
export function sub(a: Float32Array, b: Float32Array): Float32Array {
  const out = new Float32Array(a.length);
  binary.sub(out.dataStart, a.dataStart, b.dataStart, 1, a.length, 0, 1, 0, stride(b));
  return out;
}
export function mul(a: Float32Array, b: Float32Array): Float32Array {
  const out = new Float32Array(a.length);
  binary.mul(out.dataStart, a.dataStart, b.dataStart, 1, a.length, 0, 1, 0, stride(b));
  return out;
}

/** alpha·x + y: the product is rounded, then the sum. */
export function axpy(alpha: f32, x: Float32Array, y: Float32Array): Float32Array {
  const out = new Float32Array(y.length);
  copy(out.dataStart, y.dataStart, y.length);
  axpyKernel(out.dataStart, x.dataStart, x.length, alpha);
  return out;
}

export function relu(x: Float32Array): Float32Array {
  const y = new Float32Array(x.length);
  unary.relu(y.dataStart, x.dataStart, x.length);
  return y;
}
export function tanh(x: Float32Array): Float32Array {
  const y = new Float32Array(x.length);
  unary.tanh(y.dataStart, x.dataStart, x.length);
  return y;
}
export function sigmoid(x: Float32Array): Float32Array {
  const y = new Float32Array(x.length);
  unary.sigmoid(y.dataStart, x.dataStart, x.length);
  return y;
}
export function exp(x: Float32Array): Float32Array {
  const y = new Float32Array(x.length);
  unary.exp(y.dataStart, x.dataStart, x.length);
  return y;
}
export function log(x: Float32Array): Float32Array {
  const y = new Float32Array(x.length);
  unary.log(y.dataStart, x.dataStart, x.length);
  return y;
}

/** Each row of x: [m, columns] becomes a distribution. */
export function softmax(x: Float32Array, columns: i32): Float32Array {
  const y = new Float32Array(x.length);
  if (columns > 0) softmaxKernel(y.dataStart, x.dataStart, x.length / columns, columns);
  return y;
}

/** Σ x[i]·y[i] in f64, where a product or a partial sum in f32 would leave its range. */
function wideDot(x: usize, y: usize, n: i32): f64 {
  let sum: f64 = 0;
  for (let i = 0; i < n; ++i) sum += <f64>load<f32>(at(x, i)) * <f64>load<f32>(at(y, i));
  return sum;
}

export function sum(x: Float32Array): f64 {
  const fast = sumRow(x.dataStart, x.length);
  if (isFinite(fast)) return fast;
  let sum: f64 = 0;
  for (let i = 0; i < x.length; ++i) sum += <f64>load<f32>(at(x.dataStart, i));
  return sum;
}

export function dot(a: Float32Array, b: Float32Array): f64 {
  const fast = dotRow(a.dataStart, b.dataStart, a.length);
  return isFinite(fast) ? fast : wideDot(a.dataStart, b.dataStart, a.length);
}

/** Squares of numbers below 1e-15 lose bits in f32, and those below 1e-23 vanish: small sums too are taken again in f64. */
export function norm(x: Float32Array): f64 {
  const fast = sumTerms(SQUARES, x.dataStart, x.dataStart, x.length);
  return Math.sqrt(isFinite(fast) && fast > 1e-24 ? fast : wideDot(x.dataStart, x.dataStart, x.length));
}

/** The first index of the largest element, or of the first NaN. */
export function argmax(x: Float32Array): i32 {
  const index = new Int32Array(1);
  argmaxKernel(index.dataStart, x.dataStart, 1, x.length, 1);
  return index[0];
}

/** w: [n], its gradient dw: [n], v: [n] or empty. Result: the new w, followed by the new v. */
export function sgdStep(
  w: Float32Array,
  dw: Float32Array,
  v: Float32Array,
  learningRate: f32,
  momentum: f32,
  weightDecay: f32,
  nesterov: i32,
): Float32Array {
  const n = w.length;
  const out = new Float32Array(n + v.length);
  const velocity = at(out.dataStart, n);
  copy(out.dataStart, w.dataStart, n);
  copy(velocity, v.dataStart, v.length);
  const scalars = new Float32Array(2);
  scalars[0] = learningRate;
  // One step taken: a velocity of zeros makes the first step right, for there is no dampening.
  store<i32>(scalars.dataStart, 1, 4);
  sgd(out.dataStart, out.dataStart, dw.dataStart, velocity, n, scalars.dataStart, 0, momentum, 0, weightDecay, nesterov);
  return out;
}
