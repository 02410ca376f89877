// Rows by index: mini-batches from resident data sets, embeddings, one-hot rows. Indices are i32 and already validated.
import { scale16, scaled, spanBytes } from "../bytes";
import { LANES, at, span } from "../simd";

/** Debug build only: the row at `index`, checked against memory. */
// @ts-ignore: decorator
@inline
function rowAt(table: usize, index: i32, width: i32): usize {
  assert(index >= 0, "negative row index");
  const row = at(table, index * width);
  span(row, width);
  return row;
}

/** out[j] = x[j], j < n, 4-byte elements of any type. */
// @ts-ignore: decorator
@inline
function copyRow(out: usize, x: usize, n: i32): void {
  let j = 0;
  for (; j <= n - 16; j += 16) {
    const from = at(x, j);
    const to = at(out, j);
    v128.store(to, v128.load(from));
    v128.store(to, v128.load(from, 16), 16);
    v128.store(to, v128.load(from, 32), 32);
    v128.store(to, v128.load(from, 48), 48);
  }
  for (; j <= n - LANES; j += LANES) v128.store(at(out, j), v128.load(at(x, j)));
  for (; j < n; ++j) store<u32>(at(out, j), load<u32>(at(x, j)));
}

/** out[r,j] = table[indices[r], j], r < rows, j < width. out: [rows, width], table: [any, width], indices: i32 [rows]. */
export function gatherRows(out: usize, table: usize, indices: usize, rows: i32, width: i32): void {
  span(out, rows * width);
  span(indices, rows);
  for (let r = 0; r < rows; ++r)
    copyRow(at(out, r * width), rowAt(table, load<i32>(at(indices, r)), width), width);
}

/** The same with a table and an out of i32. */
export function gatherI32(out: usize, table: usize, indices: usize, rows: i32, width: i32): void {
  gatherRows(out, table, indices, rows, width);
}

/** 16 bytes to 16 floats, alike. */
// @ts-ignore: decorator
@inline
function scaleAll16(out: usize, x: usize, scale: v128, shift: v128): void {
  scale16(out, x, scale, scale, scale, scale, shift, shift, shift, shift);
}

/** out[r,j] = table[indices[r], j]·scale + shift. out: f32 [rows, width], table: u8 [any, width], indices: i32 [rows]. */
export function gatherRowsU8(
  out: usize, table: usize, indices: usize, rows: i32, width: i32, scale: f32, shift: f32,
): void {
  span(out, rows * width);
  span(indices, rows);
  const vScale = f32x4.splat(scale);
  const vShift = f32x4.splat(shift);
  for (let r = 0; r < rows; ++r) {
    const to = at(out, r * width);
    const index = load<i32>(at(indices, r));
    assert(index >= 0, "negative row index");
    const from = table + <usize>index * <usize>width;
    spanBytes(from, width);
    if (width >= 16) {
      for (let j = 0; j < width - 16; j += 16) scaleAll16(at(to, j), from + j, vScale, vShift);
      // The last 16 overlap the ones before them: the same bytes give the same floats.
      scaleAll16(at(to, width - 16), from + (width - 16), vScale, vShift);
    } else
      for (let j = 0; j < width; ++j)
        v128.store32_lane(at(to, j), scaled(i32x4.splat(load<u8>(from + j)), vScale, vShift), 0);
  }
}

/**
 * out[indices[r], j] += dy[r,j], r < rows, in order of r: the gradient of gatherRows. out is not cleared.
 * out: [any, width], dy: [rows, width], indices: i32 [rows].
 */
export function scatterAddRows(out: usize, dy: usize, indices: usize, rows: i32, width: i32): void {
  span(dy, rows * width);
  span(indices, rows);
  const whole = width & ~(LANES - 1);
  for (let r = 0; r < rows; ++r) {
    const to = rowAt(out, load<i32>(at(indices, r)), width);
    const from = at(dy, r * width);
    for (let j = 0; j < whole; j += LANES)
      v128.store(at(to, j), f32x4.add(v128.load(at(to, j)), v128.load(at(from, j))));
    for (let j = whole; j < width; ++j) store<f32>(at(to, j), load<f32>(at(to, j)) + load<f32>(at(from, j)));
  }
}

// @ts-ignore: decorator
@inline
function labelOf(labels: usize, i: i32, n: i32): i32 {
  const label = load<i32>(at(labels, i));
  assert(<u32>label < <u32>n, "label out of range");
  return label;
}

// @ts-ignore: decorator
@inline
function fillAll(out: usize, n: i32, value: f32): void {
  const v = f32x4.splat(value);
  const whole = n & ~(LANES - 1);
  for (let i = 0; i < whole; i += LANES) v128.store(at(out, i), v);
  for (let i = whole; i < n; ++i) store<f32>(at(out, i), value);
}

/** out[i,j] = labels[i] == j ? on : off. out: [m, n], labels: i32 [m]. */
export function oneHot(out: usize, labels: usize, m: i32, n: i32, on: f32, off: f32): void {
  span(out, m * n);
  span(labels, m);
  fillAll(out, m * n, off);
  for (let i = 0; i < m; ++i) store<f32>(at(out, i * n + labelOf(labels, i, n)), on);
}

/** out[i] = x[i, labels[i]]. out: [m], x: [m, n], labels: i32 [m]. */
export function pickColumns(out: usize, x: usize, labels: usize, m: i32, n: i32): void {
  span(out, m);
  span(x, m * n);
  span(labels, m);
  for (let i = 0; i < m; ++i) store<f32>(at(out, i), load<f32>(at(x, i * n + labelOf(labels, i, n))));
}

/** out[i,j] = labels[i] == j ? dy[i] : 0: the gradient of pickColumns. out: [m, n], dy: [m], labels: i32 [m]. */
export function placeColumns(out: usize, dy: usize, labels: usize, m: i32, n: i32): void {
  span(out, m * n);
  span(dy, m);
  span(labels, m);
  fillAll(out, m * n, 0);
  for (let i = 0; i < m; ++i) store<f32>(at(out, i * n + labelOf(labels, i, n)), load<f32>(at(dy, i)));
}
