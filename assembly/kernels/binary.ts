// Elementwise functions of two arguments with broadcasting by strides.
import { pow as powLanes } from "../math";
import { LANES, at, span } from "../simd";

/** Function numbers: compile-time constants, so each export below is its own straight loops. */
const ADD = 0;
const SUB = 1;
const MUL = 2;
const DIV = 3;
const POW = 4;
const MAXIMUM = 5;
const MINIMUM = 6;
const EQUAL = 7;
const LESS = 8;
const LESS_EQUAL = 9;
const GREATER = 10;
const GREATER_EQUAL = 11;
const NOT_EQUAL = 12;

/** 1 where the mask is set, 0 elsewhere. */
// @ts-ignore: decorator
@inline
function oneWhere(mask: v128): v128 {
  return v128.and(mask, f32x4.splat(1));
}

// @ts-ignore: decorator
@inline
function apply(f: i32, a: v128, b: v128): v128 {
  switch (f) {
    case ADD:
      return f32x4.add(a, b);
    case SUB:
      return f32x4.sub(a, b);
    case MUL:
      return f32x4.mul(a, b);
    case DIV:
      return f32x4.div(a, b);
    case POW:
      return powLanes(a, b);
    case MAXIMUM:
      return f32x4.max(a, b);
    case MINIMUM:
      return f32x4.min(a, b);
    case EQUAL:
      return oneWhere(f32x4.eq(a, b));
    case LESS:
      return oneWhere(f32x4.lt(a, b));
    case LESS_EQUAL:
      return oneWhere(f32x4.le(a, b));
    case GREATER:
      return oneWhere(f32x4.gt(a, b));
    case GREATER_EQUAL:
      return oneWhere(f32x4.ge(a, b));
    default:
      return oneWhere(f32x4.ne(a, b));
  }
}

/** out[j] = f(a[j·aCol], b[j·bCol]), j < n; the strides are 0 or 1. */
// @ts-ignore: decorator
@inline
function row(f: i32, out: usize, a: usize, b: usize, n: i32, aCol: i32, bCol: i32): void {
  const whole = n & ~(LANES - 1);
  if ((aCol & bCol) != 0) {
    for (let j = 0; j < whole; j += LANES)
      v128.store(at(out, j), apply(f, v128.load(at(a, j)), v128.load(at(b, j))));
  } else if (bCol != 0) {
    const va = v128.load32_splat(a);
    for (let j = 0; j < whole; j += LANES) v128.store(at(out, j), apply(f, va, v128.load(at(b, j))));
  } else if (aCol != 0) {
    const vb = v128.load32_splat(b);
    for (let j = 0; j < whole; j += LANES) v128.store(at(out, j), apply(f, v128.load(at(a, j)), vb));
  } else {
    const value = apply(f, v128.load32_splat(a), v128.load32_splat(b));
    for (let j = 0; j < n; ++j) v128.store32_lane(at(out, j), value, 0);
    return;
  }
  for (let j = whole; j < n; ++j) {
    const value = apply(f, v128.load32_zero(at(a, j * aCol)), v128.load32_zero(at(b, j * bCol)));
    v128.store32_lane(at(out, j), value, 0);
  }
}

/** out[i·n + j] = f(a[i·aRow + j·aCol], b[i·bRow + j·bCol]), i < m, j < n. out: [m, n]. */
// @ts-ignore: decorator
@inline
function map(f: i32, out: usize, a: usize, b: usize, m: i32, n: i32, aRow: i32, aCol: i32, bRow: i32, bCol: i32): void {
  if (m <= 0 || n <= 0) return;
  span(out, m * n);
  span(a, (m - 1) * aRow + (n - 1) * aCol + 1);
  span(b, (m - 1) * bRow + (n - 1) * bCol + 1);
  // Rows that follow one another without a gap are one long row; so is a single column of stride 0 or 1.
  if (aRow == n * aCol && bRow == n * bCol) {
    n *= m;
    m = 1;
  } else if (n == 1 && <u32>aRow <= 1 && <u32>bRow <= 1) {
    n = m;
    m = 1;
    aCol = aRow;
    bCol = bRow;
  }
  for (let i = 0; i < m; ++i) row(f, at(out, i * n), at(a, i * aRow), at(b, i * bRow), n, aCol, bCol);
}

/** a + b. */
export function add(out: usize, a: usize, b: usize, m: i32, n: i32, aRow: i32, aCol: i32, bRow: i32, bCol: i32): void {
  map(ADD, out, a, b, m, n, aRow, aCol, bRow, bCol);
}
/** a − b. */
export function sub(out: usize, a: usize, b: usize, m: i32, n: i32, aRow: i32, aCol: i32, bRow: i32, bCol: i32): void {
  map(SUB, out, a, b, m, n, aRow, aCol, bRow, bCol);
}
/** a · b. */
export function mul(out: usize, a: usize, b: usize, m: i32, n: i32, aRow: i32, aCol: i32, bRow: i32, bCol: i32): void {
  map(MUL, out, a, b, m, n, aRow, aCol, bRow, bCol);
}
/** a / b. */
export function div(out: usize, a: usize, b: usize, m: i32, n: i32, aRow: i32, aCol: i32, bRow: i32, bCol: i32): void {
  map(DIV, out, a, b, m, n, aRow, aCol, bRow, bCol);
}
/** a to the power b; see math.ts for its error and special cases. */
export function pow(out: usize, a: usize, b: usize, m: i32, n: i32, aRow: i32, aCol: i32, bRow: i32, bCol: i32): void {
  map(POW, out, a, b, m, n, aRow, aCol, bRow, bCol);
}
/** The larger; NaN if either is NaN. */
export function max2(out: usize, a: usize, b: usize, m: i32, n: i32, aRow: i32, aCol: i32, bRow: i32, bCol: i32): void {
  map(MAXIMUM, out, a, b, m, n, aRow, aCol, bRow, bCol);
}
/** The smaller; NaN if either is NaN. */
export function min2(out: usize, a: usize, b: usize, m: i32, n: i32, aRow: i32, aCol: i32, bRow: i32, bCol: i32): void {
  map(MINIMUM, out, a, b, m, n, aRow, aCol, bRow, bCol);
}
/** a == b: 1 or 0; NaN equals nothing. */
export function equal(out: usize, a: usize, b: usize, m: i32, n: i32, aRow: i32, aCol: i32, bRow: i32, bCol: i32): void {
  map(EQUAL, out, a, b, m, n, aRow, aCol, bRow, bCol);
}
/** a < b: 1 or 0. */
export function less(out: usize, a: usize, b: usize, m: i32, n: i32, aRow: i32, aCol: i32, bRow: i32, bCol: i32): void {
  map(LESS, out, a, b, m, n, aRow, aCol, bRow, bCol);
}
/** a ≤ b: 1 or 0. */
export function lessEqual(out: usize, a: usize, b: usize, m: i32, n: i32, aRow: i32, aCol: i32, bRow: i32, bCol: i32): void {
  map(LESS_EQUAL, out, a, b, m, n, aRow, aCol, bRow, bCol);
}
/** a > b: 1 or 0. */
export function greater(out: usize, a: usize, b: usize, m: i32, n: i32, aRow: i32, aCol: i32, bRow: i32, bCol: i32): void {
  map(GREATER, out, a, b, m, n, aRow, aCol, bRow, bCol);
}
/** a ≥ b: 1 or 0. */
export function greaterEqual(out: usize, a: usize, b: usize, m: i32, n: i32, aRow: i32, aCol: i32, bRow: i32, bCol: i32): void {
  map(GREATER_EQUAL, out, a, b, m, n, aRow, aCol, bRow, bCol);
}
/** a ≠ b: 1 or 0; NaN differs from everything. */
export function notEqual(out: usize, a: usize, b: usize, m: i32, n: i32, aRow: i32, aCol: i32, bRow: i32, bCol: i32): void {
  map(NOT_EQUAL, out, a, b, m, n, aRow, aCol, bRow, bCol);
}

/** out[i] = condition[i] ≠ 0 ? a[i] : b[i], i < n. A NaN condition counts as true. out may be any of the inputs. */
export function where(out: usize, condition: usize, a: usize, b: usize, n: i32): void {
  span(out, n);
  span(condition, n);
  span(a, n);
  span(b, n);
  const zero = f32x4.splat(0);
  const whole = n & ~(LANES - 1);
  for (let i = 0; i < whole; i += LANES) {
    const chosen = f32x4.ne(v128.load(at(condition, i)), zero);
    v128.store(at(out, i), v128.bitselect(v128.load(at(a, i)), v128.load(at(b, i)), chosen));
  }
  for (let i = whole; i < n; ++i)
    store<f32>(at(out, i), load<f32>(load<f32>(at(condition, i)) != 0 ? at(a, i) : at(b, i)));
}
