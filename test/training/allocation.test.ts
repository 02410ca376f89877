// A training step leaves nothing on the JavaScript heap but the number it returns. In Node threads run built files.
import { getHeapStatistics } from "node:v8";
import { expect, test } from "vitest";

const built: string = "../../dist/index.js";
const { arrayDataset, chain, createModel, dense, flatten, meanSquaredError, sgd, tanh } = (await import(
  /* @vite-ignore */ built
)) as typeof import("../../src/index.ts");

// A thread that goes to sleep, as it may three times a step where there are fewer free processors than threads, costs
// the engine 40 bytes.
test.each([
  [1, 1],
  [2, 2],
])("10,000 steps of a tiny net in %d threads allocate less than %d MB", async (threads, megabytes) => {
  const model = await createModel({
    input: [2],
    network: chain(dense(16), tanh(), dense(16), tanh(), dense(1)),
    loss: meanSquaredError(),
    optimizer: sgd({ learningRate: 0.01, momentum: 0.9 }),
    threads,
  });
  const batch = { x: Float32Array.from({ length: 64 }, (_, i) => i / 64), y: new Float32Array(32) };
  const steps = (n: number): void => {
    for (let i = 0; i < n; i++) model.step(batch);
  };
  // The engine's own compiler allocates while it warms up.
  steps(20_000);
  let growth = 0;
  let before = getHeapStatistics().used_heap_size;
  for (let part = 0; part < 10; part++) {
    steps(1000);
    const after = getHeapStatistics().used_heap_size;
    // A collection between two readings would hide some: only rises count.
    growth += Math.max(0, after - before);
    before = after;
  }
  expect(growth).toBeLessThan(1e6 * megabytes);
});

test("steps of fit that change every example at random make no arrays for it", async () => {
  const model = await createModel({
    input: [2, 2, 1],
    network: chain(flatten(), dense(4), tanh(), dense(1)),
    loss: meanSquaredError(),
    optimizer: sgd({ learningRate: 0.001 }),
  });
  const data = arrayDataset({
    x: new Float32Array(4 * 2000),
    y: new Float32Array(2000),
    shape: [2, 2, 1],
    targetShape: [1],
  });
  const augment = { shift: 1, noise: 0.1, cutout: 1, mixup: 0.2 };
  let growth = 0;
  let before = 0;
  for await (const { epoch } of model.fit(data, { batchSize: 4, shuffle: false, epochs: 60, augment })) {
    const after = getHeapStatistics().used_heap_size;
    // The first epochs are the compiler's.
    if (epoch > 20) growth += Math.max(0, after - before);
    before = after;
  }
  // fit itself takes two or three numbers' room a step, to read the clock; one array for each example would be 400 bytes.
  expect(growth / (40 * 500)).toBeLessThan(250);
});
