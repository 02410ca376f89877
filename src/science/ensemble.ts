// Ensembles of one network at several places of its parameter space: the snapshots of one run whose learning rate goes up
// and down (Huang et al. 2017, snapshot ensembles; Garipov et al. 2018, fast geometric ensembling), or points of a curve.
import { requireArray, requireOptions, requireWhole } from "../checks.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Callback } from "../training/callbacks.ts";
import type { Model } from "../training/model.ts";
import { type Place, pointOfModel } from "./sections.ts";

export interface SnapshotsOptions {
  /** Steps from one to the next: a period of the learning rate. */
  readonly every: number;
  /** After which step of the model the first is taken; default `every`. */
  readonly first?: number;
}

/** A place that a run has passed. */
export type PassedPlace = Required<Place> & { readonly steps: number };

/**
 * A callback of `fit` that keeps θ and running statistics where a cyclic learning rate is lowest: with
 * schedules.cosineRestarts({ steps }) at its restarts, `every: steps`; with schedules.triangular({ period }) in the middle of
 * its periods, `first: period / 2, every: period`. Reports must come then: give `fit` a `reportEvery` that divides both, or
 * whole epochs as periods. What is kept goes into checkpoints of the fit, too.
 * @throws from fit, for a step that has gone by without a report
 */
export function snapshots(options: SnapshotsOptions): Callback & { readonly taken: readonly PassedPlace[] } {
  const call = "snapshots";
  requireOptions(call, options, ["every", "first"]);
  const { every, first = every } = options;
  requireWhole(call, "every", every, 1);
  requireWhole(call, "first", first, 1);
  const taken: PassedPlace[] = [];
  let due = first;
  return {
    name: call,
    taken,
    state: () => [...taken],
    restore(state) {
      taken.splice(0, taken.length, ...(state as PassedPlace[]));
    },
    async begin(model) {
      const { steps } = await model.snapshot({ copy: false });
      due = first;
      while (due <= steps) due += every;
    },
    async report({ step }, model) {
      if (step < due) return;
      if (step > due)
        throw new Error(
          `${call}: step ${due} went by without a report, the last was of step ${step}; give fit a reportEvery that divides ${first} and ${every}`,
        );
      const { parameters, state, layout, steps } = await model.snapshot();
      taken.push({ steps, parameters, state, layout });
      due += every;
    },
  };
}

export interface EnsembleOptions {
  /** What running statistics are computed anew from at every place; default: the places' own. */
  readonly statistics?: Dataset;
}

/**
 * What an ensemble predicts: the mean over the places of what the network predicts there. For losses of classes that are
 * probabilities, rows × classes; judge them with thalweg/metrics, as in `accuracy(ensemble(model, taken, test), test.y)` and
 * logLoss.
 * @param model any of that network; it stays as it is
 * @throws for no places, and places of other networks
 */
export function ensemble(
  model: Model,
  places: readonly Place[],
  data: Dataset,
  options: EnsembleOptions = {},
): Float64Array {
  const call = "ensemble";
  requireOptions(call, options, ["statistics"]);
  requireArray(call, "places", places);
  if (places.length === 0) throw new Error(`${call}: there are no places; give one at least`);
  const points = places.map((place, i) => pointOfModel(call, `places[${i}]`, place, model));
  const before = { parameters: model.parameters.slice(), state: model.state.slice() };
  let sum: Float64Array | undefined;
  try {
    for (const { parameters, state } of points) {
      model.parameters = parameters;
      model.state = state.length > 0 ? state : before.state;
      if (options.statistics) model.refreshStatistics(options.statistics);
      const { predictions } = model.evaluate(data, { metrics: { predictions: (all: ArrayLike<number>) => all } });
      sum ??= new Float64Array(predictions.length);
      for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + (predictions[i] as number);
    }
  } finally {
    Object.assign(model, before);
  }
  return (sum as Float64Array).map((value) => value / places.length);
}
