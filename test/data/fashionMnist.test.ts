import { gzipSync } from "node:zlib";
import { fashionMnist } from "thalweg/data";
import { describe, expect, it } from "vitest";
import { mnistFiles, temporaryFolder } from "./fixture.ts";

describe("fashionMnist", () => {
  it("reads the four files, plain or gzipped, and names the classes", async () => {
    const files = mnistFiles(20, 10);
    const zipped = Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`${name}.gz`, gzipSync(bytes)]));
    for (const directory of [temporaryFolder(files), temporaryFolder(zipped)]) {
      const { train, test } = await fashionMnist({ directory, shape: [28, 28, 1] });
      expect([train.size, train.shape, test.size, test.scale]).toEqual([20, [28, 28, 1], 10, 1 / 255]);
      expect(Buffer.from(train.x as Uint8Array)).toEqual(Buffer.from(files["train-images-idx3-ubyte"].subarray(16)));
      expect(train.classes?.[9]).toBe("Ankle boot");
      expect([train.name, test.name]).toEqual(["Fashion-MNIST training set", "Fashion-MNIST test set"]);
    }
  });

  it("says where to get the data when no folder is given", async () => {
    await expect(fashionMnist()).rejects.toThrow(
      /^fashionMnist: no folder was given.*https:\/\/github\.com\/zalandoresearch\/fashion-mnist.*apt-get install dataset-fashion-mnist/,
    );
  });

  it("speaks of itself in its errors", async () => {
    await expect(fashionMnist({ directory: temporaryFolder({}) })).rejects.toThrow(
      /^fashionMnist: .*cannot read.*the four files are .*; get them from https:/,
    );
    await expect(fashionMnist({ directory: "a", shape: [3] })).rejects.toThrow(
      /^fashionMnist: shape must hold 784 numbers/,
    );
    const wrong = { ...mnistFiles(20, 10), "train-images-idx3-ubyte": mnistFiles(20, 10)["t10k-labels-idx1-ubyte"] };
    await expect(fashionMnist({ directory: temporaryFolder(wrong) })).rejects.toThrow(
      /give the files of Fashion-MNIST/,
    );
  });
});
