// Examples joined into batches of equally many rows.
import { requireNumbers, requireOptions } from "../checks.ts";
import type { Examples, Numbers } from "./source.ts";

/** Numbers row after row. */
export interface RowBatch {
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
  readonly weights?: ArrayLike<number>;
}

type Name = keyof RowBatch;
const names: readonly Name[] = ["x", "y", "weights"];

type Numeric = Float64Array<ArrayBuffer>;
type Lists<L> = Partial<Record<Name, L>>;

/** Throws unless an item has numbers by these names → them, as arrays. */
export function rowsOf(call: string, item: unknown): RowBatch {
  requireOptions(call, item, names);
  const listed = (name: Name): ArrayLike<number> => {
    const numbers: Numbers | undefined = (item as Examples)[name];
    const list = typeof numbers === "number" ? [numbers] : numbers;
    requireNumbers(call, name, list);
    return list;
  };
  const weighted = (item as Examples).weights !== undefined;
  return { x: listed("x"), y: listed("y"), ...(weighted && { weights: listed("weights") }) };
}

/** What keeps numbers as they are: an array of the same kind, or for plain ones of 64 bits each. */
const kindOf = (list: ArrayLike<number>): Float64ArrayConstructor =>
  ArrayBuffer.isView(list) ? (list.constructor as Float64ArrayConstructor) : Float64Array;

function part(list: ArrayLike<number>, start: number, end: number): ArrayLike<number> {
  return ArrayBuffer.isView(list) ? (list as Numeric).subarray(start, end) : (list as number[]).slice(start, end);
}

/** Each list of one record, by the names of another. */
const each = <L, M>(lists: Lists<L>, make: (list: L, name: Name) => M): Lists<M> =>
  Object.fromEntries(Object.entries(lists).map(([name, list]) => [name, make(list as L, name as Name)]));

export interface BatchesOptions {
  /** Numbers of one example's x and y; default: those of the first item, each item being one example. */
  readonly widths?: { readonly x: number; readonly y: number };
  /** Leaves out a last batch of fewer rows. */
  readonly dropRemainder?: boolean;
  /** Every batch in the arrays of the one before. */
  readonly reuse?: boolean;
}

/**
 * Items of one or more examples each as batches of `rows`, the last perhaps smaller. An item that is a batch as it should be
 * is passed on as it is.
 * @throws for items that are no examples, or not like the others, saying which
 */
export async function* batches(
  call: string,
  source: AsyncIterable<unknown>,
  rows: number,
  { widths, dropRemainder = false, reuse = false }: BatchesOptions = {},
): AsyncGenerator<RowBatch, void, void> {
  let kept: Lists<Numeric> | undefined;
  let filled = 0;
  let number = 0;
  let wide: Lists<number> | undefined;
  const full = (): RowBatch => {
    const batch = kept as Lists<Numeric>;
    const count = filled;
    if (!reuse) kept = undefined;
    filled = 0;
    const list = (all: Numeric, name: Name): Numeric => all.subarray(0, count * (wide?.[name] as number));
    return (count === rows ? { ...batch } : each(batch, list)) as unknown as RowBatch;
  };
  for await (const item of source) {
    const where = `${call}: item ${++number}`;
    const given = rowsOf(where, item);
    wide ??= { ...each(given, ({ length }) => length), ...widths, ...(widths && given.weights && { weights: 1 }) };
    if ((given.weights === undefined) !== (wide.weights === undefined))
      throw new Error(
        `${where} has ${given.weights ? "" : "no "}weights, unlike those before; give all of them weights, or none`,
      );
    const count = widths ? given.x.length / widths.x : 1;
    for (const name of Object.keys(given) as Name[]) {
      const [{ length }, width] = [given[name] as ArrayLike<number>, wide[name] as number];
      if (length === 0) throw new Error(`${where}: ${name} is empty; an example has one number at least`);
      if (!(count >= 1 && length === Math.floor(count) * width))
        throw new Error(
          `${where}: ${name} has ${length} numbers, ${widths ? "the model needs" : "those before had"} ${width} an example`,
        );
    }
    if (count === rows && filled === 0 && widths) {
      yield given;
      continue;
    }
    for (let row = 0; row < count; ) {
      kept ??= each(given, (list, name) => new (kindOf(list))(rows * (wide?.[name] as number)));
      const taken = Math.min(count - row, rows - filled);
      for (const name of Object.keys(given) as Name[]) {
        const list = given[name] as ArrayLike<number>;
        const [into, width] = [kept[name] as Numeric, wide[name] as number];
        if (kindOf(list) !== into.constructor)
          throw new Error(
            `${where}: ${name} is made for a ${kindOf(list).name}, those before for a ${into.constructor.name}; give all alike`,
          );
        into.set(part(list, row * width, (row + taken) * width), filled * width);
      }
      row += taken;
      filled += taken;
      if (filled === rows) yield full();
    }
  }
  if (filled > 0 && !dropRemainder) yield full();
}
