// Both ends of the Hessian's spectrum over planes where they are known.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  decodeSurface,
  type EigenvalueSurface,
  type EigenvalueSurfaceOptions,
  eigenvalueSurface,
  extremeEigenvalues,
  type Objective,
  quadratic,
  rosenbrock,
  type Section,
  saddle,
  spanned,
} from "../../src/science/index.ts";
import { temporaryFolder } from "../data/fixture.ts";

const folder = temporaryFolder({});
const plane = spanned({ parameters: new Float32Array(2) }, [Float32Array.of(1, 0), Float32Array.of(0, 1)]);

async function all(objective: Objective, section: Section, options: EigenvalueSurfaceOptions) {
  let last: EigenvalueSurface | undefined;
  for await (const { surface } of eigenvalueSurface(objective, section, options)) last = surface;
  return last as EigenvalueSurface;
}

test("the ends of a spectrum in one iteration", async () => {
  const f = await quadratic([-3, 0.5, 1, 2, 10], { seed: 3 });
  const { smallest, largest, converged, products } = await extremeEigenvalues(f, f.start);
  expect([smallest, largest]).toEqual([expect.closeTo(-3, 4), expect.closeTo(10, 4)]);
  expect([converged, products]).toEqual([true, 5]);
  const one = await quadratic([7]);
  expect(await extremeEigenvalues(one, one.start)).toMatchObject({ smallest: 7, largest: 7 });
});

describe("a surface of eigenvalues", () => {
  test("has those of x² − y² + y⁴/4: 2 and 3y² − 2", async () => {
    const grid = await all(await saddle(), plane, { points: 5 });
    for (const [at, smallest] of grid.smallest.entries()) {
      const bend = 3 * (grid.y[Math.floor(at / 5)] as number) ** 2 - 2;
      expect(smallest).toBeCloseTo(Math.min(2, bend), 5);
      expect(grid.largest[at]).toBeCloseTo(Math.max(2, bend), 5);
    }
    // And the loss, at (1, 1).
    expect(grid.loss[24]).toBeCloseTo(0.25, 6);
  });

  test("goes on with its file to the same numbers; not with another objective's", async () => {
    const f = await rosenbrock();
    const whole = await all(f, plane, { points: 5 });
    const file = join(folder, "part.npz");
    for await (const { done } of eigenvalueSurface(f, plane, { points: 5, file, reportEvery: 1e-9, objective: "f" }))
      if (done === 9) break;
    const part = await decodeSurface(readFileSync(file));
    expect(part.status.filter((status) => status === 1).length).toBe(9);
    const rest = await all(f, plane, { points: 5, file, resume: true, objective: "f" });
    for (const name of ["smallest", "largest", "loss", "status"] as const) expect(rest[name]).toEqual(whole[name]);
    expect(await decodeSurface(readFileSync(file))).toEqual(rest);
    const go = (options: EigenvalueSurfaceOptions) => all(f, plane, { points: 5, file, resume: true, ...options });
    await expect(go({ objective: "g" })).rejects.toThrow(/part.npz" was made for other examples/);
    await expect(go({ objective: "f", tolerance: 0.1 })).rejects.toThrow("was made for tolerance 0.01");
  });

  test("has holes where loss or curvature is not finite", async () => {
    const grid = await all(await rosenbrock(), plane, { points: 3, x: [-1e30, 1e30] });
    expect([...grid.status]).toEqual([2, 1, 2, 2, 1, 2, 2, 1, 2]);
    expect(grid.smallest[0]).toBeNaN();
  });

  test("refuses what does not fit", async () => {
    const f = await quadratic([1, 2, 3]);
    await expect(all(f, plane, {})).rejects.toThrow("the section is of a network with 2 parameters");
    await expect(all(await saddle(), plane, { points: 1 })).rejects.toThrow("a grid of one point shows nothing");
    await expect(all(await saddle(), plane, { resume: true })).rejects.toThrow("resume: true needs the file");
  });
});
