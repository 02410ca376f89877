// How kernels go through [rows, channels], channels last: blocks of rows stay in the first-level cache while their columns
// are taken four channels at a time, so that memory is gone over once, in order; the channels behind the last four go one
// by one.
import { LANES } from "./simd";

/** Floats of one tensor that a block holds: 16 kB. */
const BLOCK: i32 = 4096;
/** Rows of a block at most: a lane adds up a quarter of them in f32 before it goes on in f64. */
const MOST: i32 = 64;
/** f64 lanes that a group of channels keeps from block to block: two sums of four lanes, 64 bytes. */
export const GROUP: i32 = 64;

// @ts-ignore: decorator
@inline
export function blockRows(channels: i32): i32 {
  return min(MOST, max(16, (BLOCK / channels) & ~3));
}

/** Channels of the group that begins at c: four, or one at the end of a row. */
// @ts-ignore: decorator
@inline
export function groupWidth(c: i32, channels: i32): i32 {
  return c + LANES <= channels ? LANES : 1;
}

/** Clears the sums of all groups. */
export function clear(scratch: usize, channels: i32): void {
  memory.fill(scratch, 0, <usize>((channels >> 2) + (channels & 3)) * GROUP);
}
