// Callbacks that most runs want; each is a plain object, as you may write your own.
import { appendLine } from "#platform";
import { requireOneOf, requireOptions, requirePositive, requireWhole, show } from "./checks.ts";
import { saveCheckpoint } from "./files/checkpoint.ts";
import type { Callback } from "./training/callbacks.ts";
import type { EpochReport, Report } from "./training/reports.ts";
import type { Snapshot } from "./training/snapshot.ts";

/** A number of an epoch's report: by name, or by a function of one's own. */
export type Monitor = "loss" | "validationLoss" | "validationAccuracy" | ((report: EpochReport) => number);

export interface EarlyStoppingOptions {
  /** What is to get better; default "validationLoss". */
  readonly monitor?: Monitor;
  /** Whether less is better or more; default "max" for "validationAccuracy", "min" for all else. */
  readonly mode?: "min" | "max";
  /** Epochs without an improvement after which training stops, a whole number ≥ 1; default 5. */
  readonly patience?: number;
  /** What counts as an improvement: more than this, ≥ 0; default 0. */
  readonly minDelta?: number;
  /** Whether the model goes back to its best epoch at the end, θ, state and optimiser; default true. */
  readonly restoreBest?: boolean;
}

const monitors = {
  loss: ({ loss }: EpochReport) => loss,
  validationLoss: ({ validation }: EpochReport) => validation?.loss,
  validationAccuracy: ({ validation }: EpochReport) => validation?.accuracy,
};

/** Reads a monitored number, which may be NaN. @throws where the reports have none */
function reader(call: string, monitor: Monitor): (report: EpochReport) => number {
  if (typeof monitor !== "function") requireOneOf(call, "monitor", monitor, Object.keys(monitors));
  const read = typeof monitor === "function" ? monitor : monitors[monitor];
  return (report) => {
    const value: unknown = read(report);
    if (typeof value !== "number")
      throw new Error(
        typeof monitor === "function"
          ? `${call}: monitor gave ${show(value)} in epoch ${report.epoch}; it must return a number`
          : `${call}: monitor "${monitor}" is ${show(value)} in epoch ${report.epoch}; give fit a validation set whose loss judges answers, or monitor: "loss"`,
      );
    return value;
  };
}

/** What earlyStopping must know to go on. */
interface Stopping {
  /** The least so far, or the negative of the most. */
  readonly best: number;
  /** Epochs since then. */
  readonly waited: number;
  /** The model after the best epoch, without the states of callbacks. */
  readonly snapshot: Snapshot;
}

/**
 * The best epoch's, of a snapshot that was taken during a fit with earlyStopping, as a checkpoint holds it: what that goes
 * back to. Without earlyStopping the snapshot itself. Notes are those of the snapshot.
 */
export function bestSnapshot(snapshot: Snapshot): Snapshot {
  const state = snapshot.fit?.callbacks?.find(({ name }) => name === "earlyStopping")?.state as Stopping | undefined;
  return state ? { ...state.snapshot, ...("notes" in snapshot && { notes: snapshot.notes }) } : snapshot;
}

/**
 * Stops when nothing has got better for some epochs, and goes back to the best one. NaN is never better, as in Keras. A
 * checkpoint of the fit holds the best epoch too, so that a fit which goes on from it ends where it would have ended.
 */
export function earlyStopping(options: EarlyStoppingOptions = {}): Callback {
  requireOptions("earlyStopping", options, ["monitor", "mode", "patience", "minDelta", "restoreBest"]);
  const { monitor = "validationLoss", patience = 5, minDelta = 0, restoreBest = true } = options;
  const { mode = monitor === "validationAccuracy" ? "max" : "min" } = options;
  const read = reader("earlyStopping", monitor);
  requireOneOf("earlyStopping", "mode", mode, ["min", "max"]);
  requireWhole("earlyStopping", "patience", patience, 1);
  if (!(minDelta >= 0 && minDelta < Number.POSITIVE_INFINITY))
    throw new Error(`earlyStopping: minDelta must be a finite number ≥ 0, got ${show(minDelta)}`);
  requireOneOf("earlyStopping", "restoreBest", restoreBest, [true, false]);
  const sign = mode === "min" ? 1 : -1;
  let best = Number.POSITIVE_INFINITY;
  let snapshot: Snapshot | undefined;
  let waited = 0;
  return {
    name: "earlyStopping",
    state: (): Stopping | undefined => snapshot && { best, waited, snapshot },
    restore(state) {
      ({ best, waited, snapshot } = state as Stopping);
      return waited >= patience ? "stop" : undefined;
    },
    begin() {
      [best, snapshot, waited] = [Number.POSITIVE_INFINITY, undefined, 0];
    },
    async report(report, model) {
      if (report.kind !== "epoch") return undefined;
      const value = sign * read(report);
      const better = value < best - minDelta;
      if (better || snapshot === undefined) {
        const { fit, ...rest } = await model.snapshot();
        snapshot = { ...rest, ...(fit && { fit: { ...fit, callbacks: undefined } }) };
      }
      waited = better ? 0 : waited + 1;
      if (better) best = value;
      return waited >= patience ? "stop" : undefined;
    },
    async end(model) {
      if (restoreBest && snapshot && waited > 0) await model.restore(snapshot);
    },
  };
}

/** Stops behind the first report after so many seconds, > 0. */
export function timeLimit(seconds: number): Callback {
  requirePositive("timeLimit", "seconds", seconds);
  return { report: (report) => (report.seconds >= seconds ? "stop" : undefined) };
}

export interface CheckpointsOptions {
  /** After every so many epochs, a whole number ≥ 1; default 1. */
  readonly everyEpochs?: number;
  /** Also at every report of steps (see `reportEvery`); default false. */
  readonly atSteps?: boolean;
  /** See saveCheckpoint. */
  readonly notes?: unknown;
}

/**
 * Writes a checkpoint as fit goes on, always to the same place, when all callbacks have been told; see saveCheckpoint.
 */
export function checkpoints(place: string, options: CheckpointsOptions = {}): Callback {
  requireOptions("checkpoints", options, ["everyEpochs", "atSteps", "notes"]);
  const { everyEpochs = 1, atSteps = false, ...rest } = options;
  requireWhole("checkpoints", "everyEpochs", everyEpochs, 1);
  requireOneOf("checkpoints", "atSteps", atSteps, [true, false]);
  if (typeof place !== "string" || place === "")
    throw new Error(`checkpoints: expected a place such as "run.checkpoint", got ${show(place)}`);
  return {
    async settled(report, model) {
      const due = report.kind === "epoch" ? report.epoch % everyEpochs === 0 : atSteps;
      if (due) await saveCheckpoint(model, place, rest);
    },
  };
}

/** Keeps every report, across fits. */
export function history(): Callback & { readonly reports: readonly Report[] } {
  const reports: Report[] = [];
  return {
    reports,
    report(report) {
      reports.push(report);
    },
  };
}

/** Numbers by path: { validation: { loss } } → "validation.loss". */
function flat(value: object, path = ""): [string, unknown][] {
  return Object.entries(value).flatMap(([name, inner]): [string, unknown][] =>
    typeof inner === "object" && inner !== null ? flat(inner, `${path}${name}.`) : [[path + name, inner]],
  );
}

/** A row of CSV (RFC 4180): cells are quoted where they must be. */
const csvRow = (cells: readonly unknown[]): string =>
  cells
    .map((cell) => String(cell ?? ""))
    .map((text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text))
    .join(",");

/**
 * Adds a row per epoch to a CSV file (Node). A new file begins with the names; an old one goes on, as a run does that is
 * resumed, where its names are the same.
 * @throws from fit, for an old file that begins otherwise
 */
export const csvLog = (path: string): Callback => ({
  async report(report) {
    if (report.kind !== "epoch") return;
    const { kind: _, ...numbers } = report;
    const row = flat(numbers);
    const names = csvRow(row.map(([name]) => name));
    const fits = await appendLine(path, csvRow(row.map(([, value]) => value)), names);
    if (!fits)
      throw new Error(
        `csvLog: ${show(path)} does not begin with the names of this report, ${names}; give the log another path, or move the old file away`,
      );
  },
});

/** Adds every report to a file as a line of JSON (Node). */
export const jsonLinesLog = (path: string): Callback => ({
  async report(report) {
    await appendLine(path, JSON.stringify(report));
  },
});
