// Operations that choose by integers: rows of a table, a column of each row, one-hot vectors.
import { type Operand, type Shape, showShape, size, type Tensor } from "../graph/tensor.ts";
import { op } from "./op.ts";

const rowsAndWidth = (indices: Operand, table: Shape): [number, number] => [size(indices), size(table.slice(1))];

/** Throws where indices made by argmax or argmin may name a row that is not there. */
function requireRows(call: string, indices: Tensor, rows: number): void {
  let source = indices;
  while (source.operation.view) source = source.inputs[0] as Tensor;
  if (!source.operation.name.startsWith("arg")) return;
  const { axis, count } = source.attributes as { axis: number; count: number };
  const extent = size((source.inputs[0] as Tensor).shape.slice(axis, axis + count));
  if (extent > rows)
    throw new Error(
      `${call}: ${source.operation.name} over ${extent} elements may give ${extent - 1}, beyond ${rows} rows or classes`,
    );
}

/** The scatter: a table of zeros to which row r of dy is added at indices[r]. */
const scatterRowsOp = /* @__PURE__ */ op("scatterRows", {
  shape: (_, attributes) => attributes.shape as Shape,
  inputTypes: ["f32", "i32"],
  emit: (k, y, [dy, indices]) => {
    k.fill(y, size(y), 0);
    k.scatterAddRows(y, dy as Operand, indices as Operand, ...rowsAndWidth(indices as Operand, y.shape));
  },
  gradient: (du, y) => [gatherRows(du, y.inputs[1] as Tensor), null],
  examples: () => [{ shapes: [[6, 3], [6]], integers: { 1: 4 }, attributes: { shape: [4, 3] } }],
});

const gatherRowsOp = /* @__PURE__ */ op("gatherRows", {
  shape: ([table, indices]) => {
    if (!table?.length) throw new Error("gatherRows: the table needs at least one axis");
    return [...(indices as Shape), ...table.slice(1)];
  },
  inputTypes: ["f32", "i32"],
  emit: (k, y, [table, indices]) =>
    k.gatherRows(
      y,
      table as Operand,
      indices as Operand,
      ...rowsAndWidth(indices as Operand, (table as Operand).shape),
    ),
  // Of the table, only the rows that are named.
  cost: (y, [, indices]) => ({ bytes: 8 * size(y) + 4 * size(indices as Operand) }),
  gradient: (dy, y) => [scatterRowsOp([dy, y.inputs[1] as Tensor], { shape: (y.inputs[0] as Tensor).shape }), null],
  examples: () => [
    { shapes: [[4, 3], [6]], integers: { 1: 4 } },
    {
      shapes: [
        [5, 17],
        [2, 3],
      ],
      integers: { 1: 5 },
    },
  ],
});

/**
 * Rows of a table, by index: y[i…] = table[indices[i…]]. The embedding look-up.
 * Indices are checked where data enters the model, not here.
 */
export function gatherRows(table: Tensor, indices: Tensor): Tensor {
  const rows = gatherRowsOp([table, indices]);
  requireRows("gatherRows", indices, table.shape[0] as number);
  return rows;
}

const placeColumnsOp = /* @__PURE__ */ op("placeColumns", {
  shape: (_, attributes) => attributes.shape as Shape,
  inputTypes: ["f32", "i32"],
  emit: (k, y, [dy, labels]) => k.placeColumns(y, dy as Operand, labels as Operand, ...(y.shape as [number, number])),
  gradient: (du, y) => [pickColumns(du, y.inputs[1] as Tensor), null],
  examples: () => [{ shapes: [[6], [6]], integers: { 1: 4 }, attributes: { shape: [6, 4] } }],
});

const pickColumnsOp = /* @__PURE__ */ op("pickColumns", {
  shape: ([x, labels]) => {
    if (x?.length !== 2 || labels?.length !== 1 || x[0] !== labels[0])
      throw new Error(`pickColumns: expected [m, n] and [m], got ${showShape(x ?? [])} and ${showShape(labels ?? [])}`);
    return labels;
  },
  inputTypes: ["f32", "i32"],
  emit: (k, y, [x, labels]) =>
    k.pickColumns(y, x as Operand, labels as Operand, ...((x as Operand).shape as [number, number])),
  cost: (y) => ({ bytes: 12 * size(y) }),
  gradient: (dy, y) => [placeColumnsOp([dy, y.inputs[1] as Tensor], { shape: (y.inputs[0] as Tensor).shape }), null],
  examples: () => [{ shapes: [[6, 4], [6]], integers: { 1: 4 } }],
});

/** y[i] = x[i, labels[i]]. */
export function pickColumns(x: Tensor, labels: Tensor): Tensor {
  const picked = pickColumnsOp([x, labels]);
  requireRows("pickColumns", labels, x.shape[1] as number);
  return picked;
}

const oneHotOp = /* @__PURE__ */ op("oneHot", {
  shape: ([labels], attributes) => [...(labels as Shape), attributes.classes as number],
  inputTypes: ["i32"],
  emit: (k, y, [labels], attributes) =>
    k.oneHot(
      y,
      labels as Operand,
      size(labels as Operand),
      y.shape.at(-1) as number,
      attributes.on as number,
      attributes.off as number,
    ),
  gradient: () => [null],
  examples: () => [],
});

/** Labels [m] → [m, classes]: `on` at the label, `off` elsewhere. */
export function oneHot(labels: Tensor, classes: number, { on = 1, off = 0 } = {}): Tensor {
  if (!Number.isInteger(classes) || classes < 1)
    throw new Error(`oneHot: classes must be a whole number ≥ 1, got ${classes}`);
  const vectors = oneHotOp([labels], { classes, on, off });
  requireRows("oneHot", labels, classes);
  return vectors;
}
