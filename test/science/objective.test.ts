// Objectives: over a data set, with Gauss–Newton products, and of test functions.
import { describe, expect, test } from "vitest";
import {
  arrayDataset,
  batchNorm,
  binaryCrossEntropy,
  chain,
  crossEntropy,
  dense,
  hinge,
  type Layer,
  l2,
  type Model,
  meanSquaredError,
  ops,
  relu,
  softmax,
  tanh,
} from "../../src/index.ts";
import {
  beale,
  datasetObjective,
  functionObjective,
  himmelblau,
  type Objective,
  quadratic,
  rastrigin,
  ravine,
  rosenbrock,
  saddle,
} from "../../src/science/index.ts";
import { dot, expectClose, netOf, norm, numbers } from "../nn/net.ts";

const product = ({ size, hessianVector }: Objective, theta: Float32Array, v: Float32Array): Float32Array => {
  const out = new Float32Array(size);
  hessianVector(theta, v, out);
  return out;
};
const gradientOf = ({ size, gradient }: Objective, theta: Float32Array): Float32Array => {
  const out = new Float32Array(size);
  gradient(theta, out);
  return out;
};

const rows = 11;
const x = numbers(rows * 4, 3);
const labels = Int32Array.from({ length: rows }, (_, i) => (i * 5) % 3);
const data = arrayDataset({ x, y: labels, shape: [4] });
const network = (): Layer => chain(dense(6), tanh(), dense(3));

describe("the objective of a data set", () => {
  test("is the mean over all rows, however they are cut into chunks", async () => {
    const model = await netOf([4], network(), { loss: crossEntropy(), regularizer: l2(0.05) });
    const theta = model.parameters.slice();
    const whole = model.objective({ x, y: labels });
    const v = numbers(theta.length, 9);
    for (const batchSize of [1, 4, 11, 64]) {
      const chunks = datasetObjective(model, data, { batchSize });
      // f32 sums in another order
      expect(chunks.loss(theta)).toBeCloseTo(whole.loss(theta), 6);
      expectClose(gradientOf(chunks, theta), gradientOf(whole, theta), 1e-6);
      expectClose(product(chunks, theta, v), product(whole, theta, v), 2e-6);
    }
    expect(model.parameters).toEqual(theta);
  });

  test("scales bytes as training does", async () => {
    const bytes = Uint8Array.from({ length: rows * 4 }, (_, i) => (i * 37) % 256);
    const model = await netOf([4], network(), { loss: crossEntropy() });
    const theta = model.parameters.slice();
    const ofBytes = datasetObjective(model, arrayDataset({ x: bytes, y: labels, shape: [4] }));
    expect(ofBytes.loss(theta)).toBeCloseTo(
      model.objective({ x: Float32Array.from(bytes, (byte) => byte / 255), y: labels }).loss(theta),
      6,
    );
  });

  test("takes BatchNorm's statistics from the model or from each chunk", async () => {
    const model = await netOf([4], chain(dense(6), batchNorm(), tanh(), dense(3)), { loss: crossEntropy() });
    const theta = model.parameters.slice();
    for (const normalization of ["running", "batch"] as const)
      expect(datasetObjective(model, data, { normalization }).loss(theta)).toBeCloseTo(
        model.objective({ x, y: labels }, { normalization }).loss(theta),
        6,
      );
    expect(datasetObjective(model, data).loss(theta)).not.toBeCloseTo(
      datasetObjective(model, data, { normalization: "batch" }).loss(theta),
      3,
    );
  });

  test("may be asked at the model's live parameters", async () => {
    const model = await netOf([4], network(), { loss: crossEntropy() });
    const objective = datasetObjective(model, data);
    expect(objective.loss(model.parameters)).toBe(objective.loss(model.parameters.slice()));
  });

  test("refuses what does not fit", async () => {
    const model = await netOf([4], network(), { loss: crossEntropy() });
    expect(() => datasetObjective({} as Model, data)).toThrow("expected a model made by createModel");
    expect(() => datasetObjective(model, arrayDataset({ x, y: new Int32Array(22), shape: [2] }))).toThrow(
      /datasetObjective: .*\[2\].*\[4\]/,
    );
    expect(() => datasetObjective(model, data, { batchSize: 0 })).toThrow("batchSize must be a whole number ≥ 1");
    expect(() => datasetObjective(model, data, { curvature: "fisher" as never })).toThrow("curvature must be");
    expect(() => datasetObjective(model, data).loss(new Float32Array(3))).toThrow("theta must be a Float32Array of");
  });
});

describe("Gauss–Newton products", () => {
  const gaussNewton = (model: Model, y: Float32Array | Int32Array, targetShape?: number[]): Objective =>
    datasetObjective(
      model,
      arrayDataset({ x, y, shape: [4], ...(targetShape && { targetShape }) }),
      { curvature: "gaussNewton", batchSize: 4 }, // two full chunks and a rest
    );

  test("are Hessian products where the network is linear in its parameters", async () => {
    const model = await netOf([4], dense(3), { loss: crossEntropy(), regularizer: l2(0.1) });
    const theta = model.parameters.slice();
    const v = numbers(theta.length, 2);
    expectClose(product(gaussNewton(model, labels), theta, v), product(datasetObjective(model, data), theta, v), 1e-6);
  });

  test("are JᵀJ of a squared loss, J by differences of the predictions", async () => {
    const model = await netOf([4], chain(dense(3), tanh(), dense(2)), { loss: meanSquaredError() });
    const theta = model.parameters.slice();
    const got = product(gaussNewton(model, numbers(rows * 2, 4), [2]), theta, numbers(theta.length, 6));
    const h = 2 ** -7;
    const columns = Array.from(theta, (_, i) => {
      const [up, down] = [h, -h].map((step) => {
        model.parameters = theta.map((value, k) => value + (k === i ? step : 0));
        return model.predict(x);
      }) as [Float32Array, Float32Array];
      return up.map((value, k) => (value - (down[k] as number)) / (2 * h));
    });
    const moved = columns[0]?.map((_, k) =>
      columns.reduce((sum, column, i) => sum + (column[k] as number) * (numbers(theta.length, 6)[i] as number), 0),
    ) as Float32Array;
    // mean over rows and two outputs of (output − target)²: H_ℓ = 2/(2·rows)
    const expected = columns.map((column) => dot(column, moved) / rows);
    // differences: h²·f‴/6 and 2⁻²³/h
    expectClose(got, expected, 1e-4);
  });

  test.each([
    ["cross-entropy", crossEntropy(), labels, undefined, chain(dense(6), relu(), dense(3))],
    ["binary cross-entropy", binaryCrossEntropy(), numbers(rows * 3, 5, 0, 1), [3], network()],
    [
      "squares of a softmax",
      meanSquaredError(),
      numbers(rows * 3, 5, 0, 1),
      [3],
      chain(dense(5), tanh(), dense(3), softmax()),
    ],
  ] as const)("of %s are symmetric and never negative", async (_, loss, y, targetShape, net) => {
    const model = await netOf([4], net, { loss });
    const theta = model.parameters.slice();
    const objective = gaussNewton(model, y, targetShape && [...targetShape]);
    for (let seed = 1; seed <= 8; seed++) {
      const [u, v] = [numbers(theta.length, seed), numbers(theta.length, seed + 20)];
      const [hu, hv] = [product(objective, theta, u), product(objective, theta, v)];
      expect(dot(u, hv)).toBeCloseTo(dot(v, hu), 5);
      expect(dot(u, hu)).toBeGreaterThan(-1e-6);
      expect(norm(hu)).toBeGreaterThan(1e-4);
    }
  });

  test("of a piecewise linear loss are zero", async () => {
    const model = await netOf([4], network(), { loss: hinge() });
    const y = Float32Array.from({ length: rows * 3 }, (_, i) => (i % 2 ? 1 : -1));
    const objective = gaussNewton(model, y, [3]);
    expect(norm(product(objective, model.parameters, numbers(objective.size)))).toBe(0);
  });
});

describe("test functions", () => {
  test.each([
    ["rosenbrock", rosenbrock, 0, 24.2],
    ["beale", beale, 0, 14.203125],
    ["himmelblau", himmelblau, 0, 170],
    ["ravine", ravine, 0, 27.25],
    ["saddle", saddle, -1, 1 - 1e-6],
    ["rastrigin", rastrigin, 0, 2 * (10 + 2.2 ** 2 - 10 * Math.cos(2 * Math.PI * 2.2))],
  ] as const)("%s: value at the start, value and slope at the minima", async (_, make, least, first) => {
    const f = await (make as typeof rosenbrock)();
    expect(f.loss(f.start)).toBeCloseTo(first, 4);
    for (const minimum of f.minima) {
      const at = Float32Array.from(minimum);
      const g = new Float32Array(2);
      // minima are given to 7 digits, curvatures are up to 400
      expect(f.gradient(at, g)).toBeCloseTo(least, 5);
      expect(norm(g)).toBeLessThan(3e-4);
      const [a, b] = [Float32Array.of(1, 0), Float32Array.of(0, 1)].map((e) => product(f, at, e)) as [
        Float32Array,
        Float32Array,
      ];
      expect(a[0]).toBeGreaterThan(0);
      expect((a[0] as number) * (b[1] as number) - (a[1] as number) * (b[0] as number)).toBeGreaterThan(0);
    }
  });

  test("rosenbrock's Hessian at its start is [[1330, 480], [480, 200]]", async () => {
    const f = await rosenbrock();
    expectClose(product(f, f.start, Float32Array.of(1, 0)), [1330, 480], 1e-6);
    expectClose(product(f, f.start, Float32Array.of(0, 1)), [480, 200], 1e-6);
  });

  test("a quadratic has the spectrum it is given, turned or not", async () => {
    const spectrum = [-1, 0.5, 3];
    for (const seed of [undefined, 4]) {
      const f = await quadratic(spectrum, seed === undefined ? {} : { seed });
      const columns = [0, 1, 2].map((i) =>
        product(
          f,
          f.start,
          Float32Array.from([0, 1, 2], (k) => Number(k === i)),
        ),
      );
      const h = (i: number, k: number): number => columns[k]?.[i] as number;
      expect(h(0, 0) + h(1, 1) + h(2, 2)).toBeCloseTo(2.5, 5);
      expect(columns.reduce((total, column) => total + dot(column, column), 0)).toBeCloseTo(10.25, 4);
      const determinant =
        h(0, 0) * (h(1, 1) * h(2, 2) - h(1, 2) * h(2, 1)) -
        h(0, 1) * (h(1, 0) * h(2, 2) - h(1, 2) * h(2, 0)) +
        h(0, 2) * (h(1, 0) * h(2, 1) - h(1, 1) * h(2, 0));
      expect(determinant).toBeCloseTo(-1.5, 5);
      expect(Math.abs(h(0, 1)) > 0.01).toBe(seed !== undefined);
    }
  });

  test("a function of one's own; what is no scalar is refused", async () => {
    const f = await functionObjective(3, (theta) => ops.sum(ops.exp(theta)), { build: "strict" });
    expectClose(gradientOf(f, Float32Array.of(0, 1, -1)), [1, Math.E, 1 / Math.E], 1e-6);
    await expect(functionObjective(3, (theta) => theta)).rejects.toThrow("must return a scalar");
    await expect(functionObjective(0, (theta) => theta)).rejects.toThrow("size must be a whole number ≥ 1");
    await expect(quadratic([1, Number.NaN])).rejects.toThrow("spectrum");
    expect(() => f.loss(new Float32Array(2))).toThrow("theta must be a Float32Array of 3 numbers, got 2");
  });
});
