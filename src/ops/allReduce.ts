// The one operation that knows of replicas: the sum of a tensor over all that run the same program on other rows.
import { type Operand, type Shape, size, type Tensor } from "../graph/tensor.ts";
import { op } from "./op.ts";

/** As in assembly/kernels/allReduce.ts: a replica's slot is whole cache lines. */
export const slotBytes = (n: number): number => Math.ceil(n / 16) * 64;

/**
 * Σ over replicas. Where the objective is the mean over replicas of a number that is the same in all of them, the
 * cotangent of x in one replica is the sum of y's in all: the operation is its own gradient.
 */
const allReduceOp = /* @__PURE__ */ op("allReduce", {
  shape: ([x]) => x as Shape,
  emit: (k, y, [x], _, exchange) => k.allReduce(y, x as Operand, size(y), exchange, { segment: "sync", offset: 0 }),
  exchangeBytes: (y) => (y.attributes.replicas as number) * slotBytes(size(y)),
  inPlace: [0],
  gradient: (dy, y) => [allReduceOp([dy], y.attributes)],
  examples: () => [],
});

/** Σ of x over `replicas`, the same bits in each; x itself where there is one. */
export const allReduce = (x: Tensor, replicas: number): Tensor => (replicas === 1 ? x : allReduceOp([x], { replicas }));
