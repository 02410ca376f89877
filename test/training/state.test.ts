// State beside θ: what a layer keeps from step to step, who may change it and when.
import { describe, expect, test } from "vitest";
import {
  arrayDataset,
  chain,
  createModel,
  dense,
  dropout,
  type Layer,
  type Model,
  meanSquaredError,
  ops,
  sgd,
} from "../../src/index.ts";
import { expectClose, netOf, numbers } from "../nn/net.ts";

/** Subtracts the mean of each feature: the batch's or the running one, a tenth of which is new at each step. */
const centre: Layer = {
  name: "centre",
  apply(x, context) {
    const features = x.shape[1] as number;
    const { value, update } = context.state("mean", [features], 0.5);
    if (context.normalization === "running") return ops.sub(x, value);
    const mean = ops.mean(x, 0);
    const share = context.refreshShare ?? ops.constant(0.25);
    update(ops.add(ops.mul(ops.sub(1, share), value), ops.mul(share, mean)));
    return ops.sub(x, mean);
  },
};
/** Refuses to be trained on one example, as BatchNorm does. */
const needsTwo: Layer = {
  name: "needsTwo",
  apply(x, context) {
    if (context.normalization === "batch" && (x.shape[0] as number) < 2) throw new Error("needsTwo: one example");
    return centre.apply(x, context);
  },
};
const model = (): Promise<Model> => netOf([3], chain(centre, dense(2), centre));
const x = numbers(7 * 3, 1, 1, 5);
const y = numbers(7 * 2, 2);
const data = arrayDataset({ x, y, shape: [3], targetShape: [2] });
const means = (rows: ArrayLike<number>, width: number): number[] =>
  Array.from({ length: width }, (_, k) => {
    const own = Array.from(rows).filter((_, i) => i % width === k);
    return own.reduce((a, b) => a + b) / own.length;
  });

describe("state", () => {
  test("lies in one flat vector apart from θ, filled as the layers say", async () => {
    const net = await model();
    expect(net.stateLayout).toEqual([
      { name: "centre1.mean", shape: [3], offset: 0, size: 3 },
      { name: "centre2.mean", shape: [2], offset: 3, size: 2 },
    ]);
    expect([...net.state]).toEqual([0.5, 0.5, 0.5, 0.5, 0.5]);
    expect(net.parameters.length).toBe(8);
    expect(net.summary()).toContain("and 5 running statistics");
    expect((await netOf([3], dense(2))).state.length).toBe(0);
  });

  test("changes by a step, and is what prediction reads", async () => {
    const net = await model();
    net.step({ x, y });
    expectClose(
      net.state.subarray(0, 3),
      means(x, 3).map((mean) => 0.75 * 0.5 + 0.25 * mean),
      2 ** -22,
    );
    net.state = [1, 2, 3, 0, 0];
    net.parameters = [1, 0, 0, 1, 0, 0, 0, 0];
    expect([...net.predict([1, 2, 3, 2, 4, 6])]).toEqual([0, 0, 1, 2]);
    net.state.set([0, 0], 3);
    net.state[4] = 10;
    expect([...net.predict([2, 4, 6])]).toEqual([1, -8]);
  });

  test("is left alone by everything that does not learn", async () => {
    const net = await model();
    net.state = [1, 2, 3, 4, 5];
    net.predict(x);
    net.evaluate(data);
    for (const normalization of ["batch", "running"] as const) {
      const objective = net.objective({ x, y }, { normalization });
      const out = new Float32Array(8);
      objective.gradient(net.parameters.slice(), out);
      objective.hessianVector(net.parameters.slice(), out.slice(), out);
    }
    expect([...net.state]).toEqual([1, 2, 3, 4, 5]);
  });

  test("is left alone by a step whose loss is not finite", async () => {
    const net = await model();
    net.step({ x, y });
    const before = { state: [...net.state], theta: [...net.parameters] };
    const huge = x.map((value, i) => (i === 4 ? 3e38 : value));
    expect(Number.isFinite(net.step({ x: huge, y }))).toBe(false);
    expect([...net.state]).toEqual(before.state);
    expect([...net.parameters]).toEqual(before.theta);
    await expect(
      net.fit(arrayDataset({ x: huge, y, shape: [3], targetShape: [2] }), { batchSize: "all" }).next(),
    ).rejects.toThrow("the loss is");
    expect([...net.state]).toEqual(before.state);
  });

  test("an objective uses the model's own, or the batch's statistics", async () => {
    const net = await netOf([3], chain(centre, dense(2)));
    const theta = net.parameters.slice();
    const batch = { x, y };
    const ofBatch = net.objective(batch, { normalization: "batch" }).loss(theta);
    expect(net.objective(batch).loss(theta)).toBe(net.objective(batch, { normalization: "running" }).loss(theta));
    expect(Math.abs(net.objective(batch).loss(theta) - ofBatch)).toBeGreaterThan(1e-3);
    net.state = means(x, 3);
    expect(net.objective(batch).loss(theta)).toBeCloseTo(ofBatch, 5);
    expect(() => net.objective(batch, { normalization: "both" as never })).toThrow(
      'objective: normalization must be "running" or "batch", got "both"',
    );
    expect(() => net.objective(batch, { mode: "batch" } as never)).toThrow('objective: unknown option "mode"');
  });

  test("refuses numbers that do not fit", async () => {
    const net = await model();
    expect(() => {
      net.state = [1, 2];
    }).toThrow("state: expected 5 numbers, got 2");
    expect(() => {
      net.state = [1, 2, Number.NaN, 4, 5];
    }).toThrow("state: number 2 = NaN is not finite");
    expect([...net.state]).toEqual([0.5, 0.5, 0.5, 0.5, 0.5]);
  });

  test("refuses a layer that asks for what is none", async () => {
    const asking = (apply: Layer["apply"]): Promise<Model> => netOf([3], chain({ name: "odd", apply }, dense(2)));
    await expect(
      asking((t, context) => {
        context.state("", [3], 0);
        return t;
      }),
    ).rejects.toThrow("createModel: a state needs a name");
    await expect(
      asking((t, context) => {
        context.state("a", [3], Number.NaN);
        return t;
      }),
    ).rejects.toThrow("createModel: state odd1.a: initial must be a finite number");
    await expect(
      asking((t, context) => {
        context.state("a", [3], 0).update(ops.mean(t));
        return t;
      }),
    ).rejects.toThrow("createModel: state odd1.a has shape [3]; it cannot become f32 []");
    await expect(
      asking((t, context) => {
        const state = context.state("a", [3], 0);
        state.update(ops.mean(t, 0));
        state.update(ops.mean(t, 0));
        return t;
      }),
    ).rejects.toThrow("createModel: state odd1.a is updated twice in one run");
    await expect(
      asking((t, context) => {
        if (context.normalization === "batch") context.state("late", [3], 0);
        return t;
      }),
    ).rejects.toThrow("createModel: the network asks for state odd1.late [3], which its first run did not");
  });

  test("a last batch that a layer cannot take is refused before the first step", async () => {
    const net = await netOf([3], chain(needsTwo, dense(2)));
    const before = [...net.parameters];
    await expect(net.fit(data, { batchSize: 3 }).next()).rejects.toThrow("needsTwo: one example");
    expect(net.steps).toBe(0);
    expect([...net.parameters]).toEqual(before);
    for await (const report of net.fit(data, { batchSize: 4 })) expect(report.step).toBe(2);
  });
});

describe("refreshStatistics", () => {
  test("is the average over the data set, whatever was there", async () => {
    for (const batchSize of [1, 3, 4, 7, 100]) {
      const net = await netOf([3], chain(centre, dropout(0.9), dense(2)));
      net.state = [1e6, -1e6, 0];
      net.refreshStatistics(data, { batchSize });
      // Weighted by the batches' lengths, averages of means are the mean.
      expectClose(net.state, means(x, 3), 2 ** -21);
    }
  });

  test("uses the batch's statistics in front of a layer, and no dropout", async () => {
    const net = await netOf([3], chain(centre, dropout(0.9), centre, dense(2)));
    net.state = [1e3, 1e3, 1e3, 7, 7, 7];
    net.refreshStatistics(data, { batchSize: 4 });
    // What the first layer has centred batch by batch has mean 0.
    expectClose(net.state.subarray(3), [0, 0, 0], 2 ** -20);
  });

  test("changes nothing else, and nothing at all where it fails", async () => {
    const net = await netOf([3], chain(needsTwo, dense(2)));
    const theta = [...net.parameters];
    net.refreshStatistics(data);
    const state = [...net.state];
    expect(() => net.refreshStatistics(data, { batchSize: 3 })).toThrow("needsTwo: one example");
    expect(() => net.refreshStatistics(data, { batchSize: 0 })).toThrow(
      "refreshStatistics: batchSize must be a whole number ≥ 1, got 0",
    );
    expect(() => net.refreshStatistics(data, { size: 3 } as never)).toThrow('refreshStatistics: unknown option "size"');
    expect(() => net.refreshStatistics(arrayDataset({ x, y: x, shape: [3], targetShape: [3] }))).toThrow(
      "refreshStatistics: the loss needs 2 target numbers an example, the data set has 3",
    );
    expect([...net.state]).toEqual(state);
    expect([...net.parameters]).toEqual(theta);
    expect(net.steps).toBe(0);
  });

  test("leaves state as it was where statistics overflow", async () => {
    const squares: Layer = {
      name: "squares",
      apply(t, context) {
        const { value, update } = context.state("square", [3], 1);
        if (context.normalization === "batch") update(ops.add(ops.mul(0, value), ops.mean(ops.square(t), 0)));
        return t;
      },
    };
    const net = await netOf([3], chain(squares, dense(2)));
    net.state = [3, 4, 5];
    const huge = arrayDataset({ x: x.map((v, i) => (i === 20 ? 3e38 : v)), y, shape: [3], targetShape: [2] });
    expect(() => net.refreshStatistics(huge, { batchSize: 6 })).toThrow(
      "refreshStatistics: state[2] = Infinity is not a finite number",
    );
    expect([...net.state]).toEqual([3, 4, 5]);
  });

  test("does nothing to a model without state", async () => {
    const net = await createModel({
      input: [3],
      network: dense(2),
      loss: meanSquaredError(),
      optimizer: sgd(),
      build: "strict",
    });
    const theta = [...net.parameters];
    net.refreshStatistics(data);
    expect([...net.parameters]).toEqual(theta);
  });
});
