// From tables to data sets: numbers scaled, text made one-hot, targets made labels or values, all by what the training
// table holds. The encoder is plain data: keep it beside the model, and what comes later is read as what was learnt from.
import { requireOneOf, requireOptions, show } from "../checks.ts";
import { arrayDataset, type Dataset } from "./dataset.ts";
import { type Column, columnOf, requireTable, type Table } from "./table.ts";

/** "standard": mean 0, deviation 1. "minMax": from 0 to 1. "none": as they are. */
export type Scaling = "standard" | "minMax" | "none";

export interface EncoderOptions {
  /** Name of the column to be predicted. */
  readonly target: string;
  /** Columns to predict from; default: all others. */
  readonly features?: readonly string[];
  /** Columns to leave out. */
  readonly exclude?: readonly string[];
  /** How numbers enter the model; default "standard". */
  readonly scale?: Scaling;
  /**
   * Default: "classification" for text and for whole numbers of few kinds (at most 20, with five rows each or more on
   * the average), else "regression".
   */
  readonly task?: "classification" | "regression";
  /** How targets of a regression are scaled; undone by decodeTargets. Default "none". */
  readonly targetScale?: Scaling;
}

/** A number v enters as (v − shift)/scale. */
interface NumberEncoding {
  readonly name: string;
  readonly kind: "number";
  readonly shift: number;
  readonly scale: number;
}
/** Text enters as one number for each of its kinds: 1 for its own, 0 for the others. */
interface CategoryEncoding {
  readonly name: string;
  readonly kind: "category";
  readonly categories: readonly string[];
}

/** Plain data, as JSON can hold it. */
export interface TableEncoder {
  readonly features: readonly (NumberEncoding | CategoryEncoding)[];
  readonly target: NumberEncoding | CategoryEncoding;
}

const scalings: readonly Scaling[] = ["standard", "minMax", "none"];
const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

/**
 * Learns from a table of training examples how tables become data sets.
 * @throws for columns that are not there, that are constant, and for a target of one class alone
 */
export function tableEncoder(table: Table, options: EncoderOptions): TableEncoder {
  const call = "tableEncoder";
  requireTable(call, table);
  requireOptions(call, options, ["target", "features", "exclude", "scale", "task", "targetScale"]);
  const { target, exclude = [], scale = "standard", task, targetScale = "none" } = options;
  requireOneOf(call, "scale", scale, scalings);
  requireOneOf(call, "targetScale", targetScale, scalings);
  requireOneOf(call, "task", task, [undefined, "classification", "regression"]);
  const goal = columnOf(call, table, target);
  for (const name of exclude) columnOf(call, table, name);
  const all = table.columns.map(({ name }) => name).filter((name) => name !== target);
  const names = (options.features ?? all).filter((name) => !exclude.includes(name));
  if (names.includes(target))
    throw new Error(`${call}: the target ${show(target)} is among the features; leave it out`);
  if (names.length === 0) throw new Error(`${call}: there are no columns to predict ${show(target)} from`);
  const encoding = targetOf(call, goal, task ?? taskOf(goal), targetScale);
  return { features: names.map((name) => featureOf(call, columnOf(call, table, name), scale)), target: encoding };
}

function featureOf(call: string, column: Column, scale: Scaling): NumberEncoding | CategoryEncoding {
  const { name, values } = column;
  const constant = `${call}: column ${show(name)} holds ${show(values[0])} in every row and tells nothing; leave it out with exclude: [${show(name)}]`;
  if (!(values instanceof Float64Array)) {
    const categories = [...new Set(values as readonly string[])].sort(byCodeUnit);
    if (categories.length === 1) throw new Error(constant);
    return { name, kind: "category", categories };
  }
  const { low, high } = rangeOf(call, column);
  if (low === high) throw new Error(constant);
  return numberEncoding(call, column, scale);
}

/** Throws for numbers that are not finite. */
function rangeOf(call: string, { name, values }: Column): { readonly low: number; readonly high: number } {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  (values as Float64Array).forEach((value, row) => {
    if (!Number.isFinite(Math.fround(value)))
      throw new Error(`${call}: column ${show(name)}, row ${row}: ${value} is not a finite number`);
    low = Math.min(low, value);
    high = Math.max(high, value);
  });
  return { low, high };
}

function numberEncoding(call: string, column: Column, scale: Scaling): NumberEncoding {
  const { name } = column;
  const values = column.values as Float64Array;
  const { low, high } = rangeOf(call, column);
  if (scale === "none") return { name, kind: "number", shift: 0, scale: 1 };
  if (scale === "minMax") return { name, kind: "number", shift: low, scale: high - low || 1 };
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { name, kind: "number", shift: mean, scale: Math.sqrt(variance) || 1 };
}

const MOST_CLASSES = 20;
const ROWS_A_CLASS = 5;

function taskOf({ values }: Column): "classification" | "regression" {
  if (!(values instanceof Float64Array)) return "classification";
  const kinds = new Set(values).size;
  const few = kinds <= MOST_CLASSES && values.length >= ROWS_A_CLASS * kinds;
  return few && values.every(Number.isInteger) ? "classification" : "regression";
}

function targetOf(
  call: string,
  column: Column,
  task: "classification" | "regression",
  scale: Scaling,
): NumberEncoding | CategoryEncoding {
  const { name, values } = column;
  if (task === "regression") {
    if (!(values instanceof Float64Array))
      throw new Error(`${call}: the target ${show(name)} holds text; a regression needs numbers`);
    const { low, high } = rangeOf(call, column);
    if (low === high)
      throw new Error(`${call}: the target ${show(name)} is ${low} in every row: there is nothing to learn`);
    return numberEncoding(call, column, scale);
  }
  // Numbers in their own order, not that of their digits.
  const categories =
    values instanceof Float64Array
      ? [...new Set(values)].sort((a, b) => a - b).map(String)
      : [...new Set(values as readonly string[])].sort(byCodeUnit);
  if (categories.length < 2)
    throw new Error(
      `${call}: the target ${show(name)} holds one class alone, ${show(categories[0])}: there is nothing to tell apart`,
    );
  return { name, kind: "category", categories };
}

/** Numbers of one encoded example. */
export const encodedWidth = ({ features }: TableEncoder): number =>
  features.reduce((sum, feature) => sum + (feature.kind === "number" ? 1 : feature.categories.length), 0);

/**
 * The examples of a table, row after row: what `predict` takes. Columns are found by name, whatever their order; others
 * are passed over.
 * @throws for a column that is missing or holds something else than it did, and for a category that was never seen
 */
export function encodeExamples(table: Table, encoder: TableEncoder): Float32Array {
  return examplesOf("encodeExamples", table, encoder);
}

function examplesOf(call: string, table: Table, encoder: TableEncoder): Float32Array {
  requireTable(call, table);
  const width = encodedWidth(encoder);
  const x = new Float32Array(table.size * width);
  let offset = 0;
  for (const feature of encoder.features) {
    const column = columnOf(call, table, feature.name);
    if (feature.kind === "number") {
      const values = numbersOf(call, column, feature);
      for (let row = 0; row < table.size; row++) x[row * width + offset] = values[row] as number;
      offset++;
    } else {
      const labels = labelsOf(call, column, feature);
      for (let row = 0; row < table.size; row++) x[row * width + offset + (labels[row] as number)] = 1;
      offset += feature.categories.length;
    }
  }
  return x;
}

function numbersOf(call: string, column: Column, { shift, scale }: NumberEncoding): Float32Array {
  if (!(column.values instanceof Float64Array))
    throw new Error(
      `${call}: column ${show(column.name)} holds text such as ${show(column.values[0])}; the encoder knows it as numbers`,
    );
  rangeOf(call, column);
  return Float32Array.from(column.values, (value) => (value - shift) / scale);
}

function labelsOf(call: string, { name, values }: Column, { categories }: CategoryEncoding): Int32Array {
  const numbers = new Map(categories.map((category, i) => [category, i]));
  return Int32Array.from(values as ArrayLike<number | string>, (value, row) => {
    const label = numbers.get(String(value));
    if (label === undefined)
      throw new Error(
        `${call}: column ${show(name)}, row ${row}: ${show(String(value))} was not there when the encoder was made; known are ${categories.map(show).join(", ")}`,
      );
    return label;
  });
}

/**
 * A table as a data set: labels with the names of the classes for a classification, one value an example for a
 * regression.
 * @throws as encodeExamples, and for a target of an unknown class
 */
export function encodeTable(table: Table, encoder: TableEncoder): Dataset {
  const x = examplesOf("encodeTable", table, encoder);
  const { target } = encoder;
  const column = columnOf("encodeTable", table, target.name);
  const shape = [encodedWidth(encoder)];
  return target.kind === "category"
    ? arrayDataset({
        x,
        y: labelsOf("encodeTable", column, target),
        shape,
        classes: target.categories,
        name: target.name,
      })
    : arrayDataset({ x, y: numbersOf("encodeTable", column, target), shape, targetShape: [1], name: target.name });
}

/** Outputs of a regression as the values they stand for: undoes `targetScale`. */
export function decodeTargets(outputs: ArrayLike<number>, { target }: TableEncoder): Float32Array {
  if (target.kind === "category")
    throw new Error(`decodeTargets: ${show(target.name)} is a class; take the name of the largest output's class`);
  return Float32Array.from(outputs, (value) => value * target.scale + target.shift);
}
