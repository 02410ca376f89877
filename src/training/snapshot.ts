// Everything that decides how a model goes on, as plain data: taken at any step, put back into a model made with the same
// options, it continues bit for bit as if it had never stopped.
import {
  requireArray,
  requireFinite,
  requireOneOf,
  requireOptions,
  requireWhole,
  requireWithin,
  show,
} from "../checks.ts";
import { sameShape, showShape } from "../graph/tensor.ts";
import { LARGEST } from "../optimizers/options.ts";
import { requireVector } from "./check.ts";
import type { Engine } from "./engine.ts";
import type { StateSlice } from "./trace.ts";

/** Where a fit stands: what is needed to go on with it in the middle of an epoch. */
export interface FitPosition {
  /** The epoch under way, from 1; one above the last where all are done. */
  readonly epoch: number;
  /** Whether the order of its examples has been drawn. */
  readonly begun: boolean;
  /** Steps done in it. */
  readonly stepInEpoch: number;
  /** Sum over its examples of the loss so far. */
  readonly total: number;
  /** Of the fit that was left: one that goes on with it must have the same. */
  readonly batchSize: number;
  readonly examples: number;
  readonly shuffle: boolean;
  /** The name of its sampler, where it has one. */
  readonly sampler?: string;
  /** What that sampler asked of the model as it was when the epoch began: one number an example. */
  readonly scores?: Float32Array | undefined;
  /** Where its callbacks stand, those that have a state. */
  readonly callbacks?: readonly CallbackState[] | undefined;
}

/** What a callback of this name must know to go on: see Callback.state. */
export interface CallbackState {
  readonly name: string;
  readonly state: unknown;
}

export interface Snapshot {
  readonly seed: number;
  /** Steps done, and epochs drawn: the numbers that random draws depend on beside the seed. */
  readonly steps: number;
  readonly epochs: number;
  readonly learningRate: number;
  /** Learning rates that were set, the model's and those of groups; null for those that go by their schedule. */
  readonly learningRates: readonly (number | null)[];
  /** The optimiser's name. */
  readonly optimizer: string;
  readonly layout: readonly StateSlice[];
  readonly stateLayout: readonly StateSlice[];
  readonly parameters: Float32Array;
  /** What the optimiser keeps beside θ, each as long as θ. */
  readonly slots: readonly Float32Array[];
  readonly state: Float32Array;
  /** The fit under way, if there is one. */
  readonly fit?: FitPosition;
  /** What its owner wants to find again beside it, as JSON can hold it; `restore` does not look at it. */
  readonly notes?: unknown;
}

const known = [
  "seed", "steps", "epochs", "learningRate", "learningRates", "optimizer", "layout", "stateLayout",
  "parameters", "slots", "state", "fit", "notes",
]; // biome-ignore format: a list of names

export interface SnapshotOptions {
  /** false: views of the model's own memory, true until its next call, for who writes them away at once. Default true. */
  readonly copy?: boolean;
}

/** All that the engine has learnt and counted. */
export function takeSnapshot(engine: Engine, options: SnapshotOptions): Snapshot {
  requireOptions("snapshot", options, ["copy"]);
  const { copy = true } = options;
  engine.requireIntact("snapshot");
  const kept = (vector: Float32Array): Float32Array => (copy ? vector.slice() : vector);
  const { seed, optimizer, layout, stateLayout, slots } = engine.specification;
  const places = (list: readonly StateSlice[]): StateSlice[] =>
    list.map(({ name, shape, offset, size }) => ({ name, shape, offset, size }));
  return {
    seed,
    steps: engine.steps,
    epochs: engine.epochs,
    learningRate: engine.learningRate,
    learningRates: engine.ratesSet,
    optimizer,
    layout: places(layout),
    stateLayout: places(stateLayout),
    parameters: kept(engine.theta()),
    slots: Array.from({ length: slots }, (_, i) => kept(engine.slot(i))),
    state: kept(engine.state()),
    ...(engine.position && { fit: { ...engine.position, scores: engine.position.scores?.slice() } }),
  };
}

/** @throws for a snapshot of another model, saying where they differ; the engine is then as it was */
export function restoreSnapshot(engine: Engine, snapshot: Snapshot): void {
  requireOptions("restore", snapshot, known);
  const { specification } = engine;
  const { seed, steps, epochs, learningRate, learningRates, optimizer, parameters, slots, state, fit } = snapshot;
  requireSameLayout("parameter", snapshot.layout, specification.layout);
  requireSameLayout("piece of state", snapshot.stateLayout, specification.stateLayout);
  if (optimizer !== specification.optimizer || slots?.length !== specification.slots)
    throw new Error(
      `restore: the snapshot was taken with the optimiser ${show(optimizer)} of ${slots?.length} slots, the model has "${specification.optimizer}" of ${specification.slots}; create the model with the same optimiser, or load the weights alone`,
    );
  if (seed !== specification.seed)
    throw new Error(
      `restore: the snapshot was taken with seed ${show(seed)}, the model has ${specification.seed}; create it with seed: ${show(seed)}, or load the weights alone`,
    );
  requireWhole("restore", "steps", steps, 0);
  // The order of an epoch under way has been drawn.
  requireWhole("restore", "epochs", epochs, fit?.begun && (fit.shuffle || fit.sampler) ? 1 : 0);
  requireRate("learningRate", learningRate);
  if (learningRates?.length !== specification.learningRates.length)
    throw new Error(
      `restore: the snapshot has ${learningRates?.length} learning rates, the model ${specification.learningRates.length}; create the model with the same optimiser`,
    );
  learningRates.forEach((rate, i) => {
    if (rate !== null) requireRate(`learningRates[${i}]`, rate);
  });
  const vectors = [
    ["parameters", parameters, engine.theta()],
    ...slots.map((slot, i) => [`slots[${i}]`, slot, engine.slot(i)] as const),
    ["state", state, engine.state()],
  ] as const;
  // A mean of squares may be beyond all numbers, and the model go on.
  for (const [name, values, place] of vectors)
    requireVector(`restore: ${name}`, values, place.length, name.startsWith("slots"));
  if (fit !== undefined) requireFitPosition(fit);
  engine.goOnFrom(snapshot, fit && { ...fit });
  for (const [, values, place] of vectors) place.set(values);
}

/** A schedule may give 0. */
function requireRate(what: string, rate: number): void {
  requireWithin("restore", what, rate, 0, LARGEST);
}

function requireFitPosition(fit: FitPosition): void {
  const names = [
    "epoch", "begun", "stepInEpoch", "total", "batchSize", "examples", "shuffle", "sampler", "scores", "callbacks",
  ]; // biome-ignore format: a list of names
  requireOptions("restore: fit", fit, names);
  requireWhole("restore: fit", "epoch", fit.epoch, 1);
  requireWhole("restore: fit", "stepInEpoch", fit.stepInEpoch, 0);
  requireWhole("restore: fit", "batchSize", fit.batchSize, 1);
  requireWhole("restore: fit", "examples", fit.examples, 1);
  requireFinite("restore: fit", "total", fit.total);
  if (fit.callbacks) requireArray("restore: fit", "callbacks", fit.callbacks);
  if (fit.scores) requireVector("restore: fit: scores", fit.scores, fit.examples);
  for (const name of ["begun", "shuffle"] as const) requireOneOf("restore: fit", name, fit[name], [true, false]);
  const most = fit.begun ? Math.ceil(fit.examples / fit.batchSize) : 0;
  if (fit.stepInEpoch > most)
    throw new Error(
      `restore: fit: stepInEpoch must be at most ${most}, the steps of its epoch, got ${fit.stepInEpoch}`,
    );
}

/** Throws at the first difference of two layouts. */
function requireSameLayout(what: string, given: readonly StateSlice[], own: readonly StateSlice[]): void {
  if (!Array.isArray(given)) throw new Error(`restore: expected a list of every ${what}, got ${show(given)}`);
  for (let i = 0; i < Math.max(given.length, own.length); i++) {
    const [theirs, ours] = [given[i], own[i]];
    if (theirs?.name === ours?.name && sameShape(theirs?.shape ?? [], ours?.shape ?? [])) continue;
    const text = (slice: StateSlice | undefined): string =>
      slice ? `${slice.name} ${showShape(slice.shape)}` : "none";
    throw new Error(
      `restore: ${what} ${i + 1} is ${text(theirs)} there and ${text(ours)} in this model; create the model with the same network`,
    );
  }
}
