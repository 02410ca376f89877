// A model at work: memory, θ and compiled programs. Knows no network, only programs by purpose and batch size, so that
// the same engine runs in a worker to which programs are posted.
import type { BuildName } from "../../bindings/load.ts";
import type { ModelMemory } from "../../bindings/memory.ts";
import { requireIndices, requireNumbers, requireWeights } from "../checks.ts";
import type { Dataset } from "../data/dataset.ts";
import { type DataType, type Shape, showShape, size } from "../graph/tensor.ts";
import type { Loss, TargetSpecification } from "../losses/loss.ts";
import type { Schedule } from "../optimizers/optimizer.ts";
import { rateAt } from "../optimizers/options.ts";
import type { Program } from "../plan/program.ts";
import type { Augmentation } from "./augmentation.ts";
import { kindFor, type ProgramKind, programKinds, type RiskKind } from "./blueprint.ts";
import { requireTargets, rowsIn } from "./check.ts";
import { type Metrics, measure } from "./metrics.ts";
import { type BatchPart, batchParts, evaluationPasses, partShare, predictionPasses, type Share } from "./passes.ts";
import { ReadyProgram } from "./readyProgram.ts";
import type { Replicas } from "./replicas.ts";
import type { Batch, Evaluation } from "./reports.ts";
import { ResidentData } from "./resident.ts";
import { seedWords } from "./seed.ts";
import { reserveOwn } from "./segments.ts";
import type { FitPosition, Snapshot } from "./snapshot.ts";
import type { ParameterSlice, StateSlice } from "./trace.ts";

/** Everything an engine must know; plain data. */
export interface EngineSpecification {
  readonly build: BuildName;
  readonly seed: number;
  /** η before the first step: the model's own, then those of groups of parameters. */
  readonly learningRates: readonly number[];
  /** The optimiser's name. */
  readonly optimizer: string;
  readonly slots: number;
  /** What the slots hold before the first step. */
  readonly firstSlots: readonly (number | "theta")[];
  /** Which slot is an average of θ. */
  readonly average: number | undefined;
  /** Whether the gradient is taken twice a step. */
  readonly ascends: boolean;
  /** Steps after which the optimiser does something beside; 0: never. */
  readonly every: number;
  /** Whether each number of θ is updated by what belongs to it alone, so that threads can share the update out. */
  readonly updatesByElement: boolean;
  readonly threads: number;
  /** Most rows of a training batch that are done at once. */
  readonly microBatch: number;
  /** Whether a batch of fewer rows than threads may be done by one: it was not the user who chose how many. */
  readonly mayUseOneThread: boolean;
  readonly input: Shape;
  readonly inputType: DataType;
  readonly inputBelow: number | undefined;
  readonly output: Shape;
  readonly target: TargetSpecification;
  readonly judges: boolean;
  readonly link: Loss["link"];
  readonly layout: readonly ParameterSlice[];
  readonly parameterCount: number;
  readonly stateLayout: readonly StateSlice[];
  /** State at first. */
  readonly state: Float32Array;
}

/** With a share: the program of one replica of several. */
export type ProgramSource = (kind: ProgramKind, batch: number, share?: Share) => Program;

/** A program ready to run, by one replica or by all. */
export type Runnable = Pick<ReadyProgram, "prepare" | "view" | "address" | "run">;

/** A part of a training batch and its program. */
export interface ReadyPart extends BatchPart {
  readonly program: Runnable;
}

/** A model's threads, started; they wait for its programs. */
export interface Crew {
  readonly replicas: (specification: EngineSpecification, source: ProgramSource) => Replicas;
  close(): void;
}

/** Ends the threads of models that nobody holds any more. */
const abandoned = new FinalizationRegistry<Crew>((crew) => crew.close());

/** Views of what a step writes before it runs. */
interface ScalarCells {
  readonly generation: number;
  readonly f32: Float32Array;
  readonly i32: Int32Array;
  readonly step: Float32Array;
  readonly random: Int32Array;
}

export class Engine {
  readonly memory: ModelMemory;
  readonly specification: EngineSpecification;
  readonly #source: ProgramSource;
  readonly #programs = Object.fromEntries(programKinds.map((kind) => [kind, new Map()])) as Readonly<
    Record<ProgramKind, Map<string | number, ReadyProgram>>
  >;
  readonly #parts = new Map<number, readonly ReadyPart[]>();
  /** Target numbers of one example. */
  readonly #targetWidth: number;
  readonly #update: ReadyProgram;
  readonly #ascend: ReadyProgram | undefined;
  readonly #every: ReadyProgram | undefined;
  /** Of a model with several threads. */
  readonly replicas: Replicas | undefined;
  /** End of what the model keeps between calls: θ, g, slots and what belongs to them lie before it. */
  readonly #kept: number;
  /** Where the fit under way stands, or the one to be gone on with. */
  position: FitPosition | undefined;
  #closed = false;
  #steps = 0;
  /** Epochs drawn: those whose order depended on their number. */
  epochs = 0;
  #rates: (number | Schedule)[];
  /** Those of the optimiser. */
  #given: readonly (number | Schedule)[];
  #scalars: ScalarCells | undefined;
  /** The batch of the step under way. */
  #batch: Batch | undefined;
  #call = "step";

  private constructor(
    memory: ModelMemory,
    specification: EngineSpecification,
    values: readonly Float32Array[],
    source: ProgramSource,
    crew: Crew | undefined,
  ) {
    this.memory = memory;
    this.specification = specification;
    this.#source = source;
    this.#given = specification.learningRates;
    this.#rates = [...this.#given];
    this.#targetWidth = size(specification.target.shape.slice(1));
    const bytes = 4 * specification.parameterCount;
    memory.reserve("scalars", 8 * this.#rates.length);
    memory.reserve("step", 4);
    memory.reserve("shuffle", 16);
    memory.reserve("theta", bytes);
    reserveOwn(memory, specification);
    for (let i = 0; i < specification.slots; i++) memory.reserve(`slot${i}`, bytes);
    memory.reserve("state", 4 * specification.state.length);
    memory.reserve("share", 4);
    this.#begin(values);
    this.state().set(specification.state);
    for (const segment of ["random", "shuffle"]) memory.i32(segment, 0, 2).set(seedWords(specification.seed));
    const { ascends, every } = specification;
    if (ascends) memory.reserve("origin", bytes + 4 * specification.state.length);
    // Arenas of their own: they must leave a batch, and constants, where they are.
    const besides = (kind: ProgramKind): ReadyProgram => new ReadyProgram(memory, source(kind, 0), kind);
    this.#update = besides("update");
    this.#ascend = ascends ? besides("ascend") : undefined;
    this.#every = every > 0 ? besides("every") : undefined;
    this.#kept = memory.mark();
    this.replicas = crew?.replicas(specification, source);
    if (crew) abandoned.register(this, crew);
  }

  /**
   * @param values the first ones of each parameter, in the order of the layout
   * @param memory for this model alone, empty
   * @throws for first values that are not finite
   */
  static async create(
    specification: EngineSpecification,
    values: readonly Float32Array[],
    source: ProgramSource,
    memory: ModelMemory,
  ): Promise<Engine> {
    const { threads } = specification;
    // Who uses one thread loads none of what several need.
    const crew = threads > 1 ? await (await import("./replicas.ts")).startCrew(memory, threads) : undefined;
    try {
      return new Engine(memory, specification, values, source, crew);
    } catch (error) {
      crew?.close();
      throw error;
    }
  }

  #begin(values: readonly Float32Array[]): void {
    const { layout } = this.specification;
    for (const [i, { name, shape, offset, size }] of layout.entries()) {
      this.theta().set(values[i] as Float32Array, offset);
      const at = this.memory.kernels.firstNonFinite(this.memory.base("theta") + 4 * offset, size);
      if (at >= 0)
        throw new Error(
          `createModel: the initialiser of ${name} ${showShape(shape)} must return finite numbers, got ${values[i]?.[at]} at ${at}`,
        );
    }
  }

  get steps(): number {
    return this.#steps;
  }
  /** η of the next step. */
  get learningRate(): number {
    return this.#rate(0);
  }
  /** Takes the place of a schedule; the rates of groups keep their proportion to it. */
  set learningRate(value: number) {
    const before = this.learningRate;
    this.#rates = this.#rates.map((rate, i) => {
      if (i === 0) return value;
      // There is no proportion to 0.
      return before === 0 ? rate : (this.#rate(i) * value) / before;
    });
  }
  /** Rates that change from step to step, in the order of the specification's. */
  schedule(rates: readonly (number | Schedule)[]): void {
    this.#given = rates;
    this.#rates = [...rates];
  }
  /** η of the step after so many. */
  rateAfter(steps: number, i = 0): number {
    const rate = this.#rates[i] as number | Schedule;
    return typeof rate === "number" ? rate : rateAt(rate, steps);
  }
  #rate(i: number): number {
    return this.rateAfter(this.#steps, i);
  }

  /** Rates that were set; null for those that go by their schedule. */
  get ratesSet(): (number | null)[] {
    return this.#rates.map((rate) => (typeof rate === "number" ? rate : null));
  }

  /** Puts back what a snapshot counted. */
  goOnFrom(
    {
      steps,
      epochs,
      learningRate,
      learningRates,
    }: Pick<Snapshot, "steps" | "epochs" | "learningRate" | "learningRates">,
    position: FitPosition | undefined,
  ): void {
    this.#steps = steps;
    this.epochs = epochs;
    // Without a schedule of its own the model keeps the rate that the other's schedule gave.
    const given = this.#given.map((rate, i) => (i === 0 && typeof rate === "number" ? learningRate : rate));
    this.#rates = given.map((rate, i) => learningRates[i] ?? rate);
    this.position = position;
  }

  /** A live view of θ. */
  theta(): Float32Array<ArrayBuffer> {
    return this.memory.f32("theta", 0, this.specification.parameterCount);
  }
  /** A live view of one of the vectors the optimiser keeps. */
  slot(i: number): Float32Array<ArrayBuffer> {
    return this.memory.f32(`slot${i}`, 0, this.specification.parameterCount);
  }
  /** A live view of the average of θ that the optimiser keeps. */
  average(): Float32Array<ArrayBuffer> {
    const { average, optimizer } = this.specification;
    if (average === undefined)
      throw new Error(
        `average: ${optimizer} keeps none; create the model with an optimiser such as ema(${optimizer}())`,
      );
    // Before the first step the slot is empty, and the average that of θ alone.
    return this.#steps === 0 ? this.theta() : this.slot(average);
  }
  /** A live view of state. */
  state(): Float32Array<ArrayBuffer> {
    return this.memory.f32("state", 0, this.specification.state.length);
  }
  /** Makes the next state, which a program left, the present one. */
  acceptState(): void {
    const { memory, specification } = this;
    memory.kernels.copy(memory.base("state"), memory.base("nextState"), specification.state.length);
  }
  /** A live view of g, as the last step left it. */
  gradient(): Float32Array<ArrayBuffer> {
    return this.memory.f32("gradient", 0, this.specification.parameterCount);
  }

  /** The program for a purpose and batch size; compiled at its first use. */
  program(kind: ProgramKind, batch: number, whole?: number): ReadyProgram {
    const key = whole === undefined ? batch : `${batch} of ${whole}`;
    const known = this.#programs[kind].get(key);
    if (known) return known;
    const ready = new ReadyProgram(this.memory, this.#source(kind, batch, ...partShare(batch, whole)));
    this.#programs[kind].set(key, ready);
    return ready;
  }

  /** The program for a purpose and batch size that all threads run; one thread does what has too few rows for all. */
  sharedProgram(kind: ProgramKind, batch: number, whole?: number): Runnable {
    return this.replicas && batch >= this.specification.threads
      ? this.replicas.program(kind, batch, whole)
      : this.program(kind, batch, whole);
  }

  /** A training batch of so many rows, part by part. */
  parts(rows: number, weighted: boolean): readonly ReadyPart[] {
    const key = weighted ? -rows : rows;
    const known = this.#parts.get(key);
    if (known) return known;
    const parts = batchParts(rows, this.specification.microBatch, weighted).map((part) => ({
      ...part,
      program: this.sharedProgram(part.kind, part.rows, part.whole),
    }));
    this.#parts.set(key, parts);
    return parts;
  }

  /** Throws where a step of so many rows would leave a thread without any. */
  requireRows(call: string, rows: number): void {
    const { threads, mayUseOneThread } = this.specification;
    if (rows < threads && !mayUseOneThread)
      throw new Error(
        `${call}: a batch of ${rows} cannot be shared out among ${threads} threads; give at least ${threads} examples, or create the model with fewer threads`,
      );
  }

  /** Throws where the model has been closed, or has lost a thread. */
  requireAlive(call: string): void {
    if (this.#closed) throw new Error(`${call}: the model is closed`);
    this.replicas?.requireAlive();
  }
  close(): void {
    this.#closed = true;
    this.replicas?.close();
  }

  /** Writes a user's batch into the inputs of the program for one thread. */
  writeBatch(call: string, kind: RiskKind, batch: Batch): ReadyProgram {
    const rows = this.#checkBatch(call, batch);
    const program = this.program(kindFor(kind, batch.weights), rows);
    this.#fill(call, program, batch);
    return program;
  }

  /** Checks all of a batch that can be told before it is in memory → its rows. Allocates nothing. */
  #checkBatch(call: string, { x, y, weights }: Batch): number {
    const { input, target } = this.specification;
    const rows = rowsIn(call, x, input);
    const wanted = rows * this.#targetWidth;
    if (y?.length !== wanted)
      throw new Error(`${call}: ${rows} examples need ${wanted} target numbers, y has ${y?.length}`);
    requireNumbers(call, "y", y);
    requireTargets(call, y, target);
    if (weights !== undefined) requireWeights(call, weights, rows);
    this.#requireInput(call, x);
    return rows;
  }

  /** Writes a batch, or its rows from `first` on, into a program's inputs, checking every number. Allocates nothing. */
  #fill(call: string, program: Runnable, { x, y, weights }: Batch, first = 0): void {
    program.prepare();
    this.#writeInput(call, program, x, first);
    program.view("y").set(y);
    if (weights) program.view("weights").set(weights);
    if (this.specification.target.type === "f32")
      this.memory.requireFinite(call, "y", program.address("y"), y.length, first * this.#targetWidth);
  }

  /** Throws for integers that no row of the embedding has, and for bytes; numbers are looked at in memory. */
  #requireInput(call: string, x: ArrayLike<number>): void {
    const { inputType } = this.specification;
    if (inputType === "f32" && (x instanceof Uint8Array || x instanceof Uint8ClampedArray))
      throw new Error(
        `${call}: x holds bytes, and a data set would scale them; scale them yourself, as in Float32Array.from(x, (byte) => byte / 255)`,
      );
    this.requireIndices(call, x);
  }

  /** Throws for integers that no row of the embedding has. */
  requireIndices(call: string, x: ArrayLike<number>): void {
    const { inputType, inputBelow = 2 ** 31 } = this.specification;
    if (inputType === "i32") requireIndices(call, "x", x, "an index", inputBelow);
  }

  /** Writes examples, which are those from `first` on of what was given, into the input "x"; it may have room for more. */
  #writeInput(call: string, program: Runnable, x: ArrayLike<number>, first: number): void {
    const { inputType, input } = this.specification;
    program.view("x").set(x);
    if (inputType === "f32") this.memory.requireFinite(call, "x", program.address("x"), x.length, first * size(input));
  }

  #cells(): ScalarCells {
    const { memory } = this;
    const { generation } = memory;
    if (this.#scalars?.generation !== generation)
      this.#scalars = {
        generation,
        f32: memory.f32("scalars", 0, 2 * this.#rates.length),
        i32: memory.i32("scalars", 0, 2 * this.#rates.length),
        step: memory.f32("step", 0, 1),
        random: memory.i32("random", 0, 5),
      };
    return this.#scalars;
  }

  /** What the next step's programs read beside the batch: η, and the number of the step. */
  writeScalars(): void {
    const cells = this.#cells();
    for (let i = 0; i < this.#rates.length; i++) {
      cells.f32[2 * i] = this.#rate(i);
      cells.i32[2 * i + 1] = this.#steps;
    }
    cells.step[0] = this.#steps + 1;
    cells.random[2] = this.#steps;
  }

  /** Copies θ, g, slots and all else a step changes → a function that puts them back. */
  preserve(): () => void {
    // What lies before belongs to the threads.
    const first = this.memory.base("scalars");
    const live = (): Uint8Array => new Uint8Array(this.memory.memory.buffer, first, this.#kept - first);
    const copy = live().slice();
    return () => live().set(copy);
  }

  /**
   * Gradient of a batch, part by part, then the update → the loss before it. A loss that is not finite changes nothing.
   * @param fill writes a part's rows into its program's inputs
   */
  advance(parts: readonly ReadyPart[], fill: (part: ReadyPart) => void): number {
    const { program } = parts[0] as ReadyPart;
    if (this.#steps === 0) this.#fillSlots();
    for (let i = 0; i < parts.length; i++) this.#run(parts[i] as ReadyPart, fill);
    let loss = program.view("loss")[0] as number;
    if (this.#ascend && Number.isFinite(loss)) {
      const first = loss;
      const second = this.#secondLoss(this.#ascend, parts, fill);
      loss = Number.isFinite(second) ? first : second;
    }
    if (Number.isFinite(loss)) {
      this.#learn(program);
      this.#steps++;
    }
    return loss;
  }

  #run(part: ReadyPart, fill: (part: ReadyPart) => void): void {
    fill(part);
    if (part.first === 0) this.writeScalars();
    // Random draws are those of the row's place in the whole batch.
    this.#cells().random[4] = part.first;
    part.program.run();
  }

  /** Slots that do not begin as zeros. */
  #fillSlots(): void {
    this.specification.firstSlots.forEach((first, i) => {
      if (first === "theta") this.memory.f32(`slot${i}`, 0, this.specification.parameterCount).set(this.theta());
      else if (first !== 0) this.memory.f32(`slot${i}`, 0, this.specification.parameterCount).fill(first);
    });
  }

  /** Does the batch again where an optimiser wants its gradient → the loss there. θ is as before; so is the next state. */
  #secondLoss(ascend: ReadyProgram, parts: readonly ReadyPart[], fill: (part: ReadyPart) => void): number {
    const { memory, specification } = this;
    const { program } = parts[0] as ReadyPart;
    const { kernels } = memory;
    const [theta, origin, next] = [memory.base("theta"), memory.base("origin"), memory.base("nextState")];
    const count = specification.parameterCount;
    kernels.copy(origin, theta, count);
    kernels.copy(origin + 4 * count, next, specification.state.length);
    if (!(program instanceof ReadyProgram)) this.replicas?.update();
    ascend.run();
    // Filled again: a run takes the place of its inputs for what it computes.
    for (let i = 0; i < parts.length; i++) this.#run(parts[i] as ReadyPart, fill);
    kernels.copy(theta, origin, count);
    kernels.copy(next, origin + 4 * count, specification.state.length);
    return program.view("loss")[0] as number;
  }

  /** Updates θ by the gradient that a program left. */
  #learn(program: Runnable): void {
    const shared = program instanceof ReadyProgram ? undefined : this.replicas;
    shared?.update();
    if (!shared || !this.specification.updatesByElement) this.#update.run();
    else if (program.view("nextState") !== undefined) this.acceptState();
    if (this.#every && (this.#steps + 1) % this.specification.every === 0) this.#every.run();
  }

  /** @param alone whether fewer rows than threads may be done by one thread, as the last rows of an epoch are */
  step(batch: Batch, call = "step", alone = false): number {
    const rows = this.#checkBatch(call, batch);
    if (!alone) this.requireRows(call, rows);
    this.#batch = batch;
    this.#call = call;
    try {
      return this.advance(this.parts(rows, batch.weights !== undefined), this.#fillFromBatch);
    } finally {
      this.#batch = undefined;
    }
  }

  /** Bound once: a step allocates nothing. */
  readonly #fillFromBatch = (part: ReadyPart): void => {
    this.fillPart(this.#call, this.#batch as Batch, part, part.program);
    // What a fit left cannot be gone on with behind a step of one's own.
    this.position = undefined;
  };

  /** Writes a part's rows of a batch into a program's inputs. */
  fillPart(call: string, batch: Batch, part: ReadyPart, program: Runnable): void {
    this.#fill(call, program, part.whole === undefined ? batch : this.#rowsOf(batch, part), part.first);
  }

  #rowsOf({ x, y, weights }: Batch, { first, rows }: ReadyPart): Batch {
    const cut = (list: ArrayLike<number>, width: number): ArrayLike<number> =>
      Array.prototype.slice.call(list, first * width, (first + rows) * width);
    return {
      x: cut(x, size(this.specification.input)),
      y: cut(y, this.#targetWidth),
      ...(weights && { weights: cut(weights, 1) }),
    };
  }

  /** A data set in memory until `release` is called; last in, first out. */
  hold(call: string, data: Dataset, augmentation?: Augmentation): ResidentData {
    return new ResidentData(this.memory, call, data, this.specification, augmentation);
  }

  /** Puts the rows in the order of an epoch, by its number. */
  shuffle(data: ResidentData, round: number): void {
    this.memory.i32("shuffle", 8, 1)[0] = round;
    data.shuffle();
  }

  evaluate(data: Dataset, metrics?: Metrics): Evaluation {
    const resident = this.hold("evaluate", data);
    try {
      return this.judge(resident, metrics);
    } finally {
      resident.release();
    }
  }

  /** Mean loss and share of right answers over a data set that is in memory. */
  judge(data: ResidentData, metrics?: Metrics): Evaluation {
    const passes = this.judging(data, metrics);
    for (;;) {
      const { done, value } = passes.next();
      if (done) return value;
    }
  }

  /** The same, resting after each pass. */
  *judging(data: ResidentData, metrics?: Metrics): Generator<undefined, Evaluation, undefined> {
    const width = size(this.specification.output);
    // Metrics judge all rows at once: those of passes do not average.
    const outputs = metrics && new Float32Array(data.size * width);
    const kind = kindFor("evaluate", data.weights);
    let loss = 0;
    let correct = 0;
    let penalty = 0;
    let start = 0;
    for (const rows of evaluationPasses(data.size, this.specification.threads)) {
      const program = this.sharedProgram(kind, rows);
      data.gather(program, start, rows);
      program.run();
      outputs?.set(program.view("output") as Float32Array, start * width);
      start += rows;
      loss += program.view("loss")[0] as number;
      if (this.specification.judges) correct += program.view("correct")[0] as number;
      penalty = (program.view("penalty")?.[0] as number | undefined) ?? 0;
      yield;
    }
    return {
      loss: loss / data.size + penalty,
      ...(this.specification.judges && { accuracy: correct / data.size }),
      ...(outputs && measure(metrics, outputs, data.targets, this.specification)),
    };
  }

  /** Outputs for rows of examples; in passes of a power of two of rows, so that few programs serve every length. */
  predict(x: ArrayLike<number>): Float32Array {
    const { input, output } = this.specification;
    const rows = rowsIn("predict", x, input);
    this.#requireInput("predict", x);
    const width = size(input);
    const result = new Float32Array(rows * size(output));
    const list = ArrayBuffer.isView(x) ? (x as Float32Array) : Float64Array.from(x);
    let start = 0;
    for (const pass of predictionPasses(rows, this.specification.threads)) {
      const count = Math.min(pass, rows - start);
      const program = this.sharedProgram("predict", pass);
      program.prepare();
      // Rows to spare hold zeros, not what another program left.
      if (count < pass) program.view("x").fill(0);
      this.#writeInput("predict", program, list.subarray(start * width, (start + count) * width), start);
      program.run();
      result.set((program.view("output") as Float32Array).subarray(0, count * size(output)), start * size(output));
      start += count;
    }
    return result;
  }

  /** Throws where the steps so far have left a parameter, or a running statistic, that is not finite. */
  requireIntact(call: string): void {
    const { layout, stateLayout } = this.specification;
    const name = this.#ruined("theta", layout) ?? this.#ruined("state", stateLayout);
    if (name !== undefined)
      throw new Error(
        `${call}: ${name} is not finite after step ${this.#steps}; go back to an earlier snapshot, with a learning rate below ${this.learningRate}`,
      );
  }
  /** The first entry with a number that is not finite. */
  #ruined(segment: string, places: readonly StateSlice[]): string | undefined {
    const { kernels } = this.memory;
    const base = this.memory.base(segment);
    return places.find(({ offset, size: count }) => kernels.firstNonFinite(base + 4 * offset, count) >= 0)?.name;
  }

  /** Runs a program once more, call by call, and names the first tensor with a value that is not finite. */
  firstNonFinite(program: ReadyProgram): string | undefined {
    const { kernels } = this.memory;
    const ruined = this.#ruined("theta", this.specification.layout);
    if (ruined !== undefined) return `parameter ${ruined}, which the step before left so`;
    const { calls, tensors } = program.program;
    let found: string | undefined;
    program.trace((at) => {
      const index = calls[at]?.tensor as number;
      const tensor = tensors[index];
      if (tensor?.type !== "f32" || calls[at + 1]?.tensor === index) return true;
      if (kernels.firstNonFinite(program.addressOf(tensor), size(tensor)) < 0) return true;
      found = `${tensor.operation} ${showShape(tensor.shape)}`;
      return false;
    });
    return found;
  }
}
