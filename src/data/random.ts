// Random numbers for data: the library's own generator, Philox4x32-10 (assembly/rng.ts), in plain arithmetic, and the
// functions that need a logarithm or a circle made of exactly rounded operations alone. A seed gives the same bits
// in every engine.

/** Numbers that follow from a seed, one after another. */
export interface RandomSource {
  /** In [0, 1), a multiple of 2⁻⁵³. */
  uniform(): number;
  /** Whole, in [0, n), all alike likely but for n/2⁵³. */
  below(n: number): number;
  /** Of mean 0 and deviation 1. */
  normal(): number;
}

/** What tells these draws from those of models: the generator's fourth word. */
const DATA = 2;

/** @param stream a whole number below 2³² that tells uses of one seed from each other */
export function randomSource(seed: number, stream: number, use = DATA): RandomSource {
  const key = [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0] as const;
  let words: readonly number[] = [];
  let block = 0;
  let used = 4;
  const word = (): number => {
    if (used === 4) {
      words = philox([block++, 0, stream, use], key);
      used = 0;
    }
    return words[used++] as number;
  };
  const uniform = (): number => ((word() >>> 5) * 2 ** 26 + (word() >>> 6)) * 2 ** -53;
  let spare: number | undefined;
  return {
    uniform,
    below: (n) => Math.floor(uniform() * n),
    normal() {
      if (spare !== undefined) {
        const value = spare;
        spare = undefined;
        return value;
      }
      // Box and Muller; 1 − u is never 0.
      const radius = Math.sqrt(-2 * logarithm(1 - uniform()));
      const [x, y] = circle(uniform());
      spare = radius * y;
      return radius * x;
    },
  };
}

type Four = readonly [number, number, number, number];

/** Random bits of a counter and a key (Salmon, Moraes, Dror and Shaw 2011). */
export function philox(counter: Four, [low, high]: readonly [number, number]): Four {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = [low, high];
  for (let round = 0; round < 10; round++) {
    const [a, b] = [upper(c0, 0xd2511f53), upper(c2, 0xcd9e8d57)];
    const [p, q] = [Math.imul(c0, 0xd2511f53) >>> 0, Math.imul(c2, 0xcd9e8d57) >>> 0];
    [c0, c1, c2, c3] = [(b ^ c1 ^ k0) >>> 0, q, (a ^ c3 ^ k1) >>> 0, p];
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** The upper half of the product of two 32-bit numbers, by halves of one of them. */
function upper(a: number, b: number): number {
  const low = a * (b & 0xffff);
  const high = a * (b >>> 16);
  return Math.floor((high + Math.floor(low / 2 ** 16)) / 2 ** 16);
}

/** ln x for x in (0, 1]. */
export function logarithm(x: number): number {
  let exponent = 0;
  let mantissa = x;
  for (; mantissa < Math.SQRT1_2; exponent--) mantissa *= 2;
  // ln m = 2 artanh s, |s| ≤ 0.172
  const s = (mantissa - 1) / (mantissa + 1);
  let sum = 0;
  for (let k = 23; k > 0; k -= 2) sum = sum * s * s + 1 / k;
  return exponent * Math.LN2 + 2 * s * sum;
}

/** [cos, sin] of an angle in turns: 1 is all the way round. */
export function circle(turns: number): readonly [number, number] {
  const quarters = Math.round(4 * turns);
  // Within ±π/4.
  const angle = (4 * turns - quarters) * (Math.PI / 2);
  const square = angle * angle;
  let [cosine, sine] = [1, 1];
  for (let k = 18; k > 0; k -= 2) {
    cosine = 1 - (square / (k * (k - 1))) * cosine;
    sine = 1 - (square / (k * (k + 1))) * sine;
  }
  sine *= angle;
  switch (((quarters % 4) + 4) % 4) {
    case 0:
      return [cosine, sine];
    case 1:
      return [-sine, cosine];
    case 2:
      return [-cosine, -sine];
    default:
      return [sine, -cosine];
  }
}

/** Whole numbers 0 … n − 1 in a random order. */
export const shuffled = (n: number, random: RandomSource): Int32Array =>
  shuffle(
    Int32Array.from({ length: n }, (_, i) => i),
    random,
  );

/** Puts a list in a random order, in its place (Fisher and Yates). */
export function shuffle(order: Int32Array, { below }: RandomSource): Int32Array {
  for (let i = order.length - 1; i > 0; i--) {
    const j = below(i + 1);
    [order[i], order[j]] = [order[j] as number, order[i] as number];
  }
  return order;
}
