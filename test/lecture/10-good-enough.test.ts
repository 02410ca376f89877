// Row 10 at a small size.
import { expect, test } from "vitest";
import { goodEnough } from "../../src/lecture/10-good-enough.ts";
import { outcome } from "../../src/lecture/outcomes/10-good-enough.ts";
import { expectRedrawn, outcomeOf } from "./outcome.ts";

test("for the same examples mini-batches come further than the whole set, and both learn", async () => {
  const size = { examples: 500, judges: 200, passes: [1, 8], seconds: [0.005, 0.02], rates: [0.1, 0.3], runs: 2 };
  const measured = await outcomeOf(goodEnough, size);
  expectRedrawn(measured, goodEnough, size, outcome);
  const { found } = measured.data;
  expect(found.map(({ atExamples, inTime }) => [atExamples.length, inTime.length])).toEqual([
    [2, 2],
    [2, 2],
  ]);
  const losses = found.map(({ atExamples }) =>
    atExamples.map(({ reached }) => reached.reduce((sum, { loss }) => sum + loss, 0) / reached.length),
  );
  const [batch, stochastic] = losses as [[number, number], [number, number]];
  for (const [early, late] of [batch, stochastic]) expect(late).toBeLessThan(early);
  // One step against 16 in the first pass.
  expect(stochastic[0]).toBeLessThan(batch[0]);
  expect(stochastic[1]).toBeLessThan(batch[1]);
  expect(found.every(({ speed }) => speed > 0)).toBe(true);
});
