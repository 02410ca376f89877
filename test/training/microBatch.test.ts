// A batch done in parts: the sum of the parts' gradients is the gradient of the batch.
import { describe, expect, test } from "vitest";
import { arrayDataset, blobs, oneHot } from "../../src/data/index.ts";
import type { Model, ModelOptions } from "../../src/index.ts";

// In Node workers and threads run built files.
const built: string = "../../dist/index.js";
const library = (await import(/* @vite-ignore */ built)) as typeof import("../../src/index.ts");
const {
  adam,
  batchNorm,
  chain,
  createModel,
  createRemoteModel,
  crossEntropy,
  dense,
  dropout,
  l2,
  meanSquaredError,
  relu,
  sam,
  sgd,
} = library;

const data = blobs({ examples: 70, classes: 3, seed: 4 });
const options: ModelOptions = {
  input: [2],
  network: chain(dense(16), relu(), dropout(0.3), dense(3)),
  loss: crossEntropy(),
  regularizer: l2(0.01),
  optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }),
  seed: 9,
  build: "strict",
};
const inPage = "document" in globalThis;
const [x, y] = [data.x.slice(0, 2 * 53), data.y.slice(0, 53)];
const difference = (a: Float32Array, b: Float32Array): number =>
  Math.max(...a.map((value, i) => Math.abs(value - (b[i] as number))));

async function trained(steps: number, more: Partial<ModelOptions>): Promise<Model & { losses: number[] }> {
  const model = await createModel({ ...options, ...more });
  const losses = Array.from({ length: steps }, () => model.step({ x, y }));
  return Object.assign(model, { losses });
}

describe("parts of a batch add up to it, dropout and regulariser included", () => {
  test.each([1, 7, 16, 52])("in parts of %i", async (microBatch) => {
    const [whole, parts] = [await trained(4, {}), await trained(4, { microBatch })];
    parts.losses.forEach((loss, i) => expect(loss).toBeCloseTo(whole.losses[i] as number, 5));
    expect(difference(parts.gradient, whole.gradient)).toBeLessThan(2e-6);
    expect(difference(parts.parameters, whole.parameters)).toBeLessThan(2e-6);
  });
  test.skipIf(inPage)("with threads", async () => {
    const [whole, parts] = [await trained(4, {}), await trained(4, { microBatch: 16, threads: 2 })];
    expect(difference(parts.parameters, whole.parameters)).toBeLessThan(2e-6);
    // The last part, of one row, is one thread's.
    const odd = await trained(4, { microBatch: 13, threads: 2 });
    expect(difference(odd.parameters, whole.parameters)).toBeLessThan(2e-6);
    for (const model of [parts, odd]) model.close();
  });
  test("where the gradient is taken twice", async () => {
    const optimizer = sam(sgd({ learningRate: 0.1, momentum: 0.9 }));
    const [whole, parts] = [await trained(4, { optimizer }), await trained(4, { optimizer, microBatch: 16 })];
    expect(difference(parts.parameters, whole.parameters)).toBeLessThan(4e-6);
  });
  test("at least as many rows as the batch has: the same bits as without", async () => {
    const [whole, parts] = [await trained(4, {}), await trained(4, { microBatch: 53 })];
    expect(parts.parameters).toEqual(whole.parameters);
  });
  test("in fit, whose last batch is shorter", async () => {
    const fitted = async (more: Partial<ModelOptions>): Promise<Model> => {
      const model = await createModel({ ...options, optimizer: adam({ learningRate: 0.01 }), ...more });
      for await (const _ of model.fit(data, { epochs: 2, batchSize: 32 }));
      return model;
    };
    const [whole, parts] = [await fitted({}), await fitted({ microBatch: 5 })];
    expect(difference(parts.parameters, whole.parameters)).toBeLessThan(1e-5);
  });
});

test("a remote model does the same, bit for bit", async () => {
  const more = { ...options, microBatch: 20 };
  const [here, there] = [await createModel(more), await createRemoteModel(more)];
  for await (const _ of here.fit(data, { batchSize: 64 }));
  for await (const _ of there.fit(data, { batchSize: 64 }));
  expect(await there.parameters()).toEqual(here.parameters);
  here.step({ x, y });
  await there.step({ x, y });
  expect(await there.parameters()).toEqual(here.parameters);
  there.close();
});

test("running statistics go through all parts", async () => {
  const model = await createModel({
    ...options,
    network: chain(batchNorm({ momentum: 0.5 }), dense(3)),
    microBatch: 2,
  });
  model.step({ x: [0, 0, 2, 4, 10, 20, 30, 40], y: [0, 1, 2, 0] });
  const mean = model.stateLayout.find(({ name }) => name.endsWith("mean"));
  // 0.5·(0.5·0 + 0.5·[1, 2]) + 0.5·[20, 30]
  expect([...model.state.slice(mean?.offset, (mean?.offset as number) + 2)]).toEqual([10.25, 15.5]);
});

test("a loss that is not finite changes nothing, and fit names where it began", async () => {
  const model = await createModel({ ...options, network: chain(batchNorm(), dense(3)), microBatch: 16 });
  const before = [model.parameters.slice(), model.state.slice()];
  const bad = Float32Array.from(x);
  // In the third part.
  bad.fill(3e38, 2 * 40, 2 * 42);
  expect(model.step({ x: bad, y })).not.toSatisfy(Number.isFinite);
  expect([model.parameters, model.state]).toEqual(before);
  const set = arrayDataset({ x: bad, y, shape: [2] });
  const fit = model.fit(set, { batchSize: "all", shuffle: false });
  await expect(fit.next()).rejects.toThrow(/the first value that is not finite came from batch/);
  expect([model.parameters, model.state]).toEqual(before);
});

test("mixup, whose pairs parts would part, is refused in fit and in a worker; whole batches have it", async () => {
  const distributions = oneHot(data);
  const more = { ...options, loss: crossEntropy({ targets: "probabilities" }), microBatch: 16 } as const;
  const [here, there] = [await createModel(more), await createRemoteModel(more)];
  for (const model of [here, there]) {
    const begin = (batchSize?: number): Promise<unknown> =>
      model.fit(distributions, { augment: { mixup: 0.3 }, ...(batchSize && { batchSize }) }).next();
    await expect(begin()).rejects.toThrow(
      "fit: augment: mixup pairs the rows of a batch, and parts of 16 rows never hold all 32; give batchSize: 16, or create",
    );
    expect(await begin(16)).toMatchObject({ value: { epoch: 1 } });
  }
  there.close();
});

test("what is not finite is named by its place in the batch, here and in predict", async () => {
  const model = await createModel({ ...options, network: dense(1), loss: meanSquaredError(), microBatch: 2 });
  const batch = { x: Float32Array.from({ length: 10 }, (_, i) => i), y: [0, 0, 0, 0, 0] };
  expect(() => model.step({ ...batch, x: batch.x.with(7, Number.NaN) })).toThrow(
    "step: x[7] = NaN is not a finite number",
  );
  expect(() => model.step({ ...batch, y: batch.y.with(4, Number.NaN) })).toThrow(
    "step: y[4] = NaN is not a finite number",
  );
  const many = new Float32Array(2 * 300).with(599, Number.NaN);
  expect(() => model.predict(many)).toThrow("predict: x[599] = NaN is not a finite number");
});

test("holds only a part's temporaries", async () => {
  const wide = (microBatch?: number) =>
    createModel({ ...options, network: chain(dense(2048), relu(), dense(3)), ...(microBatch && { microBatch }) });
  const rows = 4096;
  const batch = { x: new Float32Array(2 * rows), y: new Int32Array(rows) };
  const [whole, parts] = [await wide(), await wide(64)];
  whole.step(batch);
  parts.step(batch);
  expect(parts.parameters.buffer.byteLength).toBeLessThan(whole.parameters.buffer.byteLength / 10);
});

test.each([
  [{ microBatch: 0 }, "createModel: microBatch must be a whole number"],
  [{ microBatch: 2.5 }, "createModel: microBatch must be a whole number"],
])("%o is refused", async (more, message) => {
  await expect(createModel({ ...options, ...more })).rejects.toThrow(message);
});
