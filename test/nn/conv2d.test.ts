// Convolution layers: small ones by hand, parameters, shapes, and what they refuse.
import { describe, expect, test } from "vitest";
import { chain, conv2d, depthwiseConv2d, flatten, initializers, maxPool2d, relu } from "../../src/index.ts";
import { netOf, parameter } from "./net.ts";

const parametersOf = async (layer: ReturnType<typeof conv2d>, input: readonly number[] = [8, 8, 4]) =>
  (await netOf(input, chain(layer, flatten()))).layout.map(({ name, shape, kind }) => ({ name, shape, kind }));

describe("conv2d", () => {
  test("slides its kernel without turning it round, and adds its bias", async () => {
    const model = await netOf([3, 3, 1], chain(conv2d(1, 2), flatten()));
    parameter(model, "conv2d1.kernel").set([1, 10, 100, 1000]);
    parameter(model, "conv2d1.bias").set([0.5]);
    expect([...model.predict([1, 2, 3, 4, 5, 6, 7, 8, 9])]).toEqual([5421.5, 6532.5, 8754.5, 9865.5]);
  });

  test("same padding puts the odd zero at the end", async () => {
    const model = await netOf([2, 2, 1], chain(conv2d(1, 2, { padding: "same", bias: false }), flatten()));
    parameter(model, "conv2d1.kernel").set([1, 10, 100, 1000]);
    expect([...model.predict([1, 2, 3, 4])]).toEqual([4321, 402, 43, 4]);
  });

  test("a kernel of one pixel is a matrix product, with bias and relu in one call", async () => {
    const model = await netOf([4, 4, 3], chain(conv2d(5, 1), relu(), flatten()));
    expect(model.program("predict", 2).calls.map(({ kernel }) => kernel)).toEqual(["gemm"]);
  });

  test("bias and relu leave with the tiles", async () => {
    const model = await netOf([6, 6, 3], chain(conv2d(5, 3, { padding: 1 }), relu(), flatten()));
    expect(model.program("predict", 2).calls.map(({ kernel }) => kernel)).toEqual(["conv2d"]);
  });

  test.each([
    [{}, [3, 3, 4, 6]],
    [{ groups: 2 }, [3, 3, 2, 6]],
  ])("has a kernel and a bias: %j", async (options, shape) => {
    expect(await parametersOf(conv2d(6, 3, options))).toEqual([
      { name: "conv2d1.kernel", shape, kind: "weight" },
      { name: "conv2d1.bias", shape: [6], kind: "bias" },
    ]);
  });

  test("begins with the initialisers it is given", async () => {
    const model = await netOf(
      [4, 4, 1],
      conv2d(2, 3, { initializer: initializers.constantValues(3), biasInitializer: initializers.constantValues(-1) }),
    );
    expect([...model.parameters]).toEqual([...new Array(18).fill(3), -1, -1]);
  });

  test.each([
    [{ padding: "valid" }, [3, 6, 2]],
    [{ padding: "same" }, [5, 8, 2]],
    [{ padding: "same", strides: 2 }, [3, 4, 2]],
    [{ padding: 2, strides: [2, 3] }, [4, 4, 2]],
    [
      {
        padding: [
          [1, 0],
          [0, 2],
        ],
      },
      [4, 8, 2],
    ],
    [{ padding: 2, dilation: [2, 3] }, [5, 6, 2]],
  ] as const)("shape of an image of 5 × 8 with %j", async (options, shape) => {
    const model = await netOf([5, 8, 3], conv2d(2, 3, options));
    expect(model.summary()).toContain(`→ [${shape}]`);
  });

  test("keeps the padding it was made with, whatever becomes of the array", async () => {
    const padding: [[number, number], [number, number]] = [
      [1, 1],
      [1, 1],
    ];
    const layers = [conv2d(1, 3, { padding }), maxPool2d(2, { padding, strides: 1 })];
    padding[0][0] = 0;
    const model = await netOf([4, 4, 1], chain(...layers));
    expect(model.summary()).toContain("→ [5,5,1]");
  });

  test.each([
    [() => conv2d(0, 3), "conv2d: filters must be a whole number ≥ 1, got 0"],
    [() => conv2d(4, 0), "conv2d: kernelSize must be a whole number ≥ 1, got 0"],
    [() => conv2d(4, 3, { strides: 1.5 }), "conv2d: strides must be a whole number ≥ 1, got 1.5"],
    [() => conv2d(4, 3, { groups: 3 }), "conv2d: 4 filters are not divisible by 3 groups; choose another number"],
    [() => conv2d(4, 3, { padding: "full" as never }), 'conv2d: padding must be "same", "valid"'],
    [() => conv2d(4, 3, { stride: 2 } as never), 'conv2d: unknown option "stride"'],
    [() => depthwiseConv2d(3, { multiplier: 0 }), "depthwiseConv2d: multiplier must be a whole number ≥ 1, got 0"],
    [() => depthwiseConv2d(3, { groups: 2 } as never), 'depthwiseConv2d: unknown option "groups"'],
  ])("refuses %s", (make, message) => {
    expect(make).toThrow(message);
  });

  test.each([
    [[784], conv2d(4, 3), "conv2d: expected input [batch, height, width, channels], got [1,784]"],
    [[8, 8, 3], conv2d(4, 9), "is larger than the image, whose height is 8"],
    [[8, 8, 3], conv2d(4, 5, { dilation: 2 }), "with dilation 2, 9 in all"],
    [[8, 8, 3], conv2d(4, 3, { groups: 2 }), "conv2d: 3 channels are not divisible by 2 groups; choose another number"],
  ] as const)("an input of %j is refused where it does not fit", async (input, layer, message) => {
    await expect(netOf(input, chain(layer, flatten()))).rejects.toThrow(message);
  });
});

describe("depthwiseConv2d", () => {
  test("gives every channel its own kernel", async () => {
    const model = await netOf([2, 2, 2], chain(depthwiseConv2d(2), flatten()));
    parameter(model, "depthwiseConv2d1.kernel").set([1, 2, 1, 2, 1, 2, 1, 2]);
    parameter(model, "depthwiseConv2d1.bias").set([0, 0.5]);
    expect([...model.predict([1, 10, 2, 20, 3, 30, 4, 40])]).toEqual([10, 200.5]);
  });

  test("a multiplier makes several filters of each channel, side by side", async () => {
    const model = await netOf([1, 1, 2], chain(depthwiseConv2d(1, { multiplier: 3, bias: false }), flatten()));
    expect(model.layout[0]?.shape).toEqual([1, 1, 1, 6]);
    parameter(model, "depthwiseConv2d1.kernel").set([1, 2, 3, 4, 5, 6]);
    expect([...model.predict([10, 100])]).toEqual([10, 20, 30, 400, 500, 600]);
  });
});
