import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseHTML } from "linkedom";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Experiment } from "../../src/lecture/experiment.ts";
import { type LectureEvent, type LectureOptions, runLecture } from "../../src/lecture/run.ts";
import { runs, sum } from "./sum.ts";

let out: string;
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), "lecture-"));
});
afterEach(() => rmSync(out, { recursive: true, force: true }));

const options = (more: Partial<LectureOptions> = {}): LectureOptions => ({
  ...{ out, preset: "quick", code: "src/lecture", machine: "a machine", signal: new AbortController().signal },
  ...more,
});

async function run(
  all: readonly Experiment[],
  ids: readonly number[],
  more?: Partial<LectureOptions>,
): Promise<LectureEvent[]> {
  runs.length = 0;
  const events: LectureEvent[] = [];
  for await (const event of runLecture(all, ids, options(more))) events.push(event);
  return events;
}

const report = () => parseHTML(readFileSync(join(out, "index.html"), "utf8")).document;

test("keeps data, figures and code, and a report that says everything", async () => {
  await run([sum(1), sum(2)], [2, 1]);
  expect(runs).toEqual([1, 2]);
  expect(readdirSync(join(out, "data"))).toEqual(["01-sum-1.json", "02-sum-2.json"]);
  expect(readdirSync(join(out, "figures"))).toEqual(["01-sum-1-sum.svg", "02-sum-2-sum.svg"]);
  expect(readFileSync(join(out, "code/05-empirical-risk.ts"), "utf8")).toContain("createModel");
  expect(readFileSync(join(out, "code/outcomes/05-empirical-risk.ts"), "utf8")).toContain("chart");
  const document = report();
  const sections = [...document.querySelectorAll("main section")];
  expect(sections.map((each) => each.querySelector("h2")?.textContent)).toEqual(["1 Sum <1>", "2 Sum <2>"]);
  expect(sections[0]?.querySelector(".claim")?.textContent).toBe('It is "1" & more.');
  const image = sections[0]?.querySelector("img");
  expect(image?.getAttribute("alt")).toBe("a line that rises");
  const svg = decodeURIComponent((image?.getAttribute("src") ?? "").slice("data:image/svg+xml,".length));
  expect(svg).toBe(readFileSync(join(out, "figures/01-sum-1-sum.svg"), "utf8"));
  expect(sections[0]?.querySelector("tbody tr")?.textContent).toBe("sum10 to 1.00e−92");
  expect(
    [...(sections[0]?.querySelectorAll("a") ?? [])].map((link) => [link.textContent, link.getAttribute("href")]),
  ).toEqual([
    ["Data of experiment 1", "data/01-sum-1.json"],
    ["code that measured them", "code/05-empirical-risk.ts"],
    ["code of verdict and figures", "code/outcomes/05-empirical-risk.ts"],
  ]);
  for (const link of document.querySelectorAll("main a"))
    expect(readFileSync(join(out, link.getAttribute("href") as string), "utf8")).not.toBe("");
  for (const link of document.querySelectorAll("nav a"))
    expect(document.querySelector(link.getAttribute("href") as string)?.tagName).toBe("SECTION");
});

test("all files of an experiment's number are copied", async () => {
  await run([sum(15, { file: "15-convergence.ts" })], [15]);
  const files = ["15-convergence.ts", "15-measures.ts", "15-methods.ts", "outcomes"];
  expect(readdirSync(join(out, "code"))).toEqual(files);
});

test("what is kept with the same parameters is not measured again, but by force", async () => {
  await run([sum(1)], [1]);
  const events = await run([sum(1)], [1]);
  expect(runs).toEqual([]);
  expect(events).toMatchObject([{ kind: "done", before: true, kept: { data: { value: 1 } } }]);
  await run([sum(1)], [1], { force: true });
  expect(runs).toEqual([1]);
  await run([sum(1)], [1], { preset: "full" });
  expect(runs).toEqual([1]);
});

test("what looks at CIFAR-10 is measured again where other images are given", async () => {
  const images = sum(2, { usesCifar: true });
  await run([sum(1), images], [1, 2]);
  await run([sum(1), images], [1, 2], { cifar: "a folder" });
  expect(runs).toEqual([2]);
  await run([sum(1), images], [1, 2], { cifar: "a folder" });
  await run([sum(1), images], [1, 2]);
  expect(runs).toEqual([]);
  expect(report().querySelectorAll(".verdict")[1]?.textContent).toContain("It adds up.");
  await run([sum(1), images], [1, 2], { cifar: "another" });
  expect(runs).toEqual([2]);
});

test("by force it begins anew, whatever a broken-off run has left", async () => {
  const found: boolean[] = [];
  const leaves = sum(1, {
    async *run({ unfinished = "" }) {
      found.push(existsSync(unfinished));
      mkdirSync(unfinished, { recursive: true });
      yield { done: 0.5 };
      throw new Error("broken off");
    },
  });
  await run([leaves], [1]);
  await run([leaves], [1]);
  await run([leaves], [1], { force: true });
  expect(found).toEqual([false, true, false]);
});

test("what another needs is done before it, and only once", async () => {
  await run([sum(1), sum(2), sum(3, { needs: [1, 2] })], [3, 2]);
  expect(runs).toEqual([2, 1, 3]);
  expect(JSON.parse(readFileSync(join(out, "data/03-sum-3.json"), "utf8")).data).toEqual({ value: 6 });
});

test("an error ends its experiment and those that need it; the report says what is missing and why", async () => {
  const broken = sum(1, {
    async *run() {
      yield { done: 0.1 };
      throw new Error("there is no data set <here>");
    },
  });
  const events = await run([broken, sum(2, { needs: [1] }), sum(3), sum(4)], [1, 2, 3]);
  expect(events.filter(({ kind }) => kind === "failed")).toMatchObject([
    { reason: "there is no data set <here>" },
    { reason: "it needs experiment 1, which failed: there is no data set <here>" },
  ]);
  expect(runs).toEqual([3]);
  const verdicts = [...report().querySelectorAll("main section")].map(
    (each) => each.querySelector(".verdict")?.textContent,
  );
  expect(verdicts[0]).toBe("Missing: there is no data set <here>");
  expect(verdicts[2]).toContain("It adds up.");
  expect(verdicts[3]).toBe("Missing: it has not been run");
});

test("a damaged data file is told, and measured again", async () => {
  await run([sum(1)], [1]);
  const file = join(out, "data/01-sum-1.json");
  writeFileSync(file, readFileSync(file, "utf8").slice(0, 100));
  const events = await run([sum(1)], [1]);
  expect(events[0]).toMatchObject({ kind: "unreadable", file });
  expect(runs).toEqual([1]);
  expect(JSON.parse(readFileSync(file, "utf8")).data).toEqual({ value: 1 });
});

test("stopping keeps what is done, and leaves no file of what is not", async () => {
  const stop = new AbortController();
  const long = sum(2, {
    async *run() {
      stop.abort();
      yield { done: 0.1 };
      throw new Error("went on");
    },
  });
  await expect(run([sum(1), long], [1, 2], { signal: stop.signal })).rejects.toMatchObject({ name: "AbortError" });
  expect(readdirSync(join(out, "data"))).toEqual(["01-sum-1.json"]);
  expect(report().querySelectorAll("main section")).toHaveLength(2);
});

test("what a broken-off run has left is there again with the same parameters, its seconds counted, and gone at the end", async () => {
  let stop = new AbortController();
  const found: string[][] = [];
  const long = sum(1, {
    async *run({ unfinished = "", ...context }) {
      mkdirSync(unfinished, { recursive: true });
      found.push(readdirSync(unfinished));
      writeFileSync(join(unfinished, "half"), "");
      vi.advanceTimersByTime(5000);
      yield { done: 0.5 };
      if (found.length < 3) stop.abort();
      yield { done: 0.6 };
      return yield* sum(1).run(context);
    },
  });
  vi.useFakeTimers({ toFake: ["performance"] });
  try {
    for (const preset of ["quick", "full"] as const) {
      stop = new AbortController();
      await expect(run([long], [1], { preset, signal: stop.signal })).rejects.toMatchObject({ name: "AbortError" });
    }
    await run([long], [1]);
    expect(readdirSync(join(out, "unfinished"))).toHaveLength(1);
    expect(JSON.parse(readFileSync(join(out, "data/01-sum-1.json"), "utf8")).seconds).toBeCloseTo(10, 6);
    await run([long], [1], { preset: "full" });
    expect(readdirSync(out)).not.toContain("unfinished");
  } finally {
    vi.useRealTimers();
  }
  expect(found).toEqual([[], [], ["half", "seconds"], ["half", "seconds"]]);
});

test("an unknown experiment and a folder that cannot be written are refused before anything is measured", async () => {
  await expect(run([sum(1)], [7])).rejects.toThrow("lecture: there is no experiment 7; thalweg lecture lists them");
  const file = join(out, "file");
  writeFileSync(file, "");
  await expect(run([sum(1)], [1], { out: file })).rejects.toThrow(/^lecture: cannot write in .*file .*--out/);
  expect(runs).toEqual([]);
});
