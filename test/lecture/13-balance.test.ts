// Row 13 at a small size: what batches hold is known, whatever a network makes of it.
import { expect, test } from "vitest";
import { balance } from "../../src/lecture/13-balance.ts";
import { outcome } from "../../src/lecture/outcomes/13-balance.ts";
import { meanOf } from "../../src/lecture/statistics.ts";
import { expectRedrawn, outcomeOf } from "./outcome.ts";

test("batches have the rare class as often as chance, shares or balance say, and balance finds it", async () => {
  const [each, rare, batchSize] = [60, 10, 16];
  const size = { each, rare, batchSize, judges: 500, epochs: 6, runs: 3 };
  const measured = await outcomeOf(balance, size);
  expectRedrawn(measured, balance, size, outcome);
  const { found } = measured.data;
  const without = (way: string): number => meanOf(found[way]?.without ?? []).mean;
  const n = 9 * each + rare;
  // Without replacement: (n−r choose b)/(n choose b).
  let missed = 1;
  for (let i = 0; i < batchSize; i++) missed *= (n - rare - i) / (n - i);
  // 630 batches: three deviations are 5 %.
  for (const way of ["as they come", "class weights"]) expect(Math.abs(without(way) - 100 * missed)).toBeLessThan(6);
  expect(Math.abs(without("class-balanced") - 100 * 0.9 ** batchSize)).toBeLessThan(6);
  // No two in one batch: as many batches have one as there are examples of it.
  expect(without("stratified")).toBeCloseTo(100 * (1 - rare / Math.ceil(n / batchSize)), 6);
  const recall = (way: string): number => meanOf(found[way]?.recall ?? []).mean;
  expect(recall("class-balanced")).toBeGreaterThan(recall("as they come"));
});
