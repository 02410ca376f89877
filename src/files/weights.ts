// Parameters and running statistics by name, for other programs and other networks.

import { requireOneOf, requireOptions } from "../checks.ts";
import { joined } from "../data/bytes.ts";
import { sameShape, showShape } from "../graph/tensor.ts";
import type { StateSlice } from "../training/trace.ts";
import { readPlace, writePlace } from "./place.ts";
import { decodeSafetensors, type NamedNumbers, safetensorsParts } from "./safetensors.ts";

/** What files need of a Model. */
interface Weighted {
  readonly layout: readonly StateSlice[];
  readonly stateLayout: readonly StateSlice[];
  parameters: Float32Array;
  state: Float32Array;
}

export interface LoadWeightsOptions {
  /** Whether names and shapes must be the same; otherwise what has no counterpart is left alone. Default true. */
  readonly strict?: boolean;
}

/** Names without a counterpart. */
export interface LoadedWeights {
  /** In the model alone. */
  readonly missing: readonly string[];
  /** In the file alone, or of another shape. */
  readonly unexpected: readonly string[];
}

/** The bytes of a safetensors file with the model's parameters and running statistics under the names of its layouts. */
export const encodeWeights = (model: Weighted): Uint8Array<ArrayBuffer> => joined(weightsParts(model));

function weightsParts(model: Weighted): readonly Uint8Array[] {
  const tensors: Record<string, NamedNumbers> = {};
  for (const [places, values] of [
    [model.layout, model.parameters],
    [model.stateLayout, model.state],
  ] as const)
    for (const { name, shape, offset, size } of places)
      tensors[name] = { shape, values: values.subarray(offset, offset + size) };
  return safetensorsParts({ tensors, metadata: { format: "thalweg weights" } });
}

/**
 * Takes parameters and running statistics by name.
 * @throws for a damaged file, for numbers that are not finite and, where `strict`, for names or shapes that differ; the
 * model is then as it was
 */
export function decodeWeights(
  model: Weighted,
  bytes: Uint8Array,
  options: LoadWeightsOptions = {},
  call = "decodeWeights",
): LoadedWeights {
  requireOptions(call, options, ["strict"]);
  const { strict = true } = options;
  requireOneOf(call, "strict", strict, [true, false]);
  const { tensors } = decodeSafetensors(bytes, call);
  const [parameters, state] = [model.parameters.slice(), model.state.slice()];
  const unexpected = new Set(Object.keys(tensors));
  const missing: string[] = [];
  for (const [places, vector] of [
    [model.layout, parameters],
    [model.stateLayout, state],
  ] as const)
    for (const { name, shape, offset } of places) {
      const given = tensors[name];
      const fits = given && sameShape(given.shape, shape);
      if (strict && given && !fits)
        throw new Error(
          `${call}: ${name} is ${showShape(given.shape)} in the file and ${showShape(shape)} in the model; create the model with the same network, or give strict: false`,
        );
      if (fits) {
        vector.set(given.values, offset);
        unexpected.delete(name);
      } else missing.push(name);
    }
  if (strict && missing.length + unexpected.size > 0)
    throw new Error(
      `${call}: the file lacks ${list(missing)} and has ${list([...unexpected])} besides; create the model with the same network, or give strict: false`,
    );
  const before = model.parameters.slice();
  model.parameters = parameters;
  try {
    model.state = state;
  } catch (error) {
    model.parameters = before;
    throw error;
  }
  return { missing, unexpected: [...unexpected] };
}

const list = (names: readonly string[]): string =>
  names.length === 0
    ? "nothing"
    : `${names.slice(0, 5).join(", ")}${names.length > 5 ? ` and ${names.length - 5} more` : ""}`;

/** Writes a safetensors file (Node), or a record in IndexedDB (pages), whole or not at all. */
export async function saveWeights(model: Weighted, place: string): Promise<void> {
  await writePlace("saveWeights", place, () => weightsParts(model));
}

/** Takes parameters and running statistics from a safetensors file; see decodeWeights. */
export async function loadWeights(
  model: Weighted,
  place: string,
  options: LoadWeightsOptions = {},
): Promise<LoadedWeights> {
  return decodeWeights(model, await readPlace("loadWeights", place), options, "loadWeights");
}
