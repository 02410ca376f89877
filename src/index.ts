// The public names of thalweg.
export { type BuildChoice, type BuildName, type KernelSource, load, supportedBuilds } from "../bindings/load.ts";
export {
  bestSnapshot,
  type CheckpointsOptions,
  checkpoints,
  csvLog,
  type EarlyStoppingOptions,
  earlyStopping,
  history,
  jsonLinesLog,
  type Monitor,
  timeLimit,
} from "./callbacks.ts";
export { chain } from "./chain.ts";
export { type ArrayDatasetOptions, arrayDataset, type Dataset, type PerChannel } from "./data/dataset.ts";
export {
  decodeCheckpoint,
  encodeCheckpoint,
  loadCheckpoint,
  readCheckpoint,
  type SaveCheckpointOptions,
  saveCheckpoint,
} from "./files/checkpoint.ts";
export {
  decodeWeights,
  encodeWeights,
  type LoadedWeights,
  type LoadWeightsOptions,
  loadWeights,
  saveWeights,
} from "./files/weights.ts";
export type { Shape, Tensor } from "./graph/tensor.ts";
export {
  type BinaryCrossEntropyOptions,
  binaryCrossEntropy,
  binaryFocal,
  type CrossEntropyOptions,
  crossEntropy,
  type FocalOptions,
  focal,
  type KlDivergenceOptions,
  klDivergence,
} from "./losses/classes.ts";
export type { Loss, LossFunction, TargetSpecification } from "./losses/loss.ts";
export {
  exponential,
  hinge,
  logistic,
  type MarginOptions,
  type RelaxedZeroOneOptions,
  relaxedZeroOne,
  type SmoothHingeOptions,
  smoothHinge,
  squaredHinge,
} from "./losses/margins.ts";
export { type TripletOptions, triplet } from "./losses/triplet.ts";
export { cosine, huber, meanAbsoluteError, meanSquaredError, poisson } from "./losses/values.ts";
export { elu, gelu, leakyRelu, relu, sigmoid, silu, softplus, tanh } from "./nn/activations.ts";
export { convfc } from "./nn/architectures/convfc.ts";
export { lenet5 } from "./nn/architectures/lenet5.ts";
export { mlp } from "./nn/architectures/mlp.ts";
export type { ArchitectureOptions } from "./nn/architectures/options.ts";
export { type ResnetOptions, resnet } from "./nn/architectures/resnet.ts";
export { type BatchNormOptions, batchNorm } from "./nn/batchNorm.ts";
export { residual } from "./nn/chain.ts";
export { type Conv2dLayerOptions, conv2d, depthwiseConv2d } from "./nn/conv2d.ts";
export { type DenseOptions, dense } from "./nn/dense.ts";
export { dropout } from "./nn/dropout.ts";
export { each } from "./nn/each.ts";
export { embedding } from "./nn/embedding.ts";
export { type GroupNormOptions, groupNorm } from "./nn/groupNorm.ts";
export type { Draw, Initializer } from "./nn/initializers.ts";
export * as initializers from "./nn/initializers.ts";
export type { Context, Layer, Normalization, ParameterKind, State } from "./nn/layer.ts";
export { type LayerNormOptions, layerNorm } from "./nn/layerNorm.ts";
export { avgPool2d, globalAveragePool2d, maxPool2d } from "./nn/pool.ts";
export {
  type BinaryOptions,
  binary,
  type GumbelSoftmaxOptions,
  gumbelSoftmax,
  type SoftmaxOptions,
  softmax,
} from "./nn/relaxations.ts";
export { flatten, reshape } from "./nn/shape.ts";
export * as ops from "./ops/index.ts";
export type { Pool2dOptions } from "./ops/pool.ts";
export {
  type AdadeltaOptions,
  type AdagradOptions,
  type AdamOptions,
  type AmsgradOptions,
  adadelta,
  adagrad,
  adam,
  adamax,
  adamW,
  nadam,
  type RmspropOptions,
  radam,
  rmsprop,
} from "./optimizers/adaptive.ts";
export { type EmaOptions, ema, type SwaOptions, swa } from "./optimizers/averages.ts";
export { type ParameterGroup, parameterGroups } from "./optimizers/groups.ts";
export { lamb } from "./optimizers/lamb.ts";
export { type LionOptions, lion } from "./optimizers/lion.ts";
export { type LookaheadOptions, lookahead, type SamOptions, sam } from "./optimizers/lookahead.ts";
export type {
  Optimizer,
  Schedule,
  Slice,
  StepInputs,
  Transform,
  TransformRule,
  Update,
} from "./optimizers/optimizer.ts";
export type { LearningRateOptions } from "./optimizers/options.ts";
export { type RpropOptions, rprop } from "./optimizers/rprop.ts";
export type { DecayOptions } from "./optimizers/runs.ts";
export { type SgdOptions, sgd } from "./optimizers/sgd.ts";
export { clipByGlobalNorm, clipByValue, gradientTransform } from "./optimizers/transform.ts";
export { formatProgram } from "./plan/print.ts";
export type { Program } from "./plan/program.ts";
export { elasticNet, l1, l2, type NamedParameter, type Regularizer, type RegularizerOptions } from "./regularizers.ts";
export type { DecayScheduleOptions, Plateau, PlateauOptions, StepOptions } from "./schedules.ts";
export * as schedules from "./schedules.ts";
export type { Augmentation } from "./training/augmentation.ts";
export type { Callback, FittedModel } from "./training/callbacks.ts";
export type { Measured, Metric, Metrics } from "./training/metrics.ts";
export { createModel, Model, type ModelOptions } from "./training/model.ts";
export type { Objective, ObjectiveOptions } from "./training/objective.ts";
export type { Profile, ProfileCall, ProfileOptions } from "./training/profile.ts";
export { chromeTrace, formatProfile } from "./training/profileText.ts";
export type { RefreshOptions } from "./training/refresh.ts";
export { createRemoteModel, type RemoteModel, type RemoteObjective, type TransferOptions } from "./training/remote.ts";
export type {
  Batch,
  EpochReport,
  EvaluateOptions,
  Evaluation,
  FitOptions,
  Report,
  StepReport,
} from "./training/reports.ts";
export type { CallbackState, FitPosition, Snapshot, SnapshotOptions } from "./training/snapshot.ts";
export type { ParameterSlice, StateSlice } from "./training/trace.ts";
