// Losses against their formulas in double precision, the accuracy that goes with them, and what they refuse.
import { describe, expect, test } from "vitest";
import {
  arrayDataset,
  binaryCrossEntropy,
  crossEntropy,
  dense,
  exponential,
  hinge,
  huber,
  type Loss,
  type LossFunction,
  logistic,
  type Model,
  meanAbsoluteError,
  meanSquaredError,
  ops,
  relaxedZeroOne,
  smoothHinge,
  squaredHinge,
} from "../../src/index.ts";
import * as metrics from "../../src/metrics/index.ts";
import { softplus } from "../kernels/oracle.ts";
import { netOf, numbers } from "../nn/net.ts";

/** A network that hands its input on. */
async function identity(width: number, loss: Loss | LossFunction): Promise<Model> {
  const model = await netOf([width], dense(width, { bias: false }), { loss });
  model.parameters = Float32Array.from({ length: width * width }, (_, i) => Number(i % (width + 1) === 0));
  return model;
}
const lossOf = async (
  width: number,
  loss: Loss | LossFunction,
  x: ArrayLike<number>,
  y: ArrayLike<number>,
): Promise<number> => {
  const model = await identity(width, loss);
  return model.objective({ x, y }).loss(model.parameters.slice());
};

/** f32: a few roundings an element, of numbers the size of the largest. */
const close = (got: number, expected: number, size = Math.abs(expected)): void =>
  expect(Math.abs(got - expected), `${got}, expected ${expected}`).toBeLessThanOrEqual(
    8 * 2 ** -24 * Math.max(size, 2 ** -10),
  );

const rows = 5;
const classes = 4;
const logits = numbers(rows * classes, 1, -4, 4);
const labels = [3, 0, 1, 2, 3];
const mean = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0) / list.length;
const row = (values: ArrayLike<number>, i: number, width = classes): number[] =>
  Array.from({ length: width }, (_, j) => values[i * width + j] as number);
const logSoftmax = (x: readonly number[]): number[] => {
  const top = Math.max(...x);
  const total = Math.log(x.reduce((sum, value) => sum + Math.exp(value - top), 0)) + top;
  return x.map((value) => value - total);
};
const crossEntropyOf = (x: ArrayLike<number>, target: (i: number) => readonly number[]): number =>
  mean(
    Array.from(
      { length: x.length / classes },
      (_, i) => -logSoftmax(row(x, i)).reduce((sum, l, j) => sum + l * (target(i)[j] as number), 0),
    ),
  );
const oneHot = (i: number): number[] => Array.from({ length: classes }, (_, j) => Number(labels[i] === j));

describe("crossEntropy", () => {
  test("is −log softmax at the label", async () => {
    close(await lossOf(classes, crossEntropy(), logits, labels), crossEntropyOf(logits, oneHot));
  });

  test.each([0.1, 0.5, 0.99])("with smoothing %d mixes in the even distribution", async (smoothing) => {
    const target = (i: number): number[] => oneHot(i).map((t) => t * (1 - smoothing) + smoothing / classes);
    close(await lossOf(classes, crossEntropy({ smoothing }), logits, labels), crossEntropyOf(logits, target), 4);
    // The same of distributions: smoothing acts on those too.
    const y = labels.flatMap((_, i) => oneHot(i));
    close(
      await lossOf(classes, crossEntropy({ smoothing, targets: "probabilities" }), logits, y),
      crossEntropyOf(logits, target),
      4,
    );
  });

  test("of distributions is −Σ p·log softmax", async () => {
    const raw = numbers(rows * classes, 2, 0, 1);
    const y = raw.map((value, at) => value / row(raw, Math.floor(at / classes)).reduce((a, b) => a + b));
    close(
      await lossOf(classes, crossEntropy({ targets: "probabilities" }), logits, y),
      crossEntropyOf(logits, (i) => row(y, i)),
      4,
    );
  });

  test("neither overflows nor loses a small loss", async () => {
    close(await lossOf(2, crossEntropy(), [1000, 0, -1000, -2000], [1, 1]), 1000);
    // log(1 + e⁻¹²): seen only if log-sum-exp minus the logit is exact near zero
    close(await lossOf(2, crossEntropy(), [12, 0], [0]), Math.log1p(Math.exp(-12)), 12);
    expect(await lossOf(2, crossEntropy(), [300, 0], [0])).toBe(0);
  });

  test("counts the first largest logit as the answer", async () => {
    const model = await identity(3, crossEntropy());
    const data = arrayDataset({ x: [1, 2, 3, 3, 3, 0, 5, 1, 2], y: [2, 0, 1], shape: [3] });
    expect(model.evaluate(data).accuracy).toBe(2 / 3);
  });

  test("asks for two classes and an output of [batch, classes], naming the remedy", async () => {
    await expect(netOf([2], dense(1), { loss: crossEntropy() })).rejects.toThrow(
      /crossEntropy: expected a network output of \[batch, classes\] with at least 2 classes, got \[1,1\].*use binaryCrossEntropy\(\) for one logit/,
    );
    await expect(netOf([2, 2], dense(3), { loss: crossEntropy() })).rejects.toThrow(
      /got \[1,2,3\]; end the network with flatten\(\) and dense\(classes\)/,
    );
  });
});

describe("binaryCrossEntropy", () => {
  const y = [0, 1, 0.25, 1, 0];
  test("is −y·log σ(x) − (1 − y)·log(1 − σ(x)), the mean over outputs and examples", async () => {
    const x = [-3, 2, 0.5, -0.7, 4];
    const exact = mean(x.map((value, i) => softplus(value) - value * (y[i] as number)));
    close(await lossOf(1, binaryCrossEntropy(), x, y), exact, 4);
    close(await lossOf(5, binaryCrossEntropy(), x, y), exact, 4);
  });

  test("does not overflow", async () => {
    close(await lossOf(1, binaryCrossEntropy(), [1000, -1000], [0, 1]), 1000);
    expect(await lossOf(1, binaryCrossEntropy(), [1000, -1000], [1, 0])).toBe(0);
  });

  test("counts a logit above zero as a yes", async () => {
    const data = arrayDataset({ x: [2, -1, 3, -0.5], y: [1, 0, 0, 1], shape: [1], targetShape: [1] });
    expect((await identity(1, binaryCrossEntropy())).evaluate(data).accuracy).toBe(0.5);
  });

  test("takes labels 0 and 1 of a data set made without targetShape for what they are, or refuses them", async () => {
    const model = await identity(1, binaryCrossEntropy());
    const x = [2, -1, 3, -0.5];
    const values = arrayDataset({ x, y: [1, 0, 0, 1], shape: [1], targetShape: [1] });
    let judged: unknown;
    try {
      judged = model.evaluate(arrayDataset({ x, y: [1, 0, 0, 1], shape: [1] }));
    } catch (error) {
      expect((error as Error).message).toMatch(/^evaluate: .*targetShape/);
      return;
    }
    expect(judged).toEqual(model.evaluate(values));
  });
});

describe("losses of values", () => {
  const x = [0.5, -2, 3, 0, 1.25, -0.5];
  const y = [1, -2, 0.5, 0, -1, 2.5];
  const residuals = x.map((value, i) => value - (y[i] as number));
  const cases: readonly (readonly [string, Loss, (r: number) => number])[] = [
    ["meanSquaredError", meanSquaredError(), (r) => r * r],
    ["meanAbsoluteError", meanAbsoluteError(), Math.abs],
    ["huber", huber(), (r) => (Math.abs(r) <= 1 ? (r * r) / 2 : Math.abs(r) - 0.5)],
    ["huber, delta 2", huber({ delta: 2 }), (r) => (Math.abs(r) <= 2 ? (r * r) / 2 : 2 * (Math.abs(r) - 1))],
  ];

  test.each(cases)("%s is the mean over outputs and examples", async (_name, loss, term) => {
    for (const width of [1, 2, 3, 6]) close(await lossOf(width, loss, x, y), mean(residuals.map(term)));
  });

  test.each(cases)("%s has no accuracy", async (_name, loss) => {
    const model = await identity(1, loss);
    expect(Object.keys(model.evaluate(arrayDataset({ x, y, shape: [1], targetShape: [1] })))).toEqual(["loss"]);
  });

  test("hinge is max(0, 1 − y·f), and right where the signs agree", async () => {
    const model = await identity(1, hinge());
    const data = arrayDataset({ x: [0.5, -2, 3, 0.25], y: [1, 1, -1, -1], shape: [1], targetShape: [1] });
    expect(model.evaluate(data)).toEqual({ loss: (0.5 + 3 + 4 + 1.25) / 4, accuracy: 0.25 });
  });
});

test.each([hinge(), squaredHinge(), smoothHinge(), logistic(), exponential(), relaxedZeroOne(), binaryCrossEntropy()])(
  "$name takes a score of 0 for a no, as metrics do",
  async (loss) => {
    const model = await identity(1, loss);
    const no = loss.name === "binaryCrossEntropy" ? 0 : -1;
    const data = arrayDataset({ x: [0, 0, -0, 1, -1], y: [no, no, 1, 1, no], shape: [1], targetShape: [1] });
    const { accuracy, measured } = model.evaluate(data, { metrics: { measured: metrics.accuracy } });
    expect([accuracy, measured]).toEqual([0.8, 0.8]);
  },
);

describe("a loss of one's own", () => {
  test("may give one number an example, or their mean", async () => {
    const [x, y] = [
      [1, 2, 3],
      [0, 0, 1],
    ];
    expect(await lossOf(1, (p, t) => ops.reshape(ops.square(ops.sub(p, t)), [p.shape[0] as number]), x, y)).toBe(3);
    expect(await lossOf(1, (p, t) => ops.mean(ops.square(ops.sub(p, t))), x, y)).toBe(3);
  });

  test("is evaluated over all passes alike, whichever it gives", async () => {
    const x = numbers(600, 3);
    const data = arrayDataset({ x, y: new Float32Array(600), shape: [1], targetShape: [1] });
    const each = await identity(1, (p) => ops.reshape(ops.square(p), [p.shape[0] as number]));
    const whole = await identity(1, (p) => ops.mean(ops.square(p)));
    const exact = mean([...x].map((value) => value * value));
    close(each.evaluate(data).loss, exact);
    close(whole.evaluate(data).loss, exact);
  });

  test("that gives something else is refused when the model is made", async () => {
    for (const [loss, message] of [
      [() => undefined, "loss: expected a tensor made by operations, got undefined"],
      [() => 5, "loss: expected a tensor made by operations, got 5"],
      [
        (p: Parameters<LossFunction>[0]) => ops.square(p),
        "loss: expected a scalar or one number an example [2], got [2,3]",
      ],
      [(p: Parameters<LossFunction>[0]) => ops.argmax(p), "i32"],
      [
        "crossEntropy",
        'loss must be a loss such as crossEntropy() or a function (prediction, target) => tensor, got "crossEntropy"',
      ],
      [undefined, "loss must be a loss such as crossEntropy()"],
    ] as const)
      await expect(netOf([3], dense(3), { loss: loss as never })).rejects.toThrow(message);
  });
});

describe("a loss's options", () => {
  test.each([
    [() => crossEntropy({ smoothing: 1 }), "crossEntropy: smoothing must be in [0, 1), got 1"],
    [() => crossEntropy({ smoothing: "0.1" as never }), 'crossEntropy: smoothing must be in [0, 1), got "0.1"'],
    [
      () => crossEntropy({ smothing: 0.1 } as never),
      'crossEntropy: unknown option "smothing"; known are smoothing, targets',
    ],
    [
      () => crossEntropy({ targets: "onehot" as never }),
      'crossEntropy: targets must be "labels" or "probabilities", got "onehot"',
    ],
    [() => crossEntropy(0.1 as never), "crossEntropy: expected an object of options, got 0.1"],
    [() => huber({ delta: 0 }), "huber: delta must be a finite number > 0 that f32 can hold, got 0"],
    [() => huber({ delta: Number.POSITIVE_INFINITY }), "huber: delta must be a finite number > 0"],
    [() => huber(2 as never), "huber: expected an object of options, got 2"],
  ])("%# are checked", (call, message) => {
    expect(call).toThrow(message);
  });
});
