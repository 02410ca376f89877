// fit: what an epoch is made of, and that it can be left, aborted, resumed and watched without harm.
import { describe, expect, test } from "vitest";
import {
  arrayDataset,
  chain,
  createModel,
  crossEntropy,
  type Dataset,
  dense,
  dropout,
  type EpochReport,
  type FitOptions,
  layerNorm,
  type Model,
  type ModelOptions,
  meanSquaredError,
  type Report,
  relu,
  type StepReport,
  sgd,
} from "../../src/index.ts";
import { numbers } from "../nn/net.ts";

const size = 50;
const x = numbers(size * 4, 1);
const y = Int32Array.from({ length: size }, (_, i) => (i * 7) % 3);
const data = arrayDataset({ x, y, shape: [4] });

const options: ModelOptions = {
  input: [4],
  network: chain(dense(8), relu(), dropout(0.2), dense(3)),
  loss: crossEntropy(),
  optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }),
  seed: 3,
  build: "strict",
};
const make = (more: Partial<ModelOptions> = {}): Promise<Model> => createModel({ ...options, ...more });
/** No dropout: steps depend on the batch alone. */
const plain = chain(dense(8), relu(), dense(3));

async function reports(model: Model, fitOptions: FitOptions = {}, from: Dataset = data): Promise<Report[]> {
  const list: Report[] = [];
  for await (const report of model.fit(from, fitOptions)) list.push(report);
  return list;
}
const untimed = (list: readonly Report[]): unknown[] => list.map(({ seconds, examplesPerSecond, ...rest }) => rest);
const batchOf = (rows: readonly number[]) => ({
  x: rows.flatMap((r) => [...x.subarray(r * 4, r * 4 + 4)]),
  y: rows.map((r) => y[r] as number),
});
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

describe("an epoch", () => {
  test.each([1, 7, 16, 25, 49, 50, 64, "all"] as const)(
    "of batches of %s is the steps over the rows in order, the remainder last",
    async (batchSize) => {
      const [fitted, stepped] = [await make({ network: plain }), await make({ network: plain })];
      const [report] = (await reports(fitted, { batchSize, shuffle: false })) as [EpochReport];
      const batch = Math.min(batchSize === "all" ? size : batchSize, size);
      let total = 0;
      let steps = 0;
      for (let start = 0; start < size; start += batch) {
        const rows = range(start, Math.min(start + batch, size));
        total += rows.length * stepped.step(batchOf(rows));
        steps++;
      }
      expect(fitted.parameters).toEqual(stepped.parameters);
      expect(fitted.steps).toBe(steps);
      expect(report).toMatchObject({ kind: "epoch", epoch: 1, step: steps });
      // Added up in another order of the same doubles.
      expect(report.loss).toBeCloseTo(total / size, 12);
    },
  );

  test("by default is of batches of 32, shuffled, and there is one", async () => {
    const [a, b] = [await make(), await make()];
    expect(untimed(await reports(a))).toEqual(untimed(await reports(b, { epochs: 1, batchSize: 32, shuffle: true })));
    expect(a.steps).toBe(2);
    expect(a.parameters).toEqual(b.parameters);
  });

  /** The order in which rows are seen: with a batch of 1 and targets that are row numbers, w after a step of size 1/2 is the target. */
  async function orders(epochs: number, shuffle: boolean, seed: number): Promise<number[][]> {
    const model = await make({
      input: [1],
      network: dense(1, { bias: false }),
      loss: meanSquaredError(),
      optimizer: sgd({ learningRate: 0.5 }),
      seed,
    });
    const rows = arrayDataset({ x: new Float32Array(size).fill(1), y: range(0, size), shape: [1], targetShape: [1] });
    const seen: number[] = [];
    for await (const report of model.fit(rows, { epochs, batchSize: 1, shuffle, reportEvery: 1 }))
      if (report.kind === "step") seen.push(model.parameters[0] as number);
    return range(0, epochs).map((epoch) => seen.slice(epoch * size, (epoch + 1) * size));
  }

  test("sees every row once, in an order of its own that the seed decides", async () => {
    const [first, second, third] = (await orders(3, true, 1)) as [number[], number[], number[]];
    const sorted = (list: readonly number[]): number[] => [...list].sort((a, b) => a - b);
    for (const order of [first, second, third]) expect(sorted(order)).toEqual(range(0, size));
    expect(first).not.toEqual(range(0, size));
    expect(second).not.toEqual(first);
    expect(third).not.toEqual(second);
    expect(third).not.toEqual(first);
    expect(await orders(3, true, 1)).toEqual([first, second, third]);
    expect((await orders(1, true, 2))[0]).not.toEqual(first);
    expect(await orders(2, false, 1)).toEqual([range(0, size), range(0, size)]);
  });

  test("of a second fit is shuffled as the next of one long fit would be", async () => {
    const [long, short] = [await make(), await make()];
    await reports(long, { epochs: 2, batchSize: 16 });
    await reports(short, { batchSize: 16 });
    await reports(short, { batchSize: 16 });
    expect(short.parameters).toEqual(long.parameters);
  });
});

describe("reports", () => {
  test("come after each epoch, and every so many steps on request", async () => {
    const model = await make();
    const list = await reports(model, { epochs: 2, batchSize: 8, reportEvery: 3, validation: data });
    expect(list.map((r) => (r.kind === "step" ? `${r.epoch}:${r.stepInEpoch}/${r.stepsPerEpoch}@${r.step}` : `${r.epoch}@${r.step}`))).toEqual([
      "1:3/7@3", "1:6/7@6", "1@7", "2:3/7@10", "2:6/7@13", "2@14",
    ]); // biome-ignore format: an epoch a row
    for (const report of list) {
      expect(report.seconds).toBeGreaterThan(0);
      expect(report.examplesPerSecond).toBeGreaterThan(0);
      expect(Number.isFinite(report.loss)).toBe(true);
    }
    expect((list.at(-1) as EpochReport).validation).toEqual(model.evaluate(data));
  });

  test("of steps carry the loss of their step", async () => {
    const [fitted, stepped] = [await make({ network: plain }), await make({ network: plain })];
    const list = (await reports(fitted, { batchSize: 20, shuffle: false, reportEvery: 1 })).slice(0, 3) as StepReport[];
    const losses = [range(0, 20), range(20, 40), range(40, 50)].map((rows) => stepped.step(batchOf(rows)));
    expect(list.map((report) => report.loss)).toEqual(losses);
  });

  test("may be read between steps: evaluate, predict and step in the loop's body change only what they should", async () => {
    const [watched, alone] = [await make(), await make()];
    for await (const _ of watched.fit(data, { epochs: 3, batchSize: 16, reportEvery: 1 })) {
      watched.evaluate(data);
      watched.predict(x);
      watched.objective(batchOf([1, 2, 3])).loss(watched.parameters.slice());
    }
    await reports(alone, { epochs: 3, batchSize: 16, reportEvery: 1 });
    expect(watched.parameters).toEqual(alone.parameters);
    // The data held by fit survive memory that grows under them.
    const growing = await make({ network: plain });
    const reference = await make({ network: plain });
    for await (const _ of growing.fit(data, { epochs: 2, batchSize: 16, reportEvery: 1 }))
      growing.predict(numbers(40_000, 5));
    await reports(reference, { epochs: 2, batchSize: 16 });
    expect(growing.parameters).toEqual(reference.parameters);
  });
});

describe("stopping", () => {
  test("a signal aborted before the first step throws its reason and leaves no trace", async () => {
    const [aborted, untouched] = [await make(), await make()];
    const reason = new Error("never mind");
    await expect(reports(aborted, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(aborted.steps).toBe(0);
    expect(aborted.parameters).toEqual(untouched.parameters);
    await reports(aborted, { epochs: 2, batchSize: 16 });
    await reports(untouched, { epochs: 2, batchSize: 16 });
    expect(aborted.parameters).toEqual(untouched.parameters);
  });

  test("a signal aborted on the way throws its reason; the model keeps what it has learnt and can be fitted again", async () => {
    const model = await make();
    const begun = model.parameters.slice();
    const controller = new AbortController();
    const reason = { any: "value" };
    const seen: number[] = [];
    const run = async (): Promise<void> => {
      for await (const report of model.fit(data, {
        epochs: 100,
        batchSize: 10,
        reportEvery: 1,
        signal: controller.signal,
      })) {
        seen.push(report.step);
        if (report.step === 7) controller.abort(reason);
      }
    };
    await expect(run()).rejects.toBe(reason);
    expect(seen.at(-1)).toBe(7);
    expect(model.steps).toBe(7);
    expect(model.parameters).not.toEqual(begun);
    expect((await reports(model, { batchSize: 10 })).at(-1)).toMatchObject({ epoch: 1, step: 12 });
  });

  test("a signal aborted by a timer stops a fit nobody looks into", async () => {
    const model = await make();
    const signal = AbortSignal.timeout(30);
    await expect(reports(model, { epochs: 1e9, batchSize: 10, reportEvery: 1e9, signal })).rejects.toMatchObject({
      name: "TimeoutError",
    });
    expect(model.steps).toBeGreaterThan(0);
  });

  test("leaving the loop ends the fit; the next goes on from there", async () => {
    const model = await make();
    for await (const report of model.fit(data, { epochs: 10, batchSize: 16 })) if (report.epoch === 2) break;
    expect(model.steps).toBe(8);
    const failing = async (): Promise<void> => {
      for await (const _ of model.fit(data, { epochs: 10, batchSize: 16 })) throw new Error("in the body");
    };
    await expect(failing()).rejects.toThrow("in the body");
    expect(model.steps).toBe(12);
    expect((await reports(model, { batchSize: 16 })).at(-1)).toMatchObject({ epoch: 1, step: 16 });
  });

  test("a second fit at once is refused, and the first is not disturbed", async () => {
    const [model, alone] = [await make(), await make()];
    const first = model.fit(data, { epochs: 2, batchSize: 16 });
    await first.next();
    await expect(model.fit(data).next()).rejects.toThrow(
      "fit: this model is being fitted already; let that loop end, or call return() on its iterator",
    );
    await first.next();
    expect((await first.next()).done).toBe(true);
    await reports(alone, { epochs: 2, batchSize: 16 });
    expect(model.parameters).toEqual(alone.parameters);
    expect((await reports(model)).length).toBe(1);
  });

  test("nothing happens before the first report is asked for", async () => {
    const model = await make();
    const iterator = model.fit(data);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(model.steps).toBe(0);
    await iterator.return();
    expect((await reports(model)).length).toBe(1);
  });
});

describe("the host", () => {
  test("gets its turns: timers run while fit works, at least every few milliseconds", async () => {
    const model = await make({ network: chain(dense(64), relu(), dense(3)) });
    let last = performance.now();
    const began = last;
    const gaps: number[] = [];
    const timer = setInterval(() => {
      const now = performance.now();
      gaps.push(now - last);
      last = now;
    }, 1);
    const controller = new AbortController();
    setTimeout(() => controller.abort("enough"), 400);
    try {
      await expect(
        reports(model, { epochs: 1e9, batchSize: 10, reportEvery: 1e9, signal: controller.signal }),
      ).rejects.toBe("enough");
    } finally {
      clearInterval(timer);
    }
    // fit hands over every 12 ms; a busy machine may double that, and a page's timers wait 4 ms each.
    expect(gaps.length).toBeGreaterThan((performance.now() - began) / 50);
    expect(gaps.sort((a, b) => a - b)[Math.floor(gaps.length / 2)]).toBeLessThan(40);
  });
});

test("the host gets its turns in validation too, may abort it there, and ends it by closing the model", async () => {
  const model = await make({ network: chain(dense(256), relu(), dense(256), relu(), dense(3)) });
  const many = 40_000;
  const validation = { ...data, size: many, x: new Float32Array(many * 4), y: new Int32Array(many) };
  const controller = new AbortController();
  const iterator = model.fit(data, { batchSize: "all", validation, signal: controller.signal });
  setTimeout(() => controller.abort("enough"), 30);
  await expect(iterator.next()).rejects.toBe("enough");
  setTimeout(() => model.close(), 30);
  await expect(reports(model, { batchSize: "all", validation })).rejects.toThrow("fit: the model is closed");
});

describe("the same bits", () => {
  const rich = { network: chain(dense(8), layerNorm(), relu(), dropout(0.3), dense(3)) };
  const trained = async (build: "strict" | "debug"): Promise<Float32Array> => {
    const model = await make({ ...rich, build });
    await reports(model, { epochs: 8, batchSize: 16 }); // 4 steps an epoch, the last of 2 rows
    expect(model.steps).toBe(32);
    return model.parameters.slice();
  };

  test("come out of the same seed twice, and of the debug build", async () => {
    const theta = await trained("strict");
    expect(await trained("strict")).toEqual(theta);
    expect(await trained("debug")).toEqual(theta);
    expect(theta.every(Number.isFinite)).toBe(true);
  });
});
