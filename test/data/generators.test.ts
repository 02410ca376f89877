// Generated data: where the points lie, what the noise is, that seeds decide, and what is refused.
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  blobs,
  circles,
  type Dataset,
  driftingStream,
  linearRegression,
  moons,
  polynomialRegression,
  type StreamBatch,
  spirals,
} from "../../src/data/index.ts";

const points = ({ x, y, size }: Dataset): { x: number; y: number; label: number }[] =>
  Array.from({ length: size }, (_, i) => ({ x: x[2 * i] as number, y: x[2 * i + 1] as number, label: y[i] as number }));
const first = (n: number, stream: Iterable<StreamBatch>): StreamBatch[] => {
  const batches: StreamBatch[] = [];
  for (const batch of stream) {
    batches.push(batch);
    if (batches.length === n) break;
  }
  return batches;
};

describe("without noise", () => {
  test("moons lie on two half circles", () => {
    for (const { x, y, label } of points(moons({ noise: 0, examples: 101 }))) {
      const [dx, dy] = label === 0 ? [x, y] : [1 - x, 0.5 - y];
      expect(Math.hypot(dx, dy)).toBeCloseTo(1, 6);
      expect(dy).toBeGreaterThanOrEqual(-1e-6);
    }
  });

  test("circles lie on two circles", () => {
    for (const { x, y, label } of points(circles({ noise: 0, factor: 0.3 })))
      expect(Math.hypot(x, y)).toBeCloseTo(label === 0 ? 1 : 0.3, 6);
  });

  test("spirals wind from the middle to 1, each class along an arm of its own", () => {
    const all = points(spirals({ noise: 0, classes: 3, turns: 1.5, examples: 300 }));
    for (const { x, y, label } of all) {
      const radius = Math.hypot(x, y);
      const angle = 2 * Math.PI * (1.5 * radius + label / 3);
      expect(x).toBeCloseTo(radius * Math.cos(angle), 5);
      expect(y).toBeCloseTo(radius * Math.sin(angle), 5);
    }
    expect(Math.max(...all.map(({ x, y }) => Math.hypot(x, y)))).toBeGreaterThan(0.95);
    expect([0, 1, 2].map((label) => all.filter((p) => p.label === label).length)).toEqual([100, 100, 100]);
  });

  test("a polynomial and a line are met exactly", () => {
    const { x, y } = polynomialRegression({ noise: 0, coefficients: [1, -2, 0.5] });
    x.forEach((value, i) => expect(y[i]).toBeCloseTo(1 - 2 * value + 0.5 * value * value, 6));
    const { data, weights, bias } = linearRegression({ noise: 0, features: 3 });
    for (let i = 0; i < data.size; i++) {
      const sum = weights.reduce((total, w, j) => total + w * (data.x[3 * i + j] as number), bias);
      expect(data.y[i]).toBeCloseTo(sum, 5);
    }
  });
});

test("noise has the deviation asked for", () => {
  const n = 20_000;
  const { data, weights, bias } = linearRegression({ noise: 0.5, features: 1, examples: n });
  const square =
    Array.from(data.x).reduce(
      (sum, x, i) => sum + ((data.y[i] as number) - (weights[0] as number) * x - bias) ** 2,
      0,
    ) / n;
  // The variance of n squares of normal numbers: five standard deviations.
  expect(Math.abs(square - 0.25)).toBeLessThan(5 * 0.25 * Math.sqrt(2 / n));
  const cloud = blobs({ classes: 1, features: 1, examples: n, spread: 0, noise: 2 });
  expect(Math.abs(Array.from(cloud.x).reduce((sum, x) => sum + x * x, 0) / n - 4)).toBeLessThan(
    5 * 4 * Math.sqrt(2 / n),
  );
});

test("equal seeds give equal bits, now and in every engine; others do not", () => {
  const makers = {
    moons,
    circles,
    spirals,
    blobs,
    polynomialRegression,
    line: (o: object) => linearRegression(o).data,
  };
  const bits = (data: Dataset): string =>
    createHash("sha256")
      .update(data.x as Float32Array)
      .update(data.y)
      .digest("hex")
      .slice(0, 12);
  for (const make of Object.values(makers)) {
    expect(make({ seed: 3 })).toEqual(make({ seed: 3 }));
    expect(make({ seed: 3 }).x).not.toEqual(make({ seed: 4 }).x);
  }
  expect(Object.entries(makers).map(([name, make]) => `${name} ${bits(make({ seed: 7 }))}`)).toMatchInlineSnapshot(`
    [
      "moons 6da3748d0707",
      "circles dbef58741954",
      "spirals d13a7a06ea01",
      "blobs 483d83f4842a",
      "polynomialRegression d3d1a6147972",
      "line 3e61974a5fc2",
    ]
  `);
});

describe("driftingStream", () => {
  const share = (batches: readonly StreamBatch[], right: (x: Float32Array, at: number) => boolean): number => {
    let hits = 0;
    let all = 0;
    for (const { x, y } of batches)
      y.forEach((label, i) => {
        hits += Number(right(x, 10 * i) === (label === 1));
        all++;
      });
    return hits / all;
  };
  const early = (x: Float32Array, at: number): boolean => (x[at] as number) > 0;

  test("turns: what was right is half wrong after a quarter turn", () => {
    const batches = first(600, driftingStream({ batchSize: 16, drift: 1 / 32_000, noise: 0 }));
    expect(share(batches.slice(0, 5), early)).toBeGreaterThan(0.97);
    expect(Math.abs(share(batches.slice(480, 520), early) - 0.5)).toBeLessThan(0.1);
    expect(share(batches.slice(495, 505), (x, at) => (x[at + 1] as number) > 0)).toBeGreaterThan(0.97);
  });

  test("stays where drift is 0, with its share of wrong labels, and begins anew in each loop", () => {
    const stream = driftingStream({ drift: 0, noise: 0.2 });
    const batches = first(200, stream);
    // A binomial share of 6400: five standard deviations.
    expect(Math.abs(share(batches, early) - 0.8)).toBeLessThan(5 * Math.sqrt((0.2 * 0.8) / 6400));
    expect(first(3, stream)).toEqual(batches.slice(0, 3));
  });
});

test.each([
  [() => moons({ examples: 0 }), "moons: examples must be a whole number ≥ 1, got 0"],
  [() => moons({ noise: -1 }), "moons: noise must be ≥ 0, got -1"],
  [() => moons({ seed: 1.5 }), "moons: seed must be a whole number from 0 to 2^53 − 1, got 1.5"],
  [() => moons({ count: 3 } as never), 'moons: unknown option "count"; known are examples, noise, seed'],
  [() => circles({ factor: 2 }), "circles: factor must be in [0, 1], got 2"],
  [() => spirals({ classes: 1 }), "spirals: classes must be a whole number ≥ 2, got 1"],
  [() => blobs({ features: 0 }), "blobs: features must be a whole number ≥ 1, got 0"],
  [() => polynomialRegression({ coefficients: [] }), "polynomialRegression: coefficients must be an array of numbers"],
  [() => linearRegression({ features: Number.NaN }), "linearRegression: features must be a whole number ≥ 1, got NaN"],
  [() => driftingStream({ features: 1 }), "driftingStream: features must be a whole number ≥ 2, got 1"],
  [() => driftingStream({ noise: 1 }), "driftingStream: noise must be in [0, 1), got 1"],
])("options that do not fit are refused: %#", (call, message) => {
  expect(call).toThrow(message);
});
