// Surfaces: values of grids, their order, their files, and what is refused.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { subset } from "../../src/data/index.ts";
import { arrayDataset, batchNorm, chain, crossEntropy, dense, l2, type Model, relu, tanh } from "../../src/index.ts";
import {
  decodeSurface,
  encodeSurface,
  lineBetween,
  objectiveSurface,
  randomSection,
  rosenbrock,
  type Section,
  type Surface,
  type SurfaceOptions,
  spanned,
  surface,
} from "../../src/science/index.ts";
import { coarseToFine } from "../../src/science/surface.ts";
import { netOf, numbers } from "../nn/net.ts";

const folder = mkdtempSync(join(tmpdir(), "thalweg-surface-"));
afterAll(() => rmSync(folder, { recursive: true }));

const rows = 300; // more than one pass
const data = arrayDataset({
  x: numbers(rows * 4, 3),
  y: Int32Array.from({ length: rows }, (_, i) => (i * 5) % 3),
  shape: [4],
});
const net = (more = {}) =>
  netOf([4], chain(dense(6), tanh(), dense(3)), { loss: crossEntropy(), regularizer: l2(0.01), ...more });
const normed = (seed: number) =>
  netOf([4], chain(dense(6), batchNorm(), relu(), dense(3)), { loss: crossEntropy(), seed });

async function all(model: Model, section: Section, options: SurfaceOptions = {}, set = data): Promise<Surface> {
  let last: Surface | undefined;
  for await (const report of surface(model, set, section, options)) last = report.surface;
  return last as Surface;
}

describe("a surface", () => {
  test("has the model's own loss and accuracy at each point", async () => {
    const model = await net();
    const theta = model.parameters.slice();
    const section = randomSection(model, { seed: 4 });
    const [, d1, d2] = section.vectors.map(({ parameters }) => parameters) as Float32Array[];
    const { x, y, loss, accuracy, status } = await all(model, section, { points: 4, x: [-1, 2], y: [0, 0.75] });
    expect([...x]).toEqual([-1, 0, 1, 2]);
    expect([...y]).toEqual([0, 0.25, 0.5, 0.75]);
    expect(model.parameters).toEqual(theta);
    for (let at = 0; at < 16; at++) {
      const [a, b] = [x[at % 4] as number, y[Math.floor(at / 4)] as number];
      model.parameters = theta.map((value, i) => value + a * (d1?.[i] as number) + b * (d2?.[i] as number));
      const expected = model.evaluate(data);
      expect(loss[at]).toBeCloseTo(expected.loss, 5);
      expect(accuracy[at]).toBe(expected.accuracy);
      expect(status[at]).toBe(1);
    }
  });

  test("of a line meets both ends exactly, with their running statistics", async () => {
    const [a, b] = [await normed(1), await normed(2)];
    for (const model of [a, b]) model.refreshStatistics(subset(data, [0, 1, 2, 3, 4, 5, 6]));
    const ends = [a, b].map((model) => model.evaluate(data));
    const other = await normed(9);
    const before = [other.parameters.slice(), other.state.slice()];
    const { loss, x, y } = await all(other, lineBetween(a, b), { points: 5, x: [0, 1] });
    expect([x.length, y.length]).toEqual([5, 1]);
    expect([loss[0], loss[4]]).toEqual(ends.map((end) => end.loss));
    expect([other.parameters, other.state]).toEqual(before);
  });

  test("takes BatchNorm's statistics from the model, the batch, or the data anew", async () => {
    const model = await normed(1);
    const [theta, state] = [model.parameters.slice(), model.state.slice()];
    const section = randomSection(model, { dimensions: 1 });
    const at = async (normalization: "running" | "batch" | "refresh") =>
      (await all(model, section, { points: 3, normalization })).loss[1];
    expect(await at("running")).toBe(model.evaluate(data).loss);
    const { x, y } = data;
    const [first, rest] = [256, rows].map((end, i) =>
      model
        .objective({ x: x.subarray(i * 256 * 4, end * 4), y: y.subarray(i * 256, end) }, { normalization: "batch" })
        .loss(theta),
    ) as [number, number];
    expect(await at("batch")).toBeCloseTo((256 * first + 44 * rest) / rows, 6);
    const refreshed = await at("refresh");
    expect(model.state).toEqual(state);
    model.refreshStatistics(data);
    expect(refreshed).toBe(model.evaluate(data).loss);
  });

  test("has a hole where refreshed statistics overflow, and nowhere else", async () => {
    const model = await normed(1);
    const section = randomSection(model, { dimensions: 1 });
    const far = { points: 3, x: [-1e21, 1e21], normalization: "refresh" } as const;
    const { status, loss } = await all(model, section, far);
    expect([...status]).toEqual([2, 1, 2]);
    expect(loss[1]).toBeGreaterThan(0);
  });

  test("is judged by a subset that its seed draws", async () => {
    const model = await net();
    const section = randomSection(model);
    const some = async (examples: number, seed: number) =>
      (await all(model, section, { points: 2, examples, seed })).loss;
    expect(await some(50, 1)).toEqual(await some(50, 1));
    expect(await some(50, 1)).not.toEqual(await some(50, 2));
  });

  test("of a test function has its values", async () => {
    const f = await rosenbrock();
    const plane = spanned({ parameters: Float32Array.of(1, 1) }, [Float32Array.of(1, 0), Float32Array.of(0, 1)]);
    for await (const { surface: grid, done } of objectiveSurface(f, plane, { points: 3 })) {
      expect(done).toBe(9);
      expect([...grid.loss]).toEqual(
        [0, 2, 4].flatMap((_, j) => [0, 1, 2].map((x) => (1 - x) ** 2 + 100 * (j - x * x) ** 2)),
      );
    }
  });

  test("has holes where the loss is not finite, and counts them", async () => {
    const model = await net();
    const section = randomSection(model, { dimensions: 1 });
    let holes = 0;
    let grid: Surface | undefined;
    for await (const report of surface(model, data, section, { points: 3, x: [-1e38, 1e38] }))
      ({ holes, surface: grid } = report);
    expect(holes).toBe(2);
    expect([...(grid?.status ?? [])]).toEqual([2, 1, 2]);
    expect(grid?.loss[0]).toBeNaN();
  });
});

describe("the order of points", () => {
  test("goes from coarse to fine, each once", () => {
    const order = coarseToFine(5, 5);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 25 }, (_, i) => i));
    expect(order.slice(0, 4)).toEqual([0, 4, 20, 24]);
    expect(order.slice(4, 9)).toEqual([2, 10, 12, 14, 22]);
  });
});

describe("the file of a surface", () => {
  test("goes on where it was left, to the same numbers", async () => {
    const model = await net();
    const section = randomSection(model);
    const whole = await all(model, section, { points: 9 });
    const file = join(folder, "part.npz");
    for await (const { done } of surface(model, data, section, { points: 9, file, reportEvery: 1e-9 }))
      if (done === 30) break;
    const part = await decodeSurface(await readFile(file));
    expect(part.status.filter((status) => status !== 0).length).toBe(30);
    const reports = [];
    for await (const report of surface(model, data, section, { points: 9, file, resume: true })) reports.push(report);
    expect(reports.at(-1)?.surface).toEqual(whole);
    expect(await decodeSurface(await readFile(file))).toEqual(whole);
  });

  test("is kept when the run is stopped by its signal", async () => {
    const model = await net();
    const stop = new AbortController();
    const file = join(folder, "stopped.npz");
    const run = async () => {
      const options = { points: 9, file, reportEvery: 1e-9, signal: stop.signal };
      for await (const { done } of surface(model, data, randomSection(model), options))
        if (done === 7) stop.abort(new Error("enough"));
    };
    await expect(run()).rejects.toThrow("enough");
    const { status } = await decodeSurface(await readFile(file));
    expect(status.filter((value) => value === 1).length).toBe(7);
  });

  test("is refused where it was made for something else", async () => {
    const model = await net();
    const section = randomSection(model);
    const file = join(folder, "mine.npz");
    await all(model, section, { points: 3, file });
    const go = (options: SurfaceOptions, of = section, by = model) =>
      all(by, of, { points: 3, file, resume: true, ...options });
    const other = await net({ seed: 8 });
    await expect(go({}, randomSection(other), other)).rejects.toThrow(/mine.npz" was made for another model/);
    await expect(go({}, randomSection(model, { seed: 2 }))).rejects.toThrow("other directions");
    await expect(go({ examples: 9 })).rejects.toThrow("other examples");
    await expect(go({ normalization: "batch" })).rejects.toThrow('normalization "running"');
    await expect(go({ points: 4 })).rejects.toThrow("another grid");
    await expect(go({ file: join(folder, "none.npz") })).rejects.toThrow("cannot read");
    writeFileSync(join(folder, "text.npz"), "not a zip");
    await expect(go({ file: join(folder, "text.npz") })).rejects.toThrow("it has no directory");
  });

  test("holds all that a picture needs", async () => {
    const model = await net();
    const section = {
      ...randomSection(model, { seed: 6 }),
      path: [
        [0, 0.5],
        [1, 2],
      ] as const,
    };
    const grid = await all(model, section, { points: 3 });
    expect(await decodeSurface(encodeSurface(grid))).toEqual(grid);
    expect(grid.about).toMatchObject({
      section: { kind: "random plane", seed: 6 },
      examples: rows,
      normalization: "running",
    });
  });
});

test("what does not fit is refused by name", async () => {
  const model = await net();
  const section = randomSection(model);
  await expect(all(model, section, { points: 1 })).rejects.toThrow("a grid of one point shows nothing");
  await expect(all(model, section, { x: [1, 1] })).rejects.toThrow("x must be [from, to] with from < to, got [1,1]");
  await expect(all(model, section, { examples: 301 })).rejects.toThrow("examples is 301, but the data set has 300");
  await expect(all(model, section, { resume: true })).rejects.toThrow("resume: true needs the file");
  await expect(all(model, section, { normalization: "none" as never })).rejects.toThrow("normalization must be");
  await expect(all(await normed(1), section)).rejects.toThrow("the section is of a network with 51 parameters");
  await expect(all(model, randomSection(model, { dimensions: 1 }), { y: [0, 1] })).rejects.toThrow("a line has no y");
});
