// Row 17 at a small size: a convex loss has no chord below it, and CIFAR-10 takes MNIST's place where it is given.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { lossSurfaces } from "../../src/lecture/17-loss-surfaces.ts";
import { outcomeOf } from "./outcome.ts";

const small = { width: 1, examples: 128, epochs: 1, judged: 16, picture: 7, points: 5, chords: 500, runs: 2 };

test("chords of a convex loss are never below it; those of deep networks are", async () => {
  const { data, figures, verdict } = await outcomeOf(lossSurfaces, small);
  const sags = data.sags as Record<string, number[]>;
  expect(sags["convex: one dense layer"]).toEqual([0, 0]);
  expect(Math.max(...(sags["without skips"] as number[]))).toBeGreaterThan(0.05);
  expect(verdict.numbers.at(-1)).toMatchObject({ value: 0, expected: 0, runs: 2 });
  const planes = data.planes as unknown as Record<string, { x: number[]; loss: number[] }[]>;
  expect(planes["with skips"]?.map(({ loss }) => loss.length)).toEqual([49, 25]);
  expect(figures[0]?.caption).toMatch(/MNIST .*--cifar/s);
  // Two pictures in one: names of their parts are their own.
  const names = [...(figures[0]?.svg.matchAll(/ id="([^"]+)"/g) ?? [])].map(([, name]) => name);
  expect(new Set(names).size).toBe(names.length);
});

test("images of CIFAR-10 are taken where a folder has them", async () => {
  const folder = mkdtempSync(join(tmpdir(), "thalweg-lecture-"));
  try {
    const images = 140;
    const bytes = Uint8Array.from({ length: images * 3073 }, (_, i) =>
      i % 3073 === 0 ? (i / 3073) % 10 : (i * 7919) % 256,
    );
    for (const file of ["data_batch_1.bin", "test_batch.bin"]) writeFileSync(join(folder, file), bytes);
    const { data, figures, how } = await outcomeOf(lossSurfaces, { ...small, pool: 4 }, { cifar: folder });
    expect(data.data).toBe("CIFAR-10");
    expect(how).toContain("8 × 8, pooled");
    expect(figures[0]?.caption).not.toContain("--cifar");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
