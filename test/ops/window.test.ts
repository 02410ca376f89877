// Windows along an axis, against positions counted one by one.
import { describe, expect, test } from "vitest";
import { type Padding, pair, windowOf } from "../../src/ops/window.ts";

/** How many windows begin at 0, stride, 2·stride … and end inside the padded axis. */
function counted(padded: number, size: number, stride: number, dilation: number): number {
  let count = 0;
  for (let start = 0; start + (size - 1) * dilation < padded; start += stride) count++;
  return count;
}

describe("windowOf", () => {
  test("counts the windows that fit into the padded axis", () => {
    for (const [size, stride, dilation] of [
      [1, 1, 1],
      [2, 2, 1],
      [3, 1, 1],
      [3, 2, 1],
      [3, 2, 2],
      [5, 3, 3],
    ] as const)
      for (const padding of [
        "valid",
        0,
        1,
        2,
        [
          [1, 0],
          [9, 9],
        ],
      ] as Padding[])
        for (let extent = 13; extent < 20; extent++) {
          const { before, after, out } = windowOf("test", "height", extent, { size, stride, dilation, padding });
          expect(out).toBe(counted(extent + before + after, size, stride, dilation));
        }
  });

  test('"same" gives ⌈extent/stride⌉ windows, the odd element of padding at the end', () => {
    for (const size of [1, 2, 3, 4, 5, 7])
      for (const stride of [1, 2, 3])
        for (let extent = 1; extent < 18; extent++) {
          const { before, after, out } = windowOf("test", "width", extent, { size, stride, padding: "same" });
          expect(out).toBe(Math.ceil(extent / stride));
          expect(after - before === 0 || after - before === 1).toBe(true);
          // No more than needed: with one element less the last window would not fit.
          if (before + after > 0) expect((out - 1) * stride + size).toBe(extent + before + after);
        }
  });

  test("explicit padding names height and width apart", () => {
    const padding = [
      [1, 2],
      [3, 4],
    ] as const;
    const options = { size: 3, stride: 1, padding };
    expect(windowOf("test", "height", 5, options)).toMatchObject({ before: 1, after: 2, out: 6 });
    expect(windowOf("test", "width", 5, options)).toMatchObject({ before: 3, after: 4, out: 10 });
  });

  test("refuses a kernel larger than the padded image", () => {
    expect(() => windowOf("conv2d", "height", 4, { size: 5, stride: 1, padding: "valid" })).toThrow(
      "conv2d: a kernel of height 5 is larger than the image, whose height is 4; use a smaller kernel or more padding",
    );
    expect(() => windowOf("conv2d", "width", 4, { size: 3, stride: 1, dilation: 4, padding: 2 })).toThrow(
      "conv2d: a kernel of width 3 with dilation 4, 9 in all, is larger than the image, whose width is 4 and 8 with padding",
    );
  });

  test("refuses a padding that is none", () => {
    for (const padding of [
      "full",
      -1,
      0.5,
      [1, 1],
      [[1], [1]],
      [
        [0, -1],
        [0, 0],
      ],
      null,
      undefined,
    ])
      expect(() => windowOf("maxPool2d", "width", 4, { size: 2, stride: 2, padding: padding as never })).toThrow(
        /^maxPool2d: padding must be "same", "valid", a whole number ≥ 0 or \[\[top, bottom\], \[left, right\]\], got /,
      );
  });
});

describe("pair", () => {
  test("is one number for both axes, or height and width", () => {
    expect(pair("test", "strides", 3)).toEqual([3, 3]);
    expect(pair("test", "strides", [1, 2])).toEqual([1, 2]);
  });

  test("refuses what is none", () => {
    expect(() => pair("maxPool2d", "poolSize", [1, 2, 3] as never)).toThrow(
      "maxPool2d: poolSize must be a number or [height, width], got [1,2,3]",
    );
    for (const value of [0, 1.5, "2", [2, 0], null])
      expect(() => pair("maxPool2d", "poolSize", value as never)).toThrow(
        /^maxPool2d: poolSize must be a whole number ≥ 1, got /,
      );
  });
});
