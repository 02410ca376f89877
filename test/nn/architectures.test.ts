// Ready-made networks: sizes against published counts, shapes, and what they refuse.
import { describe, expect, test } from "vitest";
import {
  arrayDataset,
  chain,
  convfc,
  createModel,
  crossEntropy,
  dense,
  flatten,
  type Layer,
  lenet5,
  type Model,
  mlp,
  relu,
  resnet,
  sgd,
} from "../../src/index.ts";
import { draw } from "../../src/training/blueprint.ts";
import { any, expectRefusal } from "../training/refuse.ts";
import { numbers } from "./net.ts";

const make = (input: readonly number[], network: Layer): Promise<Model> =>
  createModel({ input, network, loss: crossEntropy(), seed: 3, build: "strict" });
const count = async (input: readonly number[], network: Layer): Promise<number> =>
  (await make(input, network)).layout.reduce((sum, { size }) => sum + size, 0);

describe("mlp", () => {
  test("is dense layers with ReLU between them, over examples of any shape", async () => {
    const ready = await make([4, 3, 2], mlp([8, 5], { classes: 3 }));
    const built = await make([4, 3, 2], chain(flatten(), dense(8), relu(), dense(5), relu(), dense(3)));
    expect(ready.layout).toEqual(built.layout);
    const x = numbers(48, 2);
    expect(ready.predict(x)).toEqual(built.predict(x));
  });

  test.each([
    [[], 7850],
    [[128], 101_770],
    [[512, 512], 669_706],
  ])("of widths %j has %i parameters on MNIST", async (widths, parameters) => {
    expect(await count([28, 28, 1], mlp(widths))).toBe(parameters);
  });
});

describe("lenet5", () => {
  test("has the 61,706 parameters of LeNet-5 on MNIST", async () => {
    expect(await count([28, 28, 1], lenet5())).toBe(61_706);
    expect(await count([32, 32, 3], lenet5({ classes: 100 }))).toBe(456 + 2416 + 576 * 120 + 120 + 10_164 + 8500);
  });
});

describe("convfc", () => {
  test("has the shapes of dnn-mode-connectivity's, and its first kernels their spread", async () => {
    const model = await make([32, 32, 3], convfc());
    expect(model.layout.map(({ shape }) => shape)).toEqual([
      [5, 5, 3, 32], [32], [5, 5, 32, 64], [64], [5, 5, 64, 128], [128],
      [1152, 1000], [1000], [1000, 1000], [1000], [1000, 10], [10],
    ]); // biome-ignore format: convolutions, then dense layers
    expect(model.parameters.length).toBe(2_422_634);
    const { offset, size } = model.layout[4] as Model["layout"][number];
    const kernel = model.parameters.subarray(offset, offset + size);
    const variance = kernel.reduce((sum, value) => sum + value * value, 0) / size;
    // Of 204,800 draws: the mean square is within 2 % of 2/(5·5·128) but for one seed in 10⁹.
    expect(Math.abs(variance / (2 / (25 * 128)) - 1)).toBeLessThan(0.02);
  });
});

describe("resnet", () => {
  test.each([
    [20, 269_722],
    [32, 464_154],
    [56, 853_018],
  ])("of depth %i has the %i parameters of He and others, with skips and without", async (depth, parameters) => {
    expect(await count([32, 32, 3], resnet(depth))).toBe(parameters);
    expect(await count([32, 32, 3], resnet(depth, { skips: false }))).toBe(parameters);
  });

  /** A net whose convolutions are 0 but for the first, which passes the image on; class i sees channel i. */
  async function shortcutsOf(skips: boolean, input: readonly [number, number, number]): Promise<Model> {
    const model = await make(input, resnet(8, { skips, width: 1, classes: 4 }));
    for (const { name, offset, size, shape } of model.layout) {
      const values = model.parameters.subarray(offset, offset + size);
      if (shape.length === 4) values.fill(0);
      if (shape.length === 2) for (let i = 0; i < 16; i++) values[i] = i % 5 === 0 ? 1 : 0;
      if (name === model.layout[0]?.name) values[4] = 1;
    }
    return model;
  }

  test.each([
    [8, 8],
    [7, 5],
  ])("its shortcuts take every other pixel of %i × %i and put new channels on both sides", async (height, width) => {
    const x = numbers(height * width, 4, 0, 1);
    const seen = Array.from({ length: height * width }, (_, i) => i)
      .filter((i) => Math.floor(i / width) % 4 === 0 && (i % width) % 4 === 0)
      .map((i) => x[i] as number);
    const mean = seen.reduce((sum, value) => sum + value, 0) / seen.length;
    const [first, second, third, fourth] = (await shortcutsOf(true, [height, width, 1])).predict(x);
    // 1 channel → 2: [x, 0]; 2 → 4: [0, x, 0, 0]. Normalised by running statistics that are still 0 and 1 (+ ε).
    expect([first, third, fourth]).toEqual([0, 0, 0]);
    expect(second).toBeCloseTo(mean, 4);
    expect([...(await shortcutsOf(false, [height, width, 1])).predict(x)]).toEqual([0, 0, 0, 0]);
  });

  test.each([true, false])("learns, with skips: %s", async (skips) => {
    // Which half of an image is bright.
    const size = 32;
    const y = Int32Array.from({ length: size }, (_, i) => i % 2);
    const x = numbers(size * 64, 2, -0.5, 0.5).map(
      (v, i) => v + (Math.floor((i % 64) / 32) === y[Math.floor(i / 64)] ? 1 : 0),
    );
    const model = await createModel({
      input: [8, 8, 1],
      network: resnet(8, { width: 4, classes: 2, skips }),
      loss: crossEntropy(),
      optimizer: sgd({ learningRate: 0.05, momentum: 0.9 }),
      seed: 1,
      build: "strict",
    });
    const data = arrayDataset({ x, y, shape: [8, 8, 1] });
    const losses: number[] = [];
    for await (const { loss } of model.fit(data, { epochs: 15, batchSize: 8 })) losses.push(loss);
    expect(losses.at(-1)).toBeLessThan(0.1);
    expect(model.evaluate(data).accuracy).toBe(1);
  });
});

describe("ResNet-20, batch 128", () => {
  test.each([true, false])("trains in 300 MB and predicts in 45 MB, skips: %s", (skips) => {
    const blueprint = draw({
      input: [32, 32, 3],
      inputType: "f32",
      network: resnet(20, { skips }),
      loss: crossEntropy(),
      optimizer: sgd({ learningRate: 0.1 }),
    });
    expect(blueprint.program("train", 128).arenaBytes).toBeLessThanOrEqual(300e6);
    expect(blueprint.program("predict", 128).arenaBytes).toBeLessThanOrEqual(45e6);
  });
});

describe("architectures refuse", () => {
  test.each<[string, () => unknown, string | RegExp]>([
    [
      "no widths",
      () => mlp(any(undefined)),
      "mlp: widths must be an array of whole numbers ≥ 1, such as [128, 64], got undefined",
    ],
    ["a width of 0", () => mlp([8, 0]), "dense: units must be a whole number ≥ 1, got 0"],
    ["no classes", () => mlp([8], { classes: 0 }), "mlp: classes must be a whole number ≥ 1, got 0"],
    ["no classes for lenet5", () => lenet5({ classes: 1.5 }), "lenet5: classes must be a whole number ≥ 1, got 1.5"],
    [
      "an unknown option of convfc",
      () => convfc(any({ width: 8 })),
      'convfc: unknown option "width"; known are classes',
    ],
    [
      "a depth that is not 6n + 2",
      () => resnet(18),
      "resnet: depth must be a number 6n + 2, such as 20, 32, 44 or 56, got 18",
    ],
    ["a depth of 2", () => resnet(2), /^resnet: depth must be a number 6n \+ 2/],
    [
      "a depth in words",
      () => resnet("20" as never),
      'resnet: depth must be a number 6n + 2, such as 20, 32, 44 or 56, got "20"',
    ],
    ["skips by number", () => resnet(20, any({ skips: 1 })), "resnet: skips must be true or false, got 1"],
    ["a width of 0", () => resnet(20, { width: 0 }), "resnet: width must be a whole number ≥ 1, got 0"],
    ["an unknown option", () => mlp([8], any({ units: 3 })), 'mlp: unknown option "units"; known are classes'],
  ])("%s", async (_what, call, says) => {
    await expectRefusal(call, says);
  });
});
