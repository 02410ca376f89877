// Pooling layers against numbers worked out by hand, and their derivatives.
import { describe, expect, test } from "vitest";
import {
  avgPool2d,
  chain,
  conv2d,
  dense,
  flatten,
  globalAveragePool2d,
  type Layer,
  maxPool2d,
  ops,
  tanh,
} from "../../src/index.ts";
import { checkGradient, checkHessian, expectClose, netOf, numbers, parameter } from "./net.ts";

/** The layer's output for one example: behind a scale of 1, because a model needs a parameter. */
async function output(input: readonly number[], layer: Layer, x: ArrayLike<number>): Promise<number[]> {
  const scale: Layer = {
    name: "scale",
    apply: (t, context) =>
      ops.mul(
        t,
        context.parameter("s", [1], () => Float32Array.of(1)),
      ),
  };
  return [...(await netOf(input, chain(scale, layer))).predict(x)];
}
/** 1 to 9, row by row. */
const square = [1, 2, 3, 4, 5, 6, 7, 8, 9];

describe("maxPool2d", () => {
  test("takes windows side by side and leaves a rest out", async () => {
    expect(await output([3, 3, 1], maxPool2d(), square)).toEqual([5]);
    expect(await output([3, 3, 1], maxPool2d([1, 3]), square)).toEqual([3, 6, 9]);
  });

  test("overlaps and pads as told", async () => {
    expect(await output([3, 3, 1], maxPool2d(2, { strides: 1 }), square)).toEqual([5, 6, 8, 9]);
    expect(await output([3, 3, 1], maxPool2d(2, { padding: "same" }), square)).toEqual([5, 6, 8, 9]);
    expect(await output([3, 3, 1], maxPool2d(3, { strides: 2, padding: 1 }), square)).toEqual([5, 6, 8, 9]);
    const uneven = { strides: [2, 1], padding: [[1, 0], [0, 1]] } as const; // biome-ignore format: a pair an axis
    expect(await output([3, 3, 1], maxPool2d(2, uneven), square)).toEqual([2, 3, 3, 8, 9, 9]);
    // Padding is no zero.
    expect(await output([1, 1, 1], maxPool2d(3, { padding: 1 }), [-4])).toEqual([-4]);
  });

  test("keeps channels apart", async () => {
    expect(await output([2, 2, 3], maxPool2d(), [1, 0, -5, 2, -1, -6, 3, -2, -7, 4, -3, -8])).toEqual([4, 0, -5]);
  });

  test("has the right gradient and Hessian", async () => {
    for (const pool of [maxPool2d(), maxPool2d(3, { strides: 2, padding: "same" })]) {
      const model = await netOf([6, 6, 2], chain(conv2d(5, 3), pool, flatten(), dense(2)));
      const objective = model.objective({ x: numbers(3 * 72, 1, -2, 3), y: numbers(6, 2) });
      checkGradient(model, objective);
      checkHessian(model, objective);
    }
  });
});

describe("avgPool2d and globalAveragePool2d", () => {
  test("average what lies in the image", async () => {
    expect(await output([3, 3, 1], avgPool2d(2, { strides: 1 }), square)).toEqual([3, 4, 6, 7]);
    expect(await output([3, 3, 1], avgPool2d(2, { padding: "same" }), square)).toEqual([3, 4.5, 7.5, 9]);
    expect(await output([3, 3, 1], avgPool2d([3, 1]), square)).toEqual([4, 5, 6]);
  });

  test("the global one is the mean over all places", async () => {
    const x = numbers(2 * 60, 3);
    const model = await netOf([4, 5, 3], chain(globalAveragePool2d(), dense(3, { bias: false })));
    parameter(model, "dense1.weights").set([1, 0, 0, 0, 1, 0, 0, 0, 1]);
    const exact = [0, 1].flatMap((example) =>
      [0, 1, 2].map((c) => {
        let sum = 0;
        for (let i = 0; i < 20; i++) sum += x[example * 60 + i * 3 + c] as number;
        return sum / 20;
      }),
    );
    expectClose(model.predict(x), exact, 2 ** -22);
  });

  test("have the right gradient and Hessian", async () => {
    const network = chain(
      conv2d(4, 3),
      avgPool2d(3, { strides: 1, padding: 1 }),
      tanh(),
      globalAveragePool2d(),
      dense(2),
    );
    const model = await netOf([6, 6, 2], network);
    const objective = model.objective({ x: numbers(3 * 72, 1, -2, 3), y: numbers(6, 2) });
    checkGradient(model, objective);
    checkHessian(model, objective);
  });
});

describe("pooling refuses", () => {
  const image = (layer: Layer, input: readonly number[] = [3, 4, 2]) => netOf(input, chain(layer, flatten(), dense(1)));

  test("windows larger than the padded image, or wholly outside it", async () => {
    await expect(image(maxPool2d(4))).rejects.toThrow(
      "maxPool2d: a kernel of height 4 is larger than the image, whose height is 3",
    );
    await expect(
      image(
        avgPool2d([1, 7], {
          padding: [
            [0, 0],
            [1, 1],
          ],
        }),
      ),
    ).rejects.toThrow("avgPool2d: a kernel of width 7 is larger than the image, whose width is 4 and 6 with padding");
    await expect(image(maxPool2d(2, { padding: 2 }))).rejects.toThrow(
      "maxPool2d: with padding 2 and 2 along the height of 3, a window of 2 lies wholly outside the image; use less padding",
    );
    await expect(image(maxPool2d(2, { strides: 1, padding: [[0, 2], [0, 0]] }))).rejects.toThrow("wholly outside"); // biome-ignore format: a pair an axis
  });

  test("what is no image", async () => {
    for (const layer of [maxPool2d(), avgPool2d(), globalAveragePool2d()])
      await expect(image(layer, [8])).rejects.toThrow(
        `${layer.name}: expected input [batch, height, width, channels], got [1,8]`,
      );
  });

  test("options that are none", () => {
    expect(() => maxPool2d(0)).toThrow("maxPool2d: size must be a whole number ≥ 1, got 0");
    expect(() => maxPool2d(2, { strides: 0.5 })).toThrow("maxPool2d: strides must be a whole number ≥ 1, got 0.5");
    expect(() => avgPool2d(2, { padding: "full" as never })).toThrow('avgPool2d: padding must be "same", "valid"');
    expect(() => avgPool2d(2, { stride: 2 } as never)).toThrow('avgPool2d: unknown option "stride"');
  });
});
