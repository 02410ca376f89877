// MNIST and its relatives: images of 28 × 28 bytes and labels 0 to 9, in four IDX files of the same names.
import type { Dataset, TrainAndTest } from "./dataset.ts";
import { type FolderOptions, folderOf, requireFolderOptions, type Source } from "./folder.ts";
import { type IdxArray, readIdxFile } from "./idx.ts";

export interface IdxImageOptions extends FolderOptions {
  /** Shape of one example: 784 numbers arranged as you like, e.g. [28, 28, 1] for convolutions. Default [784]. */
  readonly shape?: readonly number[];
}

/** What tells one such data set from another. */
export interface IdxImageSource extends Omit<Source, "files"> {
  /** As messages and data sets name it. */
  readonly title: string;
  readonly classes: readonly string[];
}

const side = 28;
const known: readonly (keyof IdxImageOptions)[] = ["directory", "url", "shape"];
const filesOf = (part: "train" | "t10k") => [`${part}-images-idx3-ubyte`, `${part}-labels-idx1-ubyte`] as const;
const files = [...filesOf("train"), ...filesOf("t10k")].join(", ");

/** Reads the four files, plain or gzipped. */
export async function readIdxImages(source: IdxImageSource, options: IdxImageOptions): Promise<TrainAndTest> {
  const { call } = source;
  requireFolderOptions(call, options, known);
  const { shape = [side * side] } = options;
  const fits =
    Array.isArray(shape) &&
    shape.every((extent) => Number.isInteger(extent) && extent > 0) &&
    shape.reduce((a, b) => a * b, 1) === side * side;
  if (!fits)
    throw new Error(`${call}: shape must hold 784 numbers, as [784] or [28, 28, 1]; got ${JSON.stringify(shape)}`);
  const base = folderOf({ ...source, files }, options);
  const [train, test] = await Promise.all([
    readPart(source, base, "train", [...shape], "training set"),
    readPart(source, base, "t10k", [...shape], "test set"),
  ]);
  return { train, test };
}

async function readPart(
  { call, title, classes, origin }: IdxImageSource,
  base: URL,
  part: "train" | "t10k",
  shape: readonly number[],
  name: string,
): Promise<Dataset> {
  const [imageFile, labelFile] = filesOf(part);
  const read = (file: string): Promise<IdxArray> =>
    readIdxFile(new URL(file, base)).catch((cause: Error) => {
      const missing = cause.message.startsWith("readIdxFile")
        ? `; the four files are ${files}, plain or .gz; ${origin}`
        : "";
      throw new Error(`${call}: ${cause.message}${missing}`, { cause });
    });
  const [images, labels] = await Promise.all([read(imageFile), read(labelFile)]);
  const size = images.shape[0] as number;
  if (images.shape.length !== 3 || images.shape[1] !== side || images.shape[2] !== side)
    throw new Error(
      `${call}: ${imageFile} holds [${images.shape}], expected [examples,28,28]; give the files of ${title}`,
    );
  if (labels.shape.length !== 1)
    throw new Error(`${call}: ${labelFile} holds [${labels.shape}], expected [examples]; give the files of ${title}`);
  if (labels.shape[0] !== size)
    throw new Error(
      `${call}: ${size} images in ${imageFile} but ${labels.shape[0]} labels in ${labelFile}; take both from the same source`,
    );
  const wrong = labels.data.findIndex((label) => label > 9);
  if (wrong >= 0)
    throw new Error(
      `${call}: ${labelFile}: label ${wrong} is ${labels.data[wrong]}, expected 0 to 9; get the file again`,
    );
  return {
    size,
    shape,
    x: images.data,
    scale: 1 / 255,
    shift: 0,
    y: Int32Array.from(labels.data),
    targetShape: [],
    classes,
    name: `${title} ${name}`,
  };
}
