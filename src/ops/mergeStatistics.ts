// Statistics of a batch that replicas share out, from those that each has of its rows.
import { type Operand, type Shape, size, type Tensor } from "../graph/tensor.ts";
import { allReduce, slotBytes } from "./allReduce.ts";
import { batchStatistics, batchStatisticsGradientOp, type Statistics } from "./batchNorm.ts";
import { mul } from "./binary.ts";
import { concat, slice } from "./movement.ts";
import { op } from "./op.ts";

const half = (pair: Tensor, which: 0 | 1): Tensor => slice(pair, [(which * size(pair)) / 2], [size(pair) / 2]);

/**
 * Mean and variance of the whole batch, as a function of x; the replica's own, [2·channels], are a help for it. Every
 * row counts the same, so the derivative by x is that of one thread, with the cotangents of all replicas added up.
 */
const mergeStatisticsOp = /* @__PURE__ */ op("mergeStatistics", {
  shape: ([, own]) => own as Shape,
  emit: (k, y, [, own], { share }, exchange) =>
    k.mergeStatistics(y, own as Operand, size(y) / 2, exchange, { segment: "sync", offset: 0 }, share as number),
  exchangeBytes: (y) => (y.attributes.replicas as number) * slotBytes(size(y) + 1),
  gradient: (slopes, y) => {
    const { replicas, share } = y.attributes as { replicas: number; share: number };
    // The derivative of a replica's own statistics divides by its own rows.
    const whole = mul(allReduce(slopes, replicas), share);
    return [batchStatisticsGradientOp([whole, y.inputs[0] as Tensor, half(y, 0)]), null];
  },
  examples: () => [],
});

/**
 * batchStatistics over the rows of all replicas.
 * @param share this replica's part of the rows, in (0, 1]
 */
export function wholeBatchStatistics(x: Tensor, replicas: number, share: number): Statistics {
  const own = batchStatistics(x);
  if (replicas === 1) return own;
  const both = mergeStatisticsOp([x, concat([own.mean, own.variance])], { replicas, share });
  return { mean: half(both, 0), variance: half(both, 1), count: Math.round(own.count / share) };
}
