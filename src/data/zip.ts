// Zip archives, as far as .npz files are some: stored or deflated entries, each checked by its CRC-32; written stored.
// https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
import { copied, joined } from "./bytes.ts";

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const IN_ZIP64 = 0xffffffff;

/** The files of an archive by name. */
export async function readZip(
  call: string,
  source: string,
  bytes: Uint8Array,
): Promise<ReadonlyMap<string, Uint8Array<ArrayBuffer>>> {
  const fail = (what: string): never => {
    throw new Error(`${call}: ${source}: ${what}; the file is no zip archive, damaged, or was not copied whole`);
  };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const requireBytes = (at: number, count: number): void => {
    if (at + count > bytes.length) fail(`an entry reaches beyond its ${bytes.length} bytes`);
  };
  // The directory is named at the end, before a comment of up to 64 kB.
  let end = bytes.length - 22;
  const last = Math.max(0, end - 0xffff);
  while (end >= last && view.getUint32(end, true) !== END) end--;
  if (end < last) fail("it has no directory");
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  let at = view.getUint32(end + 16, true);
  for (let left = view.getUint16(end + 10, true); left > 0; left--) {
    requireBytes(at, 46);
    if (view.getUint32(at, true) !== ENTRY) fail("its directory is damaged");
    const [flags, method] = [view.getUint16(at + 8, true), view.getUint16(at + 10, true)];
    const [crc, packed, size] = [16, 20, 24].map((offset) => view.getUint32(at + offset, true)) as [
      number,
      number,
      number,
    ];
    const [nameLength, extra, comment] = [28, 30, 32].map((offset) => view.getUint16(at + offset, true)) as [
      number,
      number,
      number,
    ];
    const local = view.getUint32(at + 42, true);
    requireBytes(at + 46, nameLength);
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength));
    if ((flags & 1) !== 0) fail(`${name} is encrypted`);
    if (packed === IN_ZIP64 || size === IN_ZIP64 || local === IN_ZIP64) fail(`${name} takes 4 GiB or more`);
    if (method !== 0 && method !== 8) fail(`${name} is packed by method ${method}, known are 0 and 8`);
    requireBytes(local, 30);
    if (view.getUint32(local, true) !== LOCAL) fail(`${name} is not where the directory says`);
    const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    requireBytes(start, packed);
    const content = copied(bytes, start, start + packed);
    const unpacked =
      method === 0 ? content : await inflate(content, size).catch(() => fail(`${name} cannot be unpacked`));
    if (unpacked.length !== size || crc32(unpacked) !== crc) fail(`${name} is not what was packed`);
    files.set(name, unpacked);
    at += 46 + nameLength + extra + comment;
  }
  return files;
}

/** Throws for more than `size` bytes: a damaged entry must not fill the memory. */
async function inflate(bytes: Uint8Array<ArrayBuffer>, size: number): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
    pieces.push(value as Uint8Array);
    length += (value as Uint8Array).length;
    if (length > size) throw new Error("more than the directory says");
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

const crcTable = /* @__PURE__ */ Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) crc = (crc >>> 8) ^ (crcTable[(crc ^ (bytes[i] as number)) & 0xff] as number);
  return ~crc >>> 0;
}

/** The first day that an entry's date can name, 1980-01-01: equal contents give equal bytes. */
const DAY = 0x21;

/** An archive of these files, stored as they are. All of it stays below 4 GiB. */
export function writeZip(files: ReadonlyMap<string, Uint8Array>): Uint8Array<ArrayBuffer> {
  const entries: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  for (const [name, content] of files) {
    const title = new TextEncoder().encode(name);
    // Version needed, flags (names are UTF-8), method, time, day, CRC, bytes packed and unpacked, length of the name, extra.
    const common = new DataView(new ArrayBuffer(26));
    [20, 0x800, 0, 0, DAY].forEach((value, i) => {
      common.setUint16(2 * i, value, true);
    });
    [crc32(content), content.length, content.length].forEach((value, i) => {
      common.setUint32(10 + 4 * i, value, true);
    });
    common.setUint16(22, title.length, true);
    const shared = new Uint8Array(common.buffer);
    entries.push(words(LOCAL), shared, title, content);
    // Version that made it, the common part, then comment, disk and attributes, all 0, and where the entry is.
    directory.push(words(ENTRY), Uint8Array.of(20, 0), shared, new Uint8Array(10), words(at), title);
    at += 30 + title.length + content.length;
  }
  const index = joined(directory);
  const count = files.size + 0x10000 * files.size;
  return joined([...entries, index, words(END, 0, count, index.length, at), new Uint8Array(2)]);
}

/** 32-bit words, the low byte first. */
function words(...values: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  values.forEach((value, i) => {
    view.setUint32(4 * i, value, true);
  });
  return new Uint8Array(view.buffer);
}
