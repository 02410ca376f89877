// SAM on networks: w − η·g(w + ρ·g/‖g‖), its gradients those of the model's objective.
import { describe, expect, test } from "vitest";
import { blobs } from "../../src/data/index.ts";
import {
  batchNorm,
  chain,
  createModel,
  crossEntropy,
  dense,
  ema,
  hinge,
  type Layer,
  type Loss,
  meanSquaredError,
  relu,
  sam,
  sgd,
  tanh,
} from "../../src/index.ts";

const [rate, radius] = [0.1, 0.05];
const x = Float32Array.from({ length: 64 }, (_, i) => Math.sin(i));
const nets: readonly (readonly [name: string, network: Layer, loss: Loss, y: ArrayLike<number>])[] = [
  ["a linear one", dense(1), meanSquaredError(), x.slice(0, 16)],
  ["relu, values", chain(dense(8), relu(), dense(1)), meanSquaredError(), x.slice(0, 16)],
  ["tanh twice", chain(dense(16), tanh(), dense(16), tanh(), dense(1)), meanSquaredError(), x.slice(0, 16)],
  ["classes", chain(dense(8), relu(), dense(3)), crossEntropy(), Int32Array.from({ length: 16 }, (_, i) => i % 3)],
  ["margins", chain(dense(8), tanh(), dense(1)), hinge(), Float32Array.from({ length: 16 }, (_, i) => 2 * (i % 2) - 1)],
];

describe.each(nets)("%s", (_, network, loss, y) => {
  test("is the step that the objective's gradients give", async () => {
    const model = await createModel({
      input: [4], network, loss, optimizer: sam(sgd({ learningRate: rate }), { radius }), seed: 1, build: "strict",
    }); // biome-ignore format: one line of options
    const objective = model.objective({ x, y });
    for (let step = 0; step < 3; step++) {
      const before = model.parameters.slice();
      const [first, second] = [new Float32Array(before.length), new Float32Array(before.length)];
      objective.gradient(before, first);
      const norm = Math.hypot(...first);
      objective.gradient(
        before.map((w, i) => w + (radius * (first[i] as number)) / norm),
        second,
      );
      model.step({ x, y });
      model.parameters.forEach((w, i) =>
        expect(w).toBeCloseTo((before[i] as number) - rate * (second[i] as number), 6),
      );
    }
  });
});

test("a fit sees each batch twice, whatever was computed in its place", async () => {
  const data = blobs({ examples: 90, classes: 3, seed: 2 });
  const options = {
    input: [2],
    network: chain(dense(16), batchNorm(), relu(), dense(3)),
    loss: crossEntropy(),
    seed: 3,
    build: "strict",
  } as const;
  const fitted = async (optimizer = sam(sgd({ learningRate: rate }), { radius })) => {
    const model = await createModel({ ...options, optimizer });
    for await (const _ of model.fit(data, { epochs: 3, batchSize: 30, shuffle: false }));
    return model;
  };
  const byFit = await fitted();
  const bySteps = await createModel({ ...options, optimizer: sam(sgd({ learningRate: rate }), { radius }) });
  for (let step = 0; step < 9; step++) {
    const from = 30 * (step % 3);
    bySteps.step({ x: data.x.slice(2 * from, 2 * from + 60), y: data.y.slice(from, from + 30) });
  }
  expect(byFit.parameters).toEqual(bySteps.parameters);
  expect((await fitted(ema(sam(sgd({ learningRate: rate }), { radius })))).parameters).toEqual(byFit.parameters);
});
