// A snapshot as a file: safetensors, so that other libraries read the numbers, with all counters in its metadata and a
// checksum over every byte.

import { requireOptions, show } from "../checks.ts";
import { copied, joined } from "../data/bytes.ts";
import { size } from "../graph/tensor.ts";
import type { FittedModel } from "../training/callbacks.ts";
import type { FitPosition, Snapshot } from "../training/snapshot.ts";
import type { StateSlice } from "../training/trace.ts";
import { checksum } from "./checksum.ts";
import { readPlace, writePlace } from "./place.ts";
import { fromPlain, plainOf } from "./plain.ts";
import { decodeSafetensors, headerOf, type NamedNumbers, safetensorsParts } from "./safetensors.ts";

/** Raised with every change that older readers would misunderstand. */
const VERSION = 1;
const blank = "0".repeat(16);
const marked = /("checksum":")([0-9a-f]{16})"/;

/** What a checkpoint says beside the numbers. */
interface Counters extends Omit<Snapshot, "parameters" | "slots" | "state"> {
  /** How many vectors the optimiser keeps. */
  readonly slots: number;
}

/** Where the parts of a snapshot are in the file: "parameters/dense1.weights", "slot0/dense1.weights", "state/…". */
const prefixes = (slots: number): string[] => ["parameters", ...Array.from({ length: slots }, (_, i) => `slot${i}`)];

/** The bytes of a checkpoint. */
export const encodeCheckpoint = (snapshot: Snapshot): Uint8Array<ArrayBuffer> => joined(checkpointParts(snapshot));

/** The same in parts, the snapshot's numbers being themselves. */
function checkpointParts(snapshot: Snapshot): readonly Uint8Array[] {
  const { parameters, slots, state, fit, ...counters } = snapshot;
  const { scores, callbacks, ...position } = fit ?? {};
  const { layout, stateLayout } = counters;
  const tensors: Record<string, NamedNumbers> = {};
  const add = (prefix: string, values: Float32Array, places: readonly StateSlice[]): void => {
    for (const { name, shape, offset, size: count } of places)
      tensors[`${prefix}/${name}`] = { shape, values: values.subarray(offset, offset + count) };
  };
  prefixes(slots.length).forEach((prefix, i) => {
    add(prefix, i === 0 ? parameters : (slots[i - 1] as Float32Array), layout);
  });
  add("state", state, stateLayout);
  const keep = (name: string, values: Float32Array): string => {
    tensors[name] = { shape: [values.length], values };
    return name;
  };
  if (scores) keep("fit/scores", scores);
  let vectors = 0;
  const states = callbacks && plainOf(callbacks, (values) => keep(`fit/callbacks/${vectors++}`, values));
  const parts = safetensorsParts({
    tensors,
    metadata: {
      format: "thalweg checkpoint",
      version: String(VERSION),
      checksum: blank,
      counters: JSON.stringify({
        ...counters,
        ...(fit && { fit: { ...position, ...(states !== undefined && { callbacks: states }) } as FitPosition }),
        slots: slots.length,
      } satisfies Counters),
    },
  });
  const text = new TextDecoder().decode(parts[0].subarray(8));
  parts[0].set(new TextEncoder().encode(text.replace(marked, `$1${checksum(parts)}"`)), 8);
  return parts;
}

/**
 * The snapshot in a checkpoint.
 * @throws for bytes that are no checkpoint, are damaged or cut short, or of a newer version of thalweg
 */
export function decodeCheckpoint(bytes: Uint8Array, call = "decodeCheckpoint"): Snapshot {
  const { begin, text } = headerOf(call, bytes);
  const sum = marked.exec(text)?.[2];
  if (!text.includes('"format":"thalweg checkpoint"') || sum === undefined)
    throw new Error(`${call}: this is no checkpoint of thalweg; weights alone are for loadWeights`);
  const version = /"version":"(\d+)"/.exec(text)?.[1];
  if (!(Number(version) <= VERSION))
    throw new Error(
      `${call}: the checkpoint has format version ${show(version)}, this thalweg reads up to ${VERSION}; use a newer thalweg`,
    );
  const beginning = copied(bytes, 0, begin);
  beginning.set(new TextEncoder().encode(text.replace(marked, `$1${blank}"`)), 8);
  if (checksum([beginning, bytes.subarray(begin)]) !== sum)
    throw new Error(`${call}: the checkpoint is damaged: its checksum does not fit; use an older one`);
  const { tensors, metadata } = decodeSafetensors(bytes, call);
  const { slots, fit, ...counters } = JSON.parse(metadata?.counters as string) as Counters;
  const scores = tensors["fit/scores"]?.values;
  const callbacks =
    fit?.callbacks && (fromPlain(fit.callbacks, (name) => tensors[name]?.values) as FitPosition["callbacks"]);
  const gather = (prefix: string, places: readonly StateSlice[]): Float32Array => {
    const values = new Float32Array(places.reduce((total, { shape }) => total + size(shape), 0));
    for (const { name, offset } of places) values.set((tensors[`${prefix}/${name}`] as NamedNumbers).values, offset);
    return values;
  };
  const [parameters, ...vectors] = prefixes(slots).map((prefix) => gather(prefix, counters.layout));
  return {
    ...counters,
    ...(fit && { fit: { ...fit, ...(scores && { scores }), ...(callbacks && { callbacks }) } }),
    parameters: parameters as Float32Array,
    slots: vectors,
    state: gather("state", counters.stateLayout),
  };
}

export interface SaveCheckpointOptions {
  /** Kept in the file as JSON, for readCheckpoint to find: how the model was made, or what encodes its examples. */
  readonly notes?: unknown;
}

/** Throws for what JSON cannot hold, such as a bigint or an object that holds itself. */
function requireNotes(notes: unknown): void {
  try {
    JSON.stringify(notes);
  } catch (cause) {
    const reason = (cause as Error).message.replaceAll(/\s+/g, " ");
    throw new Error(
      `saveCheckpoint: notes must be what JSON can hold (${reason}); give strings, numbers, lists and plain objects`,
      { cause },
    );
  }
}

/**
 * Writes all that decides how a model goes on. In Node `place` is the path of a file, written under another name, synced
 * and renamed, so that it is whole or not there; in a page the name of a record in IndexedDB.
 */
export async function saveCheckpoint(
  model: FittedModel,
  place: string,
  options: SaveCheckpointOptions = {},
): Promise<void> {
  requireOptions("saveCheckpoint", options, ["notes"]);
  requireNotes(options.notes);
  const taken = model.snapshot({ copy: false });
  // A worker posts a copy. What is here is looked at once more when the file is open: from then on nothing comes between.
  const copied = taken instanceof Promise ? await taken : undefined;
  const snapshot = (): Snapshot => copied ?? (model.snapshot({ copy: false }) as Snapshot);
  await writePlace("saveCheckpoint", place, () => checkpointParts({ ...snapshot(), ...options }));
}

/** The snapshot that saveCheckpoint kept, and its notes; for Model.restore. @throws as decodeCheckpoint */
export async function readCheckpoint(place: string): Promise<Snapshot> {
  return decodeCheckpoint(await readPlace("readCheckpoint", place), "readCheckpoint");
}

/**
 * Brings a model made with the same options to where saveCheckpoint left it; `fit` then goes on with `resume: true`.
 * @throws as decodeCheckpoint and Model.restore; the model is then as it was
 */
export async function loadCheckpoint(model: FittedModel, place: string): Promise<void> {
  await model.restore(decodeCheckpoint(await readPlace("loadCheckpoint", place), "loadCheckpoint"));
}
