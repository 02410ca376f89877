// Bytes of packing scratch the gemm kernel needs: the formula of `gemmScratch` in assembly/gemm.ts, known when a
// program is planned. A test compares the two.
const KC = 256;
const NC = 512;
const MC = 128;

export function gemmScratchBytes(m: number, n: number, k: number): number {
  const depth = Math.min(k, KC);
  const panels = depth * (Math.min(Math.ceil(n / 8) * 8, NC) + Math.min(m + 12, MC));
  const slab = k > KC ? Math.min(m, MC) * Math.min(n, NC) : 0;
  return (panels + slab) * 4 + 64;
}
