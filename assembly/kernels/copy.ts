// Moving elements: copies, fills, and strided copies and additions for transposes, slices, pads and broadcasts.
import { LANES, at, span } from "../simd";
import { sumRow } from "../sums";

/** out[i] = x[i], i < n; the two may overlap. */
export function copy(out: usize, x: usize, n: i32): void {
  span(out, n);
  span(x, n);
  memory.copy(out, x, (<usize>n) << 2);
}

/** out[i] = value, i < n. */
export function fill(out: usize, n: i32, value: f32): void {
  span(out, n);
  const v = f32x4.splat(value);
  const whole = n & ~(LANES - 1);
  for (let i = 0; i < whole; i += LANES) v128.store(at(out, i), v);
  for (let i = whole; i < n; ++i) store<f32>(at(out, i), value);
}

/** Debug build only: span() over every element that strides s from pointer reach. */
// @ts-ignore: decorator
@inline
function spanStrided(
  pointer: usize, n0: i32, n1: i32, n2: i32, n3: i32, s0: i32, s1: i32, s2: i32, s3: i32,
): void {
  const e0 = (n0 - 1) * s0;
  const e1 = (n1 - 1) * s1;
  const e2 = (n2 - 1) * s2;
  const e3 = (n3 - 1) * s3;
  const lowest = min(e0, 0) + min(e1, 0) + min(e2, 0) + min(e3, 0);
  const highest = max(e0, 0) + max(e1, 0) + max(e2, 0) + max(e3, 0);
  span(at(pointer, lowest), highest - lowest + 1);
}

// @ts-ignore: decorator
@inline
function put(adds: bool, out: usize, v: v128): void {
  v128.store(out, adds ? f32x4.add(v128.load(out), v) : v);
}

// @ts-ignore: decorator
@inline
function putScalar(adds: bool, out: usize, v: f32): void {
  store<f32>(out, adds ? load<f32>(out) + v : v);
}

/** out[j·o] = x[j·s] (or +=), j < n. */
// @ts-ignore: decorator
@inline
function row(adds: bool, out: usize, x: usize, n: i32, o: i32, s: i32): void {
  let j = 0;
  if (o == 1 && s == 1) {
    for (; j <= n - LANES; j += LANES) put(adds, at(out, j), v128.load(at(x, j)));
  } else if (o == 1 && s == 0) {
    const v = v128.load32_splat(x);
    for (; j <= n - LANES; j += LANES) put(adds, at(out, j), v);
  } else if (adds && o == 0 && s == 1) {
    store<f32>(out, load<f32>(out) + <f32>sumRow(x, n));
    return;
  }
  for (; j < n; ++j) putScalar(adds, at(out, j * o), load<f32>(at(x, j * s)));
}

/**
 * out[i·o + j] = x[i + j·s] (or +=), i < m, j < n, in 4×4 blocks; the rest of m and n element by element.
 *
 *     x rows j…j+3:  a0 a1 a2 a3    out rows i…i+3:  a0 b0 c0 d0
 *                    b0 b1 b2 b3                     a1 b1 c1 d1
 *                    c0 c1 c2 c3                     a2 b2 c2 d2
 *                    d0 d1 d2 d3                     a3 b3 c3 d3
 */
// @ts-ignore: decorator
@inline
function transpose(adds: bool, out: usize, x: usize, m: i32, n: i32, o: i32, s: i32): void {
  const wholeM = m & ~(LANES - 1);
  const wholeN = n & ~(LANES - 1);
  // 64 rows of x at a time, so that their cache lines stay in L1 until all their columns are read.
  for (let start = 0; start < wholeN; start += 64) {
    const end = min(start + 64, wholeN);
    for (let i = 0; i < wholeM; i += LANES) {
      for (let j = start; j < end; j += LANES) {
        const from = at(x, i + j * s);
        const a = v128.load(from);
        const b = v128.load(at(from, s));
        const c = v128.load(at(from, 2 * s));
        const d = v128.load(at(from, 3 * s));
        const ab01 = i8x16.shuffle(a, b, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
        const ab23 = i8x16.shuffle(a, b, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
        const cd01 = i8x16.shuffle(c, d, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
        const cd23 = i8x16.shuffle(c, d, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
        const to = at(out, i * o + j);
        put(adds, to, i64x2.shuffle(ab01, cd01, 0, 2));
        put(adds, at(to, o), i64x2.shuffle(ab01, cd01, 1, 3));
        put(adds, at(to, 2 * o), i64x2.shuffle(ab23, cd23, 0, 2));
        put(adds, at(to, 3 * o), i64x2.shuffle(ab23, cd23, 1, 3));
      }
    }
  }
  for (let i = 0; i < m; ++i)
    for (let j = i < wholeM ? wholeN : 0; j < n; ++j) putScalar(adds, at(out, i * o + j), load<f32>(at(x, i + j * s)));
}

/** out[Σ iₖ·oₖ] = x[Σ iₖ·xₖ] (or +=), iₖ < nₖ. */
// @ts-ignore: decorator
@inline
function strided(
  adds: bool, out: usize, x: usize, n0: i32, n1: i32, n2: i32, n3: i32,
  o0: i32, o1: i32, o2: i32, o3: i32, x0: i32, x1: i32, x2: i32, x3: i32,
): void {
  if (n0 <= 0 || n1 <= 0 || n2 <= 0 || n3 <= 0) return;
  spanStrided(out, n0, n1, n2, n3, o0, o1, o2, o3);
  spanStrided(x, n0, n1, n2, n3, x0, x1, x2, x3);
  // Dimensions that follow one another without a gap on both sides become one, so that the inner loop is long.
  for (let k = 0; k < 3; ++k) {
    if (n3 == 1) {
      n3 = n2;
      o3 = o2;
      x3 = x2;
    } else if (n2 == 1 || (o2 == n3 * o3 && x2 == n3 * x3)) {
      n3 *= n2;
    } else break;
    n2 = n1;
    o2 = o1;
    x2 = x1;
    n1 = n0;
    o1 = o0;
    x1 = x0;
    n0 = 1;
  }
  // The order of the dimensions does not matter: bring the one where x is contiguous next to the last.
  if (x2 != 1 && x1 == 1) {
    const n = n1;
    const o = o1;
    n1 = n2;
    o1 = o2;
    x1 = x2;
    n2 = n;
    o2 = o;
    x2 = 1;
  }
  const transposes = o3 == 1 && x2 == 1 && x3 != 1 && x3 != 0 && n2 >= LANES && n3 >= LANES;
  for (let i0 = 0; i0 < n0; ++i0) {
    for (let i1 = 0; i1 < n1; ++i1) {
      const to = at(out, i0 * o0 + i1 * o1);
      const from = at(x, i0 * x0 + i1 * x1);
      if (transposes) transpose(adds, to, from, n2, n3, o2, x3);
      else for (let i2 = 0; i2 < n2; ++i2) row(adds, at(to, i2 * o2), at(from, i2 * x2), n3, o3, x3);
    }
  }
}

/**
 * out[Σ iₖ·oₖ] = x[Σ iₖ·xₖ], iₖ < nₖ. Strides count elements; those of x may be 0 or negative (x points at index 0).
 * out and x must not overlap.
 */
export function copyStrided(
  out: usize, x: usize, n0: i32, n1: i32, n2: i32, n3: i32,
  o0: i32, o1: i32, o2: i32, o3: i32, x0: i32, x1: i32, x2: i32, x3: i32,
): void {
  strided(false, out, x, n0, n1, n2, n3, o0, o1, o2, o3, x0, x1, x2, x3);
}

/**
 * out[Σ iₖ·oₖ] += x[Σ iₖ·xₖ], iₖ < nₖ: the gradient of a copy. Several i may meet in one element of out (a stride 0,
 * overlapping windows). Each addition rounds to f32, except that a last dimension with o3 = 0 and x3 = 1 is summed first
 * (reduce.ts, sum); for long reductions use sum.
 */
export function addStrided(
  out: usize, x: usize, n0: i32, n1: i32, n2: i32, n3: i32,
  o0: i32, o1: i32, o2: i32, o3: i32, x0: i32, x1: i32, x2: i32, x3: i32,
): void {
  strided(true, out, x, n0, n1, n2, n3, o0, o1, o2, o3, x0, x1, x2, x3);
}
