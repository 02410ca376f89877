// Draws by weights in constant time.

/** Which of n things a number in [0, 1) draws. */
export interface AliasTable {
  at(uniform: number): number;
}

/**
 * Walker's alias method, the table made as Vose (1991) does: n cells of equal chance, each shared by two things.
 * @param weights finite numbers ≥ 0, not all of them 0
 */
export function aliasTable(weights: ArrayLike<number>): AliasTable {
  const n = weights.length;
  let total = 0;
  for (let i = 0; i < n; i++) total += weights[i] as number;
  /** The part of cell i that is i's own; the rest is its alias's. */
  const own = new Float64Array(n);
  const alias = new Int32Array(n);
  // Things with less than a cell from the front, those with more from the back.
  const waiting = new Int32Array(n);
  let [small, large] = [0, n];
  for (let i = 0; i < n; i++) {
    own[i] = ((weights[i] as number) / total) * n;
    waiting[(own[i] as number) < 1 ? small++ : --large] = i;
  }
  while (small > 0 && large < n) {
    const poor = waiting[--small] as number;
    const rich = waiting[large] as number;
    alias[poor] = rich;
    own[rich] = (own[rich] as number) + (own[poor] as number) - 1;
    if ((own[rich] as number) >= 1) continue;
    large++;
    waiting[small++] = rich;
  }
  // Whole cells, but for rounding.
  while (small > 0) own[waiting[--small] as number] = 1;
  while (large < n) own[waiting[large++] as number] = 1;
  return {
    at(uniform) {
      const place = uniform * n;
      const cell = Math.floor(place);
      return place - cell < (own[cell] as number) ? cell : (alias[cell] as number);
    },
  };
}
