// Metrics of plain arrays: by hand, against scikit-learn (test/golden/metrics.py), and what they refuse.
import { describe, expect, test } from "vitest";
import * as metrics from "../../src/metrics/index.ts";
import golden from "../golden/metrics.json" with { type: "json" };

const { accuracy, calibrationError, confusionMatrix, f1, logLoss, precision, recall, rocAuc, topKAccuracy } = metrics;
const { meanAbsoluteError, r2, rootMeanSquaredError, zeroOneLoss } = metrics;

/** Sums of 120 doubles in another order. */
const close = (got: number, expected: number): void =>
  expect(Math.abs(got - expected), `${got}, expected ${expected}`).toBeLessThan(1e-13);

describe("by hand", () => {
  const targets = [1, 1, 1, 0, 0, 1];
  const predictions = [1, 0, 1, 1, 0, 1];
  test("decisions of two classes", () => {
    expect(accuracy(predictions, targets)).toBe(4 / 6);
    expect(zeroOneLoss(predictions, targets)).toBe(2 / 6);
    expect(confusionMatrix(predictions, targets)).toEqual([
      [1, 1],
      [1, 3],
    ]);
    expect(precision(predictions, targets)).toBe(3 / 4);
    expect(recall(predictions, targets)).toBe(3 / 4);
    expect(f1(predictions, targets)).toBe(3 / 4);
    expect(recall(predictions, targets, { average: "macro" })).toBe((1 / 2 + 3 / 4) / 2);
    expect(f1(predictions, targets, { average: "micro" })).toBe(4 / 6);
  });

  test("classes may be many and far apart", () => {
    const labels = Int32Array.from({ length: 40_000 }, (_, i) => (i % 20_000) * 100_000);
    const guesses = labels.map((label, i) => (i % 4 === 0 ? (labels[i + 1] as number) : label));
    // Of 5000 labels none was right; 5000 of the others were predicted twice as often as they are there.
    for (const metric of [precision, recall, f1]) expect(metric(guesses, labels, { average: "micro" })).toBe(0.75);
    expect(recall(guesses, labels, { average: "macro" })).toBe(0.75);
    expect(precision(guesses, labels, { average: "weighted" })).toBe((10_000 + 5000 / 2) / 20_000);
    expect(f1([7, 2 ** 31 - 1], [2 ** 31 - 1, 2 ** 31 - 1], { average: "weighted" })).toBe(2 / 3);
    expect(confusionMatrix([4095], [4095])).toHaveLength(4096);
  });

  test("of equal scores the first class is the answer", () => {
    expect(accuracy([1, 1, 0, 0, 2, 2], [0, 1])).toBe(1);
    expect(topKAccuracy([1, 1, 0, 0, 2, 2], [0, 2], { k: 1 })).toBe(0.5);
    expect(topKAccuracy([1, 1, 0, 0, 2, 2], [1, 2], { k: 2 })).toBe(1);
  });

  test("a probability of exactly one half is a no", () => {
    expect(accuracy([0.5, 0.51], [0, 1])).toBe(1);
  });

  test("what is 0/0 counts as 0", () => {
    expect(precision([0, 0], [1, 0])).toBe(0);
    expect(f1([0, 0], [0, 0])).toBe(0);
  });

  test("the ROC curve is a half where all scores are equal, 1 where they are in order", () => {
    expect(rocAuc([3, 3, 3], [0, 1, 1])).toBe(0.5);
    expect(rocAuc([-2, 7, 9], [0, 1, 1])).toBe(1);
    expect(rocAuc([1, 2, 2, 3], [0, 1, 0, 1])).toBe(3.5 / 4);
  });

  test("log loss and calibration", () => {
    expect(logLoss([0.25, 0.5], [1, 0])).toBe((2 * Math.LN2 + Math.LN2) / 2);
    expect(logLoss([0], [1])).toBe(52 * Math.LN2);
    // Sure to 0.8 twice and right once; sure to 0.6 once, rightly: |1.6 − 1| + |0.6 − 1|, over 3.
    close(calibrationError([0.8, 0.8, 0.4], [1, 0, 0], { bins: 10 }), (0.6 + 0.4) / 3);
    expect(calibrationError([1, 0], [1, 0])).toBe(0);
  });

  test("regression", () => {
    expect(meanAbsoluteError([1, 2, 5], [1, 4, 4])).toBe(1);
    expect(rootMeanSquaredError([1, 2, 5], [1, 4, 4])).toBe(Math.sqrt(5 / 3));
    expect(r2([2, 2, 2], [1, 2, 3])).toBe(0);
    expect(r2([1, 2, 3], [1, 2, 3])).toBe(1);
    expect(r2([3, 3], [3, 3])).toBe(1);
    expect(r2([3, 4], [3, 3])).toBe(0);
    expect(r2([1, 5, 2, 5], [1, 4, 2, 6], { outputs: 2 })).toBe((1 + (1 - 2 / 2)) / 2);
  });
});

describe("scikit-learn's", () => {
  const { multi, two, three, regression } = golden;
  test("decisions of many classes, one never predicted and one never there", () => {
    expect(accuracy(multi.scores, multi.labels)).toBe(multi.accuracy);
    close(zeroOneLoss(multi.probabilities, multi.labels), multi.zeroOneLoss);
    expect(topKAccuracy(multi.scores, multi.labels, { k: 2 })).toBe(multi.top2);
    expect(topKAccuracy(multi.scores, multi.labels, { k: 3 })).toBe(multi.top3);
    expect(confusionMatrix(multi.scores, multi.labels)).toEqual(multi.confusion);
    for (const average of ["macro", "micro", "weighted"] as const) {
      close(precision(multi.scores, multi.labels, { average }), multi.precision[average]);
      close(recall(multi.scores, multi.labels, { average }), multi.recall[average]);
      close(f1(multi.scores, multi.labels, { average }), multi.f1[average]);
    }
  });

  test("decisions of two classes", () => {
    expect(accuracy(two.probabilities, two.labels)).toBe(two.accuracy);
    for (const average of ["binary", "macro", "micro", "weighted"] as const) {
      close(precision(two.probabilities, two.labels, { average }), two.precision[average]);
      close(recall(two.probabilities, two.labels, { average }), two.recall[average]);
      close(f1(two.probabilities, two.labels, { average }), two.f1[average]);
    }
  });

  test("likelihoods", () => {
    close(logLoss(multi.probabilities, multi.labels), multi.logLoss);
    close(logLoss(two.probabilities, two.labels), two.logLoss);
    close(calibrationError(multi.probabilities, multi.labels), multi.calibration);
    close(calibrationError(multi.probabilities, multi.labels, { bins: 4 }), multi.calibration4);
    close(calibrationError(two.probabilities, two.labels), two.calibration);
    close(rocAuc(two.scores, two.labels), two.auc);
    close(rocAuc(three.probabilities, three.labels), three.auc);
  });

  test("regression", () => {
    const { predictions, targets } = regression;
    close(meanAbsoluteError(predictions, targets), regression.meanAbsoluteError);
    close(rootMeanSquaredError(predictions, targets), regression.rootMeanSquaredError);
    close(r2(predictions, targets), regression.r2);
    close(r2(predictions, targets, { outputs: 2 }), regression.r2OfTwo);
  });

  test("one number or two for two classes are the same", () => {
    const both = two.probabilities.flatMap((q) => [1 - q, q]);
    for (const metric of [accuracy, f1, logLoss, calibrationError, rocAuc])
      close(metric(both, two.labels), metric(two.probabilities, two.labels));
  });
});

test.each([
  [() => accuracy([], []), "accuracy: targets is empty; there is nothing to judge"],
  [() => accuracy([1, 0, 1], [1, 0]), "accuracy: 3 predictions do not fit 2 targets"],
  [() => accuracy([1, Number.NaN], [1, 0]), "accuracy: predictions[1] = NaN is not a finite number"],
  [() => accuracy("10" as never, [1, 0]), 'accuracy: predictions must be an array of numbers, got "10"'],
  [() => accuracy([1, 1], [1, -1]), "accuracy: targets[1] = -1 is not a label; labels are whole numbers from 0"],
  [
    () => confusionMatrix([4096], [0]),
    "confusionMatrix: 4097 classes make 4097 × 4097 counts; the most are 4096 classes. Number those",
  ],
  [
    () => f1([0, 3e9], [0, 1]),
    "f1: predictions[1] = 3000000000 is not a label; labels are whole numbers from 0 to 2^31 − 1",
  ],
  [() => f1([0, 1], [0, 20_000]), 'f1: there are 20001 classes; give average: "macro", "micro" or "weighted"'],
  [() => accuracy([0.5, 1.5], [1, 0]), "accuracy: predictions[1] = 1.5 is not a probability; give probabilities"],
  [() => accuracy([0.5, 0.5], [1, 2]), "accuracy: targets[1] = 2 is not a label of the 2 classes that are predicted"],
  [() => confusionMatrix([1, 2, 3, 4], [0, 2]), "targets[1] = 2 is not a label of the 2 classes"],
  [() => f1([0, 2], [1, 2]), 'f1: there are 3 classes; give average: "macro", "micro" or "weighted"'],
  [() => f1([0, 1], [1, 1], { average: "mean" as never }), 'f1: average must be "binary" or "macro"'],
  [() => topKAccuracy([1, 0], [1, 0], { k: 1 }), "topKAccuracy: predictions hold one number an example"],
  [() => topKAccuracy([1, 0, 1, 0], [1, 0]), "the label is always among the first 5 of 2 classes; give a smaller k"],
  [() => rocAuc([0.1, 0.2], [1, 1]), "rocAuc: every target is of class 1"],
  [() => rocAuc([0.1, 0.2], [0, 0]), "rocAuc: no target is of class 1"],
  [() => logLoss([2, -1, 0, 1], [1, 0]), "logLoss: predictions[0] = 2 is not a probability"],
  [() => logLoss([0.5, 0.4], [1]), "logLoss: predictions[0] to [1] add up to 0.9, not to 1"],
  [() => calibrationError([0.5], [1], { bins: 0 }), "calibrationError: bins must be a whole number ≥ 1, got 0"],
  [() => r2([1], [1]), "r2: 1 targets are not two or more examples of 1 outputs"],
  [() => r2([1, 2, 3], [1, 2, 3], { outputs: 2 }), "r2: 3 targets are not two or more examples of 2 outputs"],
  [() => meanAbsoluteError([1, 2], [1]), "meanAbsoluteError: 2 predictions for 1 targets"],
])("what does not fit is refused: %#", (call, message) => {
  expect(call).toThrow(message);
});
