// What tells bytes from other bytes: damaged files, and files made for something else.

import { copied } from "../data/bytes.ts";

const PRIME = 0x01000193;
const mixed = (sum: number, word: number): number => {
  const product = Math.imul(sum ^ word, PRIME);
  return product ^ (product >>> 15);
};

/**
 * 64 bits over all bytes of the parts, each of which but the last is whole words: FNV-1a over 32-bit words in two lanes, and
 * over what is left by bytes. Each step is one to one in the sum and in the word, so no single change of a word goes
 * unseen.
 */
export function checksum(parts: readonly Uint8Array[]): string {
  const length = parts.reduce((total, part) => total + part.length, 0);
  /** Words in pairs: what is behind them is taken by bytes. */
  const paired = 2 * (length >> 3);
  let [even, odd] = [0x811c9dc5, length | 0];
  let seen = 0;
  for (const part of parts) {
    const whole = Math.min(part.length >> 2, paired - seen);
    const words =
      part.byteOffset % 4 === 0
        ? new Uint32Array(part.buffer, part.byteOffset, whole)
        : new Uint32Array(copied(part, 0, 4 * whole).buffer);
    let i = 0;
    if (seen % 2 === 1 && whole > 0) odd = mixed(odd, words[i++] as number);
    for (; i + 1 < whole; i += 2) {
      even = mixed(even, words[i] as number);
      odd = mixed(odd, words[i + 1] as number);
    }
    if (i < whole) even = mixed(even, words[i] as number);
    seen += whole;
    for (let at = 4 * whole; at < part.length; at++) even = Math.imul(even ^ (part[at] as number), PRIME);
  }
  return [even, odd].map((lane) => (lane >>> 0).toString(16).padStart(8, "0")).join("");
}
