// Dropout: how often it drops, when it is off, and that seeds and places decide its draws.
import { describe, expect, test } from "vitest";
import { arrayDataset, chain, createModel, dense, dropout, type Layer, type Model, ops, sgd } from "../../src/index.ts";
import { netOf, parameter } from "./net.ts";

const width = 4096;
const ones = new Float32Array(width).fill(1);

/**
 * ŷ = Σ w·drop(1), loss = ŷ: the gradient of w is what dropout let through of a row of ones.
 */
const watched = (layer: Layer, seed = 1): Promise<Model> =>
  createModel({
    input: [width],
    network: chain(layer, dense(1, { bias: false })),
    loss: (prediction) => ops.sum(prediction),
    optimizer: sgd({ learningRate: 1e-3 }),
    seed,
    build: "strict",
  });
function passed(model: Model): Float32Array {
  model.step({ x: ones, y: [0] });
  return model.gradient.slice(0, width);
}

describe("dropout", () => {
  test.each([0.1, 0.5, 0.9])("at rate %d drops its share and scales the rest by 1/(1 − rate)", async (rate) => {
    const y = passed(await watched(dropout(rate)));
    const dropped = y.filter((value) => value === 0).length;
    // A binomial count: five standard deviations.
    expect(Math.abs(dropped - rate * width)).toBeLessThan(5 * Math.sqrt(rate * (1 - rate) * width));
    // The rate is an f32: its rounding, relative to 1 − rate, and that of the quotient.
    const kept = 1 / (1 - Math.fround(rate));
    for (const value of y) if (value !== 0) expect(Math.abs(value - kept)).toBeLessThanOrEqual(kept * 2 ** -23);
  });

  test("drops neighbours independently", async () => {
    const y = passed(await watched(dropout(0.5)));
    for (const lag of [1, 2, 4, 8, 16]) {
      let both = 0;
      for (let i = 0; i + lag < width; i++) if (y[i] === 0 && y[i + lag] === 0) both++;
      const expected = (width - lag) / 4;
      expect(Math.abs(both - expected), `lag ${lag}`).toBeLessThan(5 * Math.sqrt(expected));
    }
  });

  test("at rate 0 does nothing", async () => {
    expect(passed(await watched(dropout(0)))).toEqual(ones);
  });

  test("draws anew at each step, and the same again for the same seed", async () => {
    const [a, b, other] = [await watched(dropout(0.5)), await watched(dropout(0.5)), await watched(dropout(0.5), 2)];
    const [first, second] = [passed(a), passed(a)];
    expect(first).not.toEqual(second);
    expect([passed(b), passed(b)]).toEqual([first, second]);
    expect(passed(other)).not.toEqual(first);
  });

  test("drops other elements in another layer, though the layer object is the same", async () => {
    const layer = dropout(0.5);
    const y = passed(await watched(chain(layer, layer)));
    const kept = y.filter((value) => value !== 0).length;
    // One mask would keep half of them, two independent ones a quarter.
    expect(Math.abs(kept - width / 4)).toBeLessThan(5 * Math.sqrt((3 / 16) * width));
  });

  test("is off in predict, evaluate and objective", async () => {
    const [model, plain] = [await netOf([16], chain(dropout(0.9), dense(1))), await netOf([16], dense(1))];
    plain.parameters = model.parameters;
    const x = ones.subarray(0, 32);
    const y = [1, 2];
    expect(model.predict(x)).toEqual(plain.predict(x));
    const data = arrayDataset({ x, y, shape: [16], targetShape: [1] });
    expect(model.evaluate(data)).toEqual(plain.evaluate(data));
    const theta = model.parameters.slice();
    const [g, h] = [new Float32Array(17), new Float32Array(17)];
    expect(model.objective({ x, y }).gradient(theta, g)).toBe(plain.objective({ x, y }).gradient(theta, h));
    expect(g).toEqual(h);
    expect(parameter(model, "dense1.weights")).toEqual(parameter(plain, "weights"));
  });
});
