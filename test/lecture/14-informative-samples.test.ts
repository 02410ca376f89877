// Row 14 at a small size: the exact variance against drawn batches, the optimum below all, and chance that is missed.
import { expect, test } from "vitest";
import { informativeSamples } from "../../src/lecture/14-informative-samples.ts";
import { outcome } from "../../src/lecture/outcomes/14-informative-samples.ts";
import type { Sampled, Variance } from "../../src/lecture/variance.ts";
import { expectRedrawn, outcomeOf } from "./outcome.ts";

test("weighted draws have the variance that theory gives, and the hardest alone mislead", async () => {
  const runs = 2;
  const size = { marks: [0, 8], draws: 60, runs };
  const measured = await outcomeOf(informativeSamples, size);
  expectRedrawn(measured, informativeSamples, size, outcome);
  const { data, verdict } = measured;
  const { variances, courses } = data;
  expect(variances.map((seen) => seen.length)).toEqual([2, 2]);
  for (const { exact, measured, least } of variances.flat())
    for (const [name, variance] of Object.entries(exact)) {
      // 60 squares of lengths: a relative error of some 10 %; unweighted draws would be off by far more.
      expect(measured[name as Sampled] / variance, name).toBeGreaterThan(0.6);
      expect(measured[name as Sampled] / variance, name).toBeLessThan(1.6);
      expect(variance, name).toBeGreaterThan(least);
    }
  for (const { exact } of variances.map((seen) => seen.at(-1) as Variance))
    expect(exact["by gradient"]).toBeLessThan(0.8 * exact.uniform);
  for (const [name, all] of Object.entries(courses)) {
    expect(all.map((course) => course.length)).toEqual([9, 9]);
    // The same weights to begin with.
    expect(
      all.map(([first]) => first),
      name,
    ).toEqual(courses.uniform.map(([first]) => first));
  }
  const worse = verdict.numbers.find(({ name }) => name === "test error more than uniform's, the hardest, always");
  expect(worse?.value).toBeGreaterThan(0.05);
});
