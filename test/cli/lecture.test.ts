import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { experiments } from "../../src/lecture/index.ts";
import { temporaryFolder } from "../data/fixture.ts";
import { jsonLines, thalweg } from "./command.ts";

describe("thalweg lecture", () => {
  it("lists every row of the lecture, in order, when none is named", async () => {
    const { code, out } = await thalweg(["lecture", "--json"]);
    expect(code).toBe(0);
    expect(jsonLines(out).map(({ id }) => id)).toEqual(Array.from({ length: 18 }, (_, i) => i + 1));
    const { out: text } = await thalweg(["lecture"]);
    for (const { title, claim } of experiments) expect(text).toContain(`${title}\n    ${claim}\n`);
  });

  it("measures a row, keeps it, and does not measure it again", async () => {
    const out = join(temporaryFolder({}), "report");
    const first = jsonLines((await thalweg(["lecture", "6", "--out", out, "--json"])).out);
    expect(first).toMatchObject([
      { id: 6, before: false, preset: "quick" },
      { report: join(out, "index.html"), failed: 0 },
    ]);
    const again = jsonLines((await thalweg(["lecture", "6", "--out", out, "--json"])).out);
    expect(again).toMatchObject([{ ...first[0], before: true }, { failed: 0 }]);
    const html = readFileSync(join(out, "index.html"), "utf8");
    expect(html).toContain("it has not been run");
    expect(html).not.toMatch(/(src|href)="https?:/);
  });

  it.each([
    [["99"], 1, "lecture: there is no experiment 99; thalweg lecture lists them"],
    [["six"], 2, "six"],
    [["6", "--preset", "tiny"], 2, "quick, full"],
  ])("%j is refused", async (args, code, message) => {
    const out = join(temporaryFolder({}), "report");
    const outcome = await thalweg(["lecture", ...args, "--out", out]);
    expect(outcome.code).toBe(code);
    expect(outcome.errors).toContain(message);
  });

  it("a folder that cannot be written, and one that can", async () => {
    const file = join(temporaryFolder({}), "file");
    writeFileSync(file, "");
    const { code, errors } = await thalweg(["lecture", "6", "--out", file]);
    expect(code).toBe(1);
    expect(errors).toMatch(/^thalweg: lecture: cannot write in .*; name another folder with --out\n$/);
  });

  it("a missing folder of CIFAR-10 ends its experiment alone", async () => {
    const out = join(temporaryFolder({}), "report");
    const { code, out: text } = await thalweg(["lecture", "6", "17", "--out", out, "--cifar", join(out, "none")]);
    expect(code).toBe(1);
    expect(text).toContain("failed: ");
    expect(text).toContain("1 failed");
    expect(existsSync(join(out, "data/06-the-four-steps-of-stochastic-gradient-descent.json"))).toBe(true);
  });
});
