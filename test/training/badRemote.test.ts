// A remote model says of bad input what a local one says, word for word, and goes on. In Node a worker runs built files.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Model, RemoteModel } from "../../src/index.ts";
import { numbers } from "../nn/net.ts";
import { any } from "./refuse.ts";

const built: string = "../../dist/index.js";
const { arrayDataset, chain, createModel, createRemoteModel, crossEntropy, dense, relu, sgd } = (await import(
  /* @vite-ignore */ built
)) as typeof import("../../src/index.ts");

const options = {
  input: [4],
  network: chain(dense(5), relu(), dense(3)),
  loss: crossEntropy(),
  optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }),
  seed: 3,
  build: "strict",
} as const;
const x = numbers(40, 1);
const data = arrayDataset({ x, y: Int32Array.from({ length: 10 }, (_, i) => i % 3), shape: [4] });
const batch = { x: x.slice(0, 8), y: [2, 0] };
const theta = numbers(43, 2);
const out = (): Float32Array => new Float32Array(43);

/** The same request of either kind of model. */
type Both = Model | RemoteModel;
const requests: Readonly<Record<string, (model: Both) => unknown>> = {
  "step: nothing": (m) => m.step(any(undefined)),
  "step: null": (m) => m.step(any(null)),
  "step: an unknown option": (m) => m.step(any({ ...batch, z: 1 })),
  "step: no x": (m) => m.step(any({ y: [1] })),
  "step: text": (m) => m.step(any({ x: "12345678", y: [2, 0] })),
  "step: part of an example": (m) => m.step({ ...batch, x: x.slice(0, 7) }),
  "step: NaN": (m) => m.step({ ...batch, x: batch.x.map((v, i) => (i === 3 ? Number.NaN : v)) }),
  "step: null among numbers": (m) => m.step({ ...batch, x: any([1, 2, null, 4, 5, 6, 7, 8]) }),
  "step: a label out of range": (m) => m.step({ ...batch, y: [0, 3] }),
  "step: a label that is no integer": (m) => m.step({ ...batch, y: [0.5, 1] }),
  "predict: nothing": (m) => m.predict(any(undefined)),
  "predict: no numbers": (m) => m.predict([]),
  "predict: infinity": (m) => m.predict([1, 2, 3, Number.POSITIVE_INFINITY]),
  "evaluate: nothing": (m) => m.evaluate(any(undefined)),
  "evaluate: a batch": (m) => m.evaluate(any(batch)),
  "evaluate: labels out of range": (m) => m.evaluate({ ...data, y: data.y.map((v) => v + 1) as Int32Array }),
  "evaluate: another shape": (m) => m.evaluate(arrayDataset({ x, y: new Int32Array(8), shape: [5] })),
  "fit: nothing": (m) => m.fit(any(undefined)).next(),
  "fit: an unknown option": (m) => m.fit(data, any({ epoch: 1 })).next(),
  "fit: options that are null": (m) => m.fit(data, any(null)).next(),
  "fit: a batch size of 0": (m) => m.fit(data, { batchSize: 0 }).next(),
  "fit: a batch size of NaN": (m) => m.fit(data, { batchSize: Number.NaN }).next(),
  "fit: a batch size of null": (m) => m.fit(data, { batchSize: any(null) }).next(),
  "fit: a signal that is none": (m) => m.fit(data, { signal: any({}) }).next(),
  "fit: validation that is none": (m) => m.fit(data, { validation: any({ size: 3 }) }).next(),
  "objective: null": (m) => (m.objective(any(null)) as { loss(theta: Float32Array): unknown }).loss(theta),
  "objective: a label out of range": (m) =>
    (m.objective({ ...batch, y: [0, 3] }) as { loss(theta: Float32Array): unknown }).loss(theta),
  "objective: a short θ": (m) => m.objective(batch).loss(theta.subarray(1)),
  "objective: no v": (m) => any(m.objective(batch)).hessianVector(theta, undefined, out()),
};

/** Settings, which a remote model has methods for. */
const settings: Readonly<Record<string, readonly [(model: Model) => void, (model: RemoteModel) => Promise<void>]>> = {
  "a learning rate of NaN": [
    (m) => Object.assign(m, { learningRate: Number.NaN }),
    (m) => m.setLearningRate(Number.NaN),
  ],
  "a learning rate in words": [(m) => Object.assign(m, { learningRate: "1" }), (m) => m.setLearningRate(any("1"))],
  "too few parameters": [(m) => Object.assign(m, { parameters: [1] }), (m) => m.setParameters([1])],
  "a parameter that is NaN": [
    (m) => Object.assign(m, { parameters: theta.map(() => Number.NaN) }),
    (m) => m.setParameters(theta.map(() => Number.NaN)),
  ],
};

async function messageOf(call: () => unknown): Promise<string> {
  try {
    await call();
  } catch (error) {
    expect(error).toBeInstanceOf(Error);
    return (error as Error).message;
  }
  throw new Error("test: accepted");
}

describe("of bad input a remote model says what a local one says", () => {
  let local: Model;
  let remote: RemoteModel;
  beforeAll(async () => {
    [local, remote] = [await createModel(options), await createRemoteModel(options)];
  });
  afterAll(() => remote.close());

  test.each(Object.entries(requests))("%s", async (_name, request) => {
    const expected = await messageOf(() => request(local));
    expect(await messageOf(() => request(remote))).toBe(expected);
    expect(await remote.parameters()).toEqual(local.parameters.slice());
  });

  test.each(Object.entries(settings))("%s", async (_name, [setLocal, setRemote]) => {
    expect(await messageOf(() => setRemote(remote))).toBe(await messageOf(() => setLocal(local)));
    expect(await remote.parameters()).toEqual(local.parameters.slice());
  });

  test("and both go on as if nothing had been asked", async () => {
    expect(await remote.step(batch)).toBe(local.step(batch));
    const reports = [];
    for await (const model of [remote, local])
      for await (const { loss } of model.fit(data, { batchSize: 4 })) reports.push(loss);
    expect(reports[0]).toBe(reports[1]);
    expect(await remote.parameters()).toEqual(local.parameters.slice());
  });

  test("when it is made", async () => {
    for (const bad of [
      null,
      {},
      { ...options, input: [0] },
      { ...options, network: dense(1) },
      { ...options, seed: -1 },
      { ...options, epochs: 3 },
    ])
      expect(await messageOf(() => createRemoteModel(any(bad)))).toBe(await messageOf(() => createModel(any(bad))));
  });
});
