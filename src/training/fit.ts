// The loop of stochastic gradient descent: sample a batch, forward, gradient, update.
import { hostTurn } from "#platform";
import { requireOneOf, requireOptions, requireWhole, show } from "../checks.ts";
import type { Dataset } from "../data/dataset.ts";
import { requireDataset } from "./check.ts";
import type { Engine, EngineSpecification, ReadyPart, Runnable } from "./engine.ts";
import { type Measured, type Metrics, requireMetrics } from "./metrics.ts";
import { trainingBatches } from "./passes.ts";
import type { ReadyProgram } from "./readyProgram.ts";
import type { Evaluation, FitOptions, Report } from "./reports.ts";
import type { ResidentData } from "./resident.ts";
import type { FitPosition } from "./snapshot.ts";

/** Longest stretch of work between two turns of the host, in milliseconds: less than a frame. */
const PATIENCE = 12;

export const fitOptions = [
  "epochs",
  "batchSize",
  "shuffle",
  "sampler",
  "validation",
  "metrics",
  "augment",
  "reportEvery",
  "resume",
  "callbacks",
  "signal",
];

/** Throws unless a signal is one. */
export function requireSignal(signal: unknown): void {
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw new Error(`fit: signal must be an AbortSignal, got ${show(signal)}`);
}

/** Throws for a validation that a model cannot be judged by, and others that look on. */
export function checkLooks(
  { input, inputType, target }: EngineSpecification,
  { validation, metrics, signal, reportEvery }: FitOptions<Metrics>,
): void {
  if (validation !== undefined) requireDataset("fit: validation", validation, input, inputType, target);
  requireMetrics("fit", metrics);
  if (metrics !== undefined && validation === undefined)
    throw new Error("fit: metrics judge the validation, and there is none; give a data set, as { validation: test }");
  requireSignal(signal);
  if (reportEvery !== undefined) requireWhole("fit", "reportEvery", reportEvery, 1);
}

/** Throws unless fit can begin. */
export function checkFit(engine: Engine, data: Dataset, options: FitOptions<Metrics>): void {
  const { input, inputType, target } = engine.specification;
  requireOptions("fit", options, fitOptions);
  requireDataset("fit", data, input, inputType, target);
  engine.requireIndices("fit", data.x);
  checkLooks(engine.specification, options);
  if (options.validation !== undefined) engine.requireIndices("fit: validation", options.validation.x);
  const { epochs = 1, batchSize = 32, shuffle = true, resume = false } = options;
  requireWhole("fit", "epochs", epochs, 1);
  if (batchSize !== "all") requireWhole("fit", "batchSize", batchSize, 1);
  engine.requireRows("fit", batchSize === "all" ? data.size : Math.min(batchSize, data.size));
  requireOneOf("fit", "shuffle", shuffle, [true, false]);
  requireOneOf("fit", "resume", resume, [true, false]);
  if (resume) requirePosition(engine.position, courseOf(data, options));
  // A batch that a layer cannot take, such as a last one of a single example, is refused before the first step.
  for (const rows of trainingBatches(data.size, batchSize)) engine.parts(rows, isWeightedFit(data, options));
}

/** Whether the examples of a fit's steps have weights. */
export const isWeightedFit = (data: Dataset, { sampler }: Pick<FitOptions<Metrics>, "sampler">): boolean =>
  data.weights !== undefined || sampler?.weighted === true;

/** What decides which examples each step of a fit sees. */
type Course = Pick<FitPosition, "batchSize" | "examples" | "shuffle" | "sampler">;

const courseOf = ({ size }: Dataset, { batchSize = 32, shuffle = true, sampler }: FitOptions<Metrics>): Course => ({
  batchSize: batchSize === "all" ? size : batchSize,
  examples: size,
  shuffle: shuffle && !sampler,
  ...(sampler && { sampler: sampler.name }),
});

/** Throws unless a fit stands there that these options go on with. */
function requirePosition(position: FitPosition | undefined, own: Course): void {
  if (!position)
    throw new Error("fit: resume: true needs a snapshot taken during a fit; restore one first, or leave resume out");
  for (const name of ["examples", "batchSize", "sampler", "shuffle"] as const)
    if (position[name] !== own[name])
      throw new Error(
        `fit: resume: the fit that was left had ${name} ${position[name]}, this one has ${own[name]}; give the same`,
      );
}

/** The host's turns: between them the loop works without a pause. */
export class Turns {
  readonly #engine: Engine;
  readonly #signal: AbortSignal | undefined;
  #last = performance.now();

  constructor(engine: Engine, signal: AbortSignal | undefined) {
    this.#engine = engine;
    this.#signal = signal;
  }
  get due(): boolean {
    return performance.now() - this.#last > PATIENCE;
  }
  /** @throws where the host aborted the loop or closed the model meanwhile */
  async take(): Promise<void> {
    await hostTurn();
    this.#last = performance.now();
    this.check();
  }
  check(): void {
    this.#signal?.throwIfAborted();
    this.#engine.requireAlive("fit");
  }
}

/** Before the first epoch. */
const start = { epoch: 1, begun: false, stepInEpoch: 0, total: 0, scores: undefined as FitPosition["scores"] };

/** Trains; see Model.fit. The options have been checked. */
export async function* fit<M extends Metrics>(
  engine: Engine,
  data: Dataset,
  options: FitOptions<M>,
): AsyncGenerator<Report<M>, void, void> {
  const { epochs = 1, resume = false, sampler, validation, metrics, augment, reportEvery, signal } = options;
  // Who has no sampler loads none of what one needs.
  const sampling = sampler === undefined ? undefined : await import("./sampling.ts");
  sampling?.requireSampler(sampler, options.shuffle);
  const course = courseOf(data, options);
  const { shuffle } = course;
  const batch = Math.min(course.batchSize, data.size);
  const weighted = isWeightedFit(data, options);
  const stepsPerEpoch = Math.ceil(data.size / batch);
  const began = performance.now();
  const seconds = (): number => (performance.now() - began) / 1000;
  const resident = engine.hold("fit", data, augment);
  try {
    const held = validation && engine.hold("fit: validation", validation);
    const change = augment && (await import("./augment.ts")).augmenter(engine, data.shape, augment);
    // Where the callbacks stand they themselves say from now on.
    const position = { ...start, ...course, ...(resume && engine.position), callbacks: undefined };
    // Kept up to date step by step, so that a snapshot of a fit that was broken off is true.
    engine.position = position;
    const turns = new Turns(engine, signal);
    let from = 0;
    const gather = ({ program: own, first, rows }: ReadyPart, program: Runnable = own): void => {
      resident.gather(program, from + first, rows, engine.steps);
      change?.(program, from + first, rows, engine.steps);
    };
    while (position.epoch <= epochs) {
      turns.check();
      const { epoch, stepInEpoch: first, begun } = position;
      const round = engine.epochs - (begun ? 1 : 0);
      if (sampling && sampler) {
        position.scores = await sampling.drawEpoch(
          sampler,
          engine,
          resident,
          { ...position, batchSize: batch },
          round,
          turns,
        );
        turns.check();
      } else if (shuffle) engine.shuffle(resident, round);
      if (sampler || shuffle) engine.epochs = round + 1;
      position.begun = true;
      const epochBegan = performance.now();
      const rate = (examples: number): number => (1000 * examples) / (performance.now() - epochBegan);
      for (let at = first; at < stepsPerEpoch; at++) {
        if (turns.due) await turns.take();
        turns.check();
        from = at * batch;
        const rows = Math.min(batch, data.size - from);
        const parts = engine.parts(rows, weighted);
        const loss = engine.advance(parts, gather);
        if (!Number.isFinite(loss))
          throw notFinite(engine, loss, ` (epoch ${epoch}, batch ${at + 1} of ${stepsPerEpoch})`, parts, gather);
        position.total += loss * rows;
        position.stepInEpoch = at + 1;
        if (reportEvery !== undefined && (at + 1) % reportEvery === 0)
          yield {
            kind: "step",
            epoch,
            stepInEpoch: at + 1,
            stepsPerEpoch,
            step: engine.steps,
            loss,
            seconds: seconds(),
            examplesPerSecond: rate(from + rows - first * batch),
          };
      }
      engine.requireIntact("fit");
      const examplesPerSecond = rate(data.size - first * batch);
      await turns.take();
      const judged = held && (await judge(engine, held, turns, metrics));
      const loss = position.total / data.size;
      // Until the report is taken the next epoch has not begun.
      Object.assign(position, { ...start, epoch: epoch + 1 });
      yield {
        kind: "epoch",
        epoch,
        step: engine.steps,
        loss,
        seconds: seconds(),
        examplesPerSecond,
        ...(judged && { validation: judged }),
      };
    }
  } finally {
    resident.release();
  }
}

/** What there is to say of a loss that is not finite, the one of the step that comes next. */
export function notFinite(
  engine: Engine,
  loss: number,
  place: string,
  parts: readonly ReadyPart[],
  fill: (part: ReadyPart, alone: ReadyProgram) => void,
): Error {
  const culprit = firstNonFinite(engine, parts, fill);
  return new Error(
    `fit: the loss is ${loss} at step ${engine.steps + 1}${place}; the first value that is not finite came from ${culprit}; lower the learning rate (now ${engine.learningRate}), or look at the data and the loss. The model is as the step before left it`,
  );
}

/** What the first value that is not finite came from, by one thread: its tensors are those of all rows of a part. */
function firstNonFinite(
  engine: Engine,
  parts: readonly ReadyPart[],
  fill: (part: ReadyPart, alone: ReadyProgram) => void,
): string {
  for (const part of parts) {
    const alone = engine.program(part.kind, part.rows, part.whole);
    fill(part, alone);
    const culprit = engine.firstNonFinite(alone);
    if (culprit !== undefined) return culprit;
  }
  return "the loss itself";
}

/** Engine.judge with turns for the host in between. */
export async function judge<M extends Metrics>(
  engine: Engine,
  data: ResidentData,
  turns: Turns,
  metrics: M | undefined,
): Promise<Evaluation & Measured<M>> {
  const passes = engine.judging(data, metrics);
  for (;;) {
    const { done, value } = passes.next();
    if (done) return value as Evaluation & Measured<M>;
    if (turns.due) await turns.take();
  }
}
