// Row 15 at a small size: rates, the edge of divergence, and that the budget is kept.
import { expect, test } from "vitest";
import { convergence } from "../../src/lecture/15-convergence.ts";
import { outcome } from "../../src/lecture/outcomes/15-convergence.ts";
import { expectRedrawn, outcomeOf } from "./outcome.ts";

test("rates are theory's, steps diverge beyond 2/λ_max, and costs stay within the budget", async () => {
  const budget = 80;
  const size = {
    conditions: [10, 100],
    dimensions: 8,
    steps: [0.9, 1.1],
    iterations: 150,
    examples: 60,
    budget,
    runs: 2,
  };
  const measured = await outcomeOf(convergence, size);
  expectRedrawn(measured, convergence, size, outcome);
  const { data, verdict } = measured;
  for (const { theory, mean, method, kappa } of data.rates)
    expect(Math.abs(mean / theory - 1), `${method}, κ = ${kappa}`).toBeLessThan(0.02);
  for (const edge of [data.edges.quadratic, data.edges.network].flat()) expect(Math.abs(edge - 1)).toBeLessThan(0.02);
  for (const { share, factor } of data.factors) expect(factor > 1).toBe(share > 1);
  const { courses } = data;
  // All methods begin at the same weights.
  for (const name of ["heavy ball", "Nesterov", "conjugate gradients", "L-BFGS", "Newton-CG"])
    expect(
      courses[name]?.map(([first]) => first),
      name,
    ).toEqual(courses["gradient descent"]?.map(([first]) => first));
  for (const cost of Object.values(data.needed).flat()) expect(cost ?? 0).toBeLessThanOrEqual(budget);
  expect(verdict.numbers.find(({ name }) => name.includes("largest departure"))?.value).toBeLessThan(0.02);
});
