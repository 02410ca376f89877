// A snapshot as a file: safetensors, so that other libraries read the numbers, with all counters in its metadata and a
// checksum over every byte.
import { requireOptions, show } from "../checks.ts";
import { size } from "../graph/tensor.ts";
import type { FittedModel } from "../training/callbacks.ts";
import type { Snapshot } from "../training/snapshot.ts";
import type { StateSlice } from "../training/trace.ts";
import { readPlace, writePlace } from "./place.ts";
import { decodeSafetensors, encodeSafetensors, headerOf, type NamedNumbers } from "./safetensors.ts";

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
export function encodeCheckpoint(snapshot: Snapshot): Uint8Array<ArrayBuffer> {
  const { parameters, slots, state, ...counters } = snapshot;
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
  const bytes = encodeSafetensors({
    tensors,
    metadata: {
      format: "thalweg checkpoint",
      version: String(VERSION),
      checksum: blank,
      counters: JSON.stringify({ ...counters, slots: slots.length } satisfies Counters),
    },
  });
  const { text } = headerOf("encodeCheckpoint", bytes);
  bytes.set(new TextEncoder().encode(text.replace(marked, `$1${checksum(bytes)}"`)), 8);
  return bytes;
}

/**
 * The snapshot in a checkpoint.
 * @throws for bytes that are no checkpoint, are damaged or cut short, or of a newer version of thalweg
 */
export function decodeCheckpoint(bytes: Uint8Array, call = "decodeCheckpoint"): Snapshot {
  const { text } = headerOf(call, bytes);
  const sum = marked.exec(text)?.[2];
  if (!text.includes('"format":"thalweg checkpoint"') || sum === undefined)
    throw new Error(`${call}: this is no checkpoint of thalweg; weights alone are for loadWeights`);
  const version = /"version":"(\d+)"/.exec(text)?.[1];
  if (!(Number(version) <= VERSION))
    throw new Error(
      `${call}: the checkpoint has format version ${show(version)}, this thalweg reads up to ${VERSION}; use a newer thalweg`,
    );
  const blanked = bytes.slice();
  blanked.set(new TextEncoder().encode(text.replace(marked, `$1${blank}"`)), 8);
  if (checksum(blanked) !== sum)
    throw new Error(`${call}: the checkpoint is damaged: its checksum does not fit; use an older one`);
  const { tensors, metadata } = decodeSafetensors(bytes, call);
  const { slots, ...counters } = JSON.parse(metadata?.counters as string) as Counters;
  const gather = (prefix: string, places: readonly StateSlice[]): Float32Array => {
    const values = new Float32Array(places.reduce((total, { shape }) => total + size(shape), 0));
    for (const { name, offset } of places) values.set((tensors[`${prefix}/${name}`] as NamedNumbers).values, offset);
    return values;
  };
  const [parameters, ...vectors] = prefixes(slots).map((prefix) => gather(prefix, counters.layout));
  return {
    ...counters,
    parameters: parameters as Float32Array,
    slots: vectors,
    state: gather("state", counters.stateLayout),
  };
}

/**
 * 64 bits over all bytes: FNV-1a over 32-bit words in two lanes. Each step is one to one in the sum and in the word, so no
 * single change of a word goes unseen.
 */
function checksum(bytes: Uint8Array): string {
  const whole = bytes.length >> 2;
  const words =
    bytes.byteOffset % 4 === 0
      ? new Uint32Array(bytes.buffer, bytes.byteOffset, whole)
      : new Uint32Array(bytes.slice(0, 4 * whole).buffer);
  let [even, odd] = [0x811c9dc5, bytes.length | 0];
  for (let i = 0; i + 1 < whole; i += 2) {
    even = Math.imul(even ^ (words[i] as number), 0x01000193);
    odd = Math.imul(odd ^ (words[i + 1] as number), 0x01000193);
    even ^= even >>> 15;
    odd ^= odd >>> 15;
  }
  for (let i = 8 * (whole >> 1); i < bytes.length; i++) even = Math.imul(even ^ (bytes[i] as number), 0x01000193);
  return [even, odd].map((lane) => (lane >>> 0).toString(16).padStart(8, "0")).join("");
}

export interface SaveCheckpointOptions {
  /** Kept in the file as JSON, for readCheckpoint to find: how the model was made, or what encodes its examples. */
  readonly notes?: unknown;
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
  await writePlace("saveCheckpoint", place, encodeCheckpoint({ ...(await model.snapshot()), ...options }));
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
