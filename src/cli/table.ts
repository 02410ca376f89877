// The commands for a table of one's own: train and predict. Written on the public API alone, as a user would.
import { resolve } from "node:path";
import {
  bestSnapshot, chain, checkpoints, createModel, crossEntropy, dense, earlyStopping, type EpochReport as FitEpoch, type Model, meanSquaredError, readCheckpoint, relu, type Snapshot, sgd,
} from "thalweg"; // biome-ignore format: a list of names
import {
  type Dataset, decodeTargets, encodedWidth, encodeExamples, encodeTable, readCsv, type Table, type TableEncoder, tableEncoder, trainTestSplit,
} from "thalweg/data"; // biome-ignore format: a list of names
import { mostFrequent } from "./baseline.ts";
import type { Baseline, Display, EpochReport } from "./display.ts";

export interface TableOptions {
  /** The CSV file, from the root. */
  readonly csv: string;
  readonly target: string;
  readonly exclude: readonly string[];
  readonly widths: readonly number[];
  readonly epochs: number;
  readonly batch: number;
  readonly learningRate: number;
  readonly momentum: number;
  readonly weightDecay: number;
  /** Share of the rows that are kept to test on. */
  readonly testShare: number;
  /** Epochs without a smaller loss on the validation rows after which training stops; 0: never. */
  readonly patience: number;
  readonly seed: number;
  readonly build: "auto" | "strict" | "relaxed";
  /** Where the model is kept. */
  readonly checkpoint: string;
}

/** What a checkpoint says of itself. */
export interface TableNotes {
  readonly command: "thalweg train table";
  readonly options: TableOptions;
  readonly encoder: TableEncoder;
}

const classesOf = ({ target }: TableEncoder): readonly string[] | undefined =>
  target.kind === "category" ? target.categories : undefined;

function modelFor(options: TableOptions, encoder: TableEncoder): Promise<Model> {
  const { widths, learningRate, momentum, weightDecay, seed, build } = options;
  const classes = classesOf(encoder);
  return createModel({
    input: [encodedWidth(encoder)],
    network: chain(...widths.flatMap((width) => [dense(width), relu()]), dense(classes?.length ?? 1)),
    loss: classes ? crossEntropy() : meanSquaredError(),
    optimizer: sgd({ learningRate, momentum, weightDecay }),
    seed,
    build,
  });
}

/** A table as the command reads it: remedies are the command's own. */
async function tableOf(csv: string): Promise<Table> {
  try {
    return await readCsv(csv);
  } catch (error) {
    const { message } = error as Error;
    throw new Error(
      message
        .replace(/, or leave such rows out with missing: "drop"$/, ", or take such rows out of the file")
        .replace(/, or take all as text with types: .*$/, ", or take the column out of the file"),
      { cause: error },
    );
  }
}

/** Columns that hold one value alone: they tell nothing. */
const constantsOf = ({ columns }: Table, but: readonly string[]): readonly string[] =>
  columns
    .filter(
      ({ name, values }) => !but.includes(name) && (values as readonly unknown[]).every((value) => value === values[0]),
    )
    .map(({ name }) => name);

/** Throws for a class that cannot be learnt, chosen by and tested: it needs a row for each. */
function requireClasses(table: Table, target: string, csv: string): void {
  const counts = new Map<unknown, number>();
  for (const value of columnNamed(table, target).values) counts.set(value, (counts.get(value) ?? 0) + 1);
  for (const [label, count] of counts)
    if (count < 3)
      throw new Error(
        `train ${csv}: class ${JSON.stringify(String(label))} of ${JSON.stringify(target)} has ${count === 1 ? "one row" : "two rows"} alone, and needs three: to learn from, to choose the best epoch by and to test on; add rows of it, or take it out of the file`,
      );
}

/** Throws for text that the rows to learn from do not have: which columns hold it, and what to do. */
function requireSeen(table: Table, encoder: TableEncoder, csv: string): void {
  for (const feature of encoder.features) {
    if (feature.kind !== "category") continue;
    const known = new Set(feature.categories);
    const values = columnNamed(table, feature.name).values as readonly string[];
    const unseen = new Set(Array.from(values, String).filter((value) => !known.has(value)));
    const [first] = unseen;
    if (first !== undefined)
      throw new Error(
        `train ${csv}: column ${JSON.stringify(feature.name)} holds text that no row to learn from has, such as ${JSON.stringify(first)} (${unseen.size} kinds of ${unseen.size + known.size}); leave the column out with --exclude ${feature.name}`,
      );
  }
}

const columnNamed = ({ columns }: Table, name: string) =>
  columns.find((column) => column.name === name) as Table["columns"][number];

/** Rows to train on, to choose the best epoch by, and to test on, encoded by the first alone. */
async function dataFor({ csv, target, exclude, testShare, seed }: TableOptions, known?: TableEncoder) {
  const table = await tableOf(csv);
  const given = [target, ...exclude];
  const constant = constantsOf(table, given);
  const hasClasses = tableEncoder(table, { target, exclude: [...exclude, ...constant] }).target.kind === "category";
  if (hasClasses) requireClasses(table, target, csv);
  // Which rows are tested on depends on the seed alone, so that a run that is resumed has the same.
  const { train, validation, test } = trainTestSplit(table, {
    ...{ test: testShare, validation: testShare, seed },
    ...(hasClasses && { stratify: target }),
  });
  // Those that only the rows to learn from hold no two values of tell nothing either.
  const untold = constantsOf(train, given);
  const notes = untold.map((name) =>
    constant.includes(name)
      ? `column "${name}" holds one value alone and tells nothing: it is left out`
      : `column "${name}" holds one value alone in the ${train.size} rows to learn from and tells nothing there: it is left out`,
  );
  const left = [...exclude, ...untold];
  const task = hasClasses ? "classification" : "regression";
  const encoder = known ?? tableEncoder(train, { target, exclude: left, targetScale: "standard", task });
  requireSeen(table, encoder, csv);
  const [training, validating, testing] = [train, validation, test].map((part) => encodeTable(part, encoder));
  return { encoder, notes, train: training as Dataset, validation: validating as Dataset, test: testing as Dataset };
}

/**
 * Trains on the rows of a CSV file, keeps the model as it goes on, and tests it.
 * @param from where a run that is resumed was left
 * @returns whether it went to its end
 */
export async function trainTable(
  options: TableOptions,
  display: Display,
  version: string,
  interruption: () => AbortSignal,
  from?: Snapshot,
): Promise<boolean> {
  const {
    encoder,
    notes: told,
    train,
    validation,
    test,
  } = await dataFor(options, (from?.notes as TableNotes | undefined)?.encoder);
  const model = await modelFor(options, encoder);
  if (from) model.restore(from);
  const { epochs, batch, seed, widths, checkpoint, patience } = options;
  const run = { build: model.build, network: `mlp:${widths.join(",") || "none"}`, threads: model.threads };
  const summary = model.summary();
  display.begin({ ...run, examples: train.size, testExamples: test.size, epochs, batch, seed, version, summary });
  if (!from) for (const note of told) display.note(note);
  const notes: TableNotes = { command: "thalweg train table", options, encoder };
  const signal = interruption();
  const started = performance.now();
  const elapsed = (): number => (performance.now() - started) / 1000;
  let last: EpochReport | undefined;
  try {
    for await (const report of model.fit(train, {
      epochs,
      batchSize: batch,
      validation,
      signal,
      resume: from?.fit !== undefined,
      callbacks: [...(patience > 0 ? [earlyStopping({ patience })] : []), checkpoints(checkpoint, { notes })],
    })) {
      last = report as FitEpoch;
      display.epoch(last);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  if (signal.aborted) {
    display.interrupted(last, elapsed());
    return false;
  }
  const seconds = elapsed();
  if (from && !last) display.note(stoppedBefore(from, patience));
  const { loss: testLoss, accuracy } = model.evaluate(test);
  const scores = accuracy === undefined ? errorsOf(model, encoder, test) : { testAccuracy: accuracy };
  const baseline: Baseline = accuracy === undefined ? meanOf(encoder, train, test) : mostFrequent(test);
  display.end({ ...run, ...scores, testLoss, seconds, baseline, checkpoint });
  return true;
}

/** Why a run that is resumed has nothing left to do. */
function stoppedBefore(from: Snapshot, patience: number): string {
  const [after, best] = [from, bestSnapshot(from)].map(({ fit }) => (fit?.epoch ?? 1) - 1);
  return `the run had stopped after epoch ${after}: none of the last ${patience} was better than epoch ${best}; to wait longer, train anew with a larger --patience`;
}

/** Root mean square error and R² of a regression, in the unit of the table. */
function errorsOf(model: Model, encoder: TableEncoder, test: Dataset): { testRmse: number; testR2: number } {
  const truth = decodeTargets(test.y, encoder);
  const guesses = decodeTargets(model.predict(test.x as Float32Array), encoder);
  const mean = truth.reduce((sum, value) => sum + value, 0) / truth.length;
  const squares = (of: (value: number, i: number) => number): number =>
    truth.reduce((sum, value, i) => sum + of(value, i) ** 2, 0) / truth.length;
  const error = squares((value, i) => value - (guesses[i] as number));
  return { testRmse: Math.sqrt(error), testR2: 1 - error / squares((value) => value - mean) };
}

/** What always answering the mean of the training rows gives. */
function meanOf(encoder: TableEncoder, train: Dataset, test: Dataset): Baseline {
  const [known, truth] = [train, test].map(({ y }) => decodeTargets(y, encoder)) as [Float32Array, Float32Array];
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  return { mean, rmse: Math.sqrt(truth.reduce((sum, value) => sum + (value - mean) ** 2, 0) / truth.length) };
}

/** Predictions for the rows of a CSV file, as CSV or JSON lines. */
export async function predictTable(
  place: string,
  csv: string,
  json: boolean,
  write: (text: string) => void,
): Promise<void> {
  const snapshot = await readCheckpoint(place);
  const notes = snapshot.notes as TableNotes | undefined;
  if (notes?.command !== "thalweg train table")
    throw new Error(
      `${place} was not written by thalweg train with a table; use readCheckpoint in a program of your own`,
    );
  const { encoder } = notes;
  const model = await modelFor(notes.options, encoder);
  // The best epoch, which need not be the last.
  model.restore(bestSnapshot(snapshot));
  const table = await tableOf(resolve(csv));
  const outputs = model.predict(encodeExamples(table, encoder));
  const classes = classesOf(encoder);
  const { name } = encoder.target;
  if (!json) write(`${cell(name)}\n`);
  for (let row = 0; row < table.size; row++) {
    if (!classes) {
      const value = decodeTargets(outputs.subarray(row, row + 1), encoder)[0] as number;
      write(json ? `${JSON.stringify({ [name]: value })}\n` : `${value}\n`);
      continue;
    }
    const logits = outputs.subarray(row * classes.length, (row + 1) * classes.length);
    const most = logits.indexOf(Math.max(...logits));
    const answer = classes[most] as string;
    const total = logits.reduce((sum, logit) => sum + Math.exp(logit - (logits[most] as number)), 0);
    write(json ? `${JSON.stringify({ [name]: answer, probability: 1 / total })}\n` : `${cell(answer)}\n`);
  }
}

/** A cell of CSV, quoted where it must be. */
const cell = (text: string): string => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
