// The tables of the package: scikit-learn's numbers (test/golden/data.py), and networks that learn them.
import { describe, expect, test } from "vitest";
import { breastCancer, channelStatistics, digits, iris, kFold, normalized, wine } from "../../src/data/index.ts";
import { chain, createModel, crossEntropy, dense, sgd, tanh } from "../../src/index.ts";
import golden from "../golden/data.json" with { type: "json" };

const readers = { iris, wine, breastCancer, digits };

describe.each(Object.entries(readers))("%s", (name, read) => {
  const expected = golden.classics[name as keyof typeof readers];
  test("has scikit-learn's means, deviations and counts", async () => {
    const data = await read();
    // Pixel by pixel, not channel by channel.
    const { mean, deviation } = channelStatistics({ ...data, shape: [data.x.length / data.size] });
    expect(mean.length).toBe(expected.mean.length);
    // Numbers are f32 here.
    mean.forEach((value, i) =>
      expect(Math.abs(value / (expected.mean[i] || 1) - (expected.mean[i] === 0 ? 0 : 1))).toBeLessThan(1e-6),
    );
    deviation.forEach((value, i) =>
      expect(Math.abs(value - (expected.deviation[i] as number))).toBeLessThan(1e-5 * (1 + value)),
    );
    const counts = Object.fromEntries(
      (data.classes ?? []).map((label, i) => [label, data.y.filter((y) => y === i).length]),
    );
    expect(counts).toEqual(expected.counts);
    expect(data.name).toBe(name);
  });
});

/**
 * Accuracy over stratified folds and its deviation among them, of 32 tanh units with a penalty of 5e-4·|θ|², numbers
 * scaled by the training part: measured with PyTorch's L-BFGS and scikit-learn's folds.
 */
test.each([
  ["iris", 0.95, 0.031],
  ["wine", 0.98, 0.013],
  ["breastCancer", 0.979, 0.011],
  ["digits", 0.978, 0.007],
] as const)("%s is learnt as well as elsewhere", async (name, expected, spread) => {
  const whole = await readers[name]();
  const data = { ...whole, shape: [whole.x.length / whole.size] };
  let right = 0;
  for (const fold of kFold(data, { folds: 5, stratify: true, seed: 1 })) {
    const statistics = channelStatistics(fold.train);
    const model = await createModel({
      input: data.shape,
      network: chain(dense(32), tanh(), dense(data.classes?.length as number)),
      loss: crossEntropy(),
      optimizer: sgd({ learningRate: 0.05, momentum: 0.9, weightDecay: 1e-3 }),
      build: "strict",
    });
    for await (const _ of model.fit(normalized(fold.train, statistics), { epochs: 50, batchSize: 16 }));
    right += fold.test.size * (model.evaluate(normalized(fold.test, statistics)).accuracy as number);
  }
  expect(Math.abs(right / data.size - expected), `${right / data.size}`).toBeLessThanOrEqual(spread);
});
