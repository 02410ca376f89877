// The Hessian as a matrix, column by column, and its eigenvalues by Jacobi's rotations: slow, and sure.
import type { Objective } from "../../src/index.ts";

export function denseHessian(objective: Objective, theta: Float32Array): Float64Array[] {
  const n = objective.size;
  const columns = Array.from({ length: n }, (_, i) => {
    const out = new Float32Array(n);
    objective.hessianVector(
      theta,
      Float32Array.from({ length: n }, (_, k) => Number(k === i)),
      out,
    );
    return out;
  });
  return columns.map((column, i) => Float64Array.from(column, (value, k) => (value + (columns[k]?.[i] as number)) / 2));
}

/** Ascending. */
export function symmetricEigenvalues(matrix: readonly Float64Array[]): number[] {
  const a = matrix.map((row) => row.slice());
  const n = a.length;
  const at = (i: number, k: number): number => a[i]?.[k] as number;
  for (let sweep = 0; sweep < 30; sweep++) {
    let beside = 0;
    let total = 0;
    for (let i = 0; i < n; i++)
      for (let k = 0; k < n; k++) {
        total += at(i, k) ** 2;
        if (i !== k) beside += at(i, k) ** 2;
      }
    if (beside <= 1e-24 * total) break;
    for (let p = 0; p < n; p++)
      for (let q = p + 1; q < n; q++) {
        if (at(p, q) === 0) continue;
        const half = (at(q, q) - at(p, p)) / (2 * at(p, q));
        const t = (half >= 0 ? 1 : -1) / (Math.abs(half) + Math.hypot(half, 1));
        const c = 1 / Math.hypot(t, 1);
        const s = t * c;
        for (let k = 0; k < n; k++) {
          const [x, y] = [at(k, p), at(k, q)];
          const row = a[k] as Float64Array;
          row[p] = c * x - s * y;
          row[q] = s * x + c * y;
        }
        const [rowP, rowQ] = [a[p], a[q]] as [Float64Array, Float64Array];
        for (let k = 0; k < n; k++) {
          const [x, y] = [rowP[k] as number, rowQ[k] as number];
          rowP[k] = c * x - s * y;
          rowQ[k] = s * x + c * y;
        }
      }
  }
  return Array.from({ length: n }, (_, i) => at(i, i)).sort((x, y) => x - y);
}
