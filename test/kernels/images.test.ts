// Gathering images: where each byte goes is exact, for every draw of the generator; scaling may round once or twice.
import { describe, expect, test } from "vitest";
import { Bench, builds } from "./harness.ts";
import { words } from "./philox.ts";

const benches = await Promise.all(builds.map(async (build) => [build, await Bench.create(build)] as const));
/** Out of order, with repeats, first and last image; image 1 comes once. */
const picks = [2, 0, 0, 1, 2];
const images = 3;
const key = { seed: [7, 9], step: 0, purpose: 1 } as const;

interface Case {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly pad: number;
  readonly flips: boolean;
  readonly stream?: number;
  readonly first?: number;
}

/** Where the image of row r lands: by the words of its own block of the generator. */
function placed({ pad, flips, stream = 3, first = 0 }: Case, r: number) {
  const [down, right, flip] = words({ ...key, stream }, 3, first + r) as [number, number, number];
  const within = (word: number): number => Math.floor((word / 2 ** 32) * (2 * pad + 1)) - pad;
  return { down: within(down), right: within(right), flipped: flips && flip >= 2 ** 31 };
}

type Placement = ReturnType<typeof placed>;

/** An image of the table, placed so, before its bytes are scaled. */
function bytesOf(
  table: ArrayLike<number>,
  image: number,
  { height, width, channels }: Case,
  place: Placement,
): number[] {
  const result: number[] = [];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < channels; c++) {
        const row = y + place.down;
        const column = (place.flipped ? width - 1 - x : x) + place.right;
        const inside = row >= 0 && row < height && column >= 0 && column < width;
        result.push(inside ? (table[((image * height + row) * width + column) * channels + c] as number) : 0);
      }
  return result;
}
const expectedBytes = (table: ArrayLike<number>, of: Case): number[] =>
  picks.flatMap((image, r) => bytesOf(table, image, of, placed(of, r)));

function gather(bench: Bench, of: Case, scale: readonly number[], shift: readonly number[]) {
  const { height, width, channels, pad, flips, stream = 3, first = 0 } = of;
  bench.reset();
  const table = bench.u8(
    Array.from({ length: images * height * width * channels }, (_, i) => 1 + ((i * 37 + 11) % 255)),
  );
  const indices = bench.i32(picks);
  const perPixel = (list: readonly number[]) => Array.from({ length: width * channels }, (_, i) => list[i % channels]);
  const scales = bench.f32(perPixel(scale) as number[]);
  const shifts = bench.f32(perPixel(shift) as number[]);
  const state = bench.i32([...key.seed, key.step, key.purpose]);
  const out = bench.f32(picks.length * height * width * channels);
  bench.kernels.gatherImages(
    out.pointer, table.pointer, indices.pointer, picks.length, height, width, channels,
    scales.pointer, shifts.pointer, pad, flips ? 1 : 0, state.pointer, stream, first,
  ); // biome-ignore format: as the kernel has them
  bench.checkGuards();
  return { out: out.array, table: table.array };
}

/** Widths on both sides of the 16 bytes of a vector, with every channel count up to 4 and one of 17. */
const shapes = [
  ...[1, 2, 3, 5, 6, 7, 11, 16, 17, 33].flatMap((width) => [1, 2, 3, 4].map((channels) => [3, width, channels] as const)),
  [1, 1, 1], [1, 1, 50], [4, 3, 17], [32, 32, 3], [28, 28, 1],
] as readonly (readonly [number, number, number])[]; // biome-ignore format: shapes

describe.each(benches)("in the %s build", (build, bench) => {
  const plain = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1];

  test("images as they are, cropped, flipped, or both, of every width and number of channels", () => {
    for (const [height, width, channels] of shapes)
      for (const pad of [0, 1, 2, 4])
        for (const flips of [false, true]) {
          if (pad >= Math.min(height, width) && pad > 0) continue;
          const of = { height, width, channels, pad, flips };
          const ones = Array.from({ length: channels }, () => 1);
          const { out, table } = gather(
            bench,
            of,
            ones,
            ones.map(() => 0),
          );
          expect([...out], JSON.stringify(of)).toEqual(expectedBytes(table, of));
        }
  });

  test("each channel has its scale and shift, where there is an image and beyond its edge", () => {
    const [scale, shift] = [[1 / 255, -0.0123, 3].map(Math.fround), [-0.4914, 0.25, -7].map(Math.fround)];
    const of = { height: 5, width: 7, channels: 3, pad: 4, flips: true };
    const { out, table } = gather(bench, of, scale, shift);
    expectedBytes(table, of).forEach((byte, i) => {
      const [s, t] = [scale[i % 3] as number, shift[i % 3] as number];
      const product = byte * s;
      if (build === "relaxed")
        // The product may be rounded or not before the addition rounds.
        expect(Math.abs((out[i] as number) - (product + t))).toBeLessThanOrEqual(
          2 ** -24 * (Math.abs(product) + Math.abs(product + t)),
        );
      else expect(out[i]).toBe(Math.fround(Math.fround(product) + t));
    });
  });

  test("a row's draw depends on its place in the batch, the stream and nothing else", () => {
    const of = { height: 6, width: 6, channels: 1, pad: 2, flips: true };
    const image = (first: number, row: number, stream: number): number[] =>
      [...gather(bench, { ...of, first, stream }, plain, [0]).out].slice(row * 36, (row + 1) * 36);
    // Rows 1 and 2 are the same image.
    expect(image(0, 2, 5)).toEqual(image(1, 1, 5));
    const others = Array.from({ length: 20 }, (_, i) => image(0, 2, 6 + i));
    expect(new Set(others.map(String)).size).toBeGreaterThan(10);
  });

  test("all distances are alike likely, and flips come half the time", () => {
    const of = { height: 5, width: 5, channels: 1, pad: 2, flips: true };
    const counts = new Map<string, number>();
    const distances = [-2, -1, 0, 1, 2];
    for (let stream = 0; stream < 400; stream++) {
      const { out, table } = gather(bench, { ...of, stream }, [1], [0]);
      if (stream === 0)
        for (const image of picks)
          for (const down of distances)
            for (const right of distances)
              for (const flipped of [false, true])
                counts.set(String(bytesOf(table, image, of, { down, right, flipped })), 0);
      picks.forEach((_, r) => {
        const seen = String([...out.subarray(r * 25, (r + 1) * 25)]);
        counts.set(seen, (counts.get(seen) ?? Number.NaN) + 1);
      });
    }
    // 2000 images, placed in 50 ways each: of image 1 there are 400, of images 0 and 2 there are 800.
    expect(counts.size).toBe(150);
    const expected = (i: number): number => (i < 100 ? 16 : 8);
    const chiSquare = [...counts.values()].reduce((sum, n, i) => sum + (n - expected(i)) ** 2 / expected(i), 0);
    // χ² with 149 − 2 degrees of freedom is below 206 in 99.9 % of cases, and the seed is fixed.
    expect(chiSquare).toBeLessThan(206);
  });
});

test("the debug build refuses an index below 0, an image beyond memory and a crop that leaves nothing", async () => {
  const bench = await Bench.create("debug", 1);
  const refuses = (index: number, pad: number): void => {
    bench.reset();
    const table = bench.u8(new Uint8Array(12));
    const ones = bench.f32([1, 1, 1, 1, 1, 1]);
    const state = bench.i32([0, 0, 0, 1]);
    const out = bench.f32(12);
    const indices = bench.i32([index]);
    expect(
      () =>
      bench.kernels.gatherImages(
        out.pointer, table.pointer, indices.pointer, 1, 2, 2, 3,
        ones.pointer, ones.pointer, pad, 0, state.pointer, 0, 0,
      ), // biome-ignore format: as the kernel has them
    ).toThrow("debug kernel");
  };
  refuses(-1, 0);
  refuses(1 << 16, 0);
  refuses(0, 2);
});
