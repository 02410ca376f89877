import { expect, test } from "vitest";
import { table } from "../../src/lecture/table.ts";

test("cells break between words where their column ends, and markup in them is text", () => {
  const { svg, name } = table({
    ...{ name: "cells", caption: "what", description: "what there is to see" },
    columns: [
      { head: "a", width: 64 },
      { head: "b", width: 200 },
    ],
    rows: [["one two three", "x < 1 & y"]],
  });
  expect(name).toBe("cells");
  const texts = [...svg.matchAll(/<text x="(\d+)"[^>]*>([^<]*)<\/text>/g)].map(([, x, text]) => [Number(x), text]);
  expect(texts).toEqual([
    [8, "a"],
    [72, "b"],
    [8, "one two"],
    [8, "three"],
    [72, "x &#60; 1 &#38; y"],
  ]);
  expect(svg).toMatch(/^<svg [^>]*width="264"/);
});
