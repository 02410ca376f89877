// No two buffers that live at the same time may overlap, whatever the lifetimes.
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Lifetime, layOut } from "../../src/plan/layout.ts";

const buffers = fc.array(
  fc
    .record({ bytes: fc.integer({ min: 1, max: 500 }).map((n) => 4 * n), first: fc.nat(30), length: fc.nat(10) })
    .map(({ bytes, first, length }): Lifetime => ({ bytes, first, last: first + length })),
  { maxLength: 40 },
);

test("live buffers never overlap, and lie inside the arena at multiples of 16", () => {
  fc.assert(
    fc.property(buffers, (list) => {
      const { offsets, bytes } = layOut(list);
      list.forEach((a, i) => {
        const from = offsets[i] as number;
        expect(from % 16).toBe(0);
        expect(from + a.bytes).toBeLessThanOrEqual(bytes);
        list.slice(0, i).forEach((b, j) => {
          const together = a.first <= b.last && b.first <= a.last;
          const apart = from + a.bytes <= (offsets[j] as number) || (offsets[j] as number) + b.bytes <= from;
          expect(!together || apart).toBe(true);
        });
      });
    }),
    { seed: 1, numRuns: 300 },
  );
});

test("buffers that follow each other share their place", () => {
  const { offsets, bytes } = layOut([
    { bytes: 64, first: 0, last: 1 },
    { bytes: 64, first: 2, last: 3 },
  ]);
  expect(offsets).toEqual([0, 0]);
  expect(bytes).toBe(64);
});
