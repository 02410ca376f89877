// A model's risk at points other than its own: combinations of a few vectors, formed in the core. What surfaces are made
// of. A point is judged by one thread alone, so that a point's value does not depend on how many threads there are.
import { requireOneOf } from "../checks.ts";
import type { Dataset } from "../data/dataset.ts";
import { kindFor } from "./blueprint.ts";
import { requireDataset } from "./check.ts";
import type { Model } from "./model.ts";
import { type Point, PointRun, pointPrograms } from "./pointRun.ts";
import type { Evaluation } from "./reports.ts";
import { workingsOf } from "./workings.ts";

export type { Point };

/**
 * Which statistics BatchNorm uses at a point: "running": those of the model, or of the points where these have some;
 * "batch": those of each 256 examples that are judged; "refresh": running ones, computed anew at every point.
 */
export type PointNormalization = "running" | "batch" | "refresh";

export const pointNormalizations: readonly PointNormalization[] = ["running", "batch", "refresh"];

export interface PointOptions {
  /** Default "running". */
  readonly normalization?: PointNormalization;
  /** What "refresh" computes statistics from; default: the data that are judged. */
  readonly statistics?: Dataset;
}

/** Evaluations at Σ cᵢ·vectorᵢ for lists of coefficients c, in their order, until it is due: one of them at least. */
export type PointJudge = (
  vectors: readonly Point[],
  coefficients: Iterable<readonly number[]>,
  isDue: () => boolean,
) => readonly Evaluation[];

/** Judges a model at any points, as many at once as it has threads. A loss that is not finite is given as it is. */
export function pointJudge(call: string, model: Model, data: Dataset, options: PointOptions = {}): PointJudge {
  const workings = workingsOf(call, model);
  const { engine } = workings;
  const { normalization = "running", statistics = data } = options;
  requireOneOf(call, "normalization", normalization, pointNormalizations);
  const { input: example, inputType, target } = engine.specification;
  for (const set of [data, statistics]) {
    requireDataset(call, set, example, inputType, target);
    engine.requireIndices(call, set.x);
  }
  // Refuses weights where the loss has no use for them.
  if (data.weights) engine.program(kindFor("evaluate", true), 1);
  // Compiled now: what a layer cannot take is said here, not at a point.
  const judging = pointPrograms(workings, normalization === "batch" ? "batch" : "running", data);
  const refreshing = normalization === "refresh" ? pointPrograms(workings, "refresh", statistics) : [];
  return (vectors, coefficients, isDue) => {
    engine.requireAlive(call);
    const { memory } = engine;
    const mark = memory.mark();
    try {
      const resident = engine.hold(call, data);
      const averaged = refreshing.length === 0 || statistics === data ? resident : engine.hold(call, statistics);
      const run = new PointRun(engine, vectors, {
        judging: { programs: judging, data: resident },
        refreshing: { programs: refreshing, data: averaged },
      });
      return run.judge(coefficients, isDue);
    } finally {
      memory.release(mark);
    }
  };
}
