// Every reader, given what no program wrote: it reads it or refuses it by name, in bounded memory.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32, deflateSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { encode } from "fast-png";
import { cifar10, imageFolder, readCsv, readIdx, readIdxFile, readNpy, readNpz } from "thalweg/data";
import { describe, expect, test } from "vitest";
import { decodeSafetensors, encodeSafetensors } from "../../src/files/safetensors.ts";
import {
  chain,
  createModel,
  decodeCheckpoint,
  decodeWeights,
  dense,
  encodeCheckpoint,
  encodeWeights,
  meanSquaredError,
  sgd,
} from "../../src/index.ts";
import golden from "../golden/data.json" with { type: "json" };
import { cifarFile, idx, temporaryFolder } from "./fixture.ts";

interface Reader {
  /** How its refusals begin. */
  readonly says: RegExp;
  readonly good: Uint8Array;
  read(bytes: Uint8Array): unknown;
}

const fromBase64 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "base64"));
/** No Buffer: its slices would be the same bytes. */
const zipped = (bytes: Uint8Array): Uint8Array => Uint8Array.from(gzipSync(bytes));
const text = (lines: string): Uint8Array => new TextEncoder().encode(lines);

/** A reader of a file of this name in a folder. */
function ofFile(name: string, good: Uint8Array, read: (path: string) => unknown, says: RegExp): Reader {
  const path = join(temporaryFolder({ [name]: good }), name);
  return {
    says,
    good,
    read(bytes) {
      writeFileSync(path, bytes);
      return read(path);
    },
  };
}

const images = temporaryFolder({ "data_batch_1.bin": cifarFile(2, 0), "test_batch.bin": cifarFile(1, 0) });
const pictures = join(temporaryFolder({}), "pictures");
const png = Uint8Array.from(
  encode({ width: 3, height: 2, channels: 3, depth: 8, data: Uint8Array.from({ length: 18 }, (_, i) => 7 * i) }),
);
const model = await createModel({
  input: [2],
  network: chain(dense(2), dense(1)),
  loss: meanSquaredError(),
  optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }),
});
mkdirSync(join(pictures, "a"), { recursive: true });

const readers: Readonly<Record<string, Reader>> = {
  readCsv: ofFile("table.csv", text('a,b,"c ""d"""\n1,x,2.5\n-3,"y\nz",4e5\n'), (path) => readCsv(path), /^(readCsv|parseCsv): /),
  "readCsv, gzipped": ofFile("table.csv.gz", zipped(text("a,b\n1,2\n3,4\n")), (path) => readCsv(path), /^(readCsv|parseCsv): /),
  readIdx: { says: /^readIdx: /, good: idx([3, 2, 2], new Uint8Array(12).fill(5)), read: (bytes) => readIdx(bytes) },
  "readIdxFile, gzipped": ofFile("images.gz", zipped(idx([3, 2], new Uint8Array(6))), (path) => readIdxFile(path), /^(readIdxFile|readIdx): /),
  cifar10: {
    says: /^cifar10: /,
    good: cifarFile(2, 0),
    read(bytes) {
      writeFileSync(join(images, "data_batch_1.bin"), bytes);
      return cifar10({ directory: images });
    },
  },
  readNpy: { says: /^readNpy: /, good: fromBase64(golden.npy.fortran), read: (bytes) => readNpy(bytes) },
  readNpz: { says: /^read(Npz|Npy): /, good: fromBase64(golden.npy.deflated), read: (bytes) => readNpz(bytes) },
  imageFolder: {
    says: /^imageFolder: /,
    good: png,
    read(bytes) {
      writeFileSync(join(pictures, "a/1.png"), bytes);
      return imageFolder({ directory: pictures });
    },
  },
  decodeSafetensors: {
    says: /^decodeSafetensors: /,
    good: encodeSafetensors({ tensors: { w: { shape: [2, 3], values: new Float32Array(6) } }, metadata: { a: "b" } }),
    read: (bytes) => decodeSafetensors(bytes),
  },
  decodeWeights: { says: /^decodeWeights: /, good: encodeWeights(model), read: (bytes) => decodeWeights(model, bytes) },
  decodeCheckpoint: {
    says: /^decodeCheckpoint: /,
    good: encodeCheckpoint(model.snapshot()),
    read: (bytes) => decodeCheckpoint(bytes),
  },
}; // biome-ignore format: a reader each

/** Reads, or refuses by name with an error that is no accident of the engine's. */
async function tried({ read, says }: Reader, bytes: Uint8Array): Promise<void> {
  try {
    await read(bytes);
  } catch (error) {
    expect((error as Error).name).toBe("Error");
    expect((error as Error).message).toMatch(says);
  }
}

/** Peak of resident memory so far, in bytes. */
const peak = (): number => 1024 * process.resourceUsage().maxRSS;

describe.each(Object.entries(readers))("%s", (_, reader) => {
  const { good } = reader;
  const changed = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    // A good beginning, and then anything.
    fc.tuple(fc.nat(Math.min(good.length, 200)), fc.uint8Array({ maxLength: 60 })).map(([end, rest]) => Uint8Array.of(...good.subarray(0, end), ...rest)),
    fc.nat(good.length - 1).map((end) => good.subarray(0, end)),
    fc.tuple(fc.nat(good.length - 1), fc.nat(7)).map(([at, bit]) => good.with(at, (good[at] as number) ^ (1 << bit))),
    // Four bytes at once: lengths that lie.
    fc.tuple(fc.nat(Math.max(0, Math.min(good.length, 300) - 4)), fc.uint8Array({ minLength: 4, maxLength: 4 })).map(([at, four]) => {
      const bytes = good.slice();
      bytes.set(four, at);
      return bytes;
    }),
  ); // biome-ignore format: a kind each

  test("reads or refuses any bytes, in bounded memory", async () => {
    await reader.read(good);
    const before = peak();
    await fc.assert(
      fc.asyncProperty(changed, (bytes) => tried(reader, bytes)),
      { seed: 9, numRuns: 400 },
    );
    // The files have less than 10 kB; the rest is the collector's and the test's own.
    expect(peak() - before).toBeLessThan(100e6);
    // None has left anything behind.
    await reader.read(good);
  });
});

test("a picture is not believed to be larger than its file can hold", async () => {
  const chunk = (kind: string, content: Uint8Array): Uint8Array => {
    const body = Uint8Array.of(...text(kind), ...content);
    const bytes = new Uint8Array(12 + content.length);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, content.length);
    bytes.set(body, 4);
    view.setUint32(8 + content.length, crc32(body));
    return bytes;
  };
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, 50_000);
  view.setUint32(4, 50_000);
  header.set([8, 0, 0, 0, 0], 8);
  const bytes = Uint8Array.of(...png.subarray(0, 8), ...chunk("IHDR", header), ...chunk("IDAT", deflateSync(new Uint8Array(100))), ...chunk("IEND", new Uint8Array())); // biome-ignore format: in its order
  const before = peak();
  const { read } = readers.imageFolder as Reader;
  await expect(read(bytes)).rejects.toThrow(
    /1\.png: no PNG, or damaged \(its header says 50000 × 50000 pixels, and \d+ bytes cannot hold them\); get the file again/,
  );
  expect(peak() - before).toBeLessThan(100e6);
});
