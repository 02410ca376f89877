// The loop of stochastic gradient descent: sample a batch, forward, gradient, update.
import { hostTurn } from "#platform";
import { requireOneOf, requireOptions, requireWhole, show } from "../checks.ts";
import type { Dataset } from "../data/dataset.ts";
import { requireAugmentation } from "./augmentation.ts";
import { requireDataset } from "./check.ts";
import type { Engine } from "./engine.ts";
import { trainingBatches } from "./passes.ts";
import type { Evaluation, FitOptions, Report } from "./reports.ts";
import type { ResidentData } from "./resident.ts";

/** Longest stretch of work between two turns of the host, in milliseconds: less than a frame. */
const PATIENCE = 12;

export const fitOptions = ["epochs", "batchSize", "shuffle", "validation", "augment", "reportEvery", "signal"];

/** Throws unless a signal is one. */
export function requireSignal(signal: unknown): void {
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw new Error(`fit: signal must be an AbortSignal, got ${show(signal)}`);
}

/** Throws unless fit can begin. */
export function checkFit(engine: Engine, data: Dataset, options: FitOptions): void {
  const { input, inputType, target } = engine.specification;
  requireOptions("fit", options, fitOptions);
  requireDataset("fit", data, input, inputType, target);
  engine.requireIndices("fit", data.x);
  if (options.validation !== undefined) {
    requireDataset("fit: validation", options.validation, input, inputType, target);
    engine.requireIndices("fit: validation", options.validation.x);
  }
  if (options.augment !== undefined) requireAugmentation("fit", options.augment, data);
  const { epochs = 1, batchSize = 32, shuffle = true } = options;
  requireWhole("fit", "epochs", epochs, 1);
  if (batchSize !== "all") requireWhole("fit", "batchSize", batchSize, 1);
  engine.requireRows("fit", batchSize === "all" ? data.size : Math.min(batchSize, data.size));
  requireOneOf("fit", "shuffle", shuffle, [true, false]);
  requireSignal(options.signal);
  if (options.reportEvery !== undefined) requireWhole("fit", "reportEvery", options.reportEvery, 1);
  // A batch that a layer cannot take, such as a last one of a single example, is refused before the first step.
  for (const rows of trainingBatches(data.size, batchSize)) engine.sharedProgram("train", rows);
}

/** The host's turns: between them the loop works without a pause. */
class Turns {
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

/** Trains; see Model.fit. The options have been checked. */
export async function* fit(engine: Engine, data: Dataset, options: FitOptions): AsyncGenerator<Report, void, void> {
  const { epochs = 1, batchSize = 32, shuffle = true, validation, augment, reportEvery, signal } = options;
  const batch = batchSize === "all" ? data.size : Math.min(batchSize, data.size);
  const stepsPerEpoch = Math.ceil(data.size / batch);
  const began = performance.now();
  const seconds = (): number => (performance.now() - began) / 1000;
  const resident = engine.hold("fit", data, augment);
  try {
    const held = validation && engine.hold("fit: validation", validation);
    const turns = new Turns(engine, signal);
    for (let epoch = 1; epoch <= epochs; epoch++) {
      turns.check();
      if (shuffle) engine.shuffle(resident);
      const epochBegan = performance.now();
      const rate = (examples: number): number => (1000 * examples) / (performance.now() - epochBegan);
      let total = 0;
      for (let at = 0; at < stepsPerEpoch; at++) {
        if (turns.due) await turns.take();
        turns.check();
        const start = at * batch;
        const rows = Math.min(batch, data.size - start);
        const program = engine.sharedProgram("train", rows);
        resident.gather(program, start, rows, engine.steps);
        const loss = engine.advance(program);
        if (!Number.isFinite(loss)) {
          // By one thread: its tensors are those of all rows.
          const alone = engine.program("train", rows);
          resident.gather(alone, start, rows, engine.steps);
          const culprit = engine.firstNonFinite(alone);
          throw new Error(
            `fit: the loss is ${loss} at step ${engine.steps + 1} (epoch ${epoch}, batch ${at + 1} of ${stepsPerEpoch}); the first value that is not finite came from ${culprit}; lower the learning rate (now ${engine.learningRate}), or look at the data and the loss. The model is as the step before left it`,
          );
        }
        total += loss * rows;
        if (reportEvery !== undefined && (at + 1) % reportEvery === 0)
          yield {
            kind: "step",
            epoch,
            stepInEpoch: at + 1,
            stepsPerEpoch,
            step: engine.steps,
            loss,
            seconds: seconds(),
            examplesPerSecond: rate(start + rows),
          };
      }
      const examplesPerSecond = rate(data.size);
      await turns.take();
      const judged = held && (await judge(engine, held, turns));
      yield {
        kind: "epoch",
        epoch,
        step: engine.steps,
        loss: total / data.size,
        seconds: seconds(),
        examplesPerSecond,
        ...(judged && { validation: judged }),
      };
    }
  } finally {
    resident.release();
  }
}

/** Engine.judge with turns for the host in between. */
async function judge(engine: Engine, data: ResidentData, turns: Turns): Promise<Evaluation> {
  const passes = engine.judging(data);
  for (;;) {
    const { done, value } = passes.next();
    if (done) return value;
    if (turns.due) await turns.take();
  }
}
