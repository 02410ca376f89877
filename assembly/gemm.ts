// Matrix product C = A·B, every transpose case by strides, the epilogue applied as a tile leaves the registers.
//
//   for columns of B, NC at a time        packed in panels of eight columns, [k, 8] each
//     for depths, at most KC at a time    the packed block stays in the second-level cache
//       for rows of A, a tile at a time   packed as [k, rows]; stays in the first-level cache
//         for panels of B                 the micro-kernel: sums in registers over the block of k
//
// Small and thin products skip the packing that would not pay. A sum runs in the order of k within a block, and the
// blocks are added in order; where blocks begin depends on k alone. So neither tile, path nor transposition moves a
// bit. One exception: a row or column times a matrix whose lines run along k sums in four lanes (`dots`).
import { at, span } from "./simd";
import { FRONT, KC, MAX_ROWS, OWN_TILE, block, chooseTile } from "./gemm/block";
import { ACCUMULATE, ADD, BIAS, BIAS_RELU, EPILOGUE, MASK, finishLine } from "./gemm/epilogue";
import { dots, gemm1x32 } from "./gemm/vector";

/** Columns of a packed block of B. */
const NC: i32 = 512;
/** Rows of the slab in which ACCUMULATE sums several blocks of k before it adds them to C. */
const SLAB: i32 = 64;

/** Rows of the packed micro-kernel: 4, 5 or 6; 0 for the build's own choice. Changes speed, never bits. */
export function setTile(rows: i32): void {
  assert(rows == 0 || (rows >= 4 && rows <= MAX_ROWS), "tile must have 0, 4, 5 or 6 rows");
  chooseTile(rows >= 4 && rows <= MAX_ROWS ? rows : OWN_TILE);
}

/**
 * Bytes of 16-byte aligned scratch for these sizes, at most 661,696.
 * With w = min(512, n rounded up to fours), m in place of n for n = 1:
 * 4·(1584 + min(k, 256)·w + (k > 256 ? min(m, 64)·w : 0)).
 */
export function gemmScratch(m: i32, n: i32, k: i32): i32 {
  const columns = panelColumns(n == 1 ? m : n);
  return (FRONT + min(k, KC) * columns + (k > KC ? min(m, SLAB) * columns : 0)) << 2;
}

// @ts-ignore: decorator
@inline
function panelColumns(n: i32): i32 {
  return min((n + 3) & ~3, NC);
}

/** The depth of every block but the last: equal parts of k, none above KC. */
// @ts-ignore: decorator
@inline
function depthOf(k: i32): i32 {
  const blocks = (k + KC - 1) / KC;
  return (k + blocks - 1) / blocks;
}

/** All of C. mode: an epilogue or ADD; to ADD several blocks of k, they are summed first, a slab of C at a time. */
function product(
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
  extra: usize,
  mode: i32,
): void {
  if (!(mode & ADD) || k <= KC) return blocks(c, cRow, a, b, scratch, m, n, k, aRow, aCol, bRow, bCol, extra, mode);
  const slab = at(scratch, FRONT + KC * panelColumns(n));
  for (let j = 0; j < n; j += NC) {
    const width = min(NC, n - j);
    const row = (<usize>width) << 2;
    for (let i = 0; i < m; i += SLAB) {
      const rows = min(SLAB, m - i);
      const ai = a + <usize>i * aRow;
      blocks(slab, row, ai, b + <usize>j * bCol, scratch, rows, width, k, aRow, aCol, bRow, bCol, 0, 0);
      for (let r = 0; r < rows; ++r)
        finishLine(at(c + <usize>(i + r) * cRow, j), width, slab + <usize>r * row, 1, ACCUMULATE);
    }
  }
}

/** Every block of columns and of k. */
function blocks(
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
  extra: usize,
  mode: i32,
): void {
  const depth = depthOf(k);
  for (let j = 0; j < n; j += NC) {
    const width = min(NC, n - j);
    for (let p = 0; p < k; p += depth) {
      const part = min(depth, k - p);
      const now = (p ? ADD : mode & ADD) | (p + part == k ? mode & EPILOGUE : 0);
      const ap = a + <usize>p * aCol;
      const bp = b + <usize>p * bRow;
      if (m == 1 && bCol == 4) row(c, ap, bp, part, aCol, bRow, j, width, n, scratch, extra, now);
      else block(c, cRow, ap, bp, scratch, m, n, part, aRow, aCol, bRow, bCol, j, width, extra, now);
    }
  }
}

/** One row of C from contiguous rows of B. */
function row(
  c: usize,
  a: usize,
  b: usize,
  k: i32,
  aCol: usize,
  bRow: usize,
  j: i32,
  width: i32,
  n: i32,
  scratch: usize,
  extra: usize,
  mode: i32,
): void {
  const blocks = width >> 5;
  gemm1x32(at(c, j), a, at(b, j), at(extra, j), k, blocks, aCol, bRow, mode);
  const done = blocks << 5;
  if (done < width) block(c, 0, a, b, scratch, 1, n, k, 0, aCol, bRow, 4, j + done, width - done, extra, mode);
}

/** C = 0, for k = 0. */
function zero(c: usize, m: i32, n: i32, extra: usize, epilogue: i32): void {
  if (epilogue == ACCUMULATE) return;
  memory.fill(c, 0, (<usize>(m * n)) << 2);
  if (epilogue == BIAS || epilogue == BIAS_RELU)
    for (let i = 0; i < m; ++i) finishLine(at(c, i * n), n, extra, 1, epilogue);
}

/**
 * C [m, n] = A·B with A[i, p] = a[i·aRow + p·aCol] and B[p, j] = b[p·bRow + j·bCol].
 * Strides count elements; C is row-major.
 * epilogue: 0 none; 1 + extra[j]; 2 the same, then relu; 3 zero unless extra[i, j] > 0; 4 C += A·B.
 * Equal, bit for bit, to the product and the epilogue one after the other.
 * C overlaps nothing else; scratch holds `gemmScratch` bytes, aligned to 16.
 */
export function gemm(
  c: usize,
  a: usize,
  b: usize,
  scratch: usize,
  m: i32,
  n: i32,
  k: i32,
  aRow: i32,
  aCol: i32,
  bRow: i32,
  bCol: i32,
  epilogue: i32,
  extra: usize,
): void {
  if (m <= 0 || n <= 0) return;
  span(c, m * n);
  span(scratch, gemmScratch(m, n, k) >> 2);
  assert((scratch & 15) == 0, "scratch is not aligned to 16 bytes");
  assert(epilogue >= 0 && epilogue <= ACCUMULATE, "unknown epilogue");
  if (epilogue == BIAS || epilogue == BIAS_RELU) span(extra, n);
  if (epilogue == MASK) span(extra, m * n);
  if (k <= 0) return zero(c, m, n, extra, epilogue);
  span(a, (m - 1) * aRow + (k - 1) * aCol + 1);
  span(b, (k - 1) * bRow + (n - 1) * bCol + 1);

  const ar = (<usize>aRow) << 2;
  const ac = (<usize>aCol) << 2;
  const br = (<usize>bRow) << 2;
  const bc = (<usize>bCol) << 2;
  const cr = (<usize>n) << 2;
  const mode = epilogue == ACCUMULATE ? ADD : epilogue;
  if (n == 1 && m > 1) {
    // A column is a row of the transposed product; its one bias is added afterwards.
    if (aCol == 1 && bRow == 1) dots(c, a, ar, b, m, k, mode);
    else product(c, 0, b, a, scratch, 1, m, k, 0, br, ac, ar, 0, mode & ADD);
    if (mode & EPILOGUE) finishLine(c, m, extra, epilogue == MASK ? 1 : 0, epilogue);
  } else if (m == 1 && aCol == 1 && bRow == 1 && bCol != 1) {
    dots(c, b, bc, a, n, k, mode);
    if (mode & EPILOGUE) finishLine(c, n, extra, 1, epilogue);
  } else {
    product(c, cr, a, b, scratch, m, n, k, ar, ac, br, bc, extra, mode);
  }
}
