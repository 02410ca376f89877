// Bytes in parts, made one.

/**
 * A copy of bytes in an ArrayBuffer of its own. `slice` is no such thing: that of Node's Buffer, which is a Uint8Array too,
 * is a view.
 */
export const copied = (bytes: Uint8Array, from = 0, to = bytes.length): Uint8Array<ArrayBuffer> =>
  new Uint8Array(bytes.subarray(from, to));

/** A copy of the parts, one after another. */
export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((total, { length }) => total + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
