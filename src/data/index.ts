// thalweg/data: data sets.
export {
  type ArrayDatasetOptions,
  arrayDataset,
  type Dataset,
  type ExampleArray,
  type PerChannel,
  type TrainAndTest,
} from "./dataset.ts";
export { type FashionMnistOptions, fashionMnist } from "./fashionMnist.ts";
export { type IdxArray, readIdx, readIdxFile } from "./idx.ts";
export { type MnistOptions, mnist } from "./mnist.ts";
