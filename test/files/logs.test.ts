// Callbacks that write files: checkpoints and logs, and that a run goes on where they say it stood.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import {
  arrayDataset,
  type Callback,
  checkpoints,
  createModel,
  crossEntropy,
  csvLog,
  dense,
  jsonLinesLog,
  loadCheckpoint,
  type Model,
  type Report,
} from "../../src/index.ts";
import { numbers } from "../nn/net.ts";

const folder = mkdtempSync(join(tmpdir(), "thalweg-logs-"));
afterAll(() => rmSync(folder, { recursive: true }));

const data = arrayDataset({ x: numbers(30 * 3, 1), y: Int32Array.from({ length: 30 }, (_, i) => i % 2), shape: [3] });
const make = (): Promise<Model> =>
  createModel({ input: [3], network: dense(2), loss: crossEntropy(), build: "strict" });
async function fitted(model: Model, epochs: number, callbacks: Callback[], more = {}): Promise<Report[]> {
  const reports: Report[] = [];
  for await (const report of model.fit(data, {
    epochs,
    batchSize: 10,
    reportEvery: 1,
    validation: data,
    callbacks,
    ...more,
  }))
    reports.push(report);
  return reports;
}
const lines = (name: string): string[] => readFileSync(join(folder, name), "utf8").trimEnd().split("\n");

test("a CSV log has a row an epoch, and goes on with a run that is resumed", async () => {
  const [csv, place] = [join(folder, "log.csv"), join(folder, "run.checkpoint")];
  const first = await fitted(await make(), 2, [csvLog(csv), checkpoints(place, { atSteps: true })]);
  const again = await make();
  await loadCheckpoint(again, place);
  const rest = await fitted(again, 3, [csvLog(csv)], { resume: true });
  const [head, ...rows] = lines("log.csv");
  expect(head).toBe("epoch,step,loss,seconds,examplesPerSecond,validation.loss,validation.accuracy");
  const epochs = [...first, ...rest].filter((report) => report.kind === "epoch");
  expect(epochs.map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
  expect(rows).toEqual(
    epochs.map((r) =>
      [r.epoch, r.step, r.loss, r.seconds, r.examplesPerSecond, r.validation?.loss, r.validation?.accuracy].join(","),
    ),
  );
});

test("a CSV log quotes names and texts, and refuses a file of other columns", async () => {
  const csv = join(folder, "quoted.csv");
  const metrics = { 'a,"b"': () => "x\ny" as never, "c d": () => 1 };
  await fitted(await make(), 1, [csvLog(csv)], { metrics });
  const text = readFileSync(csv, "utf8");
  expect(text).toMatch(/,"validation\.a,""b""",validation\.c d\n.*,"x\ny",1\n$/);
  const log = csvLog(csv);
  await expect(fitted(await make(), 1, [log])).rejects.toThrow(
    /^csvLog: ".*quoted\.csv" does not begin with the names of this report, epoch,.*accuracy; give the log another path/,
  );
  expect(readFileSync(csv, "utf8")).toBe(text);
  await fitted(await make(), 1, [log], { metrics });
  expect(readFileSync(csv, "utf8").length).toBeGreaterThan(text.length);
});

test("a JSONL log has every report", async () => {
  const reports = await fitted(await make(), 2, [jsonLinesLog(join(folder, "log.jsonl"))]);
  expect(lines("log.jsonl").map((line) => JSON.parse(line))).toEqual(reports);
});

test("checkpoints come when they are due", async () => {
  const place = join(folder, "due.checkpoint");
  const model = await make();
  await fitted(model, 5, [checkpoints(place, { everyEpochs: 2 })]);
  const again = await make();
  await loadCheckpoint(again, place);
  expect(again.steps).toBe(12);
  expect(() => checkpoints("")).toThrow("checkpoints: expected a place");
  await expect(fitted(model, 1, [checkpoints(join(folder, "no", "where"))])).rejects.toThrow(
    /^saveCheckpoint: cannot write ".*where" \(ENOENT/,
  );
});
