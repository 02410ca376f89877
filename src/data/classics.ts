// Small tables that come with the package: see tables/README.md for their sources and licences.
import { readCsv } from "./csv.ts";
import { arrayDataset, type Dataset } from "./dataset.ts";
import { encodeTable, tableEncoder } from "./encode.ts";
import type { Table } from "./table.ts";

// Each address in the form that bundlers look for.

/** Fisher's irises: 150 examples of 4 lengths in centimetres, three species. */
export const iris = (): Promise<Dataset> => classic(new URL("./tables/iris.csv", import.meta.url), "iris");

/** Wines: 178 examples of 13 chemical measures, three cultivars. */
export const wine = (): Promise<Dataset> => classic(new URL("./tables/wine.csv", import.meta.url), "wine");

/** Breast tumours: 569 examples of 30 measures of cell nuclei, benign (0) or malignant (1). */
export const breastCancer = (): Promise<Dataset> =>
  classic(new URL("./tables/breastCancer.csv", import.meta.url), "breastCancer");

/** Handwritten digits: 1797 images [8, 8, 1] of whole numbers 0 to 16, which enter a model as 0 to 1. */
export async function digits(): Promise<Dataset> {
  const table = await readCsv(new URL("./tables/digits.csv.gz", import.meta.url));
  const columns = table.columns.map(({ values }) => values as Float64Array);
  const y = Int32Array.from(columns.pop() as Float64Array);
  const x = Uint8Array.from({ length: 64 * table.size }, (_, i) => columns[i % 64]?.[Math.floor(i / 64)] as number);
  const classes = Array.from({ length: 10 }, (_, digit) => String(digit));
  return arrayDataset({ x, y, shape: [8, 8, 1], scale: 1 / 16, classes, name: "digits" });
}

async function classic(url: URL, name: string): Promise<Dataset> {
  const table: Table = await readCsv(url);
  const target = table.columns.at(-1)?.name as string;
  return { ...encodeTable(table, tableEncoder(table, { target, scale: "none" })), name };
}
