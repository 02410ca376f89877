// ema and swa: what the average is, against f64 over the recorded weights.
import { describe, expect, test } from "vitest";
import { moons } from "../../src/data/index.ts";
import {
  adam,
  batchNorm,
  chain,
  clipByValue,
  createModel,
  crossEntropy,
  dense,
  ema,
  gradientTransform,
  lookahead,
  type Optimizer,
  sgd,
  swa,
} from "../../src/index.ts";
import { point, squares, walk } from "./point.ts";

const start = [1, -2, 0.5, 3, -1];
const rule = { learningRate: 0.05, momentum: 0.9 };
const f64 = (list: Float32Array | undefined): number[] => Array.from(list ?? []);
const close = (values: Float32Array, expected: readonly number[]): void => {
  expect(values.length).toBe(expected.length);
  values.forEach((x, i) => expect(x).toBeCloseTo(expected[i] as number, 5));
};
/** The mean of vectors, number by number. */
const meanOf = (vectors: readonly (Float32Array | undefined)[]): number[] =>
  start.map((_, i) => vectors.reduce((sum, v) => sum + (v?.[i] as number), 0) / vectors.length);

describe("ema", () => {
  test("is ā = decay·ā + (1 − decay)·w, from the first weights on", async () => {
    const model = await point(ema(sgd(rule), { decay: 0.8 }), squares, start);
    expect([...model.average]).toEqual(start);
    let average = [...start];
    for (const theta of walk(model, 12)) average = average.map((a, i) => 0.8 * a + 0.2 * (theta[i] as number));
    close(model.average, average);
  });

  test("changes nothing of what the optimiser inside does", async () => {
    const plain = walk(await point(adam(), squares, start), 10);
    expect(walk(await point(ema(adam()), squares, start), 10)).toEqual(plain);
    expect(walk(await point(chain(clipByValue(1e3), ema(adam())), squares, start), 10)).toEqual(plain);
  });

  test("is found behind the slots of links before it", async () => {
    const inside = await point(ema(sgd(rule), { decay: 0.8 }), squares, start);
    const own = gradientTransform({ name: "own", slots: 2, transform: ({ gradient }) => ({ gradient }) });
    const outside = await point(chain(own, ema(sgd(rule), { decay: 0.8 })), squares, start);
    walk(inside, 5);
    walk(outside, 5);
    expect(outside.average).toEqual(inside.average);
  });
});

describe("swa", () => {
  test("is the mean of the weights of every so many steps after a step, and the weights before", async () => {
    const model = await point(swa(sgd(rule), { after: 6, every: 3 }), squares, start);
    const thetas = walk(model, 8);
    expect([...model.average]).toEqual(f64(thetas[5]));
    thetas.push(...walk(model, 7));
    // After steps 9, 12 and 15.
    close(model.average, meanOf([thetas[8], thetas[11], thetas[14]]));
  });

  test("of every step is the mean of all", async () => {
    const model = await point(swa(sgd(rule)), squares, start);
    const thetas = walk(model, 20);
    close(model.average, meanOf(thetas));
  });
});

test("a model goes on with its average, and BatchNorm's statistics are made anew for it", async () => {
  const data = moons({ examples: 256, seed: 3 });
  const options = {
    input: [2],
    network: chain(dense(8), batchNorm(), dense(2)),
    loss: crossEntropy(),
    seed: 5,
  };
  const model = await createModel({ ...options, optimizer: swa(sgd({ learningRate: 0.1 }), { every: 4 }) });
  for await (const _ of model.fit(data, { epochs: 3, batchSize: 32 }));
  model.parameters = model.average;
  model.refreshStatistics(data);
  const fresh = await createModel({ ...options, optimizer: sgd() });
  fresh.parameters = model.average;
  fresh.refreshStatistics(data);
  expect(model.state).toEqual(fresh.state);
  expect(model.evaluate(data).loss).toBe(fresh.evaluate(data).loss);
});

test("snapshots keep the average", async () => {
  const optimizer = (): Optimizer => ema(sgd(rule), { decay: 0.9 });
  const whole = await point(optimizer(), squares, start);
  walk(whole, 10);
  const first = await point(optimizer(), squares, start);
  walk(first, 4);
  const second = await point(optimizer(), squares, start);
  second.restore(first.snapshot());
  walk(second, 6);
  expect(second.average).toEqual(whole.average);
});

test.each([
  ["no optimiser", () => ema(undefined as never), "ema: expected an optimiser"],
  ["a decay of 1", () => ema(sgd(), { decay: 1 }), "decay"],
  ["an average of an average", () => swa(ema(sgd())), "swa: ema of sgd keeps an average already"],
  [
    "what does something else",
    () => ema(lookahead(sgd())),
    "ema: lookahead of sgd does something else after its steps",
  ],
  ["no steps", () => swa(sgd(), { every: 0 }), "swa: every"],
  [
    "a beginning between",
    () => swa(sgd(), { after: 7, every: 3 }),
    "swa: after must be a multiple of every (3), got 7",
  ],
])("%s is refused", (_, make, message) => {
  expect(make).toThrow(message);
});

test("a model without one says so", async () => {
  const model = await point(sgd(rule), squares, start);
  expect(() => model.average).toThrow("average: sgd keeps none; create the model with an optimiser such as ema(sgd())");
});
