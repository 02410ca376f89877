// Row 15 at a small size: rates, the edge of divergence, and that the budget is kept.
import { expect, test } from "vitest";
import { convergence } from "../../src/lecture/15-convergence.ts";
import { outcomeOf } from "./outcome.ts";

test("rates are theory's, steps diverge beyond 2/λ_max, and costs stay within the budget", async () => {
  const budget = 80;
  const { data, verdict } = await outcomeOf(convergence, {
    ...{ conditions: [10, 100], dimensions: 8, steps: [0.9, 1.1], iterations: 150 },
    ...{ examples: 60, budget, runs: 2 },
  });
  for (const { theory, mean, method, kappa } of data.rates as { [name: string]: number }[])
    expect(Math.abs((mean as number) / (theory as number) - 1), `${method}, κ = ${kappa}`).toBeLessThan(0.02);
  const { quadratic, network } = data.edges as Record<string, number[]>;
  for (const edge of [quadratic, network].flat()) expect(Math.abs((edge as number) - 1)).toBeLessThan(0.02);
  for (const { share, factor } of data.factors as { share: number; factor: number }[])
    expect(factor > 1).toBe(share > 1);
  const courses = data.courses as unknown as Record<string, number[][]>;
  // All methods begin at the same weights.
  for (const name of ["heavy ball", "Nesterov", "conjugate gradients", "L-BFGS", "Newton-CG"])
    expect(
      courses[name]?.map(([first]) => first),
      name,
    ).toEqual(courses["gradient descent"]?.map(([first]) => first));
  for (const cost of Object.values(data.needed as Record<string, (number | null)[]>).flat())
    expect(cost ?? 0).toBeLessThanOrEqual(budget);
  expect(verdict.numbers.find(({ name }) => name.includes("largest departure"))?.value).toBeLessThan(0.02);
});
