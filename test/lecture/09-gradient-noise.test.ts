// Gradients of mini-batches against the covariance of the examples' own.
import { expect, test } from "vitest";
import { gradientOfBatches } from "../../src/lecture/09-gradient-noise.ts";
import { outcome } from "../../src/lecture/outcomes/09-gradient-noise.ts";
import { expectRedrawn, outcomeOf } from "./outcome.ts";

test("errors fall as 1/√n, without replacement by the finite-population correction faster", async () => {
  const small = {
    ...{ sizes: [1, 4, 16, 64, 256, 1024], draws: 40, networks: 4 },
    ...{ racers: 2, batches: [32, 1347], rates: [0.1, 0.5], examples: 2694, seconds: 0.004 },
  };
  const measured = await outcomeOf(gradientOfBatches, small);
  expectRedrawn(measured, gradientOfBatches, small, outcome);
  const [replaced, distinct, trace, scale] = measured.verdict.numbers.map(({ value }) => value) as [
    number,
    number,
    number,
    number,
  ];
  // Relative errors of a root mean square over 40 draws of some ten effective dimensions: 4 %, of slopes a fifth of it.
  expect(Math.abs(replaced + 0.5)).toBeLessThan(0.03);
  expect(Math.abs(distinct + 0.5)).toBeLessThan(0.03);
  expect(Math.abs(trace - 1)).toBeLessThan(0.1);
  expect(Math.abs(scale - 1)).toBeLessThan(0.3);
  const { noises, races } = measured.data;
  // 1024 of 1347: √(323/1346) of the error of independent draws.
  for (const noise of noises)
    expect((noise.distinct[5] as number) / (noise.replaced[5] as number)).toBeCloseTo(Math.sqrt(323 / 1346), 1);
  expect(races[0]?.atExamples.mean).toBeLessThan(races[1]?.atExamples.mean as number);
});
