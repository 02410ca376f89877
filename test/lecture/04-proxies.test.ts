import { expect, test } from "vitest";
import { relaxedProxies } from "../../src/lecture/04-proxies.ts";
import { outcome } from "../../src/lecture/outcomes/04-proxies.ts";
import { expectRedrawn, outcomeOf } from "./outcome.ts";

test("the 0/1 loss moves nothing, its proxies lower it", async () => {
  const small = { examples: 60, tests: 200, epochs: 40, runs: 2 };
  const measured = await outcomeOf(relaxedProxies, small);
  expectRedrawn(measured, relaxedProxies, small, outcome);
  const { moved, margins, drawn, found } = measured.data;
  expect(moved).toBe(0);
  const formulas: Record<string, (m: number) => number> = {
    "0/1": (m) => Number(m <= 0),
    logistic: (m) => Math.log1p(Math.exp(-m)),
    hinge: (m) => Math.max(0, 1 - m),
    "squared hinge": (m) => Math.max(0, 1 - m) ** 2,
    squared: (m) => (1 - m) ** 2,
    exponential: (m) => Math.exp(-m),
    "relaxed 0/1": (m) => 1 / (1 + Math.exp(2 * m)),
  };
  for (const [name, formula] of Object.entries(formulas))
    drawn[name]?.forEach(({ y }, i) => {
      expect(y, `${name} at ${margins[i]}`).toBeCloseTo(formula(margins[i] as number), 4);
    });
  for (const [name, courses] of Object.entries(found))
    for (const { proxy, wrong } of courses) {
      expect(proxy).toHaveLength(41);
      if (name === "0/1") expect(new Set(wrong).size).toBe(1);
      else expect(proxy.at(-1)).toBeLessThan(proxy[0] as number);
    }
  expect(measured.verdict.numbers[0]?.value).toBe(0);
});
