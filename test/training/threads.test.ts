// Several threads against one: the same numbers within rounding, the same bits again, and clear refusals. In a page the
// model lives in a worker: a page's own thread may not wait.
import { afterAll, describe, expect, test, vi } from "vitest";
import type { Batch, Dataset, FitOptions, LossFunction, ModelOptions, Profile, Report } from "../../src/index.ts";
import { expectClose, numbers } from "../nn/net.ts";

const built: string = "../../dist/index.js";
const library = (await import(/* @vite-ignore */ built)) as typeof import("../../src/index.ts");
const { arrayDataset, chain, createModel, createRemoteModel, crossEntropy, dense, dropout, l2, relu, sgd } = library;
const { batchNorm, conv2d, each, flatten, globalAveragePool2d, ops, triplet } = library;

const inPage = "document" in globalThis;
const [width, classes] = [7, 3];
const options: ModelOptions = {
  input: [width],
  network: chain(dense(19), relu(), dropout(0.3), dense(13), relu(), dropout(0.1), dense(classes)),
  loss: crossEntropy(),
  regularizer: l2(1e-3),
  optimizer: sgd({ learningRate: 0.05, momentum: 0.9, weightDecay: 1e-3 }),
  seed: 5,
  build: "strict",
};
const labels = (n: number): Int32Array => Int32Array.from({ length: n }, (_, i) => (i * 5) % classes);
const batchOf = (rows: number, seed: number): Batch => ({ x: numbers(rows * width, seed), y: labels(rows) });
const data = arrayDataset({ x: numbers(70 * width, 3), y: labels(70), shape: [width] });

/** A model here or in a worker, behind promises. */
interface Subject {
  step(batch: Batch): Promise<number>;
  fit(data: Dataset, options: FitOptions): AsyncGenerator<Report, void, void>;
  evaluate(data: Dataset): Promise<{ readonly loss: number; readonly accuracy?: number }>;
  predict(x: ArrayLike<number>): Promise<Float32Array>;
  refreshStatistics(data: Dataset): Promise<void>;
  parameters(): Promise<Float32Array>;
  state(): Promise<Float32Array>;
  profile(batch: Batch): Promise<Profile>;
  close(): void;
}
const open: Subject[] = [];
afterAll(() => {
  for (const model of open) model.close();
});

async function create(place: string, more: Partial<ModelOptions>): Promise<Subject> {
  let subject: Subject;
  if (place === "a worker") subject = await createRemoteModel({ ...options, ...more });
  else {
    const model = await createModel({ ...options, ...more });
    subject = {
      step: async (batch) => model.step(batch),
      fit: (set, how) => model.fit(set, how),
      evaluate: async (set) => model.evaluate(set),
      predict: async (x) => model.predict(x),
      refreshStatistics: async (set) => model.refreshStatistics(set),
      parameters: async () => model.parameters.slice(),
      state: async () => model.state.slice(),
      profile: async (batch) => model.profile(batch),
      close: () => model.close(),
    };
  }
  open.push(subject);
  return subject;
}

/** Largest difference. */
const apart = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] as number))), 0);

async function train(model: Subject, how: FitOptions): Promise<Report[]> {
  const reports: Report[] = [];
  for await (const report of model.fit(data, how)) reports.push(report);
  return reports;
}

describe.each(inPage ? ["a worker"] : ["this thread", "a worker"])("a model in %s", (place) => {
  // Sums of some hundred products of numbers near 1, in another order: a few units of 2⁻²⁴ each, over some steps.
  const rounding = 5e-6;

  test.each([2, 3])("learns with %d threads what it learns with one, dropout and all", async (threads) => {
    const [one, several] = [await create(place, {}), await create(place, { threads })];
    for (const [i, rows] of [33, 6, 33, 5, 64].entries()) {
      const batch = batchOf(rows, i + 1);
      expect(Math.abs((await one.step(batch)) - (await several.step(batch)))).toBeLessThan(rounding);
    }
    const [a, b] = [await one.parameters(), await several.parameters()];
    expect(apart(a, b)).toBeLessThan(rounding);
    // Batches of 16 out of 70: the last has 6 rows.
    const fits = [one, several].map((model) => train(model, { epochs: 2, batchSize: 16, validation: data }));
    const [expected, got] = (await Promise.all(fits)) as [Report[], Report[]];
    got.forEach((report, i) => expect(Math.abs(report.loss - (expected[i] as Report).loss)).toBeLessThan(rounding));
    expect(apart(await one.parameters(), await several.parameters())).toBeLessThan(rounding);
    const [left, right] = [await one.evaluate(data), await several.evaluate(data)];
    expect(right.accuracy).toBe(left.accuracy);
    expect(Math.abs(right.loss - left.loss)).toBeLessThan(rounding);
    for (const rows of [1, 2, 70])
      expect(
        apart(await one.predict(numbers(rows * width, 9)), await several.predict(numbers(rows * width, 9))),
      ).toBeLessThan(rounding);
  });

  test("draws for each input of an example what one thread draws", async () => {
    const more: Partial<ModelOptions> = {
      input: [3, width],
      network: each(chain(dense(9), batchNorm(), relu(), dropout(0.4), dense(2))),
      loss: triplet(),
      regularizer: undefined as never,
    };
    const [one, several] = [await create(place, more), await create(place, { ...more, threads: 3 })];
    for (const rows of [12, 7]) {
      const batch = { x: numbers(rows * 3 * width, rows), y: new Float32Array(rows).fill(1) };
      expect(Math.abs((await one.step(batch)) - (await several.step(batch)))).toBeLessThan(rounding);
    }
    expect(apart(await one.parameters(), await several.parameters())).toBeLessThan(rounding);
  });

  test("is shown the same changed examples", async () => {
    // Of batches of two the gradient is the sum of two numbers, whoever computes them: equal images, equal bits.
    const more: Partial<ModelOptions> = {
      input: [4, 4, 1],
      network: chain(flatten(), dense(1, { bias: false })),
      loss: (prediction, target) => ops.mean(ops.mul(prediction, target)),
      regularizer: undefined as never,
      optimizer: sgd({ learningRate: 0.5 }),
    };
    const images = arrayDataset({ x: numbers(8 * 16, 4), y: numbers(8, 5), shape: [4, 4, 1], targetShape: [1] });
    const augment = { shift: 1, noise: 0.5, cutout: 2, mixup: 0.8 };
    const [one, two] = [await create(place, more), await create(place, { ...more, threads: 2 })];
    for (const model of [one, two]) for await (const _ of model.fit(images, { epochs: 3, batchSize: 2, augment }));
    expect(await two.parameters()).toEqual(await one.parameters());
  });

  test("has the profile of a step in one thread, and is as before after it", async () => {
    const [one, profiled, untouched] = [
      await create(place, {}),
      await create(place, { threads: 2 }),
      await create(place, { threads: 2 }),
    ];
    const batch = batchOf(33, 1);
    const kernels = async (model: Subject) => (await model.profile(batch)).calls.map(({ kernel }) => kernel);
    expect(await profiled.step(batch)).toBe(await untouched.step(batch));
    expect(await kernels(profiled)).toEqual(await kernels(one));
    expect(await profiled.step(batch)).toBe(await untouched.step(batch));
    expect(await profiled.parameters()).toEqual(await untouched.parameters());
  });

  test.each([2, 3])(
    "normalises the whole batch with %d threads, and keeps the same running statistics",
    async (threads) => {
      const images: Partial<ModelOptions> = {
        input: [5, 4, 2],
        network: chain(
          conv2d(6, 3, { padding: "same" }),
          batchNorm(),
          relu(),
          conv2d(5, 3, { padding: "same" }),
          batchNorm(),
          relu(),
          globalAveragePool2d(),
          dense(3),
        ),
      };
      const [one, several] = [await create(place, images), await create(place, { ...images, threads })];
      const before = await one.state();
      for (const [i, rows] of [8, 7, 16, 5].entries()) {
        // A mean far from 0, which a sum of squares would not survive.
        const batch = { x: numbers(rows * 40, i + 1).map((v) => v + 100 * (i + 1)), y: labels(rows) };
        expect(Math.abs((await one.step(batch)) - (await several.step(batch)))).toBeLessThan(20 * rounding);
      }
      expect(apart(await one.parameters(), await several.parameters())).toBeLessThan(20 * rounding);
      const [expected, got] = [await one.state(), await several.state()];
      expect(expected).not.toEqual(before);
      got.forEach((value, i) =>
        expect(Math.abs(value - (expected[i] as number))).toBeLessThan(20 * rounding * (1 + Math.abs(value))),
      );
      const x = numbers(3 * 40, 9);
      expect(apart(await one.predict(x), await several.predict(x))).toBeLessThan(1e-3);
    },
  );

  test("may have one value a channel in a thread, if the batch has more", async () => {
    const net: Partial<ModelOptions> = { network: chain(dense(4), batchNorm(), dense(3)) };
    const [one, several] = [await create(place, net), await create(place, { ...net, threads: 3 })];
    const [expected, got] = [await one.step(batchOf(3, 1)), await several.step(batchOf(3, 1))];
    expect(Math.abs(got - expected)).toBeLessThan(rounding);
  });

  test("learns with a network of more calls than a worker is told of at once", async () => {
    const deep = { network: chain(...Array.from({ length: 250 }, () => dense(3)), dense(classes)) };
    const [one, several] = [await create(place, deep), await create(place, { ...deep, threads: 2 })];
    for (const seed of [1, 2])
      expect(Math.abs((await one.step(batchOf(9, seed))) - (await several.step(batchOf(9, seed))))).toBeLessThan(
        rounding,
      );
  });

  test("computes the statistics of BatchNorm anew as one thread does", async () => {
    const network = chain(dense(9), batchNorm(), relu(), dense(classes));
    const [one, several] = await Promise.all([1, 2].map((threads) => create(place, { network, threads })));
    // More rows than one pass takes, and not evenly.
    const many = arrayDataset({ x: numbers(301 * width, 8), y: labels(301), shape: [width] });
    const before = await one?.state();
    for (const model of [one, several]) await model?.refreshStatistics(many);
    expect(await one?.state()).not.toEqual(before);
    expectClose((await several?.state()) as Float32Array, (await one?.state()) as Float32Array, 1e-6);
  });

  test("repeats itself to the bit", async () => {
    const results: Float32Array[] = [];
    for (let times = 0; times < 2; times++) {
      const model = await create(place, { threads: 3 });
      await train(model, { epochs: 3, batchSize: 16 });
      results.push(await model.parameters());
    }
    expect(results[1]).toEqual(results[0]);
  });

  test("does with one thread what has fewer rows than threads at the end of an epoch", async () => {
    // 70 = 3 · 23 + 1
    const [one, several] = [await create(place, {}), await create(place, { threads: 2 })];
    for (const model of [one, several]) await train(model, { epochs: 2, batchSize: 23 });
    expect(apart(await one.parameters(), await several.parameters())).toBeLessThan(rounding);
  });

  test("refuses a batch smaller than the threads, and is as it was", async () => {
    const model = await create(place, { threads: 3 });
    const before = await model.parameters();
    await expect(model.step(batchOf(2, 1))).rejects.toThrow(
      "step: a batch of 2 cannot be shared out among 3 threads; give at least 3 examples, or create the model with fewer threads",
    );
    await expect(train(model, { batchSize: 2 })).rejects.toThrow("fit: a batch of 2 cannot be shared out among 3");
    expect(await model.parameters()).toEqual(before);
    expect(await model.step(batchOf(3, 1))).toBeGreaterThan(0);
  });

  test("a stream's last batch of fewer rows than threads is done by one, as a data set's is; its first is refused", async () => {
    const [whole, streamed] = [await create(place, { threads: 3 }), await create(place, { threads: 3 })];
    const examples = Array.from({ length: 70 }, (_, i) => ({
      x: data.x.slice(width * i, width * (i + 1)),
      y: data.y[i],
    }));
    const learn = async (source: Iterable<unknown>, batchSize: number): Promise<Report[]> => {
      const reports: Report[] = [];
      for await (const report of streamed.fit(source as never, { batchSize })) reports.push(report);
      return reports;
    };
    const refused = "fit: a batch of 2 cannot be shared out among 3 threads";
    for (const [source, batchSize] of [
      [examples, 2],
      [examples.slice(0, 2), 23],
    ] as const)
      await expect(learn(source, batchSize)).rejects.toThrow(refused);
    const [expected] = await train(whole, { batchSize: 23, shuffle: false });
    const [told] = await learn(examples, 23);
    expect([told?.step, told?.loss]).toEqual([4, expected?.loss]);
    expect(await streamed.parameters()).toEqual(await whole.parameters());
  });

  test("changes nothing by a loss that is not finite, and fit says where it came from", async () => {
    const steep = { optimizer: sgd({ learningRate: 1e30 }), threads: 2 };
    const model = await create(place, steep);
    await model.step(batchOf(8, 1));
    const before = await model.parameters();
    expect(Number.isFinite(await model.step(batchOf(8, 2)))).toBe(false);
    expect(await model.parameters()).toEqual(before);
    await expect(train(model, { batchSize: 10 })).rejects.toThrow(/the first value that is not finite came from \w+/);
    expect(await model.parameters()).toEqual(before);
  });

  test("says that it is closed", async () => {
    const model = await create(place, { threads: 2 });
    model.close();
    await expect(model.step(batchOf(8, 1))).rejects.toThrow("closed");
    await expect(model.predict(numbers(width, 1))).rejects.toThrow("closed");
    await expect(train(model, {})).rejects.toThrow("closed");
  });
});

describe("threads", () => {
  test.each([0, -1, 1.5, 65, Number.NaN, "2", null])("cannot be %s", async (threads) => {
    await expect(createModel({ ...options, threads: threads as number })).rejects.toThrow(
      'createModel: threads must be "auto" or a whole number from 1 to 64, got',
    );
  });

  test("are not for the debug build", async () => {
    await expect(createModel({ ...options, build: "debug", threads: 2 })).rejects.toThrow(
      'createModel: threads: 2 cannot be had: the debug build runs in one thread; use build: "strict"; or use threads: 1',
    );
  });

  test("share out a loss that gives a number an example or their mean, and no other", async () => {
    const place = inPage ? "a worker" : "this thread";
    const regression = { input: [width], network: dense(2), optimizer: sgd({ learningRate: 0.1 }), seed: 3 };
    const squares: LossFunction = (p, t) => ops.square(ops.sub(p, t));
    const batch = { x: numbers(9 * width, 1), y: numbers(18, 2) };
    for (const loss of [
      (p, t) => ops.mean(squares(p, t)),
      (p, t) => ops.sub(ops.mul(ops.mean(squares(p, t)), 3), ops.div(ops.mean(ops.abs(p)), 2)),
      (p, t) => ops.sum(squares(p, t), 1),
    ] satisfies LossFunction[]) {
      const one = await create(place, { ...regression, loss });
      const several = await create(place, { ...regression, loss, threads: 3 });
      expect(await several.step(batch)).toBeCloseTo(await one.step(batch), 5);
      expect(await several.step(batch)).toBeCloseTo(await one.step(batch), 5);
    }
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    for (const loss of [
      (p, t) => ops.sum(squares(p, t)),
      (p, t) => ops.sqrt(ops.mean(squares(p, t))),
      (p, t) => ops.mul(ops.mean(squares(p, t)), ops.mean(p)),
    ] satisfies LossFunction[]) {
      await expect(create(place, { ...regression, loss, threads: 2 })).rejects.toThrow(
        "createModel: threads: 2 cannot be had: the loss gives one number for the whole batch that is not a mean over its examples, so no thread can do a part of it; return one number an example, [batch]; or use threads: 1",
      );
      const alone = await create(place, { ...regression, loss, threads: "auto" });
      expect(await alone.step(batch)).toBeCloseTo(await (await create(place, { ...regression, loss })).step(batch), 5);
    }
    expect(warn).toHaveBeenCalledTimes(3);
    warn.mockRestore();
  });

  test.runIf(inPage)("are not for a page's own thread: a number is refused", async () => {
    await expect(createModel({ ...options, threads: 2 })).rejects.toThrow(
      "the main thread of a page may not wait for other threads; use createRemoteModel",
    );
  });

  test.runIf(inPage)('on a page\'s own thread "auto" gives one, and a warning', async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const model = await createModel({ ...options, threads: "auto" });
    expect(model.threads).toBe(1);
    expect(warn.mock.calls).toEqual([
      [
        'createModel: threads: "auto" gives one thread: the main thread of a page may not wait for other threads; use createRemoteModel',
      ],
    ]);
    warn.mockRestore();
  });

  test.runIf(inPage)("in a page that is not isolated: a number is refused, with the headers that lack", async () => {
    vi.stubGlobal("crossOriginIsolated", false);
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const reason =
      "this page has no shared memory; serve it with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp";
    await expect(createRemoteModel({ ...options, threads: 2 })).rejects.toThrow(
      `createModel: threads: 2 cannot be had: ${reason}; or use threads: 1`,
    );
    const model = await createRemoteModel({ ...options, threads: "auto" });
    open.push(model);
    expect(model.threads).toBe(1);
    expect(await model.step(batchOf(4, 1))).toBeGreaterThan(0);
    expect(warn.mock.calls).toEqual([[`createModel: threads: "auto" gives one thread: ${reason}`]]);
    warn.mockRestore();
    vi.unstubAllGlobals();
  });

  test('by "auto" are as many as there are processors, and a batch may be smaller', async () => {
    const model = await create(inPage ? "a worker" : "this thread", { threads: "auto" });
    expect(await model.step(batchOf(1, 1))).toBeGreaterThan(0);
  });
});
