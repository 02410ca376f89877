// Stochastic gradient descent on examples that come one after another. Loaded at its first use: who trains on data sets
// alone has no need of it.
import { requireOneOf, requireOptions, requireWhole, show } from "../checks.ts";
import { batches, rowsOf } from "../data/batches.ts";
import { items } from "../data/items.ts";
import type { Source } from "../data/source.ts";
import { type Shape, size } from "../graph/tensor.ts";
import type { TargetSpecification } from "../losses/loss.ts";
import type { EngineSpecification } from "./engine.ts";
import { checkLooks } from "./fit.ts";
import type { Measured, Metrics } from "./metrics.ts";
import type { Batch, Evaluation, FitOptions, Report } from "./reports.ts";

/** What one step on a batch told. */
export interface Learnt {
  /** Steps of the model since its creation. */
  readonly step: number;
  readonly loss: number;
  /** The batch as the model judged it before. */
  readonly tested?: Evaluation;
}

/** How a batch is learnt from. */
export interface Learning {
  /** Whether it is the fit's first, which must have a row for each thread; one thread does the shorter ones behind it. */
  readonly first: boolean;
  /** Whether it is judged before. */
  readonly testFirst: boolean;
}

/** What a fit needs of a model, here or in a worker. */
export interface Learner<M extends Metrics> {
  readonly input: Shape;
  readonly target: TargetSpecification;
  /** Lets the host have its turn where it is due; throws where the model can go on no more. */
  turn(): Promise<void>;
  /** One step. @throws for a batch that does not fit, and a loss that is not finite; the model is then as it was */
  learn(batch: Batch, how: Learning): Learnt | Promise<Learnt>;
  judge(): Promise<Evaluation & Measured<M>>;
}

const known = ["epochs", "stepsPerEpoch", "batchSize", "testThenTrain", "validation", "metrics", "reportEvery", "callbacks", "signal"]; // biome-ignore format: a list

/** Options of fit that choose among examples, and what does the same to a stream. */
const ofDatasets: Readonly<Record<string, string>> = {
  shuffle: "stream(source).shuffle(1000, seed)",
  sampler: "stream(source).shuffle(1000, seed)",
  augment: "stream(source).map(…)",
  resume: "stream(source).skip(…) with the examples that it has seen, after restore()",
};

/** Throws unless a stream can be fitted with these options; nothing has been read then. */
export function checkStreamFit(specification: EngineSpecification, options: FitOptions<Metrics>): void {
  if (typeof options !== "object" || options === null) requireOptions("fit", options, known);
  for (const [name, remedy] of Object.entries(ofDatasets))
    if (options[name as keyof typeof options] !== undefined)
      throw new Error(`fit: ${name} is for data sets, and a stream is taken as it comes; instead give ${remedy}`);
  requireOptions("fit", options, known);
  checkLooks(specification, options);
  const { epochs = 1, stepsPerEpoch, batchSize, testThenTrain = false } = options;
  requireWhole("fit", "epochs", epochs, 1);
  if (batchSize === "all")
    throw new Error('fit: batchSize "all" is for data sets; give how many rows of a stream make a batch');
  for (const [name, value] of Object.entries({ stepsPerEpoch, batchSize }))
    if (value !== undefined) requireWhole("fit", name, value, 1);
  requireOneOf("fit", "testThenTrain", testThenTrain, [true, false]);
}

/** Means over examples of what is told step by step. */
class Means {
  #rows = 0;
  #loss = 0;
  #tested = 0;
  #right: number | undefined = 0;

  add(rows: number, { loss, tested }: Learnt): void {
    this.#rows += rows;
    this.#loss += rows * loss;
    if (!tested) return;
    this.#tested += rows * tested.loss;
    this.#right = tested.accuracy === undefined ? undefined : (this.#right as number) + rows * tested.accuracy;
  }
  get rows(): number {
    return this.#rows;
  }
  get loss(): number {
    return this.#loss / this.#rows;
  }
  get tested(): Evaluation {
    const { rows } = this;
    return { loss: this.#tested / rows, ...(this.#right !== undefined && { accuracy: this.#right / rows }) };
  }
}

/** Items as batches: as they come, or joined and parted to be of `batchSize` rows. */
async function* batchesOf(
  source: AsyncIterable<unknown>,
  batchSize: number | undefined,
  { input, target }: Learner<Metrics>,
): AsyncGenerator<Batch, void, void> {
  const widths = { x: size(input), y: size(target.shape.slice(1)) };
  if (batchSize !== undefined) return yield* batches("fit", source, batchSize, { widths, reuse: true });
  let number = 0;
  for await (const item of source) yield rowsOf(`fit: item ${++number}`, item);
}

/** Trains on a stream; see Model.fit. The options have been checked. */
export async function* fitStream<M extends Metrics>(
  learner: Learner<M>,
  source: Source<unknown>,
  options: FitOptions<M>,
): AsyncGenerator<Report<M>, void, void> {
  const { epochs = 1, stepsPerEpoch = Number.POSITIVE_INFINITY, reportEvery, signal } = options;
  const batchSize = options.batchSize as number | undefined;
  const testFirst = options.testThenTrain === true;
  const width = size(learner.input);
  const began = performance.now();
  const since = (from: number): number => (performance.now() - from) / 1000;
  /** With an end to each epoch the source goes on from one to the next; without, each is once through it. */
  const goesOn = stepsPerEpoch < Number.POSITIVE_INFINITY;
  let epoch = 1;
  let step = 0;
  while (epoch <= epochs) {
    const first = epoch;
    let at = 0;
    let whole = new Means();
    let recent = new Means();
    let epochBegan = performance.now();
    const report = async (): Promise<Report<M>> => ({
      kind: "epoch",
      epoch,
      step,
      loss: whole.loss,
      seconds: since(began),
      examplesPerSecond: whole.rows / since(epochBegan),
      ...(testFirst && { tested: whole.tested }),
      ...(options.validation && { validation: await learner.judge() }),
    });
    for await (const batch of batchesOf(items(source, signal), batchSize, learner)) {
      await learner.turn();
      signal?.throwIfAborted();
      const learnt = await learner.learn(batch, { first: step === 0, testFirst });
      const rows = batch.x.length / width;
      for (const means of [whole, recent]) means.add(rows, learnt);
      step = learnt.step;
      at++;
      if (reportEvery !== undefined && at % reportEvery === 0) {
        yield {
          kind: "step",
          epoch,
          stepInEpoch: at,
          stepsPerEpoch,
          step,
          loss: learnt.loss,
          seconds: since(began),
          examplesPerSecond: whole.rows / since(epochBegan),
          ...(testFirst && { tested: recent.tested }),
        };
        recent = new Means();
      }
      if (at < stepsPerEpoch) continue;
      yield await report();
      if (++epoch > epochs) return;
      [at, whole, recent, epochBegan] = [0, new Means(), new Means(), performance.now()];
    }
    if (at === 0 && epoch === 1) throw new Error(`fit: the stream is empty; it needs at least one example`);
    if (at > 0) yield await report();
    if (goesOn) return;
    if (at === 0)
      throw new Error(
        `fit: the stream had nothing left for epoch ${show(first)}: it can be read once only; give one that begins anew, as stream(() => …), or fewer epochs`,
      );
    epoch++;
  }
}
