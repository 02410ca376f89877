// thalweg/data: data sets.
export { type ArrayDatasetOptions, arrayDataset, type Dataset, type ExampleArray } from "./dataset.ts";
export { type IdxArray, readIdx, readIdxFile } from "./idx.ts";
export { type Mnist, type MnistOptions, mnist } from "./mnist.ts";
