// Eigenvalues of a symmetric tridiagonal matrix: implicit QL steps with Wilkinson's shift (Golub and Van Loan, 8.3).

/**
 * @param diagonal [m]
 * @param beside the numbers beside the diagonal, [m − 1] or longer
 * @param rows rows of the identity [m], which become the same rows of the matrix of eigenvectors: rows[0][k] is then the
 * first component of eigenvector k, if rows[0] was e₁
 * @returns eigenvalues, ascending; the rows are in their order
 */
export function tridiagonalEigen(
  diagonal: ArrayLike<number>,
  beside: ArrayLike<number>,
  rows: readonly Float64Array[],
): Float64Array {
  const m = diagonal.length;
  const d = Float64Array.from(diagonal);
  const e = Float64Array.from({ length: m }, (_, i) => (i < m - 1 ? (beside[i] as number) : 0));
  for (let l = 0; l < m; l++) {
    for (let sweep = 0; ; sweep++) {
      const end = firstSmall(d, e, l);
      if (end === l) break;
      // Two or three sweeps an eigenvalue are usual.
      if (sweep === 60) throw new Error(`tridiagonalEigen: eigenvalue ${l} of ${m} does not settle`);
      chase(d, e, l, end, rows);
    }
  }
  const order = Array.from(d.keys()).sort((i, j) => (d[i] as number) - (d[j] as number));
  for (const row of rows)
    row.set(
      order.map((i) => row[i] as number),
      0,
    );
  return Float64Array.from(order, (i) => d[i] as number);
}

/** First place from l on where the matrix falls apart. */
function firstSmall(d: Float64Array, e: Float64Array, l: number): number {
  let i = l;
  for (; i < d.length - 1; i++) {
    const scale = Math.abs(d[i] as number) + Math.abs(d[i + 1] as number);
    if (Math.abs(e[i] as number) <= Number.EPSILON * scale) break;
  }
  return i;
}

/** One QL step on rows l … end, by rotations from below. */
function chase(d: Float64Array, e: Float64Array, l: number, end: number, rows: readonly Float64Array[]): void {
  const at = (v: Float64Array, i: number): number => v[i] as number;
  const half = (at(d, l + 1) - at(d, l)) / (2 * at(e, l));
  const root = Math.hypot(half, 1);
  let g = at(d, end) - at(d, l) + at(e, l) / (half + (half >= 0 ? root : -root));
  let [s, c, p] = [1, 1, 0];
  for (let i = end - 1; i >= l; i--) {
    const f = s * at(e, i);
    const b = c * at(e, i);
    const r = Math.hypot(f, g);
    e[i + 1] = r;
    if (r === 0) {
      d[i + 1] = at(d, i + 1) - p;
      e[end] = 0;
      return;
    }
    s = f / r;
    c = g / r;
    g = at(d, i + 1) - p;
    const t = (at(d, i) - g) * s + 2 * c * b;
    p = s * t;
    d[i + 1] = g + p;
    g = c * t - b;
    for (const row of rows) {
      const [low, high] = [at(row, i), at(row, i + 1)];
      row[i + 1] = s * low + c * high;
      row[i] = c * low - s * high;
    }
  }
  d[l] = at(d, l) - p;
  e[l] = g;
  e[end] = 0;
}
