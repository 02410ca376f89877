// Times contestants side by side. benny runs one case to its end before the next, so a race is many short benny
// suites: a round is one suite, every contestant takes its turn in every round, and a median over the rounds is what counts.
// A machine that slows down for a second slows all of them, not one.
import { add, suite } from "benny";
import type { Contestant } from "./contest.ts";
import { median } from "./contest.ts";
import { uniformNumbers } from "./jobs.ts";

export interface RaceOptions {
  readonly rounds?: number;
  /** How long a contestant's turn should last, in milliseconds. */
  readonly turn?: number;
}

/** Median milliseconds of one job, by contestant. */
export async function race(
  name: string,
  contestants: ReadonlyMap<string, Pick<Contestant, "run">>,
  { rounds = 15, turn = 15 }: RaceOptions = {},
): Promise<Map<string, number>> {
  const uniform = uniformNumbers(1);
  const entrants: Entrant[] = [];
  for (const [contestant, { run }] of contestants) {
    const times = await repetitions(run, turn);
    entrants.push({ name: contestant, times, run: () => run(times), results: [] });
  }
  for (let round = 0; round < rounds; round++) {
    // A new order every round: nobody always runs after the same neighbour.
    const order = shuffled(entrants, uniform);
    // benny runs a case once or twice before it takes the sample: each starts its turn with warm caches.
    const cases = order.map((entrant) =>
      add(entrant.name, entrant.run, { initCount: 1, minSamples: 1, minTime: 1e-9, maxTime: 0 }),
    );
    const { results } = await withoutConsole(() => suite(name, ...cases));
    order.forEach((entrant, i) => {
      const seconds = results[i]?.details.median;
      if (!seconds) throw new Error(`bench: ${name}: ${entrant.name} failed while it was timed`);
      entrant.results.push((seconds * 1e3) / entrant.times);
    });
  }
  return new Map(entrants.map((entrant) => [entrant.name, median(entrant.results)]));
}

interface Entrant {
  readonly name: string;
  /** Jobs that fill one turn. */
  readonly times: number;
  run(): void | Promise<void>;
  /** Milliseconds of one job, by round. */
  readonly results: number[];
}

function shuffled<T>(items: readonly T[], uniform: () => number): T[] {
  return items
    .map((item) => ({ item, key: uniform() }))
    .sort((one, other) => one.key - other.key)
    .map(({ item }) => item);
}

/**
 * Warms a contestant up until its engine has had time to optimise it; how many jobs then fill one turn, by its best
 * time: a disturbed one would give it shorter turns than the others, and short turns are disturbed less.
 */
async function repetitions(run: Contestant["run"], turn: number): Promise<number> {
  const warmUp = 400;
  const start = performance.now();
  let times = 1;
  let best = Number.POSITIVE_INFINITY;
  for (;;) {
    const before = performance.now();
    await run(times);
    const now = performance.now();
    best = Math.min(best, (now - before) / times);
    if (now - start >= warmUp) return Math.max(1, Math.round(turn / best));
    if (now - before < turn) times *= 2;
  }
}

/** benny announces every suite on stdout, which belongs to the rows. */
async function withoutConsole<T>(action: () => Promise<T>): Promise<T> {
  const { log } = console;
  console.log = () => {};
  try {
    return await action();
  } finally {
    console.log = log;
  }
}
