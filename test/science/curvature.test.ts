// Curvature against PyTorch's spectrum, a dense eigensolver, and functions whose spectrum is given.
import { describe, expect, test } from "vitest";
import { chain, crossEntropy, dense, type Layer, type Model, ops, tanh } from "../../src/index.ts";
import {
  conditionNumber,
  eigenpairs,
  functionObjective,
  hessianDiagonal,
  hessianTrace,
  type Objective,
  quadratic,
  ravine,
  rosenbrock,
  saddle,
  sharpness,
  smoothed,
  spectralDensity,
} from "../../src/science/index.ts";
import { symmetricEigen } from "../../src/science/jacobi.ts";
import torch from "../golden/reference.json" with { type: "json" };
import { dot, netOf, norm, numbers } from "../nn/net.ts";
import { goldenMlp } from "./goldenMlp.ts";
import { denseHessian } from "./oracle.ts";

const golden = torch.autograd.hessian_mlp_3_5_3_tanh;

const product = (objective: Objective, theta: Float32Array, v: Float32Array): Float32Array => {
  const out = new Float32Array(objective.size);
  objective.hessianVector(theta, v, out);
  return out;
};

/** 4·12 + 12 + 12·11 + 11 = 203 parameters, trained a little: away from the symmetry of the start. */
async function twoHundred(): Promise<{ readonly objective: Objective; readonly theta: Float32Array }> {
  const network: Layer = chain(dense(12), tanh(), dense(11));
  const model: Model = await netOf([4], network, { loss: crossEntropy() });
  const batch = { x: numbers(40 * 4, 2, -2, 2), y: Int32Array.from({ length: 40 }, (_, i) => (i * 7) % 11) };
  for (let i = 0; i < 50; i++) model.step(batch);
  return { objective: model.objective(batch), theta: model.parameters.slice() };
}

/** All eigenvalues of a dense matrix, ascending: by rotations, which know nothing of Lanczos. */
const spectrum = (matrix: readonly Float64Array[]): number[] => [...symmetricEigen(matrix).values].reverse();

test("the rotations that the tests go by find PyTorch's 38 eigenvalues in the dense Hessian, and their vectors", async () => {
  const { objective, theta } = await goldenMlp();
  const hessian = denseHessian(objective, theta);
  spectrum(hessian).forEach((value, i) => expect(value).toBeCloseTo(golden.eigs[i] as number, 5));
  const { values, vectors } = symmetricEigen(hessian);
  vectors.forEach((v, k) =>
    hessian.forEach((row, i) => {
      const image = row.reduce((sum, value, j) => sum + value * (v[j] as number), 0);
      expect(image).toBeCloseTo((values[k] as number) * (v[i] as number), 12);
    }),
  );
});

describe("eigenpairs", () => {
  test("all 38 of the MLP 3-5-3 are PyTorch's, from products alone", async () => {
    const { objective, theta } = await goldenMlp();
    const { values, vectors, products, converged } = await eigenpairs(objective, theta, {
      count: 38,
      which: "smallest",
    });
    expect([products, converged]).toEqual([38, true]);
    // f32 products of a matrix of norm 1.3: some 1e-6
    golden.eigs.forEach((value, i) => expect(values[i]).toBeCloseTo(value, 5));
    const [first, last] = [vectors[0], vectors[37]] as [Float32Array, Float32Array];
    expect(dot(first, last)).toBeCloseTo(0, 5);
    const hv = product(objective, theta, first);
    expect(norm(hv.map((value, i) => value - (values[0] as number) * (first[i] as number)))).toBeLessThan(1e-5);
  });

  test("the first few by size, from either end and by magnitude, from far fewer products", async () => {
    const { objective, theta } = await twoHundred();
    const exact = spectrum(denseHessian(objective, theta));
    const n = exact.length;
    expect(n).toBe(203);
    const top = await eigenpairs(objective, theta, { count: 5, which: "largest" });
    expect(top.converged).toBe(true);
    expect(top.products).toBeLessThan(100);
    const scale = exact[n - 1] as number;
    // The error of an eigenvalue is the square of its residual over the gap beside it, below the 1e-4 of the residual.
    for (let i = 0; i < 5; i++)
      expect(Math.abs((top.values[i] as number) - (exact[n - 1 - i] as number))).toBeLessThan(1e-5 * scale);
    top.vectors.forEach((v, i) => {
      const rest = product(objective, theta, v).map((value, k) => value - (top.values[i] as number) * (v[k] as number));
      expect(norm(rest)).toBeLessThan(2e-4 * scale);
    });
    const bottom = await eigenpairs(objective, theta, { which: "smallest" });
    expect(bottom.values[0]).toBeLessThan(0);
    expect(Math.abs((bottom.values[0] as number) - (exact[0] as number))).toBeLessThan(1e-5 * scale);
    const most = await eigenpairs(objective, theta, { which: "magnitude", start: top.vectors[0] as Float32Array });
    expect(most.values[0]).toBeCloseTo(scale, 5);
  });

  test("of a matrix with few different eigenvalues: the basis closes, and it goes on", async () => {
    const f = await quadratic([5, 5, 2, 2, 2, -1, -1, 0, 0, 0], { seed: 3 });
    const { values } = await eigenpairs(f, f.start, { count: 10 });
    [5, 5, 2, 2, 2, 0, 0, 0, -1, -1].forEach((value, i) => expect(values[i]).toBeCloseTo(value, 5));
  });

  test("a saddle has a way down", async () => {
    const f = await saddle();
    const { values, vectors } = await eigenpairs(f, new Float32Array(2), { which: "smallest" });
    expect(values[0]).toBeCloseTo(-2, 5);
    expect(Math.abs(vectors[0]?.[1] as number)).toBeCloseTo(1, 5);
  });

  test("says whether it has converged", async () => {
    const f = await quadratic(
      Array.from({ length: 60 }, (_, i) => 1 + i / 60),
      { seed: 1 },
    );
    const broken = await eigenpairs(f, f.start, { maxSteps: 5, tolerance: 1e-6 });
    expect([broken.converged, broken.products]).toEqual([false, 5]);
    expect(broken.residuals[0]).toBeGreaterThan(1e-4);
  });

  test("refuses what has no answer", async () => {
    const f = await rosenbrock();
    await expect(eigenpairs(f, f.start, { count: 3 })).rejects.toThrow(
      "eigenpairs: count must be at most 2, the number of parameters, got 3",
    );
    await expect(eigenpairs(f, f.start, { count: 0 })).rejects.toThrow("count must be a whole number ≥ 1, got 0");
    await expect(eigenpairs(f, f.start, { start: new Float32Array(2) })).rejects.toThrow("start is zero everywhere");
    await expect(eigenpairs(f, Float32Array.of(Number.NaN, 1))).rejects.toThrow("theta[0] = NaN is not finite");
    await expect(eigenpairs(f, Float32Array.of(1))).rejects.toThrow("theta must be a Float32Array of 2 numbers, got 1");
    await expect(eigenpairs(f, Float32Array.of(1e30, 1))).rejects.toThrow("Hessian-vector product[0]");
    await expect(eigenpairs(f, f.start, { top: 1 } as never)).rejects.toThrow('unknown option "top"');
  });

  test("tells how far it is, lets the host work, and stops when asked to", async () => {
    const n = 200;
    const f = await quadratic(
      Array.from({ length: n }, (_, i) => 1 + i),
      { seed: 1 },
    );
    const slow: Objective = {
      ...f,
      hessianVector(theta, v, out) {
        const until = performance.now() + 2;
        while (performance.now() < until);
        f.hessianVector(theta, v, out);
      },
    };
    const controller = new AbortController();
    const seen: (readonly [number, number])[] = [];
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const options = {
      count: 20,
      tolerance: 1e-6,
      signal: controller.signal,
      onProgress(done: number, total: number) {
        seen.push([done, total]);
        if (done === 40) controller.abort(new Error("enough"));
      },
    };
    await expect(eigenpairs(slow, f.start, options)).rejects.toThrow("enough");
    clearInterval(timer);
    expect(seen).toEqual(Array.from({ length: 40 }, (_, i) => [i + 1, n]));
    expect(turns).toBeGreaterThan(2);
  });
});

describe("condition number", () => {
  test("of a ravine and of a full matrix", async () => {
    const narrow = await ravine(50);
    expect((await conditionNumber(narrow, narrow.start)).condition).toBeCloseTo(50, 3);
    const f = await quadratic(
      Array.from({ length: 40 }, (_, i) => 0.01 + i / 10),
      { seed: 2 },
    );
    const { largest, smallest, condition, converged } = await conditionNumber(f, f.start);
    expect(converged).toBe(true);
    expect(largest).toBeCloseTo(3.91, 4);
    expect(smallest).toBeCloseTo(0.01, 5);
    expect(condition / 391).toBeCloseTo(1, 3);
  });

  test("there is none where a direction leads down", async () => {
    const f = await saddle();
    await expect(conditionNumber(f, new Float32Array(2))).rejects.toThrow(
      "conditionNumber: the Hessian has the eigenvalue -2.000 beside 2.000: it is not positive definite",
    );
  });
});

describe("trace", () => {
  test.each(["hutchinson", "hutch++"] as const)("%s: PyTorch's, within its standard error", async (method) => {
    const { objective, theta } = await goldenMlp();
    const { trace, standardError, products } = await hessianTrace(objective, theta, { method, samples: 99, seed: 1 });
    expect(products).toBe(99);
    expect(Math.abs(trace - golden.trace)).toBeLessThan(3 * standardError + 1e-5);
    // Hutchinson's has the variance 2·(‖H‖² − Σ Hᵢᵢ²) a sample.
    expect(standardError).toBeLessThan(1.3 * Math.sqrt((2 * golden.fro ** 2) / 99));
  });

  test("the standard error is the spread of estimates from other seeds", async () => {
    const { objective, theta } = await goldenMlp();
    const estimates = [];
    for (let seed = 0; seed < 200; seed++) estimates.push(await hessianTrace(objective, theta, { samples: 20, seed }));
    const spread = Math.sqrt(
      estimates.reduce((total, { trace }) => total + (trace - golden.trace) ** 2, 0) / estimates.length,
    );
    const said = Math.sqrt(estimates.reduce((total, { standardError }) => total + standardError ** 2, 0) / 200);
    // 200 draws tell a deviation to 1/√400 = 5 %.
    expect(spread / said).toBeGreaterThan(0.85);
    expect(spread / said).toBeLessThan(1.15);
  });

  test("hutch++ is nearer where a few directions hold the trace, and exact with enough products", async () => {
    const f = await quadratic(
      Array.from({ length: 100 }, (_, i) => 100 / (i + 1) ** 2),
      { seed: 5 },
    );
    const exact = Array.from({ length: 100 }, (_, i) => 100 / (i + 1) ** 2).reduce((a, b) => a + b, 0);
    const plain = await hessianTrace(f, f.start, { samples: 60 });
    const better = await hessianTrace(f, f.start, { samples: 60, method: "hutch++" });
    expect(better.standardError).toBeLessThan(plain.standardError / 10);
    expect(Math.abs(better.trace - exact)).toBeLessThan(3 * better.standardError + 1e-3);
    const { objective, theta } = await goldenMlp();
    const all = await hessianTrace(objective, theta, { samples: 3 * 38, method: "hutch++" });
    expect(all.trace).toBeCloseTo(golden.trace, 5);
    expect(all.standardError).toBeLessThan(1e-6);
  });
});

describe("diagonal", () => {
  test("exact where the Hessian is diagonal", async () => {
    const f = await quadratic([3, -1, 0.5, 7]);
    expect([...(await hessianDiagonal(f, f.start, { samples: 1 }))]).toEqual([3, -1, 0.5, 7]);
  });

  test("of an MLP within the spread of its samples", async () => {
    const { objective, theta } = await goldenMlp();
    const h = denseHessian(objective, theta);
    const samples = 400;
    const diagonal = await hessianDiagonal(objective, theta, { samples, seed: 2 });
    diagonal.forEach((value, i) => {
      const row = h[i] as Float64Array;
      const variance = (dot(row, row) - (row[i] as number) ** 2) / samples;
      // 38 numbers: one beyond four deviations in 400 tries
      expect(Math.abs(value - (row[i] as number))).toBeLessThan(4 * Math.sqrt(variance) + 1e-5);
    });
  });
});

describe("spectral density", () => {
  test("weights sum to one, and a probe's moments are those of its vector", async () => {
    const { objective, theta } = await twoHundred();
    const { nodes, weights, products } = await spectralDensity(objective, theta, { probes: 3, steps: 30 });
    expect(products).toBe(90);
    expect(nodes.length).toBe(90);
    expect(weights.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
    const first = weights.reduce((sum, weight, i) => sum + weight * (nodes[i] as number), 0);
    const { trace } = await hessianTrace(objective, theta, { samples: 3 });
    expect(first * objective.size).toBeCloseTo(trace, 3);
  });

  test("is the density of the exact spectrum of 203 parameters", async () => {
    const { objective, theta } = await twoHundred();
    const exact = spectrum(denseHessian(objective, theta));
    const range = (exact[202] as number) - (exact[0] as number);
    const width = range / 40;
    const found = await spectralDensity(objective, theta, { probes: 40, steps: 60, seed: 1 });
    const { at, density } = smoothed(found, { width, points: 400 });
    const spacing = (at[1] as number) - (at[0] as number);
    let distance = 0;
    for (const [i, t] of at.entries()) {
      const bell = exact.reduce((sum, value) => sum + Math.exp(-0.5 * ((t - value) / width) ** 2), 0);
      distance += Math.abs((density[i] as number) - bell / (203 * width * Math.sqrt(2 * Math.PI))) * spacing;
    }
    // The area between two densities is at most 2. A probe's weight of an eigenvalue strays by √2/n; 40 probes and the
    // width of the bell take that to some hundredths.
    expect(distance).toBeLessThan(0.05);
    expect(density.reduce((sum, value) => sum + value * spacing, 0)).toBeCloseTo(1, 10);
    const moment = (k: number): number => exact.reduce((sum, value) => sum + value ** k, 0) / 203;
    const estimate = (k: number): number =>
      found.weights.reduce((sum, weight, i) => sum + weight * (found.nodes[i] as number) ** k, 0);
    expect(estimate(2) / moment(2)).toBeCloseTo(1, 1);
  });

  test("ends where the basis closes", async () => {
    const f = await quadratic([2, 2, 2, -1, -1], { seed: 1 });
    const { nodes, weights } = await spectralDensity(f, f.start, { probes: 400 });
    for (const node of nodes) expect(Math.min(Math.abs(node - 2), Math.abs(node + 1))).toBeLessThan(1e-5);
    const high = nodes.reduce((sum, node, i) => sum + (node > 0 ? (weights[i] as number) : 0), 0);
    // a probe's share strays by less than ½, 400 of them by less than 0.025
    expect(Math.abs(high - 0.6)).toBeLessThan(0.075);
  });
});

describe("sharpness", () => {
  test("of a quadratic bowl: rises along its axes and on average", async () => {
    const f = await quadratic([1, 4, 10]);
    const theta = Float32Array.of(0, 0, 1e-4);
    const radius = 0.5;
    const { loss, ascent, worst, average } = await sharpness(f, theta, { radius, samples: 3000 });
    expect(loss).toBeCloseTo(0, 6);
    expect(ascent).toBeCloseTo(0.5 * 10 * radius ** 2, 2);
    expect(worst).toBeCloseTo(0.5 * 10 * radius ** 2, 2);
    expect(average).toBeCloseTo((radius ** 2 * 15) / 6, 2);
  });

  test("ascent finds the worst direction, not the steepest", async () => {
    const f = await quadratic([1, 10]);
    // The slope points along the flat axis nearly.
    const { ascent, worst } = await sharpness(f, Float32Array.of(0.1, 0.001), { radius: 0.5, steps: 60 });
    expect(ascent).toBeLessThan(0.5);
    expect(worst).toBeGreaterThan(1.2);
  });

  test("needs a slope, and numbers", async () => {
    const f = await quadratic([1, 10]);
    await expect(sharpness(f, new Float32Array(2))).rejects.toThrow("the gradient at theta is zero in every direction");
    const g = await functionObjective(1, (theta) => ops.sum(ops.log(theta)));
    await expect(sharpness(g, Float32Array.of(0))).rejects.toThrow("gradient[0] = Infinity is not finite");
  });
});
