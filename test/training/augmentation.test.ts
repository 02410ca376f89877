// Images changed at random while a model learns: seen through a loss whose gradient is the mean of the images it saw.
import { describe, expect, test } from "vitest";
import { moons, oneHot } from "../../src/data/index.ts";
import {
  arrayDataset,
  chain,
  createModel,
  crossEntropy,
  type Dataset,
  dense,
  type FitOptions,
  flatten,
  type Model,
  ops,
  sgd,
  tanh,
} from "../../src/index.ts";

const side = 6;
const size = 10;
/** Every pixel of every image differs from its neighbours, and none is 0. */
const x = Uint8Array.from({ length: size * side * side * 2 }, (_, i) => 1 + ((i * 89 + 40) % 255));
const images = arrayDataset({ x, y: new Float32Array(size), shape: [side, side, 2], targetShape: [1], scale: 1 });

const make = (seed = 3): Promise<Model> =>
  createModel({
    input: [side, side, 2],
    network: chain(flatten(), dense(1, { bias: false })),
    loss: (prediction) => ops.mean(prediction),
    optimizer: sgd({ learningRate: 1e-6 }),
    seed,
    build: "strict",
  });

/** The batches' mean images that a fit sees, step by step. */
async function seen(model: Model, options: FitOptions, data: Dataset = images): Promise<number[][]> {
  const list: number[][] = [];
  for await (const report of model.fit(data, { batchSize: 1, shuffle: false, reportEvery: 1, ...options }))
    if (report.kind === "step") list.push([...model.gradient]);
  return list;
}

/**
 * An image with pixels of padding to `most` around, zeros or those of the edge, cut out again and perhaps turned: every way
 * it can come out.
 */
function variants(image: number, most: number, flips: readonly boolean[], nearest = false): string[] {
  const distances = Array.from({ length: 2 * most + 1 }, (_, i) => i - most);
  const within = (i: number): number => Math.min(Math.max(i, 0), side - 1);
  const at = (row: number, column: number, channel: number): number =>
    nearest && (row !== within(row) || column !== within(column))
      ? at(within(row), within(column), channel)
      : row < 0 || row >= side || column < 0 || column >= side
        ? 0
        : (x[((image * side + row) * side + column) * 2 + channel] as number);
  return distances.flatMap((down) =>
    distances.flatMap((right) =>
      flips.map((flip) =>
        String(
          Array.from({ length: side * side * 2 }, (_, i) => {
            const [row, column, channel] = [Math.floor(i / 2 / side), Math.floor(i / 2) % side, i % 2];
            return at(row + down, (flip ? side - 1 - column : column) + right, channel);
          }),
        ),
      ),
    ),
  );
}

describe("fit with augment", () => {
  test("shows each image moved by up to crop pixels, or turned, in many ways; without it, as it is", async () => {
    const plain = await seen(await make(), {});
    plain.forEach((image, i) => {
      expect([String(image)]).toEqual(variants(i, 0, [false]));
    });
    expect(await seen(await make(), { augment: {} })).toEqual(plain);
    expect(await seen(await make(), { augment: { crop: 0, flip: false } })).toEqual(plain);
    for (const [augment, most, flips] of [
      [{ crop: 2 }, 2, [false]],
      [{ flip: true }, 0, [false, true]],
      [{ crop: 1, flip: true }, 1, [false, true]],
    ] as const) {
      const list = await seen(await make(), { augment, epochs: 4 });
      const ways = new Set<number>();
      list.forEach((image, step) => {
        const way = variants(step % size, most, flips).indexOf(String(image));
        expect(way, `step ${step}`).toBeGreaterThanOrEqual(0);
        ways.add(way);
      });
      expect(ways.size).toBeGreaterThan(most === 0 ? 1 : 8);
    }
  });

  test("changes them by the seed and the step, and never the same way by chance of a second run", async () => {
    const augment = { crop: 2, flip: true };
    const first = await seen(await make(), { augment, epochs: 2 });
    expect(await seen(await make(), { augment, epochs: 2 })).toEqual(first);
    expect(await seen(await make(4), { augment, epochs: 2 })).not.toEqual(first);
    expect(first.slice(size)).not.toEqual(first.slice(0, size));
    // A second fit goes on where the first ended.
    const model = await make();
    expect([...(await seen(model, { augment })), ...(await seen(model, { augment }))]).toEqual(first);
  });

  test("shift moves by up to so many pixels and repeats the edge, of bytes and of numbers alike", async () => {
    const ofNumbers = { ...images, x: Float32Array.from(x) } as Dataset;
    for (const most of [1, 3]) {
      const list = await seen(await make(), { augment: { shift: most }, epochs: 9 });
      const ways = list.map((image, step) => variants(step % size, most, [false], true).indexOf(String(image)));
      expect(Math.min(...ways)).toBeGreaterThanOrEqual(0);
      expect(new Set(ways).size).toBeGreaterThan(0.7 * (2 * most + 1) ** 2);
      expect(await seen(await make(), { augment: { shift: most }, epochs: 9 }, ofNumbers)).toEqual(list);
    }
  });

  test("cutout clears a square about any pixel, as much of it as the image holds, and nothing else", async () => {
    const plain = await seen(await make(), {});
    for (const length of [1, 3, 4]) {
      const list = await seen(await make(), { augment: { cutout: length }, epochs: 20 });
      const centres = new Set<number>();
      list.forEach((image, step) => {
        const whole = plain[step % size] as number[];
        const cleared = image.flatMap((value, i) => (value === 0 ? [i >> 1] : []));
        expect(image).toEqual(whole.map((value, i) => (cleared.includes(i >> 1) ? 0 : value)));
        const [rows, columns] = [cleared.map((i) => Math.floor(i / side)), cleared.map((i) => i % side)];
        const spans = [rows, columns].map((list) => [Math.min(...list), Math.max(...list)] as const);
        const [height, width] = spans.map(([low, high]) => high - low + 1) as [number, number];
        // Every pixel of the rectangle, both channels; smaller than the square only at an edge.
        expect(cleared).toHaveLength(2 * height * width);
        for (const [low, high] of spans)
          if (high - low + 1 < length) expect(low === 0 || high === side - 1).toBe(true);
          else expect(high - low + 1).toBe(length);
        centres.add(cleared[0] as number);
      });
      if (length === 1) expect(centres.size).toBeGreaterThan(0.95 * side * side);
    }
  });

  test("noise adds normal numbers of this deviation, never the same again", async () => {
    const plain = await seen(await make(), {});
    const list = await seen(await make(), { augment: { noise: 2 }, epochs: 20 });
    const noise = list.flatMap((image, step) =>
      image.map((value, i) => value - ((plain[step % size] as number[])[i] as number)),
    );
    const n = noise.length;
    const moment = (power: number): number => noise.reduce((sum, value) => sum + (value / 2) ** power, 0) / n;
    // Within four standard errors of a normal distribution's moments.
    expect(Math.abs(moment(1))).toBeLessThan(4 / Math.sqrt(n));
    expect(Math.abs(moment(2) - 1)).toBeLessThan(4 * Math.sqrt(2 / n));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(4 * Math.sqrt(96 / n));
    expect(new Set(noise.map((value) => value.toFixed(3))).size).toBeGreaterThan(1000);
  });

  test("mixup mixes examples and targets by one share of Beta(α, α)", async () => {
    // Examples [1, 0] and [0, 1], targets 1 and 0, gradient the mean of y·x: ½(λ·[λ, 1−λ] + (1−λ)·[1−λ, λ]).
    const pair = arrayDataset({ x: Float32Array.of(1, 0, 0, 1), y: [1, 0], shape: [2], targetShape: [1] });
    for (const alpha of [1, 0.4]) {
      const model = await createModel({
        input: [2],
        network: dense(1, { bias: false }),
        loss: (prediction, target) => ops.mean(ops.mul(prediction, target)),
        optimizer: sgd({ learningRate: 1e-9 }),
        build: "strict",
      });
      const products: number[] = [];
      for (const [own, other] of await seen(model, { batchSize: 2, epochs: 3000, augment: { mixup: alpha } }, pair)) {
        expect((own as number) + (other as number)).toBeCloseTo(0.5, 6);
        products.push(other as number);
      }
      // λ(1 − λ) has the mean α/(2(2α + 1)); its deviation is below ⅛.
      const mean = products.reduce((sum, q) => sum + q, 0) / products.length;
      expect(Math.abs(mean - alpha / (2 * (2 * alpha + 1)))).toBeLessThan((4 * 0.125) / Math.sqrt(products.length));
      if (alpha < 1) continue;
      // Then λ is even over [0, 1]: the smaller of λ and 1 − λ over [0, ½].
      const tenths = new Array(10).fill(0);
      for (const q of products) tenths[Math.min(9, Math.floor(20 * ((1 - Math.sqrt(Math.max(0, 1 - 4 * q))) / 2)))]++;
      const chi = tenths.reduce((sum, count) => sum + (count - 300) ** 2 / 300, 0);
      // 9 degrees of freedom: above 27.9 once in a thousand seeds.
      expect(chi).toBeLessThan(27.9);
    }
  });

  test("mixup of classes, as distributions, lets a net learn them", async () => {
    const labelled = moons({ examples: 300, seed: 2 });
    const model = await createModel({
      input: [2],
      network: chain(dense(16), tanh(), dense(2)),
      loss: crossEntropy({ targets: "probabilities" }),
      optimizer: sgd({ learningRate: 0.3, momentum: 0.9 }),
      build: "strict",
    });
    for await (const _ of model.fit(oneHot(labelled), { epochs: 40, augment: { mixup: 0.2, noise: 0.02 } }));
    // A line parts 87 % of them.
    expect(model.evaluate(oneHot(labelled)).accuracy).toBeGreaterThan(0.92);
  });

  test("goes on from any step to the same bits, all of it together", async () => {
    const augment = { crop: 1, flip: true, shift: 2, noise: 3, cutout: 2, mixup: 0.5 };
    const course = { augment, batchSize: 3, epochs: 2, shuffle: true, reportEvery: 1 };
    const model = await make();
    const kept = [];
    for await (const _ of model.fit(images, course)) kept.push(model.snapshot());
    for (const snapshot of kept) {
      const again = await make();
      again.restore(snapshot);
      for await (const _ of again.fit(images, { ...course, resume: true }));
      expect(again.snapshot()).toEqual(model.snapshot());
    }
  });

  test("never changes validation, and leaves the data as they were", async () => {
    const copy = x.slice();
    const data = arrayDataset({ x, y: Array.from({ length: size }, (_, i) => i % 2), shape: [side, side, 2] });
    const model = await createModel({
      input: [side, side, 2],
      network: chain(flatten(), dense(2)),
      loss: crossEntropy(),
      build: "strict",
    });
    for await (const report of model.fit(data, { augment: { crop: 3, flip: true }, validation: data, epochs: 2 }))
      if (report.kind === "epoch") expect(report.validation).toEqual(model.evaluate(data));
    expect(x).toEqual(copy);
  });
});

describe("bytes scaled channel by channel", () => {
  test("enter a model so, in fit, step by step, and in evaluate", async () => {
    const [scale, shift] = [
      [2, 0.5],
      [-3, 100],
    ];
    const data = { ...images, scale, shift } as Dataset;
    const expected = Array.from({ length: size }, (_, image) =>
      Array.from({ length: side * side * 2 }, (_, i) => {
        const byte = x[image * side * side * 2 + i] as number;
        return i % 2 === 0 ? byte * 2 - 3 : byte * 0.5 + 100;
      }),
    );
    expect(await seen(await make(), {}, data)).toEqual(expected);
    const model = await make();
    const mean = expected
      .map((image) => image.reduce((sum, value, i) => sum + value * (model.parameters[i] as number), 0))
      .reduce((sum, value) => sum + value / size, 0);
    expect(model.evaluate(data).loss).toBeCloseTo(mean, 3);
  });

  test("one number for all means the same as a list of it", async () => {
    const alike = { ...images, scale: 0.25, shift: -1 } as Dataset;
    const listed = { ...images, scale: [0.25, 0.25], shift: -1 } as Dataset;
    expect(await seen(await make(), {}, listed)).toEqual(await seen(await make(), {}, alike));
  });
});
