// `thalweg surface --eigenvalues`: where around a network the loss bends downwards.
import { existsSync } from "node:fs";
import type { Model } from "thalweg";
import type { Dataset } from "thalweg/data";
import {
  datasetObjective,
  type EigenvalueSurface,
  eigenvaluePicture,
  eigenvalueSurface,
  type Section,
} from "thalweg/science";
import { draw, following, rangeOf } from "./figures.ts";
import { hashOf } from "./parts.ts";

export interface EigenvalueResult {
  readonly points: number;
  readonly smallest: number;
  readonly largest: number;
  /** −λ_min/λ_max, over the points: 0 where none is negative. */
  readonly share: { readonly mean: number; readonly max: number };
  readonly files: readonly string[];
}

/** @returns undefined where it was stopped */
export async function eigenvaluesOf(
  model: Model,
  data: Dataset,
  section: Section,
  how: {
    readonly points: number;
    readonly range: number;
    readonly normalization: "running" | "batch";
    readonly name: string;
    readonly resume: boolean;
    readonly png: boolean | undefined;
    readonly json: boolean | undefined;
    readonly signal: AbortSignal;
  },
): Promise<EigenvalueResult | undefined> {
  const { points, range, normalization, resume, json, png, signal } = how;
  const name = `${how.name}.eigenvalues`;
  const file = `${name}.npz`;
  const objective = datasetObjective(model, data, { normalization });
  const found = await following<EigenvalueSurface>(
    eigenvalueSurface(objective, section, {
      ...{ points, x: [-range, range], y: [-range, range], file, resume: resume && existsSync(file), signal },
      objective: `${hashOf(data.x, data.y, model.state)} ${normalization}`,
    }),
    "eigenvalues",
    json,
    signal,
  );
  if (!found) return undefined;
  const caption = `${found.status.length} points; Hessian of the loss on ${data.size} examples; ${section.about.kind} of seed ${section.about.seed}; BatchNorm: ${normalization}`;
  const files = [file, ...(await draw(name, await eigenvaluePicture(found, { caption }), png))];
  const known = [...found.status.keys()].filter((at) => found.status[at] === 1);
  const of = (values: Float64Array): number[] => known.map((at) => values[at] as number);
  const [smallest, largest] = [of(found.smallest), of(found.largest)];
  const shares = smallest.map((value, i) => Math.max(0, -value) / (largest[i] as number));
  return {
    ...{ points: found.status.length, smallest: rangeOf(smallest).min, largest: rangeOf(largest).max },
    share: { mean: shares.reduce((a, b) => a + b, 0) / shares.length, max: rangeOf(shares).max },
    files,
  };
}
