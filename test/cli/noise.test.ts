import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readNpz } from "../../src/data/index.ts";
import { mnistFiles, temporaryFolder } from "../data/fixture.ts";
import { jsonLines, thalweg } from "./command.ts";

const digits = temporaryFolder(mnistFiles(200, 50));
const folder = temporaryFolder({});
const checkpoint = join(folder, "1.checkpoint");
const noise = (...args: string[]) => ["noise", checkpoint, "--data", digits, ...args];

beforeAll(async () => {
  const how = ["--hidden", "4", "--epochs", "1", "--build", "strict", "--checkpoint", checkpoint];
  await thalweg(["train", "mnist", "--data", digits, ...how]);
});

describe("thalweg noise", () => {
  it("predicts and measures the standard error, and leaves numbers and a figure", async () => {
    const { code, out, errors } = await thalweg(noise("--examples", "40", "--draws", "50", "--json"));
    expect([code, errors]).toEqual([0, ""]);
    const [{ seconds, ...result }] = jsonLines(out);
    expect(result).toMatchObject({ on: "train", examples: 40, count: 40 });
    expect(result.noiseScale).toBeCloseTo(result.populationTrace / result.squaredGradient, 6);
    expect(result.twoBatch.batchSizes).toEqual([1, 16]);
    const rows = result.standardErrors;
    expect(rows.map((row: { batchSize: number }) => row.batchSize)).toEqual([1, 1, 2, 2, 4, 4, 8, 8, 16, 16]);
    for (const { batchSize, replacement, predicted, error } of rows) {
      const left = replacement ? 1 : (40 - batchSize) / 39;
      expect(predicted).toBeCloseTo(Math.sqrt((result.populationTrace / batchSize) * left), 6);
      // 64 draws of a sum of squares
      expect(Math.abs(error / predicted - 1)).toBeLessThan(0.3);
    }
    expect(readFileSync(result.files[1], "utf8")).toContain("standard error of the mini-batch gradient of 1");
    const arrays = await readNpz(new Uint8Array(readFileSync(result.files[0])));
    expect(arrays.get("signal_to_noise")?.shape).toEqual([3190]);
    expect(Array.from(arrays.get("measured")?.data as Float64Array)).toEqual(
      rows.map((row: { error: number }) => row.error),
    );
    // Nothing of it is drawn again.
    const again = await thalweg(noise("--examples", "40", "--draws", "50", "--json", "--resume"));
    expect(jsonLines(again.out)[0]).toMatchObject(result);
    const other = await thalweg(noise("--examples", "40", "--draws", "60", "--json", "--resume"));
    expect(other.errors).toMatch(/1\.noise\.npz was made for another number of draws/);
  });

  it.each<[string, () => string[], number, RegExp]>([
    ["one example", () => noise("--examples", "1"), 1, /too few examples to show a spread: 1; give --examples 4/],
    ["one draw", () => noise("--draws", "1"), 2, /Expected a whole number from 2/],
    ["a checkpoint that is not there", () => ["noise", join(folder, "9.checkpoint")], 1, /cannot read .*9\.checkpoint/],
  ])("%s: refused by name", async (_, args, expected, message) => {
    const { code, out, errors } = await thalweg(args());
    expect([code, out]).toEqual([expected, ""]);
    expect(errors).toMatch(message);
  });
});
