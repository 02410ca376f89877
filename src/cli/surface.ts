// The command `thalweg surface`: the loss of a trained network around it, along random directions.
import { writeFileSync } from "node:fs";
import { createModel, type Model } from "thalweg";
import type { Dataset } from "thalweg/data";
import {
  contourPicture, profilePicture, randomSection, type Section, type Surface, type SurfaceOptions, surface, surfacePicture, toPng,
} from "thalweg/science"; // biome-ignore format: a list of names
import { progress } from "./progress.ts";
import { dataOf, type LookOptions, optionsOf, readTrained } from "./trained.ts";

export interface SurfaceCommand extends LookOptions {
  readonly plane: "random" | "line";
  readonly grid: number;
  readonly range: number;
  readonly seed: number;
  readonly normalize: "filter" | "layer" | "weight" | "none";
  readonly batchNorm: "running" | "batch" | "refresh";
  readonly on: "train" | "test";
  readonly examples: number;
  readonly out?: string;
  readonly resume?: boolean;
  readonly png?: boolean;
  readonly json?: boolean;
}

/** @returns whether it went to its end */
export async function surfaceOf(
  checkpoint: string,
  command: SurfaceCommand,
  write: (text: string) => void,
  signal: AbortSignal,
): Promise<boolean> {
  const trained = await readTrained(checkpoint);
  const sets = await dataOf(trained, command);
  const model = await createModel(optionsOf(trained, command, sets.train));
  model.restore(trained.snapshot);
  const { plane, normalize, seed, range, grid, batchNorm, on, json, resume = false } = command;
  const section = randomSection(model, { seed, normalize, dimensions: plane === "line" ? 1 : 2 });
  const file = `${command.out ?? `${bare(checkpoint)}.surface`}.npz`;
  const started = performance.now();
  const reached = await followed(model, sets[on], section, "surface", json, {
    ...{ points: grid, x: [-range, range], normalization: batchNorm, statistics: sets.train, file, resume, signal },
    ...(plane === "random" && { y: [-range, range] }),
    examples: Math.min(command.examples, sets[on].size),
  });
  model.close();
  if (!reached) {
    write(json ? `${JSON.stringify({ interrupted: true, file })}\n` : `interrupted; go on with --resume\n`);
    return false;
  }
  const { loss, accuracy, status, about } = reached;
  const known = loss.filter(Number.isFinite);
  const isLine = section.ranges.length === 1;
  const picture = await (isLine
    ? profilePicture([{ name: section.about.kind, surface: reached }])
    : contourPicture(reached));
  const name = file.replace(/\.npz$/, "");
  const files = [file, ...(await draw(name, picture, command.png))];
  if (!isLine) files.push(...(await draw(`${name}.3d`, await surfacePicture(reached), command.png)));
  const result = {
    points: status.length,
    holes: status.length - known.length,
    loss: { min: Math.min(...known), max: Math.max(...known) },
    accuracy: {
      min: Math.min(...accuracy.filter(Number.isFinite)),
      max: Math.max(...accuracy.filter(Number.isFinite)),
    },
    about,
    seconds: (performance.now() - started) / 1000,
    files,
  };
  if (json) write(`${JSON.stringify(result)}\n`);
  else {
    const holes = result.holes > 0 ? `, ${result.holes} of them without a finite loss` : "";
    write(`${result.points} points${holes}: loss ${result.loss.min.toFixed(4)} to ${result.loss.max.toFixed(4)}`);
    write(
      ` on ${about.examples} examples of ${on}, after ${result.seconds.toFixed(1)} s\nkept in ${files.join(", ")}\n`,
    );
  }
  return true;
}

/** Writes a picture as SVG, and as PNG where that is asked for → the files. */
export async function draw(name: string, svg: string, png: boolean | undefined): Promise<string[]> {
  writeFileSync(`${name}.svg`, svg);
  if (!png) return [`${name}.svg`];
  writeFileSync(`${name}.png`, await toPng(svg));
  return [`${name}.svg`, `${name}.png`];
}

/** A checkpoint's name without its ending: where what is made of it is put. */
export const bare = (checkpoint: string): string => checkpoint.replace(/\.checkpoint$/, "");

/** A surface, with a bar → it, or undefined where it was stopped. */
export async function followed(
  model: Model,
  data: Dataset,
  section: Section,
  what: string,
  json: boolean | undefined,
  options: SurfaceOptions,
): Promise<Surface | undefined> {
  const bar = progress(what, json);
  let last: Surface | undefined;
  try {
    for await (const report of surface(model, data, section, options)) {
      last = report.surface;
      bar.tell(report.done / report.total, report.secondsLeft);
    }
  } catch (error) {
    if (!options.signal?.aborted) throw error;
    return undefined;
  } finally {
    bar.close();
  }
  return last;
}
