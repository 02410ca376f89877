import { expect, test } from "vitest";
import { fourSteps } from "../../src/lecture/06-four-steps.ts";
import { outcome } from "../../src/lecture/outcomes/06-four-steps.ts";
import { expectRedrawn, outcomeOf } from "./outcome.ts";

const { batch, rate, steps } = fourSteps.parameters.quick;
const small = { draws: 400, paths: 4, grid: 9 };

/** Gradient of (w₂·tanh(w₁·x) − y)² by hand. */
const slopeOf = ([a, b]: readonly number[], x: number, y: number): [number, number] => {
  const h = Math.tanh((a as number) * x);
  const e = 2 * ((b as number) * h - y);
  return [e * (b as number) * (1 - h * h) * x, e * h];
};

test("the four steps are those of the formulas", async () => {
  const measured = await outcomeOf(fourSteps, small);
  expectRedrawn(measured, fourSteps, small, outcome);
  const { x, y, rows, start, slope, next, outputs, truth } = measured.data;
  const at = (values: readonly number[], i: number): number => values[i] as number;
  const mean = (which: readonly number[], i: 0 | 1): number =>
    which.reduce((sum, row) => sum + slopeOf(start, at(x, row), at(y, row))[i], 0) / which.length;
  expect(new Set(rows).size).toBe(batch);
  for (const i of [0, 1] as const) {
    expect(at(slope, i)).toBeCloseTo(mean(rows, i), 5);
    expect(at(truth, i)).toBeCloseTo(mean([...x.keys()], i), 5);
    expect(at(next, i)).toBeCloseTo(at(start, i) - rate * mean(rows, i), 5);
  }
  rows.forEach((row, k) => {
    expect(at(outputs, k)).toBeCloseTo(at(start, 1) * Math.tanh(at(start, 0) * at(x, row)), 5);
  });
  expect(measured.verdict.judgement).toBe("supported");
});

test("batch steps of this size lower the loss each time; stochastic ones need not", async () => {
  const { verdict, data } = await outcomeOf(fourSteps, small);
  const share = (text: string): number => verdict.numbers.find(({ name }) => name.includes(text))?.value as number;
  expect(share("share of batch steps")).toBe(1);
  expect(share("share of stochastic steps")).toBeLessThan(1);
  expect(data.batchLosses).toHaveLength(steps + 1);
});
