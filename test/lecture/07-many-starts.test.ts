import { expect, test } from "vitest";
import { manyStarts } from "../../src/lecture/07-many-starts.ts";
import { outcome } from "../../src/lecture/outcomes/07-many-starts.ts";
import { expectRedrawn, outcomeOf } from "./outcome.ts";

test("descent on Rastrigin's function ends in the hollow it begins in", async () => {
  const small = { starts: 100, networks: 20, grid: 9 };
  const measured = await outcomeOf(manyStarts, small);
  expectRedrawn(measured, manyStarts, small, outcome);
  const { courses, found } = measured.data;
  expect(courses).toHaveLength(100);
  for (const { from, to, loss } of courses) {
    // The function is a sum over the two numbers: each goes downhill by itself, to near a whole number.
    to.forEach((end, i) => {
      const whole = Math.round(end);
      expect(Math.abs(end - whole)).toBeLessThan(0.02);
      expect(Math.abs((from[i] as number) - whole)).toBeLessThan(0.53);
    });
    // f ≈ Σ k² at the minimum beside (k, l).
    expect(loss).toBeCloseTo(
      to.reduce((sum, end) => sum + 0.995 * Math.round(end) ** 2, 0),
      1,
    );
  }
  const global = courses.filter(({ to }) => to.every((end) => Math.abs(end) < 0.01)).length;
  expect(measured.verdict.numbers[0]?.value).toBe(global / 100);
  // Where the loss's last bits are smaller than any step's gain, the gradient is a little larger than asked for.
  const norms = found.map(({ gradientNorm }) => gradientNorm).sort((a, b) => a - b);
  expect(norms[10]).toBeLessThanOrEqual(1e-4);
  expect(norms[19]).toBeLessThan(0.02);
});
