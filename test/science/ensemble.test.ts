// Ensembles along a run: when snapshots are taken, and what they predict together.
import { describe, expect, test } from "vitest";
import {
  arrayDataset,
  batchNorm,
  chain,
  crossEntropy,
  decodeCheckpoint,
  dense,
  encodeCheckpoint,
  type Model,
  meanSquaredError,
  relu,
  schedules,
  sgd,
} from "../../src/index.ts";
import { accuracy, logLoss } from "../../src/metrics/index.ts";
import { ensemble, snapshots } from "../../src/science/index.ts";
import { expectClose, netOf, numbers } from "../nn/net.ts";

const rows = 40;
const x = numbers(rows * 3, 3);
const y = Int32Array.from({ length: rows }, (_, i) => Number((x[3 * i] as number) * (x[3 * i + 1] as number) > 0));
const data = arrayDataset({ x, y, shape: [3] });
const made = (learningRate: number | ((step: number) => number)): Promise<Model> =>
  netOf([3], chain(dense(8), batchNorm(), relu(), dense(2)), {
    loss: crossEntropy(),
    optimizer: sgd({ learningRate, momentum: 0.9 }),
  });

describe("snapshots of a run", () => {
  const rate = schedules.triangular({ from: 0.2, to: 0.01, period: 8 });

  test("are taken in the middle of each period, where the rate is lowest", async () => {
    const model = await made(rate);
    const kept = snapshots({ first: 4, every: 8 });
    const passed: Float32Array[] = [];
    for await (const { step } of model.fit(data, { epochs: 7, batchSize: 10, callbacks: [kept] }))
      if (step % 8 === 4) passed.push(model.parameters.slice());
    expect(kept.taken.map(({ steps }) => steps)).toEqual([4, 12, 20, 28]);
    expect(kept.taken.map(({ steps }) => rate(steps))).toEqual(Array(4).fill(0.01));
    expect(kept.taken.map(({ parameters }) => parameters)).toEqual(passed);
    expect(new Set(passed.map(([first]) => first)).size).toBe(4);
    expect(kept.taken[0]?.state.length).toBe(16);
  });

  test("are taken at restarts, in the middle of epochs where reports come then", async () => {
    const model = await made(schedules.cosineRestarts({ from: 0.2, steps: 6 }));
    const kept = snapshots({ every: 6 });
    for await (const _ of model.fit(data, { epochs: 3, batchSize: 10, reportEvery: 2, callbacks: [kept] }));
    expect(kept.taken.map(({ steps }) => steps)).toEqual([6, 12]);
    const rarely = model.fit(data, { epochs: 3, batchSize: 10, callbacks: [snapshots({ first: 2, every: 4 })] });
    await expect(rarely.next()).rejects.toThrow(
      "snapshots: step 14 went by without a report, the last was of step 16; give fit a reportEvery that divides 2 and 4",
    );
  });

  test("are in checkpoints: a run that goes on has those from before", async () => {
    const [whole, stopped, resumed] = await Promise.all([made(rate), made(rate), made(rate)]);
    const [all, some, rest] = [0, 1, 2].map(() => snapshots({ first: 4, every: 8 })) as [
      ReturnType<typeof snapshots>,
      ReturnType<typeof snapshots>,
      ReturnType<typeof snapshots>,
    ];
    for await (const _ of whole.fit(data, { epochs: 5, batchSize: 10, callbacks: [all] }));
    for await (const _ of stopped.fit(data, { epochs: 3, batchSize: 10, callbacks: [some] }));
    resumed.restore(decodeCheckpoint(encodeCheckpoint(stopped.snapshot())));
    for await (const _ of resumed.fit(data, { epochs: 5, batchSize: 10, resume: true, callbacks: [rest] }));
    expect([all.taken.length, some.taken.length]).toEqual([3, 2]);
    expect(rest.taken).toEqual(all.taken);
  });
});

describe("an ensemble", () => {
  test("predicts the mean of its members' probabilities, each with statistics of its own", async () => {
    const models = await Promise.all([1, 2, 3].map(() => made(0.1)));
    for (const [i, model] of models.entries())
      for await (const _ of model.fit(data, { epochs: 5 * (i + 1), batchSize: 10 }));
    const other = await made(0.1);
    const before = [other.parameters.slice(), other.state.slice()];
    const together = ensemble(other, models, data);
    expect([other.parameters.slice(), other.state.slice()]).toEqual(before);
    const each = models.map((model) => {
      const logits = model.predict(x);
      return Float64Array.from(logits, (value, i) => 1 / (1 + Math.exp((logits[i ^ 1] as number) - value)));
    });
    expectClose(
      together,
      Float64Array.from(together, (_, i) => each.reduce((sum, p) => sum + (p[i] as number), 0) / 3),
      1e-6,
    );
    // −log is convex: the mean does no worse than the members on average.
    const losses = each.map((p) => logLoss(p, y));
    expect(logLoss(together, y)).toBeLessThan(losses.reduce((a, b) => a + b) / 3);
    const [last] = models.slice(-1) as [Model];
    const { loss, accuracy: share } = last.evaluate(data);
    expect(logLoss(ensemble(other, [last], data), y)).toBeCloseTo(loss, 6);
    expect(accuracy(ensemble(other, [last], data), y)).toBe(share);
  });

  test("computes statistics anew at every member where it is asked to", async () => {
    const model = await made(0.1);
    for await (const _ of model.fit(data, { epochs: 5, batchSize: 10 }));
    const place = { parameters: model.parameters.slice() };
    const together = ensemble(await made(0.1), [place], data, { statistics: data });
    model.refreshStatistics(data);
    expect(together).toEqual(ensemble(model, [model], data));
  });

  test("of values is their mean", async () => {
    const [a, b] = await Promise.all([1, 2].map((seed) => netOf([3], dense(2), { loss: meanSquaredError(), seed })));
    const pairs = arrayDataset({ x, y: numbers(rows * 2, 4), shape: [3], targetShape: [2] });
    const [ours, theirs] = [a, b].map((model) => (model as Model).predict(x)) as [Float32Array, Float32Array];
    expect(ensemble(a as Model, [a as Model, b as Model], pairs)).toEqual(
      Float64Array.from(ours, (value, i) => (value + (theirs[i] as number)) / 2),
    );
  });

  test("of nothing, or of other networks, is refused", async () => {
    const model = await made(0.1);
    expect(() => ensemble(model, [], data)).toThrow("ensemble: there are no places; give one at least");
    const other = await netOf([3], dense(2));
    expect(() => ensemble(model, [model, other], data)).toThrow(
      "ensemble: places[1] and the model are different networks: parameter 1 is weights [3,2] in one and",
    );
    expect(() => snapshots({ every: 0 })).toThrow("snapshots: every must be a whole number ≥ 1");
  });
});
