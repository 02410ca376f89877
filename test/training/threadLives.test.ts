// How long threads live: as long as their model, and never longer than the process.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "thalweg-threads-"));
afterAll(() => rmSync(folder, { recursive: true }));

const beginning = `
import { chain, createModel, createRemoteModel, dense, meanSquaredError, ops } from "${new URL("../../dist/index.js", import.meta.url)}";
const workers = [];
let ended = 0;
process.on("worker", (worker) => {
  workers.push(worker);
  worker.on("exit", () => ended++);
});
const options = { input: [2], network: chain(dense(1)), loss: meanSquaredError(), threads: 3 };
const batch = { x: [1, 2, 3, 4, 5, 6], y: [1, 2, 3] };
const until = async (done) => { while (!done()) await new Promise((resolve) => setTimeout(resolve, 10)); };
`;

/** What a program prints that has 20 s to end by itself. */
async function printed(program: string, ...flags: string[]): Promise<string> {
  const file = join(folder, "program.mjs");
  writeFileSync(file, beginning + program);
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, file], { timeout: 20_000 });
  return stdout.trim();
}

test("they keep no process alive", async () => {
  const program = "console.log((await createModel(options)).step(batch) > 0, workers.length)";
  expect(await printed(program)).toBe("true 2");
});

test("nor do those of a remote model", async () => {
  const program = "const model = await createRemoteModel(options); console.log(await model.step(batch) > 0)";
  expect(await printed(program)).toBe("true");
});

test("they end when the model is closed", async () => {
  const program = `
    const model = await createModel(options);
    model.step(batch);
    model.close();
    await until(() => ended === 2);
    console.log("ended");
  `;
  expect(await printed(program)).toBe("ended");
});

test("they end when nobody holds the model any more", async () => {
  const program = `
    await (async () => (await createModel(options)).step(batch))();
    await until(() => (gc(), ended === 2));
    console.log("ended");
  `;
  expect(await printed(program, "--expose-gc")).toBe("ended");
});

/** A layer of an operation that reaches beyond memory in the replica that has so many rows. */
const broken = `
  const broken = (rows) => ({
    name: "broken",
    apply(x) {
      const node = ops.neg(x);
      const emit = (k, y, [of]) => k.neg(y, y.shape[0] === rows ? { segment: "theta", offset: 2 ** 31 } : of, 2 * y.shape[0]);
      return { ...node, operation: { ...node.operation, name: "broken", emit } };
    },
  });
  const fails = async (rows) => {
    // Three rows in two threads: two, and one.
    const model = await createModel({ ...options, network: chain(broken(rows), dense(1)), threads: 2 });
    for (let times = 0; times < 2; times++)
      try { model.step(batch); } catch (error) { console.log(error.message); }
  };
`;

test.each([
  [2, 0],
  [1, 1],
])("a trap in the replica of %d rows is told by its thread's number %d", async (rows, thread) => {
  const message = `threads: thread ${thread}: memory access out of bounds; the model cannot go on; its parameters can still be read, for a new one`;
  expect(await printed(`${broken} await fails(${rows});`)).toBe(`${message}\n${message}`);
});

test("one that was ended by somebody else is told of at the next call, and parameters can be read", async () => {
  const program = `
    const model = await createModel(options);
    model.step(batch);
    await workers[1].terminate();
    for (let times = 0; times < 2; times++)
      try { model.step(batch); } catch (error) { console.log(error.message); }
    console.log(model.parameters.length);
  `;
  const message =
    "threads: thread 2: the worker ended with code 1; the model cannot go on; its parameters can still be read, for a new one";
  expect(await printed(program)).toBe(`${message}\n${message}\n3`);
});
