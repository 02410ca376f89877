// Long work in parts: each is written to one .npz as it is done, and need not be done again.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { type NpyArray, readNpz, writeNpz } from "thalweg/data";

export interface Parts {
  /** What a part consists of, by name; undefined where it is not done. */
  get(name: string): NpyArray["data"] | undefined;
  /** Keeps arrays, as lists or matrices of rows. */
  keep(arrays: Readonly<Record<string, NpyArray["data"] | readonly Float32Array[]>>): void;
}

/**
 * @param about what decides the numbers, apart from what the parts' names say
 * @throws where a file that is to be gone on with was made for something else
 */
export async function partsIn(file: string, about: object, resume: boolean): Promise<Parts> {
  const text = new TextEncoder().encode(JSON.stringify(about));
  const arrays = new Map<string, NpyArray>();
  if (resume && existsSync(file)) {
    for (const [name, array] of await readNpz(new Uint8Array(readFileSync(file)), file)) arrays.set(name, array);
    requireSame(file, arrays.get("about")?.data, about);
  }
  arrays.set("about", { shape: [text.length], data: text });
  return {
    get: (name) => arrays.get(name)?.data,
    keep(more) {
      for (const [name, values] of Object.entries(more)) arrays.set(name, arrayOf(values));
      const temporary = `${file}.${process.pid}.tmp`;
      writeFileSync(temporary, writeNpz(arrays));
      renameSync(temporary, file);
    },
  };
}

function arrayOf(values: NpyArray["data"] | readonly Float32Array[]): NpyArray {
  if (!isRows(values)) return { shape: [values.length], data: values };
  const columns = values[0]?.length ?? 0;
  const data = new Float32Array(values.length * columns);
  values.forEach((row, i) => void data.set(row, i * columns));
  return { shape: [values.length, columns], data };
}

const isRows = (values: NpyArray["data"] | readonly Float32Array[]): values is readonly Float32Array[] =>
  Array.isArray(values);

function requireSame(file: string, kept: NpyArray["data"] | undefined, about: object): void {
  const theirs = kept instanceof Uint8Array ? JSON.parse(new TextDecoder().decode(kept)) : {};
  for (const [name, value] of Object.entries(about))
    if (JSON.stringify(theirs[name]) !== JSON.stringify(value))
      throw new Error(`${file} was made for another ${name}; give another --out, or leave --resume out`);
}

/** What tells numbers from others. */
export function hashOf(...arrays: readonly ArrayBufferView[]): string {
  const hash = createHash("sha256");
  for (const { buffer, byteOffset, byteLength } of arrays) hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  return hash.digest("hex").slice(0, 16);
}
