// createModel: the public face of blueprint and engine.
import { type BuildChoice, type BuildName, chooseBuild, loadModule, moduleFor } from "../../bindings/load.ts";
import { ModelMemory } from "../../bindings/memory.ts";
import { requireOneOf, requireOptions, requireSeed, requireShape, requireWhole, show } from "../checks.ts";
import type { Dataset } from "../data/dataset.ts";
import { type Examples, isSource, type Source } from "../data/source.ts";
import { type DataType, type Shape, showShape } from "../graph/tensor.ts";
import type { Loss, LossFunction } from "../losses/loss.ts";
import type { Layer } from "../nn/layer.ts";
import type { Optimizer, Schedule } from "../optimizers/optimizer.ts";
import { rateAt, requireLearningRate } from "../optimizers/options.ts";
import { sgd } from "../optimizers/sgd.ts";
import type { Program } from "../plan/program.ts";
import type { Regularizer } from "../regularizers.ts";
import { type Blueprint, draw, type ProgramKind, programKinds } from "./blueprint.ts";
import { assign, requireDataset } from "./check.ts";
import { Engine, type EngineSpecification } from "./engine.ts";
import { checkFit, fit } from "./fit.ts";
import { initialValues } from "./initialize.ts";
import { type Measured, type Metrics, type None, requireMetrics } from "./metrics.ts";
import { type Objective, type ObjectiveOptions, objectiveOf } from "./objective.ts";
import type { Profile, ProfileOptions } from "./profile.ts";
import { type RefreshOptions, refreshStatistics } from "./refresh.ts";
import type { Batch, EvaluateOptions, Evaluation, FitOptions, Report } from "./reports.ts";
import { restoreSnapshot, type Snapshot, type SnapshotOptions, takeSnapshot } from "./snapshot.ts";
import { table } from "./table.ts";
import type { ParameterSlice, StateSlice } from "./trace.ts";
import { workings } from "./workings.ts";

export interface ModelOptions {
  /** Shape of one example, without the batch: [784] or [28, 28, 1]. */
  readonly input: Shape;
  /** "i32" for networks that begin with embedding(); default "f32". */
  readonly inputType?: DataType;
  /** h_L ∘ … ∘ h_1: usually chain(…). */
  readonly network: Layer;
  /** A loss such as crossEntropy(), or a function (prediction, target) => tensor of operations. */
  readonly loss: Loss | LossFunction;
  /** λ·Ω(w), such as l2(1e-4), or a function of the parameters. */
  readonly regularizer?: Regularizer;
  /** Default sgd({ learningRate: 0.01 }). */
  readonly optimizer?: Optimizer;
  /** A whole number ≥ 0 that decides initial values, shuffling and dropout; default 0. */
  readonly seed?: number;
  /** "auto": the fastest this engine runs. "strict": the same bits on every engine. Default "auto". */
  readonly build?: BuildChoice;
  /**
   * Threads that share each batch out among them, or "auto": as many as the machine has processors, at most 8. Default
   * 1. Equal seeds and numbers of threads give equal results; other numbers of threads the same within rounding. A layer
   * of one's own that mixes the rows of a batch needs `context.allReduce` for that, see Context. In a
   * page threads need createRemoteModel and cross-origin isolation; where they cannot be had, "auto" gives one, with a
   * warning. `parameters` and `gradient` are then views of shared memory. `close()` ends the threads.
   */
  readonly threads?: number | "auto";
  /**
   * Most rows of a training batch that are computed at once: a larger batch is done in parts of so many, whose gradients add up
   * to that of the batch (gradient accumulation), in the memory of a part. BatchNorm has the statistics of
   * each part. Default: all.
   */
  readonly microBatch?: number;
}

const known = [
  "input",
  "inputType",
  "network",
  "loss",
  "regularizer",
  "optimizer",
  "seed",
  "build",
  "threads",
  "microBatch",
];

export const batchKeys = ["x", "y", "weights"];

/**
 * Checks options and traces the network: everything of a model that needs no memory.
 * @param inWorker whether the model is to live in a worker of its own
 */
async function prepare(
  options: ModelOptions,
  inWorker: boolean,
): Promise<{
  readonly blueprint: Blueprint;
  readonly input: Shape;
  readonly inputType: DataType;
  readonly build: BuildName;
  readonly threads: number;
  readonly optimizer: Optimizer;
  readonly seed: number;
}> {
  requireOptions("createModel", options, known);
  const { inputType = "f32", network, loss, regularizer, seed = 0 } = options;
  requireShape("createModel", "input", options.input, ", such as [784]");
  // Our own: the caller may change the array.
  const input = [...options.input];
  if (inputType !== "f32" && inputType !== "i32")
    throw new Error(`createModel: inputType must be "f32" or "i32", got ${show(inputType)}`);
  if (typeof network !== "object" || typeof network?.apply !== "function")
    throw new Error(
      `createModel: network must be a layer such as chain(dense(128), relu(), dense(10)), got ${show(network)}`,
    );
  if (regularizer !== undefined && typeof regularizer !== "function")
    throw new Error(
      `createModel: regularizer must be one such as l2(1e-4), or a function of the parameters, got ${show(regularizer)}`,
    );
  const { optimizer = sgd() } = options;
  if (typeof optimizer !== "object" || typeof optimizer?.update !== "function")
    throw new Error(`createModel: optimizer must be one such as sgd({ learningRate: 0.1 }), got ${show(optimizer)}`);
  requireLearningRate("createModel: optimizer", optimizer.learningRate);
  requireWhole("createModel", "optimizer.slots", optimizer.slots, 0);
  requireSeed("createModel", seed);
  if (options.microBatch !== undefined) requireWhole("createModel", "microBatch", options.microBatch, 1);
  const build = chooseBuild(options.build);
  // Who asks for one thread loads nothing of what several need.
  const several = options.threads === undefined || options.threads === 1 ? undefined : await import("./threads.ts");
  const possible = several?.chooseThreads(options.threads, build, inWorker) ?? 1;
  // Compiles while the network is traced; who needs it asks again.
  loadModule(moduleFor(build, possible > 1)).catch(() => {});
  const blueprint = draw({ input, inputType, network, loss, regularizer, optimizer });
  const threads = several?.threadsFor(options.threads, possible, blueprint.lossIsMean) ?? 1;
  return { blueprint, input, inputType, build, threads, optimizer, seed };
}

/** A model before it is at work: its plain-data part, first values of θ, and the memory they were drawn in. */
export interface Specified {
  readonly blueprint: Blueprint;
  readonly specification: EngineSpecification;
  readonly values: readonly Float32Array[];
  readonly memory: ModelMemory;
  /** η, and those of groups of parameters: numbers or schedules. */
  readonly rates: readonly (number | Schedule)[];
}

export async function specify(options: ModelOptions, inWorker = false): Promise<Specified> {
  const { blueprint, input, inputType, build, threads, optimizer, seed } = await prepare(options, inWorker);
  const { layout, parameterCount, stateLayout, state, output, target, inputBelow, judges, link } = blueprint;
  const memory = await ModelMemory.create(build, threads > 1 && !inWorker);
  const { learningRate, groupRates = [], slots, first = [], every, average } = optimizer;
  const rates = [learningRate, ...groupRates];
  return {
    blueprint,
    memory,
    rates,
    values: initialValues(blueprint, seed, memory),
    specification: {
      build,
      seed,
      learningRates: rates.map((rate) => (typeof rate === "number" ? rate : rateAt(rate, 0))),
      optimizer: optimizer.name,
      slots,
      firstSlots: first,
      average,
      ascends: typeof optimizer.ascend === "function",
      every: every?.steps ?? 0,
      microBatch: options.microBatch ?? Number.MAX_SAFE_INTEGER,
      updatesByElement: optimizer.byElement === true,
      threads,
      mayUseOneThread: options.threads === "auto",
      input,
      inputType,
      inputBelow,
      output,
      target,
      judges,
      link,
      layout,
      parameterCount,
      stateLayout,
      state,
    },
  };
}

/**
 * A model: a network, a loss and an optimiser, ready to learn.
 * @throws for options that do not fit together, naming the option, the value and the remedy
 */
export async function createModel(options: ModelOptions): Promise<Model> {
  const { blueprint, specification, rates, values, memory } = await specify(options);
  const engine = await Engine.create(specification, values, blueprint.program, memory);
  engine.schedule(rates);
  return new Model(blueprint, engine);
}

/** The part of a blueprint that a model keeps. */
type ModelBlueprint = Pick<Blueprint, "layout" | "parameterCount" | "stateLayout" | "program"> &
  Partial<Pick<Blueprint, "trace">>;

export class Model {
  readonly #blueprint: ModelBlueprint;
  readonly #engine: Engine;
  #fitting = false;
  /** Adds where the callbacks of the last fit stand, if it had any. */
  #told = (snapshot: Snapshot): Snapshot => snapshot;

  /** Use createModel. */
  constructor(blueprint: ModelBlueprint, engine: Engine) {
    this.#blueprint = blueprint;
    this.#engine = engine;
    workings.set(this, { engine, trace: blueprint.trace });
  }

  /**
   * Ends the model's threads, which else end when nothing refers to the model any more; they keep no process alive.
   * Parameters, state and programs can be read after it; what computes throws.
   */
  close(): void {
    this.#engine.close();
  }

  /** Threads that share the work; 1: this one alone. */
  get threads(): number {
    return this.#engine.specification.threads;
  }
  /** The build that runs: "strict" or "relaxed". */
  get build(): BuildName {
    return this.#engine.specification.build;
  }
  /** Where each parameter lies in `parameters`. */
  get layout(): readonly ParameterSlice[] {
    return this.#blueprint.layout;
  }
  /** Steps done since creation. */
  get steps(): number {
    return this.#engine.steps;
  }

  /**
   * θ: all parameters, a live view; write to it to change the model. Ask for it anew after a call that may grow the
   * memory (the first with a new batch size or data set): an old view is then empty.
   */
  get parameters(): Float32Array {
    return this.#engine.theta();
  }
  set parameters(values: ArrayLike<number>) {
    assign("parameters", this.#engine.theta(), values);
  }
  /** Where each piece of state, such as a BatchNorm's running mean, lies in `state`. */
  get stateLayout(): readonly StateSlice[] {
    return this.#blueprint.stateLayout;
  }
  /** Running statistics: a live view, as `parameters` is. Empty where no layer keeps any. */
  get state(): Float32Array {
    return this.#engine.state();
  }
  set state(values: ArrayLike<number>) {
    assign("state", this.#engine.state(), values);
  }
  /** g: the gradient the last step used, laid out as `parameters`. A live view. */
  get gradient(): Float32Array {
    return this.#engine.gradient();
  }
  /**
   * The average of θ that ema or swa keeps: a live view, as `parameters` is. To go on with it:
   * `model.parameters = model.average`.
   * Before the first step it is θ itself.
   * @throws for an optimiser that keeps none
   */
  get average(): Float32Array {
    return this.#engine.average();
  }

  /** η, for the steps to come. */
  get learningRate(): number {
    return this.#engine.learningRate;
  }
  set learningRate(value: number) {
    requireLearningRate("learningRate", value);
    this.#engine.learningRate = value;
  }
  /** The same as a call, as a model in a worker has it. */
  setLearningRate(value: number): void {
    this.learningRate = value;
  }

  /**
   * One update on one batch → the loss before it, λΩ included. A loss that is not finite is returned, and the model
   * stays as it was.
   * @param batch x: rows × product(input) numbers, row after row; y: labels or target values
   * @throws for lengths, labels and numbers that do not fit
   */
  step(batch: Batch): number {
    requireOptions("step", batch, batchKeys);
    this.#engine.requireAlive("step");
    return this.#engine.step(batch);
  }

  /**
   * Trains, reporting after each epoch (and every `reportEvery` steps). Yields to the host every few milliseconds, or
   * after each step that takes longer, so that timers and rendering go on. Nothing happens before the first report is asked for.
   * Data that are no data set but an iterable, sync or async, of examples or batches { x, y }, a Readable or a ReadableStream
   * are learnt from as they come: each is asked for when the last has been learnt, and closed when the loop is left.
   * @throws from the iterator: at once for options that do not fit; when the loss is not finite, naming the operation
   * it began with; the signal's reason when aborted; what a stream throws, behind the last whole step
   */
  async *fit<M extends Metrics = None>(
    data: Dataset | Source<Examples>,
    options: FitOptions<M> = {},
  ): AsyncGenerator<Report<M>, void, void> {
    this.#engine.requireAlive("fit");
    if (isSource(data)) (await import("./fitStream.ts")).checkStreamFit(this.#engine.specification, options);
    else {
      checkFit(this.#engine, data, options);
      if (options.augment !== undefined) {
        const { requireAugmentation } = await import("./augment.ts");
        requireAugmentation("fit", options.augment, data, this.#engine.specification, options.batchSize);
      }
    }
    const { callbacks, ...course } = options;
    if (callbacks === undefined) return yield* this.#reports<M>(data, course, (snapshot) => snapshot);
    // Who has no callbacks loads none of what they need.
    const { requireCallbacks, toldTo, withStates } = await import("./callbacks.ts");
    requireCallbacks(callbacks);
    const reports = this.#reports<M>(data, course, (snapshot) => withStates(snapshot, callbacks));
    yield* toldTo(callbacks, this, reports, course.resume);
  }

  async *#reports<M extends Metrics>(
    data: Dataset | Source<Examples>,
    course: FitOptions<M>,
    told: (snapshot: Snapshot) => Snapshot,
  ): AsyncGenerator<Report<M>, void, void> {
    if (this.#fitting)
      throw new Error("fit: this model is being fitted already; let that loop end, or call return() on its iterator");
    this.#fitting = true;
    this.#told = told;
    try {
      if (!isSource(data)) return yield* fit(this.#engine, data, course);
      const [{ fitStream }, { learnerOf }] = await Promise.all([import("./fitStream.ts"), import("./learner.ts")]);
      yield* fitStream(learnerOf(this.#engine, course), data, course);
    } finally {
      this.#fitting = false;
    }
  }

  /**
   * Mean loss over a data set, plus λΩ, and accuracy where the loss is a proxy of the 0/1 loss. No dropout. With
   * metrics, as `{ metrics: { f1, auc: rocAuc } }`, also what each makes of all predictions, under its name.
   */
  evaluate<M extends Metrics = None>(data: Dataset, options: EvaluateOptions<M> = {}): Evaluation & Measured<M> {
    this.#engine.requireAlive("evaluate");
    requireOptions("evaluate", options, ["metrics"]);
    requireMetrics("evaluate", options.metrics);
    const { input, inputType, target } = this.#engine.specification;
    requireDataset("evaluate", data, input, inputType, target);
    this.#engine.requireIndices("evaluate", data.x);
    return this.#engine.evaluate(data, options.metrics) as Evaluation & Measured<M>;
  }

  /** Outputs for any number of examples, row after row: rows × product(output shape). No dropout. */
  predict(x: ArrayLike<number>): Float32Array {
    this.#engine.requireAlive("predict");
    return this.#engine.predict(x);
  }

  /**
   * The regularised loss on one batch as a function of θ, with exact gradients and Hessian-vector products. Running
   * statistics are the model's own at the time of each call.
   */
  objective(batch: Batch, options: ObjectiveOptions = {}): Objective {
    this.#engine.requireAlive("objective");
    requireOptions("objective", batch, batchKeys);
    return objectiveOf(this.#engine, batch, options);
  }

  /**
   * Forgets the running statistics and computes them anew for the parameters as they are: the average of the batches'
   * statistics over a data set, in its order, without dropout. Parameters stay as they are.
   * @throws for a batch that has no statistics, or statistics that are not finite; `state` is then as before
   */
  refreshStatistics(data: Dataset, options: RefreshOptions = {}): void {
    this.#engine.requireAlive("refreshStatistics");
    refreshStatistics(this.#engine, data, options);
  }

  /**
   * Where the time of a step on this batch goes, kernel call by kernel call, done by one thread whatever `threads` says.
   * Print it with formatProfile, or keep it with chromeTrace. The model stays as it was.
   * @throws as `step`
   */
  async profile(batch: Batch, options: ProfileOptions = {}): Promise<Profile> {
    this.#engine.requireAlive("profile");
    requireOptions("profile", batch, batchKeys);
    const { profile } = await import("./profile.ts");
    return profile(this.#engine, batch, options);
  }

  /**
   * A copy of everything that decides how the model goes on: θ, optimiser, running statistics, counters, and where a fit
   * under way stands. Plain data; see encodeCheckpoint for bytes and saveCheckpoint for files.
   */
  snapshot(options: SnapshotOptions = {}): Snapshot {
    return this.#told(takeSnapshot(this.#engine, options));
  }

  /**
   * Goes back to a snapshot of a model with the same options. What follows is then, bit for bit, what followed it (with as
   * many threads and the same build); `fit` goes on in the middle of an epoch with `resume: true`.
   * @throws for a snapshot of another network, optimiser or seed, and while a fit is under way; the model is then as it was
   */
  restore(snapshot: Snapshot): void {
    this.#engine.requireAlive("restore");
    if (this.#fitting) throw new Error("restore: this model is being fitted; let that loop end first");
    restoreSnapshot(this.#engine, snapshot);
    this.#told = (taken) => taken;
  }

  /** The compiled program for a purpose and batch size: plain data, which formatProgram prints. */
  program(kind: ProgramKind, batch: number): Program {
    requireOneOf("program", "kind", kind, programKinds);
    requireWhole("program", "batch", batch, 1);
    return this.#blueprint.program(kind, batch);
  }

  /** A table of parameters and sizes. */
  summary(): string {
    const { input, output } = this.#engine.specification;
    const rows = this.layout.map(({ name, shape, size, kind }) => [
      name,
      showShape(shape),
      size.toLocaleString("en"),
      kind,
    ]);
    return [
      `${showShape(input)} → ${showShape(output)}, build ${this.build}`,
      ...table([["parameter", "shape", "numbers", "kind"], ...rows], [2]),
      `total ${this.#blueprint.parameterCount.toLocaleString("en")} parameters`,
      ...(this.state.length > 0 ? [`and ${this.state.length.toLocaleString("en")} running statistics`] : []),
    ].join("\n");
  }
}
