// Examples that come one after another: mapped, shuffled through a buffer, batched and fetched ahead as they pass by. Nothing
// is read before it is asked for, and no more is kept than a buffer holds.
import { requireFunction, requireOneOf, requireOptions, requireSeed, requireWhole } from "../checks.ts";
import { batches, type RowBatch } from "./batches.ts";
import { items, requireSource } from "./items.ts";
import { randomSource } from "./random.ts";
import type { Source } from "./source.ts";

/** What tells the draws of shuffle buffers from those of generators. */
const SHUFFLE = 1024;

/** One pass over the items; the signal ends it, even while it waits. */
type Pass<T> = (signal: AbortSignal) => AsyncIterable<T>;

export interface StreamBatchOptions {
  /** Leaves out a last batch that is not full. Default false. */
  readonly dropRemainder?: boolean;
  /** Makes every batch in the arrays of the one before: for loops that keep none, such as training. Default false. */
  readonly reuse?: boolean;
}

/**
 * Items that pass by, for `for await` and `model.fit`. Every method gives a new stream that reads this one. Leaving the loop
 * closes the source.
 */
export class Stream<T> implements AsyncIterable<T> {
  readonly #pass: Pass<T>;
  /** Whether each item is in the arrays of the one before. */
  readonly #reuses: boolean;

  /** Use stream(source). */
  constructor(pass: Pass<T>, reuses = false) {
    this.#pass = pass;
    this.#reuses = reuses;
  }

  [Symbol.asyncIterator](): AsyncIterator<T, void, void> {
    const closing = new AbortController();
    const iterator = this.#pass(closing.signal)[Symbol.asyncIterator]();
    return {
      next: () => iterator.next(),
      async return() {
        closing.abort();
        await iterator.return?.();
        return { done: true, value: undefined };
      },
    };
  }

  /** f of each item; a promise is waited for. */
  map<U>(f: (item: T) => U | Promise<U>): Stream<U> {
    requireFunction("map", "f", f, "({ x, y }) => ({ x: x.map(Math.sqrt), y })");
    return this.through(async function* (all) {
      for await (const item of all) yield f(item);
    });
  }

  /** Items for which f is true. */
  filter(f: (item: T) => boolean | Promise<boolean>): Stream<T> {
    requireFunction("filter", "f", f, "({ y }) => y < 2");
    return this.#each(async function* (all) {
      for await (const item of all) if (await f(item)) yield item;
    });
  }

  /** What a generator makes of all items: a parser of bytes or of lines, which may give more or fewer than it takes. */
  through<U>(parse: (all: AsyncIterable<T>) => Iterable<U> | AsyncIterable<U>): Stream<U> {
    requireFunction("through", "parse", parse, "async function* (chunks) { … }");
    return new Stream((signal) => {
      const made = parse(this.#pass(signal));
      requireSource("through: what parse returns", made);
      return items(made as AsyncIterable<U>);
    });
  }

  /** The same items, some perhaps left out. */
  #each(choose: (all: AsyncIterable<T>) => AsyncIterable<T>): Stream<T> {
    return new Stream((signal) => choose(this.#pass(signal)), this.#reuses);
  }

  /** Throws where items that are kept would change. */
  #requireOwn(call: string): void {
    if (this.#reuses)
      throw new Error(
        `${call}: these batches share their arrays, and it would keep some; put it before batch(), or leave out reuse`,
      );
  }

  /** The first `count` items. */
  take(count: number): Stream<T> {
    requireWhole("take", "count", count, 0);
    return this.#each(async function* (all) {
      if (count === 0) return;
      let taken = 0;
      for await (const item of all) {
        yield item;
        if (++taken === count) return;
      }
    });
  }

  /** All but the first `count` items, which are read and let go: to go on where a run was left. */
  skip(count: number): Stream<T> {
    requireWhole("skip", "count", count, 0);
    return this.#each(async function* (all) {
      let seen = 0;
      for await (const item of all) if (++seen > count) yield item;
    });
  }

  /** One pass after another, without end or so many; a source that can be read once only ends after the first. */
  repeat(passes = Number.POSITIVE_INFINITY): Stream<T> {
    if (passes !== Number.POSITIVE_INFINITY) requireWhole("repeat", "passes", passes, 1);
    const pass = this.#pass;
    const passing = async function* (signal: AbortSignal): AsyncGenerator<T, void, void> {
      for (let done = 0; done < passes; done++) {
        let empty = true;
        for await (const item of pass(signal)) {
          empty = false;
          yield item;
        }
        if (empty) return;
      }
    };
    return new Stream(passing, this.#reuses);
  }

  /**
   * Items in the order that a buffer of `bufferSize` of them gives: each that comes takes the place of a random one, which
   * goes on (tf.data's way). The first pass is decided by the seed alone, each later one over the same stream is another.
   */
  shuffle(bufferSize: number, seed = 0): Stream<T> {
    requireWhole("shuffle", "bufferSize", bufferSize, 1);
    requireSeed("shuffle", seed);
    this.#requireOwn("shuffle");
    let passes = 0;
    return this.through(async function* (all) {
      const { below } = randomSource(seed, SHUFFLE + passes++);
      const buffer: T[] = [];
      for await (const item of all) {
        if (buffer.length < bufferSize) {
          buffer.push(item);
          continue;
        }
        const place = below(bufferSize);
        const chosen = buffer[place] as T;
        buffer[place] = item;
        yield chosen;
      }
      while (buffer.length > 0) {
        const place = below(buffer.length);
        const chosen = buffer[place] as T;
        buffer[place] = buffer[buffer.length - 1] as T;
        buffer.pop();
        yield chosen;
      }
    });
  }

  /**
   * Batches of so many examples, the last perhaps of fewer, as `step` and `fit` take them.
   * @throws while it is read, for items that are no examples { x, y } of equally many numbers, saying which
   */
  batch(rows: number, options: StreamBatchOptions = {}): Stream<RowBatch> {
    requireWhole("batch", "rows", rows, 1);
    requireOptions("batch", options, ["dropRemainder", "reuse"]);
    const { dropRemainder = false, reuse = false } = options;
    for (const [name, value] of Object.entries({ dropRemainder, reuse }))
      requireOneOf("batch", name, value, [true, false]);
    return new Stream((signal) => batches("batch", this.#pass(signal), rows, { dropRemainder, reuse }), reuse);
  }

  /** Asks for up to `count` items before they are wanted, so that a source that waits does so while a model learns. */
  prefetch(count: number): Stream<T> {
    requireWhole("prefetch", "count", count, 1);
    this.#requireOwn("prefetch");
    return new Stream((signal) => ahead(items(this.#pass(signal)), count));
  }
}

async function* ahead<T>(iterator: AsyncGenerator<T, void, void>, count: number): AsyncGenerator<T, void, void> {
  const asked: Promise<IteratorResult<T, void>>[] = [];
  try {
    for (;;) {
      while (asked.length <= count) {
        const next = iterator.next();
        // Told when its turn comes.
        next.catch(() => {});
        asked.push(next);
      }
      const { done, value } = (await asked.shift()) as IteratorResult<T, void>;
      if (done) return;
      yield value as T;
    }
  } finally {
    await iterator.return();
  }
}

/**
 * A stream of what a source gives: an iterable, sync or async, Node's Readable, a page's ReadableStream, or a function
 * that opens one for each pass.
 */
export function stream<T>(source: Source<T> | (() => Source<T>)): Stream<T> {
  if (typeof source !== "function") requireSource("stream", source);
  return new Stream((signal) => {
    const opened = typeof source === "function" ? source() : source;
    requireSource("stream: what the function returns", opened);
    return items(opened, signal);
  });
}
