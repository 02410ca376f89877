// Weights by name: what another library reads, and what a model takes from a file.
import { describe, expect, test } from "vitest";
import { decodeSafetensors, encodeSafetensors } from "../../src/files/safetensors.ts";
import {
  batchNorm,
  chain,
  createModel,
  crossEntropy,
  decodeWeights,
  dense,
  encodeWeights,
  type Layer,
  loadWeights,
  type Model,
  relu,
  saveWeights,
} from "../../src/index.ts";
import { numbers } from "../nn/net.ts";

const make = (seed: number, network: Layer = chain(dense(3), batchNorm(), relu(), dense(2))): Promise<Model> =>
  createModel({ input: [4], network, loss: crossEntropy(), seed, build: "strict" });

const learnt = async (): Promise<Model> => {
  const model = await make(1);
  model.step({ x: numbers(24, 1), y: [0, 1, 0, 1, 0, 1] });
  return model;
};
const contents = (model: Model): number[] => [...model.parameters, ...model.state];

describe("weights", () => {
  test("lie in the file under the names of the layouts", async () => {
    const model = await learnt();
    const { tensors } = decodeSafetensors(encodeWeights(model));
    expect(Object.fromEntries(Object.entries(tensors).map(([name, { shape }]) => [name, shape]))).toEqual({
      "dense1.weights": [4, 3],
      "dense1.bias": [3],
      "batchNorm1.scale": [3],
      "batchNorm1.shift": [3],
      "dense2.weights": [3, 2],
      "dense2.bias": [2],
      "batchNorm1.mean": [3],
      "batchNorm1.variance": [3],
    });
    expect(Object.values(tensors).flatMap(({ values }) => [...values])).toEqual(contents(model));
  });

  test("are taken by name, into a model of any seed", async () => {
    const [from, to] = [await learnt(), await make(2)];
    expect(decodeWeights(to, encodeWeights(from))).toEqual({ missing: [], unexpected: [] });
    expect(contents(to)).toEqual(contents(from));
  });

  test("of another network are refused, or taken where they fit", async () => {
    const from = await learnt();
    const to = await make(2, chain(dense(3), relu(), dense(5), dense(2)));
    const before = contents(to);
    expect(() => decodeWeights(to, encodeWeights(from))).toThrow(
      "decodeWeights: dense2.weights is [3,2] in the file and [3,5] in the model; create the model with the same network, or give strict: false",
    );
    expect(contents(to)).toEqual(before);
    expect(decodeWeights(to, encodeWeights(from), { strict: false })).toEqual({
      missing: ["dense2.weights", "dense2.bias", "dense3.weights", "dense3.bias"],
      unexpected: [
        ...["batchNorm1.scale", "batchNorm1.shift", "dense2.weights", "dense2.bias"],
        ...["batchNorm1.mean", "batchNorm1.variance"],
      ],
    });
    expect([...to.parameters.subarray(0, 15)]).toEqual([...from.parameters.subarray(0, 15)]);
    expect(contents(to).slice(15)).toEqual(before.slice(15));
    const deeper = await make(2, chain(dense(3), batchNorm(), relu(), dense(2), dense(2)));
    expect(() => decodeWeights(deeper, encodeWeights(from))).toThrow(
      "decodeWeights: the file lacks dense3.weights, dense3.bias and has nothing besides",
    );
  });

  test("that are not finite change nothing", async () => {
    const model = await learnt();
    const before = contents(model);
    for (const name of ["dense1.weights", "batchNorm1.variance"]) {
      const { tensors } = decodeSafetensors(encodeWeights(model));
      (tensors[name]?.values as Float32Array)[1] = Number.POSITIVE_INFINITY;
      expect(() => decodeWeights(model, encodeSafetensors({ tensors }))).toThrow("is not finite");
      expect(contents(model)).toEqual(before);
    }
    expect(() => decodeWeights(model, encodeWeights(model), { strickt: true } as never)).toThrow(
      'decodeWeights: unknown option "strickt"',
    );
  });

  test("are kept under a name", async () => {
    const inPage = "document" in globalThis;
    const place = inPage ? "weights" : `${(await import("node:os")).tmpdir()}/thalweg-${process.pid}.safetensors`;
    const [from, to] = [await learnt(), await make(2)];
    await saveWeights(from, place);
    await loadWeights(to, place);
    expect(contents(to)).toEqual(contents(from));
    await expect(loadWeights(to, `${place}/none`)).rejects.toThrow(/^loadWeights: cannot read/);
  });
});
