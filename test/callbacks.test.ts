// Callbacks: who is told what, when they stop a fit, and what they leave.
import { describe, expect, test } from "vitest";
import {
  arrayDataset,
  bestSnapshot,
  type Callback,
  chain,
  createModel,
  crossEntropy,
  decodeCheckpoint,
  dense,
  type EpochReport,
  earlyStopping,
  encodeCheckpoint,
  type FitOptions,
  history,
  type Model,
  type Report,
  type Snapshot,
  schedules,
  sgd,
  timeLimit,
} from "../src/index.ts";
import { numbers } from "./nn/net.ts";

const data = arrayDataset({
  x: numbers(40 * 3, 1),
  y: Int32Array.from({ length: 40 }, (_, i) => i % 2),
  shape: [3],
});
const make = (): Promise<Model> =>
  createModel({
    input: [3],
    network: chain(dense(2)),
    loss: crossEntropy(),
    optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }),
    seed: 1,
    build: "strict",
  });
async function fitted(model: Model, options: FitOptions): Promise<Report[]> {
  const reports: Report[] = [];
  for await (const report of model.fit(data, { batchSize: 10, ...options })) reports.push(report);
  return reports;
}

/** A monitor that tells these numbers, epoch by epoch. */
const told =
  (...values: number[]) =>
  ({ epoch }: EpochReport): number =>
    values[epoch - 1] as number;

describe("callbacks", () => {
  test("are told of all in order, before the loop is, and waited for", async () => {
    const events: string[] = [];
    const looker = (name: string): Callback => ({
      begin: () => void events.push(`${name} begins`),
      report: async ({ kind }) => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        events.push(`${name} ${kind}`);
      },
      end: () => void events.push(`${name} ends`),
    });
    const model = await make();
    for await (const { kind } of model.fit(data, {
      batchSize: 20,
      reportEvery: 1,
      callbacks: [looker("a"), looker("b")],
    }))
      events.push(`loop ${kind}`);
    const of = (kind: string): string[] => [`a ${kind}`, `b ${kind}`, `loop ${kind}`];
    expect(events).toEqual(["a begins", "b begins", ...of("step"), ...of("step"), ...of("epoch"), "a ends", "b ends"]);
  });

  test("see the end however a fit ends: left, aborted, failed or never begun; and then the model is free", async () => {
    const model = await make();
    let ends = 0;
    const callback: Callback = {
      async end(of) {
        ends++;
        await of.restore(await of.snapshot());
      },
    };
    for await (const _ of model.fit(data, { epochs: 5, callbacks: [callback] })) break;
    expect(ends).toBe(1);
    const signal = AbortSignal.abort("enough");
    await expect(fitted(model, { signal, callbacks: [callback] })).rejects.toBe("enough");
    expect(ends).toBe(2);
    const fails: Callback = {
      report: () => {
        throw new Error("a callback's own");
      },
    };
    await expect(fitted(model, { callbacks: [callback, fails] })).rejects.toThrow("a callback's own");
    expect(ends).toBe(3);
    const never: Callback = { begin: () => Promise.reject(new Error("not today")) };
    const steps = model.steps;
    await expect(fitted(model, { callbacks: [callback, never] })).rejects.toThrow("not today");
    expect([ends, model.steps]).toEqual([4, steps]);
    expect(await fitted(model, {})).toHaveLength(1);
  });

  test("see the end also behind one whose end throws; what threw first is told", async () => {
    const model = await make();
    let ends = 0;
    const counts: Callback = { end: () => void ends++ };
    const throws = (message: string): Callback => ({ end: () => Promise.reject(new Error(message)) });
    const callbacks = [throws("first"), counts, throws("second"), counts];
    await expect(fitted(model, { callbacks })).rejects.toThrow("first");
    expect(ends).toBe(2);
    const fails: Callback = {
      report: () => {
        throw new Error("the report's");
      },
    };
    await expect(fitted(model, { callbacks: [...callbacks, fails] })).rejects.toThrow("the report's");
    expect(ends).toBe(4);
    const left = async (): Promise<void> => {
      for await (const _ of model.fit(data, { callbacks })) break;
    };
    await expect(left()).rejects.toThrow("first");
    expect([ends, await fitted(model, {})]).toMatchObject([6, [{ epoch: 1 }]]);
  });

  test("that are none are refused before the first step", async () => {
    const model = await make();
    for (const [callbacks, message] of [
      [earlyStopping(), "fit: callbacks must be an array"],
      [[earlyStopping], "fit: callbacks must be objects such as earlyStopping(), got"],
      [[{ report: 1 }], "fit: callbacks: report must be a function"],
    ] as const)
      await expect(fitted(model, { callbacks: callbacks as never })).rejects.toThrow(message);
    expect(model.steps).toBe(0);
  });
});

/** A snapshot without what it says of callbacks. */
const alone = (snapshot: Snapshot): Snapshot => ({
  ...snapshot,
  ...(snapshot.fit && { fit: { ...snapshot.fit, callbacks: undefined } }),
});

describe("callbacks that have a state", () => {
  const watched: FitOptions = { epochs: 12, validation: data, reportEvery: 3 };
  /** Falls to epoch 5, with a plateau in which the rate is lowered. */
  const monitor = told(5, 4, 4, 4, 3, 3, 3, 3, 3, 3, 3, 3);
  const made = (): Callback[] => [
    { name: "user's", ...counter() },
    earlyStopping({ monitor, patience: 4 }),
    schedules.reduceOnPlateau({ patience: 0, threshold: 0.5, factor: 0.7, cooldown: 1 }),
  ];
  /** Counts reports, in numbers that JSON does not hold and a vector. */
  function counter(): Callback {
    let told = [Number.NaN, Number.NEGATIVE_INFINITY, 0];
    let vector = new Float32Array(2);
    return {
      state: () => ({ told: [...told], more: { vector: vector.slice() }, nothing: null }),
      restore: (state) => {
        const { told: then, more } = state as { told: number[]; more: { vector: Float32Array<ArrayBuffer> } };
        [told, vector] = [[...then], more.vector];
      },
      report: () => {
        (told[2] as number)++;
        (vector[1] as number)++;
      },
    };
  }

  test("go on from a checkpoint after any report as if the fit had never stopped", async () => {
    const whole = await make();
    const kept: Uint8Array[] = [];
    let last: Snapshot | undefined;
    const keep: Callback = {
      settled: (_, of) => {
        last = (of as Model).snapshot();
        kept.push(encodeCheckpoint(last));
      },
    };
    const reports = await fitted(whole, { ...watched, callbacks: [keep, ...made()] });
    expect(reports.at(-1)).toMatchObject({ kind: "epoch", epoch: 9 });
    expect(whole.learningRate).toBeLessThan(0.1);
    expect(last?.fit?.callbacks?.map(({ name }) => name)).toEqual(["user's", "earlyStopping", "reduceOnPlateau"]);
    expect(last?.fit?.callbacks?.[0]?.state).toEqual({
      told: [Number.NaN, Number.NEGATIVE_INFINITY, reports.length],
      more: { vector: Float32Array.of(0, reports.length) },
      nothing: null,
    });
    for (const [at, bytes] of kept.entries()) {
      const model = await make();
      model.restore(decodeCheckpoint(bytes));
      let end: Snapshot | undefined;
      const see: Callback = {
        settled(_, of) {
          end = (of as Model).snapshot();
        },
      };
      // In another order, beside one that has no state there.
      const [user, stopping, plateau] = made() as [Callback, Callback, Callback];
      const rest = await fitted(model, { ...watched, resume: true, callbacks: [user, plateau, stopping, see] });
      expect(rest.map(({ step, loss }) => [step, loss])).toEqual(
        reports.slice(at + 1).map(({ step, loss }) => [step, loss]),
      );
      expect(model.snapshot()).toEqual(whole.snapshot());
      if (end && last) expect(alone(end)).toEqual(alone(last));
      expect(bestSnapshot(end ?? (last as Snapshot)).parameters).toEqual(whole.parameters);
    }
  });

  test("say nothing of a fit without them, nor of one behind restore", async () => {
    const model = await make();
    await fitted(model, { ...watched, callbacks: made() });
    await fitted(model, { validation: data });
    expect(model.snapshot().fit?.callbacks).toBe(undefined);
    expect(bestSnapshot(model.snapshot())).toEqual(model.snapshot());
  });

  test("need a name and a way back", async () => {
    const model = await make();
    for (const callback of [{ state: () => 1 }, { state: () => 1, name: "mine" }])
      await expect(fitted(model, { callbacks: [callback] })).rejects.toThrow(
        "fit: a callback with state() needs a name, and restore(state) to go on from it",
      );
  });
});

describe("earlyStopping", () => {
  const run = async (options: Parameters<typeof earlyStopping>[0]) => {
    const model = await make();
    const kept: Snapshot[] = [];
    const keep: Callback = { report: (_, of) => void kept.push((of as Model).snapshot()) };
    const reports = await fitted(model, { epochs: 9, callbacks: [keep, earlyStopping(options)] });
    return { epochs: reports.length, kept: kept.map(alone), left: alone(model.snapshot()) };
  };

  test("stops after so many epochs without a better one, and goes back to the best", async () => {
    const { epochs, kept, left } = await run({ monitor: told(5, 3, 4, 3, 2.9, 4, 4, 4, 1), patience: 3 });
    expect(epochs).toBe(8);
    expect(left).toEqual(kept[4]);
  });

  test("does not stop while it gets better, and then leaves the model as it is", async () => {
    const { epochs, kept, left } = await run({ monitor: told(9, 8, 7, 6, 5, 4, 3, 2, 1), patience: 1 });
    expect(epochs).toBe(9);
    expect(left).toEqual(kept[8]);
  });

  test("wants more than minDelta, the other way with max, and may leave the last epoch", async () => {
    const options = { monitor: told(1, 2, 2.4, 2.4, 9), mode: "max", minDelta: 0.5, patience: 2 } as const;
    const { epochs, kept, left } = await run(options);
    expect(epochs).toBe(4);
    expect(left).toEqual(kept[1]);
    const last = await run({ ...options, restoreBest: false });
    expect(last.left).toEqual(last.kept[3]);
  });

  test("counts NaN as no better, from the first epoch on", async () => {
    const { NaN: none } = Number;
    const first = await run({ monitor: told(none, 5, none, none, 9, 1), patience: 3 });
    expect(first.epochs).toBe(5);
    expect(first.left).toEqual(first.kept[1]);
    const never = await run({ monitor: () => none, mode: "max", patience: 2 });
    expect(never.epochs).toBe(2);
    expect(never.left).toEqual(never.kept[0]);
    const model = await make();
    await expect(fitted(model, { callbacks: [earlyStopping({ monitor: (() => {}) as never })] })).rejects.toThrow(
      "earlyStopping: monitor gave undefined in epoch 1; it must return a number",
    );
  });

  test("watches the validation loss by default, and says where there is none", async () => {
    const model = await make();
    await expect(fitted(model, { callbacks: [earlyStopping()] })).rejects.toThrow(
      'earlyStopping: monitor "validationLoss" is undefined in epoch 1; give fit a validation set',
    );
    const reports = await fitted(model, { epochs: 2, validation: data, callbacks: [earlyStopping()] });
    expect(reports).toHaveLength(2);
  });

  test.each([
    [{ patience: 0 }, "earlyStopping: patience must be a whole number ≥ 1, got 0"],
    [{ monitor: "accuracy" }, "earlyStopping: monitor must be"],
    [{ minDelta: Number.NaN }, "earlyStopping: minDelta must be a finite number ≥ 0, got NaN"],
    [{ mode: "less" }, "earlyStopping: mode must be"],
    [{ waits: 3 }, 'earlyStopping: unknown option "waits"'],
  ])("refuses %j", (options, message) => {
    expect(() => earlyStopping(options as never)).toThrow(message);
  });
});

test("timeLimit stops behind the first report after its time", async () => {
  const model = await make();
  const reports = await fitted(model, { epochs: 1e9, reportEvery: 1, callbacks: [timeLimit(0.05)] });
  expect(reports.at(-1)?.seconds).toBeGreaterThanOrEqual(0.05);
  expect(reports.at(-2)?.seconds).toBeLessThan(0.05);
  expect(() => timeLimit(0)).toThrow("timeLimit: seconds must be");
});

test("history keeps what was reported", async () => {
  const model = await make();
  const all = history();
  const reports = await fitted(model, { epochs: 2, reportEvery: 2, callbacks: [all] });
  expect(all.reports).toEqual(reports);
});
