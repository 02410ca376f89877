// The one place that knows the machine: fused multiply-add, horizontal sums, tails, bounds checks of the debug build.
// Buffers are f32 unless a comment says otherwise; pointers are byte addresses, sizes count elements.

/** Lanes in a vector. */
export const LANES: i32 = 4;

/** a·b + c in each lane: one rounding in the relaxed builds, two in the strict ones. */
// @ts-ignore: decorator
@inline
export function fma(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** Address of element i. */
// @ts-ignore: decorator
@inline
export function at(pointer: usize, i: i32): usize {
  return pointer + ((<usize>i) << 2);
}

/** (v0 + v1) + (v2 + v3), always in this order. */
// @ts-ignore: decorator
@inline
export function horizontalSum(v: v128): f32 {
  return (
    f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
  );
}

/** Loads 1 to 3 elements into the low lanes; the others are 0. */
// @ts-ignore: decorator
@inline
export function loadTail(pointer: usize, count: i32): v128 {
  if (count == 1) return v128.load32_zero(pointer);
  if (count == 2) return v128.load64_zero(pointer);
  return v128.load32_lane(pointer + 8, v128.load64_zero(pointer), 2);
}

/** Stores the 1 to 3 low lanes. */
// @ts-ignore: decorator
@inline
export function storeTail(pointer: usize, v: v128, count: i32): void {
  if (count == 1) {
    v128.store32_lane(pointer, v, 0);
  } else {
    v128.store64_lane(pointer, v, 0);
    if (count == 3) v128.store32_lane(pointer + 8, v, 2);
  }
}

/** Debug build only: traps unless `count` 4-byte elements at `pointer` lie inside memory and are aligned. */
// @ts-ignore: decorator
@inline
export function span(pointer: usize, count: i32): void {
  assert(count >= 0, "negative element count");
  assert((pointer & 3) == 0, "pointer is not aligned to 4 bytes");
  assert(count == 0 || pointer >= 16, "null pointer");
  assert(<u64>pointer + ((<u64>count) << 2) <= (<u64>memory.size()) << 16, "buffer ends beyond memory");
}
