// The safetensors format (https://huggingface.co/docs/safetensors): eight bytes with the length of a JSON header, little
// end first, the header, then the numbers. Any library of the field reads it; nothing in it is code.

import { show } from "../checks.ts";
import { copied, joined } from "../data/bytes.ts";
import { type Shape, showShape, size } from "../graph/tensor.ts";

/** Numbers by name, and what else is to be said of them. */
export interface TensorFile {
  readonly tensors: Readonly<Record<string, NamedNumbers>>;
  /** Texts by name. */
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface NamedNumbers {
  readonly shape: Shape;
  readonly values: Float32Array;
}

const METADATA = "__metadata__";
/** As the reference implementation has it. */
const LONGEST_HEADER = 100_000_000;

/** @throws for numbers that do not fill their shape */
export const encodeSafetensors = (file: TensorFile): Uint8Array<ArrayBuffer> => joined(safetensorsParts(file));

/** The file's bytes in parts: its beginning, of a multiple of eight bytes, then the tensors' own numbers, not copied. */
export function safetensorsParts({ tensors, metadata }: TensorFile): [Uint8Array<ArrayBuffer>, ...Uint8Array[]] {
  const header: Record<string, unknown> = metadata ? { [METADATA]: metadata } : {};
  let end = 0;
  for (const [name, { shape, values }] of Object.entries(tensors)) {
    if (name === METADATA || values.length !== size(shape))
      throw new Error(
        `encodeSafetensors: ${show(name)} ${showShape(shape)} cannot be written with ${values.length} numbers`,
      );
    header[name] = { dtype: "F32", shape, data_offsets: [end, end + values.byteLength] };
    end += values.byteLength;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  // Blanks, so that the numbers begin at a multiple of eight.
  const length = Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(8 + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(text, 8);
  return [
    bytes,
    ...Object.values(tensors).map(
      ({ values: { buffer, byteOffset, byteLength } }) => new Uint8Array(buffer, byteOffset, byteLength),
    ),
  ];
}

/** Where the numbers of a file begin, and its header. @throws for what is no such file */
export function headerOf(call: string, bytes: Uint8Array): { readonly begin: number; readonly text: string } {
  const fail = (what: string): never => {
    throw new Error(`${call}: this is no safetensors file: ${what}; get the file again`);
  };
  if (!(bytes instanceof Uint8Array)) fail(`expected a Uint8Array, got ${show(bytes)}`);
  if (bytes.length < 8) fail(`it has ${bytes.length} bytes, and the length of the header alone has 8`);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > LONGEST_HEADER || length > bytes.length - 8)
    fail(`its header is said to have ${length} bytes, and ${bytes.length - 8} follow`);
  const begin = 8 + Number(length);
  let text = "";
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, begin));
  } catch {
    fail("its header is not text");
  }
  return { begin, text };
}

/** @throws for a header that lies: about lengths, offsets, shapes or types; naming the tensor */
export function decodeSafetensors(bytes: Uint8Array, call = "decodeSafetensors"): TensorFile {
  const { begin, text } = headerOf(call, bytes);
  const fail = (what: string): never => {
    throw new Error(`${call}: the file is damaged: ${what}; get the file again`);
  };
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch {
    fail("its header is not JSON");
  }
  if (!isRecord(header)) return fail("its header is no object");
  const metadata = header[METADATA];
  if (
    metadata !== undefined &&
    !(isRecord(metadata) && Object.values(metadata).every((value) => typeof value === "string"))
  )
    fail("its metadata are not texts by name");
  const entries = Object.entries(header).filter(([name]) => name !== METADATA);
  const places = entries.map(([name, entry]) => ({ name, ...placeOf(name, entry, fail) }));
  // Together they cover the numbers, without holes and without sharing.
  let end = 0;
  for (const { name, from, to } of [...places].sort((a, b) => a.from - b.from || a.to - b.to)) {
    if (from !== end) fail(`${show(name)} begins at byte ${from} of the numbers, expected ${end}`);
    end = to;
  }
  if (begin + end !== bytes.length)
    fail(`its header speaks of ${end} bytes of numbers, and there are ${bytes.length - begin}`);
  const tensors: Record<string, NamedNumbers> = Object.create(null);
  // A copy: the file need not be aligned, nor stay.
  for (const { name, shape, from, to } of places)
    tensors[name] = { shape, values: new Float32Array(copied(bytes, begin + from, begin + to).buffer) };
  return { tensors, ...(metadata !== undefined && { metadata: metadata as Record<string, string> }) };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function placeOf(
  name: string,
  entry: unknown,
  fail: (what: string) => never,
): { readonly shape: Shape; readonly from: number; readonly to: number } {
  if (!isRecord(entry)) return fail(`${show(name)} is no object`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (dtype !== "F32") fail(`${show(name)} holds ${show(dtype)}, and only F32 can be read`);
  if (!Array.isArray(shape) || !shape.every(isCount)) return fail(`${show(name)} has the shape ${show(shape)}`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount))
    return fail(`${show(name)} has the offsets ${show(offsets)}`);
  const [from, to] = offsets as [number, number];
  if (to - from !== 4 * size(shape))
    fail(`${show(name)} ${showShape(shape)} needs ${4 * size(shape)} bytes, and has those from ${from} to ${to}`);
  return { shape, from, to };
}
