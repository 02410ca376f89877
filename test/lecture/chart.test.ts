import { parseHTML } from "linkedom";
import { expect, test } from "vitest";
import { bars, chart } from "../../src/lecture/chart.ts";

const said = { caption: "what", description: "what there is to see" };
const drawn = (svg: string) => parseHTML(`<!doctype html><body>${svg}</body>`).document;
const texts = (document: Document): string[] => [...document.querySelectorAll("text")].map((each) => each.textContent);

test("lines are told apart without colours: by dash, and by name", () => {
  const points = [1, 2, 3].map((x) => ({ x, y: x, low: x - 0.5, high: x + 0.5 }));
  const { svg } = chart({
    ...{ name: "two", ...said, x: { label: "steps" }, y: { label: "loss" } },
    series: ["first <&>", "second"].map((name) => ({ name, points })),
  });
  const document = drawn(svg);
  const lines = [...document.querySelectorAll('[aria-label="line"]')];
  expect(lines).toHaveLength(2);
  expect(new Set(lines.map((line) => line.getAttribute("stroke-dasharray"))).size).toBe(2);
  expect(document.querySelectorAll('[aria-label="area"] path')).toHaveLength(2);
  expect(texts(document)).toEqual(expect.arrayContaining(["first <&>", "second"]));
  expect(texts(document).join()).toContain("steps");
});

test("what a logarithmic axis cannot show is a gap", () => {
  const { svg } = chart({
    ...{ name: "gap", ...said, x: { label: "x" }, y: { label: "y", type: "log" } },
    series: [{ name: "one", points: [3, 2, 0, Number.NaN, 4, 5].map((y, x) => ({ x, y })) }],
  });
  expect(svg).not.toMatch(/NaN|Infinity/);
  expect(drawn(svg).querySelector('[aria-label="line"] path')?.getAttribute("d")?.match(/M/g)).toHaveLength(2);
});

test("the same chart is the same text, and charts of two names share no names of parts", () => {
  const make = (name: string) =>
    chart({
      ...{ name, ...said, x: { label: "x" }, y: { label: "y" } },
      series: [
        {
          name: "one",
          as: "both",
          points: [
            { x: 0, y: 1, low: 0, high: 2 },
            { x: 1, y: 3 },
          ],
        },
      ],
    }).svg;
  expect(make("a")).toBe(make("a"));
  const ids = (svg: string) => [...svg.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
  expect(ids(make("a")).filter((id) => ids(make("b")).includes(id))).toEqual([]);
});

test("groups have their points beside each other, with whiskers where there are intervals", () => {
  const rows = ["left", "right"].flatMap((group) =>
    ["plain", "fancy"].map((name, y) => ({ group, name, y, ...(y > 0 && { low: 0.5, high: 1.5 }) })),
  );
  const document = drawn(bars({ name: "bars", ...said, label: "method", y: { label: "recall" }, bars: rows }).svg);
  expect(document.querySelectorAll('[aria-label="dot"] *').length).toBeGreaterThanOrEqual(4);
  expect(texts(document)).toEqual(expect.arrayContaining(["left", "right", "fancy"]));
  expect(document.querySelectorAll('[aria-label="rule"] line').length).toBeGreaterThanOrEqual(2);
});
