// Losses where numbers are large, vectors are zero or options are wrong; and networks that learn by each.
import { describe, expect, test } from "vitest";
import {
  arrayDataset,
  binaryCrossEntropy,
  binaryFocal,
  chain,
  cosine,
  createModel,
  crossEntropy,
  dense,
  each,
  exponential,
  focal,
  hinge,
  klDivergence,
  type Loss,
  logistic,
  poisson,
  relaxedZeroOne,
  sgd,
  smoothHinge,
  squaredHinge,
  tanh,
  triplet,
} from "../../src/index.ts";
import { checkGradient, checkHessian, expectClose, netOf, norm, numbers } from "../nn/net.ts";

/** Loss and gradient by the output, which is the parameters' own: one example through a dense layer without inputs' say. */
async function at(loss: Loss, output: readonly number[], y: readonly number[]) {
  const model = await netOf([1], dense(output.length, { bias: false }), { loss });
  const gradient = new Float32Array(output.length);
  const value = model.objective({ x: [1], y }).gradient(Float32Array.from(output), gradient);
  // 0 whatever its sign
  return { value, gradient: Array.from(gradient, (slope) => slope || 0) };
}

describe("far from zero", () => {
  test("logistic, smooth hinge and focal losses grow as a line and vanish without a NaN", async () => {
    expect(await at(logistic(), [-1000], [1])).toEqual({ value: 1000, gradient: [-1] });
    expect(await at(logistic(), [1000], [1])).toEqual({ value: 0, gradient: [0] });
    expect(await at(smoothHinge(), [-1e6], [1])).toEqual({ value: 1e6 + 0.5, gradient: [-1] });
    expect(await at(squaredHinge(), [-99], [1])).toEqual({ value: 1e4, gradient: [-200] });
    expect(await at(focal(), [0, 1000], [0])).toEqual({ value: 1000, gradient: [-1, 1] });
    expect(await at(focal(), [1000, 0], [0])).toEqual({ value: 0, gradient: [0, 0] });
    expect(await at(focal({ gamma: 0.5 }), [1000, 0], [0])).toEqual({ value: 0, gradient: [0, 0] });
    expect(await at(binaryFocal({ gamma: 0.5 }), [1000], [1])).toEqual({ value: 0, gradient: [0] });
    expect(await at(binaryFocal(), [-1000], [1])).toEqual({ value: 1000, gradient: [-1] });
  });

  test("the Kullback-Leibler divergence of a distribution from itself is 0, zeros and all", async () => {
    const { value, gradient } = await at(klDivergence(), [0, 0, -1000], [0.5, 0.5, 0]);
    expect(Math.abs(value)).toBeLessThan(2 ** -23);
    for (const slope of gradient) expect(Math.abs(slope)).toBeLessThan(2 ** -23);
  });

  test("the cosine loss of a zero vector is 1, as PyTorch has it", async () => {
    expect(await at(cosine(), [0, 0], [3, 4])).toMatchObject({ value: 1 });
    expect((await at(cosine(), [3e-3, 4e-3], [3, 4])).value).toBeCloseTo(0, 6);
    expect((await at(cosine(), [-3, -4], [3, 4])).value).toBeCloseTo(2, 6);
  });

  test("focal with gamma 0 is the cross-entropy, with its weights", async () => {
    const weights = { classWeights: [0.5, 2, 1] };
    const plain = await at(crossEntropy(weights), [1, -2, 0.5], [1]);
    const { value, gradient } = await at(focal({ gamma: 0, ...weights }), [1, -2, 0.5], [1]);
    expect(value).toBeCloseTo(plain.value, 5);
    gradient.forEach((slope, i) => expect(slope).toBeCloseTo(plain.gradient[i] as number, 5));
  });
});

const rows = 6;
const signs = Array.from({ length: rows }, (_, i) => (i % 2 === 0 ? 1 : -1));
const smooth: readonly (readonly [Loss, number, ArrayLike<number>])[] = [
  [logistic({ classWeights: [1, 2] }), 1, signs],
  [exponential(), 1, signs],
  [relaxedZeroOne({ temperature: 0.5 }), 1, signs],
  [focal(), 3, [0, 2, 1, 1, 0, 2]],
  [crossEntropy({ classWeights: [1, 0.5, 3] }), 3, [0, 2, 1, 1, 0, 2]],
  [binaryFocal({ gamma: 1.5 }), 1, signs.map((s) => (s + 1) / 2)],
  [binaryCrossEntropy({ classWeights: [2, 1] }), 1, signs.map((s) => (s + 1) / 2)],
  [klDivergence(), 2, signs.flatMap((s) => [0.5 + s / 4, 0.5 - s / 4])],
  [poisson(), 2, signs.flatMap((s) => [s + 1, 3])],
  [cosine(), 3, numbers(3 * rows, 9)],
];

describe("through a network", () => {
  test.each(smooth.map(([loss, ...rest]) => [loss.name, loss, ...rest] as const))(
    "%s: gradient and Hessian against differences",
    async (_name, loss, outputs, y) => {
      const model = await netOf([4], chain(dense(5), tanh(), dense(outputs)), { loss });
      const objective = model.objective({ x: numbers(4 * rows, 2), y });
      checkGradient(model, objective);
      checkHessian(model, objective);
    },
  );

  test("triplet: gradient against differences, one embedding for all three", async () => {
    const model = await netOf([3, 4], each(chain(dense(5), tanh(), dense(2))), { loss: triplet({ margin: 5 }) });
    expect(model.layout.map(({ name }) => name)).toHaveLength(4);
    checkGradient(model, model.objective({ x: numbers(12 * rows, 2), y: signs }));
  });
});

/** Two clouds along a line: what any proxy of the 0/1 loss has to separate. */
const cloud = (labels: (yes: boolean) => number) => {
  const x = numbers(400, 3).map((value, i) => value + (i % 4 < 2 ? 1 : -1));
  const y = Array.from({ length: 200 }, (_, i) => labels(i % 2 === 0));
  return arrayDataset({ x, y, shape: [2], targetShape: [1] });
};

describe("learning", () => {
  const toSign = (yes: boolean): number => (yes ? 1 : -1);
  test.each(
    [hinge(), squaredHinge(), smoothHinge(), logistic(), exponential(), relaxedZeroOne()].map(
      (l) => [l.name, l] as const,
    ),
  )("%s separates two clouds", async (_name, loss) => {
    const data = cloud(toSign);
    const model = await createModel({ input: [2], network: dense(1), loss, optimizer: sgd({ learningRate: 0.1 }) });
    for await (const _ of model.fit(data, { epochs: 20 }));
    expect(model.evaluate(data).accuracy).toBeGreaterThan(0.97);
  });

  test("a class of weight 0 is not learnt from, and counts in the mean", async () => {
    const model = await netOf([2], dense(2), { loss: crossEntropy({ classWeights: [0, 1] }) });
    const x = numbers(8, 4);
    const gradient = (batch: { readonly x: Float32Array; readonly y: readonly number[] }): Float32Array => {
      const out = new Float32Array(6);
      model.objective(batch).gradient(model.parameters.slice(), out);
      return out;
    };
    const all = gradient({ x, y: [1, 0, 1, 0] });
    const some = gradient({ x: Float32Array.of(...x.slice(0, 2), ...x.slice(4, 6)), y: [1, 1] });
    expectClose(
      all,
      some.map((value) => value / 2),
      2 ** -22,
    );
    expect(norm(some)).toBeGreaterThan(0.1);
  });

  test("triplet brings the like together and parts the unlike", async () => {
    // Of each example a and b lie near one of two corners, c near the other; noise in ten more numbers.
    const noise = numbers(300 * 12, 5);
    const x = noise.map((value, i) => {
      const [example, member, at] = [Math.floor(i / 36), Math.floor(i / 12) % 3, i % 12];
      return at === 0 ? ((example % 2 === 0) === member < 2 ? 1 : -1) : value;
    });
    const data = arrayDataset({ x, y: new Array(100).fill(1), shape: [3, 12], targetShape: [1] });
    const network = each(dense(2));
    const model = await createModel({
      input: [3, 12],
      network,
      loss: triplet(),
      optimizer: sgd({ learningRate: 0.1 }),
    });
    const before = model.evaluate(data);
    for await (const _ of model.fit(data, { epochs: 30 }));
    const after = model.evaluate(data);
    expect(before.accuracy).toBeLessThan(0.9);
    expect(after.accuracy).toBe(1);
    expect(after.loss).toBeLessThan(0.1 * before.loss);
  });
});

describe("what does not fit", () => {
  test.each([
    [() => focal({ gamma: -1 }), "focal: gamma must be ≥ 0, got -1"],
    [() => focal({ gamma: "2" as never }), 'focal: gamma must be a finite number that f32 can hold, got "2"'],
    [() => focal({ classWeights: [1, -1] }), "focal: classWeights must be finite numbers ≥ 0"],
    [() => hinge({ classWeights: [0, 0] }), "hinge: classWeights must be finite numbers ≥ 0, not all of them 0"],
    [() => hinge({ classWeights: [1] }), "hinge: classWeights has 1 numbers for 2 classes"],
    [() => logistic({ classWeights: 2 as never }), "one for each class; got 2"],
    [() => crossEntropy({ classWeights: [Number.NaN, 1] }), "crossEntropy: classWeights must be finite numbers"],
    [() => smoothHinge({ gamma: 0 }), "smoothHinge: gamma must be a finite number > 0"],
    [() => relaxedZeroOne({ temperature: 0 }), "relaxedZeroOne: temperature must be a finite number > 0"],
    [() => triplet({ margin: -1 }), "triplet: margin must be a finite number > 0"],
    [() => triplet({ distance: "l1" as never }), 'triplet: distance must be "euclidean" or "squared"'],
    [() => squaredHinge({ weights: [] } as never), 'squaredHinge: unknown option "weights"; known are classWeights'],
  ])("%# is refused", (call, message) => {
    expect(call).toThrow(message);
  });

  test("is refused where the network is known", async () => {
    for (const [network, loss, message] of [
      [dense(3), crossEntropy({ classWeights: [1, 2] }), "crossEntropy: classWeights has 2 numbers for 3 classes"],
      [dense(3), focal({ classWeights: [1, 2] }), "focal: classWeights has 2 numbers for 3 classes"],
      [dense(1), focal(), "focal: expected a network output of [batch, classes] with at least 2 classes, got [1,1]"],
      [dense(1), klDivergence(), "klDivergence: expected a network output of [batch, classes]"],
      [dense(3), triplet(), "triplet: expected a network output of [batch, 3, …]"],
      [each(dense(3)), logistic(), "each: expected input [batch, n, …], got [1,2]"],
      [dense(1), logistic, "loss must be a loss, got the function that makes it; write logistic()"],
    ] as const)
      await expect(netOf([2], network, { loss: loss as never })).rejects.toThrow(message);
  });

  test("targets outside a loss's own are refused", async () => {
    const step = async (loss: Loss, y: number) => (await netOf([1], dense(1), { loss })).step({ x: [1], y: [y] });
    await expect(step(poisson(), -1)).rejects.toThrow("step: y[0] = -1 is outside [0,Infinity]");
    await expect(step(logistic(), 0)).rejects.toThrow("step: y[0] = 0 is not -1 or 1");
    await expect(step(binaryFocal(), 0.5)).rejects.toThrow("step: y[0] = 0.5 is not 0 or 1");
  });
});
