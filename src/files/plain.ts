// What JSON cannot hold, within what it can: vectors are kept elsewhere, by name, and numbers that are not finite are text.

/** A value as JSON can hold it. @param keep puts a vector away and names it */
export function plainOf(value: unknown, keep: (values: Float32Array) => string): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) return { $number: String(value) };
  if (value instanceof Float32Array) return { $vector: keep(value) };
  return mapped(value, (inner) => plainOf(inner, keep));
}

/** The value again. @param kept finds a vector by its name */
export function fromPlain(value: unknown, kept: (name: string) => Float32Array | undefined): unknown {
  const { $number, $vector } = (value ?? {}) as Record<string, unknown>;
  if (typeof $number === "string") return Number($number);
  if (typeof $vector === "string") return kept($vector);
  return mapped(value, (inner) => fromPlain(inner, kept));
}

function mapped(value: unknown, change: (inner: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map(change);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, change(inner)]));
}
