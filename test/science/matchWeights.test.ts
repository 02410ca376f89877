// Permutations of neurons: that they change nothing of what a network computes, and that the right ones are found.
import { describe, expect, test } from "vitest";
import { randomSource, shuffled } from "../../src/data/random.ts";
import {
  batchNorm, chain, conv2d, dense, depthwiseConv2d, dropout, each, flatten, globalAveragePool2d, groupNorm, type Layer, layerNorm,type Model, 
  maxPool2d, ops, relu, residual, resnet, softmax, tanh,
} from "../../src/index.ts"; // biome-ignore format: a list of names
import { assigning } from "../../src/science/assignment.ts";
import { matchWeights } from "../../src/science/index.ts";
import { permuted, symmetriesOf } from "../../src/science/symmetries.ts";
import { dot, expectClose, netOf, numbers } from "../nn/net.ts";

/** A network with nothing at its first value: biases, scales and statistics are irregular too. */
async function irregular(input: readonly number[], network: Layer, seed: number): Promise<Model> {
  const model = await netOf(input, network, { seed });
  const noise = numbers(model.parameters.length, seed, -0.2, 0.2);
  model.parameters = model.parameters.map((value, i) => value + (noise[i] as number));
  model.state = numbers(model.state.length, seed + 1, 0.5, 1.5);
  return model;
}

/** Neurons in each set that may be permuted alike. */
const networks: [string, readonly number[], () => Layer, readonly number[]][] = [
  ["dense layers", [6], () => chain(dense(12), relu(), dense(9), tanh(), dense(3)), [12, 9]],
  [
    "convolutions with BatchNorm, pooling and a flattened image",
    [8, 8, 2],
    () =>
      chain(
        conv2d(6, 3),
        batchNorm(),
        relu(),
        maxPool2d(2),
        conv2d(5, 2),
        batchNorm(),
        flatten(),
        dense(8),
        relu(),
        dense(3),
      ),
    [6, 5, 8],
  ],
  [
    "a residual block, whose ends share their order",
    [5],
    () => chain(dense(8), residual(dense(10), relu(), dense(8)), layerNorm(), dense(2)),
    [8, 10],
  ],
  ["a residual layer of one matrix", [5], () => chain(dense(8), residual(dense(8), relu()), dense(2)), [8]],
  [
    "channels with filters of their own",
    [6, 6, 3],
    () => chain(conv2d(5, 1), depthwiseConv2d(3), relu(), globalAveragePool2d(), dense(2)),
    [5],
  ],
  [
    "groups, which are permuted as wholes and alike inside",
    [4, 4, 2],
    () => chain(conv2d(6, 1), groupNorm({ groups: 2 }), conv2d(4, 3, { groups: 2 }), relu(), flatten(), dense(2)),
    [2, 3, 2],
  ],
  ["a network for each of three inputs", [3, 4], () => chain(each(chain(dense(6), relu())), flatten(), dense(2)), [6]],
  ["a softmax inside, and dropout", [4], () => chain(dense(7), softmax(), dropout(0.5), dense(2)), [7]],
  // The stream that shortcuts without parameters pass on is as it is: they fill up channels.
  ["ResNet-8", [8, 8, 3], () => resnet(8, { width: 4, classes: 3 }), [4, 8, 16]],
  [
    "channels beside each other, which stay",
    [4],
    () =>
      chain(
        { name: "both", apply: (x, c) => ops.concat([chain(dense(5)).apply(x, c), x], 1) },
        dense(6),
        relu(),
        dense(2),
      ),
    [6],
  ],
];

describe.each(networks)("%s", (_, input, network, sizes) => {
  const example = numbers(5 * input.reduce((a, b) => a * b, 1), 9);

  test("computes the same with its neurons in any order, and is found back", async () => {
    const model = await irregular(input, network(), 3);
    const symmetries = symmetriesOf("test", model);
    expect(symmetries.sizes).toEqual(sizes);
    const random = randomSource(4, 0);
    const orders = sizes.map((size) => shuffled(size, random));
    const b = await irregular(input, network(), 3);
    b.parameters = permuted(symmetries, "parameters", model.parameters, orders);
    b.state = permuted(symmetries, "state", model.state, orders);
    expect(b.parameters).not.toEqual(model.parameters);
    // Sums in another order.
    expectClose(b.predict(example), model.predict(example), 1e-5);
    const found = await matchWeights(model, model, b);
    expect(found.parameters).toEqual(model.parameters);
    expect(found.state).toEqual(model.state);
    expect(found.distance.after).toBe(0);
  });

  test("is brought nearer to another network, and computes what it did", async () => {
    const [a, b] = [await irregular(input, network(), 1), await irregular(input, network(), 2)];
    const [before, predicted] = [b.parameters.slice(), b.predict(example)];
    const { parameters, state, layout, distance } = await matchWeights(a, a, b);
    expect(b.parameters).toEqual(before);
    expect(distance.after).toBeLessThan(distance.before);
    expect(layout).toEqual(b.layout);
    Object.assign(b, { parameters, state });
    expectClose(b.predict(example), predicted, 1e-5);
  });
});

test("neurons are matched by all that belongs to them: done by hand", async () => {
  const model = await netOf([2], chain(dense(3), relu(), dense(1)));
  // weights [2, 3], bias [3], weights [3, 1], bias [1]
  const a = { parameters: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13) };
  const b = { parameters: Float32Array.of(3, 1, 2, 6, 4, 5, 9, 7, 8, 12, 10, 11, 13) };
  const { parameters, orders, distance } = await matchWeights(model, a, b);
  expect(parameters).toEqual(a.parameters);
  expect(orders).toEqual([Int32Array.of(1, 2, 0)]);
  expect(distance.before).toBeCloseTo(Math.hypot(...a.parameters.map((v, i) => v - (b.parameters[i] as number))), 10);
});

test("what cannot be matched is refused by name", async () => {
  const model = await netOf([2], chain(dense(3), relu(), dense(1)));
  const other = await netOf([2], chain(dense(4), relu(), dense(1)));
  await expect(matchWeights(model, model, other)).rejects.toThrow(
    "matchWeights: b and the model are different networks: parameter 1 is dense1.weights [2,4] in one and",
  );
  const broken = { parameters: model.parameters.map((value, i) => (i === 4 ? Number.NaN : value)) };
  await expect(matchWeights(model, model, broken)).rejects.toThrow("matchWeights: b.parameters[4] = NaN is not finite");
  const linear = await netOf([2], dense(3));
  await expect(matchWeights(linear, linear, linear)).rejects.toThrow(
    "matchWeights: this network has no hidden neurons",
  );
  const first: Layer = {
    name: "first",
    apply: (x) => ops.mul(x, ops.reshape(ops.sum(ops.oneHot(ops.argmax(x), 3), 1), [-1, 1])),
  };
  const chosen = await netOf([2], chain(dense(3), first, dense(1)));
  await expect(matchWeights(chosen, chosen, chosen)).rejects.toThrow(
    "no neurons of this network can be permuted: it is not known how argmax",
  );
  await expect(matchWeights(model, model, model, { seed: -1 })).rejects.toThrow("matchWeights: seed");
});

test("tells how far it is, lets others have their turn, and can be broken off", async () => {
  const [a, b] = [await irregular([60], chain(dense(200), relu(), dense(3)), 1), await irregular([60], chain(dense(200), relu(), dense(3)), 2)]; // biome-ignore format: one line
  const told: [number, number][] = [];
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  const whole = await matchWeights(a, a, b, { onProgress: (...progress) => told.push(progress) });
  clearInterval(timer);
  expect(turns).toBeGreaterThan(1);
  expect(told.every(([done, total], i) => done === i + 1 && done <= total)).toBe(true);
  expect(told.at(-1)?.[0]).toBe(told.at(-1)?.[1]);
  const stop = new AbortController();
  const onProgress = (done: number) => done === 300 && stop.abort(new Error("enough"));
  await expect(matchWeights(a, a, b, { signal: stop.signal, onProgress })).rejects.toThrow("enough");
  expect(await matchWeights(a, a, b)).toEqual(whole);
});

describe("the assignment of rows to columns", () => {
  const assignment = (values: Float64Array, n: number): Int32Array => {
    const rows = assigning(values, n);
    for (;;) {
      const { done, value } = rows.next();
      if (done) return value;
    }
  };
  const total = (values: ArrayLike<number>, columns: ArrayLike<number>): number =>
    Array.from(columns).reduce((sum, column, row) => sum + (values[row * columns.length + column] as number), 0);
  const permutations = (items: readonly number[]): number[][] =>
    items.length === 0
      ? [[]]
      : items.flatMap((item) => permutations(items.filter((i) => i !== item)).map((rest) => [item, ...rest]));

  test.each([1, 2, 3, 4, 5, 6])("of %i is the best of all", (n) => {
    const all = permutations(Array.from({ length: n }, (_, i) => i));
    for (let seed = 0; seed < 20; seed++) {
      // Small whole numbers: many ties.
      const values = Float64Array.from(numbers(n * n, seed, -4, 4), seed % 2 ? Math.round : (v) => v);
      const columns = assignment(values, n);
      expect(new Set(columns).size).toBe(n);
      expect(total(values, columns)).toBeCloseTo(Math.max(...all.map((columnsOf) => total(values, columnsOf))), 10);
    }
  });

  test("of 200 is no worse than after exchanging any two", () => {
    const n = 200;
    const { normal } = randomSource(1, 0);
    const values = Float64Array.from({ length: n * n }, normal);
    const columns = assignment(values, n);
    const at = (row: number, column: number): number => values[row * n + column] as number;
    let gain = 0;
    for (let i = 0; i < n; i++)
      for (let j = 0; j < i; j++) {
        const [p, q] = [columns[i] as number, columns[j] as number];
        gain = Math.max(gain, at(i, q) + at(j, p) - at(i, p) - at(j, q));
      }
    expect(gain).toBeLessThan(1e-12);
    expect(dot(columns, columns)).toBe((n * (n - 1) * (2 * n - 1)) / 6);
  });
});
