// The random number generator in plain arithmetic.

/** Philox4x32-10 as in Salmon and others (2011). */
export function philox(counter: readonly number[], key: readonly number[]): number[] {
  let [c0, c1, c2, c3] = counter.map(BigInt) as [bigint, bigint, bigint, bigint];
  let [k0, k1] = key.map(BigInt) as [bigint, bigint];
  const mask = 0xffff_ffffn;
  for (let round = 0; round < 10; round++) {
    const a = c0 * 0xd251_1f53n;
    const b = c2 * 0xcd9e_8d57n;
    [c0, c1, c2, c3] = [(b >> 32n) ^ c1 ^ k0, b & mask, (a >> 32n) ^ c3 ^ k1, a & mask];
    k0 = (k0 + 0x9e37_79b9n) & mask;
    k1 = (k1 + 0xbb67_ae85n) & mask;
  }
  return [c0, c1, c2, c3].map(Number);
}

export interface Draw {
  readonly seed: readonly [number, number];
  readonly step: number;
  readonly stream: number;
  /** The fourth word of the state; 0 where nothing is said. */
  readonly purpose?: number;
}

/** The n first random words of a draw from a block on, in the order of assembly/rng.ts. */
export function words({ seed, step, stream, purpose = 0 }: Draw, n: number, first = 0): number[] {
  const result: number[] = [];
  for (let block = first; result.length < n; block++) {
    const lanes = [0, 1, 2, 3].map((lane) => philox([4 * block + lane, step, stream >>> 0, purpose], seed));
    for (let word = 0; word < 4; word++) for (const lane of lanes) result.push(lane[word] as number);
  }
  return result.slice(0, n);
}
