// thalweg/data: data sets.

export type { RowBatch } from "./batches.ts";
export { type Cifar10Options, cifar10 } from "./cifar10.ts";
export { breastCancer, digits, iris, wine } from "./classics.ts";
export { type CsvOptions, parseCsv, readCsv } from "./csv.ts";
export {
  type ArrayDatasetOptions,
  arrayDataset,
  type Dataset,
  type ExampleArray,
  type PerChannel,
  type TrainAndTest,
} from "./dataset.ts";
export {
  decodeTargets,
  type EncoderOptions,
  encodedWidth,
  encodeExamples,
  encodeTable,
  type Scaling,
  type TableEncoder,
  tableEncoder,
} from "./encode.ts";
export { type FashionMnistOptions, fashionMnist } from "./fashionMnist.ts";
export {
  type BlobsOptions,
  blobs,
  type CirclesOptions,
  circles,
  type DriftingStreamOptions,
  driftingStream,
  type GeneratorOptions,
  type LinearProblem,
  type LinearRegressionOptions,
  linearRegression,
  moons,
  type PolynomialRegressionOptions,
  polynomialRegression,
  type SpiralsOptions,
  type StreamBatch,
  spirals,
} from "./generators.ts";
export { type IdxArray, readIdx, readIdxFile } from "./idx.ts";
export { type ImageFolderOptions, imageFolder } from "./imageFolder.ts";
export { type MnistOptions, mnist } from "./mnist.ts";
export { type ChannelStatistics, channelStatistics, normalized } from "./normalized.ts";
export { type NpyArray, readNpy, readNpyFile, readNpz, readNpzFile, writeNpy, writeNpz } from "./npy.ts";
export { oneHot } from "./oneHot.ts";
export { type RandomSource, randomSource } from "./random.ts";
export type {
  CurriculumOptions,
  Drawn,
  EpochContext,
  ImportanceOptions,
  Sampler,
  SamplerOptions,
} from "./samplers/index.ts";
export * as samplers from "./samplers/index.ts";
export type { Examples, Source } from "./source.ts";
export { type KFoldOptions, kFold, type Rows, type Split, type SplitOptions, subset, trainTestSplit } from "./split.ts";
export { Stream, type StreamBatchOptions, stream } from "./stream.ts";
export type { Column, Table } from "./table.ts";
