// The triplet loss: an embedding in which like examples lie nearer than unlike ones.
import { requireOneOf, requireOptions, requirePositive } from "../checks.ts";
import { showShape, type Tensor } from "../graph/tensor.ts";
import { add, greater, maximum, mul, sub } from "../ops/binary.ts";
import { reshape, slice } from "../ops/movement.ts";
import { sum } from "../ops/reduce.ts";
import { sqrt, square } from "../ops/unary.ts";
import type { Loss } from "./loss.ts";

export interface TripletOptions {
  /** How much nearer the like one has to be; default 1. */
  readonly margin?: number;
  /** "euclidean", as PyTorch's TripletMarginLoss, or "squared", as FaceNet (Schroff et al. 2015). Default "euclidean". */
  readonly distance?: "euclidean" | "squared";
}

/** Added to each difference, as PyTorch does: the root has a derivative where two embeddings are equal. */
const EPSILON = 1e-6;

/**
 * max(0, margin + y·(d(a, b) − d(a, c))) for embeddings [batch, 3, …] of a, b, c: one example is three inputs, such as
 * [3, 784], and `each(network)` embeds them alike. Target y, one number an example: 1 where b is the one like a (the
 * usual order: anchor, positive, negative), −1 where c is.
 */
export function triplet(options: TripletOptions = {}): Loss {
  requireOptions("triplet", options, ["margin", "distance"]);
  const { margin = 1, distance = "euclidean" } = options;
  requirePositive("triplet", "margin", margin);
  requireOneOf("triplet", "distance", distance, ["euclidean", "squared"]);
  /** d(a, b) − d(a, c), [batch] */
  const excess = (embeddings: Tensor): Tensor => {
    const [batch, three] = embeddings.shape as [number, number];
    const all = reshape(embeddings, [batch, three, -1]);
    const width = all.shape[2] as number;
    const at = (i: number): Tensor => reshape(slice(all, [0, i, 0], [batch, 1, width]), [batch, width]);
    const between = (p: Tensor, q: Tensor): Tensor =>
      distance === "squared" ? sum(square(sub(p, q)), 1) : sqrt(sum(square(add(sub(p, q), EPSILON)), 1));
    return sub(between(at(0), at(1)), between(at(0), at(2)));
  };
  return {
    name: "triplet",
    target(prediction) {
      if (prediction.length < 3 || prediction[1] !== 3)
        throw new Error(
          `triplet: expected a network output of [batch, 3, …], the embeddings of three inputs, got ${showShape(prediction)}; give the model examples of three inputs, such as [3, 784], and the network each(…)`,
        );
      return { shape: prediction.slice(0, 1), type: "f32", values: [-1, 1] };
    },
    apply: (prediction, target) => maximum(add(margin, mul(target, excess(prediction))), 0),
    correct: (prediction, target) => greater(mul(target, sub(0, excess(prediction))), 0),
  };
}
