// Least squares solved exactly, in 64 bits.

/**
 * The least-norm θ = X⁺y for the first p columns of X, for each p: (XᵀX)⁻¹Xᵀy where p is below the number of rows,
 * Xᵀ(XXᵀ)⁻¹y from there on.
 * @param x rows of X
 */
export function leastNorms(x: readonly Float64Array[], y: Float64Array, columns: readonly number[]): Float64Array[] {
  const all = Array.from(x[0] as Float64Array, (_, k) => new Float64Array(x.map((row) => row[k] as number)));
  return columns.map((p) => {
    const [rows, sides] = [x.map((row) => row.subarray(0, p)), all.slice(0, p)];
    if (p < x.length) return solved(products(sides), new Float64Array(sides.map((side) => dot(side, y))));
    const alpha = solved(products(rows), y);
    return new Float64Array(sides.map((side) => dot(side, alpha)));
  });
}

/** Σ aᵢbᵢ over the numbers of a. */
export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

/** The lower half of the matrix of all products of two. */
const products = (rows: readonly Float64Array[]): Float64Array[] =>
  rows.map((a, i) => new Float64Array(rows.slice(0, i + 1).map((b) => dot(a, b))));

/** A⁻¹b, A positive definite: its lower half becomes Cholesky's L, with 1/Lᵢᵢ on the diagonal. */
function solved(a: readonly Float64Array[], b: Float64Array): Float64Array {
  const x = b.slice();
  a.forEach((row, i) => {
    for (let j = 0; j < i; j++) {
      const other = a[j] as Float64Array;
      row[j] = ((row[j] as number) - dot(row.subarray(0, j), other)) * (other[j] as number);
    }
    const before = row.subarray(0, i);
    row[i] = 1 / Math.sqrt((row[i] as number) - dot(before, before));
    x[i] = ((x[i] as number) - dot(before, x)) * (row[i] as number);
  });
  for (let i = a.length - 1; i >= 0; i--) {
    const row = a[i] as Float64Array;
    x[i] = (x[i] as number) * (row[i] as number);
    for (let k = 0; k < i; k++) x[k] = (x[k] as number) - (row[k] as number) * (x[i] as number);
  }
  return x;
}
