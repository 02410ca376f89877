// The raw operations, for custom networks, losses and regularisers: `import { ops } from "thalweg"`.
export { formatGraph } from "../graph/print.ts";
export { batchStatistics, normalize, type Statistics } from "./batchNorm.ts";
export {
  add,
  div,
  equal,
  greater,
  greaterEqual,
  less,
  lessEqual,
  maximum,
  minimum,
  mul,
  notEqual,
  pow,
  sub,
  where,
} from "./binary.ts";
export { type Conv2dOptions, conv2d } from "./conv.ts";
export { crossEntropy, softCrossEntropy } from "./crossEntropy.ts";
export { grad } from "./grad.ts";
export { constant } from "./leaves.ts";
export { matmul } from "./matmul.ts";
export { broadcastTo, concat, pad, reshape, slice, transpose } from "./movement.ts";
export { avgPool2d, maxPool2d, type Pool2dOptions } from "./pool.ts";
export { dropout, randomNormal, randomUniform } from "./random.ts";
export { argmax, argmin, logSumExp, max, mean, min, sum, variance } from "./reduce.ts";
export { gatherRows, oneHot, pickColumns } from "./rows.ts";
export { logSoftmax, softmax } from "./softmax.ts";
export { stopGradient, straightThrough } from "./stopGradient.ts";
export {
  abs, cos, elu, erf, exp, expm1, gelu, leakyRelu, log, log1p, neg, reciprocal, relu, rsqrt, sigmoid, sign, silu, sin,
  softplus, sqrt, square, tanh,
} from "./unary.ts"; // biome-ignore format: a list of names
