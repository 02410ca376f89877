// Checks of what describes a network: options, numbers, choices. Each throws naming the call, the value and the remedy.

/** Anything a user may hand in, as text: String() alone throws for some of it. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${Array.from(value, show)}]`;
  try {
    return String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}

/** Throws for what is no object of options, and for names that are not among `known`. */
export function requireOptions(call: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== "object" || options === null || Array.isArray(options))
    throw new Error(`${call}: expected an object of options, got ${show(options)}`);
  for (const key of Object.keys(options))
    if (!known.includes(key)) throw new Error(`${call}: unknown option "${key}"; known are ${known.join(", ")}`);
}

/** Throws unless a number is finite, as f32 too. */
export function requireFinite(call: string, what: string, value: number): void {
  if (typeof value !== "number" || !Number.isFinite(Math.fround(value)))
    throw new Error(`${call}: ${what} must be a finite number that f32 can hold, got ${show(value)}`);
}

/** Throws unless a number is above zero and finite, as f32 too. */
export function requirePositive(call: string, what: string, value: number): void {
  if (typeof value !== "number" || !Number.isFinite(Math.fround(value)) || !(Math.fround(value) > 0))
    throw new Error(`${call}: ${what} must be a finite number > 0 that f32 can hold, got ${show(value)}`);
}

/** Throws unless a number lies in [low, high], or with `open` in [low, high). */
export function requireWithin(
  call: string,
  what: string,
  value: number,
  low: number,
  high: number,
  open = false,
): void {
  const fits = (x: number): boolean => x >= low && (open ? x < high : x <= high);
  if (typeof value !== "number" || !fits(value) || !fits(Math.fround(value)))
    throw new Error(`${call}: ${what} must be in [${low}, ${high}${open ? ")" : "]"}, got ${show(value)}`);
}

/** Throws unless a value is one of a few. */
export function requireOneOf(call: string, what: string, value: unknown, choices: readonly unknown[]): void {
  if (!choices.includes(value))
    throw new Error(`${call}: ${what} must be ${choices.map(show).join(" or ")}, got ${show(value)}`);
}

/** Throws unless a value is a function. */
export function requireFunction(call: string, what: string, value: unknown, example: string): void {
  if (typeof value !== "function")
    throw new Error(`${call}: ${what} must be a function such as ${example}, got ${show(value)}`);
}
