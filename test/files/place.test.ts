// Saves to one place at once: whole files, and the last one wins.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readPlace, writePlace } from "../../src/files/place.ts";

const folder = mkdtempSync(join(tmpdir(), "thalweg-place-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("saves to one place follow one another, and the last one wins", async () => {
  const place = join(folder, "file");
  const order: number[] = [];
  const saves = Array.from({ length: 20 }, (_, i) =>
    // By two names of one file.
    writePlace("test", i % 2 === 0 ? place : relative(".", place), () => {
      order.push(i);
      return [new Uint8Array(100_000).fill(i), new Uint8Array(1000 * i).fill(i)];
    }),
  );
  await Promise.all(saves);
  expect(order).toEqual(saves.map((_, i) => i));
  const bytes = await readPlace("test", place);
  expect(bytes.length).toBe(119_000);
  expect(bytes.every((byte) => byte === 19)).toBe(true);
  expect(readdirSync(folder)).toEqual(["file"]);
});

test("a save that fails leaves the file and the next save as they are", async () => {
  const place = join(folder, "again");
  const save = (bytes: readonly number[]): Promise<void> =>
    writePlace("test", place, () => {
      if (bytes.length === 0) throw new Error("nothing to write");
      return [Uint8Array.from(bytes)];
    });
  const [one, two, three] = await Promise.allSettled([save([1]), save([]), save([3])]);
  expect([one?.status, two?.status, three?.status]).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect([...(await readPlace("test", place))]).toEqual([3]);
  await expect(save([])).rejects.toThrow("nothing to write");
  expect([...(await readPlace("test", place))]).toEqual([3]);
  expect(readdirSync(folder).sort()).toEqual(["again", "file"]);
});
