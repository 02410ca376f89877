import { expect, test } from "vitest";
import { biasVariance } from "../../src/lecture/03-bias-variance.ts";
import { outcome } from "../../src/lecture/outcomes/03-bias-variance.ts";
import { expectRedrawn, outcomeOf } from "./outcome.ts";

test("bias², variance and noise make the risk, which has its peak where p = n", async () => {
  const capacities = [2, 5, 10, 14, 20, 26, 40, 100];
  const small = { capacities, examples: 20, inputs: 5, tests: 40, groups: 8, sets: 12 };
  const measured = await outcomeOf(biasVariance, small);
  expectRedrawn(measured, biasVariance, small, outcome);
  const { found, risks, trained } = measured.data;
  capacities.forEach((p, k) => {
    const { risk, bias, variance } = found[k] as (typeof found)[number];
    const own = risks[k] as number[];
    expect(own).toHaveLength(96);
    expect(risk.mean).toBeCloseTo(own.reduce((sum, value) => sum + value, 0) / own.length, 8);
    expect(variance.mean).toBeGreaterThan(0);
    // Twice the interval: the sum has one of its own.
    if (Math.abs(p - 20) > 3)
      expect(Math.abs(bias.mean + variance.mean + 0.25 - risk.mean), `p = ${p}`).toBeLessThan(
        2 * (risk.high - risk.low),
      );
    // No predictor is better than the noise.
    expect(risk.high).toBeGreaterThan(0.25);
  });
  const medians = risks.map((own) => [...own].sort((a, b) => a - b)[48] as number);
  expect(capacities[medians.indexOf(Math.max(...medians))]).toBe(20);
  for (const distance of trained) expect(distance).toBeLessThan(1e-3);
  expect(measured.verdict.judgement).not.toBe("not supported");
});
