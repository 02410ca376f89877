// Row 17 at a small size: a convex loss has no chord below it, and CIFAR-10 takes MNIST's place where it is given.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { lossSurfaces } from "../../src/lecture/17-loss-surfaces.ts";
import { outcome } from "../../src/lecture/outcomes/17-loss-surfaces.ts";
import { expectRedrawn, outcomeOf } from "./outcome.ts";

const small = { width: 1, examples: 128, epochs: 1, judged: 16, picture: 7, points: 5, chords: 500, runs: 2 };

test("chords of a convex loss are never below it; those of deep networks are", async () => {
  const measured = await outcomeOf(lossSurfaces, small);
  const { data, figures, verdict } = measured;
  const [contours, reliefs] = figures.map(({ svg }) => svg) as [string, string];
  expectRedrawn(measured, lossSurfaces, small, (kept, parameters) => outcome(kept, parameters, { contours, reliefs }));
  const { sags, planes } = data;
  expect(sags["convex: one dense layer"]).toEqual([0, 0]);
  expect(Math.max(...sags["without skips"])).toBeGreaterThan(0.05);
  expect(verdict.numbers.at(-1)).toMatchObject({ value: 0, expected: 0, runs: 2 });
  expect(planes["with skips"].map(({ loss }) => loss.length)).toEqual([49, 25]);
  expect(figures[0]?.caption).toMatch(/MNIST .*--cifar/s);
  // Two pictures in one: names of their parts are their own.
  const names = [...(figures[0]?.svg.matchAll(/ id="([^"]+)"/g) ?? [])].map(([, name]) => name);
  expect(new Set(names).size).toBe(names.length);
});

/** A folder with files as CIFAR-10's, of few images that show nothing. */
function madeUpCifar(): string {
  const folder = mkdtempSync(join(tmpdir(), "thalweg-lecture-"));
  const images = 140;
  const bytes = Uint8Array.from({ length: images * 3073 }, (_, i) =>
    i % 3073 === 0 ? (i / 3073) % 10 : (i * 7919) % 256,
  );
  for (const file of ["data_batch_1.bin", "test_batch.bin"]) writeFileSync(join(folder, file), bytes);
  return folder;
}

/** Breaks off at a note. @returns all notes until then */
async function brokenOff(
  parameters: typeof small,
  folders: { readonly cifar: string; readonly unfinished: string },
  at: string,
): Promise<string[]> {
  const stop = new AbortController();
  const notes: string[] = [];
  const run = lossSurfaces.run({
    ...{ parameters: { ...lossSurfaces.parameters.quick, ...parameters }, ...folders, signal: stop.signal },
    outcomeOf: () => expect.fail("it needs no other"),
  });
  const followed = async (): Promise<void> => {
    for (let next = await run.next(); !next.done; next = await run.next()) {
      notes.push(next.value.note as string);
      if (notes.at(-1) === at) stop.abort();
    }
  };
  await expect(followed()).rejects.toMatchObject({ name: "AbortError" });
  return notes;
}

test("what is broken off goes on where it was, while networks learn and while planes are judged, to the same data", async () => {
  const size = { ...small, pool: 4, epochs: 2, picture: 5, points: 3, chords: 50 };
  const cifar = madeUpCifar();
  const whole = await outcomeOf(lossSurfaces, size, { cifar });
  const folders = { cifar, unfinished: join(cifar, "unfinished") };
  try {
    const learning = "training with skips, 1 of 2";
    await brokenOff(size, folders, learning);
    const notes = await brokenOff(size, folders, "the plane through convex: one dense layer");
    expect(notes).not.toContain("training without skips, 1 of 2");
    expect(notes).toContain(learning);
    expect(await brokenOff(size, folders, "training without skips, 2 of 2")).not.toContain(learning);
    expect(await outcomeOf(lossSurfaces, size, folders)).toEqual(whole);
  } finally {
    rmSync(cifar, { recursive: true });
  }
});

test("images of CIFAR-10 are taken where a folder has them", async () => {
  const folder = madeUpCifar();
  try {
    const { data, figures, how } = await outcomeOf(lossSurfaces, { ...small, pool: 4 }, { cifar: folder });
    expect(data.data).toBe("CIFAR-10");
    expect(how).toContain("8 × 8, pooled");
    expect(figures[0]?.caption).not.toContain("--cifar");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
