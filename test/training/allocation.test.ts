// A training step leaves nothing on the JavaScript heap but the number it returns. In Node threads run built files.
import { getHeapStatistics } from "node:v8";
import { expect, test } from "vitest";

const built: string = "../../dist/index.js";
const { chain, createModel, dense, meanSquaredError, sgd, tanh } = (await import(
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
