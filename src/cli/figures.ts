// What the commands that look at networks leave, and how they are followed.
import { writeFileSync } from "node:fs";
import { type Surface, type SurfaceReport, toPng } from "thalweg/science";
import { progress } from "./progress.ts";

/** Writes a picture as SVG, and as PNG where that is asked for → the files. */
export async function draw(name: string, svg: string, png: boolean | undefined): Promise<string[]> {
  writeFileSync(`${name}.svg`, svg);
  if (!png) return [`${name}.svg`];
  writeFileSync(`${name}.png`, await toPng(svg));
  return [`${name}.svg`, `${name}.png`];
}

/** A checkpoint's name without its ending: where what is made of it is put. */
export const bare = (checkpoint: string): string => checkpoint.replace(/\.checkpoint$/, "");

/** What a network is called in figures. */
export const nameOf = (checkpoint: string): string => bare(checkpoint).replace(/.*[\\/]/, "");

/** The least and the greatest of any number of values; infinite where there are none. */
export const rangeOf = (values: ArrayLike<number>): { readonly min: number; readonly max: number } =>
  Array.from(values).reduce(({ min, max }, value) => ({ min: Math.min(min, value), max: Math.max(max, value) }), {
    min: Number.POSITIVE_INFINITY,
    max: Number.NEGATIVE_INFINITY,
  });

/** Reports of a surface, shown as a bar → the surface, or undefined where it was stopped. */
export async function following<S extends Surface>(
  reports: AsyncIterable<SurfaceReport & { readonly surface: S }>,
  what: string,
  json: boolean | undefined,
  signal: AbortSignal | undefined,
): Promise<S | undefined> {
  const bar = progress(what, json);
  let last: S | undefined;
  try {
    for await (const report of reports) {
      last = report.surface;
      bar.tell(report.done / report.total, report.secondsLeft);
    }
  } catch (error) {
    if (!signal?.aborted) throw error;
    return undefined;
  } finally {
    bar.close();
  }
  return last;
}
