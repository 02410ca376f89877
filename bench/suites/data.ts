// What it costs to choose examples: an epoch of MNIST by each sampler against one in order, and draws by weights. Streams
// and checkpoints are the suite's other part.
import type { FitOptions } from "thalweg";
import { mnist, samplers } from "thalweg/data";
import { median } from "../contest.ts";
import { uniformNumbers } from "../jobs.ts";
import { batchSize, mnistModel } from "../mnistModel.ts";
import { race } from "../race.ts";
import { type Arena, compare, type Row, significant } from "../row.ts";
import { streams } from "./stream.ts";

export async function* data(arena: Arena): AsyncGenerator<Row> {
  yield* epochs(arena);
  yield* draws(arena);
  yield* streams(arena);
}

async function* epochs({ ours: { build }, options: { rounds = 7 } }: Arena): AsyncGenerator<Row> {
  const { train } = await mnist();
  const weights = Float32Array.from(train.y, (label) => 1 + label);
  const orders: Readonly<Record<string, FitOptions>> = {
    "in order": { shuffle: false },
    reshuffled: {},
    "sampler reshuffled": { sampler: samplers.reshuffled() },
    "sampler stratified": { sampler: samplers.stratified() },
    "sampler classBalanced": { sampler: samplers.classBalanced() },
    "sampler weighted": { sampler: samplers.weighted(weights) },
    "sampler importance, by loss": { sampler: samplers.importance({ by: "loss" }) },
    "sampler importance, by gradient norm": { sampler: samplers.importance() },
  };
  const entrants = await Promise.all(
    Object.entries(orders).map(async ([name, order]) => ({
      name,
      order,
      model: await mnistModel(build),
      times: [] as number[],
    })),
  );
  // Not through benny: it starts an asynchronous case a second time before the first has ended.
  // The first is not timed: programs are compiled in it, and the engine warms up.
  for (let round = -1; round < rounds; round++)
    for (let i = 0; i < entrants.length; i++) {
      // Nobody always runs after the same neighbour.
      const { model, order, times } = entrants[(i * 3 + round + 1) % entrants.length] as (typeof entrants)[number];
      const began = performance.now();
      for await (const _ of model.fit(train, { batchSize, ...order })) {
        // one report, at the end
      }
      if (round >= 0) times.push(performance.now() - began);
    }
  const [inOrder, ...others] = entrants.map(({ name, times }) => ({ name, ms: median(times) }));
  for (const { name, ms } of others)
    yield {
      suite: "data",
      name: `epoch of MNIST 784-128-10, batch 64, ${name}`,
      build,
      ms: significant(ms),
      ...compare(ms, new Map([["in order", inOrder?.ms as number]])),
    };
}

async function* draws({ ours: { build }, options }: Arena): AsyncGenerator<Row> {
  const size = 1_000_000;
  const uniform = uniformNumbers(5);
  const weights = Float32Array.from({ length: size }, () => uniform() ** 4);
  const [weighted, alike] = [samplers.weighted(weights), samplers.withReplacement()];
  let round = 0;
  const epoch = (sampler: typeof weighted) => ({
    run(times: number): void {
      for (let i = 0; i < times; i++)
        sampler.epoch({ size, targets: new Int32Array(), batchSize, epoch: 1, seed: 7, round: round++ });
    },
  });
  const measured = await race(
    "draws",
    new Map([
      ["weighted", epoch(weighted)],
      ["all alike", epoch(alike)],
    ]),
    options,
  );
  const each = new Map([...measured].map(([name, ms]) => [name, ms / size]));
  const own = each.get("weighted") as number;
  yield {
    suite: "data",
    name: "a draw by weights from 10⁶ examples",
    build,
    ms: significant(own),
    ...compare(own, new Map([["all alike", each.get("all alike") as number]])),
  };
}
