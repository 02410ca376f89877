import { arrayDataset, type ChannelStatistics, channelStatistics, type Dataset, normalized } from "thalweg/data";
import { describe, expect, it } from "vitest";
import { numbers } from "../nn/net.ts";

const y = new Int32Array(6);
const bytes = Uint8Array.from({ length: 6 * 2 * 5 * 3 }, (_, i) => (i * 37 + (i % 3) * 50) % 256);
const images = arrayDataset({ x: bytes, y, shape: [2, 5, 3] });
const rows = arrayDataset({ x: numbers(24, 1, 900, 904), y, shape: [4] });

/** The numbers that enter a model, of one channel. */
function entering({ x, shape, scale, shift }: Dataset, channel: number): number[] {
  const channels = shape.at(-1) as number;
  const of = (value: Dataset["scale"]): number => (typeof value === "number" ? value : (value[channel] as number));
  const values = [...x].filter((_, i) => i % channels === channel);
  return x instanceof Uint8Array ? values.map((byte) => byte * of(scale) + of(shift)) : values;
}
function moments(values: readonly number[]): { mean: number; deviation: number } {
  const mean = values.reduce((sum, value) => sum + value / values.length, 0);
  return { mean, deviation: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2 / values.length, 0)) };
}

describe("channelStatistics", () => {
  it.each<[string, Dataset]>([
    ["bytes", images],
    ["bytes with a scale for each channel", { ...images, scale: [1, -2, 0.5], shift: [0, 1, -9] }],
    ["numbers", rows],
  ])("are mean and deviation of what enters a model: %s", (_, data) => {
    const { mean, deviation } = channelStatistics(data);
    expect(mean.length).toBe(data.shape.at(-1));
    mean.forEach((value, channel) => {
      const expected = moments(entering(data, channel));
      expect(value).toBeCloseTo(expected.mean, 10);
      expect(deviation[channel]).toBeCloseTo(expected.deviation, 10);
    });
  });
});

describe("normalized", () => {
  it.each<[string, Dataset]>([
    ["bytes", images],
    ["bytes with a scale for each channel", { ...images, scale: [1, -2, 0.5], shift: [0, 1, -9] }],
    ["numbers", rows],
  ])("brings every channel to mean 0 and deviation 1: %s", (_, data) => {
    const result = normalized(data);
    for (let channel = 0; channel < (data.shape.at(-1) as number); channel++) {
      const { mean, deviation } = moments(entering(result, channel));
      // Numbers are f32: near 900 they are exact to 3·10⁻⁵.
      expect(mean).toBeCloseTo(0, 4);
      expect(deviation).toBeCloseTo(1, 4);
    }
  });

  it("shares bytes, copies numbers, and changes nothing it was given", () => {
    const before = [...rows.x];
    expect(normalized(images).x).toBe(bytes);
    expect(normalized(rows).x).not.toBe(rows.x);
    expect([...rows.x]).toEqual(before);
    expect([images.scale, images.shift]).toEqual([1 / 255, 0]);
  });

  it("takes the constants of another set", () => {
    const result = normalized(images, { mean: [0.5, 0.25, 0], deviation: [0.5, 2, 1] });
    const scale = result.scale as number[];
    expect(scale).toEqual([1 / 255 / 0.5, 1 / 255 / 2, 1 / 255]);
    expect(result.shift).toEqual([-1, -0.125, 0]);
  });

  it("leaves the scale of a channel that never changes", () => {
    const flat = arrayDataset({ x: [5, 1, 5, 3], y: [0, 1], shape: [2] });
    expect([...normalized(flat).x]).toEqual([0, -1, 0, 1]);
  });

  it.each<[string, Dataset, unknown, RegExp]>([
    [
      "indices",
      arrayDataset({ x: new Int32Array(4), y: [0, 1], shape: [2] }),
      undefined,
      /^normalized: the data set holds integers.*no mean/,
    ],
    [
      "constants of another number of channels",
      images,
      { mean: [0, 0], deviation: [1, 1] },
      /^normalized: mean must hold 3 finite numbers, one for each channel, got \[0,0\]/,
    ],
    [
      "constants that are not finite",
      images,
      { mean: [0, 0, 0], deviation: [1, Number.NaN, 1] },
      /^normalized: deviation must hold 3 finite numbers.*got \[1,NaN,1\]/,
    ],
    [
      "a deviation below 0",
      images,
      { mean: [0, 0, 0], deviation: [1, -1, 1] },
      /^normalized: deviation must not be below 0/,
    ],
  ])("refuses %s", (_, data, statistics, message) => {
    expect(() => normalized(data, statistics as ChannelStatistics | undefined)).toThrow(message);
  });

  it("channelStatistics refuses indices too", () => {
    const indices = arrayDataset({ x: new Int32Array(4), y: [0, 1], shape: [2] });
    expect(() => channelStatistics(indices)).toThrow(/^channelStatistics: the data set holds integers/);
  });
});
