// Images changed at random while a model learns: seen through a loss whose gradient is the mean of the images it saw.
import { describe, expect, test } from "vitest";
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

/** An image with one pixel of padding to `most` around, cut out again and perhaps turned: every way it can come out. */
function variants(image: number, most: number, flips: readonly boolean[]): string[] {
  const distances = Array.from({ length: 2 * most + 1 }, (_, i) => i - most);
  const at = (row: number, column: number, channel: number): number =>
    row < 0 || row >= side || column < 0 || column >= side
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
