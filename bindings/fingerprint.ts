/** A number for a set of names, whatever their order: FNV-1a over the sorted list. */
export const fingerprint = (names: readonly string[]): number =>
  [...[...names].sort().join()].reduce((hash, c) => Math.imul(hash ^ c.charCodeAt(0), 16777619), 2166136261 | 0);
