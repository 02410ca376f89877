// Losses of single examples and their gradients against PyTorch's in float64 (test/golden/losses.py).
import { beforeAll, describe, expect, test } from "vitest";
import type { ModelMemory } from "../../bindings/memory.ts";
import { size } from "../../src/graph/tensor.ts";
import {
  binaryCrossEntropy,
  binaryFocal,
  cosine,
  crossEntropy,
  exponential,
  focal,
  hinge,
  klDivergence,
  type Loss,
  logistic,
  ops,
  poisson,
  relaxedZeroOne,
  smoothHinge,
  squaredHinge,
  triplet,
} from "../../src/index.ts";
import { input } from "../../src/ops/leaves.ts";
import golden from "../golden/losses.json" with { type: "json" };
import { builds, runner, testMemory } from "../run.ts";

const classWeights = [0.5, 2, 1.25, 0];
const losses: Readonly<Record<keyof typeof golden, Loss>> = {
  crossEntropyWeighted: crossEntropy({ classWeights }),
  crossEntropyWeightedSmoothed: crossEntropy({ classWeights, smoothing: 0.2 }),
  crossEntropyWeightedDistributions: crossEntropy({ classWeights, targets: "probabilities" }),
  binaryCrossEntropyWeighted: binaryCrossEntropy({ classWeights: [1, 3] }),
  focal: focal(),
  focalWeightedHalf: focal({ gamma: 0.5, classWeights }),
  binaryFocal: binaryFocal(),
  klDivergence: klDivergence(),
  hingeWeighted: hinge({ classWeights: [0.25, 3] }),
  squaredHinge: squaredHinge(),
  smoothHinge: smoothHinge(),
  smoothHingeNarrow: smoothHinge({ gamma: 0.25 }),
  logistic: logistic(),
  exponential: exponential(),
  relaxedZeroOne: relaxedZeroOne({ temperature: 0.5 }),
  poisson: poisson(),
  cosine: cosine(),
  triplet: triplet({ margin: 1.5 }),
};

describe.each(builds)("in the %s build", (build) => {
  let memory: ModelMemory;
  beforeAll(async () => {
    memory = await testMemory(build);
  });

  test.each(Object.keys(golden) as (keyof typeof golden)[])("%s: loss and gradient of each example", (name) => {
    const row = golden[name];
    const prediction = input("p", row.shape);
    const { shape, type } = losses[name].target(row.shape);
    const target = input("y", shape, type);
    expect(size(target)).toBe(row.target.length);
    const each = losses[name].apply(prediction, target);
    expect(each.shape).toEqual([row.shape[0]]);
    const [gradient] = ops.grad(ops.sum(each), [prediction]);
    const [got, slope] = runner(memory, [each, gradient as typeof each])({ p: row.prediction, y: row.target });
    // Inputs of up to 3 are rounded to f32, and a few roundings follow: errors of some 2⁻²⁴ of the largest term.
    for (const [list, expected] of [
      [got, row.loss],
      [slope, row.gradient],
    ] as const) {
      const scale = Math.max(1, ...expected.map(Math.abs));
      for (const [i, e] of expected.entries())
        expect(Math.abs((list?.[i] as number) - e), `${i}: ${list?.[i]}, expected ${e}`).toBeLessThanOrEqual(
          16 * 2 ** -24 * scale,
        );
    }
  });
});
