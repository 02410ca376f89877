// Tables: named columns of numbers or text, before they are made a data set.
import { show } from "../checks.ts";

export interface Column {
  readonly name: string;
  readonly values: Float64Array | readonly string[];
}

export interface Table {
  /** Number of rows. */
  readonly size: number;
  readonly columns: readonly Column[];
}

/** Throws for what is no table, or an empty one. */
export function requireTable(call: string, table: Table): void {
  if (typeof table !== "object" || table === null || !Array.isArray(table.columns))
    throw new Error(`${call}: expected a table such as parseCsv makes, got ${show(table)}`);
  if (!(table.size > 0)) throw new Error(`${call}: the table has no rows`);
  for (const { name, values } of table.columns)
    if (values?.length !== table.size)
      throw new Error(`${call}: column ${show(name)} holds ${values?.length} values for ${table.size} rows`);
}

/** The column of a name; throws, naming those there are. */
export function columnOf(call: string, table: Table, name: string): Column {
  const column = table.columns.find((one) => one.name === name);
  if (!column)
    throw new Error(
      `${call}: there is no column ${show(name)}; the columns are ${table.columns.map((one) => show(one.name)).join(", ")}`,
    );
  return column;
}
