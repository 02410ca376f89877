// Data sets and fits that cannot be: refused in words, before anything has changed.
import { describe, expect, test } from "vitest";
import {
  arrayDataset,
  binaryCrossEntropy,
  chain,
  createModel,
  crossEntropy,
  type Dataset,
  dense,
  flatten,
  hinge,
  type Model,
  meanSquaredError,
  ops,
  sgd,
} from "../../src/index.ts";
import { numbers } from "../nn/net.ts";
import { any, data, expectRefusal, guarded, labels, options, stateOf } from "./refuse.ts";

const x = numbers(40, 1);
const y = labels(10);

describe("arrayDataset refuses", () => {
  const given = { x, y, shape: [4] };
  const bytes = new Uint8Array(40);
  test.each<[string, unknown, string | RegExp]>([
    ["nothing", undefined, /^arrayDataset: expected an object of options, got undefined/],
    ["null", null, /^arrayDataset: expected an object of options, got null/],
    [
      "an unknown option",
      { ...given, targetshape: [1] },
      /^arrayDataset: unknown option "targetshape"; known are x, y, shape/,
    ],
    ["no shape", { x, y }, /^arrayDataset: shape must be an array of whole numbers ≥ 1.*got undefined/],
    [
      "a shape with a zero",
      { ...given, shape: [4, 0] },
      /^arrayDataset: shape must be an array of whole numbers ≥ 1.*got \[4,0\]/,
    ],
    [
      "a shape with NaN",
      { ...given, shape: [Number.NaN] },
      /^arrayDataset: shape must be an array of whole numbers ≥ 1.*got \[NaN\]/,
    ],
    [
      "a shape that is a number",
      { ...given, shape: 4 },
      /^arrayDataset: shape must be an array of whole numbers ≥ 1.*got 4/,
    ],
    [
      "a target shape with a fraction",
      { ...given, targetShape: [0.5] },
      /^arrayDataset: targetShape must be an array of whole numbers ≥ 1.*got \[0\.5\]/,
    ],
    ["no x", { y, shape: [4] }, /^arrayDataset: x must be /],
    ["text for x", { x: "1234", y: [0], shape: [4] }, /^arrayDataset: x must be /],
    [
      "f64 for x",
      { ...given, x: Float64Array.from(x) },
      "arrayDataset: x must be a Uint8Array, Float32Array, Int32Array or an array of numbers, got [object Float64Array]",
    ],
    ["text in x", { ...given, x: ["1", 2, 3, 4], y: [0] }, /^arrayDataset: x\[0\] = "?1"? is not a/],
    ["null in x", { ...given, x: [1, null, 3, 4], y: [0] }, /^arrayDataset: x\[1\] = null is not a/],
    ["arrays in x", { ...given, x: [[1], [2], [3], [4]], y: [0] }, /^arrayDataset: x\[0\] = .*1.* is not a/],
    ["NaN in x", { ...given, x: [1, 2, Number.NaN, 4], y: [0] }, "arrayDataset: x[2] = NaN is not a finite number"],
    [
      "an x beyond f32",
      { ...given, x: [1, 2, 3, 1e39], y: [0] },
      /^arrayDataset: x\[3\] = (Infinity|1e\+39) is not a finite number/,
    ],
    ["no examples", { ...given, x: [], y: [] }, "arrayDataset: x is empty; a data set needs at least one example"],
    [
      "part of an example",
      { ...given, x: x.subarray(1) },
      "arrayDataset: x has 39 numbers, not a multiple of the 4 that one example of shape [4] holds",
    ],
    ["no y", { x, shape: [4] }, /^arrayDataset: .*y/],
    ["too few labels", { ...given, y: y.subarray(1) }, "arrayDataset: 10 examples need 10 target numbers, y has 9"],
    ["a negative label", { ...given, x: x.subarray(0, 4), y: [-1] }, "arrayDataset: y[0] = -1 is not a label"],
    [
      "a label with a fraction",
      { ...given, x: x.subarray(0, 4), y: [0.5] },
      "arrayDataset: y[0] = 0.5 is not a label: whole numbers from 0; give targetShape for regression",
    ],
    [
      "a label of 2³²",
      { ...given, x: x.subarray(0, 4), y: [2 ** 32] },
      "arrayDataset: y[0] = 4294967296 is not a label",
    ],
    [
      "a label that is text",
      { ...given, x: x.subarray(0, 4), y: ["1"] },
      /^arrayDataset: y\[0\] = "1" is not a (label|number)/,
    ],
    [
      "a target that is NaN",
      { ...given, x: x.subarray(0, 4), y: [Number.NaN], targetShape: [1] },
      "arrayDataset: y[0] = NaN is not a finite number",
    ],
    [
      "a target beyond f32",
      { ...given, x: x.subarray(0, 4), y: [1e39], targetShape: [1] },
      /^arrayDataset: y\[0\] = (Infinity|1e\+39) is not a finite number/,
    ],
    [
      "a scale that is NaN",
      { ...given, x: bytes, scale: Number.NaN },
      /^arrayDataset: scale must be a finite number.*got NaN/,
    ],
    [
      "a scale for fewer channels than there are",
      { ...given, x: bytes, scale: [1, 2] },
      "arrayDataset: scale has 2 numbers for the 4 channels of an example",
    ],
    [
      "a shift that is infinite for one channel",
      { ...given, x: bytes, shift: [0, 0, Number.POSITIVE_INFINITY, 0] },
      "arrayDataset: shift[2] must be a finite number, got Infinity",
    ],
    [
      "a shift that is text",
      { ...given, x: bytes, shift: "1" },
      /^arrayDataset: shift must be a finite number.*got "1"/,
    ],
  ])("%s", async (_what, given, says) => {
    await expectRefusal(() => arrayDataset(any(given)), says);
  });
});

/** What both fit and evaluate refuse, said after the call's name. */
const badData: readonly (readonly [what: string, data: unknown, says: RegExp])[] = [
  ["nothing", undefined, /: expected a data set, got undefined; make one with arrayDataset/],
  ["null", null, /: expected a data set, got null/],
  ["a batch", { x, y }, /: /],
  ["text", "mnist", /: expected a data set, got "?mnist"?/],
  [
    "examples of another shape",
    arrayDataset({ x, y: labels(8), shape: [5] }),
    /: the data set's examples are \[5\], the model's input is \[4\]/,
  ],
  [
    "integers",
    arrayDataset({ x: new Int32Array(40), y, shape: [4] }),
    /: the data set holds integers, the model's input type is "f32"/,
  ],
  [
    "a label out of range",
    arrayDataset({ x, y: [0, 1, 2, 3, 0, 0, 0, 0, 0, 0], shape: [4] }),
    /: y\[3\] = 3 is not a label in \[0, 3\)/,
  ],
  [
    "values for labels",
    arrayDataset({ x, y: x.subarray(0, 10), shape: [4], targetShape: [1] }),
    /: the loss needs class labels, the data set has target values; make it without targetShape/,
  ],
  ["f64 examples, made by hand", { ...data, x: Float64Array.from(x) }, /: x /],
  ["u16 examples, made by hand", { ...data, x: new Uint16Array(40) }, /: x /],
  [
    "NaN, made by hand",
    { ...data, x: x.map((v, i) => (i === 9 ? Number.NaN : v)) },
    /: x\[9\] = NaN is not a finite number/,
  ],
  ["fewer examples than it says", { ...data, size: 11 }, /: x holds 40 numbers for 11 examples/],
  [
    "no examples",
    { ...data, size: 0, x: new Float32Array(0), y: new Int32Array(0) },
    /: the data set('s size must be a whole number ≥ 1, got 0| is empty)/,
  ],
  ["a size that is no number", { ...data, size: "10" }, /: /],
  ["no shape", { ...data, shape: undefined }, /: .*shape/],
  ["a scale that is NaN", { ...data, x: new Uint8Array(40), scale: Number.NaN }, /: .*scale/],
];
const fitting = (model: Model, ...list: unknown[]): Promise<unknown> =>
  any(model)
    .fit(...list)
    .next();

describe("evaluate refuses", () => {
  test.each(badData)("%s", async (_what, bad, says) => {
    const { model, intact } = await guarded();
    await expectRefusal(() => model.evaluate(any(bad)), new RegExp(`^evaluate${says.source}`));
    await intact();
  });
});

describe("fit refuses", () => {
  test.each(badData)("%s", async (_what, bad, says) => {
    const { model, intact } = await guarded();
    await expectRefusal(() => fitting(model, bad), new RegExp(`^fit${says.source}`));
    if (bad !== undefined)
      await expectRefusal(
        () => fitting(model, data, { validation: bad }),
        new RegExp(`^fit: validation${says.source}`),
      );
    await intact();
  });

  test.each<[string, unknown, string | RegExp]>([
    ["an unknown option", { epoch: 3 }, /^fit: unknown option "epoch"; known are epochs, batchSize, shuffle, /],
    ["options that are null", null, "fit: expected an object of options, got null"],
    ["options that are a number", 5, "fit: expected an object of options, got 5"],
    ["a batch size of 0", { batchSize: 0 }, "fit: batchSize must be a whole number ≥ 1, got 0"],
    ["a batch size of −1", { batchSize: -1 }, "fit: batchSize must be a whole number ≥ 1, got -1"],
    ["a batch size of 1.5", { batchSize: 1.5 }, "fit: batchSize must be a whole number ≥ 1, got 1.5"],
    ["a batch size of NaN", { batchSize: Number.NaN }, "fit: batchSize must be a whole number ≥ 1, got NaN"],
    ["a batch size of null", { batchSize: null }, "fit: batchSize must be a whole number ≥ 1, got null"],
    ["a batch size in words", { batchSize: "ALL" }, /^fit: batchSize must be a whole number ≥ 1.*got "?ALL"?/],
    ["epochs of 0", { epochs: 0 }, "fit: epochs must be a whole number ≥ 1, got 0"],
    [
      "epochs of Infinity",
      { epochs: Number.POSITIVE_INFINITY },
      "fit: epochs must be a whole number ≥ 1, got Infinity",
    ],
    ["epochs of null", { epochs: null }, "fit: epochs must be a whole number ≥ 1, got null"],
    [
      "to augment numbers",
      { augment: { flip: true } },
      "fit: augment: crop and flip work on images of bytes, the data set holds numbers; give it a Uint8Array",
    ],
    ["an augmentation by name", { augment: "flip" }, 'fit: augment: expected an object of options, got "flip"'],
    ["an augmentation that is null", { augment: null }, "fit: augment: expected an object of options, got null"],
    [
      "an unknown augmentation",
      { augment: { rotate: 5 } },
      'fit: augment: unknown option "rotate"; known are crop, flip',
    ],
    ["a crop of −1", { augment: { crop: -1 } }, "fit: augment: crop must be a whole number ≥ 0, got -1"],
    ["a crop of 1.5", { augment: { crop: 1.5 } }, "fit: augment: crop must be a whole number ≥ 0, got 1.5"],
    ["noise of −1", { augment: { noise: -1 } }, "fit: augment: noise must be ≥ 0, got -1"],
    ["a cutout of ½", { augment: { cutout: 0.5 } }, "fit: augment: cutout must be a whole number ≥ 0, got 0.5"],
    ["a mixup of 2", { augment: { mixup: 2 } }, "fit: augment: mixup must be in [0, 1], got 2"],
    ["a zoom", { augment: { zoom: 2 } }, 'fit: augment: unknown option "zoom"; known are crop, flip, shift, noise'],
    ["a flip of 1", { augment: { flip: 1 } }, "fit: augment: flip must be true or false, got 1"],
    ["reports every 0", { reportEvery: 0 }, "fit: reportEvery must be a whole number ≥ 1, got 0"],
    ["shuffle in words", { shuffle: "no" }, /^fit: shuffle must be true or false, got "?no"?/],
    ["a signal that is none", { signal: {} }, /^fit: signal must be an AbortSignal/],
    ["the controller for its signal", { signal: new AbortController() }, /^fit: signal must be an AbortSignal/],
  ])("%s", async (_what, bad, says) => {
    const { model, intact } = await guarded();
    await expectRefusal(() => fitting(model, data, bad), says);
    await intact();
  });
});

describe("fit refuses to augment", () => {
  const bytes = new Uint8Array(40);
  test.each<[string, readonly number[], Dataset, unknown, string | RegExp]>([
    [
      "bytes that are no images",
      [4],
      arrayDataset({ x: bytes, y, shape: [4] }),
      { flip: true },
      "fit: augment needs images of shape [height, width, channels], the data set has [4]; give that shape, as mnist({ shape: [28, 28, 1] })",
    ],
    [
      "by a crop as large as the image",
      [2, 2, 1],
      arrayDataset({ x: bytes, y, shape: [2, 2, 1] }),
      { crop: 2 },
      "fit: augment: a crop of 2 pixels would leave nothing of images of 2 × 2; give less than 2",
    ],
    [
      "by a shift as large as the image",
      [2, 2, 1],
      arrayDataset({ x: numbers(40, 1), y, shape: [2, 2, 1] }),
      { shift: 3 },
      "fit: augment: a shift of 3 pixels would leave nothing of images of 2 × 2; give less than 2",
    ],
    [
      "labels, by mixing them",
      [4],
      data,
      { mixup: 0.2 },
      'fit: augment: mixup makes targets that lie between others, and the loss wants labels; use crossEntropy({ targets: "probabilities" }) and oneHot(data)',
    ],
  ])("%s", async (_what, input, images, augment, says) => {
    const { model, intact } = await guarded({ input, network: chain(flatten(), dense(3)), loss: crossEntropy() });
    await expectRefusal(() => fitting(model, images, { augment }), says);
    await intact();
  });
});

describe("targets that do not suit the loss", () => {
  const one = (loss: typeof options.loss): Promise<Model> => createModel({ ...options, loss, network: dense(1) });
  const targets = (y: ArrayLike<number>): Dataset =>
    arrayDataset({ x: x.subarray(0, 8), y, shape: [4], targetShape: [1] });

  test("values outside [0, 1] are refused by binaryCrossEntropy, outside {−1, 1} by hinge", async () => {
    const bce = await one(binaryCrossEntropy());
    await expectRefusal(() => bce.evaluate(targets([0, 2])), "evaluate: y[1] = 2 is outside [0,1]");
    await expectRefusal(() => bce.step({ x: x.subarray(0, 8), y: [-1, 1] }), "step: y[0] = -1 is outside [0,1]");
    const svm = await one(hinge());
    await expectRefusal(() => svm.evaluate(targets([1, 2])), "evaluate: y[1] = 2 ");
    await expectRefusal(() => svm.evaluate(targets([1, 0])), "evaluate: y[1] = 0 "); // classes named 0 and 1
  });

  test("labels are never taken for the bits of numbers", async () => {
    const model = await one(meanSquaredError());
    const whole = arrayDataset({ x: x.subarray(0, 8), y: [3, 1], shape: [4] });
    const judged = await Promise.resolve()
      .then(() => model.evaluate(whole))
      .catch((error: Error) => error.message);
    if (typeof judged === "string") expect(judged).toMatch(/^evaluate: .*targetShape/);
    else expect(judged).toEqual(model.evaluate(targets([3, 1])));
  });
});

describe("a loss that is not finite stops fit", () => {
  test("with the step, the batch, and the first operation it came from", async () => {
    // log of a negative number, once b has been learnt down below zero: at θ = 1 − 0.5·k, so in the third step
    const model = await createModel({
      ...options,
      input: [1],
      network: {
        name: "shift",
        apply: (x, c) =>
          ops.add(
            ops.mul(0, x),
            c.parameter("b", [1], (_shape, draw) => draw.uniform(1, 1, 1)),
          ),
      },
      loss: (p) => ops.add(ops.mean(p), ops.mul(0, ops.mean(ops.log(p)))),
      optimizer: sgd({ learningRate: 0.5 }),
    });
    model.parameters = [1.25];
    const zeros = arrayDataset({ x: new Float32Array(5), y: new Float32Array(5), shape: [1], targetShape: [1] });
    const thetas: number[] = [];
    const run = async (): Promise<void> => {
      for await (const report of model.fit(zeros, { epochs: 5, batchSize: 2, reportEvery: 1 }))
        if (report.kind === "step") thetas.push(model.parameters[0] as number);
    };
    await expectRefusal(
      run,
      /^fit: the loss is NaN at step 4 \(epoch 2, batch 1 of 3\); the first value that is not finite came from log \[2,1\]; lower the learning rate \(now 0\.5\)/,
    );
    expect(thetas).toEqual([0.75, 0.25, -0.25]);
    expect(stateOf(model)).toEqual({ theta: Float32Array.of(-0.25), learningRate: 0.5, steps: 3 });
    model.parameters = [10];
    expect((await model.fit(zeros).next()).value).toMatchObject({ kind: "epoch", epoch: 1, step: 4 });
  });

  test("naming the parameter, where the step before made that infinite", async () => {
    const model = await createModel({
      ...options,
      network: dense(3),
      loss: meanSquaredError(),
      optimizer: sgd({ learningRate: 3e38 }),
    });
    const values = arrayDataset({ x: x.map((v) => v * 100), y: numbers(30, 3, 50, 100), shape: [4], targetShape: [3] });
    await expectRefusal(async () => {
      for await (const _ of model.fit(values, { epochs: 9, batchSize: 5, shuffle: false }));
    }, /^fit: the loss is (NaN|Infinity) at step 2 .* came from parameter weights, which the step before left so/);
    expect(model.steps).toBe(1);
  });
});
