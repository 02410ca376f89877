// Row 5: the empirical risk is an estimate of the risk, and the better the larger the sample.
import { expect, test } from "vitest";
import { empiricalRisk } from "../../src/lecture/05-empirical-risk.ts";
import { outcome } from "../../src/lecture/outcomes/05-empirical-risk.ts";
import { expectRedrawn, outcomeOf } from "./outcome.ts";

test("samples' risks lie around the whole set's, and their spread falls as one over the root of their size", async () => {
  const draws = 50;
  const small = { sizes: [10, 40, 160, 640], draws };
  const measured = await outcomeOf(empiricalRisk, small);
  expectRedrawn(measured, empiricalRisk, small, outcome);
  const { risk, risks, spreads } = measured.data;
  for (const [i, each] of risks.entries()) {
    const mean = each.reduce((sum, value) => sum + value, 0) / draws;
    expect(Math.abs(mean - risk)).toBeLessThan((4 * (spreads[i] as number)) / Math.sqrt(draws));
    // A standard deviation of 50 draws is known to a tenth; of a loss with a long tail less well.
    const next = spreads[i + 1];
    if (next !== undefined) expect(Math.log2((spreads[i] as number) / next)).toBeCloseTo(1, 0);
  }
  // Its standard error is some 0.04 here.
  expect(Math.abs((measured.verdict.numbers[0]?.value as number) + 0.5)).toBeLessThan(0.15);
});
