// Bytes to f32: what the kernels that gather from data sets of bytes share.
import { fma } from "./simd";

/** Debug build only: traps unless `bytes` bytes at `pointer` lie inside memory. */
// @ts-ignore: decorator
@inline
export function spanBytes(pointer: usize, bytes: i32): void {
  assert(bytes >= 0 && <u64>pointer + <u64>bytes <= (<u64>memory.size()) << 16, "buffer ends beyond memory");
}

/** Four bytes in the low lane of each 32-bit lane of v, as f32, times scale plus shift. */
// @ts-ignore: decorator
@inline
export function scaled(v: v128, scale: v128, shift: v128): v128 {
  return fma(f32x4.convert_i32x4_s(v), scale, shift);
}

/**
 * 16 bytes to 16 floats, of which four at a time have scale s and shift t:
 *
 *     u8   b0 … b15
 *     u16  b0 … b7          | b8 … b15
 *     u32  b0 … b3 | b4 … b7 | b8 … b11 | b12 … b15
 */
// @ts-ignore: decorator
@inline
export function scale16(
  out: usize, x: usize, s0: v128, s1: v128, s2: v128, s3: v128, t0: v128, t1: v128, t2: v128, t3: v128,
): void {
  const bytes = v128.load(x);
  const low = i16x8.extend_low_i8x16_u(bytes);
  const high = i16x8.extend_high_i8x16_u(bytes);
  v128.store(out, scaled(i32x4.extend_low_i16x8_u(low), s0, t0));
  v128.store(out, scaled(i32x4.extend_high_i16x8_u(low), s1, t1), 16);
  v128.store(out, scaled(i32x4.extend_low_i16x8_u(high), s2, t2), 32);
  v128.store(out, scaled(i32x4.extend_high_i16x8_u(high), s3, t3), 48);
}
