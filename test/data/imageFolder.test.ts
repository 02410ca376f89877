// Folders of PNG: written here, read back byte for byte, and refused by name.
import { mkdirSync, writeFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { encode } from "fast-png";
import { expect, test } from "vitest";
import { imageFolder } from "../../src/data/index.ts";

const pixels = (n: number, seed: number): Uint8Array =>
  Uint8Array.from({ length: n }, (_, i) => (i * 37 + seed * 101) & 255);
const png = (seed: number, [height, width, channels]: readonly [number, number, number] = [3, 2, 3]): Uint8Array =>
  encode({ width, height, channels, depth: 8, data: pixels(height * width * channels, seed) });

/** A folder with these files, by their paths in it. */
async function folderOf(files: Readonly<Record<string, Uint8Array | string>>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "thalweg-png-"));
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), bytes);
  }
  return root;
}

test("classes are folders, examples files, in the order of their names", async () => {
  const directory = await folderOf({
    "dog #1/b.png": png(3),
    "dog #1/a.PNG": png(2),
    "cat 100%/x.png": png(1),
    "cat 100%/.hidden": "",
    "notes.txt": "beside the classes",
  });
  const data = await imageFolder({ directory });
  expect(data).toMatchObject({ size: 3, shape: [3, 2, 3], scale: 1 / 255, classes: ["cat 100%", "dog #1"] });
  expect([...data.y]).toEqual([0, 1, 1]);
  expect([...data.x]).toEqual([1, 2, 3].flatMap((seed) => [...pixels(18, seed)]));
});

test.each([1, 2, 4])("images of %d channels", async (channels) => {
  const { shape, x } = await imageFolder({ directory: await folderOf({ "a/1.png": png(5, [2, 4, channels]) }) });
  expect(shape).toEqual([2, 4, channels]);
  expect(x).toEqual(pixels(8 * channels, 5));
});

test("colours of a palette become RGB", async () => {
  // Two pixels of one bit each: red, blue (chunks IHDR, PLTE, IDAT, IEND, put together by hand).
  const palette = Buffer.from(
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABAQMAAADO7O3JAAAABlBMVEX/AAAAAP9sof2OAAAACklEQVR4nGNwAAAAQgBBKTf07wAAAABJRU5ErkJggg==",
    "base64",
  );
  const { shape, x } = await imageFolder({ directory: await folderOf({ "a/1.png": palette }) });
  expect(shape).toEqual([1, 2, 3]);
  expect([...x]).toEqual([255, 0, 0, 0, 0, 255]);
});

test("what cannot be read is refused by its name", async () => {
  const sixteen = encode({ width: 1, height: 1, channels: 1, depth: 16, data: Uint16Array.of(700) });
  for (const [files, message] of [
    [{}, /^imageFolder: .* holds no folders; it needs one for each class/],
    [{ "a/1.png": png(1), "b/1.png": png(1, [2, 2, 3]) }, /b\/1\.png is 2 × 2 × 3, but .*a\/1\.png is 3 × 2 × 3 /],
    [{ "a/1.png": png(1), "a/2.png": png(1, [3, 2, 1]) }, /2\.png is 3 × 2 × 1, but/],
    [{ "a/1.jpg": "x" }, /a\/1\.jpg is no \.png file; convert it, or move it away/],
    [{ "a/b/1.png": png(1) }, /a\/b is no \.png file/],
    [{ "a/1.png": "<!doctype html>" }, /a\/1\.png: no PNG, or damaged/],
    [{ "a/1.png": png(1).subarray(0, 50) }, /a\/1\.png: no PNG, or damaged/],
    [{ "a/1.png": sixteen }, /a\/1\.png: it has 16 bits a channel, expected 8; convert it/],
    [{ "a/.keep": "" }, /a\/ is empty; give class "a" images/],
  ] as const)
    await expect(imageFolder({ directory: await folderOf(files as never) })).rejects.toThrow(message);
  await expect(imageFolder({ directory: "none" })).rejects.toThrow(/^imageFolder: cannot read the folder .*none/);
  await expect(imageFolder({ directory: 3 as never })).rejects.toThrow("directory must be the path of a folder, got 3");
  await expect(imageFolder(undefined as never)).rejects.toThrow("imageFolder: expected an object of options");
});

test("an altered file is refused, or shows the same image", async () => {
  const whole = png(4);
  const directory = await folderOf({ "a/1.png": whole });
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
      const bytes = whole.slice();
      bytes[at] = (bytes[at] as number) ^ change;
      writeFileSync(join(directory, "a/1.png"), bytes);
      try {
        expect((await imageFolder({ directory })).x).toEqual(pixels(18, 4));
      } catch (error) {
        expect((error as Error).message).toMatch(/^imageFolder: .*1\.png: no PNG, or damaged/);
      }
    }),
    { seed: 8, numRuns: 300 },
  );
});
