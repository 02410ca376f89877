import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { readIdx, readIdxFile } from "thalweg/data";
import { describe, expect, it } from "vitest";
import { idx, temporaryFolder } from "./fixture.ts";

const data = Uint8Array.from({ length: 12 }, (_, i) => 10 + i);
const whole = idx([3, 2, 2], data);
const altered = (at: number, value: number): Uint8Array => whole.with(at, value);

/** Arrays of 1 to 4 axes with at most 256 bytes. */
const arrays = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }).chain((shape) => {
  const size = shape.reduce((a, b) => a * b, 1);
  return fc.record({
    shape: fc.constant(shape),
    data: fc.uint8Array({ minLength: size, maxLength: size }),
  });
});
const runs = { seed: 2, numRuns: 300 };

describe("readIdx", () => {
  it("gives shape and bytes", () => {
    expect(readIdx(whole)).toEqual({ shape: [3, 2, 2], data });
  });

  it("gives a view of the bytes, not a copy, also inside a larger buffer", () => {
    const buffer = new Uint8Array(whole.length + 7);
    buffer.set(whole, 3);
    const read = readIdx(buffer.subarray(3, 3 + whole.length));
    expect(read.data.buffer).toBe(buffer.buffer);
    expect(read).toEqual({ shape: [3, 2, 2], data });
  });

  it("reads back every array", () => {
    fc.assert(
      fc.property(arrays, ({ shape, data }) => {
        expect(readIdx(idx(shape, data))).toEqual({ shape, data });
      }),
      runs,
    );
  });

  it.each([
    ["an empty file", new Uint8Array(0), /f\.idx: 0 bytes are too few for an IDX file/],
    ["a file of 3 bytes", whole.subarray(0, 3), /f\.idx: 3 bytes are too few/],
    ["a wrong magic number", altered(1, 9), /f\.idx: starts with 00 09 08 03.*another kind of file/],
    ["a gzipped file", new Uint8Array(gzipSync(whole)), /starts with 1f 8b .*use readIdxFile/],
    ["a web page", new TextEncoder().encode("<!doctype html>"), /web page/],
    ["32-bit floats", altered(2, 13), /holds 32-bit floats \(type 13\), expected unsigned bytes \(type 8\)/],
    ["a type that does not exist", altered(2, 77), /unknown numbers \(type 77\)/],
    ["rank 0", altered(3, 0), /rank 0/],
    [
      "a rank the file is too short for",
      altered(3, 200),
      /28 bytes are too few for the header of rank 200, which takes 804/,
    ],
    ["an extent of 0", altered(7, 0), /header says \[0,2,2\], an array with nothing in it/],
    ["a truncated file", whole.subarray(0, 27), /header says \[3,2,2\] = 12 bytes of data, only 11 follow/],
    ["a longer file", new Uint8Array([...whole, 0]), /header says \[3,2,2\] = 12 bytes of data, 13 follow/],
    [
      "a header beyond all memory",
      altered(4, 255),
      /header says \[4278190083,2,2\] = 17112760332 bytes of data, only 12 follow/,
    ],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => readIdx(bytes, "f.idx")).toThrow(message);
  });

  it("refuses what is not bytes", () => {
    expect(() => readIdx("abc" as unknown as Uint8Array)).toThrow(/readIdx: bytes: expected a Uint8Array/);
  });

  it("refuses every truncation and every extension", () => {
    fc.assert(
      fc.property(arrays, fc.nat(), fc.integer({ min: 1, max: 9 }), ({ shape, data }, cut, extra) => {
        const bytes = idx(shape, data);
        expect(() => readIdx(bytes.subarray(0, cut % bytes.length))).toThrow(/^readIdx: /);
        expect(() => readIdx(new Uint8Array([...bytes, ...new Uint8Array(extra)]))).toThrow(/^readIdx: /);
      }),
      runs,
    );
  });

  it("refuses an altered header, or reads what it now says", () => {
    fc.assert(
      fc.property(arrays, fc.nat(), fc.integer({ min: 0, max: 255 }), ({ shape, data }, place, value) => {
        const header = 4 + 4 * shape.length;
        const bytes = idx(shape, data).with(place % header, value);
        let read: ReturnType<typeof readIdx>;
        try {
          read = readIdx(bytes);
        } catch (error) {
          expect((error as Error).message).toMatch(/^readIdx: bytes: .+; .+/);
          return;
        }
        expect(idx(read.shape, read.data)).toEqual(bytes);
      }),
      runs,
    );
  });
});

describe("readIdxFile", () => {
  const zipped = gzipSync(whole);
  const folder = temporaryFolder({
    plain: whole,
    zipped,
    "only.gz": zipped,
    "cut.gz": zipped.subarray(0, zipped.length - 9),
    short: whole.subarray(0, 20),
  });

  it.each(["plain", "zipped", "only", "only.gz"])("reads %s", async (file) => {
    expect(await readIdxFile(join(folder, file))).toEqual({ shape: [3, 2, 2], data });
    expect(await readIdxFile(pathToFileURL(join(folder, file)))).toEqual({ shape: [3, 2, 2], data });
  });

  it("names the file that it cannot use", async () => {
    await expect(readIdxFile(join(folder, "none"))).rejects.toThrow(/^readIdxFile: cannot read .*none \(ENOENT/);
    await expect(readIdxFile(join(folder, "cut"))).rejects.toThrow(/cut\.gz: its gzip data is damaged or cut short/);
    await expect(readIdxFile(join(folder, "short"))).rejects.toThrow(
      /short: header says \[3,2,2\] = 12 bytes of data, only 4/,
    );
  });
});
