// Options of the command line, from text to values; what does not parse is refused by name.
import { accessSync, constants } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { InvalidArgumentError } from "commander";
import { type DatasetName, datasetNames, defaultNetwork, type NetworkChoice, type Recipe, recipes } from "./recipes.ts";
import type { TableOptions } from "./table.ts";

export type Schedule = "linear" | "constant";

/** Options of a table alone. */
interface TableChoices {
  readonly target?: string;
  readonly exclude?: readonly string[];
  readonly testShare?: number;
  readonly patience?: number;
}

/** As they are given: what is not said depends on the network. */
export interface GivenOptions extends Partial<Recipe>, TableChoices {
  readonly network?: NetworkChoice;
  /** Widths of hidden layers: the network is an mlp of them. */
  readonly hidden?: readonly number[];
  readonly schedule: Schedule;
  /** Whether images are changed at random; by default those of cifar10 are. */
  readonly augment?: boolean;
  readonly seed: number;
  readonly build: "auto" | "strict" | "relaxed";
  readonly threads: number | "auto";
  /** Folder of the data set's files. */
  readonly data?: string;
  readonly json?: boolean;
  /** Show where a step's time goes; with a name, write the trace file too. */
  readonly profile?: string | true;
  /** Where the model is kept as it goes on; a table's always is. */
  readonly checkpoint?: string;
}

/** All that a run needs to know. */
export interface TrainOptions
  extends Omit<GivenOptions, "hidden" | "json" | keyof TableChoices | keyof Recipe>,
    Recipe {
  readonly dataset: DatasetName;
  readonly network: NetworkChoice;
  readonly augment: boolean;
}

/** Completes options by the recipe of their network. */
export function complete(dataset: DatasetName, { hidden, json, ...given }: GivenOptions): TrainOptions {
  const chosen = hidden ? mlpOf(hidden) : (given.network ?? network(defaultNetwork[dataset]));
  return { augment: dataset === "cifar10", ...recipes[chosen.kind], ...given, dataset, network: chosen };
}

/** A data set's name, or a table's file. */
export function datasetOrTable(text: string): string {
  if ((datasetNames as readonly string[]).includes(text) || isTable(text)) return text;
  throw new InvalidArgumentError(`Expected ${datasetNames.join(", ")}, or a file whose name ends in .csv or .csv.gz.`);
}

export const isTable = (dataset: string): boolean => /\.csv(\.gz)?$/i.test(dataset);

/** Completes the options of a run on a table; throws for those that are of images alone. */
export function completeTable(csv: string, given: GivenOptions): TableOptions {
  const { target, hidden, network: chosen, data, profile, augment } = given;
  if (target === undefined) throw new Error(`train ${csv}: give --target, the column to predict`);
  for (const [name, value] of Object.entries({ data, profile, augment }))
    if (value !== undefined) throw new Error(`train ${csv}: --${name} is for images alone; leave it out`);
  if (given.threads !== 1) throw new Error(`train ${csv}: --threads is for images alone; a table is done by one`);
  if (chosen && chosen.kind !== "mlp")
    throw new Error(`train ${csv}: --network ${chosen.name} is for images alone; give mlp:64 or the like`);
  const { testShare = 0.2, patience = 20, exclude = [], seed, build, checkpoint } = given;
  const { epochs = 200, batch = 32, learningRate = 0.05, momentum = 0.9, weightDecay = 0 } = given;
  return {
    ...{ csv: resolve(csv), target, exclude, widths: hidden ?? chosen?.widths ?? [64], epochs, batch, learningRate },
    ...{ momentum, weightDecay, testShare, patience, seed, build },
    checkpoint: checkpoint ?? basename(csv).replace(/\.csv(\.gz)?$/i, ".checkpoint"),
  };
}

/** A parser of whole numbers from `least` on. */
export function wholeNumber(least: number, most = 2 ** 31 - 1): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most))
      throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`);
    return value;
  };
}

/** A number of points: 0, none, or from 2 on. */
export function countOrNone(text: string): number {
  return text === "0" ? 0 : wholeNumber(2)(text);
}

const threadCount = wholeNumber(1, 64);

/** "2" → 2; "auto": as many as there are cores. */
export const threads = (text: string): number | "auto" => (text === "auto" ? text : threadCount(text));

/** Where a trace file may be written. */
export function traceFile(path: string): string {
  if ((datasetNames as readonly string[]).includes(path))
    throw new InvalidArgumentError(`Put the data set first, as in train ${path} --profile.`);
  try {
    accessSync(dirname(path), constants.W_OK);
  } catch {
    throw new InvalidArgumentError(`There is no folder ${dirname(path)} that can be written to.`);
  }
  return path;
}

/** A parser of numbers for which `holds`; `expected` describes them. */
export function number(expected: string, holds: (value: number) => boolean): (text: string) => number {
  return (text) => {
    const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
    if (!(Number.isFinite(value) && holds(value))) throw new InvalidArgumentError(`Expected ${expected}.`);
    return value;
  };
}

/** "128" → [128], "512,512" → [512, 512], "0" or "none" → []. */
export function widths(text: string): readonly number[] {
  if (text === "0" || text === "none") return [];
  const parse = wholeNumber(1, 65536);
  try {
    return text.split(",").map((width) => parse(width.trim()));
  } catch {
    throw new InvalidArgumentError(
      "Expected widths from 1 to 65536 as 128 or 512,512; or none for a linear classifier.",
    );
  }
}

const mlpOf = (list: readonly number[]): NetworkChoice => ({
  name: `mlp:${list.length === 0 ? "none" : list.join(",")}`,
  kind: "mlp",
  widths: list,
});

/** "mlp:128,64" and the names of architectures. */
export function network(text: string): NetworkChoice {
  if (text.startsWith("mlp:")) return mlpOf(widths(text.slice(4)));
  if (text === "lenet5" || text === "convfc") return { name: text, kind: text };
  const [, depth, plain] = /^resnet(\d+)(-noskip)?$/.exec(text) ?? [];
  if (depth !== undefined && Number(depth) >= 8 && (Number(depth) - 2) % 6 === 0)
    return { name: text, kind: "resnet", depth: Number(depth), skips: plain === undefined };
  throw new InvalidArgumentError(
    "Expected lenet5, convfc, mlp:128 or mlp:512,512, resnet20 or resnet20-noskip (or another depth of 6n + 2).",
  );
}
