// Eigenvalues of small symmetric matrices, by Jacobi's rotations (Golub and Van Loan, Matrix Computations, 8.5).

const SWEEPS = 60;

/** All eigenvalues, the greatest first, with unit eigenvectors. The matrix is given by its rows. */
export function symmetricEigen(matrix: readonly ArrayLike<number>[]): {
  readonly values: readonly number[];
  readonly vectors: readonly (readonly number[])[];
} {
  const n = matrix.length;
  const a = matrix.map((row) => Float64Array.from(row));
  /** Row i becomes the eigenvector of a[i][i]. */
  const v = a.map((_, i) => Float64Array.from({ length: n }, (__, j) => (i === j ? 1 : 0)));
  const at = (i: number, j: number): number => (a[i] as Float64Array)[j] as number;
  const rotate = (p: Float64Array, q: Float64Array, c: number, s: number): void => {
    for (let k = 0; k < n; k++)
      [p[k], q[k]] = [c * (p[k] as number) - s * (q[k] as number), s * (p[k] as number) + c * (q[k] as number)];
  };
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    let [off, all] = [0, 0];
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) {
        all += at(i, j) ** 2;
        if (i !== j) off += at(i, j) ** 2;
      }
    if (off <= 1e-30 * all) break;
    for (let i = 0; i < n; i++)
      for (let j = i + 1; j < n; j++) {
        if (at(i, j) === 0) continue;
        const ratio = (at(j, j) - at(i, i)) / (2 * at(i, j));
        const t = Math.sign(ratio || 1) / (Math.abs(ratio) + Math.hypot(1, ratio));
        const c = 1 / Math.hypot(1, t);
        // JᵀAJ: rows, then columns.
        rotate(a[i] as Float64Array, a[j] as Float64Array, c, t * c);
        for (const row of a) {
          const [x, y] = [row[i] as number, row[j] as number];
          row[i] = c * x - t * c * y;
          row[j] = t * c * x + c * y;
        }
        rotate(v[i] as Float64Array, v[j] as Float64Array, c, t * c);
      }
  }
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => at(j, j) - at(i, i));
  return { values: order.map((i) => at(i, i)), vectors: order.map((i) => Array.from(v[i] as Float64Array)) };
}
