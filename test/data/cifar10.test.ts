import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type Cifar10Options, cifar10 } from "thalweg/data";
import { describe, expect, it, vi } from "vitest";
import { cifarFile, cifarPixel, temporaryFolder } from "./fixture.ts";

const record = 3073;
const home = /https:\/\/www\.cs\.toronto\.edu\/~kriz\/cifar\.html/;

describe("cifar10", () => {
  it("reads images channels last and labels, of the training files that are there, in order", async () => {
    const files = {
      "data_batch_1.bin": cifarFile(3, 0),
      "data_batch_3.bin": cifarFile(2, 3),
      "test_batch.bin": cifarFile(4, 9),
    };
    for (const directory of [temporaryFolder(files), `${temporaryFolder(files)}/`]) {
      const { train, test } = await cifar10({ directory, normalize: false });
      expect([train.size, train.shape, test.size, test.shape]).toEqual([5, [32, 32, 3], 4, [32, 32, 3]]);
      expect([train.scale, train.shift, train.targetShape]).toEqual([1 / 255, 0, []]);
      expect([...train.y, ...test.y]).toEqual([0, 1, 2, 3, 4, 9, 0, 1, 2]);
      expect(train.classes).toEqual([
        "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
      ]); // biome-ignore format: ten names
      const expected = (image: number): number[] =>
        Array.from({ length: 3072 }, (_, i) => cifarPixel(image, i % 3, Math.floor(i / 3)));
      [0, 1, 2, 3, 4].forEach((image) => {
        expect([...train.x.subarray(image * 3072, (image + 1) * 3072)]).toEqual(expected(image));
      });
    }
  });

  it("normalises both sets by the channels of the training images, unless told otherwise", async () => {
    const files = { "data_batch_1.bin": cifarFile(20, 0), "test_batch.bin": cifarFile(5, 100) };
    const { train, test } = await cifar10({ directory: temporaryFolder(files) });
    for (let channel = 0; channel < 3; channel++) {
      const [scale, shift] = [train.scale, train.shift].map((list) => (list as number[])[channel]) as [number, number];
      let [sum, squares] = [0, 0];
      for (let i = channel; i < train.x.length; i += 3) {
        const value = (train.x[i] as number) * scale + shift;
        sum += value;
        squares += value * value;
      }
      const n = train.x.length / 3;
      expect(sum / n).toBeCloseTo(0, 10);
      expect(squares / n).toBeCloseTo(1, 10);
    }
    expect([test.scale, test.shift]).toEqual([train.scale, train.shift]);
  });

  it("fetches the files from under an address", async () => {
    const folder = temporaryFolder({ "data_batch_2.bin": cifarFile(2, 0), "test_batch.bin": cifarFile(1, 5) });
    const server = createServer((request, response) => {
      const path = join(folder, (request.url ?? "").replace(/^\/(pictures|app)\//, ""));
      if (!request.url?.startsWith("/none/") && existsSync(path)) return response.end(readFileSync(path));
      response.writeHead(request.url?.startsWith("/app/") ? 200 : 404).end("<html></html>");
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      expect((await cifar10({ url: `${origin}/pictures` })).train.size).toBe(2);
      await expect(cifar10({ url: `${origin}/none/` })).rejects.toThrow(
        /none of data_batch_1\.bin, .* is in http.*none/,
      );
      await expect(cifar10({ url: `${origin}/app/` })).rejects.toThrow(/data_batch_1\.bin holds 13 bytes.*web page/);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  const good = { "data_batch_1.bin": cifarFile(2, 0), "test_batch.bin": cifarFile(2, 0) };
  it.each<[string, Record<string, Uint8Array>, RegExp]>([
    [
      "a truncated file",
      { ...good, "data_batch_1.bin": cifarFile(2, 0).subarray(0, 2 * record - 1) },
      /^cifar10: .*data_batch_1\.bin holds 6145 bytes, not a multiple of the 3073 of an image and its label.*get the file again/,
    ],
    [
      "a label above 9",
      { ...good, "test_batch.bin": cifarFile(2, 0).with(record, 10) },
      /^cifar10: .*test_batch\.bin has the label 10 at image 1, expected 0 to 9; get the file again/,
    ],
    ["an empty file", { ...good, "data_batch_1.bin": new Uint8Array(0) }, /^cifar10: .*data_batch_1\.bin is empty/],
    [
      "no training file",
      { "test_batch.bin": cifarFile(1, 0) },
      /^cifar10: none of data_batch_1\.bin, .* is in \/.*; get the/,
    ],
    ["no test file", { "data_batch_1.bin": cifarFile(1, 0) }, /^cifar10: test_batch\.bin is not in \/.*; get the/],
  ])("refuses %s", async (_, files, message) => {
    await expect(cifar10({ directory: temporaryFolder(files) })).rejects.toThrow(message);
  });

  it("says where to get the data when there is no folder, or none was given", async () => {
    await expect(cifar10({ directory: "/no/such/folder" })).rejects.toThrow(home);
    await expect(cifar10({ directory: "package.json" })).rejects.toThrow(home);
    await expect(cifar10()).rejects.toThrow(/^cifar10: no folder was given, as cifar10\(\{ directory \}\)/);
    await expect(cifar10()).rejects.toThrow(home);
    vi.resetModules();
    vi.doMock("#platform", async (original) => ({ ...(await original<object>()), hasFiles: false }));
    const fresh = await import("thalweg/data");
    await expect(fresh.cifar10({ directory: "data" })).rejects.toThrow(
      /a page cannot read.*cifar10\(\{ url: "\/cifar10\/" \}\)/,
    );
    vi.doUnmock("#platform");
  });

  it("does not take a file that cannot be read for one that is not there", async () => {
    const directory = temporaryFolder(good);
    vi.resetModules();
    vi.doMock("#platform", async (original) => ({
      ...(await original<object>()),
      readBytes: () => Promise.reject(new Error("EACCES: not allowed", { cause: { code: "EACCES" } })),
    }));
    const fresh = await import("thalweg/data");
    await expect(fresh.cifar10({ directory })).rejects.toThrow(/^cifar10: cannot read .*data_batch_1\.bin \(EACCES/);
    vi.doUnmock("#platform");
  });

  it.each<[unknown, RegExp]>([
    [{ folder: "x" }, /^cifar10: unknown option "folder"; the options are directory, url, normalize/],
    [{ directory: "a", url: "b" }, /^cifar10: give directory or url, not both/],
    [{ directory: "a", normalize: 1 }, /^cifar10: normalize must be true or false, got 1/],
  ])("refuses the options %j", async (options, message) => {
    await expect(cifar10(options as Cifar10Options)).rejects.toThrow(message);
  });
});

const whole = process.env.CIFAR10;
describe("cifar10, of the published files", () => {
  it.skipIf(!whole)(
    `has all classes, and known constants (${whole ?? "skipped: CIFAR10 names no folder"})`,
    async () => {
      const { train, test } = await cifar10({ directory: whole as string });
      expect(train.size % 10000).toBe(0);
      const statistics = [train.scale, train.shift] as [number[], number[]];
      const [deviation, mean] = [
        statistics[0].map((scale) => 1 / (255 * scale)),
        statistics[1].map((shift, c) => -shift / (255 * (statistics[0][c] as number))),
      ];
      // A part of the data is within a percent or so of the whole, whose constants these are.
      [0.4914, 0.4822, 0.4465].forEach((known, c) => {
        expect(Math.abs((mean[c] as number) - known)).toBeLessThan(0.01);
      });
      [0.247, 0.2435, 0.2616].forEach((known, c) => {
        expect(Math.abs((deviation[c] as number) - known)).toBeLessThan(0.005);
      });
      for (const { y } of [train, test]) expect(new Set(y).size).toBe(10);
    },
  );
});
