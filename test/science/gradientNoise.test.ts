// Gradients of single examples against gradients of batches of one, and the noise they make.
import { describe, expect, test, vi } from "vitest";
import { randomSource } from "../../src/data/random.ts";
import {
  arrayDataset,
  batchNorm,
  chain,
  conv2d,
  crossEntropy,
  type Dataset,
  dense,
  embedding,
  flatten,
  gelu,
  globalAveragePool2d,
  type Layer,
  l2,
  layerNorm,
  type Model,
  ops,
  relu,
  reshape,
  residual,
  tanh,
} from "../../src/index.ts";
import {
  exampleGradients,
  exampleStatistics,
  gradientNoise,
  gradientStandardError,
  twoBatchNoise,
} from "../../src/science/index.ts";
import { ReadyProgram } from "../../src/training/readyProgram.ts";
import torch from "../golden/reference.json" with { type: "json" };
import { dot, expectClose, netOf, numbers } from "../nn/net.ts";
import { goldenMlp } from "./goldenMlp.ts";

/** The gradient of each row by itself. */
function oneByOne(model: Model, x: ArrayLike<number>, y: ArrayLike<number>, rows: number): number[] {
  const [width, targets] = [x.length / rows, y.length / rows];
  const out = new Float32Array(model.parameters.length);
  return Array.from({ length: rows }, (_, i) => {
    model
      .objective({
        x: Array.from(x).slice(i * width, (i + 1) * width),
        y: Array.from(y).slice(i * targets, (i + 1) * targets),
      })
      .gradient(model.parameters, out);
    return [...out];
  }).flat();
}

const rows = 7;
const labels = Int32Array.from({ length: rows }, (_, i) => (i * 2) % 3);
const x = numbers(rows * 6, 7, -1.5, 1.5);

const networks: Readonly<Record<string, Layer>> = {
  dense: dense(3),
  "dense without bias, twice": chain(dense(5, { bias: false }), relu(), dense(3)),
  "layerNorm and residual": chain(dense(4), layerNorm(), residual(dense(4), gelu()), dense(3)),
  "dense of rank 3": chain(reshape([3, 2]), dense(4), tanh(), flatten(), dense(3)),
  conv2d: chain(reshape([2, 3, 1]), conv2d(2, 2), tanh(), flatten(), dense(3)),
  "convolutions with padding, strides and groups, and batchNorm": chain(
    reshape([2, 3, 1]),
    conv2d(4, 3, { padding: "same", bias: false }),
    batchNorm(),
    relu(),
    conv2d(4, 2, { padding: "same", strides: [1, 2], groups: 2 }),
    globalAveragePool2d(),
    dense(3),
  ),
  "one parameter twice": {
    name: "tied",
    apply(input, context) {
      const w = context.parameter("w", [6, 6], (shape) => numbers((shape[0] as number) * 6, 4));
      return ops.slice(ops.matmul(ops.tanh(ops.matmul(input, w)), w), [0, 0], [input.shape[0] as number, 3]);
    },
  },
};

describe("gradients of single examples", () => {
  test.each(Object.entries(networks))("%s: those of batches of one", async (_, network) => {
    const model = await netOf([6], network, { loss: crossEntropy() });
    const data = arrayDataset({ x, y: labels, shape: [6] });
    const expected = oneByOne(model, x, labels, rows);
    const n = model.parameters.length;
    for (const batchSize of [7, 3, 1]) {
      expectClose(exampleGradients(model, data, { batchSize }), expected, 2e-6);
      const { count, gradient, secondMoments, squaredNorms, loss } = exampleStatistics(model, data, { batchSize });
      expect(count).toBe(rows);
      expect(loss).toBeCloseTo(model.objective({ x, y: labels }).loss(model.parameters), 5);
      const column = (k: number): number[] => expected.filter((_value, i) => i % n === k);
      const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / rows;
      gradient.forEach((value, k) => expect(value).toBeCloseTo(mean(column(k)), 5));
      secondMoments.forEach((value, k) => expect(value).toBeCloseTo(mean(column(k).map((v) => v * v)), 5));
      squaredNorms.forEach((value, i) => {
        const row = expected.slice(i * n, (i + 1) * n);
        expect(value).toBeCloseTo(dot(row, row), 4);
      });
    }
  });

  test.each(["dense", "layerNorm and residual", "conv2d"])("%s: one pass a batch", async (name) => {
    const model = await netOf([6], networks[name] as Layer, { loss: crossEntropy() });
    const run = vi.spyOn(ReadyProgram.prototype, "run");
    exampleStatistics(model, arrayDataset({ x, y: labels, shape: [6] }), { batchSize: 3 });
    expect(run).toHaveBeenCalledTimes(3); // of 3, 3 and 1 example
    run.mockRestore();
  });

  test("through an embedding, without the penalty, at a θ of one's own", async () => {
    const network = chain(embedding(5, 4), flatten(), dense(3));
    const model = await netOf([2], network, { inputType: "i32", loss: crossEntropy(), regularizer: l2(1) });
    const plain = await netOf([2], network, { inputType: "i32", loss: crossEntropy() });
    const indices = Int32Array.from({ length: rows * 2 }, (_, i) => (i * 3) % 5);
    const theta = model.parameters.map((value) => value * 0.5);
    plain.parameters = theta;
    const data = arrayDataset({ x: indices, y: labels, shape: [2] });
    expectClose(exampleGradients(model, data, { theta }), oneByOne(plain, indices, labels, rows), 2e-6);
  });

  test("of weighted examples are weighted", async () => {
    const model = await netOf([6], dense(3), { loss: crossEntropy() });
    const weights = Float32Array.from({ length: rows }, (_, i) => i / 2);
    const n = model.parameters.length;
    const plain = exampleGradients(model, arrayDataset({ x, y: labels, shape: [6] }));
    const weighted = exampleGradients(model, arrayDataset({ x, y: labels, shape: [6], weights }));
    expectClose(
      weighted,
      plain.map((value, i) => value * (weights[Math.floor(i / n)] as number)),
      1e-6,
    );
  });

  test("of a loss that is the mean itself; what is no mean is refused", async () => {
    const data = arrayDataset({ x, y: numbers(rows * 3, 2), shape: [6], targetShape: [3] });
    const mean = await netOf([6], dense(3), { loss: (a, b) => ops.mean(ops.square(ops.sub(a, b))) });
    expectClose(exampleGradients(mean, data), oneByOne(mean, x, numbers(rows * 3, 2), rows), 2e-6);
    const largest = await netOf([6], dense(3), { loss: (a, b) => ops.max(ops.square(ops.sub(a, b))) });
    expect(() => exampleGradients(largest, data)).toThrow("the loss is not seen to be a mean over examples");
  });

  test("refuses what does not fit", async () => {
    const model = await netOf([6], dense(3), { loss: crossEntropy() });
    const data = arrayDataset({ x, y: labels, shape: [6] });
    expect(() => exampleStatistics({} as Model, data)).toThrow("expected a model made by createModel");
    expect(() => exampleStatistics(model, data, { theta: new Float32Array(2) })).toThrow(
      "theta must be a Float32Array",
    );
    expect(() => exampleStatistics(model, data, { batchSize: 0 })).toThrow("batchSize must be a whole number ≥ 1");
    expect(() => exampleStatistics(model, arrayDataset({ x, y: new Int32Array(21), shape: [2] }))).toThrow("[2]");
  });
});

describe("gradient noise", () => {
  test("of the MLP 3-5-3 is PyTorch's", async () => {
    const golden = torch.autograd.grad_noise_mlp_tanh;
    const { model, batch } = await goldenMlp();
    const statistics = exampleStatistics(model, arrayDataset({ ...batch, shape: [3] }));
    const noise = gradientNoise(statistics);
    // f32 against f64
    expect(noise.squaredGradient).toBeCloseTo(golden["|G|^2"], 5);
    expect(noise.populationTrace).toBeCloseTo(golden["trSigma_pop(1/N)"], 5);
    expect(noise.sampleTrace).toBeCloseTo(golden["trSigma_unbiased(1/(N-1))"], 5);
    golden.per_ex_sqnorm.forEach((value, i) =>
      expect((statistics.squaredNorms[i] as number) / value).toBeCloseTo(1, 5),
    );
    expect(noise.noiseScale).toBeCloseTo(noise.populationTrace / noise.squaredGradient, 10);
  });

  /** y = w*·x + ε at w = w* + δ, with d = 8, ‖δ‖ = 1, s = 0.1: loss ½r² (McCandlish's case, worked out by hand). */
  const [d, s] = [8, 0.1];
  const squaredDelta = 1;
  const analytic = { squaredGradient: squaredDelta, trace: (d + 1) * squaredDelta + d * s * s };
  async function regression(size: number): Promise<{ readonly model: Model; readonly data: Dataset }> {
    const { normal } = randomSource(3, 1);
    const inputs = Float32Array.from({ length: size * d }, normal);
    // w* = 0, w = δ
    const targets = Float32Array.from({ length: size }, () => s * normal());
    const model = await netOf([d], dense(1, { bias: false }), {
      loss: (a, b) => ops.mul(0.5, ops.reshape(ops.square(ops.sub(a, b)), [-1])),
    });
    model.parameters = new Float32Array(d).fill(Math.sqrt(squaredDelta / d));
    return { model, data: arrayDataset({ x: inputs, y: targets, shape: [d], targetShape: [1] }) };
  }

  test("of McCandlish's regression: ‖G‖² = ‖δ‖², tr Σ = (d + 1)‖δ‖² + d·s², B_simple 9.08", async () => {
    const { model, data } = await regression(40_000);
    const noise = gradientNoise(exampleStatistics(model, data));
    // 40,000 draws: tr Σ strays by some (deviation of ‖g‖², about 20)/200 = 0.1
    expect(Math.abs(noise.sampleTrace - analytic.trace)).toBeLessThan(0.3);
    expect(noise.squaredGradient - noise.sampleTrace / 40_000).toBeCloseTo(1, 1);
    expect(Math.abs(noise.sampleNoiseScale - 9.08)).toBeLessThan(0.6);
    // each Gⱼ = δⱼ, σⱼ² = δⱼ² + ‖δ‖² + s²
    const expected = Math.sqrt(1 / 8 / (1 / 8 + 1 + s * s));
    for (const value of noise.signalToNoise) expect(Math.abs(value - expected)).toBeLessThan(0.04);
  });

  test("of two batch sizes is that of single examples, to what chance allows", async () => {
    const { model, data } = await regression(2000);
    const noise = gradientNoise(exampleStatistics(model, data));
    const g = exampleGradients(model, data);
    const { below } = randomSource(5, 2);
    const norms = (batchSize: number, batches: number): number[] =>
      Array.from({ length: batches }, () => {
        const mean = new Float64Array(d);
        for (let i = 0; i < batchSize; i++) {
          const row = below(2000);
          for (let k = 0; k < d; k++) mean[k] = (mean[k] as number) + (g[row * d + k] as number) / batchSize;
        }
        return dot(mean, mean);
      });
    const small = { batchSize: 4, squaredNorms: norms(4, 4000) };
    const large = { batchSize: 64, squaredNorms: norms(64, 4000) };
    const estimate = twoBatchNoise(small, large);
    expect(estimate.trace / noise.populationTrace).toBeGreaterThan(0.93);
    expect(estimate.trace / noise.populationTrace).toBeLessThan(1.07);
    expect(estimate.squaredGradient / noise.squaredGradient).toBeGreaterThan(0.93);
    expect(estimate.squaredGradient / noise.squaredGradient).toBeLessThan(1.07);
  });

  test("the standard error is what batches show, with and without replacement", async () => {
    const { model, data } = await regression(60);
    const noise = gradientNoise(exampleStatistics(model, data));
    const g = exampleGradients(model, data);
    const mean = Float64Array.from({ length: d }, (_, k) =>
      Array.from({ length: 60 }, (_row, i) => g[i * d + k] as number).reduce((a, b) => a + b / 60, 0),
    );
    const { below } = randomSource(6, 2);
    const batchSize = 30;
    for (const replacement of [true, false]) {
      let total = 0;
      for (let draw = 0; draw < 4000; draw++) {
        const left = Array.from({ length: 60 }, (_, i) => i);
        const off = mean.map((value) => -value);
        for (let i = 0; i < batchSize; i++) {
          const at = below(left.length);
          const row = left[at] as number;
          if (!replacement) left.splice(at, 1);
          for (let k = 0; k < d; k++) off[k] = (off[k] as number) + (g[row * d + k] as number) / batchSize;
        }
        total += dot(off, off);
      }
      const measured = Math.sqrt(total / 4000);
      // 4000 draws of a sum of squares: 1/√8000 for each of some eight dimensions
      expect(measured / gradientStandardError(noise, batchSize, { replacement })).toBeGreaterThan(0.97);
      expect(measured / gradientStandardError(noise, batchSize, { replacement })).toBeLessThan(1.03);
    }
    expect(gradientStandardError(noise, 60)).toBe(0);
  });

  test("refuses what has no answer", () => {
    const noise = { count: 10, populationTrace: 4 };
    expect(gradientStandardError(noise, 4, { replacement: true })).toBe(1);
    expect(() => gradientStandardError(noise, 11)).toThrow("batchSize must be at most 10 without replacement");
    expect(() => gradientStandardError(noise, 0)).toThrow("batchSize must be a whole number ≥ 1");
    const [few, many] = [
      { batchSize: 4, squaredNorms: [2] },
      { batchSize: 8, squaredNorms: [1] },
    ];
    expect(twoBatchNoise(few, many)).toEqual({ squaredGradient: 0, trace: 8, noiseScale: Number.POSITIVE_INFINITY });
    expect(() => twoBatchNoise(many, few)).toThrow("the first batch must be smaller than the second, got 8 and 4");
    expect(() => twoBatchNoise({ ...few, squaredNorms: [] }, many)).toThrow("no norms of batches of 4");
    expect(() => twoBatchNoise({ ...few, squaredNorms: [Number.NaN] }, many)).toThrow("squared norm 0");
    const zeros = new Float64Array(2);
    const one = { count: 1, loss: 0, gradient: zeros, secondMoments: zeros, squaredNorms: new Float64Array(1) };
    expect(() => gradientNoise(one)).toThrow("1 example has no spread");
  });
});
