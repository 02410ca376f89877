// Batches that have the classes of the whole data set.
import { shuffle } from "../random.ts";
import { membersOf } from "./classes.ts";
import { randomOf, requireSamplerOptions, type SamplerOptions } from "./options.ts";
import type { Sampler } from "./sampler.ts";

/**
 * Every example once an epoch, in batches that have each class in its proportion: of a class with the share s of the data,
 * the first k batches of b examples have between ⌊k·b·s⌋ and ⌈k·b·s⌉, before whole batches are put in random order.
 */
export function stratified(options: SamplerOptions = {}): Sampler {
  requireSamplerOptions("stratified", options);
  return {
    name: "stratified",
    epoch(context) {
      const { size, batchSize } = context;
      const random = randomOf(context, options.seed);
      const members = membersOf("stratified", context);
      for (const rows of members) shuffle(rows, random);
      const batches = deal(
        members.map((rows) => rows.length),
        batchSize,
      );
      // The last one stays where it is, in case it is smaller.
      const order = shuffle(
        Int32Array.from({ length: batches.length - 1 }, (_, i) => i),
        random,
      );
      const used = members.map(() => 0);
      const rows = new Int32Array(size);
      let at = 0;
      for (const batch of [...order, batches.length - 1])
        (batches[batch] as Int32Array).forEach((count, label) => {
          const from = used[label] as number;
          rows.set((members[label] as Int32Array).subarray(from, from + count), at);
          used[label] = from + count;
          at += count;
        });
      return { rows };
    },
  };
}

/**
 * How many of each class every batch has. A class's k-th example is due in the batch by whose end its share says k, and
 * may come in the one by whose end its share is above k − 1; taking what is due earliest keeps every date (Steiner and
 * Yeomans 1993, on just-in-time sequences).
 */
function deal(counts: readonly number[], batchSize: number): Int32Array[] {
  const size = counts.reduce((a, b) => a + b, 0);
  const dealt = counts.map(() => 0);
  const batches: Int32Array[] = [];
  for (let begin = 0; begin < size; begin += batchSize) {
    const end = Math.min(begin + batchSize, size);
    const batch = Int32Array.from(counts, (count, label) => {
      const due = Math.max(0, Math.floor((end * count) / size) - (dealt[label] as number));
      dealt[label] = (dealt[label] as number) + due;
      return due;
    });
    let free = end - begin - batch.reduce((a, b) => a + b, 0);
    /** Where a class's next example is due at the latest. */
    const dueBy = (label: number): number => (((dealt[label] as number) + 1) * size) / (counts[label] as number);
    const early = counts.flatMap((count, label) => ((dealt[label] as number) * size < end * count ? [label] : []));
    for (const label of early.sort((a, b) => dueBy(a) - dueBy(b) || a - b)) {
      if (free-- <= 0) break;
      batch[label] = (batch[label] as number) + 1;
      dealt[label] = (dealt[label] as number) + 1;
    }
    batches.push(batch);
  }
  return batches;
}
