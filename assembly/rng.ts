// Philox4x32-10, the counter-based generator of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as
// 1, 2, 3" (2011): 128 random bits are a function of a 128-bit counter and a 64-bit key, so a draw depends on where it
// stands and on nothing drawn before.
//
//   key     = (state[0], state[1])               seed, low and high half
//   counter = (block, state[2], stream, state[3])  place, step, which draw of the step, whose
//
// Four counters run side by side, one a lane. Block b of 16 words, element 16 b + 4 j + lane:
//
//   lane      0            1            2            3
//   word0   w[4b, 0]    w[4b+1, 0]   w[4b+2, 0]   w[4b+3, 0]     elements 16b     … 16b + 3
//   word1   w[4b, 1]    w[4b+1, 1]   w[4b+2, 1]   w[4b+3, 1]     elements 16b + 4 … 16b + 7   and so on

const MULTIPLIER_0: u32 = 0xd2511f53;
const MULTIPLIER_1: u32 = 0xcd9e8d57;
const KEY_STEP_0: u32 = 0x9e3779b9;
const KEY_STEP_1: u32 = 0xbb67ae85;
const ROUNDS = 10;

/** Numbers a call of `draw` makes. */
export const BLOCK = 16;

// The result of `draw`: functions return one value.
export let word0: v128 = i32x4.splat(0);
export let word1: v128 = i32x4.splat(0);
export let word2: v128 = i32x4.splat(0);
export let word3: v128 = i32x4.splat(0);

// Products of unsigned 32-bit lanes are pairs of 64-bit lanes; their low and high halves, as 32-bit lanes:
//   even = [a0·m  a1·m]  odd = [a2·m  a3·m]  →  low halves are 32-bit lanes 0 2 4 6 of the two, high halves 1 3 5 7.
// @ts-ignore: decorator
@inline
function lowHalves(even: v128, odd: v128): v128 {
  return i32x4.shuffle(even, odd, 0, 2, 4, 6);
}
// @ts-ignore: decorator
@inline
function highHalves(even: v128, odd: v128): v128 {
  return i32x4.shuffle(even, odd, 1, 3, 5, 7);
}

/** Leaves 16 random words in word0 … word3. */
export function draw(state: usize, stream: i32, block: u32): void {
  const m0 = i32x4.splat(MULTIPLIER_0);
  const m1 = i32x4.splat(MULTIPLIER_1);
  let c0 = i32x4.add(i32x4.splat(<i32>(block << 2)), i32x4(0, 1, 2, 3));
  let c1 = v128.load32_splat(state + 8);
  let c2 = i32x4.splat(stream);
  let c3 = v128.load32_splat(state + 12);
  let k0 = v128.load32_splat(state);
  let k1 = v128.load32_splat(state + 4);
  for (let round = 0; round < ROUNDS; round++) {
    const even0 = i64x2.extmul_low_i32x4_u(c0, m0);
    const odd0 = i64x2.extmul_high_i32x4_u(c0, m0);
    const even2 = i64x2.extmul_low_i32x4_u(c2, m1);
    const odd2 = i64x2.extmul_high_i32x4_u(c2, m1);
    c0 = v128.xor(v128.xor(highHalves(even2, odd2), c1), k0);
    c2 = v128.xor(v128.xor(highHalves(even0, odd0), c3), k1);
    c1 = lowHalves(even2, odd2);
    c3 = lowHalves(even0, odd0);
    k0 = i32x4.add(k0, i32x4.splat(KEY_STEP_0));
    k1 = i32x4.add(k1, i32x4.splat(KEY_STEP_1));
  }
  word0 = c0;
  word1 = c1;
  word2 = c2;
  word3 = c3;
}
