// One block: at most KC of k and some columns of B, against all rows of A. Packs what is worth packing.
import { at } from "../simd";
import { EPILOGUE, MASK, finish4, finish8 } from "./epilogue";
import { packA, packB } from "./pack";
import { tileBy8 } from "./packed";
import { gemm8x4, rowsBy4, rowsBy8 } from "./strided";

/** The most of k in a block: what two panels of the first-level cache hold. */
export const KC: i32 = 256;
export const MAX_ROWS: i32 = 6;
/** Floats at the start of scratch: the packed rows of A and a tile of sums. */
export const FRONT: i32 = MAX_ROWS * (KC + 8);

/** 6x8 where one instruction multiplies and adds; elsewhere the product needs a register, and 5x8 is what fits 16. */
export const OWN_TILE: i32 = ASC_FEATURE_RELAXED_SIMD ? 6 : 5;
let tile: i32 = OWN_TILE;

export function chooseTile(rows: i32): void {
  tile = rows;
}

/** Rows to take next, so that few are left to the thinner kernels. */
function rowsOf(left: i32, rows: i32): i32 {
  if (left > 4 * rows || left % rows == 0) return rows;
  if (left < 4) return left;
  return rows == 6 && (left - 5) % 6 == 0 ? 5 : 4;
}

/** All rows of four columns, of which the `lanes` last are stored. */
function columns4(
  c: usize,
  a: usize,
  b: usize,
  sums: usize,
  extra: usize,
  m: i32,
  k: i32,
  lanes: i32,
  cRow: usize,
  aRow: usize,
  aCol: usize,
  bStep: usize,
  mode: i32,
): void {
  const gate = (mode & EPILOGUE) == MASK ? cRow : 0;
  for (; m >= 8; m -= 8) {
    if (mode || lanes < 4) {
      gemm8x4(sums, 16, a, b, k, aRow, aCol, bStep);
      finish4(c, cRow, sums, 8, lanes, extra, mode);
    } else {
      gemm8x4(c, cRow, a, b, k, aRow, aCol, bStep);
    }
    a += aRow << 3;
    c += cRow << 3;
    extra += gate << 3;
  }
  for (; m > 0; m -= 4) {
    rowsBy4(min(m, 4), c, a, b, extra, k, lanes, cRow, aRow, aCol, bStep, mode);
    a += aRow << 2;
    c += cRow << 2;
    extra += gate << 2;
  }
}

/** One block of k and of columns [j, j + width): all rows of C. Strides in bytes. */
export function block(
  c: usize,
  cRow: usize,
  a: usize,
  b: usize,
  scratch: usize,
  m: i32,
  n: i32,
  k: i32,
  aRow: usize,
  aCol: usize,
  bRow: usize,
  bCol: usize,
  j: i32,
  width: i32,
  extra: usize,
  mode: i32,
): void {
  // Measured: below these sizes packing costs more than it saves.
  const big = m >= 24 && width >= 32 && m * k >= 1024;
  const packed = big || bCol != 4 || n < 4;
  const panels = width >> 3;
  const rest = width & 7;
  const aPanel = scratch;
  const sums = aPanel + KC * MAX_ROWS * 4;
  let bPanels = at(b, j);
  let bStep = bRow;
  let bPanel: usize = 32;
  if (packed) {
    bPanels = at(scratch, FRONT);
    bStep = 32;
    bPanel = (<usize>k) << 5;
    packB(bPanels, b, k, bRow, bCol, n, j, width);
  }
  // The rest: four columns where they lie, then those that end at column n, left to right.
  const bRest = bPanels + <usize>panels * bPanel;
  const bTail = packed ? (rest > 4 ? bRest + (bPanel >> 1) : bRest) : at(b, n - 4);
  const restStep = packed ? <usize>16 : bRow;
  c = at(c, j);
  extra = at(extra, j);
  const right = <usize>(panels << 5);
  const tail = (<usize>(width - 4)) << 2;
  const lanes = rest > 4 ? rest - 4 : rest;
  const gate = (mode & EPILOGUE) == MASK ? cRow : 0;
  if (rest > 4) columns4(c + right, a, bRest, sums, extra + right, m, k, 4, cRow, aRow, aCol, restStep, mode);
  if (rest) columns4(c + tail, a, bTail, sums, extra + tail, m, k, lanes, cRow, aRow, aCol, restStep, mode);
  if (!panels) return;
  const rows = big ? tile : 4;
  for (let i = 0; i < m; ) {
    const r = rowsOf(m - i, rows);
    if (big && r >= 4) {
      packA(aPanel, a, r, aRow, aCol, k);
      let panel = bPanels;
      for (let x: usize = 0; x < right; x += 32) {
        if (mode) {
          tileBy8(r, sums, 32, aPanel, panel, k);
          finish8(c + x, cRow, sums, r, extra + x, mode);
        } else {
          tileBy8(r, c + x, cRow, aPanel, panel, k);
        }
        panel += bPanel;
      }
    } else {
      rowsBy8(r, c, a, bPanels, extra, k, panels, cRow, aRow, aCol, bStep, bPanel, mode);
    }
    i += r;
    a += <usize>r * aRow;
    c += <usize>r * cRow;
    extra += <usize>r * gate;
  }
}
