// What gives examples one after another.

/** Anything that gives items one after another: an iterable, sync or async, Node's Readable or a page's ReadableStream. */
export type Source<T> = Iterable<T> | AsyncIterable<T> | ReadableStream<T>;

/** One or more examples, or their targets: a number, or numbers row after row. */
export type Numbers = number | ArrayLike<number>;

/** One example or a batch of them, as sources give them. */
export interface Examples {
  readonly x: Numbers;
  readonly y: Numbers;
  /** What each example counts; see Dataset. All items have weights, or none. */
  readonly weights?: Numbers;
}

/** Whether a value can be read item by item; the numbers of a typed array are no items. */
export const isSource = (value: unknown): value is Source<unknown> =>
  typeof value === "object" &&
  value !== null &&
  !ArrayBuffer.isView(value) &&
  (Symbol.asyncIterator in value || Symbol.iterator in value || "getReader" in value);
