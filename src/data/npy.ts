// NumPy's files: one array (.npy), or several by name in a zip archive (.npz).
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
import { locate, readBytes } from "#platform";
import { show } from "../checks.ts";
import { joined } from "./bytes.ts";
import { isWebPage, notAPage, reasonOf, showFile } from "./folder.ts";
import { readZip, writeZip } from "./zip.ts";

/** Numbers of any rank, in the order of C: the last axis is the fastest. */
export interface NpyArray {
  /** Extents, outermost first; [] for a single number. */
  readonly shape: readonly number[];
  readonly data:
    | Float32Array | Float64Array | Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array
    | BigInt64Array | BigUint64Array; // biome-ignore format: a list of types
}

type Kind = NpyArray["data"] extends infer A ? (A extends unknown ? new (length: number) => A : never) : never;
type Reader = (view: DataView, at: number, little: boolean) => number | bigint;

/** By NumPy's code: the array, and how one of its numbers is read. */
const types: Readonly<Record<string, readonly [Kind, Reader]>> = {
  f4: [Float32Array, (v, at, little) => v.getFloat32(at, little)],
  f8: [Float64Array, (v, at, little) => v.getFloat64(at, little)],
  i1: [Int8Array, (v, at) => v.getInt8(at)],
  u1: [Uint8Array, (v, at) => v.getUint8(at)],
  b1: [Uint8Array, (v, at) => v.getUint8(at)],
  i2: [Int16Array, (v, at, little) => v.getInt16(at, little)],
  u2: [Uint16Array, (v, at, little) => v.getUint16(at, little)],
  i4: [Int32Array, (v, at, little) => v.getInt32(at, little)],
  u4: [Uint32Array, (v, at, little) => v.getUint32(at, little)],
  i8: [BigInt64Array, (v, at, little) => v.getBigInt64(at, little)],
  u8: [BigUint64Array, (v, at, little) => v.getBigUint64(at, little)],
};

const damaged = "the file is damaged or was not copied whole: get it again";

/**
 * Decodes a .npy file of numbers or truth values (as 0 and 1); arrays in Fortran's order are put in C's.
 * @param source what messages call it, such as the file's name
 * @throws for anything but a whole file: another format or type, a header that cannot be read, too short, too long
 */
export function readNpy(bytes: Uint8Array, source = "bytes"): NpyArray {
  const fail = (what: string, remedy: string): never => {
    throw new Error(`readNpy: ${source}: ${what}; ${remedy}`);
  };
  if (!(bytes instanceof Uint8Array)) fail(`expected a Uint8Array, got ${show(bytes)}`, "give the bytes of a file");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = bytes.length >= 10 && view.getUint32(0) === 0x934e554d && view.getUint16(4) === 0x5059;
  if (!magic)
    fail("it does not begin as a .npy file does", isWebPage(bytes) ? notAPage : "give a file that numpy.save wrote");
  const [major] = [view.getUint8(6)];
  if (major < 1 || major > 3) fail(`its format has version ${major}, known are 1 to 3`, damaged);
  const start = major === 1 ? 10 : 12;
  if (bytes.length < start) fail(`${bytes.length} bytes are too few for its header`, damaged);
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const end = start + length;
  if (end > bytes.length) fail(`its header takes ${length} bytes, but the file has ${bytes.length}`, damaged);
  const header = new TextDecoder("latin1").decode(bytes.subarray(start, end));
  const [, order, code] = /'descr':\s*'([<>|=])([a-zA-Z]\d+)'/.exec(header) ?? [];
  const [, fortran] = /'fortran_order':\s*(True|False)/.exec(header) ?? [];
  const [, extents] = /'shape':\s*\(([\d,\sL]*)\)/.exec(header) ?? [];
  if (order === undefined || code === undefined || fortran === undefined || extents === undefined)
    return fail(`its header is ${show(header.trim().slice(0, 100))}`, "only arrays of plain numbers can be read");
  const type = types[code];
  if (!type)
    return fail(`it holds numbers of type ${show(code)}`, `save it as one of ${Object.keys(types).join(", ")}`);
  const shape = (extents.match(/\d+/g) ?? []).map(Number);
  const size = shape.reduce((a, b) => a * b, 1);
  const [Kind, read] = type;
  const bytesEach = Number(code.slice(1));
  if (end + size * bytesEach !== bytes.length)
    fail(
      `[${shape}] numbers of ${bytesEach} bytes take ${size * bytesEach}, but ${bytes.length - end} are there`,
      damaged,
    );
  const data = new Kind(size) as { [i: number]: number | bigint };
  const place = fortran === "True" && shape.length > 1 ? fromFortran(shape) : (i: number): number => i;
  for (let i = 0; i < size; i++) data[place(i)] = read(view, end + i * bytesEach, order !== ">");
  return { shape, data: data as unknown as NpyArray["data"] };
}

/** Where the i-th number of Fortran's order, the first axis the fastest, stands in C's. */
function fromFortran(shape: readonly number[]): (i: number) => number {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  return (i) => {
    let rest = i;
    let place = 0;
    shape.forEach((extent, axis) => {
      place += (rest % extent) * (strides[axis] as number);
      rest = Math.floor(rest / extent);
    });
    return place;
  };
}

/**
 * Decodes a .npz file: its arrays by name.
 * @throws as readNpy, and for an archive that is damaged
 */
export async function readNpz(bytes: Uint8Array, source = "bytes"): Promise<ReadonlyMap<string, NpyArray>> {
  if (!(bytes instanceof Uint8Array))
    throw new Error(`readNpz: ${source}: expected a Uint8Array, got ${show(bytes)}; give the bytes of a file`);
  const files = await readZip("readNpz", source, bytes);
  return new Map(
    [...files].map(([name, content]) => [name.replace(/\.npy$/, ""), readNpy(content, `${source}: ${name}`)]),
  );
}

/** Bytes before the numbers are a multiple of this, so that they can be mapped into memory. */
const ALIGNMENT = 64;

/**
 * Encodes numbers as a .npy file, as numpy.save does.
 * @throws for a shape that is not filled
 */
export function writeNpy({ shape, data }: NpyArray): Uint8Array<ArrayBuffer> {
  const code = Object.entries(types).find(([, [Kind]]) => data instanceof Kind)?.[0];
  if (code === undefined) throw new Error(`writeNpy: data must be a typed array of numbers, got ${show(data)}`);
  const size = shape.reduce((a, b) => a * b, 1);
  if (size !== data.length) throw new Error(`writeNpy: ${data.length} numbers do not fill shape [${shape}]`);
  const order = data.BYTES_PER_ELEMENT === 1 ? "|" : "<";
  const extents = shape.length === 1 ? `${shape},` : shape.join(", ");
  const text = `{'descr': '${order}${code}', 'fortran_order': False, 'shape': (${extents}), }`;
  const length = Math.ceil((10 + text.length + 1) / ALIGNMENT) * ALIGNMENT - 10;
  const header = new TextEncoder().encode(`      ....${text.padEnd(length - 1)}\n`);
  header.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, length & 0xff, length >> 8]);
  // Typed arrays are little-endian wherever WebAssembly runs well.
  return joined([header, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]);
}

/** Encodes arrays by name as a .npz file, as numpy.savez does. */
export const writeNpz = (arrays: ReadonlyMap<string, NpyArray>): Uint8Array<ArrayBuffer> =>
  writeZip(new Map([...arrays].map(([name, array]) => [`${name}.npy`, writeNpy(array)])));

/** Reads a .npy file: a path (Node) or an address. */
export async function readNpyFile(place: string | URL): Promise<NpyArray> {
  const [bytes, source] = await fetched("readNpyFile", place);
  return readNpy(bytes, source);
}

/** Reads a .npz file: a path (Node) or an address. */
export async function readNpzFile(place: string | URL): Promise<ReadonlyMap<string, NpyArray>> {
  const [bytes, source] = await fetched("readNpzFile", place);
  return readNpz(bytes, source);
}

async function fetched(call: string, place: string | URL): Promise<[Uint8Array, string]> {
  const url = place instanceof URL ? place : locate(place);
  const bytes = await readBytes(url).catch((cause: unknown) => {
    throw new Error(`${call}: cannot read ${showFile(url)} (${reasonOf(cause)})`, { cause });
  });
  return [bytes, showFile(url)];
}
