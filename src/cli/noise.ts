// The command `thalweg noise`: how far gradients of batches stray from that of all examples, predicted and measured.
import type { Model } from "thalweg";
import { type Dataset, subset } from "thalweg/data";
import {
  type DrawnGradients, drawnGradients, type ExampleStatistics, exampleStatistics, gradientNoise, gradientStandardError,
  measuredStandardError, noisePicture, twoBatchNoise,
} from "thalweg/science"; // biome-ignore format: a list of names
import { bare, draw, nameOf } from "./figures.ts";
import { hashOf, type Parts, partsIn } from "./parts.ts";
import { whileShown } from "./progress.ts";
import { type ExamineOptions, examined } from "./trained.ts";

export interface NoiseCommand extends ExamineOptions {
  readonly draws: number;
  readonly seed: number;
  readonly resume?: boolean;
}

/** Batches are no larger. */
const LARGEST = 512;
/** Small batches are drawn more often: until they hold so many examples, for few examples make most of the noise. */
const EXAMPLES = 1024;
/** Examples between two looks at whether to stop. */
const CHUNK = 256;

/** @returns whether it went to its end */
export async function noise(
  checkpoint: string,
  command: NoiseCommand,
  write: (text: string) => void,
  signal: AbortSignal,
): Promise<boolean> {
  const { on, seed, draws, json, png, resume = false } = command;
  const { model, data } = await examined(checkpoint, { ...command, threads: 1 });
  if (data.size < 4)
    throw new Error(`noise: too few examples to show a spread: ${data.size}; give --examples 4 or more`);
  const file = `${command.out ?? `${bare(checkpoint)}.noise`}.npz`;
  const started = performance.now();
  const about = { model: hashOf(model.parameters, model.state), data: hashOf(data.x, data.y), seed };
  const parts = await partsIn(file, { ...about, "number of draws": draws }, resume);
  let batches: DrawnGradients[];
  let statistics: ExampleStatistics;
  try {
    statistics = await statisticsOf(model, data, parts, json, signal);
    batches = await batchesOf(model, data, parts, command, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
    const kept = parts.get("gradient") ? `what was done is kept in ${file}; go on` : "go on";
    write(json ? `${JSON.stringify({ interrupted: true, file })}\n` : `interrupted; ${kept} with --resume\n`);
    return false;
  } finally {
    model.close();
  }
  const found = gradientNoise(statistics);
  const { signalToNoise, ...numbers } = found;
  const rows = batches.map((batch) => ({
    ...{ batchSize: batch.batchSize, replacement: batch.replacement },
    predicted: gradientStandardError(found, batch.batchSize, { replacement: batch.replacement }),
    ...measuredStandardError(batch),
  }));
  const independent = batches.filter(({ replacement }) => replacement);
  const [small, large] = [independent[0], independent.at(-1)] as [DrawnGradients, DrawnGradients];
  const sorted = signalToNoise.slice().sort();
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] as number;
  const name = nameOf(checkpoint);
  const picture = await noisePicture(found, batches, {
    title: `standard error of the mini-batch gradient of ${name}`,
    caption: `${data.size} examples of ${on}; tr Σ ${short(found.populationTrace)}; ‖G‖² ${short(found.squaredGradient)}; noise scale ${short(found.noiseScale)}; lines: √(tr Σ/B), without replacement times √((N − B)/(N − 1)); points: at least ${draws} draws, 95 %; seed ${seed}`,
  });
  parts.keep({
    signal_to_noise: signalToNoise,
    batch_sizes: Int32Array.from(rows, (row) => row.batchSize),
    replacement: Uint8Array.from(rows, (row) => Number(row.replacement)),
    predicted: Float64Array.from(rows, (row) => row.predicted),
    measured: Float64Array.from(rows, (row) => row.error),
  });
  const files = [file, ...(await draw(file.replace(/\.npz$/, ""), picture, png))];
  const result = {
    ...{ on, examples: data.size, loss: statistics.loss, ...numbers },
    twoBatch: { batchSizes: [small.batchSize, large.batchSize], ...twoBatchNoise(small, large) },
    signalToNoise: { median: at(0.5), ninetieth: at(0.9), most: at(1) },
    standardErrors: rows,
    seconds: (performance.now() - started) / 1000,
    files,
  };
  write(json ? `${JSON.stringify(result)}\n` : `${lines(result).join("\n")}\n`);
  return true;
}

/** Statistics of single examples, chunk by chunk. */
async function statisticsOf(
  model: Model,
  data: Dataset,
  parts: Parts,
  json: boolean | undefined,
  signal: AbortSignal,
): Promise<ExampleStatistics> {
  const names = ["gradient", "second_moments", "squared_norms"] as const;
  const kept = names.map((name) => parts.get(name) as Float64Array);
  if (kept.every(Boolean)) {
    const [gradient, secondMoments, squaredNorms] = kept as [Float64Array, Float64Array, Float64Array];
    return { count: data.size, loss: parts.get("loss")?.[0] as number, gradient, secondMoments, squaredNorms };
  }
  const size = model.parameters.length;
  const [gradient, secondMoments] = [new Float64Array(size), new Float64Array(size)];
  const squaredNorms = new Float64Array(data.size);
  let loss = 0;
  await whileShown("single examples", json, async (onProgress) => {
    for (let first = 0; first < data.size; first += CHUNK) {
      const rows = Math.min(CHUNK, data.size - first);
      const part = exampleStatistics(
        model,
        subset(
          data,
          Int32Array.from({ length: rows }, (_, i) => first + i),
        ),
      );
      const share = rows / data.size;
      loss += share * part.loss;
      for (let i = 0; i < size; i++) {
        gradient[i] = (gradient[i] as number) + share * (part.gradient[i] as number);
        secondMoments[i] = (secondMoments[i] as number) + share * (part.secondMoments[i] as number);
      }
      squaredNorms.set(part.squaredNorms, first);
      onProgress(first + rows, data.size);
      await new Promise(setImmediate);
      signal.throwIfAborted();
    }
  });
  parts.keep({ loss: Float64Array.of(loss), gradient, second_moments: secondMoments, squared_norms: squaredNorms });
  return { count: data.size, loss, gradient, secondMoments, squaredNorms };
}

/** Batches of 1, 2, 4 … examples, with and without replacement; those of each size are kept. */
async function batchesOf(
  model: Model,
  data: Dataset,
  parts: Parts,
  { draws, seed, json }: NoiseCommand,
  signal: AbortSignal,
): Promise<DrawnGradients[]> {
  const kinds: { readonly batchSize: number; readonly replacement: boolean; count: number; before: number }[] = [];
  let total = 0;
  for (let batchSize = 1; batchSize <= Math.min(LARGEST, data.size / 2); batchSize *= 2)
    for (const replacement of [true, false]) {
      const count = Math.max(draws, EXAMPLES / batchSize);
      kinds.push({ batchSize, replacement, count, before: total });
      total += batchSize * count;
    }
  return whileShown("batches", json, async (onProgress) => {
    const found: DrawnGradients[] = [];
    for (const { batchSize, replacement, count, before } of kinds) {
      const name = `${replacement ? "with" : "without"}_replacement_${batchSize}`;
      const [squaredErrors, squaredNorms] = ["errors", "norms"].map((what) => parts.get(`${name}_${what}`));
      if (squaredErrors && squaredNorms) {
        found.push({ batchSize, replacement, squaredErrors, squaredNorms } as DrawnGradients);
        continue;
      }
      const batches = await drawnGradients(model, data, {
        ...{ batchSize, replacement, draws: count, seed, signal },
        onProgress: (done) => onProgress(before + batchSize * done, total),
      });
      parts.keep({ [`${name}_errors`]: batches.squaredErrors, [`${name}_norms`]: batches.squaredNorms });
      found.push(batches);
    }
    return found;
  });
}

const short = (value: number): string => value.toPrecision(4);

function lines(result: {
  readonly on: string;
  readonly examples: number;
  readonly loss: number;
  readonly squaredGradient: number;
  readonly populationTrace: number;
  readonly noiseScale: number;
  readonly sampleNoiseScale: number;
  readonly twoBatch: { readonly batchSizes: readonly number[]; readonly noiseScale: number };
  readonly signalToNoise: { readonly median: number; readonly ninetieth: number; readonly most: number };
  readonly standardErrors: readonly {
    readonly batchSize: number;
    readonly replacement: boolean;
    readonly predicted: number;
    readonly error: number;
    readonly interval: readonly [number, number];
  }[];
  readonly seconds: number;
  readonly files: readonly string[];
}): string[] {
  const { twoBatch, signalToNoise } = result;
  const row = (name: string, text: string): string => `${name.padEnd(24)}${text}`;
  return [
    `${result.examples} examples of ${result.on}, loss ${result.loss.toFixed(4)}`,
    row("‖G‖²", short(result.squaredGradient)),
    row("tr Σ", short(result.populationTrace)),
    row(
      "noise scale",
      `${short(result.noiseScale)} of these examples, ${short(result.sampleNoiseScale)} of all they are drawn from`,
    ),
    row("", `${short(twoBatch.noiseScale)} by batches of ${twoBatch.batchSizes.join(" and ")} alone`),
    row("signal to noise |G|/σ", `median ${short(signalToNoise.median)}, most ${short(signalToNoise.most)}`),
    "",
    "batch   replacement   standard error: predicted   measured (95 %)",
    ...result.standardErrors.map(({ batchSize, replacement, predicted, error, interval }) =>
      [
        String(batchSize).padStart(5),
        (replacement ? "with" : "without").padEnd(11),
        short(predicted).padStart(25),
        `${short(error)} (${interval.map(short).join(" to ")})`,
      ].join("   "),
    ),
    `after ${result.seconds.toFixed(1)} s; kept in ${result.files.join(", ")}`,
  ];
}
