// Which examples train and which judge: splits and folds of data sets and tables, by seed.
import { requireOneOf, requireOptions, requireSeed, requireWhole, show } from "../checks.ts";
import { checkDataset, type Dataset, type ExampleArray } from "./dataset.ts";
import { randomSource, shuffled } from "./random.ts";
import { columnOf, requireTable, type Table } from "./table.ts";

/** What rows can be taken of. */
export type Rows = Dataset | Table;

const isTable = (data: Rows): data is Table => "columns" in data;
const requireRows = (call: string, data: Rows): void =>
  typeof data === "object" && data !== null && isTable(data)
    ? requireTable(call, data)
    : checkDataset(call, data as Dataset);

/** The rows of the given numbers, in that order; a row may come more than once. */
export function subset<D extends Rows>(data: D, rows: ArrayLike<number>): D {
  requireRows("subset", data);
  for (let i = 0; i < rows.length; i++)
    if (!Number.isInteger(rows[i]) || (rows[i] as number) < 0 || (rows[i] as number) >= data.size)
      throw new Error(`subset: rows[${i}] = ${show(rows[i])} is not a row in [0, ${data.size})`);
  if (rows.length === 0) throw new Error("subset: rows is empty; a data set needs at least one example");
  return take(data, rows);
}

function take<D extends Rows>(data: D, rows: ArrayLike<number>): D {
  if (isTable(data))
    return {
      ...data,
      size: rows.length,
      columns: data.columns.map(({ name, values }) => ({
        name,
        values:
          values instanceof Float64Array
            ? Float64Array.from(rows, (row) => values[row] as number)
            : Array.from(rows, (row) => values[row] as string),
      })),
    };
  const gather = <A extends ExampleArray>(from: A): A => {
    const width = from.length / data.size;
    // Not its own constructor: a Buffer of Node's, which is a Uint8Array too, has one that warns.
    const Kind = [Uint8Array, Float32Array, Int32Array].find((kind) => from instanceof kind);
    const to = new (Kind as unknown as new (length: number) => A)(rows.length * width);
    for (let i = 0; i < rows.length; i++)
      to.set(from.subarray((rows[i] as number) * width, ((rows[i] as number) + 1) * width) as never, i * width);
    return to;
  };
  const { weights } = data;
  return {
    ...data,
    size: rows.length,
    x: gather(data.x),
    y: gather(data.y),
    ...(weights && { weights: gather(weights) }),
  };
}

export interface SplitOptions {
  /** Share of the examples in (0, 1), or their number; default 0.25. */
  readonly test?: number;
  /** The same for a validation set; default: none. */
  readonly validation?: number;
  /** Every class has its share in each part: true for a data set with labels, the name of a column for a table. */
  readonly stratify?: boolean | string;
  /** false: the rows stay in order, the last ones are the test set. Default true. */
  readonly shuffle?: boolean;
  /** Default 0. */
  readonly seed?: number;
}

export interface Split<D> {
  readonly train: D;
  readonly test: D;
}

/**
 * Parts of a data set or table that share no row.
 * @throws for parts that would be empty, and with `stratify` for a class with fewer members than there are parts
 */
export function trainTestSplit<D extends Rows>(
  data: D,
  options: SplitOptions & { readonly validation: number },
): Split<D> & { readonly validation: D };
export function trainTestSplit<D extends Rows>(data: D, options?: SplitOptions): Split<D>;
export function trainTestSplit<D extends Rows>(data: D, options: SplitOptions = {}): Split<D> & { validation?: D } {
  const call = "trainTestSplit";
  requireOptions(call, options, ["test", "validation", "stratify", "shuffle", "seed"]);
  requireRows(call, data);
  const { test = 0.25, validation, stratify = false, shuffle = true, seed = 0 } = options;
  requireOneOf(call, "shuffle", shuffle, [true, false]);
  requireSeed(call, seed);
  const counts = [countOf(call, "test", test, data.size)];
  if (validation !== undefined) counts.push(countOf(call, "validation", validation, data.size));
  const rest = data.size - counts.reduce((a, b) => a + b, 0);
  if (rest < 1)
    throw new Error(`${call}: nothing of ${data.size} examples would be left to train with; give smaller parts`);
  if (stratify !== false && !shuffle) throw new Error(`${call}: stratify chooses at random; leave shuffle: false out`);
  const order = shuffle
    ? shuffled(data.size, randomSource(seed, 0))
    : Int32Array.from({ length: data.size }, (_, i) => data.size - 1 - i);
  const parts =
    stratify === false ? cut(order, counts) : cutByClass(call, classesOf(call, data, stratify), order, counts);
  const [training, testing, validating] = parts.map((rows) => take(data, shuffle ? rows : rows.reverse()));
  return { train: training as D, test: testing as D, ...(validating && { validation: validating }) };
}

function countOf(call: string, what: string, part: number, size: number): number {
  const count = part < 1 ? Math.round(part * size) : part;
  if (!Number.isSafeInteger(count) || count < 1 || count >= size)
    throw new Error(
      `${call}: ${what} must be a share in (0, 1) or a number of examples that leaves some of ${size} over, got ${show(part)}`,
    );
  return count;
}

/** The rest, then so many of the order for each count. */
function cut(order: Int32Array, counts: readonly number[]): Int32Array[] {
  const ends = counts.map((_, i) => counts.slice(0, i + 1).reduce((a, b) => a + b));
  return [order.slice(ends.at(-1)), ...ends.map((end, i) => order.slice(end - (counts[i] as number), end))];
}

/** The class of each row, as a number. */
function classesOf(
  call: string,
  data: Rows,
  stratify: boolean | string,
): { readonly names: string[]; readonly of: Int32Array } {
  let values: ArrayLike<unknown>;
  if (isTable(data)) {
    if (typeof stratify !== "string")
      throw new Error(`${call}: stratify must be the name of a column of the table, got ${show(stratify)}`);
    ({ values } = columnOf(call, data, stratify));
  } else {
    if (stratify !== true)
      throw new Error(`${call}: stratify must be true or false for a data set, got ${show(stratify)}`);
    if (!(data.y instanceof Int32Array) || data.y.length !== data.size)
      throw new Error(`${call}: stratify needs class labels, the data set has target values; leave it out`);
    values = data.y;
  }
  const names: string[] = [];
  const numbers = new Map<unknown, number>();
  const of = Int32Array.from(values as ArrayLike<number>, (value) => {
    const known = numbers.get(value);
    if (known !== undefined) return known;
    numbers.set(value, names.length);
    return names.push(String(value)) - 1;
  });
  return { names, of };
}

/** Rows of each class, in the order given. */
const membersOf = (
  { names, of }: { readonly names: readonly string[]; readonly of: Int32Array },
  order: Int32Array,
): number[][] => {
  const members = names.map((): number[] => []);
  for (const row of order) (members[of[row] as number] as number[]).push(row);
  return members;
};

function cutByClass(
  call: string,
  classes: { readonly names: string[]; readonly of: Int32Array },
  order: Int32Array,
  counts: readonly number[],
): Int32Array[] {
  const parts = counts.length + 1;
  const members = membersOf(classes, order);
  const rare = members.findIndex((rows) => rows.length < parts);
  if (rare >= 0)
    throw new Error(
      `${call}: class ${show(classes.names[rare])} has ${(members[rare] as number[]).length} examples for ${parts} parts; give it more, or leave stratify out`,
    );
  const place = new Int32Array(order.length);
  let left = order.length;
  counts.forEach((count, part) => {
    apportion(members.map((rows) => (rows.length * count) / left)).forEach((number, label) => {
      for (const row of (members[label] as number[]).splice(0, number)) place[row] = part + 1;
    });
    left -= count;
  });
  return Array.from({ length: parts }, (_, part) => order.filter((row) => place[row] === part));
}

/** Whole numbers near the shares, with the same sum: the largest remainders are rounded up. */
function apportion(shares: readonly number[]): number[] {
  const whole = shares.map(Math.floor);
  const missing = Math.round(shares.reduce((a, b) => a + b, 0)) - whole.reduce((a, b) => a + b, 0);
  const byRemainder = shares
    .map((share, i) => [share - (whole[i] as number), i] as const)
    .sort(([a, i], [b, j]) => b - a || i - j);
  for (const [, i] of byRemainder.slice(0, missing)) whole[i] = (whole[i] as number) + 1;
  return whole;
}

export interface KFoldOptions {
  /** How many; at least 2. Default 5. */
  readonly folds?: number;
  /** As in SplitOptions. */
  readonly stratify?: boolean | string;
  /** false: each test set is a run of rows. Default true. */
  readonly shuffle?: boolean;
  readonly seed?: number;
}

/**
 * Cross-validation: each row is in the test set of one fold and trains in all others. Sizes differ by one at most. The
 * parts are made as they are asked for.
 */
export function kFold<D extends Rows>(
  data: D,
  options: KFoldOptions = {},
): Iterable<Split<D>> & { readonly length: number } {
  const call = "kFold";
  requireOptions(call, options, ["folds", "stratify", "shuffle", "seed"]);
  requireRows(call, data);
  const { folds = 5, stratify = false, shuffle = true, seed = 0 } = options;
  requireWhole(call, "folds", folds, 2);
  requireOneOf(call, "shuffle", shuffle, [true, false]);
  requireSeed(call, seed);
  if (folds > data.size) throw new Error(`${call}: ${data.size} examples cannot fill ${folds} folds; give fewer`);
  const order = shuffle
    ? shuffled(data.size, randomSource(seed, 1))
    : Int32Array.from({ length: data.size }, (_, i) => i);
  let dealt = order;
  if (stratify !== false) {
    const classes = classesOf(call, data, stratify);
    const members = membersOf(classes, order);
    const rare = members.findIndex((rows) => rows.length < folds);
    if (rare >= 0)
      throw new Error(
        `${call}: class ${show(classes.names[rare])} has ${(members[rare] as number[]).length} examples for ${folds} folds; give fewer folds, or leave stratify out`,
      );
    dealt = Int32Array.from(members.flat());
  }
  const place = new Int32Array(data.size);
  // Dealt one by one, so that every class is spread; in runs where the rows are to stay together.
  dealt.forEach((row, i) => {
    place[row] = shuffle || stratify !== false ? i % folds : Math.floor((i * folds) / data.size);
  });
  return {
    length: folds,
    *[Symbol.iterator]() {
      for (let fold = 0; fold < folds; fold++)
        yield {
          train: take(
            data,
            order.filter((row) => place[row] !== fold),
          ),
          test: take(
            data,
            order.filter((row) => place[row] === fold),
          ),
        };
    },
  };
}
