// A model that lives in a worker: the same interface with promises, so that training never blocks a page or a server.
// The network is traced and compiled here, where the user's functions are; only programs and numbers are posted.
import { Worker } from "#platform";
import { type BuildName, loadModule, moduleFor } from "../../bindings/load.ts";
import type { HostWorker } from "../../bindings/platform/worker.ts";
import { requireNumbers, requireOptions, show } from "../checks.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Drawn, Sampler } from "../data/samplers/sampler.ts";
import { type Examples, isSource, type Source } from "../data/source.ts";
import type { Schedule } from "../optimizers/optimizer.ts";
import { rateAt } from "../optimizers/options.ts";
import { type Blueprint, kindFor, type ProgramKind } from "./blueprint.ts";
import { rowsIn } from "./check.ts";
import type { EngineSpecification } from "./engine.ts";
import { fitOptions, isWeightedFit, requireSignal } from "./fit.ts";
import type { Learner, Learnt } from "./fitStream.ts";
import { type Measured, type Metrics, type None, requireMetrics, unposted } from "./metrics.ts";
import { batchKeys, type ModelOptions, specify } from "./model.ts";
import { copyOf, type ObjectiveOptions, objectivePrograms } from "./objective.ts";
import {
  distinct,
  evaluationPasses,
  keyText,
  PASS_ROWS,
  type ProgramKey,
  predictionPasses,
  programsFor,
  sharedProgramsFor,
  trainingBatches,
  trainingPrograms,
  updateShares,
} from "./passes.ts";
import type { Profile, ProfileOptions } from "./profile.ts";
import type { Abort, Answer, Call, PostedProgram, PostedSampler, Request, Sample, Sampled } from "./protocol.ts";
import type { RefreshOptions } from "./refresh.ts";
import type { Batch, EvaluateOptions, Evaluation, FitOptions, Report } from "./reports.ts";
import type { Snapshot } from "./snapshot.ts";
import type { ParameterSlice, StateSlice } from "./trace.ts";

/** What a call may give away instead of copying: the buffers are empty here afterwards. */
export interface TransferOptions {
  readonly transfer?: readonly Transferable[];
}

/** An Objective behind promises; see Objective. */
export interface RemoteObjective {
  readonly size: number;
  loss(theta: Float32Array): Promise<number>;
  gradient(theta: Float32Array): Promise<{ readonly loss: number; readonly gradient: Float32Array }>;
  hessianVector(theta: Float32Array, v: Float32Array): Promise<Float32Array>;
}

/** What of a sampler can be posted. */
const postedOf = (sampler: Sampler | undefined): PostedSampler | undefined =>
  sampler && {
    name: sampler.name,
    ...(sampler.scores && { scores: sampler.scores }),
    ...(sampler.weighted && { weighted: true }),
  };

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/**
 * Creates a model in a worker of its own (Node: worker_threads; pages: a module worker). Takes the options of
 * createModel, functions included. Call `close()` when done.
 */
export async function createRemoteModel(options: ModelOptions): Promise<RemoteModel> {
  const { blueprint, specification, rates, values } = await specify(options, true);
  // The form that bundlers look for.
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  const model = new RemoteModel(
    blueprint,
    specification,
    rates,
    values,
    await loadModule(moduleFor(specification.build, specification.threads > 1)),
    worker,
  );
  try {
    await model.ready;
  } catch (error) {
    model.close();
    throw error;
  }
  return model;
}

export class RemoteModel {
  readonly #blueprint: Blueprint;
  readonly #specification: EngineSpecification;
  readonly #worker: HostWorker;
  readonly #pending = new Map<number, Pending>();
  readonly #sent = new Set<string>();
  /** Learning rates; where one is a schedule, those of the steps to come are posted before they are needed. */
  readonly #rates: readonly (number | Schedule)[];
  readonly #scheduled: boolean;
  /** Steps whose rates the worker has, and will need. */
  #ratesSent = 0;
  #ratesNeeded = 1;
  /** Of the fits under way, by their number. */
  readonly #samplers = new Map<number, Sampler>();
  /** Adds where the callbacks of the last fit stand, if it had any. */
  #told = (snapshot: Snapshot): Snapshot => snapshot;
  #calls = 0;
  #fits = 0;
  #ended: Error | undefined;
  /** Settles when the worker is at work. */
  readonly ready: Promise<void>;

  /** Use createRemoteModel. */
  constructor(
    blueprint: Blueprint,
    specification: EngineSpecification,
    rates: readonly (number | Schedule)[],
    values: readonly Float32Array[],
    module: WebAssembly.Module,
    worker: HostWorker,
  ) {
    this.#blueprint = blueprint;
    this.#specification = specification;
    this.#rates = rates;
    this.#scheduled = rates.some((rate) => typeof rate === "function");
    this.#worker = worker;
    worker.onmessage = ({ data }) => {
      if ("sample" in (data as Sample)) void this.#sample(data as Sample);
      else this.#settle(data as Answer);
    };
    worker.onerror = ({ message }) => this.#end(new Error(`remote model: the worker failed: ${message}`));
    this.ready = this.#ask({ method: "create", specification, values, module, scheduled: this.#scheduled }, [
      ["update", 0],
      ...(specification.ascends ? [["ascend", 0] as const] : []),
      ...(specification.every > 0 ? [["every", 0] as const] : []),
      ...this.#updateKeys(),
    ]) as Promise<void>;
  }

  get build(): BuildName {
    return this.#specification.build;
  }
  /** Threads that share the work, the worker's own among them. */
  get threads(): number {
    return this.#specification.threads;
  }
  /** Where each parameter lies in `parameters()`. */
  get layout(): readonly ParameterSlice[] {
    return this.#blueprint.layout;
  }

  /** Where each piece of state lies in `state()`. */
  get stateLayout(): readonly StateSlice[] {
    return this.#blueprint.stateLayout;
  }

  /** See Model.step. */
  step(batch: Batch, options?: TransferOptions): Promise<number> {
    const programs = this.#whenValid(() => this.#training([this.#rows(batch.x)], batch.weights !== undefined));
    this.#ratesNeeded++;
    return this.#ask({ method: "step", batch }, programs, options) as Promise<number>;
  }

  /** See Model.evaluate. Metrics judge here: what they are given is posted back. */
  async evaluate<M extends Metrics = None>(
    data: Dataset,
    options: EvaluateOptions<M> & TransferOptions = {},
  ): Promise<Evaluation & Measured<M>> {
    requireOptions("evaluate", options, ["metrics", "transfer"]);
    const { metrics, transfer } = options;
    requireMetrics("evaluate", metrics);
    const programs = this.#whenValid(() => this.#judging(kindFor("evaluate", data.weights), data.size));
    const request = { method: "evaluate", data, metrics: metrics !== undefined } as const;
    return unposted(metrics, (await this.#ask(request, programs, transfer && { transfer })) as Evaluation);
  }

  /** See Model.predict. */
  predict(x: ArrayLike<number>, options?: TransferOptions): Promise<Float32Array> {
    const programs = this.#whenValid(() =>
      this.#shared("predict", predictionPasses(this.#rows(x), this.#specification.threads)),
    );
    return this.#ask({ method: "predict", x }, programs, options) as Promise<Float32Array>;
  }

  /** See Model.profile. */
  profile(batch: Batch, options: ProfileOptions = {}): Promise<Profile> {
    const programs = this.#whenValid(() => programsFor(kindFor("train", batch.weights), [this.#rows(batch.x)]));
    return this.#ask({ method: "profile", batch, options }, programs) as Promise<Profile>;
  }

  /** A copy of θ. */
  parameters(): Promise<Float32Array> {
    return this.#ask({ method: "parameters" }) as Promise<Float32Array>;
  }
  /** A copy of the average of θ that ema or swa keeps; see Model.average. */
  average(): Promise<Float32Array> {
    return this.#ask({ method: "average" }) as Promise<Float32Array>;
  }
  async setParameters(values: ArrayLike<number>): Promise<void> {
    await this.#ask({ method: "setParameters", values });
  }
  /** A copy of the running statistics. */
  state(): Promise<Float32Array> {
    return this.#ask({ method: "state" }) as Promise<Float32Array>;
  }
  async setState(values: ArrayLike<number>): Promise<void> {
    await this.#ask({ method: "setState", values });
  }
  /** See Model.snapshot. */
  async snapshot(): Promise<Snapshot> {
    return this.#told((await this.#ask({ method: "snapshot" })) as Snapshot);
  }
  /** See Model.restore. */
  async restore(snapshot: Snapshot): Promise<void> {
    if (Number.isSafeInteger(snapshot?.steps)) this.#ratesNeeded = Math.max(this.#ratesNeeded, snapshot.steps + 1);
    await this.#ask({ method: "restore", snapshot });
    this.#told = (taken) => taken;
  }
  /** See Model.refreshStatistics. */
  async refreshStatistics(data: Dataset, options: RefreshOptions & TransferOptions = {}): Promise<void> {
    if (typeof options !== "object" || options === null) requireOptions("refreshStatistics", options, ["batchSize"]);
    const { transfer, ...rest } = options;
    const programs = this.#whenValid(() =>
      this.#shared("refresh", trainingBatches(data.size, rest.batchSize ?? PASS_ROWS)),
    );
    await this.#ask({ method: "refreshStatistics", data, options: rest }, programs, transfer && { transfer });
  }
  async setLearningRate(value: number): Promise<void> {
    await this.#ask({ method: "setLearningRate", value });
  }

  /**
   * See Model.fit. One message each way a report; the worker waits while the loop's body runs, and stops when the loop
   * is left.
   */
  async *fit<M extends Metrics = None>(
    data: Dataset | Source<Examples>,
    options: FitOptions<M> & TransferOptions = {},
  ): AsyncGenerator<Report<M>, void, void> {
    if (typeof options !== "object" || options === null) requireOptions("fit", options, fitOptions);
    const { callbacks, ...course } = options;
    const reportsOf = (told: (snapshot: Snapshot) => Snapshot): AsyncGenerator<Report<M>, void, void> =>
      isSource(data) ? this.#stream<M>(data, course) : this.#reports<M>(data, course, told);
    if (callbacks === undefined) return yield* reportsOf((snapshot) => snapshot);
    const { requireCallbacks, toldTo, withStates } = await import("./callbacks.ts");
    requireCallbacks(callbacks);
    const reports = reportsOf((snapshot) => withStates(snapshot, callbacks));
    yield* toldTo(callbacks, this, reports, course.resume);
  }

  async *#reports<M extends Metrics>(
    data: Dataset,
    options: FitOptions<M> & TransferOptions,
    told: (snapshot: Snapshot) => Snapshot,
  ): AsyncGenerator<Report<M>, void, void> {
    const { signal, metrics, sampler, transfer, ...rest } = options;
    requireMetrics("fit", metrics);
    requireSignal(signal);
    signal?.throwIfAborted();
    const sampling = sampler === undefined ? undefined : await import("./sampling.ts");
    sampling?.requireSampler(sampler, rest.shuffle);
    const programs = this.#whenValid(() => {
      const weighted = isWeightedFit(data, options);
      const batches = trainingBatches(data.size, rest.batchSize);
      const { validation } = rest;
      return [
        // Those of one thread too: they find where a loss that is not finite came from.
        ...trainingPrograms(batches, this.#specification.microBatch, 1, weighted),
        ...this.#training(batches, weighted),
        ...(validation ? this.#judging(kindFor("evaluate", validation.weights), validation.size) : []),
        ...(sampler?.scores && sampling ? this.#judging(sampling.scoresKind(sampler.scores), data.size) : []),
      ];
    });
    const { epochs = 1, batchSize = 32 } = rest;
    const steps = epochs * Math.ceil(data?.size / (batchSize === "all" ? data?.size : batchSize));
    if (Number.isSafeInteger(steps) && programs.length > 0) this.#ratesNeeded += steps;
    const fit = this.#fits++;
    const abort = (): void => this.#worker.postMessage({ abort: fit } satisfies Abort);
    signal?.addEventListener("abort", abort);
    if (sampler) this.#samplers.set(fit, sampler);
    try {
      const request = {
        method: "fit", fit, data, options: rest, metrics: metrics !== undefined, sampler: postedOf(sampler),
      } as const; // biome-ignore format: a line
      await this.#ask(request, programs, transfer && { transfer });
      this.#told = told;
      for (;;) {
        const report = (await this.#ask({ method: "next", fit })) as Report | undefined;
        if (!report) return;
        if (report.kind === "step" || !report.validation) yield report as Report<M>;
        else yield { ...report, validation: unposted(metrics, report.validation) };
      }
    } catch (error) {
      // The reason is the caller's own object, as it is without a worker.
      throw signal?.aborted && !this.#ended ? signal.reason : error;
    } finally {
      signal?.removeEventListener("abort", abort);
      this.#samplers.delete(fit);
      if (!this.#ended) await this.#ask({ method: "leave", fit });
    }
  }

  /** A source is read here; one message each way a step. */
  async *#stream<M extends Metrics>(
    source: Source<Examples>,
    options: FitOptions<M>,
  ): AsyncGenerator<Report<M>, void, void> {
    const { input, target } = this.#specification;
    const { validation, metrics } = options;
    const { checkStreamFit, fitStream } = await import("./fitStream.ts");
    checkStreamFit(this.#specification, options);
    const learner: Learner<M> = {
      input,
      target,
      turn: async () => {},
      learn: (batch, how) => {
        const programs = this.#whenValid(() => {
          const rows = [this.#rows(batch.x)];
          const judging = how.testFirst ? programsFor(kindFor("evaluate", batch.weights), rows) : [];
          const weighted = batch.weights !== undefined;
          const alone = trainingPrograms(rows, this.#specification.microBatch, 1, weighted);
          return [...alone, ...this.#training(rows, weighted), ...judging];
        });
        this.#ratesNeeded++;
        return this.#ask({ method: "learn", batch, how }, programs) as Promise<Learnt>;
      },
      judge: () => this.evaluate(validation as Dataset, metrics && { metrics }),
    };
    yield* fitStream(learner, source, options);
  }

  /** See Model.objective. */
  objective(batch: Batch, options: ObjectiveOptions = {}): RemoteObjective {
    const kinds = objectivePrograms(options);
    requireOptions("objective", batch, batchKeys);
    requireNumbers("objective", "x", batch.x);
    requireNumbers("objective", "y", batch.y);
    if (batch.weights !== undefined) requireNumbers("objective", "weights", batch.weights);
    const own = copyOf(batch);
    const ask = (
      want: "loss" | "gradient" | "hessianVector",
      theta: Float32Array,
      v?: Float32Array,
    ): Promise<unknown> =>
      this.#ask(
        { method: "objective", batch: own, options, theta, v, want },
        this.#whenValid(() =>
          [kinds.loss, kinds[want]].flatMap((kind) => programsFor(kindFor(kind, own.weights), [this.#rows(own.x)])),
        ),
      );
    return {
      size: this.#blueprint.parameterCount,
      loss: (theta) => ask("loss", theta) as Promise<number>,
      gradient: (theta) => ask("gradient", theta) as ReturnType<RemoteObjective["gradient"]>,
      hessianVector: (theta, v) => ask("hessianVector", theta, v) as Promise<Float32Array>,
    };
  }

  /** Ends the worker; calls under way are rejected. */
  close(): void {
    this.#end(new Error("remote model: closed"));
  }

  #rows(x: ArrayLike<number>): number {
    return rowsIn("remote model", x, this.#specification.input);
  }

  /** Programs for each thread's part of the batches. */
  #shared(kind: ProgramKind, batches: readonly number[]): ProgramKey[] {
    return sharedProgramsFor(kind, batches, this.#specification.threads);
  }

  /** Programs for a data set of so many rows. */
  #judging(kind: ProgramKind, rows: number): ProgramKey[] {
    return this.#shared(kind, evaluationPasses(rows, this.#specification.threads));
  }

  #training(batches: readonly number[], weighted: boolean): ProgramKey[] {
    return trainingPrograms(batches, this.#specification.microBatch, this.#specification.threads, weighted);
  }

  /** Updates of each thread's part of θ. */
  #updateKeys(): ProgramKey[] {
    const { parameterCount, threads, updatesByElement } = this.#specification;
    if (threads === 1 || !updatesByElement) return [];
    return distinct(updateShares(parameterCount, threads)).map((share) => ["update", 0, share]);
  }

  /** For input that is wrong the worker needs no programs: its checks will say what is wrong. */
  #whenValid(keys: () => ProgramKey[]): ProgramKey[] {
    try {
      return keys().filter(([, batch]) => Number.isSafeInteger(batch) && batch > 0);
    } catch {
      return [];
    }
  }

  /** Compiles what the worker has not got yet. */
  #compile(keys: readonly ProgramKey[]): PostedProgram[] {
    const missing = new Map(keys.map((key) => [keyText(...key), key]));
    for (const text of this.#sent) missing.delete(text);
    return [...missing.values()].map((key) => ({ key, program: this.#blueprint.program(...key) }));
  }

  /** Rates that the worker will need and has not got. */
  #nextRates(): Float64Array {
    if (!this.#scheduled) return new Float64Array();
    const ahead: number[] = [];
    for (let step = this.#ratesSent; step < this.#ratesNeeded; step++)
      for (const rate of this.#rates) ahead.push(typeof rate === "number" ? rate : rateAt(rate, step));
    this.#ratesSent = Math.max(this.#ratesSent, this.#ratesNeeded);
    return Float64Array.from(ahead);
  }

  async #ask(request: Request, keys: readonly ProgramKey[] = [], options: TransferOptions = {}): Promise<unknown> {
    if (this.#ended) throw this.#ended;
    const id = this.#calls++;
    const programs = this.#compile(keys);
    const rates = this.#nextRates();
    return new Promise((resolve, reject) => {
      this.#worker.postMessage({ id, programs, rates, request } satisfies Call, options.transfer);
      for (const { key } of programs) this.#sent.add(keyText(...key));
      this.#pending.set(id, { resolve, reject });
      this.#worker.ref?.();
    });
  }

  /** Draws an epoch of a fit for the worker. */
  async #sample({ sample, context }: Sample): Promise<void> {
    const answer = (rest: Omit<Sampled, "sampled">): void => {
      if (!this.#ended) this.#worker.postMessage({ sampled: sample, ...rest } satisfies Sampled);
    };
    try {
      answer({ drawn: (await this.#samplers.get(sample)?.epoch(context)) as Drawn });
    } catch (error) {
      answer({ error: error instanceof Error ? error.message : show(error) });
    }
  }

  #settle({ id, value, error }: Answer): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (this.#pending.size === 0) this.#worker.unref?.();
    if (!error) pending?.resolve(value);
    else pending?.reject(Object.assign(new Error(error.message), { name: error.name }));
  }

  #end(reason: Error): void {
    if (this.#ended) return;
    this.#ended = reason;
    this.#worker.terminate();
    for (const { reject } of this.#pending.values()) reject(reason);
    this.#pending.clear();
  }
}
