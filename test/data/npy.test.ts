// .npy and .npz: NumPy's own files (test/golden/data.py), and damaged ones.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readNpy, readNpyFile, readNpz, readNpzFile, writeNpy, writeNpz } from "../../src/data/index.ts";
import golden from "../golden/data.json" with { type: "json" };

const { npy } = golden;
const bytesOf = (base64: string): Uint8Array => Uint8Array.from(Buffer.from(base64, "base64"));
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

describe("readNpy", () => {
  test.each(Object.entries(npy.arrays))("%s", (code, file) => {
    const { shape, data } = readNpy(bytesOf(file));
    expect(shape).toEqual([2, 3]);
    expect(Array.from(data as Float32Array, Number)).toEqual(npy.values);
    expect(data.BYTES_PER_ELEMENT).toBe(Number(code.slice(2)));
  });

  test("Fortran's order, one number, none at all, truth values, and a longer header", () => {
    expect(readNpy(bytesOf(npy.fortran))).toEqual({ shape: [2, 3, 4], data: Float32Array.from(upTo(24)) });
    expect(readNpy(bytesOf(npy.scalar))).toEqual({ shape: [], data: Float64Array.of(2.5) });
    expect(readNpy(bytesOf(npy.empty))).toEqual({ shape: [0, 3], data: new Float64Array(0) });
    expect(readNpy(bytesOf(npy.booleans))).toEqual({ shape: [3], data: Uint8Array.of(1, 0, 1) });
    expect(readNpy(bytesOf(npy.version2)).data).toEqual(Float32Array.from(upTo(24)));
    // Where the bytes begin in their buffer does not matter.
    const shifted = new Uint8Array(bytesOf(npy.fortran).length + 3);
    shifted.set(bytesOf(npy.fortran), 3);
    expect(readNpy(shifted.subarray(3)).data).toEqual(Float32Array.from(upTo(24)));
  });

  test.each([
    [npy.complex, 'it holds numbers of type "c16"; save it as one of f4, f8'],
    [npy.strings, 'it holds numbers of type "U1"'],
    [npy.records, "only arrays of plain numbers can be read"],
    [npy.stored, "it does not begin as a .npy file does; give a file that numpy.save wrote"],
    [Buffer.from("<!doctype html>").toString("base64"), "it looks like a web page"],
    ["", "it does not begin as a .npy file does"],
  ])("refuses other files: %#", (file, message) => {
    expect(() => readNpy(bytesOf(file), "a.npy")).toThrow(message);
    expect(() => readNpy(bytesOf(file), "a.npy")).toThrow(/^readNpy: a\.npy: /);
  });

  test("refuses a file that is cut short or too long anywhere", () => {
    const whole = bytesOf(npy.fortran);
    for (let length = 0; length < whole.length; length++)
      expect(() => readNpy(whole.subarray(0, length))).toThrow(/^readNpy: bytes: /);
    expect(() => readNpy(Uint8Array.of(...whole, 0))).toThrow("[2,3,4] numbers of 4 bytes take 96, but 97 are there");
    expect(() => readNpy("x" as never)).toThrow('expected a Uint8Array, got "x"');
  });

  test("refuses or reads whatever bytes there are in the header", () => {
    const whole = bytesOf(npy.arrays["<f4"]);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(127), fc.nat(255)), { minLength: 1, maxLength: 4 }), (changes) => {
        const bytes = whole.slice();
        for (const [at, byte] of changes) bytes[at] = byte;
        try {
          const { shape, data } = readNpy(bytes);
          expect(data.length).toBe(shape.reduce((a, b) => a * b, 1));
        } catch (error) {
          expect((error as Error).message).toMatch(/^readNpy: bytes: /);
        }
      }),
      { seed: 6, numRuns: 3000 },
    );
  });
});

describe("readNpz", () => {
  test.each(["stored", "deflated"] as const)("%s", async (kind) => {
    const arrays = await readNpz(bytesOf(npy[kind]));
    expect([...arrays.keys()]).toEqual(["x", "y"]);
    expect(arrays.get("x")).toEqual({ shape: [2, 3, 4], data: Float32Array.from(upTo(24)) });
    expect(arrays.get("y")).toEqual({ shape: [2], data: Int32Array.of(1, 2) });
  });

  test("refuses a file that is cut short anywhere, or no archive at all", async () => {
    const whole = bytesOf(npy.deflated);
    for (let length = 0; length < whole.length; length += 3)
      await expect(readNpz(whole.subarray(0, length))).rejects.toThrow(/^readNpz: bytes: /);
    await expect(readNpz(bytesOf(npy.scalar), "a.npz")).rejects.toThrow("readNpz: a.npz: it has no directory");
    await expect(readNpz(undefined as never)).rejects.toThrow("expected a Uint8Array, got undefined");
  });

  test("refuses altered numbers by their checksum", async () => {
    for (const kind of ["stored", "deflated"] as const) {
      const whole = bytesOf(npy[kind]);
      const view = new DataView(whole.buffer);
      // The first entry begins with its header, name and extra field.
      const start = 30 + view.getUint16(26, true) + view.getUint16(28, true);
      for (let at = start + 10; at < start + 100; at++) {
        const bytes = whole.slice();
        bytes[at] = (bytes[at] as number) ^ 1;
        await expect(readNpz(bytes), `${kind}, byte ${at}`).rejects.toThrow(/^readNpz: bytes: x\.npy (is not|cannot)/);
      }
    }
  });

  test("refuses or reads whatever bytes there are", async () => {
    const whole = bytesOf(npy.deflated);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 3 }),
        async (changes) => {
          const bytes = whole.slice();
          for (const [at, byte] of changes) bytes[at] = byte;
          try {
            for (const [, { shape, data }] of await readNpz(bytes))
              expect(data.length).toBe(shape.reduce((a, b) => a * b, 1));
          } catch (error) {
            expect((error as Error).message).toMatch(/^read(Npz|Npy): bytes/);
          }
        },
      ),
      { seed: 7, numRuns: 500 },
    );
  });
});

describe("what is written", () => {
  test.each(Object.entries(npy.arrays).filter(([code]) => code[0] !== ">" && code !== "|b1"))(
    "%s: the bytes that NumPy writes",
    (_, file) => {
      expect(writeNpy(readNpy(bytesOf(file)))).toEqual(Uint8Array.from(bytesOf(file)));
    },
  );

  test("reads back, with any name and shape", async () => {
    const arrays = new Map([
      ["x", { shape: [2, 3], data: Float64Array.of(1, -2, Number.NaN, Infinity, 5, 6) }],
      ["größe", { shape: [], data: Int32Array.of(7) }],
      ["none", { shape: [0], data: new Uint8Array(0) }],
    ] as const);
    expect(await readNpz(writeNpz(arrays))).toEqual(arrays);
    expect((await readNpz(writeNpz(new Map()))).size).toBe(0);
  });

  test("is refused where a shape is not filled or numbers are none", () => {
    expect(() => writeNpy({ shape: [2], data: new Float32Array(3) })).toThrow("3 numbers do not fill shape [2]");
    expect(() => writeNpy({ shape: [1], data: [1] as never })).toThrow("data must be a typed array of numbers");
  });
});

test("files that are not there are named", async () => {
  await expect(readNpyFile("none.npy")).rejects.toThrow(/^readNpyFile: cannot read .*none\.npy/);
  await expect(readNpzFile("none.npz")).rejects.toThrow(/^readNpzFile: cannot read .*none\.npz/);
});
