// Ready-made networks: sizes against published counts, shapes, and what they refuse.
import { describe, expect, test } from "vitest";
import {
  chain,
  createModel,
  crossEntropy,
  dense,
  flatten,
  type Layer,
  type Model,
  mlp,
  relu,
} from "../../src/index.ts";
import { any, expectRefusal } from "../training/refuse.ts";
import { numbers } from "./net.ts";

const make = (input: readonly number[], network: Layer): Promise<Model> =>
  createModel({ input, network, loss: crossEntropy(), seed: 3, build: "strict" });
const count = async (input: readonly number[], network: Layer): Promise<number> =>
  (await make(input, network)).layout.reduce((sum, { size }) => sum + size, 0);

describe("mlp", () => {
  test("is dense layers with ReLU between them, over examples of any shape", async () => {
    const ready = await make([4, 3, 2], mlp([8, 5], { classes: 3 }));
    const built = await make([4, 3, 2], chain(flatten(), dense(8), relu(), dense(5), relu(), dense(3)));
    expect(ready.layout).toEqual(built.layout);
    const x = numbers(48, 2);
    expect(ready.predict(x)).toEqual(built.predict(x));
  });

  test.each([
    [[], 7850],
    [[128], 101_770],
    [[512, 512], 669_706],
  ])("of widths %j has %i parameters on MNIST", async (widths, parameters) => {
    expect(await count([28, 28, 1], mlp(widths))).toBe(parameters);
  });
});

describe("architectures refuse", () => {
  test.each<[string, () => unknown, string | RegExp]>([
    [
      "no widths",
      () => mlp(any(undefined)),
      "mlp: widths must be an array of whole numbers ≥ 1, such as [128, 64], got undefined",
    ],
    ["a width of 0", () => mlp([8, 0]), "dense: units must be a whole number ≥ 1, got 0"],
    ["no classes", () => mlp([8], { classes: 0 }), "mlp: classes must be a whole number ≥ 1, got 0"],
    ["an unknown option", () => mlp([8], any({ units: 3 })), 'mlp: unknown option "units"; known are classes'],
  ])("%s", async (_what, call, says) => {
    await expectRefusal(call, says);
  });
});
