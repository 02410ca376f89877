// CIFAR-10 (Krizhevsky 2009): 50,000 + 10,000 pictures of 32 × 32 pixels in ten classes, from the files of its binary
// version. An image is a label byte, then 1024 bytes of red, 1024 of green, 1024 of blue, each row after row.
import { readBytes } from "#platform";
import { requireOneOf } from "../checks.ts";
import type { Dataset, TrainAndTest } from "./dataset.ts";
import {
  type FolderOptions,
  folderOf,
  isMissing,
  isWebPage,
  notAPage,
  reasonOf,
  requireFolderOptions,
  type Source,
  showFile,
} from "./folder.ts";
import { channelStatistics, normalized } from "./normalized.ts";

export interface Cifar10Options extends FolderOptions {
  /** Folder with data_batch_1.bin to data_batch_5.bin, or some of them, and test_batch.bin. Node only. */
  readonly directory?: string;
  /**
   * Bring each channel to mean 0 and deviation 1 on the training images that were read, the test images by the same
   * constants. Default true; with false the pixels enter a model as byte/255.
   */
  readonly normalize?: boolean;
}

const side = 32;
const channels = 3;
const plane = side * side;
const record = 1 + channels * plane;
const trainFiles = [1, 2, 3, 4, 5].map((part) => `data_batch_${part}.bin`);
const testFile = "test_batch.bin";
const classes = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

const source: Source = {
  call: "cifar10",
  files: [...trainFiles, testFile].join(", "),
  origin:
    'get the "CIFAR-10 binary version" from https://www.cs.toronto.edu/~kriz/cifar.html and unpack it: they are in its folder cifar-10-batches-bin',
};

/**
 * Reads CIFAR-10: images [32, 32, 3] as bytes, channels last, and labels 0 to 9. Of the five files of training images
 * those that are there are read, in order: a part of the data set is enough to train on. On all of them the constants
 * of `normalize` are the known ones: means 0.4914, 0.4822, 0.4465 and deviations 0.2470, 0.2435, 0.2616 of [0, 1].
 * @returns `train` (10,000 examples a file) and `test` (10,000), in the order of the files
 * @throws if no folder is given, if no training file or the test file is found, and for files that are truncated or
 * hold a label above 9
 */
export async function cifar10(options: Cifar10Options = {}): Promise<TrainAndTest> {
  requireFolderOptions("cifar10", options, ["directory", "url", "normalize"]);
  const { normalize = true } = options;
  requireOneOf("cifar10", "normalize", normalize, [true, false]);
  const base = folderOf(source, options);
  // One after the other: a file's bytes can go before the next ones come.
  const parts: Images[] = [];
  for (const file of trainFiles) {
    const part = await readImages(new URL(file, base));
    if (part) parts.push(part);
  }
  if (parts.length === 0)
    throw new Error(`cifar10: none of ${trainFiles.join(", ")} is in ${showFile(base)}; ${source.origin}`);
  const testPart = await readImages(new URL(testFile, base));
  if (!testPart) throw new Error(`cifar10: ${testFile} is not in ${showFile(base)}; ${source.origin}`);
  const train = dataset(parts, "CIFAR-10 training set");
  const test = dataset([testPart], "CIFAR-10 test set");
  if (!normalize) return { train, test };
  const statistics = channelStatistics(train);
  return { train: normalized(train, statistics), test: normalized(test, statistics) };
}

interface Images {
  readonly pixels: Uint8Array;
  readonly labels: Uint8Array;
}

/** The images of a file; undefined where there is none. */
async function readImages(url: URL): Promise<Images | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await readBytes(url);
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    throw new Error(`cifar10: cannot read ${showFile(url)} (${reasonOf(cause)})`, { cause });
  }
  const fail = (what: string): never => {
    throw new Error(`cifar10: ${showFile(url)} ${what}; ${isWebPage(bytes) ? notAPage : "get the file again"}`);
  };
  const size = bytes.length / record;
  if (size === 0) fail("is empty");
  if (!Number.isInteger(size))
    fail(
      `holds ${bytes.length} bytes, not a multiple of the ${record} of an image and its label: it is damaged or was not copied whole`,
    );
  const pixels = new Uint8Array(size * channels * plane);
  const labels = new Uint8Array(size);
  for (let i = 0; i < size; i++) {
    const label = bytes[i * record] as number;
    if (label >= classes.length) fail(`has the label ${label} at image ${i}, expected 0 to 9`);
    labels[i] = label;
    interleave(pixels, i * channels * plane, bytes, i * record + 1);
  }
  return { pixels, labels };
}

/** Three planes, one after the other, to pixels of three channels. */
function interleave(pixels: Uint8Array, to: number, planes: Uint8Array, from: number): void {
  for (let channel = 0; channel < channels; channel++)
    for (let i = 0; i < plane; i++) pixels[to + i * channels + channel] = planes[from + channel * plane + i] as number;
}

function dataset(parts: readonly Images[], name: string): Dataset {
  const size = parts.reduce((sum, { labels }) => sum + labels.length, 0);
  const x = new Uint8Array(size * channels * plane);
  const y = new Int32Array(size);
  let at = 0;
  for (const { pixels, labels } of parts) {
    x.set(pixels, at * channels * plane);
    y.set(labels, at);
    at += labels.length;
  }
  return {
    size,
    shape: [side, side, channels],
    x,
    scale: 1 / 255,
    shift: 0,
    y,
    targetShape: [],
    classes,
    name,
  };
}
