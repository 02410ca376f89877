// Gzipped files.
import { reasonOf } from "./folder.ts";

export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** Unpacks a gzipped file; throws, naming the call and the file, for one that is damaged. */
export async function gunzip(
  call: string,
  bytes: Uint8Array<ArrayBuffer>,
  source: string,
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch (cause) {
    throw new Error(
      `${call}: ${source}: its gzip data is damaged or cut short (${reasonOf(cause)}); get the file again`,
      { cause },
    );
  }
}
