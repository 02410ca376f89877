// Training on what comes one after another: the same as on a data set, closed however it ends, and never half a step.
import { describe, expect, test } from "vitest";
import { driftingStream, type RowBatch, stream } from "../../src/data/index.ts";
import {
  chain,
  createModel,
  crossEntropy,
  dense,
  type EpochReport,
  type FitOptions,
  type Model,
  type ModelOptions,
  type Report,
  sgd,
} from "../../src/index.ts";
import { any, data, expectRefusal, guarded, options, stateOf } from "./refuse.ts";

const make = (more: Partial<ModelOptions> = {}): Promise<Model> => createModel({ ...options, ...more });

async function all(reports: AsyncIterable<Report>): Promise<Report[]> {
  const list: Report[] = [];
  for await (const report of reports) list.push(report);
  return list;
}

/** The examples of `data`, one by one. */
const examples = Array.from({ length: data.size }, (_, i) => ({
  x: (data.x as Float32Array).subarray(4 * i, 4 * i + 4),
  y: data.y[i] as number,
}));
const batches: RowBatch[] = [0, 4, 8].map((from) => ({
  x: (data.x as Float32Array).subarray(4 * from, 4 * from + 16),
  y: data.y.subarray(from, from + 4),
}));
/** In a new ReadableStream. */
const web = <T>(items: readonly T[]): ReadableStream<T> =>
  new ReadableStream({
    start(controller) {
      for (const item of items) controller.enqueue(item);
      controller.close();
    },
  });
const plain = { batchSize: 4, epochs: 1, reportEvery: 1, validation: data } satisfies FitOptions;
const timeless = ({ seconds: _, examplesPerSecond: __, ...report }: Report): object => report;

describe("fit on a stream", () => {
  test.each<[string, () => unknown, FitOptions]>([
    ["of examples", () => examples, { batchSize: 4 }],
    ["of batches", () => batches, {}],
    ["of batches of another size", () => [0, 3, 6, 9].map((from) => ({ x: data.x.subarray(4 * from, 4 * from + 12), y: data.y.subarray(from, from + 3) })), { batchSize: 4 }],
    ["of all in one", () => [data].map(({ x, y }) => ({ x, y })), { batchSize: 4 }],
    ["that is a ReadableStream", () => web(examples), { batchSize: 4 }],
    ["made by stream()", () => stream(web(examples)).batch(4, { reuse: true }), {}],
    ["of plain numbers", () => examples.map(({ x, y }) => ({ x: [...x], y: [y] })), { batchSize: 4 }],
  ])("%s is fit on the data set in its order", async (_, source, how) => {
    const [whole, streamed] = [await make(), await make()];
    const expected = await all(whole.fit(data, { ...plain, shuffle: false }));
    const { batchSize: __, ...rest } = plain;
    const told = await all(streamed.fit(any(source()), { ...rest, ...how }));
    expect(stateOf(streamed)).toEqual(stateOf(whole));
    expect(told.map(timeless)).toEqual(
      expected.map((report) => ({
        ...timeless(report),
        ...(report.kind === "step" && { stepsPerEpoch: Number.POSITIVE_INFINITY }),
        loss: report.kind === "step" ? report.loss : expect.closeTo(report.loss, 12),
      })),
    );
  }); // biome-ignore format: a case a line

  test("in epochs: once through the stream each, or a number of steps, going on", async () => {
    const kinds = (list: readonly Report[]): unknown =>
      list.map((r) => (r.kind === "step" ? [r.epoch, r.stepInEpoch, r.stepsPerEpoch] : [r.epoch, r.step]));
    const model = await make();
    expect(kinds(await all(model.fit(batches, { epochs: 2 })))).toEqual([[1, 3], [2, 6]]); // biome-ignore format: pairs
    const endless = stream(batches).repeat();
    const counted = await all(model.fit(endless, { stepsPerEpoch: 4, epochs: 2, reportEvery: 2 }));
    expect(kinds(counted)).toEqual([[1, 2, 4], [1, 4, 4], [1, 10], [2, 2, 4], [2, 4, 4], [2, 14]]); // biome-ignore format: pairs
    // The source ends before the epochs do.
    expect(kinds(await all(model.fit(batches, { stepsPerEpoch: 2, epochs: 9 })))).toEqual([[1, 16], [2, 17]]); // biome-ignore format: pairs
    await expectRefusal(
      () => all(model.fit(web(batches), { epochs: 2 })),
      /^fit: the stream had nothing left for epoch 2: it can be read once only; give one that begins anew/,
    );
    expect(model.steps).toBe(20);
  });

  test("weights its examples as a data set's are", async () => {
    const weights = Float32Array.from({ length: data.size }, (_, i) => 0.25 * (1 + (i % 7)));
    const weighted = examples.map((example, i) => ({ ...example, weights: weights[i] as number }));
    const [whole, joined, asTheyAre, plain] = [await make(), await make(), await make(), await make()];
    await all(whole.fit({ ...data, weights }, { batchSize: 4, shuffle: false }));
    await all(joined.fit(weighted, { batchSize: 4, testThenTrain: true }));
    await all(asTheyAre.fit(stream(weighted).batch(4)));
    await all(plain.fit(examples, { batchSize: 4 }));
    expect(stateOf(joined)).toEqual(stateOf(whole));
    expect(stateOf(asTheyAre)).toEqual(stateOf(whole));
    expect(stateOf(plain)).not.toEqual(stateOf(whole));
    for (const mixed of [
      [weighted[0], examples[1]],
      [examples[0], weighted[1]],
    ])
      await expectRefusal(
        () => all(plain.fit(any(mixed), { batchSize: 4 })),
        /^fit: item 2 has (no )?weights, unlike those before; give all of them weights, or none/,
      );
  });

  test("is the user's own loop of steps", async () => {
    const [fitted, stepped] = [await make(), await make()];
    await all(fitted.fit(batches));
    for await (const batch of stream(batches)) stepped.step(batch);
    expect(stateOf(stepped)).toEqual(stateOf(fitted));
  });

  test("left behind any step goes on to the same bits, what has been seen being skipped", async () => {
    const source = () => stream(examples).repeat(6).shuffle(7, 3).batch(4);
    const whole = await make();
    const kept = [];
    for await (const _ of whole.fit(source(), { reportEvery: 1 })) kept.push(whole.snapshot());
    expect(kept).toHaveLength(15 + 1);
    for (const snapshot of kept.slice(0, 15)) {
      const model = await make();
      model.restore(snapshot);
      if (snapshot.steps < 15) await all(model.fit(source().skip(snapshot.steps)));
      expect(model.snapshot()).toEqual(whole.snapshot());
    }
  });
});

describe("fit closes the stream", () => {
  /** Batches without end, or up to an error, and what became of the iterator. */
  function source(failsAt = Number.POSITIVE_INFINITY, waitsAt = Number.POSITIVE_INFINITY) {
    const seen = { asked: 0, closed: 0 };
    const iterable: AsyncIterable<RowBatch> = {
      [Symbol.asyncIterator]: () => ({
        async next() {
          if (seen.asked === waitsAt) return new Promise(() => {});
          if (seen.asked === failsAt) throw new Error("the line is dead");
          return { done: false, value: batches[seen.asked++ % 2] as RowBatch };
        },
        async return() {
          seen.closed++;
          return { done: true, value: undefined };
        },
      }),
    };
    return { iterable, seen };
  }
  const stateAfter = async (steps: number): Promise<unknown> => {
    const model = await make();
    for (let i = 0; i < steps; i++) model.step(batches[i % 2] as RowBatch);
    return stateOf(model);
  };

  test("when its loop is left, and asks for no more than it learns", async () => {
    const { iterable, seen } = source();
    const model = await make();
    for await (const report of model.fit(iterable, { reportEvery: 1 })) if (report.step === 3) break;
    expect(seen).toEqual({ asked: 3, closed: 1 });
    expect(stateOf(model)).toEqual(await stateAfter(3));
    // The model is free again.
    for await (const _ of model.fit(batches));
  });

  test("behind its last step", async () => {
    const { iterable, seen } = source();
    await all((await make()).fit(iterable, { stepsPerEpoch: 5 }));
    expect(seen).toEqual({ asked: 5, closed: 1 });
  });

  test("when aborted, also while it waits", async () => {
    for (const waitsAt of [4, Number.POSITIVE_INFINITY]) {
      const { iterable, seen } = source(undefined, waitsAt);
      const [model, controller] = [await make(), new AbortController()];
      const fit = all(model.fit(iterable, { signal: controller.signal }));
      const caught = expect(fit).rejects.toBe("enough");
      while (seen.asked < 4) await new Promise((done) => setTimeout(done, 1));
      controller.abort("enough");
      await caught;
      expect(seen.closed).toBe(1);
      expect(stateOf(model)).toEqual(await stateAfter(model.steps));
      if (waitsAt === 4) expect(model.steps).toBe(4);
    }
    const { iterable, seen } = source();
    await expect(all((await make()).fit(iterable, { signal: AbortSignal.abort("no") }))).rejects.toBe("no");
    expect(seen).toEqual({ asked: 0, closed: 0 });
  });

  test("not when it broke by itself: its error comes, behind the last whole step", async () => {
    const { iterable, seen } = source(3);
    const model = await make();
    await expect(all(model.fit(iterable))).rejects.toThrow("the line is dead");
    expect(seen).toEqual({ asked: 3, closed: 0 });
    expect(stateOf(model)).toEqual(await stateAfter(3));
    // Half a batch is no step.
    const broken = await make();
    const part = async function* () {
      yield* examples.slice(0, 6);
      throw new Error("the line is dead");
    };
    await expect(all(broken.fit(part(), { batchSize: 4 }))).rejects.toThrow("the line is dead");
    expect(stateOf(broken)).toEqual(await stateAfter(1));
  });

  test("when an item does not fit: it is named, and the model is as the step before left it", async () => {
    const bad: readonly (readonly [unknown, RegExp, FitOptions?])[] = [
      [1, /^fit: item 2: expected an object of options, got 1/],
      [{ x: [1, 2, 3, 4] }, /^fit: item 2: y must be an array of numbers, got undefined/],
      [{ x: [1, 2, 3], y: [0] }, /^fit: x has 3 numbers, not a multiple of the 4/],
      [{ x: [1, 2, 3], y: [0] }, /^fit: item 2: x has 3 numbers, the model needs 4 an example/, { batchSize: 4 }],
      [{ x: [1, 2, 3, 4], y: [3] }, /^fit: y\[0\] = 3 is not a label in \[0, 3\)/],
      [{ x: [1, 2, 3, Number.NaN], y: [1] }, /^fit: x\[3\] = NaN is not a finite number/],
      [{ x: Uint8Array.of(1, 2, 3, 4), y: [1] }, /^fit: x holds bytes/],
    ];
    for (const [item, says, more = {}] of bad) {
      let closed = false;
      const items = async function* () {
        try {
          yield batches[0];
          yield item;
        } finally {
          closed = true;
        }
      };
      const model = await make();
      await expectRefusal(() => all(model.fit(any(items()), more)), says);
      expect(stateOf(model)).toEqual(await stateAfter(1));
      expect(closed).toBe(true);
    }
  });

  test("when the loss is not finite, naming where that began", async () => {
    const model = await make({ optimizer: sgd({ learningRate: 1e30 }) });
    await expectRefusal(
      () => all(model.fit(stream(batches).repeat())),
      /^fit: the loss is (NaN|Infinity) at step 2; the first value that is not finite came from .*; lower the learning rate/,
    );
    expect(model.steps).toBe(1);
  });
});

test("fit refuses options that a stream cannot have, and reads nothing then", async () => {
  const { model, intact } = await guarded();
  let opened = false;
  const source = {
    [Symbol.iterator]() {
      opened = true;
      return batches[Symbol.iterator]();
    },
  };
  for (const [wrong, says] of [
    [{ shuffle: true }, /^fit: shuffle is for data sets.*stream\(source\)\.shuffle\(/],
    [{ resume: true }, /^fit: resume is for data sets.*skip/],
    [{ augment: {} }, /^fit: augment is for data sets/],
    [{ batchSize: "all" }, /^fit: batchSize "all" is for data sets/],
    [{ batchSize: 0 }, /^fit: batchSize must be a whole number ≥ 1, got 0/],
    [{ stepsPerEpoch: 0.5 }, /^fit: stepsPerEpoch must be/],
    [{ epochs: 0 }, /^fit: epochs must be/],
    [{ testThenTrain: 1 }, /^fit: testThenTrain must be true or false, got 1/],
    [{ validation: 1 }, /^fit: validation: expected a data set, got 1/],
    [{ metrics: { a: () => 1 } }, /^fit: metrics judge the validation, and there is none/],
    [{ signal: 1 }, /^fit: signal must be/],
    [{ callbacks: [1] }, /^fit: callbacks must be/],
    [{ stepPerEpoch: 1 }, /^fit: unknown option "stepPerEpoch"/],
    [null, /^fit: expected an object of options, got null/],
  ] as const)
    await expectRefusal(() => all(model.fit(source, any(wrong))), says);
  await expectRefusal(() => all(model.fit(data, { stepsPerEpoch: 3 })), /^fit: unknown option "stepsPerEpoch"/);
  await expectRefusal(() => all(model.fit([])), /^fit: the stream is empty/);
  expect(opened).toBe(false);
  await intact();
});

describe("testThenTrain", () => {
  test("judges each batch as evaluate does before it is learnt, and changes nothing of what is learnt", async () => {
    const [model, twin] = [await make(), await make()];
    const reports = await all(model.fit(batches, { testThenTrain: true, reportEvery: 2 }));
    const judged = batches.map((batch) => {
      const rows = batch.y.length;
      const before = twin.evaluate({ ...data, size: rows, x: batch.x as Float32Array, y: batch.y as Int32Array });
      twin.step(batch);
      return { ...before, rows };
    });
    const mean = (list: typeof judged): object => {
      const rows = list.reduce((sum, one) => sum + one.rows, 0);
      const over = (key: "loss" | "accuracy"): unknown =>
        expect.closeTo(list.reduce((sum, one) => sum + one.rows * (one[key] as number), 0) / rows, 10);
      return { loss: over("loss"), accuracy: over("accuracy") };
    };
    expect(reports.map(({ tested }) => tested)).toEqual([mean(judged.slice(0, 2)), mean(judged)]);
    expect(stateOf(model)).toEqual(stateOf(twin));
  });

  test("follows a stream whose truth turns, where a model that has stopped learning falls behind", async () => {
    const features = 4;
    const drift = { features, batchSize: 20, drift: 1 / 40_000, noise: 0, seed: 5 };
    const line = (): Promise<Model> =>
      createModel({
        input: [features],
        network: chain(dense(2)),
        loss: crossEntropy(),
        optimizer: sgd({ learningRate: 0.5 }),
        build: "strict",
      });
    // A quarter turn of the truth in 10,000 examples: 500 steps.
    const [learning, fixed] = [await line(), await line()];
    const course = { testThenTrain: true, stepsPerEpoch: 100, epochs: 5 };
    const accuracies: number[] = [];
    for await (const report of learning.fit(driftingStream(drift), course)) {
      accuracies.push((report as EpochReport).tested?.accuracy as number);
      if (report.epoch === 1) fixed.parameters = learning.parameters;
    }
    let seen = 0;
    const right = [0, 0];
    for await (const { x, y } of stream(driftingStream(drift)).take(500).skip(400)) {
      const outputs = fixed.predict(x);
      for (let i = 0; i < y.length; i++, seen++)
        if (Number((outputs[2 * i + 1] as number) > (outputs[2 * i] as number)) === y[i])
          right[0] = (right[0] as number) + 1;
    }
    const left = (right[0] as number) / seen;
    for (const accuracy of accuracies.slice(1)) expect(accuracy).toBeGreaterThan(0.9);
    expect(left).toBeLessThan(0.7);
  });
});
