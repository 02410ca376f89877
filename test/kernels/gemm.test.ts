// The matrix product against f64, for every transpose case, path, tile and epilogue.
import { describe, expect, test } from "vitest";
import { aligned, Bench, builds, wave } from "./harness.ts";

const benches = await Promise.all(builds.map(async (build) => [build, await Bench.create(build)] as const));
const released = benches.filter(([build]) => build !== "debug");
const benchOf = new Map(benches);

/** A is stored [m, k] or transposed [k, m], B [k, n] or [n, k]; rows lie `pad` elements further apart than they need. */
interface Case {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly aTransposed?: boolean;
  readonly bTransposed?: boolean;
  readonly pad?: number;
}
const orders = [
  { aTransposed: false, bTransposed: false },
  { aTransposed: true, bTransposed: false },
  { aTransposed: false, bTransposed: true },
  { aTransposed: true, bTransposed: true },
] as const;
const [none, bias, biasRelu, mask, accumulate] = [0, 1, 2, 3, 4] as const;
const fused = [bias, biasRelu, mask, accumulate] as const;

/** Row and column stride of a [rows, cols] matrix. */
function strides(rows: number, cols: number, transposed = false, pad = 0): readonly [number, number] {
  return transposed ? [1, rows + pad] : [cols + pad, 1];
}
/** Elements from the first to the last, and no more. */
const extent = (rows: number, cols: number, [row, col]: readonly [number, number]): number =>
  rows && cols ? (rows - 1) * row + (cols - 1) * col + 1 : 0;

function makeOperands({ m, n, k, aTransposed, bTransposed, pad }: Case) {
  const aStrides = strides(m, k, aTransposed, pad);
  const bStrides = strides(k, n, bTransposed, pad);
  const a = wave(extent(m, k, aStrides), 1);
  const b = wave(extent(k, n, bStrides), 2);
  return { a, b, aStrides, bStrides, row: wave(n, 3), matrix: wave(m * n, 4), before: wave(m * n, 5) };
}
let latest: { readonly shape: Case; readonly operands: ReturnType<typeof makeOperands> } | undefined;
/** Those of the case last asked for are kept: making them costs more than the product. */
function operands(shape: Case): ReturnType<typeof makeOperands> {
  if (latest?.shape !== shape) latest = { shape, operands: makeOperands(shape) };
  return latest.operands;
}

/** C by the kernel. C holds NaN before, or the `before` numbers for `accumulate`. */
function multiply(bench: Bench, shape: Case, epilogue: number = none, shift = 0): Float32Array {
  const { m, n, k } = shape;
  const { a, b, aStrides, bStrides, row, matrix, before } = operands(shape);
  const { gemm, gemmScratch } = bench.kernels;
  bench.reset();
  // Moves all that follows by so many elements: no vector is aligned by luck.
  bench.f32(shift);
  const x = bench.f32(a);
  const y = bench.f32(b);
  const extra = bench.f32(epilogue === mask ? matrix : epilogue === bias || epilogue === biasRelu ? row : 0);
  const c = bench.f32(epilogue === accumulate ? before : m * n);
  const scratch = aligned(bench, gemmScratch(m, n, k) / 4);
  gemm(c.pointer, x.pointer, y.pointer, scratch, m, n, k, ...aStrides, ...bStrides, epilogue, extra.pointer);
  bench.checkGuards();
  expectSameBits(x.array, a, { ...shape, of: "A afterwards" });
  expectSameBits(y.array, b, { ...shape, of: "B afterwards" });
  return c.array.slice();
}

/** What an epilogue means, on numbers already rounded to f32: `Math.fround` of one addition is that addition in f32. */
function apply(epilogue: number, product: Float32Array, shape: Case): Float32Array {
  const { row, matrix, before } = operands(shape);
  return product.map((x, i) => {
    if (epilogue === mask) return (matrix[i] as number) > 0 ? x : 0;
    if (epilogue === accumulate) return (before[i] as number) + x;
    const sum = Math.fround(x + (row[i % shape.n] as number));
    return epilogue === biasRelu && sum < 0 ? 0 : sum;
  });
}

/** The bits, so that −0 is not 0. */
const bits = (values: Float32Array): Uint32Array => new Uint32Array(values.buffer, values.byteOffset, values.length);
function expectSameBits(actual: Float32Array, expected: Float32Array, shape: Case & { readonly of: string }): void {
  const [one, other] = [bits(actual), bits(expected)];
  expect(one.length).toBe(other.length);
  for (let i = 0; i < one.length; i++)
    if (one[i] !== other[i]) expect.fail(`${JSON.stringify(shape)}: element ${i} is ${actual[i]}, not ${expected[i]}`);
}

/**
 * |c − exact| ≤ γ Σ|a·b| with γ = r·u/(1 − r·u), u = 2⁻²⁴ and r the roundings on the longest way of a product into its sum
 * (Higham, Accuracy and Stability, 3.1): one for the product, one for each sum in its block of at most 256, one for each block.
 */
function expectProduct(c: Float32Array, shape: Case): void {
  const { m, n, k } = shape;
  const {
    a,
    b,
    aStrides: [aRow, aCol],
    bStrides: [bRow, bCol],
  } = operands(shape);
  const roundings = Math.min(k, 256) + Math.ceil(k / 256);
  const gamma = (roundings * 2 ** -24) / (1 - roundings * 2 ** -24);
  expect(c.length).toBe(m * n);
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++) {
      let sum = 0;
      let size = 0;
      for (let p = 0, x = i * aRow, y = j * bCol; p < k; p++, x += aCol, y += bRow) {
        const term = (a[x] as number) * (b[y] as number);
        sum += term;
        size += Math.abs(term);
      }
      const actual = c[i * n + j] as number;
      if (!(Math.abs(actual - sum) <= gamma * size))
        expect.fail(`${JSON.stringify(shape)}: C[${i}, ${j}] is ${actual}, not ${sum}`);
    }
}

const describeCase = ({ aTransposed, bTransposed }: (typeof orders)[number]): string =>
  `${aTransposed ? "Aᵀ" : "A"}·${bTransposed ? "Bᵀ" : "B"}`;

/** All m, n in 0..17; of k, three for each pair, so that every k meets every remainder. */
function* smallShapes(order: (typeof orders)[number]): Generator<Case> {
  for (let m = 0; m <= 17; m++)
    for (let n = 0; n <= 17; n++)
      for (const k of [(m * 5 + n * 7) % 18, (m + n * 3 + 1) % 5, 16])
        yield { m, n, k, ...order, pad: (m + n + k) % 4 };
}

/** Sizes at which a block, a panel, a tile or a path begins or ends: 256 of k, 512 of n, 8 and 4 columns, 4 to 6 rows. */
const largeShapes: readonly Case[] = [
  { m: 64, n: 128, k: 100 },
  { m: 13, n: 519, k: 257 },
  { m: 66, n: 514, k: 270, pad: 1 },
  { m: 97, n: 35, k: 40, pad: 3 },
  { m: 23, n: 33, k: 256 },
  { m: 31, n: 70, k: 64 },
  { m: 128, n: 10, k: 64 },
  { m: 19, n: 3, k: 513, pad: 1 },
  { m: 1, n: 550, k: 520, pad: 2 },
  { m: 550, n: 1, k: 520, pad: 2 },
  { m: 1, n: 39, k: 1031 },
  { m: 39, n: 1, k: 1031 },
  { m: 1, n: 1, k: 777 },
];

describe.each(benches)("gemm in the %s build", (build, bench) => {
  test.each(orders.map((order) => [describeCase(order), order] as const))(
    "%s for sizes 0 to 17, with every epilogue",
    (_, order) => {
      for (const shape of smallShapes(order)) {
        const product = multiply(bench, shape);
        expectProduct(product, shape);
        const epilogue = fused[(shape.m + shape.n * 3 + shape.k) % 4] as number;
        const of = `epilogue ${epilogue}, ${build}`;
        expectSameBits(multiply(bench, shape, epilogue, 1), apply(epilogue, product, shape), { ...shape, of });
      }
    },
  );

  test("a row or a column at a time gives the bits of the whole", () => {
    // B contiguous along n, A along m: the one-row and one-column kernels add in the order of the others.
    const whole = { m: 37, n: 45, k: 300 };
    const c = multiply(bench, whole);
    const tall = multiply(bench, { ...whole, aTransposed: true });
    const { a, b } = operands(whole);
    const { gemm } = bench.kernels;
    bench.reset();
    const x = bench.f32(a);
    const y = bench.f32(b);
    const out = bench.f32(whole.n);
    const column = bench.f32(whole.m);
    const scratch = aligned(bench, bench.kernels.gemmScratch(37, 45, 300) / 4);
    for (const i of [0, 1, 36]) {
      gemm(out.pointer, x.pointer + 4 * i * 300, y.pointer, scratch, 1, 45, 300, 300, 1, 45, 1, none, 0);
      expectSameBits(out.array, c.slice(i * 45, i * 45 + 45), { ...whole, of: `row ${i}` });
    }
    for (const j of [0, 2, 44]) {
      // A as [k, m].
      gemm(column.pointer, x.pointer, y.pointer + 4 * j, scratch, 37, 1, 300, 1, 37, 45, 1, none, 0);
      const expected = column.array.map((_, i) => tall[i * 45 + j] as number);
      expectSameBits(column.array, expected, { ...whole, of: `column ${j}` });
    }
    bench.checkGuards();
  });

  test("NaN passes the product and relu, and a NaN gate is shut", () => {
    bench.reset();
    const a = bench.f32([Number.NaN, 1, 0, 1]);
    const b = bench.f32(Float32Array.from({ length: 20 }, (_, i) => (i < 10 ? 1 : -2)));
    const row = bench.f32(Float32Array.from({ length: 10 }, (_, i) => i));
    const gate = bench.f32(Float32Array.from({ length: 20 }, (_, i) => (i % 2 ? Number.NaN : 1)));
    const c = bench.f32(20);
    const scratch = aligned(bench, bench.kernels.gemmScratch(2, 10, 2) / 4);
    const run = (epilogue: number, extra: number): void =>
      bench.kernels.gemm(c.pointer, a.pointer, b.pointer, scratch, 2, 10, 2, 2, 1, 10, 1, epilogue, extra);
    run(biasRelu, row.pointer);
    expect([...c.array]).toEqual([...Array(10).fill(Number.NaN), 0, 0, 0, 1, 2, 3, 4, 5, 6, 7]);
    run(mask, gate.pointer);
    expect([...c.array]).toEqual(Array.from({ length: 20 }, (_, i) => (i % 2 ? 0 : i < 10 ? Number.NaN : -2)));
  });
});

test.each(benches)("relu keeps −0, as the kernel of that name does, in the %s build", (_, bench) => {
  bench.reset();
  const a = bench.f32([-1, 1]);
  const b = bench.f32(new Float32Array(10));
  const row = bench.f32(new Float32Array(10).fill(-0));
  const c = bench.f32(20);
  const scratch = aligned(bench, bench.kernels.gemmScratch(2, 10, 1) / 4);
  bench.kernels.gemm(c.pointer, a.pointer, b.pointer, scratch, 2, 10, 1, 1, 1, 10, 1, biasRelu, row.pointer);
  expect([...c.array]).toEqual([...Array(10).fill(-0), ...Array(10).fill(0)]);
});

describe.each(released)("gemm of large matrices in the %s build", (_, bench) => {
  test.each(orders.map((order) => [describeCase(order), order] as const))(
    "%s across the edges of blocks",
    (_, order) => {
      for (const shape of largeShapes) {
        const here = { ...shape, ...order };
        const product = multiply(bench, here);
        expectProduct(product, here);
        for (const epilogue of fused)
          expectSameBits(multiply(bench, here, epilogue), apply(epilogue, product, here), {
            ...here,
            of: `epilogue ${epilogue}`,
          });
      }
    },
  );

  test.each([4, 5, 6])("the tile of %i rows gives the same bits", (rows) => {
    for (const shape of largeShapes) {
      const own = multiply(bench, shape, bias);
      bench.kernels.setTile(rows);
      const other = multiply(bench, shape, bias);
      bench.kernels.setTile(0);
      expectSameBits(other, own, { ...shape, of: `tile ${rows}` });
    }
  });
});

describe("gemm in the debug build", () => {
  const debug = benchOf.get("debug") as Bench;
  const strict = benchOf.get("strict") as Bench;

  test("has the bits of the strict one", () => {
    for (const order of orders) {
      const shapes = [...smallShapes(order)].filter((_, i) => i % 7 === 0);
      for (const shape of [...shapes, { m: 23, n: 43, k: 300, ...order }, { m: 1, n: 43, k: 300, ...order }])
        expectSameBits(multiply(debug, shape, biasRelu), multiply(strict, shape, biasRelu), { ...shape, of: "debug" });
    }
  });

  test("refuses what lies outside memory, a crooked scratch, an unknown epilogue and an unknown tile", () => {
    const { gemm, setTile } = debug.kernels;
    const end = 256 * 65536;
    const call = (c: number, a: number, scratch: number, epilogue: number) => () =>
      gemm(c, a, 65536, scratch, 4, 4, 4, 4, 1, 4, 1, epilogue, 65536);
    expect(call(1024, 2048, 4096, none)).not.toThrow();
    expect(call(end - 60, 2048, 4096, none)).toThrow("assertion failed");
    expect(call(1024, end - 60, 4096, none)).toThrow("assertion failed");
    expect(call(1024, 2048, end - 64, none)).toThrow("assertion failed");
    expect(call(1024, 2048, 4100, none)).toThrow("assertion failed");
    expect(call(1024, 2048, 4096, 5)).toThrow("assertion failed");
    expect(() => setTile(7)).toThrow("assertion failed");
  });
});

test("gemm needs little scratch, whatever the sizes", () => {
  const { gemmScratch } = (benchOf.get("strict") as Bench).kernels;
  expect(gemmScratch(1, 1, 1)).toBeLessThan(8192);
  expect(gemmScratch(60_000, 4096, 60_000)).toBe(661_696);
  expect(gemmScratch(60_000, 1, 60_000)).toBeLessThanOrEqual(661_696);
});
