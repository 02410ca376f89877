// Every experiment at the size of `quick`, aborted soon after it began.
import { performance } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import { mnist } from "thalweg/data";
import { beforeAll, expect, test, vi } from "vitest";
import { experiments } from "../../src/lecture/index.ts";

// MNIST is read once for all of them.
vi.mock("thalweg/data", async (original) => {
  const data = await original<typeof import("thalweg/data")>();
  let read: ReturnType<typeof data.mnist> | undefined;
  return { ...data, mnist: () => (read ??= data.mnist()) };
});
beforeAll(async () => {
  await mnist();
});

const enough = new Error("enough");
/** Until an experiment has ended: what is asked for is a second, the rest is for what else the machine may do. */
const SOON = 3000;

async function followed(id: number, signal: AbortSignal, onProgress = (): void => {}): Promise<void> {
  const experiment = experiments.find((each) => each.id === id) as (typeof experiments)[number];
  const outcomeOf = () => expect.fail("it needs no other");
  // With so few mini-batches the sixth would be drawing by then.
  const parameters = { ...experiment.parameters.quick, ...(id === 6 && { draws: 20_000 }) };
  const run = experiment.run({ parameters, signal, outcomeOf });
  while (!(await run.next()).done) onProgress();
}

/** Until hardly anything runs for a moment. */
async function rest(): Promise<void> {
  const shares: number[] = [];
  while (shares.length < 20) {
    const before = performance.eventLoopUtilization();
    await pause(50);
    const { utilization } = performance.eventLoopUtilization(before);
    if (utilization < 0.2) return;
    shares.push(utilization);
  }
  expect.fail(`something goes on running, busy at ${shares.map((share) => share.toFixed(2)).join(", ")}`);
}

// The sixteenth reads what others found, and measures nothing.
const measuring = experiments.filter(({ needs = [] }) => needs.length === 0).map(({ id }) => id);

test.each(measuring)("experiment %i ends soon after it is aborted, and leaves nothing running", async (id) => {
  const stop = new AbortController();
  const due = performance.now() + 300;
  setTimeout(() => stop.abort(enough), 300);
  await expect(followed(id, stop.signal)).rejects.toBe(enough);
  expect(performance.now() - due).toBeLessThan(SOON);
  await rest();
});

test.each(measuring)("experiment %i, aborted at its first progress, gets to no second one", async (id) => {
  const stop = new AbortController();
  let [told, due] = [0, Number.NaN];
  const onProgress = (): void => {
    [told, due] = [told + 1, performance.now()];
    stop.abort(enough);
  };
  await expect(followed(id, stop.signal, onProgress)).rejects.toBe(enough);
  expect(told).toBe(1);
  expect(performance.now() - due).toBeLessThan(SOON);
  await rest();
});
