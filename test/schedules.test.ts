// Schedules against PyTorch's rules worked out by hand, and as the learning rate of models here and in a worker.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Schedule } from "../src/index.ts";

// In Node a worker runs built files.
const built: string = "../dist/index.js";
const {
  arrayDataset, chain, createModel, createRemoteModel, dense, meanSquaredError, parameterGroups, schedules, sgd,
} = (await import(/* @vite-ignore */ built)) as typeof import("../src/index.ts"); // biome-ignore format: a list

const at = (schedule: Schedule, steps: readonly number[]): number[] => steps.map(schedule);

describe("schedules", () => {
  test.each<[string, Schedule, number[], number[]]>([
    ["constant", schedules.constant(0.3), [0, 9], [0.3, 0.3]],
    ["step", schedules.step({ from: 1, every: 10, factor: 0.5 }), [0, 9, 10, 19, 20], [1, 1, 0.5, 0.5, 0.25]],
    ["multiStep", schedules.multiStep({ from: 1, at: [3, 5] }), [0, 2, 3, 4, 5, 99], [1, 1, 0.1, 0.1, 0.01, 0.01]],
    ["exponential", schedules.exponential({ from: 1, factor: 0.25, every: 2 }), [0, 1, 2, 4], [1, 0.5, 0.25, 0.0625]],
    ["polynomial", schedules.polynomial({ from: 1, to: 0.2, steps: 4 }), [0, 1, 2, 4, 9], [1, 0.8, 0.6, 0.2, 0.2]],
    ["of power 2", schedules.polynomial({ from: 1, steps: 4, power: 2 }), [0, 1, 2, 4], [1, 0.5625, 0.25, 0]],
    [
      "cosine",
      schedules.cosine({ from: 1, to: 0.5, steps: 4 }),
      [0, 1, 2, 4, 7],
      [1, 0.5 + 0.25 * (1 + Math.SQRT1_2), 0.75, 0.5, 0.5],
    ],
    [
      "cosineRestarts",
      schedules.cosineRestarts({ from: 1, steps: 2, multiply: 2 }),
      [0, 1, 2, 4, 6, 10],
      [1, 0.5, 1, 0.5, 1, 0.5],
    ],
    // torch.optim.lr_scheduler.OneCycleLR(max_lr=1, total_steps=10, pct_start=0.3): peak at step 2, last at step 9
    ["oneCycle", schedules.oneCycle({ peak: 1, steps: 10 }), [0, 1, 2, 9], [0.04, 0.52, 1, 4e-6]],
    [
      "warmUp",
      schedules.warmUp(3, schedules.step({ from: 1, every: 2 })),
      [0, 1, 2, 3, 4, 5],
      [0.25, 0.5, 0.75, 1, 1, 0.1],
    ],
    [
      "piecewise",
      schedules.piecewise([
        [0, 0.1],
        [2, 0.5],
        [3, 0],
      ]),
      [0, 1, 2, 3],
      [0.1, 0.1, 0.5, 0],
    ],
    [
      "join",
      schedules.join([
        [0, schedules.constant(1)],
        [5, schedules.exponential({ from: 8, factor: 0.5 })],
      ]),
      [0, 4, 5, 6],
      [1, 1, 8, 4],
    ],
    [
      "triangular",
      schedules.triangular({ from: 0.05, to: 0.01, period: 4 }),
      [0, 1, 2, 3, 4],
      [0.05, 0.03, 0.01, 0.03, 0.05],
    ],
    ["rangeTest", schedules.rangeTest({ from: 1e-4, to: 1, steps: 5 }), [0, 1, 2, 4], [1e-4, 1e-3, 1e-2, 1]],
  ])("%s", (_, schedule, steps, rates) => {
    at(schedule, steps).forEach((rate, i) => expect(rate).toBeCloseTo(rates[i] as number, 12));
    // Pure: the same again, in another order.
    expect(at(schedule, [...steps].reverse())).toEqual(at(schedule, steps).reverse());
  });

  test("reduceOnPlateau waits, lowers, rests, and stops at the least", () => {
    const plateau = schedules.reduceOnPlateau({ factor: 0.5, patience: 1, cooldown: 1, least: 0.2 });
    let rate = 1;
    const rates = [5, 4, 4, 4, 4, 4, 4, 3, 3, 3, 3, 3].map((loss) => {
      rate = plateau.next(loss, rate);
      return rate;
    });
    expect(rates).toEqual([1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.2, 0.2, 0.2]);
    expect(() => plateau.next(Number.NaN, 1)).toThrow("the loss must be a number, got NaN");
  });

  const rate = fc.oneof(fc.constantFrom(0, 1, 3e38), fc.double({ min: 0, max: 3e38, noNaN: true }));
  const positive = fc.double({ min: 1e-40, max: 3e38, noNaN: true });
  const factor = fc.oneof(fc.constantFrom(1e-40, 0.1, 1, 10, 3e38), positive);
  const count = (least: number) =>
    fc.oneof(
      fc.integer({ min: least, max: 12 }),
      fc.maxSafeInteger().filter((n) => n >= least),
    );
  const rise = fc.oneof(
    count(2).map((n) => 1 / n),
    fc.double({ min: 1e-40, max: 1 - 2 ** -20, noNaN: true }),
  );
  test.each<[string, fc.Arbitrary<Schedule>]>([
    ["step", fc.record({ from: rate, every: count(1), factor }).map(schedules.step)],
    ["multiStep", fc.record({ from: rate, at: fc.constant([1, 2, 3, 9]), factor }).map(schedules.multiStep)],
    ["exponential", fc.record({ from: rate, every: positive, factor }).map(schedules.exponential)],
    ["polynomial", fc.record({ from: rate, to: rate, steps: count(1), power: positive }).map(schedules.polynomial)],
    ["cosine", fc.record({ from: rate, to: rate, steps: count(1) }).map(schedules.cosine)],
    [
      "cosineRestarts",
      fc.record({ from: rate, to: rate, steps: count(1), multiply: count(1) }).map(schedules.cosineRestarts),
    ],
    [
      "oneCycle",
      fc
        .record({
          peak: fc.double({ min: 0, max: 1e20, noNaN: true }),
          steps: count(2),
          rise,
          first: fc.constantFrom(1e-9, 1, 25),
          last: fc.constantFrom(1e-9, 1, 1e4),
        })
        .map(schedules.oneCycle),
    ],
    ["warmUp", fc.tuple(count(1), rate).map(([steps, then]) => schedules.warmUp(steps, then))],
    ["triangular", fc.record({ from: rate, to: rate, period: count(2) }).map(schedules.triangular)],
    ["rangeTest", fc.record({ from: positive, to: positive, steps: count(2) }).map(schedules.rangeTest)],
  ])("%s is a finite rate ≥ 0 at every step, whatever its options", (_, made) => {
    fc.assert(
      fc.property(made, count(0), (schedule, step) => {
        for (const at of [0, 1, step])
          expect(schedule(at)).toSatisfy((value) => value >= 0 && Number.isFinite(Math.fround(value)));
      }),
      { numRuns: 300 },
    );
  });

  test("oneCycle may begin at its peak", () => {
    expect(at(schedules.oneCycle({ peak: 1, steps: 10, rise: 0.1 }), [0, 9])).toEqual([1, 4e-6]);
    expect(() => schedules.oneCycle({ peak: 1, steps: 10, first: 1e-40 })).toThrow("oneCycle: peak / first must be in");
  });

  test("refuse what makes no sense, naming it", () => {
    expect(() => schedules.cosine({ from: -1, steps: 5 })).toThrow("cosine: from must be in [0");
    expect(() => schedules.step({ from: 1, every: 0 })).toThrow("step: every must be a whole number ≥ 1, got 0");
    expect(() => schedules.piecewise([[1, 0.1]])).toThrow("piecewise: expected [[0, …]");
    expect(() => schedules.join([[0, 0.1 as never]])).toThrow("join: a schedule must be a function");
    expect(() => schedules.polynomial({ from: 1, steps: 5, end: 0 } as never)).toThrow('unknown option "end"');
  });
});

const x = Float32Array.from({ length: 32 }, (_, i) => Math.sin(i));
const data = arrayDataset({ x, y: x.map((v) => 2 * v), shape: [1], targetShape: [1] });
const options = { input: [1], network: chain(dense(1)), loss: meanSquaredError(), seed: 3 } as const;
const falling = schedules.polynomial({ from: 0.2, steps: 12 });

/** θ after epochs of single steps, the rate set by hand before each. */
async function byHand(rate: Schedule, steps: number): Promise<Float32Array> {
  const model = await createModel({ ...options, optimizer: sgd({ momentum: 0.5 }) });
  for (let step = 0; step < steps; step++) {
    const start = 8 * (step % 4);
    // A rate of 0 cannot be set by hand: nothing would move.
    if (rate(step) > 0) model.learningRate = rate(step);
    model.step({ x: x.subarray(start, start + 8), y: x.subarray(start, start + 8).map((v) => 2 * v) });
  }
  return model.parameters.slice();
}

describe("a schedule as learning rate", () => {
  const scheduled = { ...options, optimizer: sgd({ learningRate: falling, momentum: 0.5 }) };
  const fitOptions = { epochs: 3, batchSize: 8, shuffle: false };

  test("is asked before each step, in fit too", async () => {
    const model = await createModel(scheduled);
    expect(model.learningRate).toBe(0.2);
    for await (const report of model.fit(data, fitOptions)) expect(model.learningRate).toBe(falling(report.step));
    expect(model.parameters).toEqual(await byHand(falling, 12));
  });
  test("goes on where a snapshot was taken, and one set by hand stays set", async () => {
    const straight = await createModel(scheduled);
    const batch = { x: x.subarray(0, 8), y: x.subarray(8, 16) };
    const steps = (model: { step(b: typeof batch): unknown }, n: number): void => {
      for (let i = 0; i < n; i++) model.step(batch);
    };
    steps(straight, 12);
    const [first, second] = [await createModel(scheduled), await createModel(scheduled)];
    steps(first, 5);
    second.restore(first.snapshot());
    expect(second.learningRate).toBe(falling(5));
    steps(second, 7);
    expect(second.parameters).toEqual(straight.parameters);
    expect(second.learningRate).toBe(0);
    const third = await createModel(scheduled);
    third.restore(second.snapshot());
    expect(third.learningRate).toBe(0);
    second.learningRate = 0.5;
    third.restore(second.snapshot());
    expect(third.learningRate).toBe(0.5);
    steps(third, 1);
    expect(third.learningRate).toBe(0.5);
  });
  test("that gives no rate is refused, and the step leaves the model as it was", async () => {
    const model = await createModel({
      ...options,
      optimizer: sgd({ learningRate: (step) => (step < 1 ? 0.1 : Number.NaN) }),
    });
    const batch = { x: [1], y: [2] };
    model.step(batch);
    const before = model.parameters.slice();
    expect(() => model.step(batch)).toThrow("the schedule must give a finite number ≥ 0, got NaN for step 1");
    expect(model.parameters).toEqual(before);
  });
  test("works in a worker, for single steps, fits and groups", async () => {
    const optimizer = parameterGroups(
      [
        {
          where: ({ kind }) => kind === "bias",
          optimizer: sgd({ learningRate: schedules.step({ from: 0.1, every: 5 }) }),
        },
      ],
      sgd({ learningRate: falling, momentum: 0.5 }),
    );
    const [near, far] = [
      await createModel({ ...options, optimizer }),
      await createRemoteModel({ ...options, optimizer }),
    ];
    try {
      const batch = { x: x.subarray(0, 8), y: x.subarray(8, 16) };
      for (let i = 0; i < 3; i++) expect(await far.step(batch)).toBe(near.step(batch));
      for await (const _ of near.fit(data, { ...fitOptions, epochs: 1 }));
      for await (const _ of far.fit(data, { ...fitOptions, epochs: 1 }));
      await far.restore(near.snapshot());
      for (let i = 0; i < 3; i++) expect(await far.step(batch)).toBe(near.step(batch));
      expect(await far.parameters()).toEqual(near.parameters);
    } finally {
      far.close();
    }
  });
});
