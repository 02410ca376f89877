// The data sets of the command, by name, as images; and how theirs are augmented.
import type { Augmentation } from "thalweg";
import { cifar10, fashionMnist, mnist, type TrainAndTest } from "thalweg/data";
import type { DatasetName } from "./recipes.ts";

interface Source {
  read(directory: string | undefined): Promise<TrainAndTest>;
  readonly augmentation: Augmentation;
}

const shape = [28, 28, 1];
const of = (directory: string | undefined) => (directory === undefined ? {} : { directory });

const sources: Readonly<Record<DatasetName, Source>> = {
  mnist: { read: (directory) => mnist({ shape, ...of(directory) }), augmentation: { crop: 2 } },
  fashion: { read: (directory) => fashionMnist({ shape, ...of(directory) }), augmentation: { crop: 2, flip: true } },
  cifar10: { read: (directory) => cifar10(of(directory)), augmentation: { crop: 4, flip: true } },
};

export const augmentationOf = (name: DatasetName): Augmentation => sources[name].augmentation;

/** Reads a data set; where no folder was given and it has none of its own, says which option gives it. */
export async function readDataset(name: DatasetName, directory: string | undefined): Promise<TrainAndTest> {
  try {
    return await sources[name].read(directory);
  } catch (error) {
    if (directory !== undefined) throw error;
    throw new Error(`give the folder of the files with --data: ${(error as Error).message}`, { cause: error });
  }
}
