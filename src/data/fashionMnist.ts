// Fashion-MNIST (Xiao, Rasul and Vollgraf 2017): 60,000 + 10,000 pictures of clothes, in files named as MNIST's.
import type { TrainAndTest } from "./dataset.ts";
import { type IdxImageOptions, type IdxImageSource, readIdxImages } from "./idxImages.ts";

export interface FashionMnistOptions extends IdxImageOptions {
  /** Folder that holds the four IDX files, plain or gzipped. Node only. */
  readonly directory?: string;
}

const source: IdxImageSource = {
  call: "fashionMnist",
  title: "Fashion-MNIST",
  classes: [
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
  ], // biome-ignore format: ten names in a row
  origin:
    "get them from https://github.com/zalandoresearch/fashion-mnist, or on Debian and Ubuntu with `apt-get install dataset-fashion-mnist` (they are then in /usr/share/datasets/fashion-mnist)",
};

/**
 * Reads Fashion-MNIST: images as bytes (entering a model as byte/255, so in [0, 1]), labels 0 to 9.
 * @returns `train` (60,000 examples) and `test` (10,000), in the order of the files
 * @throws if no folder is given, and as {@link mnist}
 */
export function fashionMnist(options: FashionMnistOptions = {}): Promise<TrainAndTest> {
  return readIdxImages(source, options);
}
