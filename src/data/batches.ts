// Examples joined into batches of equally many rows.
import { requireNumbers, requireOptions } from "../checks.ts";
import type { Examples, Numbers } from "./source.ts";

/** Numbers row after row. */
export interface RowBatch {
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
}

/** Numbers that one example has of each kind. */
export type Widths = Readonly<Record<keyof RowBatch, number>>;

const names = ["x", "y"] as const;

type Numeric = Float64Array<ArrayBuffer>;

/** Throws unless an item has numbers by these names → them, as arrays. */
export function rowsOf(call: string, item: unknown): RowBatch {
  requireOptions(call, item, names);
  const listed = (name: (typeof names)[number]): ArrayLike<number> => {
    const numbers: Numbers = (item as Examples)[name];
    const list = typeof numbers === "number" ? [numbers] : numbers;
    requireNumbers(call, name, list);
    return list;
  };
  return { x: listed("x"), y: listed("y") };
}

/** What keeps numbers as they are: an array of the same kind, or for plain ones of 64 bits each. */
const kindOf = (list: ArrayLike<number>): Float64ArrayConstructor =>
  ArrayBuffer.isView(list) ? (list.constructor as Float64ArrayConstructor) : Float64Array;

function part(list: ArrayLike<number>, start: number, end: number): ArrayLike<number> {
  return ArrayBuffer.isView(list) ? (list as Numeric).subarray(start, end) : (list as number[]).slice(start, end);
}

export interface BatchesOptions {
  /** Numbers of one example; default: those of the first item, each item being one example. */
  readonly widths?: Widths;
  /** Leaves out a last batch of fewer rows. */
  readonly dropRemainder?: boolean;
  /** Every batch in the arrays of the one before. */
  readonly reuse?: boolean;
}

/**
 * Items of one or more examples each as batches of `rows`, the last perhaps smaller. An item that is a batch as it should be
 * is passed on as it is.
 * @throws for items that are no examples, or not as wide as the others, saying which
 */
export async function* batches(
  call: string,
  source: AsyncIterable<unknown>,
  rows: number,
  { widths, dropRemainder = false, reuse = false }: BatchesOptions = {},
): AsyncGenerator<RowBatch, void, void> {
  let kept: Record<keyof RowBatch, Numeric> | undefined;
  let filled = 0;
  let number = 0;
  let wide = widths;
  const full = (count: number): RowBatch => {
    const { x, y } = kept as NonNullable<typeof kept>;
    const width = wide as Widths;
    if (!reuse) kept = undefined;
    filled = 0;
    return count === rows ? { x, y } : { x: x.subarray(0, count * width.x), y: y.subarray(0, count * width.y) };
  };
  for await (const item of source) {
    const where = `${call}: item ${++number}`;
    const given = rowsOf(where, item);
    wide ??= { x: given.x.length, y: given.y.length };
    const count = widths ? given.x.length / wide.x : 1;
    for (const name of names) {
      if (given[name].length === 0) throw new Error(`${where}: ${name} is empty; an example has one number at least`);
      if (!(count >= 1 && given[name].length === Math.floor(count) * wide[name]))
        throw new Error(
          `${where}: ${name} has ${given[name].length} numbers, ${widths ? "the model needs" : "those before had"} ${wide[name]} an example`,
        );
    }
    if (count === rows && filled === 0 && widths) {
      yield given;
      continue;
    }
    for (let row = 0; row < count; ) {
      kept ??= { x: new (kindOf(given.x))(rows * wide.x), y: new (kindOf(given.y))(rows * wide.y) };
      const taken = Math.min(count - row, rows - filled);
      for (const name of names) {
        const list = given[name];
        const [into, width] = [kept[name], wide[name]];
        if (kindOf(list) !== into.constructor)
          throw new Error(
            `${where}: ${name} is made for a ${kindOf(list).name}, those before for a ${into.constructor.name}; give all alike`,
          );
        into.set(part(list, row * width, (row + taken) * width), filled * width);
      }
      row += taken;
      filled += taken;
      if (filled === rows) yield full(rows);
    }
  }
  if (filled > 0 && !dropRemainder) yield full(filled);
}
