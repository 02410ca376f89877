// Layers against numbers worked out by hand or in double precision.
import { describe, expect, test } from "vitest";
import {
  chain,
  dense,
  embedding,
  flatten,
  initializers,
  type Layer,
  layerNorm,
  ops,
  relu,
  reshape,
  residual,
} from "../../src/index.ts";
import { expectClose, netOf, numbers, parameter, product } from "./net.ts";

/** A sum of k products in f32: k roundings of 2⁻²⁴, of numbers near 1. */
const rounding = (k: number): number => k * 2 ** -24;

describe("dense", () => {
  test("is x·W + b", async () => {
    const model = await netOf([2], dense(3));
    parameter(model, "weights").set([1, 2, 3, 4, 5, 6]);
    parameter(model, "bias").set([0.5, -1, 0]);
    expect([...model.predict([1, 10, -1, 0.25])]).toEqual([41.5, 51, 63, 0.5, -1.75, -1.5]);
  });

  test("has no bias when told so", async () => {
    const model = await netOf([2], dense(3, { bias: false }));
    expect(model.layout.map(({ name, shape, kind }) => ({ name, shape, kind }))).toEqual([
      { name: "weights", shape: [2, 3], kind: "weight" },
    ]);
    model.parameters = [1, 2, 3, 4, 5, 6];
    expect([...model.predict([1, 10])]).toEqual([41, 52, 63]);
  });

  test("begins with the initialisers it is given", async () => {
    const model = await netOf(
      [2],
      dense(2, { initializer: initializers.ones, biasInitializer: initializers.constantValues(0.5) }),
    );
    expect([...model.parameters]).toEqual([1, 1, 1, 1, 0.5, 0.5]);
  });

  test.each([
    [1, 1, 1],
    [5, 7, 3],
    [33, 65, 10],
    [300, 17, 2],
  ])("of %i rows of %i features into %i is within rounding", async (rows, features, units) => {
    const model = await netOf([features], dense(units));
    parameter(model, "bias").set(numbers(units, 9));
    const x = numbers(rows * features, 2);
    const bias = parameter(model, "bias");
    const expected = product(x, parameter(model, "weights"), features, units).map(
      (value, i) => value + (bias[i % units] as number),
    );
    expectClose(model.predict(x), expected, rounding(features + 1));
  });

  test("acts on the last axis of examples of any rank", async () => {
    const model = await netOf([2, 3], dense(2));
    const x = numbers(4 * 6, 3);
    const flat = await netOf([3], dense(2));
    flat.parameters = model.parameters;
    expect(model.predict(x)).toEqual(flat.predict(x));
  });
});

describe("chain and residual", () => {
  test("a chain applies the first layer first", async () => {
    const model = await netOf([1], chain(dense(1), relu(), dense(1)));
    model.parameters = [2, -3, 5, 7]; // 5·relu(2x − 3) + 7
    expect([...model.predict([1, 2, 4])]).toEqual([7, 12, 32]);
  });

  test("a chain in a chain is the same network under longer names", async () => {
    const flat = await netOf([3], chain(dense(4), relu(), dense(2)));
    const nested = await netOf([3], chain(chain(dense(4), relu()), chain(dense(2))));
    expect(flat.layout.map((entry) => entry.name)).toEqual([
      "dense1.weights",
      "dense1.bias",
      "dense2.weights",
      "dense2.bias",
    ]);
    expect(nested.layout.map((entry) => entry.name)).toEqual([
      "chain1.dense1.weights",
      "chain1.dense1.bias",
      "chain2.dense1.weights",
      "chain2.dense1.bias",
    ]);
    expect(nested.parameters).toEqual(flat.parameters);
    expect(nested.predict(numbers(9))).toEqual(flat.predict(numbers(9)));
  });

  test("residual adds the input to the block's output", async () => {
    const model = await netOf([2], residual(dense(2), relu()));
    model.parameters = [1, 0, 0, 1, 0, -10];
    expect([...model.predict([3, 4, -1, 20])]).toEqual([6, 4, -1, 30]);
  });

  test("residual refuses a block that changes the shape", async () => {
    await expect(netOf([2], residual(dense(3)))).rejects.toThrow(
      "residual: the block turns [1,2] into [1,3]; it must keep the shape",
    );
  });

  test("what is no layer is refused, with the likely mistake", () => {
    expect(() => chain()).toThrow("chain: expected at least one layer");
    expect(() => residual()).toThrow("residual: expected at least one layer");
    expect(() => chain(dense(2), relu as never)).toThrow(
      /chain: argument 1 is not a layer.*did you forget to call it, as in relu\(\)\?/s,
    );
    expect(() => chain(null as never)).toThrow("chain: argument 0 is not a layer: null");
  });
});

describe("flatten and reshape", () => {
  test("flatten keeps the batch and the order", async () => {
    const model = await netOf([2, 3], chain(flatten(), dense(1, { bias: false })));
    model.parameters = [1, 10, 100, 1000, 1e4, 1e5];
    expect([...model.predict([1, 2, 3, 4, 5, 6, 0, 0, 0, 0, 0, 7])]).toEqual([654321, 700000]);
  });

  test.each([[[3, 2]], [[-1, 2]], [[3, -1]]])("reshape to %j cuts each example anew, row by row", async (shape) => {
    const model = await netOf([6], chain(reshape(shape), dense(1, { bias: false })));
    model.parameters = [1, 10];
    expect([...model.predict([1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3])]).toEqual([21, 43, 65, 87, 19, 32]);
  });

  test("a shape that does not fit is refused", async () => {
    for (const shape of [[4], [-1, 4], [-1, -1]])
      await expect(netOf([6], chain(reshape(shape), dense(1)))).rejects.toThrow(
        `reshape: an example of shape [6] holds 6 elements and does not fit [${shape}]`,
      );
    for (const shape of [[0], [1.5], [Number.NaN], "6", null, [-2]])
      expect(() => reshape(shape as never)).toThrow("reshape: shape must be an array of whole numbers ≥ 1");
  });
});

describe("layerNorm", () => {
  const x = numbers(5 * 7, 4, -3, 8);

  test.each([1e-5, 0.3])("is (x − mean)/√(variance + ε)·scale + shift, ε = %d", async (epsilon) => {
    const model = await netOf([7], layerNorm({ epsilon }));
    parameter(model, "scale").set(numbers(7, 5));
    parameter(model, "shift").set(numbers(7, 6));
    const [scale, shift] = [parameter(model, "scale"), parameter(model, "shift")];
    const expected = [0, 1, 2, 3, 4].flatMap((row) => {
      const values = [...x.subarray(row * 7, row * 7 + 7)];
      const mean = values.reduce((a, b) => a + b) / 7;
      const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 7;
      return values.map(
        (value, i) => ((value - mean) / Math.sqrt(variance + epsilon)) * (scale[i] as number) + (shift[i] as number),
      );
    });
    expectClose(model.predict(x), expected, rounding(16));
  });

  test("begins as plain normalisation, with parameters that regularisers leave alone", async () => {
    const model = await netOf([7], layerNorm());
    expect(model.layout.map(({ name, kind }) => [name, kind])).toEqual([
      ["scale", "scale"],
      ["shift", "bias"],
    ]);
    const y = model.predict(x);
    for (let row = 0; row < 5; row++) {
      const values = [...y.subarray(row * 7, row * 7 + 7)];
      expect(Math.abs(values.reduce((a, b) => a + b))).toBeLessThan(rounding(64));
      expect(values.reduce((sum, value) => sum + value * value, 0) / 7).toBeCloseTo(1, 4); // ε is 1e-5
    }
  });

  test("has no parameters when not affine", async () => {
    const model = await netOf([7], chain(layerNorm({ affine: false }), dense(2)));
    expect(model.layout.map((entry) => entry.name)).toEqual(["dense1.weights", "dense1.bias"]);
  });

  test("of examples without an axis of their own is refused: it would mix the batch", async () => {
    const squeeze: Layer = { name: "squeeze", apply: (x) => ops.reshape(x, [-1]) };
    await expect(netOf([1], chain(squeeze, layerNorm()))).rejects.toThrow(
      "layerNorm: expected input [batch, features], got [1]",
    );
  });

  test("a large mean costs no accuracy: the variance is taken in two passes", async () => {
    const model = await netOf([4], layerNorm());
    expectClose(
      model.predict([4096, 4097, 4098, 4099]),
      [-1.5, -0.5, 0.5, 1.5].map((v) => v / Math.sqrt(1.25 + 1e-5)),
      rounding(8),
    );
  });
});

describe("embedding", () => {
  test("looks rows up, and sends each its gradient", async () => {
    const model = await netOf([2], chain(embedding(4, 3), flatten(), dense(1, { bias: false })), { inputType: "i32" });
    const table = parameter(model, "embedding1.weights");
    table.set([0, 1, 2, 10, 11, 12, 20, 21, 22, 30, 31, 32]);
    parameter(model, "dense1.weights").set([1, 0, 0, 0, 0, 100]);
    expect([...model.predict([2, 0, 3, 3])]).toEqual([220, 3230]);

    // loss = mean over the batch of (ŷ − y)²; with residuals r, row i gets 2/B·Σ r·w over where it was used.
    const out = new Float32Array(model.parameters.length);
    model.objective({ x: [2, 0, 3, 3], y: [219, 3228] }).gradient(model.parameters.slice(), out);
    const gradient = [...out.subarray(0, 12)];
    expect(gradient).toEqual([0, 0, 1 * 100, 0, 0, 0, 1, 0, 0, 2, 0, 2 * 100]);
  });

  test("begins with normal numbers of deviation 1, or with the initialiser it is given", async () => {
    const model = await netOf([1], chain(embedding(100, 50), flatten(), dense(1)), { inputType: "i32" });
    const table = parameter(model, "embedding1.weights");
    const deviation = Math.sqrt(table.reduce((sum, value) => sum + value * value, 0) / table.length);
    expect(Math.abs(deviation - 1)).toBeLessThan(5 / Math.sqrt(2 * 5000)); // five standard errors
    const own = await netOf([1], chain(embedding(2, 2, initializers.ones), flatten(), dense(1)), { inputType: "i32" });
    expect([...parameter(own, "embedding1.weights")]).toEqual([1, 1, 1, 1]);
  });

  test("numbers where integers belong, and the reverse, are refused with the remedy", async () => {
    await expect(netOf([2], embedding(4, 3))).rejects.toThrow('create the model with inputType: "i32"');
    await expect(netOf([2], dense(3), { inputType: "i32" })).rejects.toThrow("add embedding() before it");
  });
});
