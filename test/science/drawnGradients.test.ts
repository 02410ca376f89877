// Batches that are drawn show the noise that statistics of single examples predict.
import { describe, expect, test } from "vitest";
import { arrayDataset, crossEntropy, dense } from "../../src/index.ts";
import {
  type DrawnGradients,
  drawnGradients,
  exampleStatistics,
  gradientNoise,
  gradientStandardError,
  measuredStandardError,
  twoBatchNoise,
} from "../../src/science/index.ts";
import { netOf, numbers } from "../nn/net.ts";

const size = 40;
const data = arrayDataset({
  x: numbers(size * 6, 7, -1.5, 1.5),
  y: Int32Array.from({ length: size }, (_, i) => (i * 2) % 3),
  shape: [6],
});
const model = await netOf([6], dense(3), { loss: crossEntropy() });
const noise = gradientNoise(exampleStatistics(model, data));

describe("drawn gradients", () => {
  test.each([true, false])("have the standard error that is predicted, with replacement: %s", async (replacement) => {
    for (const batchSize of [1, 5, 30]) {
      const drawn = await drawnGradients(model, data, { batchSize, replacement, draws: 2000, seed: 3 });
      const { error, interval } = measuredStandardError(drawn);
      const predicted = gradientStandardError(noise, batchSize, { replacement });
      // 2000 draws: the deviation of the mean square is some 1/√(2000·dimensions/2)
      expect(Math.abs(error / predicted - 1)).toBeLessThan(0.05);
      expect(interval[0]).toBeLessThan(error);
      expect(interval[1]).toBeGreaterThan(error);
      expect(interval[1] - interval[0]).toBeLessThan(0.1 * error);
    }
  });

  test("without replacement hold each example once: all of them have no error", async () => {
    const { squaredErrors, squaredNorms } = await drawnGradients(model, data, { batchSize: size, draws: 3 });
    for (const [i, error] of squaredErrors.entries()) {
      expect(error).toBeLessThan(1e-12);
      expect(squaredNorms[i]).toBeCloseTo(noise.squaredGradient, 6);
    }
  });

  test("of two sizes give the noise scale", async () => {
    const of = (batchSize: number): Promise<DrawnGradients> =>
      drawnGradients(model, data, { batchSize, replacement: true, draws: 3000 });
    const { trace, squaredGradient } = twoBatchNoise(await of(1), await of(32));
    expect(Math.abs(trace / noise.populationTrace - 1)).toBeLessThan(0.05);
    expect(Math.abs(squaredGradient / noise.squaredGradient - 1)).toBeLessThan(0.15);
  });

  test("follow from their seed, tell how far they are, and leave the model alone", async () => {
    const before = model.parameters.slice();
    const seen: number[] = [];
    const draw = (seed: number) =>
      drawnGradients(model, data, { batchSize: 2, draws: 4, seed, onProgress: (done) => seen.push(done) });
    const [a, b, c] = [await draw(1), await draw(1), await draw(2)];
    expect(a).toEqual(b);
    expect(a).not.toEqual(c);
    expect(seen.slice(0, 4)).toEqual([1, 2, 3, 4]);
    expect(model.parameters).toEqual(before);
  });

  test("refuse what cannot be", async () => {
    await expect(drawnGradients(model, data, { batchSize: 41 })).rejects.toThrow("at most 40 without replacement");
    await expect(drawnGradients(model, data, { batchSize: 0 })).rejects.toThrow("batchSize must be a whole number ≥ 1");
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(drawnGradients(model, data, { batchSize: 1, signal })).rejects.toThrow("enough");
    expect(() => measuredStandardError({ squaredErrors: Float64Array.of(1) })).toThrow("whole number ≥ 2, got 1");
  });
});
