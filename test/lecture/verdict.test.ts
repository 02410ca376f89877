import { expect, test } from "vitest";
import { judgementOf, percent } from "../../src/lecture/verdict.ts";

test("a claim is supported where all of it holds, partly where some does", () => {
  expect([[true, true], [true, false], [false]].map(judgementOf)).toEqual(["supported", "partly", "not supported"]);
});

test("shares are told in percent, with as many places as are asked for", () => {
  expect([percent(0.126), percent(0.126, 1)]).toEqual(["13 %", "12.6 %"]);
});
