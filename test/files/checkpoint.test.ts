// Going on where a run was left: bit for bit, at any step; and checkpoints that are not whole are never believed.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  arrayDataset,
  batchNorm,
  chain,
  createModel,
  crossEntropy,
  decodeCheckpoint,
  dense,
  dropout,
  encodeCheckpoint,
  type FitOptions,
  loadCheckpoint,
  type Model,
  type ModelOptions,
  meanSquaredError,
  type Report,
  relu,
  type Snapshot,
  saveCheckpoint,
  sgd,
} from "../../src/index.ts";
import { numbers } from "../nn/net.ts";

const size = 50;
const data = arrayDataset({
  x: numbers(size * 4, 1),
  y: Int32Array.from({ length: size }, (_, i) => (i * 7) % 3),
  shape: [4],
});
const options: ModelOptions = {
  input: [4],
  network: chain(dense(8), batchNorm(), relu(), dropout(0.3), dense(3)),
  loss: crossEntropy(),
  optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }),
  seed: 5,
  build: "strict",
};
const make = (more: Partial<ModelOptions> = {}): Promise<Model> => createModel({ ...options, ...more });
const course: FitOptions = { epochs: 3, batchSize: 16, reportEvery: 1, validation: data };

/** Reports without their times. */
const timeless = ({ seconds: _, examplesPerSecond: __, ...report }: Report): object => report;

async function all(model: Model, fit: FitOptions): Promise<{ readonly told: object[]; readonly kept: Snapshot[] }> {
  const [told, kept] = [[] as object[], [] as Snapshot[]];
  for await (const report of model.fit(data, fit)) {
    told.push(timeless(report));
    kept.push(model.snapshot());
  }
  return { told, kept };
}

describe("a run that goes on from a checkpoint", () => {
  test("at any step and epoch is the run that never stopped, bit for bit", async () => {
    const whole = await make();
    const { told, kept } = await all(whole, course);
    expect(told).toHaveLength(3 * 4 + 3);
    for (const [at, snapshot] of kept.entries()) {
      const model = await make();
      model.restore(decodeCheckpoint(encodeCheckpoint(snapshot)));
      const rest = await all(model, { ...course, resume: true });
      expect(rest.told).toEqual(told.slice(at + 1));
      expect(model.snapshot()).toEqual(whole.snapshot());
      expect(model.steps).toBe(12);
    }
  });

  test("may go on behind its end, and after an abort in the middle", async () => {
    const [long, broken] = [await make(), await make()];
    await all(long, { ...course, epochs: 4 });
    const controller = new AbortController();
    const iterator = broken.fit(data, { ...course, signal: controller.signal });
    for (let i = 0; i < 6; i++) await iterator.next();
    controller.abort("enough");
    await expect(iterator.next()).rejects.toBe("enough");
    const model = await make();
    model.restore(broken.snapshot());
    await all(model, { ...course, resume: true });
    model.restore(model.snapshot());
    await all(model, { ...course, epochs: 4, resume: true });
    expect(model.snapshot()).toEqual(long.snapshot());
  });

  test("from a step of one's own goes on with the next", async () => {
    const batch = { x: data.x.subarray(0, 40), y: data.y.subarray(0, 10) };
    const [one, two] = [await make(), await make()];
    for (let i = 0; i < 3; i++) one.step(batch as never);
    two.restore(one.snapshot());
    expect(two.step(batch as never)).toBe(one.step(batch as never));
    expect(two.snapshot()).toEqual(one.snapshot());
  });
});

describe("restore refuses, and changes nothing:", () => {
  const begun = { epoch: 1, begun: true, stepInEpoch: 2, total: 1, batchSize: 16, examples: size, shuffle: true };
  test.each([
    ["another network", { network: chain(dense(9), batchNorm(), relu(), dropout(0.3), dense(3)) }, "restore: parameter 1 is dense1.weights [4,8] there and dense1.weights [4,9] in this model; create the model with the same network"],
    ["more layers", { network: chain(dense(8), batchNorm(), relu(), dense(3), dense(3)) }, "restore: parameter 7 is none there and dense3.weights [3,3] in this model"],
    ["another optimiser", { optimizer: sgd({ learningRate: 0.1 }) }, 'restore: the snapshot was taken with the optimiser "sgd" of 1 slots, the model has "sgd" of 0'],
    ["another seed", { seed: 6 }, "restore: the snapshot was taken with seed 5, the model has 6; create it with seed: 5"],
  ] as const)("a snapshot for %s", async (_, more, message) => {
    const from = await make();
    await all(from, { ...course, epochs: 1 });
    const model = await make(more);
    const before = model.snapshot();
    expect(() => model.restore(from.snapshot())).toThrow(message);
    expect(model.snapshot()).toEqual(before);
  }); // biome-ignore format: a case a line

  test.each([
    [{ parameters: new Float32Array(3) }, "restore: parameters: expected 83 numbers, got 3"],
    [{ slots: [new Float32Array(83).fill(Number.NaN)] }, "restore: slots[0]: number 0 = NaN is not finite"],
    [{ steps: -1 }, "restore: steps must be a whole number ≥ 0, got -1"],
    [{ learningRate: -1 }, "restore: learningRate must be in [0,"],
    [{ layout: undefined }, "restore: expected a list of every parameter"],
    [{ fit: { epoch: 0 } }, "restore: fit: epoch must be a whole number ≥ 1, got 0"],
    [
      { fit: { ...begun, stepInEpoch: 5 }, epochs: 1 },
      "restore: fit: stepInEpoch must be at most 4, the steps of its epoch, got 5",
    ],
    [{ fit: { ...begun, begun: false } }, "restore: fit: stepInEpoch must be at most 0, the steps of its epoch, got 2"],
    [{ fit: begun, epochs: 0 }, "restore: epochs must be a whole number ≥ 1, got 0"],
    [{ more: 1 }, 'restore: unknown option "more"'],
  ])("a snapshot with %j", async (change, message) => {
    const model = await make();
    const before = model.snapshot();
    expect(() => model.restore({ ...before, ...change } as never)).toThrow(message);
    expect(model.snapshot()).toEqual(before);
  });

  test("while a fit is under way, and to go on with a fit that is not the same", async () => {
    const model = await make();
    await expect(all(model, { ...course, resume: true })).rejects.toThrow(
      "resume: true needs a snapshot taken during a fit",
    );
    const iterator = model.fit(data, course);
    await iterator.next();
    const snapshot = model.snapshot();
    expect(() => model.restore(snapshot)).toThrow("restore: this model is being fitted");
    await iterator.return();
    for (const [change, message] of [
      [{ batchSize: 8 }, "fit: resume: the fit that was left had batchSize 16, this one has 8; give the same"],
      [{ shuffle: false }, "fit: resume: the fit that was left had shuffle true, this one has false; give the same"],
    ] as const)
      await expect(all(model, { ...course, ...change, resume: true })).rejects.toThrow(message);
  });
});

test("notes that JSON cannot hold are refused as such", async () => {
  const model = await make();
  const circle: unknown[] = [];
  circle.push(circle);
  for (const notes of [{ count: 1n }, circle])
    await expect(saveCheckpoint(model, "never-written.checkpoint", { notes })).rejects.toThrow(
      /^saveCheckpoint: notes must be what JSON can hold \(.*(BigInt|circular|cyclic).*\); give strings, numbers/,
    );
});

describe("a checkpoint", async () => {
  const model = await make();
  await all(model, { ...course, epochs: 1 });
  const good = encodeCheckpoint(model.snapshot());

  test("with any byte changed, or cut short, is refused by name", () => {
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat({ max: 7 }), (at, bit) => {
        const bytes = good.slice();
        bytes[at] = (bytes[at] as number) ^ (1 << bit);
        expect(() => decodeCheckpoint(bytes)).toThrow(/^decodeCheckpoint: /);
        expect(() => decodeCheckpoint(good.subarray(0, at))).toThrow(/^decodeCheckpoint: /);
      }),
      { numRuns: 1000 },
    );
  });

  test("written from the model's own memory is the one written from a copy", async () => {
    // Parts of odd length too: 83 parameters, 83 velocities, 16 running statistics.
    const live = model.snapshot({ copy: false });
    expect(live.parameters.buffer).toBe(model.parameters.buffer);
    expect(encodeCheckpoint(live)).toEqual(good);
    const odd = await createModel({ input: [1], network: dense(1), loss: meanSquaredError() });
    expect(decodeCheckpoint(encodeCheckpoint(odd.snapshot({ copy: false })))).toEqual(odd.snapshot());
    expect(() => model.snapshot({ copied: false } as never)).toThrow('snapshot: unknown option "copied"');
  });

  test("is read from bytes whose slice is a view, as that of Node's Buffer, and leaves them as they are", () => {
    class Pooled extends Uint8Array<ArrayBuffer> {
      override slice(from = 0, to = this.length): Pooled {
        return new Pooled(this.buffer, this.byteOffset + from, to - from);
      }
    }
    for (const offset of [0, 1]) {
      const within = new Pooled(new ArrayBuffer(good.length + 8), offset, good.length);
      within.set(good);
      expect(decodeCheckpoint(within)).toEqual(model.snapshot());
      expect([...within]).toEqual([...good]);
    }
  });

  test("of a newer version, or weights alone, are told apart", () => {
    const text = new TextDecoder("latin1").decode(good);
    const newer = Uint8Array.from(text.replace('"version":"1"', '"version":"2"'), (c) => c.charCodeAt(0));
    expect(() => decodeCheckpoint(newer)).toThrow(
      'decodeCheckpoint: the checkpoint has format version "2", this thalweg reads up to 1; use a newer thalweg',
    );
    const other = Uint8Array.from(text.replace("thalweg checkpoint", "thalweg dumplings!"), (c) => c.charCodeAt(0));
    expect(() => decodeCheckpoint(other)).toThrow(
      "this is no checkpoint of thalweg; weights alone are for loadWeights",
    );
  });

  test("is kept under a name, and found again", async () => {
    const place =
      "document" in globalThis ? "a run" : `${(await import("node:os")).tmpdir()}/thalweg-${process.pid}.checkpoint`;
    await saveCheckpoint(model, place);
    const again = await make();
    await loadCheckpoint(again, place);
    expect(again.snapshot()).toEqual(model.snapshot());
    await expect(loadCheckpoint(again, `${place}/none`)).rejects.toThrow(
      /^loadCheckpoint: cannot read ".*none" \(.*; check the path$/,
    );
    await expect(loadCheckpoint(again, "")).rejects.toThrow("loadCheckpoint: expected a path");
  });
});
