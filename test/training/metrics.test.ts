// Metrics through evaluate and fit: what they are given, over any passes, in a worker as here.
import { describe, expect, test } from "vitest";
import type { Loss, LossFunction, Metric, ModelOptions } from "../../src/index.ts";
import { accuracy, calibrationError, confusionMatrix, f1, logLoss, r2, rocAuc } from "../../src/metrics/index.ts";
import { numbers } from "../nn/net.ts";

// Built, for its workers.
const built: string = "../../dist/index.js";
const library = (await import(/* @vite-ignore */ built)) as typeof import("../../src/index.ts");
const { arrayDataset, createModel, createRemoteModel, dense, ops } = library;
const { binaryCrossEntropy, crossEntropy, exponential, hinge, klDivergence, meanSquaredError } = library;

const rows = 600; // three passes, the last one short
const x = numbers(rows * 4, 1);
const labels = Array.from({ length: rows }, (_, i) => (i * i + (i >> 2)) % 3);
const set = arrayDataset({ x, y: labels, shape: [4] });
const three: ModelOptions = { input: [4], network: dense(3), loss: crossEntropy(), build: "strict", seed: 3 };
/** What a metric is given. */
const given: Metric = (predictions, targets) => ({
  predictions: [...Array.from(predictions)],
  targets: [...Array.from(targets)],
});
type Given = { readonly predictions: number[]; readonly targets: number[] };

async function judged(
  loss: Loss | LossFunction,
  outputs: number,
  y: ArrayLike<number>,
  targetShape?: readonly number[],
) {
  const data = arrayDataset({ x: x.slice(0, 40), y, shape: [4], ...(targetShape && { targetShape }) });
  const model = await createModel({ ...three, network: dense(outputs), loss });
  const { seen } = model.evaluate(data, { metrics: { seen: given } });
  return { ...(seen as Given), raw: [...model.predict(x.slice(0, 40))] };
}
const sigmoid = (value: number): number => 1 / (1 + Math.exp(-value));

describe("metrics are given", () => {
  test("probabilities and labels, for a loss of classes", async () => {
    const { predictions, targets, raw } = await judged(crossEntropy(), 3, labels.slice(0, 10));
    expect(targets).toEqual(labels.slice(0, 10));
    for (let start = 0; start < raw.length; start += 3) {
      const e = raw.slice(start, start + 3).map(Math.exp);
      const sum = e.reduce((a, b) => a + b);
      e.forEach((value, i) => expect(predictions[start + i]).toBeCloseTo(value / sum, 14));
    }
  });

  test("the likeliest classes of distributions", async () => {
    const y = Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? [0.2, 0.8] : [0.5, 0.5])).flat();
    const { targets } = await judged(klDivergence(), 2, y, [2]);
    expect(targets).toEqual([1, 0, 1, 0, 1, 0, 1, 0, 1, 0]);
  });

  test("the sigmoid of scores, and 0 for −1", async () => {
    const signs = Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? 1 : -1));
    for (const loss of [hinge(), exponential()]) {
      const { predictions, targets, raw } = await judged(loss, 1, signs, [1]);
      expect(targets).toEqual(signs.map((s) => (s + 1) / 2));
      expect(predictions).toEqual(raw.map(sigmoid));
    }
    const { targets } = await judged(binaryCrossEntropy(), 1, numbers(10, 1, 0, 1), [1]);
    expect(targets).toEqual([...numbers(10, 1, 0, 1)].map((value) => Number(value > 0.5)));
  });

  test("values as they are, for a loss of values and for one's own", async () => {
    const y = numbers(20, 4);
    for (const loss of [meanSquaredError(), ((p, t) => ops.mean(ops.square(ops.sub(p, t)))) satisfies LossFunction]) {
      const { predictions, targets, raw } = await judged(loss, 2, y, [2]);
      expect(predictions).toEqual(raw);
      expect(targets).toEqual([...y]);
    }
  });
});

describe("evaluate", () => {
  test("judges the whole set at once, and agrees with its own loss and accuracy", async () => {
    const model = await createModel(three);
    const plain = model.evaluate(set);
    const all = model.evaluate(set, {
      metrics: { logLoss, hits: accuracy, confusion: confusionMatrix, calibrationError },
    });
    expect(all).toMatchObject(plain);
    expect(all.hits).toBe(plain.accuracy);
    expect(all.logLoss).toBeCloseTo(plain.loss, 6);
    expect(all.confusion.flat().reduce((a, b) => a + b)).toBe(rows);
    expect(Object.keys(plain)).toEqual(["loss", "accuracy"]);
  });

  test("R² of a set is not the mean of those of its passes", async () => {
    const y = x.filter((_, i) => i % 4 === 0).map((value, i) => value + i / 100);
    const data = arrayDataset({ x, y, shape: [4], targetShape: [1] });
    const model = await createModel({ ...three, network: dense(1), loss: meanSquaredError() });
    const { r2: found } = model.evaluate(data, { metrics: { r2 } });
    expect(found).toBeCloseTo(r2(model.predict(x), y), 6);
  });

  test("refuses what is no metric, and tells what a metric refuses", async () => {
    const model = await createModel(three);
    const evaluate = (metrics: unknown) => () => model.evaluate(set, { metrics: metrics as never });
    expect(evaluate({ loss: accuracy })).toThrow('evaluate: a metric may not be called "loss"; give it another name');
    expect(evaluate({ f1: "macro" })).toThrow(
      "evaluate: metrics.f1 must be a function such as accuracy of thalweg/metrics",
    );
    expect(evaluate([accuracy])).toThrow("evaluate: metrics: expected an object of options");
    expect(evaluate(accuracy)).toThrow("evaluate: metrics: expected an object of options");
    expect(evaluate({ f1 })).toThrow("f1: there are 3 classes");
    expect(() => model.evaluate(set, { metric: {} } as never)).toThrow('evaluate: unknown option "metric"');
  });
});

describe.each(["document" in globalThis ? [] : ["this thread"], ["a worker"]].flat())("a model in %s", (place) => {
  const create = async (more: Partial<ModelOptions> = {}) =>
    place === "a worker" ? createRemoteModel({ ...three, ...more }) : createModel({ ...three, ...more });
  const macro = (p: ArrayLike<number>, t: ArrayLike<number>) => f1(p, t, { average: "macro" });
  const metrics = { f1: macro, auc: rocAuc };

  test("reports metrics of the validation after each epoch", async () => {
    const model = await create();
    const here = await createModel(three);
    const reports = [];
    for await (const report of model.fit(set, { epochs: 2, validation: set, metrics, reportEvery: 10 }))
      reports.push(report);
    for await (const _ of here.fit(set, { epochs: 2 }));
    const last = reports.at(-1);
    expect(last?.kind === "epoch" && last.validation).toEqual(here.evaluate(set, { metrics }));
    expect(await model.evaluate(set, { metrics })).toEqual(here.evaluate(set, { metrics }));
    model.close();
  });

  test("refuses metrics without a validation", async () => {
    const model = await create();
    await expect(model.fit(set, { metrics }).next()).rejects.toThrow(
      "fit: metrics judge the validation, and there is none",
    );
    model.close();
  });

  test.skipIf("document" in globalThis && place !== "a worker")("gives the same with threads", async () => {
    const [one, several] = [await create(), await create({ threads: 3 })];
    const all = { ...metrics, accuracy, logLoss };
    const [a, b] = [await one.evaluate(set, { metrics: all }), await several.evaluate(set, { metrics: all })];
    expect(b.accuracy).toBe(a.accuracy);
    for (const name of ["f1", "auc", "logLoss"] as const) expect(b[name]).toBeCloseTo(a[name], 6);
    for (const model of [one, several]) model.close();
  });
});
