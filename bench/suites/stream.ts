// What a stream costs beyond its steps, and that it takes no more memory the longer it is; and what it costs to keep a model.
import { mkdtemp, open, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createModel, dense, encodeCheckpoint, type Model, meanSquaredError, saveCheckpoint, sgd } from "thalweg";
import { type Examples, stream } from "thalweg/data";
import { median } from "../contest.ts";
import { batchSize, mnistModel } from "../mnistModel.ts";
import { type Arena, compare, type Row, significant } from "../row.ts";

export async function* streams(arena: Arena): AsyncGenerator<Row> {
  yield await checkpoint(arena);
  yield await streamed(arena);
}

/** saveCheckpoint against the same bytes written, synced and renamed, in turn. */
async function checkpoint({ ours: { build }, options: { rounds = 9 } }: Arena): Promise<Row> {
  const model = await createModel({
    input: [1000],
    network: dense(10_000),
    loss: meanSquaredError(),
    optimizer: sgd({ learningRate: 0.01 }),
    build,
  });
  const bytes = encodeCheckpoint(model.snapshot());
  const folder = await mkdtemp(join(tmpdir(), "thalweg-bench-"));
  const write = async (path: string): Promise<void> => {
    const file = await open(`${path}.tmp`, "w");
    await file.writeFile(bytes);
    await file.sync();
    await file.close();
    await rename(`${path}.tmp`, path);
  };
  const [own, plain]: [number[], number[]] = [[], []];
  try {
    // The first rounds warm the disk's cache and the engine up.
    for (let round = -3; round < rounds; round++) {
      const began = performance.now();
      await saveCheckpoint(model, join(folder, "own"));
      const between = performance.now();
      await write(join(folder, "plain"));
      if (round < 0) continue;
      own.push(between - began);
      plain.push(performance.now() - between);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
  const ms = median(own);
  return {
    suite: "data",
    name: `checkpoint of ${(model.parameters.length / 1e6).toFixed(1)} M parameters`,
    build,
    ms: significant(ms),
    ...compare(ms, new Map([["writing the same bytes", median(plain)]])),
  };
}

const [width, classes] = [784, 10];

/** Examples that nobody has seen before, each in an array of its own; as many bytes of them as are asked for. */
function* examples(bytes: number): Generator<Examples> {
  let state = 1;
  for (let left = bytes; left > 0; left -= 4 * width) {
    const label = (state >>> 8) % classes;
    const x = new Float32Array(width);
    for (let i = 0; i < width; i++) {
      // A linear congruential generator: only its cost matters here.
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      x[i] = state * 2 ** -32 + (i % classes === label ? 0.5 : 0);
    }
    yield { x, y: label };
  }
}

/** What the stream's user would write without one: examples copied into a batch, in their order, a step when it is full. */
function byHand(model: Model, all: Iterable<Examples>): void {
  const batch = { x: new Float32Array(batchSize * width), y: new Int32Array(batchSize) };
  let filled = 0;
  for (const { x, y } of all) {
    batch.x.set(x as Float32Array, filled * width);
    batch.y[filled++] = y as number;
    if (filled === batchSize) model.step(batch);
    filled %= batchSize;
  }
}

/** How much resident memory may grow behind the first tenth of a stream: what the collector leaves lying about. */
const GROWTH = 64 * 2 ** 20;

async function streamed({ ours: { build }, gigabytes }: Arena): Promise<Row> {
  const [model, stepped] = [await mnistModel(build, 0.01), await mnistModel(build, 0.01)];
  const bytes = gigabytes * 1e9;
  const steps = Math.ceil(bytes / (4 * width * batchSize));
  const source = stream(examples(bytes)).shuffle(1000, 7);
  const resident: number[] = [];
  const began = performance.now();
  for await (const { step } of model.fit(source, { batchSize, reportEvery: Math.ceil(steps / 10) })) {
    resident.push(process.memoryUsage.rss());
    const done = (step * batchSize * width * 4) / 1e9;
    console.error(`streamed ${done.toFixed(2)} GB, resident ${((resident.at(-1) as number) / 2 ** 20).toFixed(0)} MiB`);
  }
  const ms = performance.now() - began;
  const growth = Math.max(...resident) - (resident[0] as number);
  if (growth > GROWTH)
    throw new Error(
      `bench: a stream of ${gigabytes} GB took ${growth} bytes more memory, at most ${GROWTH} are expected`,
    );
  const between = performance.now();
  byHand(stepped, examples(bytes));
  return {
    suite: "data",
    name: `stream of ${gigabytes} GB, example by example, 784-128-10, batch ${batchSize}`,
    build,
    ms: significant(ms),
    ...compare(ms, new Map([["a loop of one's own, unshuffled", performance.now() - between]])),
    streamedBytes: Math.ceil(bytes / (4 * width)) * 4 * width,
    residentGrowthBytes: growth,
  };
}
