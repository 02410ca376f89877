// A process that is killed while it writes a checkpoint leaves the last one whole.
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readPlace, writePlace } from "../../src/files/place.ts";
import { decodeCheckpoint, type Snapshot } from "../../src/index.ts";

const folder = mkdtempSync(join(tmpdir(), "thalweg-kill-"));
afterAll(() => rmSync(folder, { recursive: true }));
const place = join(folder, "run.checkpoint");

/** Saves 300,000 numbers that are all the count of saves, again and again, from `first` on, and prints each count. */
const program = `
import { saveCheckpoint } from "${new URL("../../dist/index.js", import.meta.url)}";
const layout = [{ name: "w", shape: [300000], offset: 0, size: 300000 }];
const model = { snapshot: () => ({
  seed: 0, steps: count, epochs: 0, learningRate: 1, optimizer: "none", layout, stateLayout: [],
  parameters: new Float32Array(300000).fill(count), slots: [], state: new Float32Array(0),
}) };
let count = Number(process.argv[2]);
for (;; count++) {
  await saveCheckpoint(model, ${JSON.stringify(place)});
  process.stdout.write(count + "\\n");
}
`;
const file = join(folder, "save.mjs");
writeFileSync(file, program);

/** Starts the program and kills it some milliseconds after its first save → the last count it printed. */
function killed(first: number, milliseconds: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let out = "";
    const child = spawn(process.execPath, [file, String(first)], { stdio: ["ignore", "pipe", "inherit"] });
    child.stdout.on("data", (text) => {
      if (out === "") setTimeout(() => child.kill("SIGKILL"), milliseconds);
      out += text;
    });
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      if (signal === "SIGKILL") resolve(Number(out.trim().split("\n").at(-1)));
      else reject(new Error(`the program ended with ${code}`));
    });
  });
}

test("what it had begun is removed by the next save to that place", { timeout: 30_000 }, async () => {
  const begun = (): string[] => readdirSync(folder).filter((name) => name.endsWith(".tmp"));
  for (let i = 0; begun().length === 0; i++) await killed(1, (i * 7) % 23);
  const [left] = begun() as [string];
  // Not those of processes that live, nor other files.
  const others = [left.replace(/\.\d+\./, `.${process.ppid}.`), left.replace("run.", "run2."), "run.checkpoint.my.tmp"];
  for (const name of others) writeFileSync(join(folder, name), "");
  // This process's number, from before it was there.
  const earlier = left.replace(/\.\d+\./, `.${process.pid}.`);
  writeFileSync(join(folder, earlier), "");
  utimesSync(join(folder, earlier), 1e9, 1e9);
  await writePlace("test", place, () => [new Uint8Array(8)]);
  expect(begun().sort()).toEqual(others.sort());
  for (const name of others) rmSync(join(folder, name));
});

test("a hundred times: the last complete checkpoint always loads", { timeout: 180_000 }, async () => {
  let last = 0;
  let unfinished = 0;
  for (let i = 0; i < 100; i++) {
    const printed = await killed(last + 1, (i * 7) % 23);
    const { steps, parameters }: Snapshot = decodeCheckpoint(await readPlace("test", place));
    // Renamed, but killed before it could say so: one more.
    expect([printed, printed + 1]).toContain(steps);
    expect(parameters.every((value) => value === steps)).toBe(true);
    unfinished += readdirSync(folder).filter((name) => name.endsWith(".tmp")).length;
    for (const name of readdirSync(folder)) if (name.endsWith(".tmp")) rmSync(join(folder, name));
    last = steps;
  }
  // Some of the kills did come in the middle of a file.
  expect(unfinished).toBeGreaterThan(0);
});
