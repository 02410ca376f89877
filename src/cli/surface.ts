// The command `thalweg surface`: the loss of a trained network around it, along random directions.
import type { Model } from "thalweg";
import type { Dataset } from "thalweg/data";
import {
  contourPicture, profilePicture, randomSection, type Section, type Surface, type SurfaceOptions, surface, surfacePicture,
} from "thalweg/science"; // biome-ignore format: a list of names
import { eigenvaluesOf } from "./eigenvalues.ts";
import { bare, draw, following, nameOf, rangeOf } from "./figures.ts";
import { type ExamineOptions, examined } from "./trained.ts";

export interface SurfaceCommand extends ExamineOptions {
  readonly plane: "random" | "line";
  readonly grid: number;
  readonly range: number;
  readonly seed: number;
  readonly normalize: "filter" | "layer" | "weight" | "none";
  readonly batchNorm: "running" | "batch" | "refresh";
  /** Points on a side of a map of them. */
  readonly eigenvalues?: number;
  readonly resume?: boolean;
}

/** @returns whether it went to its end */
export async function surfaceOf(
  checkpoint: string,
  command: SurfaceCommand,
  write: (text: string) => void,
  signal: AbortSignal,
): Promise<boolean> {
  const { model, train, data, dataset } = await examined(checkpoint, command);
  const { plane, normalize, seed, range, grid, batchNorm, on, json, resume = false } = command;
  const section = randomSection(model, { seed, normalize, dimensions: plane === "line" ? 1 : 2 });
  if (command.eigenvalues !== undefined && (plane === "line" || batchNorm === "refresh"))
    throw new Error(
      "surface: --eigenvalues needs a plane, and --batch-norm running or batch; leave the other option out",
    );
  const file = `${command.out ?? `${bare(checkpoint)}.surface`}.npz`;
  const started = performance.now();
  const reached = await followed(model, data, section, "surface", json, {
    ...{ points: grid, x: [-range, range], normalization: batchNorm, statistics: train, file, resume, signal },
    ...(plane === "random" && { y: [-range, range] }),
  });
  const name = file.replace(/\.npz$/, "");
  const { eigenvalues: points, png } = command;
  const bends =
    reached && points !== undefined && batchNorm !== "refresh"
      ? await eigenvaluesOf(model, data, section, {
          points,
          range,
          normalization: batchNorm,
          name,
          resume,
          png,
          json,
          signal,
        })
      : undefined;
  model.close();
  if (!reached || signal.aborted) {
    write(json ? `${JSON.stringify({ interrupted: true, file })}\n` : `interrupted; go on with --resume\n`);
    return false;
  }
  const { loss, accuracy, status, about } = reached;
  const known = loss.filter(Number.isFinite);
  const isLine = section.ranges.length === 1;
  const title = `around ${nameOf(checkpoint)}; ${dataset}, ${on}`;
  const picture = await (isLine
    ? profilePicture([{ name: section.about.kind, surface: reached }], { title })
    : contourPicture(reached, { title }));
  const files = [file, ...(await draw(name, picture, command.png))];
  if (!isLine) files.push(...(await draw(`${name}.3d`, await surfacePicture(reached, { title }), command.png)));
  const result = {
    points: status.length,
    holes: status.length - known.length,
    loss: rangeOf(known),
    accuracy: rangeOf(accuracy.filter(Number.isFinite)),
    about,
    ...(bends && { eigenvalues: bends }),
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
    if (bends)
      write(
        `eigenvalues at ${bends.points} points from ${bends.smallest.toPrecision(3)} to ${bends.largest.toPrecision(3)}; −λmin/λmax at most ${bends.share.max.toPrecision(2)}; kept in ${bends.files.join(", ")}\n`,
      );
  }
  return true;
}

/** A surface, with a bar → it, or undefined where it was stopped. */
export async function followed(
  model: Model,
  data: Dataset,
  section: Section,
  what: string,
  json: boolean | undefined,
  options: SurfaceOptions,
): Promise<Surface | undefined> {
  return following(surface(model, data, section, options), what, json, options.signal);
}
