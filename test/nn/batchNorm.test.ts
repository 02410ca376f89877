// BatchNorm and GroupNorm against double precision: values, running statistics, derivatives, modes, bad input.
import { describe, expect, test } from "vitest";
import {
  arrayDataset,
  batchNorm,
  chain,
  conv2d,
  crossEntropy,
  dense,
  flatten,
  formatProgram,
  globalAveragePool2d,
  groupNorm,
  type Layer,
  type Model,
  maxPool2d,
  ops,
  relu,
  sgd,
  tanh,
} from "../../src/index.ts";
import { checkGradient, checkHessian, expectClose, netOf, numbers, parameter } from "./net.ts";

/** Means and variances by channel in double precision. */
function statistics(x: ArrayLike<number>, channels: number): { mean: number[]; variance: number[]; count: number } {
  const count = x.length / channels;
  const own = (c: number): number[] => Array.from(x).filter((_, i) => i % channels === c);
  const mean = Array.from({ length: channels }, (_, c) => own(c).reduce((a, b) => a + b) / count);
  const variance = mean.map((m, c) => own(c).reduce((sum, value) => sum + (value - m) ** 2, 0) / count);
  return { mean, variance, count };
}
const state = (model: Model, name: string): Float32Array => {
  const entry = model.stateLayout.find((slice) => slice.name === name);
  if (!entry) throw new Error(`test: no state ${name}`);
  return model.state.subarray(entry.offset, entry.offset + entry.size);
};
/** Some roundings of numbers near 1, and the rounding of the mean. */
const rounding = 2 ** -20;

describe("batchNorm", () => {
  const input = [3, 2, 5];
  const x = numbers(4 * 30, 4, -3, 8);
  const y = numbers(4 * 30, 5);

  test("normalises a batch by its own statistics: the loss in batch mode", async () => {
    for (const epsilon of [1e-5, 0.3]) {
      const model = await netOf(input, batchNorm({ epsilon }));
      parameter(model, "scale").set(numbers(5, 6));
      parameter(model, "shift").set(numbers(5, 7));
      const { mean, variance } = statistics(x, 5);
      const exact = Array.from(x, (value, i) => {
        const c = i % 5;
        const normal = (value - (mean[c] as number)) / Math.sqrt((variance[c] as number) + epsilon);
        return normal * (parameter(model, "scale")[c] as number) + (parameter(model, "shift")[c] as number);
      });
      const loss = exact.reduce((sum, value, i) => sum + (value - (y[i] as number)) ** 2, 0) / exact.length;
      const batch = { x, y };
      expect(model.objective(batch, { normalization: "batch" }).loss(model.parameters.slice())).toBeCloseTo(loss, 5);
      expect(model.step(batch)).toBeCloseTo(loss, 5);
    }
  });

  test("averages running statistics by PyTorch's rule, and predicts by them", async () => {
    const model = await netOf(input, batchNorm({ momentum: 0.25 }));
    expect(model.stateLayout).toEqual([
      { name: "mean", shape: [5], offset: 0, size: 5 },
      { name: "variance", shape: [5], offset: 5, size: 5 },
    ]);
    expect([...model.state]).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 1, 1]);
    const expected = { mean: new Array<number>(5).fill(0), variance: new Array<number>(5).fill(1) };
    for (let step = 0; step < 3; step++) {
      const own = numbers(4 * 30, step, -3, 8);
      model.step({ x: own, y });
      const batch = statistics(own, 5);
      expected.mean = expected.mean.map((value, c) => 0.75 * value + 0.25 * (batch.mean[c] as number));
      expected.variance = expected.variance.map(
        (value, c) => 0.75 * value + (0.25 * (batch.variance[c] as number) * batch.count) / (batch.count - 1),
      );
    }
    expectClose(state(model, "mean"), expected.mean, rounding);
    expectClose(state(model, "variance"), expected.variance, rounding);
    const exact = Array.from(x, (value, i) => {
      const c = i % 5;
      const normal = (value - (expected.mean[c] as number)) / Math.sqrt((expected.variance[c] as number) + 1e-5);
      return normal * (parameter(model, "scale")[c] as number) + (parameter(model, "shift")[c] as number);
    });
    expectClose(model.predict(x), exact, rounding);
    // One example at a time is the same: nothing of a batch is left.
    expect([...model.predict(x.slice(30, 60))]).toEqual([...model.predict(x).subarray(30, 60)]);
  });

  test("has the right gradient and Hessian in both modes", async () => {
    const network = chain(conv2d(4, 3), batchNorm(), tanh(), conv2d(5, 2), batchNorm(), flatten(), dense(2));
    const model = await netOf([6, 5, 2], network);
    const images = numbers(7 * 60, 1, -2, 3);
    model.step({ x: images, y: numbers(14, 2) });
    for (const normalization of ["batch", "running"] as const) {
      const objective = model.objective({ x: images, y: numbers(14, 2) }, { normalization });
      checkGradient(model, objective);
      checkHessian(model, objective);
    }
  });

  test("in front of relu and pooling has the right gradient and Hessian: the sign of relu is found again", async () => {
    const model = await netOf([6, 6, 2], chain(conv2d(5, 3), batchNorm(), relu(), maxPool2d(2), flatten(), dense(2)));
    const objective = model.objective({ x: numbers(4 * 72, 3, -2, 3), y: numbers(8, 2) }, { normalization: "batch" });
    checkGradient(model, objective);
    checkHessian(model, objective);
    const lines = formatProgram(model.program("train", 4));
    expect(lines).toContain("normalizeGradient");
    expect(lines).not.toMatch(/\breluGradient\b|\brelu\b|batchStatisticsGradient/);
  });

  test("learns, repeats to the bit, and judges by what it kept while it learnt", async () => {
    // Stripes across or along, of any phase, far from mean 0 and under noise as strong as they are.
    const count = 96;
    const noise = numbers(count * 64, 8);
    const stripes = Float32Array.from({ length: count * 64 }, (_, i) => {
      const [image, at] = [i >> 6, i & 63];
      const line = image % 2 === 0 ? at >> 3 : at & 7;
      return 5 + Math.sin((line + image) * 1.6) + (noise[i] as number);
    });
    const data = arrayDataset({ x: stripes, y: Int32Array.from({ length: count }, (_, i) => i % 2), shape: [8, 8, 1] });
    const network = chain(conv2d(6, 3), batchNorm(), relu(), globalAveragePool2d(), dense(2));
    const trained = async (): Promise<Model> => {
      const model = await netOf([8, 8, 1], network, {
        loss: crossEntropy(),
        optimizer: sgd({ learningRate: 0.2, momentum: 0.9 }),
      });
      for await (const report of model.fit(data, { epochs: 15, batchSize: 32 })) expect(report.loss).toBeLessThan(2);
      return model;
    };
    const [one, two] = [await trained(), await trained()];
    expect(one.evaluate(data).accuracy).toBeGreaterThan(0.95);
    expect([...one.state]).toEqual([...two.state]);
    expect([...one.parameters]).toEqual([...two.parameters]);
    // Refreshed on one batch, running statistics are its own, but for n/(n − 1) with n = 96·36 in the variance.
    one.refreshStatistics(data, { batchSize: count });
    const ofBatch = one.objective({ x: stripes, y: data.y }, { normalization: "batch" }).loss(one.parameters.slice());
    expect(Math.abs(one.evaluate(data).loss - ofBatch)).toBeLessThan(1e-3 * ofBatch);
  });

  test("refreshStatistics leaves the statistics of the whole data set", async () => {
    const model = await netOf(input, batchNorm());
    const data = arrayDataset({ x, y, shape: input, targetShape: input });
    model.state = numbers(10, 3, 1, 5);
    model.refreshStatistics(data);
    const { mean, variance, count } = statistics(x, 5);
    expectClose(state(model, "mean"), mean, rounding);
    expectClose(
      state(model, "variance"),
      variance.map((value) => (value * count) / (count - 1)),
      rounding,
    );
    // In batches: the mean is the same, the variance is the average of the batches' own.
    model.refreshStatistics(data, { batchSize: 3 });
    expectClose(state(model, "mean"), mean, rounding);
    const parts = [x.slice(0, 90), x.slice(90)].map((part) => statistics(part, 5));
    const average = mean.map((_, c) =>
      parts.reduce(
        (sum, part) => sum + ((part.count / 24) * ((part.variance[c] as number) * part.count)) / (part.count - 1),
        0,
      ),
    );
    expectClose(state(model, "variance"), average, rounding);
  });

  test("keeps its digits at a large mean", async () => {
    const model = await netOf([3], batchNorm({ affine: true, momentum: 1 }));
    const far = numbers(256 * 3, 2, 9999, 10001);
    model.step({ x: far, y: new Float32Array(256 * 3) });
    const { mean, variance } = statistics(far, 3);
    expectClose(state(model, "mean"), mean, 2 ** -24);
    expectClose(
      state(model, "variance"),
      variance.map((value) => (value * 256) / 255),
      2 ** -18,
    );
  });

  test("has no parameters when not affine, and kinds that regularisers leave alone", async () => {
    const plain = await netOf([4], chain(batchNorm({ affine: false }), dense(2)));
    expect(plain.layout.map((entry) => entry.name)).toEqual(["dense1.weights", "dense1.bias"]);
    plain.step({ x: numbers(12), y: numbers(6) });
    expect(plain.state.length).toBe(8);
    const full = await netOf([4], batchNorm());
    expect(full.layout.map(({ name, kind }) => [name, kind])).toEqual([
      ["scale", "scale"],
      ["shift", "bias"],
    ]);
  });

  test("refuses a batch with one value a channel, before anything changes", async () => {
    const model = await netOf([4], chain(batchNorm(), dense(2)));
    const before = { theta: [...model.parameters], state: [...model.state] };
    const message = /^batchNorm: a batch \[1,4\] has one value a channel and no variance; take a larger batch/;
    expect(() => model.step({ x: [1, 2, 3, 4], y: [1, 2] })).toThrow(message);
    expect(() => model.objective({ x: [1, 2, 3, 4], y: [1, 2] }, { normalization: "batch" })).toThrow(message);
    const data = arrayDataset({ x: numbers(20), y: numbers(10), shape: [4], targetShape: [2] });
    await expect(model.fit(data, { batchSize: 2 }).next()).rejects.toThrow(message);
    expect(() => model.refreshStatistics(data, { batchSize: 4 })).toThrow(message);
    expect({ theta: [...model.parameters], state: [...model.state] }).toEqual(before);
    expect(model.predict([1, 2, 3, 4]).length).toBe(2);
    // An image has more than one.
    const images = await netOf([2, 2, 4], batchNorm());
    expect(images.step({ x: numbers(16), y: numbers(16) })).toBeGreaterThan(0);
  });

  test("refuses options and inputs that are none", async () => {
    for (const momentum of [0, -1, 2, Number.NaN, "0.1"])
      expect(() => batchNorm({ momentum: momentum as never })).toThrow("batchNorm: momentum must be");
    expect(() => batchNorm({ epsilon: 0 })).toThrow("batchNorm: epsilon must be a finite number > 0");
    expect(() => batchNorm({ affine: 1 as never })).toThrow("batchNorm: affine must be true or false, got 1");
    expect(() => batchNorm({ eps: 1e-5 } as never)).toThrow('batchNorm: unknown option "eps"');
    const squeeze: Layer = { name: "squeeze", apply: (t) => ops.reshape(t, [-1]) };
    await expect(netOf([1], chain(squeeze, batchNorm()))).rejects.toThrow(
      "batchNorm: expected input [batch, features], got [1]",
    );
  });
});

describe("groupNorm", () => {
  test.each([
    [[3, 2, 6], 3],
    [[3, 2, 6], 1],
    [[3, 2, 6], 6],
    [[8], 2],
  ])("of %j in %i groups is within rounding", async (input, groups) => {
    const epsilon = 1e-3;
    const model = await netOf(input, groupNorm({ groups, epsilon }));
    const channels = input.at(-1) as number;
    const width = input.reduce((a, b) => a * b);
    parameter(model, "scale").set(numbers(channels, 5));
    parameter(model, "shift").set(numbers(channels, 6));
    const x = numbers(3 * width, 4, -3, 8);
    const groupOf = (i: number): number => Math.floor(((i % channels) * groups) / channels);
    const exact = Array.from(x, (value, i) => {
      const example = Math.floor(i / width);
      const own = Array.from(x).filter((_, k) => Math.floor(k / width) === example && groupOf(k) === groupOf(i));
      const mean = own.reduce((a, b) => a + b) / own.length;
      const variance = own.reduce((sum, v) => sum + (v - mean) ** 2, 0) / own.length;
      const c = i % channels;
      return (
        ((value - mean) / Math.sqrt(variance + epsilon)) * (parameter(model, "scale")[c] as number) +
        (parameter(model, "shift")[c] as number)
      );
    });
    expectClose(model.predict(x), exact, rounding);
    expect(model.state.length).toBe(0);
  });

  test("has the right gradient and Hessian", async () => {
    const model = await netOf([4, 4, 2], chain(conv2d(6, 3), groupNorm({ groups: 3 }), flatten(), dense(2)));
    const objective = model.objective({ x: numbers(3 * 32, 1, -2, 3), y: numbers(6, 2) });
    checkGradient(model, objective);
    checkHessian(model, objective);
  });

  test("refuses groups that do not divide the channels, and options that are none", async () => {
    await expect(netOf([4, 4, 6], groupNorm({ groups: 4 }))).rejects.toThrow(
      "groupNorm: 6 channels are not divisible by 4 groups; choose another number",
    );
    await expect(netOf([6], groupNorm())).rejects.toThrow("groupNorm: 6 channels are not divisible by 32 groups");
    expect(() => groupNorm({ groups: 0 })).toThrow("groupNorm: groups must be a whole number ≥ 1, got 0");
    expect(() => groupNorm({ epsilon: -1 })).toThrow("groupNorm: epsilon must be");
  });
});
