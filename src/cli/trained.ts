// Networks that `thalweg train` kept, for the commands that look at them.
import { createModel, type Model, type ModelOptions, readCheckpoint, type Snapshot } from "thalweg";
import { type Dataset, randomSource, subset, type TrainAndTest } from "thalweg/data";
import { readDataset } from "./datasets.ts";
import type { TrainOptions } from "./options.ts";
import { type DatasetName, datasetNames } from "./recipes.ts";
import { type ImageNotes, modelOptions } from "./train.ts";

/** What these commands ask alike. */
export interface LookOptions {
  /** The data set by name, or the folder of its files. */
  readonly data?: string;
  readonly threads?: number | "auto";
}

/** What they ask that look at one network. */
export interface ExamineOptions extends LookOptions {
  readonly on: "train" | "test";
  readonly examples: number;
  /** What files are called first. */
  readonly out?: string;
  readonly png?: boolean;
  readonly json?: boolean;
}

export interface Trained {
  readonly snapshot: Snapshot;
  readonly options: TrainOptions;
}

/** @throws for checkpoints of something else */
export async function readTrained(checkpoint: string): Promise<Trained> {
  const snapshot = await readCheckpoint(checkpoint);
  const notes = snapshot.notes as ImageNotes | undefined;
  if (notes?.command !== "thalweg train images")
    throw new Error(
      `${checkpoint} was not written by thalweg train on images; use thalweg/science in a program of your own`,
    );
  return { snapshot, options: notes.options };
}

/** The data that a network was trained on. */
export async function dataOf({ options }: Trained, { data }: LookOptions): Promise<TrainAndTest> {
  const isName = (datasetNames as readonly (string | undefined)[]).includes(data);
  if (isName && data !== options.dataset)
    throw new Error(`--data ${data}: the network was trained on ${options.dataset}; leave --data out`);
  return readDataset(options.dataset as DatasetName, isName || data === undefined ? options.data : data);
}

/** How to make the network again. */
export const optionsOf = ({ options }: Trained, { threads }: LookOptions, train: Dataset): ModelOptions =>
  modelOptions({ ...options, threads: threads ?? options.threads }, train);

/** The network of a checkpoint, its data by name and in full, and the examples that it is looked at with. */
export async function examined(
  checkpoint: string,
  command: ExamineOptions,
): Promise<TrainAndTest & { readonly dataset: DatasetName; readonly model: Model; readonly data: Dataset }> {
  const trained = await readTrained(checkpoint);
  const sets = await dataOf(trained, command);
  const model = await createModel(optionsOf(trained, command, sets.train));
  model.restore(trained.snapshot);
  return { ...sets, dataset: trained.options.dataset, model, data: drawn(sets[command.on], command.examples) };
}

/** So many examples, drawn by seed 0; all, where there are no more. */
function drawn(data: Dataset, examples: number): Dataset {
  if (examples >= data.size) return data;
  const { below } = randomSource(0, 0);
  const rows = Int32Array.from({ length: data.size }, (_, i) => i);
  // Fisher and Yates, as far as it is needed.
  for (let i = 0; i < examples; i++) {
    const other = i + below(data.size - i);
    [rows[i], rows[other]] = [rows[other] as number, rows[i] as number];
  }
  return subset(data, rows.subarray(0, examples));
}
