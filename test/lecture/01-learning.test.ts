import { expect, test } from "vitest";
import { learning } from "../../src/lecture/01-learning.ts";
import { outcome } from "../../src/lecture/outcomes/01-learning.ts";
import { expectRedrawn, outcomeOf } from "./outcome.ts";

test("the regulariser trades observed risk for smaller weights; early stopping goes back", async () => {
  const strengths = [1e-4, 1e-3, 1e-2];
  const sizes = { strengths, examples: 100, width: 24, epochs: 60, patience: 5, runs: 3 };
  const measured = await outcomeOf(learning, sizes);
  expectRedrawn(measured, learning, sizes, outcome);
  const { verdict } = measured;
  const { found } = measured.data;
  expect(found).toHaveLength(sizes.runs);
  for (const { none, stopped, chosen, swept } of found) {
    const ladder = [none, ...swept];
    expect(swept).toHaveLength(strengths.length);
    for (let i = 1; i < ladder.length; i++) {
      expect(ladder[i]?.train).toBeGreaterThan(ladder[i - 1]?.train as number);
      expect(ladder[i]?.norm).toBeLessThan(ladder[i - 1]?.norm as number);
    }
    expect(chosen.validation).toBe(Math.min(...ladder.map(({ validation }) => validation)));
    expect(none.course).toHaveLength(sizes.epochs);
    expect(stopped.course.length).toBeLessThan(sizes.epochs);
    // The first epochs are the same, and the best of them is where it ends.
    expect(stopped.course).toEqual(none.course.slice(0, stopped.course.length));
    const least = Math.min(...stopped.course.map(({ validation }) => validation));
    expect(stopped.validation).toBeCloseTo(least, 5);
  }
  const change = verdict.numbers.find(({ name }) => name === "change of the test risk by that λ")?.value;
  expect(change).toBeCloseTo(
    found.reduce((sum, { chosen, none }) => sum + (chosen.test - none.test) / 3, 0),
    10,
  );
});
