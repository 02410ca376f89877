// What fit costs beyond its steps: an epoch of MNIST, with shuffling, gathering and reports, against as many bare steps.
import { mnist } from "thalweg/data";
import { median } from "../contest.ts";
import { batchSize, mnistModel } from "../mnistModel.ts";
import { type Arena, compare, type Row, significant } from "../row.ts";

export async function* epoch({ ours, options }: Arena): AsyncGenerator<Row> {
  const { train } = await mnist();
  const fitted = await mnistModel(ours.build);
  const stepped = await mnistModel(ours.build);
  const x = Float32Array.from(train.x.subarray(0, batchSize * 784), (byte) => byte / 255);
  const batch = { x, y: train.y.slice(0, batchSize) };
  const steps = Math.ceil(train.size / batchSize);
  // Not through benny: it starts an asynchronous case a second time before the first has ended.
  const epochs: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < (options.rounds ?? 7); round++) {
    const began = performance.now();
    for await (const _ of fitted.fit(train, { batchSize })) {
      // one report, at the end
    }
    const between = performance.now();
    for (let i = 0; i < steps; i++) stepped.step(batch);
    epochs.push(between - began);
    bare.push(performance.now() - between);
  }
  const own = median(epochs);
  const theirs = new Map([[`${steps} bare steps`, median(bare)]]);
  yield {
    suite: "epoch",
    name: "epoch of MNIST 784-128-10, batch 64",
    build: ours.build,
    ms: significant(own),
    ...compare(own, theirs),
  };
}
