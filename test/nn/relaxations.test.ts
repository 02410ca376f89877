// Temperatures and straight-through units: values against formulas, gradients of the stand-in, draws by the odds.
import { beforeAll, describe, expect, test } from "vitest";
import type { ModelMemory } from "../../bindings/memory.ts";
import { binary, chain, createModel, dense, gumbelSoftmax, type Layer, ops, sgd, softmax } from "../../src/index.ts";
import { input } from "../../src/ops/leaves.ts";
import { builds, runner, testMemory } from "../run.ts";
import { expectClose, netOf, numbers } from "./net.ts";

const softmaxOf = (x: readonly number[], temperature: number): number[] => {
  const e = x.map((value) => Math.exp(value / temperature));
  const total = e.reduce((a, b) => a + b);
  return e.map((value) => value / total);
};
/** What a layer makes of its input in prediction. */
async function predicted(layer: Layer, x: readonly number[]): Promise<number[]> {
  const model = await netOf([x.length], chain(dense(x.length, { bias: false }), layer));
  model.parameters = x.flatMap((_, i) => x.map((__, j) => Number(i === j)));
  return [...model.predict(x)];
}

describe.each(builds)("in the %s build", (build) => {
  let memory: ModelMemory;
  beforeAll(async () => {
    memory = await testMemory(build);
  });

  test("straightThrough has the value of one to the bit and the gradient of the other", () => {
    const x = input("x", [17]);
    const y = ops.straightThrough(ops.greater(x, 0.3), ops.mul(ops.square(x), 0.1));
    const [slope] = ops.grad(ops.sum(ops.mul(y, x)), [x]);
    const values = numbers(17, 2);
    const [got, gradient] = runner(memory, [y, slope as typeof y])({ x: values });
    expect([...(got ?? [])]).toEqual([...values].map((v) => Number(v > Math.fround(0.3))));
    expectClose(
      gradient ?? [],
      [...values].map((v) => Number(v > Math.fround(0.3)) + v * 0.2 * v),
      2 ** -22,
    );
  });

  test("stopGradient is a constant where gradients are taken", () => {
    const x = input("x", [5]);
    const [slope] = ops.grad(ops.sum(ops.mul(x, ops.stopGradient(x))), [x]);
    const values = numbers(5, 1);
    expect([...(runner(memory, [slope as typeof x])({ x: values })[0] ?? [])]).toEqual([...values]);
  });
});

describe("softmax", () => {
  test.each([0.25, 1, 3])("with temperature %d is softmax(x/T)", async (temperature) => {
    const x = [0.5, -1, 2, 1];
    expectClose(await predicted(softmax({ temperature }), x), softmaxOf(x, temperature), 2 ** -21);
  });
});

describe("binary", () => {
  test("is 1 above zero, with the gradient of σ(x/T)", async () => {
    expect(await predicted(binary(), [-2, 0, 1e-3, 5])).toEqual([0, 0, 1, 1]);
    const network = chain(dense(1, { bias: false }), binary({ temperature: 0.5 }));
    const model = await netOf([1], network, { loss: (prediction) => ops.sum(prediction) });
    model.parameters = [0.3];
    const gradient = new Float32Array(1);
    expect(model.objective({ x: [1], y: [0] }).gradient(model.parameters.slice(), gradient)).toBe(1);
    const s = 1 / (1 + Math.exp(-0.3 / 0.5));
    expect(gradient[0]).toBeCloseTo((s * (1 - s)) / 0.5, 6);
  });
});

describe("gumbelSoftmax", () => {
  const odds = [0.1, 0.2, 0.7];
  const batch = 4096;
  /** Mean output of a training step: the gradient of a bias-free weight behind it that is summed. */
  async function shares(layer: Layer, seed: number): Promise<number[]> {
    const model = await createModel({
      input: [1],
      network: chain(dense(3, { bias: false }), layer, dense(1, { bias: false })),
      loss: (prediction) => ops.reshape(prediction, [prediction.shape[0] as number]),
      optimizer: sgd({ learningRate: 1e-3 }),
      seed,
      build: "strict",
    });
    model.parameters = [...odds.map(Math.log), 0, 0, 0];
    model.step({ x: new Float32Array(batch).fill(1), y: new Float32Array(batch) });
    return [...model.gradient.slice(3)];
  }

  test("chooses by the odds when hard", async () => {
    const found = await shares(gumbelSoftmax({ hard: true, temperature: 0.5 }), 3);
    found.forEach((share, i) => {
      const p = odds[i] as number;
      expect(share * batch).toBeCloseTo(Math.round(share * batch), 1);
      // A binomial share: five standard deviations.
      expect(Math.abs(share - p)).toBeLessThan(5 * Math.sqrt((p * (1 - p)) / batch));
    });
  });

  test("sums to 1 when soft, and depends on the seed", async () => {
    const [one, again, other] = [
      await shares(gumbelSoftmax(), 1),
      await shares(gumbelSoftmax(), 1),
      await shares(gumbelSoftmax(), 2),
    ];
    expect(one.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
    expect(again).toEqual(one);
    expect(other).not.toEqual(one);
  });

  test("has no noise in prediction", async () => {
    expectClose(await predicted(gumbelSoftmax({ temperature: 2 }), [1, 2, 4]), softmaxOf([1, 2, 4], 2), 2 ** -21);
    expect(await predicted(gumbelSoftmax({ hard: true }), [1, 4, 2])).toEqual([0, 1, 0]);
  });
});

test.each([
  [() => softmax({ temperature: 0 }), "softmax: temperature must be a finite number > 0 that f32 can hold, got 0"],
  [() => softmax(2 as never), "softmax: expected an object of options, got 2"],
  [() => binary({ temperature: -1 }), "binary: temperature must be a finite number > 0"],
  [() => gumbelSoftmax({ hard: 1 as never }), "gumbelSoftmax: hard must be true or false, got 1"],
])("options that do not fit are refused: %#", (call, message) => {
  expect(call).toThrow(message);
});
