// The format by its bytes, and what no reader may believe.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeSafetensors, encodeSafetensors } from "../../src/files/safetensors.ts";

/** Bytes like Node's Buffer: what they slice is no copy. */
class Pooled extends Uint8Array<ArrayBuffer> {
  override slice(from?: number, to?: number): Pooled {
    return new Pooled(this.buffer, this.byteOffset + (from ?? 0), (to ?? this.length) - (from ?? 0));
  }
}

const file = {
  tensors: {
    "a.weights": { shape: [2, 3], values: Float32Array.from([1, -2, 3.5, 0, 5, -6]) },
    b: { shape: [], values: Float32Array.from([7]) },
    none: { shape: [0, 4], values: new Float32Array(0) },
  },
  metadata: { by: "hand" },
};

/** A file with this header over so many bytes of numbers. */
function bytesOf(header: unknown, numbers = 0, length?: bigint): Uint8Array {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + numbers);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

describe("safetensors", () => {
  test("are the bytes of the format's description", () => {
    const bytes = encodeSafetensors({ tensors: { x: { shape: [2], values: Float32Array.from([1, -2]) } } });
    const header = '{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}  ';
    expect(bytes.length).toBe(8 + header.length + 8);
    expect(header.length % 8).toBe(0);
    expect([...bytes.subarray(0, 8)]).toEqual([header.length, 0, 0, 0, 0, 0, 0, 0]);
    expect(new TextDecoder().decode(bytes.subarray(8, 8 + header.length))).toBe(header);
    expect([...bytes.subarray(8 + header.length)]).toEqual([0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]);
  });

  test("come back as they went, from any place in memory", () => {
    const bytes = encodeSafetensors(file);
    for (const shift of [0, 1, 3]) {
      const moved = new Uint8Array(bytes.length + shift).subarray(shift);
      moved.set(bytes);
      const { tensors, metadata } = decodeSafetensors(moved);
      expect({ ...tensors }).toEqual(file.tensors);
      expect(metadata).toEqual(file.metadata);
    }
  });

  test("are read from bytes whose slice is a view, as that of Node's Buffer, and stay as they are", () => {
    const bytes = encodeSafetensors(file);
    const pool = new Pooled(new ArrayBuffer(bytes.length + 8));
    pool.set(bytes, 5);
    const within = new Pooled(pool.buffer, 5, bytes.length);
    expect({ ...decodeSafetensors(within).tensors }).toEqual(file.tensors);
    expect([...within]).toEqual([...bytes]);
  });

  test("of others may list tensors in any order", () => {
    const bytes = bytesOf(
      {
        late: { dtype: "F32", shape: [1], data_offsets: [4, 8] },
        early: { dtype: "F32", shape: [1], data_offsets: [0, 4] },
      },
      8,
    );
    expect(Object.keys(decodeSafetensors(bytes).tensors)).toEqual(["late", "early"]);
  });

  const one = (entry: object) => ({ x: { dtype: "F32", shape: [2], data_offsets: [0, 8], ...entry } });
  test.each([
    ["too few bytes", new Uint8Array(7), "it has 7 bytes"],
    ["a header longer than the file", bytesOf("{}", 0, 3n), "its header is said to have 3 bytes, and 2 follow"],
    ["a header of 2^63 bytes", bytesOf("{}", 0, 2n ** 63n), "its header is said to have 9223372036854775808 bytes"],
    ["a header that is no text", bytesOf("", 4, 2n).fill(0xff, 8), "its header is not text"],
    ["a header that is no JSON", bytesOf("{x}"), "its header is not JSON"],
    ["a header that is a list", bytesOf([]), "its header is no object"],
    ["metadata that are numbers", bytesOf({ __metadata__: { a: 1 } }), "its metadata are not texts"],
    ["a tensor that is a number", bytesOf({ x: 1 }), '"x" is no object'],
    ["another type", bytesOf(one({ dtype: "F16" }), 8), '"x" holds "F16", and only F32'],
    ["a negative extent", bytesOf(one({ shape: [-2] }), 8), '"x" has the shape [-2]'],
    ["offsets backwards", bytesOf(one({ data_offsets: [8, 0] }), 8), "has those from 8 to 0"],
    ["three offsets", bytesOf(one({ data_offsets: [0, 4, 8] }), 8), '"x" has the offsets [0,4,8]'],
    ["a shape of other size", bytesOf(one({ shape: [3] }), 8), '"x" [3] needs 12 bytes'],
    ["a hole", bytesOf(one({ data_offsets: [4, 12] }), 12), '"x" begins at byte 4 of the numbers, expected 0'],
    ["shared numbers", bytesOf({ ...one({}), y: one({}).x }, 8), '"y" begins at byte 0 of the numbers, expected 8'],
    ["fewer numbers than it says", bytesOf(one({}), 4), "its header speaks of 8 bytes of numbers, and there are 4"],
    ["more numbers than it says", bytesOf(one({}), 12), "its header speaks of 8 bytes of numbers, and there are 12"],
    ["what is no array of bytes", "x" as never, 'expected a Uint8Array, got "x"'],
  ])("refuse %s", (_, bytes, message) => {
    expect(() => decodeSafetensors(bytes)).toThrow(message);
    expect(() => decodeSafetensors(bytes)).toThrow(/^decodeSafetensors: .*; get the file again$/);
  });

  test("refuse numbers that do not fill their shape", () => {
    const tensors = { x: { shape: [3], values: new Float32Array(2) } };
    expect(() => encodeSafetensors({ tensors })).toThrow('encodeSafetensors: "x" [3] cannot be written with 2 numbers');
  });

  test("changed anywhere are read or refused by name, and nothing else", () => {
    const good = encodeSafetensors(file);
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length), (at, byte, end) => {
        const bytes = good.slice(0, end);
        if (at < end) bytes[at] = byte;
        try {
          decodeSafetensors(bytes);
        } catch (error) {
          expect((error as Error).message).toMatch(/^decodeSafetensors: /);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
