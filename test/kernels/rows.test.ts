// Gathering and scattering rows by index: exact, but for the scaling of bytes where multiply-add may round once or twice.
import { describe, expect, test } from "vitest";
import { Bench, builds, wave } from "./harness.ts";

const benches = await Promise.all(builds.map(async (build) => [build, await Bench.create(build)] as const));
const tableRows = 5;
/** Out of order, with repeats, first and last row. */
const picks = [4, 0, 0, 3, 1, 4, 2];
const widths = [...Array(18).keys(), 31, 32, 33, 50, 784];

/** out[r] = table[picks[r]], row after row. */
function gathered<T>(table: ArrayLike<T>, width: number): T[] {
  return picks.flatMap((row) => Array.from(table).slice(row * width, (row + 1) * width));
}

describe.each(benches)("in the %s build", (build, bench) => {
  test("gatherRows and gatherI32 copy rows of every width, bit by bit", () => {
    for (const width of widths) {
      bench.reset();
      const table = bench.f32(wave(tableRows * width));
      const integers = bench.i32(Array.from({ length: tableRows * width }, (_, i) => i * 2654435761));
      const indices = bench.i32(picks);
      const out = bench.f32(picks.length * width);
      const outIntegers = bench.i32(picks.length * width);
      bench.kernels.gatherRows(out.pointer, table.pointer, indices.pointer, picks.length, width);
      bench.kernels.gatherI32(outIntegers.pointer, integers.pointer, indices.pointer, picks.length, width);
      bench.checkGuards();
      expect([...out.array]).toEqual(gathered(table.array, width));
      expect([...outIntegers.array]).toEqual(gathered(integers.array, width));
    }
  });

  test("gatherRowsU8 scales bytes of every width, from rows at any byte", () => {
    const [scale, shift] = [Math.fround(1 / 255), Math.fround(-0.1307)];
    for (const width of widths) {
      bench.reset();
      const table = bench.u8(Array.from({ length: tableRows * width }, (_, i) => (i * 37 + 128) % 256));
      const indices = bench.i32(picks);
      const out = bench.f32(picks.length * width);
      bench.kernels.gatherRowsU8(out.pointer, table.pointer, indices.pointer, picks.length, width, scale, shift);
      bench.checkGuards();
      const products = gathered(table.array, width).map((byte) => byte * scale);
      if (build === "relaxed") {
        // The product may be rounded or not before the addition rounds.
        const wrong = products.filter((product, i) => {
          const error = Math.abs((out.array[i] as number) - (product + shift));
          return !(error <= 2 ** -24 * (Math.abs(product) + Math.abs(product + shift)));
        });
        expect(wrong).toEqual([]);
      } else expect([...out.array]).toEqual(products.map((product) => Math.fround(Math.fround(product) + shift)));
    }
  });

  test("gatherRowsU8 gives every byte its own value, unscaled", () => {
    bench.reset();
    const table = bench.u8(Array.from({ length: 256 }, (_, i) => i));
    const indices = bench.i32([0]);
    const out = bench.f32(256);
    bench.kernels.gatherRowsU8(out.pointer, table.pointer, indices.pointer, 1, 256, 1, 0);
    expect([...out.array]).toEqual([...table.array]);
  });

  test("scatterAddRows adds to what is there, repeated rows several times", () => {
    for (const width of widths) {
      bench.reset();
      const out = bench.f32(Array.from({ length: tableRows * width }, (_, i) => i));
      const dy = bench.f32(Array.from({ length: picks.length * width }, (_, i) => ((i * 31) % 15) - 7));
      const indices = bench.i32(picks);
      const expected = [...out.array];
      picks.forEach((row, r) => {
        for (let j = 0; j < width; j++)
          expected[row * width + j] = (expected[row * width + j] as number) + (dy.array[r * width + j] as number);
      });
      bench.kernels.scatterAddRows(out.pointer, dy.pointer, indices.pointer, picks.length, width);
      bench.checkGuards();
      expect([...out.array]).toEqual(expected);
    }
  });

  test("oneHot, pickColumns and placeColumns find the label's column", () => {
    for (let n = 1; n <= 17; n++)
      for (const m of [0, 1, 4, 9]) {
        bench.reset();
        const labels = bench.i32(Array.from({ length: m }, (_, i) => (i * 5 + 2) % n));
        const x = bench.f32(wave(m * n));
        const dy = bench.f32(wave(m, 3));
        const hot = bench.f32(m * n);
        const picked = bench.f32(m);
        const placed = bench.f32(m * n);
        bench.kernels.oneHot(hot.pointer, labels.pointer, m, n, 0.75, -0.25);
        bench.kernels.pickColumns(picked.pointer, x.pointer, labels.pointer, m, n);
        bench.kernels.placeColumns(placed.pointer, dy.pointer, labels.pointer, m, n);
        bench.checkGuards();
        const isLabel = (place: number): boolean => labels.array[Math.floor(place / n)] === place % n;
        expect([...hot.array]).toEqual(Array.from(hot.array, (_, i) => (isLabel(i) ? 0.75 : -0.25)));
        expect([...picked.array]).toEqual([...x.array].filter((_, i) => isLabel(i)));
        expect([...placed.array]).toEqual(
          Array.from(placed.array, (_, i) => (isLabel(i) ? (dy.array[Math.floor(i / n)] as number) : 0)),
        );
      }
  });

  test("NaN and infinities pass through", () => {
    bench.reset();
    const values = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 1];
    const x = bench.f32(values);
    const zero = bench.i32([0]);
    const out = bench.f32(5);
    bench.kernels.gatherRows(out.pointer, x.pointer, zero.pointer, 1, 5);
    expect([...out.array]).toEqual(values);
    out.array.fill(1);
    bench.kernels.scatterAddRows(out.pointer, x.pointer, zero.pointer, 1, 5);
    expect([...out.array]).toEqual(values.map((v) => v + 1));
  });
});

test("strict and debug give the same bits", async () => {
  const bits = async (build: "strict" | "debug"): Promise<Int32Array> => {
    const bench = await Bench.create(build);
    const table = bench.u8(Array.from({ length: tableRows * 50 }, (_, i) => (i * 37) % 256));
    const indices = bench.i32(picks);
    const out = bench.f32(picks.length * 50);
    const sums = bench.f32(new Float32Array(tableRows * 50));
    bench.kernels.gatherRowsU8(out.pointer, table.pointer, indices.pointer, picks.length, 50, 0.0123, -0.4);
    bench.kernels.scatterAddRows(sums.pointer, out.pointer, indices.pointer, picks.length, 50);
    return new Int32Array(Float32Array.from([...out.array, ...sums.array]).buffer);
  };
  expect(await bits("strict")).toEqual(await bits("debug"));
});

test("the debug build refuses an index below 0, a row beyond memory and a label outside the classes", async () => {
  const bench = await Bench.create("debug", 1);
  const table = bench.f32(8);
  const out = bench.f32(8);
  for (const index of [-1, 1 << 16]) {
    const indices = bench.i32([index]);
    const refuses = (name: "gatherRows" | "scatterAddRows"): void =>
      expect(() => bench.kernels[name](out.pointer, table.pointer, indices.pointer, 1, 4)).toThrow("debug kernel");
    refuses("gatherRows");
    refuses("scatterAddRows");
    expect(() => bench.kernels.gatherRowsU8(out.pointer, table.pointer, indices.pointer, 1, 4, 1, 0)).toThrow(
      "debug kernel",
    );
    expect(() => bench.kernels.pickColumns(out.pointer, table.pointer, indices.pointer, 1, 4)).toThrow("debug kernel");
  }
});
