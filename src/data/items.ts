// How a source is read: asked for each item when it is wanted, and closed when nobody wants more.
import { show } from "../checks.ts";
import { isSource, type Source } from "./source.ts";

export function requireSource(call: string, value: unknown): asserts value is Source<unknown> {
  if (!isSource(value))
    throw new Error(
      `${call}: expected an iterable, an async iterable, a Readable or a ReadableStream, got ${show(value)}`,
    );
}

type Items<T> = Iterator<T> | AsyncIterator<T>;

/** By its reader where there is one: not every browser's ReadableStream can be iterated over. */
function open<T>(source: Source<T>): Items<T> {
  if ("getReader" in source) {
    const reader = source.getReader();
    return {
      async next() {
        const result = await reader.read();
        // Who reads on finds it empty, not locked.
        if (result.done) reader.releaseLock();
        return result as IteratorResult<T>;
      },
      async return() {
        await reader.cancel();
        reader.releaseLock();
        return { done: true, value: undefined };
      },
    };
  }
  return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
}

/**
 * A source's items, each asked for when the last has been dealt with. Leaving the loop closes the source, and so does
 * the signal, even while the next item is being waited for.
 * @throws what the source throws; the signal's reason
 */
export async function* items<T>(source: Source<T>, signal?: AbortSignal): AsyncGenerator<T, void, void> {
  signal?.throwIfAborted();
  const iterator = open(source);
  let interrupt: (reason: unknown) => void = () => {};
  const abort = (): void => interrupt(signal?.reason);
  signal?.addEventListener("abort", abort);
  // One promise an item, not a race: what has lost a race against a promise that lasts is never let go.
  const next = (): Promise<IteratorResult<T>> =>
    new Promise((resolve, reject) => {
      interrupt = reject;
      Promise.resolve(iterator.next()).then(resolve, reject);
    });
  // Also where the source has ended, by itself or by an error: then there is nothing to close.
  let waits = false;
  try {
    for (;;) {
      signal?.throwIfAborted();
      waits = true;
      const { done, value } = await next();
      if (done) return;
      waits = false;
      yield value;
    }
  } finally {
    signal?.removeEventListener("abort", abort);
    if (!waits) await iterator.return?.();
    else if (signal?.aborted) {
      // A Readable's iterator and a generator answer only after the item that is waited for, which may never come.
      if ("destroy" in source && typeof source.destroy === "function") source.destroy();
      Promise.resolve(iterator.return?.()).catch(() => {});
    }
  }
}
