// Arbitrary values to the public calls: each call does what it says for input that is right, by a rule written here
// anew, refuses all other input in words, and leaves no trace when it refuses. No trap, no hang, no silent acceptance.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arrayDataset, createModel, type Dataset, type Model } from "../../src/index.ts";
import {
  all,
  anything,
  arrays,
  examples,
  fitsF32,
  isBatch,
  isExamples,
  isLabel,
  isList,
  isScaled,
  oddity,
  Thrown,
  targets,
} from "./arbitrary.ts";
import { any, options as modelOptions, stateOf } from "./refuse.ts";

const runs = { seed: 20240607, numRuns: 250 };

/** Calls, and holds the outcome against the rule; true where the call went through. */
async function tried(name: string, right: boolean, call: () => unknown): Promise<boolean> {
  try {
    await call();
  } catch (error) {
    if (error instanceof Thrown) return false;
    expect(error).toBeInstanceOf(Error);
    const { message } = error as Error;
    expect(message).toMatch(new RegExp(`^${name}`));
    expect((error as Error).name).toBe("Error");
    expect(right, `refused though right: ${message}`).toBe(false);
    return false;
  }
  expect(right, "accepted though wrong").toBe(true);
  return true;
}

const model = await createModel(modelOptions);
const fresh = model.parameters.slice();
const unchanged = async (call: () => Promise<unknown>): Promise<void> => {
  const before = stateOf(model);
  await call();
  expect(stateOf(model)).toEqual(before);
};
/** Checks a property, each time on the model's first parameters. */
const holds = <T extends [unknown, ...unknown[]]>(property: fc.IAsyncPropertyWithHooks<T>): Promise<void> =>
  fc.assert(
    property.beforeEach(() => {
      model.parameters = fresh;
      model.learningRate = 0.1;
    }),
    runs,
  );

describe("with arbitrary values", () => {
  test("predict gives an output for examples and refuses all else", () =>
    holds(fc.asyncProperty(fc.oneof(examples, anything), (x) =>
      unchanged(() => tried("predict: ", isScaled(x), () => expect(model.predict(any(x)).length).toBe((any(x).length / 4) * 3))),
    ))); // biome-ignore format: one property

  test("step gives a loss for a batch and refuses all else, changing nothing", () =>
    holds(fc.asyncProperty(examples, targets, async (x, y) => {
      const before = stateOf(model);
      const done = await tried("step: ", isBatch(x, y), () => expect(typeof model.step({ x: any(x), y: any(y) })).toBe("number"));
      if (!done) expect(stateOf(model)).toEqual(before);
    }))); // biome-ignore format: one property

  test("objective gives a loss for a batch and refuses all else", () =>
    holds(fc.asyncProperty(examples, targets, (x, y) =>
      unchanged(() => tried("objective: ", isBatch(x, y), () => expect(model.objective({ x: any(x), y: any(y) }).loss(model.parameters.slice())).not.toBeNaN())),
    ))); // biome-ignore format: one property

  test("step, objective and evaluate refuse what is no batch or data set at all", () =>
    holds(fc.asyncProperty(anything, (value) =>
      unchanged(async () => {
        await tried("step: ", false, () => model.step(any(value)));
        await tried("objective: ", false, () => model.objective(any(value)));
        await tried("evaluate: ", false, () => model.evaluate(any(value)));
        await tried("fit: ", false, () => model.fit(any(value)).next());
      }),
    ))); // biome-ignore format: one property

  test("an objective's functions take vectors of its size and refuse all else", async () => {
    const objective = model.objective({ x: new Float32Array(4).fill(0.5), y: [1] });
    const theta = model.parameters.slice();
    const out = (): Float32Array => new Float32Array(objective.size);
    const isVector = (v: unknown): boolean => v instanceof Float32Array && v.length === objective.size;
    const vector = fc.oneof(
      anything,
      fc.constant(theta),
      fc.constant([...theta]),
      fc.constant(Float64Array.from(theta)),
    );
    await holds(fc.asyncProperty(vector, (v) =>
      unchanged(async () => {
        await tried("objective\\.loss: ", isVector(v), () => objective.loss(any(v)));
        await tried("objective\\.gradient: ", isVector(v), () => objective.gradient(any(v), out()));
        await tried("objective\\.gradient: ", isVector(v), () => objective.gradient(theta, isVector(v) ? out() : any(v)));
        await tried("objective\\.hessianVector: ", isVector(v), () => objective.hessianVector(theta, any(v), out()));
      }),
    )); // biome-ignore format: one property
  });

  test("learningRate and parameters take what they should and refuse all else, changing nothing", () =>
    holds(fc.asyncProperty(fc.oneof(anything, arrays(fc.constantFrom(43, 43, 42))), async (value) => {
      const before = stateOf(model);
      const rate = typeof value === "number" && fitsF32(value) && Math.fround(value) > 0;
      await tried("learningRate: ", rate, () => { model.learningRate = any(value); });
      if (!rate) expect(stateOf(model)).toEqual(before);
      model.learningRate = 0.1;
      const vector = isList(value) && value.length === 43 && all(value, fitsF32);
      await tried("parameters: ", vector, () => { model.parameters = any(value); });
      if (vector) expect([...model.parameters]).toEqual(Array.from(value as ArrayLike<number>, Math.fround));
    }))); // biome-ignore format: one property

  test("a data set is made of examples and targets that fit, and of nothing else", () =>
    holds(fc.asyncProperty(examples, targets, fc.option(fc.oneof(anything, fc.constantFrom([1], [2])), { nil: undefined, freq: 2 }), async (x, y, targetShape) => {
      const extents = targetShape === undefined ? [] : targetShape;
      const isShape = Array.isArray(extents) && Array.from(extents).every((e) => Number.isSafeInteger(e) && e >= 1);
      const kind = Array.isArray(x) || [Uint8Array, Float32Array, Int32Array].some((Kind) => x instanceof Kind);
      const each = isShape ? (extents as number[]).reduce((a, b) => a * b, 1) : 0;
      const right = kind && isExamples(x) && isShape && isList(y) && y.length === (x.length / 4) * each &&
        all(y, targetShape === undefined ? (v) => Number.isInteger(v) && v >= 0 && v < 2 ** 31 : fitsF32);
      await tried("arrayDataset: ", right, () => arrayDataset(any({ x, y, shape: [4], ...(targetShape === undefined ? {} : { targetShape }) })));
    }))); // biome-ignore format: one property

  test("fit refuses options it cannot honour, before it begins", async () => {
    const data = arrayDataset({ x: new Float32Array(12), y: [0, 1, 2], shape: [4] });
    const whole = (v: unknown): boolean => v === undefined || (Number.isSafeInteger(v) && (v as number) >= 1);
    const rules: Record<string, (v: unknown) => boolean> = {
      epochs: whole,
      batchSize: (v) => whole(v) || v === "all",
      reportEvery: whole,
      shuffle: (v) => v === undefined || typeof v === "boolean",
      signal: (v) => v === undefined,
      validation: (v) => v === undefined,
      anythingElse: () => false,
    };
    await holds(fc.asyncProperty(fc.constantFrom(...Object.keys(rules)), anything, async (key, value) => {
      const before = stateOf(model);
      const iterator = model.fit(data, any({ [key]: value }));
      const done = await tried("fit: ", (rules[key] as (v: unknown) => boolean)(value), () => iterator.next());
      await iterator.return();
      if (!done) expect(stateOf(model)).toEqual(before);
    })); // biome-ignore format: one property
  });

  test("evaluate and fit refuse data sets made by hand that do not hold together", async () => {
    const sound: Dataset = arrayDataset({ x: new Float32Array(12).fill(0.5), y: [0, 1, 2], shape: [4] });
    const rules: Record<string, (v: unknown) => boolean> = {
      size: (v) => v === 3,
      shape: (v) =>
        Array.isArray(v) &&
        v.length > 0 &&
        Array.from(v).every((e) => Number.isInteger(e) && e > 0) &&
        v.reduce((a, b) => a * b, 1) === 4,
      x: (v) => isExamples(v) && (v instanceof Float32Array || v instanceof Uint8Array) && v.length === 12,
      y: (v) => v instanceof Int32Array && v.length === 3 && all(v, isLabel),
    };
    await holds(fc.asyncProperty(fc.constantFrom(...Object.keys(rules)), anything, (key, value) =>
      unchanged(async () => {
        const bad = any({ ...sound, [key]: value });
        const right = (rules[key] as (v: unknown) => boolean)(value);
        await tried("evaluate: ", right, () => model.evaluate(bad));
        if (!right) await tried("fit: ", false, () => model.fit(bad).next());
        if (!right) await tried("fit: ", false, () => model.fit(sound, { validation: bad }).next());
      }),
    )); // biome-ignore format: one property
  });

  test("createModel refuses options that are not what they should be", async () => {
    const rules: Record<string, (v: unknown) => boolean> = {
      input: (v) =>
        Array.isArray(v) && v.length > 0 && Array.from(v).every((e) => Number.isSafeInteger(e) && e >= 1 && e < 1000),
      inputType: (v) => v === undefined || v === "f32",
      network: () => false,
      loss: () => false,
      regularizer: (v) => v === undefined,
      optimizer: (v) => v === undefined || v === null,
      seed: (v) => v === undefined || (Number.isSafeInteger(v) && (v as number) >= 0),
      build: (v) => v === undefined,
      anythingElse: () => false,
    };
    await holds(fc.asyncProperty(fc.constantFrom(...Object.keys(rules)), anything, (key, value) =>
      unchanged(() => tried("(createModel|build|loss|dense|crossEntropy): ", (rules[key] as (v: unknown) => boolean)(value), () => createModel(any({ ...modelOptions, [key]: value })))),
    )); // biome-ignore format: one property
  });
});

describe("sequences of calls", () => {
  const sound = fc.tuple(
    fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 8, maxLength: 8 }),
    fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 2, maxLength: 2 }),
  );
  const data = (x: unknown, y: unknown): Dataset => ({
    size: 2,
    shape: [4],
    x: Float32Array.from(any(x)),
    y: Int32Array.from(any(y)),
    targetShape: [],
    scale: 1,
    shift: 0,
  });
  type Action = (model: Model) => unknown;
  const good: fc.Arbitrary<Action> = sound.chain(([x, y]) =>
    fc.constantFrom<Action[]>(
      (m) => m.step({ x, y }),
      (m) => m.predict(x),
      (m) => m.evaluate(data(x, y)),
      (m) => m.objective({ x, y }).gradient(m.parameters.slice(), new Float32Array(43)),
      async (m) => { for await (const _ of m.fit(data(x, y), { batchSize: 1, epochs: 2 })); },
      (m) => { m.learningRate = 0.05; },
    )); // biome-ignore format: a call a line
  const bad: fc.Arbitrary<Action> = fc.tuple(sound, oddity).chain(([[x, y], odd]) =>
    fc.constantFrom<Action[]>(
      (m) => m.step({ x: any(odd), y }),
      (m) => m.step({ x, y: any(odd) }),
      (m) => m.step({ x, y: [y[0] as number, 3] }),
      (m) => m.step({ x: [...x.slice(1), Number.NaN], y }),
      (m) => m.predict(any(odd)),
      (m) => m.predict([...x, ...x, ...x, ...x, Number.NaN]),
      (m) => m.evaluate(data(x, [0, -1])),
      (m) => m.objective({ x: any(odd), y }),
      (m) => m.fit(data(x, [3, 0])).next(),
      (m) => m.fit(data(x, y), any({ batchSize: 0 })).next(),
      (m) => m.fit(data(x, y), { signal: AbortSignal.abort(new Error("fit: enough")) }).next(),
      (m) => { m.learningRate = any(odd); },
      (m) => { m.parameters = any(odd); },
    )); // biome-ignore format: a call a line

  test("that failed leave no trace among those that did not", () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(good.map((action) => ({ action, right: true })), bad.map((action) => ({ action, right: false }))), { maxLength: 12 }), async (list) => {
        const [battered, spared] = [await createModel(modelOptions), await createModel(modelOptions)];
        for (const { action, right } of list) {
          if (right) expect(await action(battered)).toEqual(await action(spared));
          else await expect((async () => action(battered))()).rejects.toThrow();
        }
        expect(stateOf(battered)).toEqual(stateOf(spared));
      }),
      { ...runs, numRuns: 60 },
    )); // biome-ignore format: one property
});
