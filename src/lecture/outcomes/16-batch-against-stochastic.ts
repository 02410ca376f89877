// What row 16 says and draws of what it read.
import type { Finding, Outcome } from "../experiment.ts";
import { table } from "../table.ts";

/** A cell of the table and the number that fills it. */
export type Filled = {
  readonly property: string;
  /** Of two. */
  readonly method: string;
  /** The lecture's. */
  readonly word: string;
  /** Of the experiment that the number is from. */
  readonly row: number;
  readonly said: string;
  /** Whether the number bears the word out. */
  readonly borne: boolean;
  readonly number: string;
  readonly value: number;
  readonly interval: readonly [low: number, high: number] | null;
  readonly runs: number;
  readonly expected: number | null;
};

/** Line by line. */
export type Data = { readonly cells: readonly Filled[] };

export function outcome(data: Data): Outcome<Data> {
  const { cells } = data;
  const against = cells.filter(({ borne }) => !borne);
  const names = against.map(({ property, method }) => `"${property}" of ${method}`);
  const properties = [...new Set(cells.map(({ property }) => property))];
  const rows = [...new Set(cells.map(({ row }) => row))].sort((a, b) => a - b);
  const shown = ({ said, borne }: Filled): string => (borne ? said : `${said} – not borne out`);
  return {
    data,
    verdict: {
      judgement: against.length === 0 ? "supported" : 2 * against.length < cells.length ? "partly" : "not supported",
      why: `${cells.length - against.length} of the table's ${cells.length} cells are borne out by a number measured here${against.length === 0 ? "" : `; not so ${names.join(", ")}`}.`,
      numbers: cells.map(findingOf),
    },
    figures: [
      table({
        name: "table",
        caption: `The lecture's table with what the experiments of the rows named found: ${properties.length} lines, means of the numbers of runs that each row says. A cell is borne out where its number's 95 % interval is on the side that the lecture's word names.`,
        description: cells.map(({ property, method, said }) => `${property}, ${method}: ${said}.`).join(" "),
        columns: ["", "batch GD", "stochastic GD"].map((head, at) => ({ head, width: at === 0 ? 190 : 300 })),
        rows: properties.map((property) => [
          property,
          ...cells.filter((cell) => cell.property === property).map(shown),
        ]),
      }),
    ],
    how: `No computation of its own: the numbers of rows ${rows.join(", ")}.`,
  };
}

const findingOf = ({ property, method, row, number, value, interval, runs, expected }: Filled): Finding => ({
  name: `${property}, ${method}: ${number} (row ${row})`,
  value,
  ...(interval && { interval }),
  runs,
  ...(expected !== null && { expected }),
});
