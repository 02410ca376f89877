// Row 18 at a small size: paths share their ends, curves are lower than the line, ensembles begin with one network.
import { expect, test } from "vitest";
import { modeConnectivity } from "../../src/lecture/18-mode-connectivity.ts";
import { type Found, outcome } from "../../src/lecture/outcomes/18-mode-connectivity.ts";
import { expectRedrawn, outcomeOf } from "./outcome.ts";

test("a curve between two networks stays lower than the straight line between them", async () => {
  const runs = 2;
  const size = {
    ...{ examples: 600, tested: 300, pool: 4, layers: 2, width: 16, epochs: 40, curveEpochs: 60 },
    ...{ points: 9, plane: 5, ensembles: 3, runs },
  };
  const measured = await outcomeOf(modeConnectivity, size);
  const { data, figures } = measured;
  const picture = figures.find(({ name }) => name === "plane")?.svg as string;
  expectRedrawn(measured, modeConnectivity, size, (kept, parameters) => outcome(kept, parameters, picture));
  const found = data.paths;
  expect(found.map(({ path }) => path)).toEqual(
    Array.from({ length: runs }, () => ["straight line", "Bézier curve", "polygonal chain"]).flat(),
  );
  for (let run = 0; run < runs; run++) {
    const [line, bezier, chain] = found.slice(3 * run, 3 * run + 3) as [Found, Found, Found];
    for (const curve of [bezier, chain]) {
      for (const end of [0, 8]) {
        expect(curve.losses[end]).toBe(line.losses[end]);
        expect(curve.errors[end]).toBe(line.errors[end]);
      }
      expect(curve.onTrain.loss.max).toBeLessThan(line.onTrain.loss.max);
      expect(curve.onTrain.loss.barrier).toBeLessThan(line.onTrain.loss.barrier / 2);
      expect(curve.onTrain.lengthRatio).toBeGreaterThan(1);
    }
    const [first] = data.ensembles[run] ?? [];
    expect(first?.one).toBeCloseTo(line.errors[0] as number, 9);
    expect(first?.withFirst).toBe(first?.one);
  }
  expect(figures.map(({ name }) => name)).toEqual(["loss", "error", "plane", "ensembles", "published"]);
  expect(figures.at(-1)?.svg).toContain("PreResNet-164");
});
