// Row 12 at a small size.
import { expect, test } from "vitest";
import { shuffling } from "../../src/lecture/12-shuffling.ts";
import { outcome } from "../../src/lecture/outcomes/12-shuffling.ts";
import { meanOf } from "../../src/lecture/statistics.ts";
import { expectRedrawn, outcomeOf } from "./outcome.ts";

test("sorted batches learn less in the first epochs; who comes to the target has come to it once", async () => {
  const size = { examples: 200, epochs: 3, target: 0.5, patience: 300, runs: 2 };
  const measured = await outcomeOf(shuffling, size);
  expectRedrawn(measured, shuffling, size, outcome);
  const { found } = measured.data;
  expect(found).toHaveLength(12);
  const accuracy = (order: string): number =>
    meanOf(found.filter((each) => each.order === order).map((each) => each.accuracy)).mean;
  for (const order of ["shuffled once", "reshuffled", "with replacement"])
    expect(accuracy(order), order).toBeGreaterThan(accuracy("sorted") + 0.2);
  for (const { losses, unseen, needed, order } of found) {
    expect(losses).toHaveLength(3);
    expect(unseen === null).toBe(needed === null);
    if (order.includes("shuffled")) expect(needed, order).toBeLessThan(100);
  }
});
