// The report in a real browser, from disk: nothing is fetched, and nobody is kept out.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { AxeResults } from "axe-core";
import { type Browser, chromium } from "playwright";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runLecture } from "../../src/lecture/run.ts";
import { chromiumOptions } from "../browser/chromium.ts";
import { sum } from "./sum.ts";

let out: string;
let browser: Browser;
beforeAll(async () => {
  out = mkdtempSync(join(tmpdir(), "report-"));
  const broken = sum(2, {
    async *run() {
      yield { done: 0.1 };
      throw new Error("there is no data set <here>");
    },
  });
  const options = { out, preset: "quick", code: "src/lecture", machine: "a machine" } as const;
  const { signal } = new AbortController();
  for await (const _ of runLecture([sum(1), broken, sum(3)], [1, 2, 3], { ...options, signal }));
  browser = await chromium.launch(await chromiumOptions());
});
afterAll(async () => {
  await browser?.close();
  rmSync(out, { recursive: true, force: true });
});

test.each(["light", "dark"] as const)(
  "in %s colours axe finds nothing, and nothing is fetched",
  async (colorScheme) => {
    const page = await browser.newPage({ colorScheme });
    const fetched: string[] = [];
    page.on("request", (request) => fetched.push(request.url()));
    await page.goto(pathToFileURL(join(out, "index.html")).href);
    await page.addScriptTag({ content: readFileSync(createRequire(import.meta.url).resolve("axe-core"), "utf8") });
    const { violations, passes } = await page.evaluate(() =>
      (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
    );
    expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
    expect(passes.map(({ id }) => id)).toEqual(
      expect.arrayContaining(["color-contrast", "image-alt", "heading-order"]),
    );
    expect(fetched.filter((url) => !url.startsWith("data:"))).toEqual([pathToFileURL(join(out, "index.html")).href]);
    const drawn = await page
      .locator("img")
      .evaluateAll((images) => images.map((each) => (each as HTMLImageElement).naturalWidth));
    expect(drawn).toEqual([640, 640]);
    await page.close();
  },
);

test("the keyboard leads past the contents, and from the contents to an experiment", async () => {
  const page = await browser.newPage();
  await page.goto(pathToFileURL(join(out, "index.html")).href);
  await page.keyboard.press("Tab");
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Skip to the experiments");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  expect(new URL(page.url()).hash).toBe("#row-1");
  await page.close();
});

test("on a narrow screen nothing is wider than it", async () => {
  const page = await browser.newPage({ viewport: { width: 360, height: 700 } });
  await page.goto(pathToFileURL(join(out, "index.html")).href);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
  await page.close();
});
