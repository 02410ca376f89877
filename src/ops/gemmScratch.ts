// Bytes of packing scratch the gemm kernel needs: the formula of `gemmScratch` in assembly/gemm.ts, known when a
// program is planned. A test compares the two.
const DEPTH = 256;
const COLUMNS = 512;
const SLAB = 64;
/** The packed rows of A and a tile of sums. */
const FRONT = 1584;

export function gemmScratchBytes(m: number, n: number, k: number): number {
  const columns = Math.min(Math.ceil((n === 1 ? m : n) / 4) * 4, COLUMNS);
  return 4 * (FRONT + Math.min(k, DEPTH) * columns + (k > DEPTH ? Math.min(m, SLAB) * columns : 0));
}
