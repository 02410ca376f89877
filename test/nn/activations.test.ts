// Activation layers against double precision, and what they do with their options.
import { describe, expect, test } from "vitest";
import {
  chain,
  dense,
  elu,
  gelu,
  type Layer,
  leakyRelu,
  ops,
  relu,
  sigmoid,
  silu,
  softmax,
  softplus,
  tanh,
} from "../../src/index.ts";
import * as oracle from "../kernels/oracle.ts";
import { netOf, numbers } from "./net.ts";

const geluTanh = (x: number): number => x * oracle.sigmoid(oracle.geluArgument(x));
const linearUnit = (alpha: number) => (x: number) => (x > 0 ? x : alpha * Math.expm1(x));

/** Layer, function, and its error in units of 2⁻²⁴ of the result: twice the kernel's bound in ulp (test/kernels). */
const activations: readonly (readonly [string, () => Layer, (x: number) => number, (x: number) => number])[] = [
  ["relu", relu, (x) => Math.max(x, 0), () => 0],
  ["leakyRelu", leakyRelu, (x) => (x > 0 ? x : 0.01 * x), () => 2],
  ["leakyRelu(0.25)", () => leakyRelu(0.25), (x) => (x > 0 ? x : 0.25 * x), () => 0],
  ["elu", elu, linearUnit(1), () => 4],
  ["elu(0.5)", () => elu(0.5), linearUnit(0.5), () => 4],
  ["gelu", gelu, (x) => x * oracle.normalCdf(x), () => 14],
  ['gelu("tanh")', () => gelu("tanh"), geluTanh, (x) => (x < -1 ? 500 : 7)],
  ["silu", silu, (x) => x * oracle.sigmoid(x), () => 7],
  ["softplus", softplus, oracle.softplus, () => 4],
  ["tanh", tanh, Math.tanh, () => 4],
  ["sigmoid", sigmoid, oracle.sigmoid, () => 5],
];

/** A network that hands its input on: the identity matrix in front. */
async function throughLayer(layer: Layer, x: Float32Array, width: number): Promise<Float32Array> {
  const model = await netOf([width], chain(dense(width, { bias: false }), layer));
  model.parameters = Float32Array.from({ length: width * width }, (_, i) => Number(i % (width + 1) === 0));
  return model.predict(x);
}

describe("activations", () => {
  test.each(activations)("%s", async (_name, layer, exact, units) => {
    const x = Float32Array.from([...numbers(41, 1, -6, 6), 0, 1, -1, 1e-6, -1e-6, 20, -20]);
    const y = await throughLayer(layer(), x, 6);
    x.forEach((value, i) => {
      const e = exact(value);
      const error = Math.abs((y[i] as number) - e);
      expect(error, `at ${value}: ${y[i]}, exactly ${e}`).toBeLessThanOrEqual(
        units(value) * 2 ** -24 * Math.abs(e) + 2 ** -149,
      );
    });
  });

  test("softmax is taken over the last axis, and does not overflow", async () => {
    const y = await throughLayer(softmax(), Float32Array.of(1, 2, 3, 1000, 1001, 999, -1000, -1000, -1000), 3);
    const exact = (...row: number[]): number[] => {
      const weights = row.map((value) => Math.exp(value - Math.max(...row)));
      return weights.map((weight) => weight / weights.reduce((a, b) => a + b));
    };
    [...exact(1, 2, 3), ...exact(1000, 1001, 999), 1 / 3, 1 / 3, 1 / 3].forEach((e, i) => {
      expect(Math.abs((y[i] as number) - e)).toBeLessThanOrEqual(4 * 2 ** -24); // exp, a sum of three, a division
    });
  });

  test("softmax on examples without an axis of their own is refused: it would mix the batch", async () => {
    const squeeze: Layer = { name: "squeeze", apply: (x) => ops.reshape(x, [-1]) };
    await expect(netOf([1], chain(squeeze, softmax()))).rejects.toThrow(
      "softmax: expected input [batch, features], got [1]",
    );
  });
});
