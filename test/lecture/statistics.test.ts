import { randomSource } from "thalweg/data";
import { expect, test } from "vitest";
import { deviationOf, geometricMeanOf, leastOfSome, meanOf, medianOf, slopeOf } from "../../src/lecture/statistics.ts";

test("a mean's interval of 95 % confidence is Student's: the sleep data of 1908, first drug", () => {
  const { mean, low, high, runs } = meanOf([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]);
  expect(mean).toBeCloseTo(0.75, 12);
  // R: t.test(extra[group == 1])$conf.int
  expect(low).toBeCloseTo(-0.5297804, 3);
  expect(high).toBeCloseTo(2.0297804, 3);
  expect(runs).toBe(10);
});

test.each([
  [40, 2.0227],
  [100, 1.9842],
  [1000, 1.9623],
])("beyond the table, for %i values, its quantile is right to three digits", (n, quantile) => {
  const values = Array.from({ length: n }, (_, i) => (i % 2 === 0 ? 1 : -1));
  const { mean, high } = meanOf(values);
  expect(((high - mean) * Math.sqrt(n)) / deviationOf(values)).toBeCloseTo(quantile, 3);
});

test("a geometric mean of 1, 10 and 100 is 10, its interval a factor either way", () => {
  const { mean, low, high } = geometricMeanOf([1, 10, 100]);
  expect(mean).toBeCloseTo(10, 12);
  expect(mean / low).toBeCloseTo(high / mean, 9);
  expect(high / mean).toBeCloseTo(10 ** (4.303 / Math.sqrt(3)), 9);
});

test("the median is the value in the middle, of an even number the upper one", () => {
  expect([[10, 2, 1], [9, 1, 10, 2], [3]].map(medianOf)).toEqual([2, 9, 3]);
});

test("the least of one, two or three of three values is expected as over all choices", () => {
  const [one = 0, two = 0, three = 0] = leastOfSome([4, 1, 2]);
  expect(one).toBeCloseTo((4 + 1 + 2) / 3, 12);
  expect(two).toBeCloseTo((1 + 2 + 1) / 3, 12);
  expect(three).toBeCloseTo(1, 12);
});

test("nineteen intervals in twenty hold the slope that the points were made with", () => {
  const random = randomSource(1, 0);
  const x = Array.from({ length: 12 }, (_, i) => i);
  const held = Array.from({ length: 2000 }, () => {
    const { low, high } = slopeOf(
      x,
      x.map((each) => 3 - 0.5 * each + random.normal()),
    );
    return low <= -0.5 && -0.5 <= high ? 1 : 0;
  });
  // Three standard errors of a share of 0.95 in 2000.
  expect(Math.abs(held.reduce((sum: number, each) => sum + each, 0) / 2000 - 0.95)).toBeLessThan(0.015);
});
