// Row 8 at a small size: where gradient descent ends, and where stochastic paths end on average, is known.
import { expect, test } from "vitest";
import { paths } from "../../src/lecture/08-paths.ts";
import { outcome } from "../../src/lecture/outcomes/08-paths.ts";
import { expectRedrawn, outcomeOf } from "./outcome.ts";

test("gradient descent only goes down, stochastic paths about it; their mean is its path", async () => {
  const steps = 60;
  const small = { steps, paths: 12, networks: 2, grid: 7 };
  const measured = await outcomeOf(paths, small);
  expectRedrawn(measured, paths, small, outcome);
  const { data } = measured;
  const [straight, ...strayed] = data.paths;
  const { points, losses } = straight as NonNullable<typeof straight>;
  expect(points).toHaveLength(steps + 1);
  losses.slice(1).forEach((loss, i) => {
    expect(loss).toBeLessThanOrEqual((losses[i] as number) * (1 + 1e-5));
  });
  for (const path of strayed) {
    expect(path.points[0]).toEqual(points[0]);
    expect(path.losses.some((loss, i) => loss > (path.losses[i - 1] ?? loss))).toBe(true);
  }
  // At each fifth step: within four standard errors of the mean.
  for (let step = 5; step <= steps; step += 5)
    for (const axis of [0, 1] as const) {
      const off = strayed.map((path) => (path.points[step]?.[axis] as number) - (points[step]?.[axis] as number));
      const mean = off.reduce((a, b) => a + b, 0) / off.length;
      const deviation = Math.sqrt(off.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (off.length - 1));
      expect(Math.abs(mean), `step ${step}`).toBeLessThan((4 * deviation) / Math.sqrt(off.length));
    }
  const explained = data.principal.explained as [number, number];
  expect(explained[0]).toBeGreaterThan(explained[1]);
  expect(explained[0] + explained[1]).toBeLessThanOrEqual(100 + 1e-6);
});
