// A surface by several threads against one: the same bits.
import { afterAll, describe, expect, test } from "vitest";
import type { Model } from "../../src/index.ts";
import type { Surface, SurfaceOptions } from "../../src/science/index.ts";
import { numbers } from "../nn/net.ts";

const [core, instruments]: string[] = ["../../dist/index.js", "../../dist/science.js"];
const library = (await import(/* @vite-ignore */ core as string)) as typeof import("../../src/index.ts");
const science = (await import(/* @vite-ignore */ instruments as string)) as typeof import("../../src/science/index.ts");
const { arrayDataset, batchNorm, chain, createModel, crossEntropy, dense, relu } = library;

const rows = 301; // not evenly, and more than one pass
const data = arrayDataset({
  x: numbers(rows * 4, 3),
  y: Int32Array.from({ length: rows }, (_, i) => (i * 5) % 3),
  shape: [4],
});
const models: Model[] = [];
afterAll(() => {
  for (const model of models) model.close();
});

async function surfaceOf(threads: number, options: SurfaceOptions): Promise<Surface> {
  const network = chain(dense(6), batchNorm(), relu(), dense(3));
  const model = await createModel({ input: [4], network, loss: crossEntropy(), seed: 1, build: "strict", threads });
  models.push(model);
  const section = science.randomSection(model, { seed: 4 });
  let last: Surface | undefined;
  for await (const { surface } of science.surface(model, data, section, { points: 4, ...options })) last = surface;
  return last as Surface;
}

describe.each(["running", "batch", "refresh"] as const)("with statistics of kind %s", (normalization) => {
  test.each([2, 3])("%i threads see what one sees", async (threads) => {
    const [one, more] = await Promise.all([1, threads].map((each) => surfaceOf(each, { normalization })));
    expect(new Set(one?.loss).size).toBeGreaterThan(10);
    expect(more?.loss).toEqual(one?.loss);
    expect(more?.accuracy).toEqual(one?.accuracy);
  });
});

test.each<[string, SurfaceOptions]>([
  ["fewer points than threads", { points: 2 }],
  ["more points than are shared out at once", { points: 12 }],
  ["as soon as they are to report", { points: 7, reportEvery: 1e-9 }],
])("five threads see what one sees: %s", async (_, options) => {
  const [one, more] = await Promise.all([1, 5].map((each) => surfaceOf(each, options)));
  expect(one?.loss.every(Number.isFinite)).toBe(true);
  expect(more?.loss).toEqual(one?.loss);
});
