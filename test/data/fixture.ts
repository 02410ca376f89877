// Files of data sets made on the spot: small, and as right or wrong as a test needs.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

/** The bytes of an IDX file of unsigned bytes. */
export function idx(shape: readonly number[], data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * shape.length + data.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0, 0, 8, shape.length]);
  for (const [axis, extent] of shape.entries()) view.setUint32(4 + 4 * axis, extent);
  bytes.set(data, 4 + 4 * shape.length);
  return bytes;
}

/** `size` images of 28 × 28, labels 0 to 9 in turn; digit d lights rows 2d + 4 and 2d + 5, so it can be learnt. */
export function stripes(size: number): { images: Uint8Array; labels: Uint8Array } {
  const images = new Uint8Array(size * 784);
  const labels = Uint8Array.from({ length: size }, (_, i) => i % 10);
  for (const [i, label] of labels.entries())
    images.fill(255, i * 784 + (2 * label + 4) * 28, i * 784 + (2 * label + 6) * 28);
  return { images: idx([size, 28, 28], images), labels: idx([size], labels) };
}

export type MnistFiles = Record<
  "train-images-idx3-ubyte" | "train-labels-idx1-ubyte" | "t10k-images-idx3-ubyte" | "t10k-labels-idx1-ubyte",
  Uint8Array
>;

/** The four files of a data set like MNIST, of `train` and `test` examples. */
export function mnistFiles(train: number, test: number): MnistFiles {
  const [a, b] = [stripes(train), stripes(test)];
  return {
    "train-images-idx3-ubyte": a.images,
    "train-labels-idx1-ubyte": a.labels,
    "t10k-images-idx3-ubyte": b.images,
    "t10k-labels-idx1-ubyte": b.labels,
  };
}

/** The byte of one pixel of a made image, in one channel. */
export const cifarPixel = (image: number, channel: number, pixel: number): number =>
  (image * 53 + channel * 91 + pixel * (3 + channel)) % 256;

/** A file of CIFAR-10's binary version: images `first` to `first + size − 1`, with labels 0 to 9 in turn. */
export function cifarFile(size: number, first: number): Uint8Array {
  const bytes = new Uint8Array(size * 3073);
  for (let i = 0; i < size; i++) {
    bytes[i * 3073] = (first + i) % 10;
    for (let channel = 0; channel < 3; channel++)
      for (let pixel = 0; pixel < 1024; pixel++)
        bytes[i * 3073 + 1 + channel * 1024 + pixel] = cifarPixel(first + i, channel, pixel);
  }
  return bytes;
}

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** Writes files into a new temporary folder, which goes when the importing test file is done. */
export function temporaryFolder(files: Readonly<Record<string, Uint8Array>>): string {
  const folder = mkdtempSync(join(tmpdir(), "thalweg-idx-"));
  folders.push(folder);
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
  return folder;
}
