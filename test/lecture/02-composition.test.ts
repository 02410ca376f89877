import { expect, test } from "vitest";
import { composition } from "../../src/lecture/02-composition.ts";
import { outcome } from "../../src/lecture/outcomes/02-composition.ts";
import { expectRedrawn, outcomeOf } from "./outcome.ts";

test("chain, raw operations and hand give one function", async () => {
  const small = { depths: [1, 3, 5], runs: 2 };
  const measured = await outcomeOf(composition, small);
  expectRedrawn(measured, composition, small, outcome);
  const { verdict } = measured;
  const { found, pairs } = measured.data;
  expect(found).toHaveLength(6);
  for (const { outputs, gradient, ops, slope } of found) {
    expect(ops).toBeLessThan(1e-6);
    // Never equal to the bit: one of them is computed in 64 bits.
    for (const difference of [outputs, gradient]) {
      expect(difference).toBeGreaterThan(0);
      expect(difference).toBeLessThan(3e-6);
    }
    expect(slope).toBeLessThan(1e-5);
  }
  // Weights and biases of 6 → 12 → 12 → 12 → 12 → 3.
  expect(pairs).toHaveLength(7 * 12 + 3 * 13 * 12 + 13 * 3);
  expect(verdict.judgement).toBe("supported");
});
