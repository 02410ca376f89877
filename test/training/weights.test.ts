// Examples that do not count alike: the risk is the mean of weight·loss, wherever a batch or a data set is taken.
import { describe, expect, test } from "vitest";
import { subset } from "../../src/data/index.ts";
import {
  arrayDataset,
  type Batch,
  binaryCrossEntropy,
  createModel,
  crossEntropy,
  dense,
  formatProgram,
  type Loss,
  type LossFunction,
  type Model,
  type ModelOptions,
  meanSquaredError,
  ops,
  sgd,
} from "../../src/index.ts";
import { datasetObjective } from "../../src/science/index.ts";
import { numbers } from "../nn/net.ts";
import { any, data, expectRefusal, guarded, options } from "./refuse.ts";

const rows = 6;
const batch: Batch = { x: numbers(rows * 4, 2), y: [2, 0, 1, 1, 0, 2] };
const weights = [0, 1, 0.5, 3, 2, 1];
const make = (more: Partial<ModelOptions> = {}): Promise<Model> =>
  createModel({ ...options, network: dense(3), ...more });

/** One row of a batch. */
const row = ({ x, y }: Batch, i: number): Batch => ({
  x: Array.from(x).slice(4 * i, 4 * i + 4),
  y: Array.from(y).slice(i, i + 1),
});

describe("weights of examples", () => {
  test("make the gradient and the loss of a step the mean of weight·each", async () => {
    const model = await make();
    const objective = model.objective({ ...batch, weights });
    const theta = model.parameters.slice();
    const [gradient, expected, one] = [0, 0, 0].map(() => new Float32Array(objective.size)) as [
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const loss = objective.gradient(theta, gradient);
    let total = 0;
    for (let i = 0; i < rows; i++) {
      const weight = (weights[i] as number) / rows;
      total += weight * model.objective(row(batch, i)).gradient(theta, one);
      one.forEach((value, k) => {
        expected[k] = (expected[k] as number) + weight * value;
      });
    }
    expect(loss).toBeCloseTo(total, 6);
    for (const [k, value] of expected.entries()) expect(gradient[k]).toBeCloseTo(value, 6);
    expect(model.step({ ...batch, weights })).toBeCloseTo(total, 6);
    for (const [k, value] of expected.entries()) expect(model.gradient[k]).toBeCloseTo(value, 6);
  });

  test("of 1 change no bit of what a model without them learns", async () => {
    const [plain, weighted] = [await make(), await make()];
    const ones = { ...data, weights: new Float32Array(data.size).fill(1) };
    const losses: number[][] = [[], []];
    for await (const { loss } of plain.fit(data, { epochs: 2, batchSize: 4 })) losses[0]?.push(loss);
    for await (const { loss } of weighted.fit(ones, { epochs: 2, batchSize: 4 })) losses[1]?.push(loss);
    expect(losses[1]).toEqual(losses[0]);
    expect(weighted.parameters).toEqual(plain.parameters);
    expect(weighted.evaluate(ones)).toEqual(plain.evaluate(data));
  });

  test("of 0 and 2 are examples left out and given twice", async () => {
    const [given, weighted] = [await make(), await make()];
    const counts = Array.from({ length: data.size }, (_, i) => (i % 2 === 0 ? 2 : 0));
    const even = subset(data, [0, 0, 2, 2, 4, 4, 6, 6, 8, 8]);
    const set = arrayDataset({ x: data.x, y: data.y, shape: [4], weights: counts });
    expect(weighted.evaluate(set).loss).toBeCloseTo(given.evaluate(even).loss, 6);
    for await (const _ of given.fit(even, { epochs: 3, batchSize: "all" }));
    for await (const _ of weighted.fit(set, { epochs: 3, batchSize: "all" }));
    for (const [i, value] of given.parameters.entries()) expect(weighted.parameters[i]).toBeCloseTo(value, 5);
  });

  test("stay with their examples when these are shuffled or taken out", async () => {
    const set = arrayDataset({ x: data.x, y: data.y, shape: [4], weights: numbers(data.size, 9).map(Math.abs) });
    expect(subset(set, [3, 0]).weights).toEqual(
      Float32Array.of(set.weights?.[3] as number, set.weights?.[0] as number),
    );
    // No step moves the model: the epoch's loss is that of any order.
    const still = await make({ optimizer: sgd({ learningRate: 1e-30 }) });
    for await (const { loss } of still.fit(set, { batchSize: 3 }))
      expect(loss).toBeCloseTo(still.evaluate(set).loss, 6);
  });

  test("leave the share of right answers as it is", async () => {
    const model = await make();
    const set = { ...data, weights: Float32Array.from({ length: data.size }, (_, i) => i) };
    expect(model.evaluate(set).accuracy).toBe(model.evaluate(data).accuracy);
  });

  test("enter the Hessian", async () => {
    const model = await make({ loss: meanSquaredError(), regularizer: undefined as never });
    const regression = { x: batch.x, y: numbers(rows * 3, 4) };
    const v = numbers(model.parameters.length, 5);
    const product = (given: Batch): Float32Array => {
      const out = new Float32Array(v.length);
      model.objective(given).hessianVector(model.parameters.slice(), v, out);
      return out;
    };
    const twice = product({ ...regression, weights: [2, 2, 2, 2, 2, 2] });
    for (const [i, value] of product(regression).entries()) expect(twice[i]).toBeCloseTo(2 * value, 5);
  });

  test.each(["hessian", "gaussNewton"] as const)(
    "enter the objective of a data set, with %s products",
    async (curvature) => {
      const model = await make();
      const all = Array.from({ length: data.size }, (_, i) => i / 3);
      const set = { ...data, weights: Float32Array.from(all) };
      const [whole, one] = [
        datasetObjective(model, set, { batchSize: 4, curvature }),
        model.objective({ x: data.x, y: data.y, weights: all }),
      ];
      const theta = model.parameters.slice();
      const v = numbers(theta.length, 5);
      const [a, b] = [new Float32Array(theta.length), new Float32Array(theta.length)];
      expect(whole.gradient(theta, a)).toBeCloseTo(one.gradient(theta, b), 5);
      for (const [i, value] of b.entries()) expect(a[i]).toBeCloseTo(value, 5);
      // The network is linear in θ: both products are one.
      whole.hessianVector(theta, v, a);
      one.hessianVector(theta, v, b);
      for (const [i, value] of b.entries()) expect(a[i]).toBeCloseTo(value, 5);
    },
  );

  test("cost a model without them nothing: its programs know no weights", async () => {
    const model = await make();
    expect(formatProgram(model.program("train", rows))).not.toContain("weights");
    expect(formatProgram(model.program("weighted train", rows))).toContain("weights");
  });

  test("are the same for a batch that is done in parts", async () => {
    const sets = { ...data, weights: Float32Array.from({ length: data.size }, (_, i) => i / 3) };
    const [whole, parts] = [await make(), await make({ microBatch: 4 })];
    expect(parts.step({ ...batch, weights })).toBeCloseTo(whole.step({ ...batch, weights }), 6);
    for await (const _ of whole.fit(sets, { batchSize: 7 }));
    for await (const _ of parts.fit(sets, { batchSize: 7 }));
    for (const [i, value] of whole.parameters.entries()) expect(parts.parameters[i]).toBeCloseTo(value, 6);
  });

  test("are profiled", async () => {
    const model = await make();
    expect((await model.profile({ ...batch, weights }, { rounds: 1 })).calls.length).toBeGreaterThan(0);
  });

  const scalar: LossFunction = (p, t) => ops.mean(ops.square(ops.sub(p, t)));
  const losses: readonly (readonly [string, Loss | LossFunction, Batch["y"], boolean])[] = [
    ["crossEntropy", crossEntropy({ classWeights: [1, 2, 3] }), batch.y, true],
    ["binaryCrossEntropy", binaryCrossEntropy(), numbers(rows * 3, 4).map((v) => Number(v > 0)), true],
    ["a function of one number an example", (p, t) => ops.mean(ops.square(ops.sub(p, t)), 1), numbers(18, 4), true],
    ["a function of one number a batch", scalar, numbers(18, 4), false],
  ];
  test.each(losses)("%s", async (_name, loss, y, weighable) => {
    const model = await make({ loss });
    const weighted = { x: batch.x, y, weights };
    if (weighable) expect(Number.isFinite(model.step(weighted))).toBe(true);
    else {
      const says =
        /^weights and scores of examples: the loss ".*" gives one number a batch, \[\]; have it return one number an example/;
      await expectRefusal(() => model.step(weighted), says);
      expect(model.steps).toBe(0);
      // One row is no exception.
      await expectRefusal(() => model.step({ x: numbers(4, 1), y: numbers(3, 1), weights: [1] }), says);
    }
  });
});

describe("a model in a worker", () => {
  const built: string = "../../dist/index.js";
  test.each([1, 2])("with %d threads weights as one here does", async (threads) => {
    const library = (await import(/* @vite-ignore */ built)) as typeof import("../../src/index.ts");
    const same = { ...options, network: library.dense(3), loss: library.crossEntropy(), optimizer: library.sgd() };
    const [here, there] = [await library.createModel(same), await library.createRemoteModel({ ...same, threads })];
    const weighted = { ...batch, weights };
    const set = { ...data, weights: Float32Array.from({ length: data.size }, (_, i) => i / 3) };
    expect(await there.step(weighted)).toBeCloseTo(here.step(weighted), 6);
    expect((await there.evaluate(set)).loss).toBeCloseTo(here.evaluate(set).loss, 6);
    for await (const { loss } of here.fit(set, { batchSize: 4 }))
      for await (const other of there.fit(set, { batchSize: 4 })) expect(other.loss).toBeCloseTo(loss, 6);
    expect((await there.profile(weighted, { rounds: 1 })).batch).toBe(rows);
    const theta = here.parameters.slice();
    const gradient = new Float32Array(theta.length);
    const loss = here.objective(weighted).gradient(theta, gradient);
    const answer = await there.objective(weighted).gradient(theta);
    expect(answer.loss).toBe(loss);
    expect(answer.gradient).toEqual(gradient);
    await expectRefusal(
      () => there.step({ ...batch, weights: [-1, 1, 1, 1, 1, 1] }),
      "weights[0] = -1 is not a finite number ≥ 0",
    );
    await expectRefusal(
      () => there.objective({ ...batch, weights: [0, 0] }).loss(theta),
      "6 examples need as many weights, got 2",
    );
    await expectRefusal(() => there.objective({ ...batch, weights: any(3) }), "objective: weights must be an array");
    there.close();
  });
});

describe("weights that are none are refused", () => {
  const bad: readonly (readonly [string, unknown, string | RegExp])[] = [
    ["too few", [1], "2 examples need as many weights, got 1"],
    ["negative", [1, -1], "weights[1] = -1 is not a finite number ≥ 0"],
    ["NaN", [Number.NaN, 1], "weights[0] = NaN is not a finite number ≥ 0"],
    ["beyond f32", [1, 1e39], "weights[1] = 1e+39 is not a finite number ≥ 0"],
    ["all zero", [0, 0], "all weights are 0"],
    ["zero in f32", [1e-60, 0], "all weights are 0"],
    ["text", ["1", 1], 'weights[0] = "1" is not a number'],
    ["no array", 1, "weights must be an array of numbers, got 1"],
  ];
  const two = { x: numbers(8, 2), y: [2, 0] };
  test.each(bad)("%s", async (_what, value, says) => {
    const { model, intact } = await guarded();
    for (const call of ["step", "profile"] as const)
      await expectRefusal(() => model[call]({ ...two, weights: any(value) }), says);
    await expectRefusal(() => model.objective({ ...two, weights: any(value) }), says);
    await expectRefusal(() => arrayDataset({ ...two, shape: [4], weights: any(value) }), says);
    const made = { ...arrayDataset({ ...two, shape: [4] }), weights: any(value) };
    await expectRefusal(() => model.evaluate(made), says);
    await expectRefusal(() => model.fit(made).next(), says);
    await expectRefusal(() => model.fit(data, { validation: made }).next(), says);
    await intact();
  });
});
