// The command `thalweg train` on images: written on the public API alone, as a user would.
import { writeFileSync } from "node:fs";
import {
  type Batch, checkpoints, chromeTrace, convfc, createModel, crossEntropy, formatProfile, type Layer, lenet5, type ModelOptions, mlp, resnet, type Snapshot, sgd,
} from "thalweg"; // biome-ignore format: a list of names
import type { Dataset, PerChannel } from "thalweg/data";
import { mostFrequent } from "./baseline.ts";
import { augmentationOf, readDataset } from "./datasets.ts";
import type { Display, EpochReport } from "./display.ts";
import type { TrainOptions } from "./options.ts";
import type { NetworkChoice } from "./recipes.ts";

/** Step reports per epoch, for the bar. */
const reportsPerEpoch = 40;

/** What a checkpoint says of itself. */
export interface ImageNotes {
  readonly command: "thalweg train images";
  readonly options: TrainOptions;
}

/**
 * Trains, tests and shows it.
 * @param interruption called before the first step: what stops the training from then on
 * @param from where a run that is resumed was left
 * @returns whether it went to its end
 */
export async function train(
  options: TrainOptions,
  display: Display,
  version: string,
  interruption: () => AbortSignal,
  from?: Snapshot,
): Promise<boolean> {
  const data = await readDataset(options.dataset, options.data);
  const model = await modelFor(options, data.train);
  if (from) model.restore(from);
  const { checkpoint } = options;
  const notes: ImageNotes = { command: "thalweg train images", options };
  const run = { build: model.build, network: options.network.name, threads: model.threads };
  display.begin({
    ...run,
    examples: data.train.size,
    testExamples: data.test.size,
    epochs: options.epochs,
    batch: options.batch,
    seed: options.seed,
    version,
    summary: model.summary(),
  });
  if (options.profile !== undefined) {
    const profile = await model.profile(firstBatch(data.train, options.batch));
    if (options.profile !== true) writeFileSync(options.profile, chromeTrace(profile));
    display.profile(profile, formatProfile(profile));
  }
  const signal = interruption();
  const started = performance.now();
  const elapsed = (): number => (performance.now() - started) / 1000;
  let last: EpochReport | undefined;
  try {
    for await (const report of model.fit(data.train, {
      epochs: options.epochs,
      batchSize: options.batch,
      validation: data.test,
      signal,
      resume: from?.fit !== undefined,
      callbacks: checkpoint === undefined ? [] : [checkpoints(checkpoint, { notes })],
      ...(options.augment && { augment: augmentationOf(options.dataset) }),
      ...(display.wantsSteps && {
        reportEvery: Math.ceil(data.train.size / options.batch / reportsPerEpoch),
      }),
    })) {
      if (report.kind === "step") {
        const share = report.stepInEpoch / report.stepsPerEpoch;
        display.step({ ...report, seen: Math.round((report.epoch - 1 + share) * data.train.size) });
        continue;
      }
      last = report;
      display.epoch(report);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  if (signal.aborted || !last?.validation) {
    display.interrupted(last, elapsed());
    return false;
  }
  const seconds = elapsed();
  const { loss, accuracy } = last.validation;
  display.end({
    ...run,
    testAccuracy: accuracy as number,
    testLoss: loss,
    seconds,
    baseline: mostFrequent(data.test),
    ...(checkpoint !== undefined && { checkpoint }),
  });
  return true;
}

const modelFor = (options: TrainOptions, data: Dataset) => createModel(modelOptions(options, data));

/** What a model that was trained by these options is made of. */
export function modelOptions(options: TrainOptions, { shape, size, classes = [] }: Dataset): ModelOptions {
  const { momentum, weightDecay, seed, build, threads } = options;
  return {
    input: shape,
    network: networkOf(options.network, classes.length),
    loss: crossEntropy(),
    optimizer: sgd({ learningRate: (step) => rateAfter(step, options, size), momentum, weightDecay }),
    seed,
    build,
    threads,
  };
}

/** The learning rate after so many steps: the same all along, or falling evenly to 0 from epoch to epoch. */
function rateAfter(step: number, { learningRate, schedule, epochs, batch }: TrainOptions, examples: number): number {
  if (schedule === "constant") return learningRate;
  const done = Math.floor(step / Math.ceil(examples / batch));
  return learningRate * (1 - Math.min(done, epochs - 1) / epochs);
}

function networkOf(choice: NetworkChoice, classes: number): Layer {
  if (choice.kind === "mlp") return mlp(choice.widths, { classes });
  if (choice.kind === "resnet") return resnet(choice.depth, { skips: choice.skips, classes });
  return choice.kind === "lenet5" ? lenet5({ classes }) : convfc({ classes });
}

/** The first examples of a data set, as numbers. */
function firstBatch({ x, y, size, scale, shift }: Dataset, rows: number): Batch {
  const count = Math.min(rows, size);
  const bytes = x.subarray(0, (count * x.length) / size);
  return {
    x: Float32Array.from(bytes, (byte, i) => byte * ofChannel(scale, i) + ofChannel(shift, i)),
    y: y.slice(0, (count * y.length) / size),
  };
}

/** What holds for number i of an example; channels are its last axis. */
const ofChannel = (value: PerChannel, i: number): number =>
  typeof value === "number" ? value : (value[i % value.length] as number);
