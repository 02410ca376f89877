// IDX, the file format of MNIST and its relatives: a magic number, big-endian extents, then the numbers row after row.
// http://yann.lecun.com/exdb/mnist/: bytes 0, 0, type, rank; rank × u32; data.
import { locate, readBytes } from "#platform";
import { isWebPage, notAPage, reasonOf, showFile } from "./folder.ts";
import { gunzip, isGzip } from "./gzip.ts";

/** An array of bytes of any rank. */
export interface IdxArray {
  /** Extents, outermost first: [60000, 28, 28] for MNIST's images, [60000] for its labels. */
  readonly shape: readonly number[];
  /** product(shape) bytes, row after row: a view of the bytes read, not a copy. */
  readonly data: Uint8Array;
}

const unsignedByte = 0x08;
const otherTypes: Readonly<Record<number, string>> = {
  9: "signed bytes",
  11: "16-bit integers",
  12: "32-bit integers",
  13: "32-bit floats",
  14: "64-bit floats",
};

/**
 * Decodes an IDX file of unsigned bytes.
 * @param bytes the whole file, not compressed
 * @param source what messages call it, such as the file's name
 * @throws for anything but a whole, unaltered file: wrong magic number, another number type, an extent of 0, too short, too long
 */
export function readIdx(bytes: Uint8Array, source = "bytes"): IdxArray {
  const fail = (what: string, remedy: string): never => {
    throw new Error(`readIdx: ${source}: ${what}; ${remedy}`);
  };
  const damaged = "the file is damaged or was not copied whole: get it again";
  if (!(bytes instanceof Uint8Array))
    fail(`expected a Uint8Array, got ${Object.prototype.toString.call(bytes)}`, "give the bytes of a file");
  if (bytes.length < 4)
    fail(`${bytes.length} bytes are too few for an IDX file, whose header alone takes 8 or more`, damaged);
  const [zero0, zero1, type, rank] = bytes as unknown as [number, number, number, number];
  if (zero0 !== 0 || zero1 !== 0) fail(`starts with ${hex(bytes)}, an IDX file starts with 00 00 08`, guess(bytes));
  if (type !== unsignedByte) {
    const found = otherTypes[type] ? `${otherTypes[type]} (type ${type})` : `unknown numbers (type ${type})`;
    fail(`holds ${found}, expected unsigned bytes (type 8)`, otherTypes[type] ? "convert it to bytes first" : damaged);
  }
  if (rank === 0) fail("has rank 0, expected at least one extent", damaged);
  const header = 4 + 4 * rank;
  if (bytes.length < header)
    fail(`${bytes.length} bytes are too few for the header of rank ${rank}, which takes ${header}`, damaged);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  if (shape.includes(0)) fail(`header says [${shape}], an array with nothing in it`, damaged);
  const expected = shape.reduce((a, b) => a * b, 1);
  const found = bytes.length - header;
  if (found !== expected)
    fail(
      `header says [${shape}] = ${expected} bytes of data, ${found < expected ? "only " : ""}${found} follow`,
      damaged,
    );
  return { shape, data: new Uint8Array(bytes.buffer, bytes.byteOffset + header, expected) };
}

/**
 * Reads and decodes an IDX file of unsigned bytes, as it is or gzipped; where there is no such file, its `.gz` neighbour.
 * @param file a path (Node), or an address
 * @throws if neither can be read, and as {@link readIdx}
 */
export async function readIdxFile(file: string | URL): Promise<IdxArray> {
  const plain = typeof file === "string" ? locate(file) : file;
  const zipped = new URL(plain);
  zipped.pathname += ".gz";
  const [url, bytes] = await readBytes(plain).then(
    (read) => [plain, read] as const,
    (cause: unknown) =>
      readBytes(zipped).then(
        (read) => [zipped, read] as const,
        () => {
          throw new Error(`readIdxFile: cannot read ${showFile(plain)} (${reasonOf(cause)})`, { cause });
        },
      ),
  );
  return readIdx(isGzip(bytes) ? await gunzip("readIdx", bytes, showFile(url)) : bytes, showFile(url));
}

const hex = (bytes: Uint8Array): string =>
  Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, "0")).join(" ");

/** What the file may be instead: the two that people meet. */
function guess(bytes: Uint8Array): string {
  if (isGzip(bytes)) return "it is gzipped: use readIdxFile, or unpack it first";
  if (isWebPage(bytes)) return notAPage;
  return "this is another kind of file, or a damaged one: get it again";
}
