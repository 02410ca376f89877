// The generator of data: Philox to the bit, and functions of it against the engine's own.
import { describe, expect, test } from "vitest";
import { circle, logarithm, philox, randomSource, shuffled } from "../../src/data/random.ts";
import { philox as reference } from "../kernels/philox.ts";

describe("the generator", () => {
  test("is Philox4x32-10", () => {
    for (const [counter, key] of [
      [
        [0, 0, 0, 0],
        [0, 0],
      ],
      [
        [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
        [0xffffffff, 0xffffffff],
      ],
      [
        [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
        [0xa4093822, 0x299f31d0],
      ],
      [
        [7, 0, 3, 2],
        [1, 2 ** 31],
      ],
    ] as const)
      expect(philox(counter, key)).toEqual(reference(counter, key));
    // Known answer of the paper's own test vectors.
    expect(philox([0, 0, 0, 0], [0, 0]).map((w) => w.toString(16))).toEqual([
      "6627e8d5",
      "e169c58d",
      "bc57ac4c",
      "9b00dbd8",
    ]);
  });

  test("depends on seed and stream, beyond 32 bits of seed too", () => {
    const first = (seed: number, stream: number): number => randomSource(seed, stream).uniform();
    expect(new Set([first(0, 0), first(1, 0), first(0, 1), first(2 ** 32, 0), first(2 ** 53 - 1, 0)]).size).toBe(5);
    expect(first(2 ** 32 + 5, 3)).toBe(first(2 ** 32 + 5, 3));
  });

  test("is uniform, and normal, by their moments", () => {
    const random = randomSource(3, 9);
    const n = 40_000;
    const moments = (draw: () => number, powers: readonly number[]): number[] => {
      const values = Array.from({ length: n }, draw);
      return powers.map((p) => values.reduce((sum, v) => sum + v ** p, 0) / n);
    };
    // Five standard deviations of each mean.
    moments(random.uniform, [1, 2, 3]).forEach((m, i) =>
      expect(Math.abs(m - 1 / (i + 2))).toBeLessThan((5 * 0.3) / Math.sqrt(n)),
    );
    const [mean, square, cube, fourth] = moments(random.normal, [1, 2, 3, 4]) as [number, number, number, number];
    expect(Math.abs(mean)).toBeLessThan(5 / Math.sqrt(n));
    expect(Math.abs(square - 1)).toBeLessThan((5 * Math.SQRT2) / Math.sqrt(n));
    expect(Math.abs(cube)).toBeLessThan((5 * Math.sqrt(15)) / Math.sqrt(n));
    expect(Math.abs(fourth - 3)).toBeLessThan((5 * Math.sqrt(96)) / Math.sqrt(n));
  });

  test("shuffles: every order of four alike often", () => {
    const random = randomSource(1, 2);
    const counts = new Map<string, number>();
    const n = 24_000;
    for (let i = 0; i < n; i++) {
      const order = shuffled(4, random).join();
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - n / 24) ** 2 / (n / 24), 0);
    // 23 degrees of freedom: 49.7 is passed by one in a thousand.
    expect(chiSquare).toBeLessThan(49.7);
  });
});

test("logarithm and circle are right to a few units in the last place", () => {
  for (let i = 1; i <= 2000; i++) {
    const x = i / 2000;
    for (const value of [x, x * 2 ** -30, x * 2 ** -53])
      expect(Math.abs(logarithm(value) - Math.log(value))).toBeLessThanOrEqual(
        4 * 2 ** -53 * Math.max(Math.abs(Math.log(value)), 2 ** -2),
      );
    const [cosine, sine] = circle(x * 3 - 1);
    const angle = 2 * Math.PI * (x * 3 - 1);
    expect(Math.abs(cosine - Math.cos(angle))).toBeLessThan(4e-15);
    expect(Math.abs(sine - Math.sin(angle))).toBeLessThan(4e-15);
  }
  expect(logarithm(1)).toBe(0);
  expect([0, 0.25, 0.5, 0.75, 1].map((t) => circle(t).map((v) => v || 0))).toEqual([
    [1, 0],
    [0, 1],
    [-1, 0],
    [0, -1],
    [1, 0],
  ]);
});
