// Training as a race: what a model has reached when it has seen so many examples, and how many it sees in a second.
import type { Dataset, FitOptions, Model } from "thalweg";

type Runs = Pick<FitOptions, "batchSize" | "sampler" | "signal">;

/**
 * Trains, and judges the model when it has seen so many examples; 0 is before the first step.
 * @param marks numbers of examples, in any order
 */
export async function judgedAt<T>(
  model: Model,
  data: Dataset,
  marks: readonly number[],
  judge: () => T,
  { batchSize = 32, ...options }: Runs,
): Promise<T[]> {
  const rows = batchSize === "all" ? data.size : batchSize;
  const found: T[] = [];
  const left = marks.map((mark, at) => ({ mark, at })).sort((a, b) => b.mark - a.mark);
  const look = (seen: number): void => {
    while (left.length > 0 && seen >= (left.at(-1)?.mark as number)) found[left.pop()?.at as number] = judge();
  };
  look(0);
  const [epochs, reportEvery] = [Number.MAX_SAFE_INTEGER, Math.max(1, Math.floor(32 / rows))];
  for await (const report of model.fit(data, { ...options, epochs, batchSize, reportEvery })) {
    const ofEpoch = report.kind === "epoch" ? data.size : Math.min(data.size, report.stepInEpoch * rows);
    look((report.epoch - 1) * data.size + ofEpoch);
    if (left.length === 0) break;
  }
  return found;
}

/** Examples a second, of the fastest epoch: the one that least came between. The model learns meanwhile. */
export async function speedOf(model: Model, data: Dataset, options: Runs): Promise<number> {
  let best = 0;
  for await (const report of model.fit(data, { ...options, epochs: Number.MAX_SAFE_INTEGER })) {
    best = Math.max(best, report.examplesPerSecond);
    if (report.epoch >= 5 && report.seconds > 0.1) break;
  }
  return best;
}
