// LAMB: Adam's direction, as long for each layer as the layer's weights.

import { requireOptions, requireWithin } from "../checks.ts";
import type { Tensor } from "../graph/tensor.ts";
import { div, greater, mul, where } from "../ops/binary.ts";
import { sum } from "../ops/reduce.ts";
import { sqrt, square } from "../ops/unary.ts";
import { type AdamOptions, adaptiveOp, rules } from "./adaptive.ts";
import type { Optimizer } from "./optimizer.ts";
import { LARGEST, requireDecay, requireLearningRate, requireShare } from "./options.ts";
import { byRuns, requireDecays } from "./runs.ts";
import { descend } from "./sgd.ts";

const norm = (x: Tensor): Tensor => sqrt(sum(square(x)));

/**
 * LAMB (You et al. 2020), for large batches: u = m̂/(√v̂ + ε) + λ·w, w −= η·(‖w‖/‖u‖)·u, each parameter of the layout by
 * itself; the ratio is 1 where either norm is 0. Default η 0.001, ε 1e-6, λ 0.
 */
export function lamb(options: AdamOptions = {}): Optimizer {
  requireOptions("lamb", options, ["learningRate", "beta1", "beta2", "epsilon", "weightDecay", "decays"]);
  const { learningRate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-6, weightDecay = 0, decays = "all" } = options;
  requireLearningRate("lamb", learningRate);
  requireShare("lamb", "beta1", beta1);
  requireShare("lamb", "beta2", beta2);
  requireWithin("lamb", "epsilon", epsilon, 0, LARGEST);
  requireDecay("lamb", weightDecay);
  requireDecays("lamb", decays);
  const rule = rules.adam | rules.moment | rules.decoupled | rules.direction;
  return {
    name: "lamb",
    learningRate,
    slots: 2,
    byParameter: true,
    update: (inputs) =>
      byRuns(
        inputs,
        (parameter) => parameter,
        (part, { kind }) => {
          const decay = decays === "all" || kind === "weight" ? weightDecay : 0;
          const u = adaptiveOp(part, { rule, beta1, beta2, epsilon, weightDecay: decay });
          const [long, far] = [norm(part.theta), norm(u)];
          const ratio = where(greater(mul(long, far), 0), div(long, far), 1);
          return { theta: descend({ ...part, gradient: mul(u, ratio), slots: [] }) };
        },
      ),
  };
}
