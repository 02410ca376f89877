// The linear assignment problem: to every row a column of its own, so that the sum of their values is the greatest.

/**
 * By shortest augmenting paths over reduced costs (Jonker and Volgenant 1987), O(n³).
 * @param values [n, n], row after row, finite
 * @returns the column of each row; yields after each row, O(n²)
 */
export function* assigning(values: Float64Array, n: number): Generator<void, Int32Array> {
  // Prices keep every cost −value − price(row) − price(column) at or above 0, and that of what is assigned at 0.
  const [rowPrice, columnPrice] = [new Float64Array(n), new Float64Array(n)];
  const rowOf = new Int32Array(n).fill(-1);
  const reach = new Float64Array(n);
  const before = new Int32Array(n);
  const isDone = new Uint8Array(n);
  for (let first = 0; first < n; first++) {
    // The shortest way from this row to a free column: to any column, and on to the row that has it.
    reach.fill(Number.POSITIVE_INFINITY);
    isDone.fill(0);
    let [row, column, distance] = [first, -1, 0];
    do {
      let nearest = -1;
      const base = distance - (rowPrice[row] as number);
      for (let j = 0; j < n; j++) {
        if (isDone[j]) continue;
        const length = base - (values[row * n + j] as number) - (columnPrice[j] as number);
        if (length < (reach[j] as number)) {
          reach[j] = length;
          before[j] = column;
        }
        if (nearest < 0 || (reach[j] as number) < (reach[nearest] as number)) nearest = j;
      }
      column = nearest;
      isDone[column] = 1;
      distance = reach[column] as number;
      row = rowOf[column] as number;
    } while (row >= 0);
    rowPrice[first] = (rowPrice[first] as number) + distance;
    for (let j = 0; j < n; j++) {
      if (!isDone[j]) continue;
      const slack = distance - (reach[j] as number);
      columnPrice[j] = (columnPrice[j] as number) - slack;
      const owner = rowOf[j] as number;
      if (owner >= 0) rowPrice[owner] = (rowPrice[owner] as number) + slack;
    }
    // Every row on the way takes the next column.
    while (column >= 0) {
      const from = before[column] as number;
      rowOf[column] = from < 0 ? first : (rowOf[from] as number);
      column = from;
    }
    yield;
  }
  const columns = new Int32Array(n);
  rowOf.forEach((row, column) => {
    columns[row] = column;
  });
  return columns;
}
