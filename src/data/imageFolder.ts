// A folder of PNG images, one folder a class within it: the layout that most tools write.
import { hasFiles, listFolder, locate, readBytes } from "#platform";
import { requireOptions, show } from "../checks.ts";
import { arrayDataset, type Dataset } from "./dataset.ts";
import { reasonOf, showFile } from "./folder.ts";

export interface ImageFolderOptions {
  /** Folder that holds a folder of PNG files for each class. */
  readonly directory: string;
}

interface Picture {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly pixels: Uint8Array;
}

/**
 * Reads images of one size, 8 bits a channel: [height, width, channels] as bytes, with 1 to 4 channels (grey, grey and
 * opacity, RGB, RGB and opacity; colours of a palette become RGB). Classes are the folders' names, and examples the files, both in the order of their names. Node only.
 * @throws for images of different sizes or channels, of 16 bits or less than 8, for damaged files, and where there are none
 */
export async function imageFolder(options: ImageFolderOptions): Promise<Dataset> {
  requireOptions("imageFolder", options, ["directory"]);
  const { directory } = options;
  if (typeof directory !== "string" || directory === "")
    throw new Error(`imageFolder: directory must be the path of a folder, got ${show(directory)}`);
  if (!hasFiles)
    throw new Error(
      "imageFolder: a page cannot list folders; decode the images there and use arrayDataset({ x, y, shape })",
    );
  const root = asFolder(locate(directory));
  const classes = (await list(root)).filter(({ isFolder }) => isFolder).map(({ name }) => name);
  if (classes.length === 0)
    throw new Error(`imageFolder: ${showFile(root)} holds no folders; it needs one for each class, with its PNG files`);
  const pictures: Picture[] = [];
  const labels: number[] = [];
  let first = "";
  for (const [label, name] of classes.entries()) {
    const folder = asFolder(new URL(encodeURIComponent(name), root));
    const files = await list(folder);
    if (files.length === 0)
      throw new Error(`imageFolder: ${showFile(folder)} is empty; give class ${show(name)} images`);
    for (const file of files) {
      const url = new URL(encodeURIComponent(file.name), folder);
      if (file.isFolder || !/\.png$/i.test(file.name))
        throw new Error(`imageFolder: ${showFile(url)} is no .png file; convert it, or move it away`);
      const picture = await readPng(url);
      const [one = picture] = pictures;
      if (size(one) !== size(picture))
        throw new Error(
          `imageFolder: ${showFile(url)} is ${size(picture)}, but ${first} is ${size(one)} (height × width × channels); bring all to one size`,
        );
      if (pictures.length === 0) first = showFile(url);
      pictures.push(picture);
      labels.push(label);
    }
  }
  const { height, width, channels, pixels } = pictures[0] as Picture;
  const x = new Uint8Array(pictures.length * pixels.length);
  pictures.forEach((picture, i) => {
    x.set(picture.pixels, i * pixels.length);
  });
  return arrayDataset({ x, y: labels, shape: [height, width, channels], classes, name: showFile(root) });
}

const size = ({ height, width, channels }: Picture): string => `${height} × ${width} × ${channels}`;

function asFolder(url: URL): URL {
  const folder = new URL(url);
  if (!folder.pathname.endsWith("/")) folder.pathname += "/";
  return folder;
}

/** What a folder holds, by name; hidden files are passed over. */
async function list(folder: URL): ReturnType<typeof listFolder> {
  const entries = await listFolder(folder).catch((cause: unknown) => {
    throw new Error(`imageFolder: cannot read the folder ${showFile(folder)} (${reasonOf(cause)})`, { cause });
  });
  return entries.filter(({ name }) => !name.startsWith(".")).sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function readPng(url: URL): Promise<Picture> {
  const bytes = await readBytes(url).catch((cause: unknown) => {
    throw new Error(`imageFolder: cannot read ${showFile(url)} (${reasonOf(cause)})`, { cause });
  });
  // Only who reads PNG loads the decoder.
  const { decode, convertIndexedToRgb } = await import("fast-png");
  let wrong: string;
  try {
    requirePossible(bytes);
    const image = decode(bytes, { checkCrc: true });
    const { width, height, data, palette } = image;
    const pixels = palette ? convertIndexedToRgb(image) : data;
    const channels = pixels.length / (width * height);
    if (pixels instanceof Uint8Array && (palette || image.depth === 8) && Number.isInteger(channels) && channels > 0)
      return { width, height, channels, pixels };
    wrong = `it has ${image.depth} bits a channel, expected 8; convert it`;
  } catch (cause) {
    throw new Error(`imageFolder: ${showFile(url)}: no PNG, or damaged (${reasonOf(cause)}); get the file again`, {
      cause,
    });
  }
  throw new Error(`imageFolder: ${showFile(url)}: ${wrong}`);
}

/** Throws for a header that says more pixels than the file can hold: the decoder would make room for all of them. */
function requirePossible(bytes: Uint8Array): void {
  if (bytes.length < 24) throw new Error(`${bytes.length} bytes are too few`);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  // A pixel takes one bit at least, and deflate makes a byte of no more than 1032.
  if (width * height > 8 * 1032 * bytes.length)
    throw new Error(`its header says ${height} × ${width} pixels, and ${bytes.length} bytes cannot hold them`);
}
