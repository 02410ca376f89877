// Losses of values: regression, counts, directions.
import { requireOptions, requirePositive } from "../checks.ts";
import type { Tensor } from "../graph/tensor.ts";
import { add, maximum, minimum, mul, sub } from "../ops/binary.ts";
import { reshape } from "../ops/movement.ts";
import { sum } from "../ops/reduce.ts";
import { abs, exp, rsqrt, square } from "../ops/unary.ts";
import { type Loss, likePrediction, perExample } from "./loss.ts";

/** (prediction − target)², the mean over outputs. */
export function meanSquaredError(): Loss {
  return {
    name: "meanSquaredError",
    target: likePrediction,
    apply: (prediction, target) => perExample(square(sub(prediction, target))),
  };
}

/** |prediction − target|, the mean over outputs. */
export function meanAbsoluteError(): Loss {
  return {
    name: "meanAbsoluteError",
    target: likePrediction,
    apply: (prediction, target) => perExample(abs(sub(prediction, target))),
  };
}

/** r²/2 where |r| ≤ delta, delta·(|r| − delta/2) beyond (Huber 1964). */
export function huber(options: { readonly delta?: number } = {}): Loss {
  requireOptions("huber", options, ["delta"]);
  const { delta = 1 } = options;
  requirePositive("huber", "delta", delta);
  return {
    name: "huber",
    target: likePrediction,
    apply: (prediction, target) => {
      const r = abs(sub(prediction, target));
      const inner = minimum(r, delta);
      // inner²/2 + delta·(r − inner): one form for both branches
      return perExample(add(mul(0.5, square(inner)), mul(delta, sub(r, inner))));
    },
  };
}

/**
 * exp(x) − y·x, the mean over outputs: counts y ≥ 0 whose rate is exp(x), the network giving its logarithm (PyTorch's
 * PoissonNLLLoss). Less than Poisson's −log p by log y!, which no parameter changes.
 */
export function poisson(): Loss {
  return {
    name: "poisson",
    target: (prediction) => ({ shape: prediction, type: "f32", range: [0, Number.POSITIVE_INFINITY] }),
    apply: (logRate, target) => perExample(sub(exp(logRate), mul(target, logRate))),
  };
}

/** Squared length below which a vector counts as one of this length: PyTorch's 1e-8, squared. */
const LEAST = 1e-16;

/** 1 − cos of the angle between prediction and target, over all outputs of an example: in [0, 2]. */
export function cosine(): Loss {
  const flat = (x: Tensor): Tensor => reshape(x, [x.shape[0] as number, -1]);
  const inverseLength = (x: Tensor): Tensor => rsqrt(maximum(sum(square(x), 1), LEAST));
  return {
    name: "cosine",
    target: likePrediction,
    apply(prediction, target) {
      const [p, t] = [flat(prediction), flat(target)];
      return sub(1, mul(mul(sum(mul(p, t), 1), inverseLength(p)), inverseLength(t)));
    },
  };
}
