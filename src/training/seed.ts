// Seeds as the random number generator takes them.

/** A seed as two 32-bit words. */
export function seedWords(seed: number): readonly [number, number] {
  return [seed | 0, Math.floor(seed / 2 ** 32) | 0];
}
