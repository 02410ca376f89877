// θ that the last step of an epoch has left not finite: said at once, and never kept.
import { expect, test } from "vitest";
import { arrayDataset } from "../../src/data/index.ts";
import {
  adam,
  createModel,
  decodeCheckpoint,
  dense,
  encodeCheckpoint,
  meanSquaredError,
  sgd,
} from "../../src/index.ts";

const data = arrayDataset({ x: Float32Array.of(1e15, 2e15), y: Float32Array.of(1, 2), shape: [1] });

test("fit ends with the parameter's name before it reports, and there is no snapshot", async () => {
  const model = await createModel({
    input: [1], network: dense(1), loss: meanSquaredError(), optimizer: sgd({ learningRate: 1e30 }), seed: 1,
  }); // biome-ignore format: one line of options
  let reports = 0;
  const fit = model.fit(data, { batchSize: "all", callbacks: [{ report: () => void reports++ }] });
  const message = /: weights is not finite after step 1; go back to an earlier snapshot, with a learning rate below/;
  await expect(fit.next()).rejects.toThrow(message);
  expect(reports).toBe(0);
  expect(() => model.snapshot()).toThrow(message);
});

test("a mean of squares beyond all numbers is kept: the model goes on with it", async () => {
  const make = () =>
    createModel({
      input: [1],
      network: dense(1),
      loss: meanSquaredError(),
      optimizer: adam({ learningRate: 0.1 }),
      seed: 1,
    });
  const [model, other] = [await make(), await make()];
  const batch = { x: [1e3], y: [1.5e18] };
  model.step(batch);
  const snapshot = decodeCheckpoint(encodeCheckpoint(model.snapshot()));
  expect(snapshot.slots.some((slot) => slot.includes(Number.POSITIVE_INFINITY))).toBe(true);
  other.restore(snapshot);
  model.step(batch);
  other.step(batch);
  expect(other.parameters).toEqual(model.parameters);
});
