// Where files lie: paths in Node, records of one IndexedDB store in pages.
import { hasFiles, readKept, writeKept } from "#platform";
import { show } from "../checks.ts";
import { joined } from "../data/bytes.ts";

function requirePlace(call: string, place: unknown): asserts place is string {
  if (typeof place !== "string" || place === "")
    throw new Error(`${call}: expected a path such as "run.checkpoint", got ${show(place)}`);
}

/**
 * Writes all of a file or, where that fails, leaves the old one as it was.
 * @param parts its bytes, asked for when they can be written at once
 */
export async function writePlace(call: string, place: string, parts: () => readonly Uint8Array[]): Promise<void> {
  requirePlace(call, place);
  // A record of a page is one array.
  await writeKept(place, hasFiles ? parts : () => [joined(parts())]).catch((cause: Error) => {
    throw new Error(`${call}: cannot write ${show(place)} (${cause.message}); check the path and the room`, { cause });
  });
}

export async function readPlace(call: string, place: string): Promise<Uint8Array> {
  requirePlace(call, place);
  return readKept(place).catch((cause: Error) => {
    throw new Error(`${call}: cannot read ${show(place)} (${cause.message}); check the path`, { cause });
  });
}
