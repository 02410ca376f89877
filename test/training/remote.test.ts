// The remote model against the local one: same numbers, same messages. In Node a worker runs built files.
import { afterAll, describe, expect, test } from "vitest";
import type { Layer, ModelOptions, Profile, RemoteModel } from "../../src/index.ts";

const built: string = "../../dist/index.js";
const {
  arrayDataset,
  chain,
  createModel,
  createRemoteModel,
  crossEntropy,
  dense,
  dropout,
  ema,
  flatten,
  ops,
  relu,
  sgd,
} = (await import(/* @vite-ignore */ built)) as typeof import("../../src/index.ts");

const options = {
  input: [4],
  network: chain(dense(8), relu(), dropout(0.2), dense(3)),
  loss: crossEntropy(),
  optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }),
  seed: 3,
  build: "strict",
} as const;
const x = Float32Array.from({ length: 70 * 4 }, (_, i) => ((i * 37) % 101) / 50 - 1);
const y = Int32Array.from({ length: 70 }, (_, i) => i % 3);
const data = arrayDataset({ x, y, shape: [4] });
const batch = { x: x.slice(0, 40), y: y.slice(0, 10) };

const open: RemoteModel[] = [];
async function both(more: Partial<ModelOptions> = {}) {
  const remote = await createRemoteModel({ ...options, ...more });
  open.push(remote);
  return { remote, local: await createModel({ ...options, ...more }) };
}
afterAll(() => {
  for (const model of open) model.close();
});

describe("a remote model", () => {
  test("learns from a stream that is read here", async () => {
    const { remote, local } = await both();
    const web = () =>
      new ReadableStream({
        start(controller) {
          for (let i = 0; i < 70; i++) controller.enqueue({ x: x.slice(4 * i, 4 * i + 4), y: y[i] });
          controller.close();
        },
      });
    const size = (outputs: ArrayLike<number>) => outputs.length;
    const course = { batchSize: 16, testThenTrain: true, reportEvery: 1, validation: data, metrics: { size } };
    const told = { remote: [] as object[], local: [] as object[] };
    for (const who of ["remote", "local"] as const)
      for await (const { seconds: _, examplesPerSecond: __, ...report } of (who === "remote" ? remote : local).fit(
        web(),
        course,
      ))
        told[who].push(report);
    expect(told.remote).toHaveLength(5 + 1);
    expect(told.remote).toEqual(told.local);
    expect(await remote.snapshot()).toEqual(local.snapshot());

    const all = async (source: Iterable<object>, more: object = {}) => {
      for await (const _ of remote.fit(source as never, more));
    };
    const endless = {
      *[Symbol.iterator]() {
        for (;;) yield batch;
      },
    };
    await expect(all([{ x: [1, 2, 3, 4], y: [3] }])).rejects.toThrow("fit: y[0] = 3 is not a label in [0, 3)");
    await expect(all([batch], { shuffle: true })).rejects.toThrow("fit: shuffle is for data sets");
    const controller = new AbortController();
    setTimeout(() => controller.abort("enough"), 30);
    await expect(all(endless, { signal: controller.signal })).rejects.toBe("enough");
    await remote.setLearningRate(1e30);
    await expect(all(endless)).rejects.toThrow(/^fit: the loss is .* the first value that is not finite came from /);
  });

  test("goes on from a local one's snapshot, in the middle of an epoch, and the other way round", async () => {
    const { remote, local } = await both();
    const course = { epochs: 2, batchSize: 16, reportEvery: 1 };
    const iterator = local.fit(data, course);
    for (let i = 0; i < 3; i++) await iterator.next();
    await iterator.return();
    await remote.restore(local.snapshot());
    expect(await remote.snapshot()).toEqual(local.snapshot());
    for await (const _ of remote.fit(data, { ...course, resume: true }));
    for await (const _ of local.fit(data, { ...course, resume: true }));
    expect(local.steps).toBe(10);
    expect(await remote.snapshot()).toEqual(local.snapshot());
    const other = await both({ seed: 4 });
    await expect(other.remote.restore(local.snapshot())).rejects.toThrow("restore: the snapshot was taken with seed 3");
  });

  test("does what a local one does, to the bit", async () => {
    const { remote, local } = await both();
    expect(remote.layout).toEqual(local.layout);
    expect(await remote.step(batch)).toBe(local.step(batch));
    const reports: unknown[] = [];
    for await (const { seconds, examplesPerSecond, ...report } of remote.fit(data, {
      epochs: 2,
      batchSize: 16,
      validation: data,
      reportEvery: 2,
    }))
      reports.push(report);
    const expected: unknown[] = [];
    for await (const { seconds, examplesPerSecond, ...report } of local.fit(data, {
      epochs: 2,
      batchSize: 16,
      validation: data,
      reportEvery: 2,
    }))
      expected.push(report);
    expect(reports).toEqual(expected);
    expect(await remote.parameters()).toEqual(local.parameters.slice());
    expect(await remote.evaluate(data)).toEqual(local.evaluate(data));
    expect(await remote.predict(x.slice(0, 12))).toEqual(local.predict(x.slice(0, 12)));
    const callsOf = ({ calls }: Profile) => calls.map(({ kernel, operation, shape }) => [kernel, operation, shape]);
    expect(callsOf(await remote.profile(batch, { rounds: 1 }))).toEqual(
      callsOf(await local.profile(batch, { rounds: 1 })),
    );
    const objective = remote.objective(batch);
    const theta = await remote.parameters();
    const gradient = new Float32Array(theta.length);
    expect(await objective.gradient(theta)).toEqual({
      loss: local.objective(batch).gradient(theta, gradient),
      gradient,
    });
    local.objective(batch).hessianVector(theta, theta, gradient);
    expect(await objective.hessianVector(theta, theta)).toEqual(gradient);
  });

  test("augments images as a local one does", async () => {
    const { remote, local } = await both({ input: [5, 4, 2], network: chain(flatten(), dense(3)) });
    const images = arrayDataset({
      x: Uint8Array.from({ length: 70 * 40 }, (_, i) => (i * 89) % 256),
      y,
      shape: [5, 4, 2],
      scale: [1 / 255, 1 / 127],
    });
    const fitting = { augment: { crop: 2, flip: true }, batchSize: 16 };
    for await (const _ of local.fit(images, fitting));
    for await (const _ of remote.fit(images, fitting));
    expect(await remote.parameters()).toEqual(local.parameters.slice());
  });

  test("says what a local one says of bad input, and goes on", async () => {
    const { remote, local } = await both();
    const message = (call: () => unknown): string => {
      try {
        call();
      } catch (error) {
        return (error as Error).message;
      }
      throw new Error("expected an error");
    };
    for (const bad of [
      { x: [1, 2, 3], y: [0] },
      { x: [1, 2, 3, 4], y: [5] },
      { x: [1, 2, 3, Number.NaN], y: [0] },
    ])
      await expect(remote.step(bad)).rejects.toThrow(message(() => local.step(bad)));
    await expect(remote.fit(data, { batchSize: 0 }).next()).rejects.toThrow(
      "batchSize must be a whole number ≥ 1, got 0",
    );
    await expect(remote.setLearningRate(-1)).rejects.toThrow("learningRate");
    expect(await remote.step(batch)).toBe(local.step(batch));
  });

  test("waits while the loop's body runs, stops when the loop is left, and can be fitted again", async () => {
    const { remote, local } = await both();
    for await (const report of remote.fit(data, { epochs: 100, batchSize: 16 })) if (report.epoch === 2) break;
    for await (const report of local.fit(data, { epochs: 100, batchSize: 16 })) if (report.epoch === 2) break;
    expect(await remote.parameters()).toEqual(local.parameters.slice());
    for await (const report of remote.fit(data, { epochs: 1, batchSize: 16 })) expect(report.epoch).toBe(1);
  });

  test("aborts with the caller's own reason", async () => {
    const { remote } = await both();
    const controller = new AbortController();
    const reason = new Error("enough");
    const fit = remote.fit(data, { epochs: 1e6, batchSize: 16, reportEvery: 1e9, signal: controller.signal });
    await fit.next();
    const next = (async () => {
      for await (const _ of fit);
    })();
    setTimeout(() => controller.abort(reason), 20);
    await expect(next).rejects.toBe(reason);
    expect(await remote.step(batch)).toBeGreaterThan(0);
  });

  test("keeps state as a local one does", async () => {
    const scale: Layer = {
      name: "scale",
      apply(t, context) {
        const { value, update } = context.state("largest", [4], 2);
        const largest = ops.max(ops.abs(t), 0);
        if (context.normalization === "batch")
          update(ops.add(value, ops.mul(context.refreshShare ?? ops.constant(0.5), ops.sub(largest, value))));
        return ops.div(t, context.normalization === "batch" ? largest : value);
      },
    };
    const own = { ...options, network: chain(scale, dense(3)) };
    const remote = await createRemoteModel(own);
    open.push(remote);
    const local = await createModel(own);
    expect(remote.stateLayout).toEqual(local.stateLayout);
    expect(await remote.step(batch)).toBe(local.step(batch));
    const stepped = await remote.state();
    expect(stepped).toEqual(local.state.slice());
    expect([...stepped]).not.toEqual([2, 2, 2, 2]);
    await remote.setState([1, 2, 3, 4]);
    local.state = [1, 2, 3, 4];
    for (const normalization of ["batch", "running"] as const)
      expect(await remote.objective(batch, { normalization }).loss(await remote.parameters())).toBe(
        local.objective(batch, { normalization }).loss(local.parameters.slice()),
      );
    await remote.refreshStatistics(data, { batchSize: 16 });
    local.refreshStatistics(data, { batchSize: 16 });
    expect(await remote.state()).toEqual(local.state.slice());
    await expect(remote.setState([1])).rejects.toThrow("state: expected 4 numbers, got 1");
  });

  test("has the average that ema keeps", async () => {
    const { remote, local } = await both({ optimizer: ema(sgd({ learningRate: 0.1 }), { decay: 0.5 }) });
    for (let step = 0; step < 3; step++) expect(await remote.step(batch)).toBe(local.step(batch));
    expect(await remote.average()).toEqual(local.average);
    expect(await remote.parameters()).not.toEqual(await remote.average());
  });

  test("gives buffers away when told to", async () => {
    const { remote } = await both();
    const own = { x: x.slice(0, 40), y: y.slice(0, 10) };
    await remote.step(own, { transfer: [own.x.buffer as ArrayBuffer] });
    expect(own.x.length).toBe(0);
  });

  test("rejects what is under way when closed, and everything after", async () => {
    const remote = await createRemoteModel(options);
    const pending = remote.step(batch);
    remote.close();
    await expect(pending).rejects.toThrow("remote model: closed");
    await expect(remote.step(batch)).rejects.toThrow("remote model: closed");
  });
});
