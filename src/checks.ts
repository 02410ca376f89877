// Checks of what users hand in: options, numbers, arrays. Each throws naming the call, the value and the remedy.

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
  // for … in: a training step checks its batch this way, and allocates nothing.
  for (const key in options)
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

export function requireWhole(call: string, what: string, value: unknown, least: number): asserts value is number {
  if (!Number.isSafeInteger(value) || (value as number) < least)
    throw new Error(`${call}: ${what} must be a whole number ≥ ${least}, got ${show(value)}`);
}

/** Throws unless a value is a shape: whole numbers of at least 1, possibly none. */
export function requireShape(
  call: string,
  what: string,
  shape: unknown,
  example = "",
): asserts shape is readonly number[] {
  const fits = Array.isArray(shape) && Array.from(shape).every((extent) => Number.isSafeInteger(extent) && extent >= 1);
  if (!fits) throw new Error(`${call}: ${what} must be an array of whole numbers ≥ 1${example}, got ${show(shape)}`);
}

const isTypedArray = (value: unknown): boolean =>
  ArrayBuffer.isView(value) &&
  !(value instanceof DataView || value instanceof BigInt64Array || value instanceof BigUint64Array);

/** Throws unless a value is an array, typed or plain; what it holds is not looked at. */
export function requireArray(call: string, what: string, value: unknown): asserts value is ArrayLike<number> {
  if (!isTypedArray(value) && !Array.isArray(value))
    throw new Error(`${call}: ${what} must be an array of numbers, got ${show(value)}`);
}

/** Throws unless a value is an array of numbers, typed or plain; they need not be finite. */
export function requireNumbers(call: string, what: string, value: unknown): asserts value is ArrayLike<number> {
  requireArray(call, what, value);
  if (!Array.isArray(value)) return;
  for (let i = 0; i < value.length; i++)
    if (typeof value[i] !== "number") throw new Error(`${call}: ${what}[${i}] = ${show(value[i])} is not a number`);
}

/** Throws unless every number is whole and in [0, below): labels and indices. */
export function requireIndices(
  call: string,
  what: string,
  values: ArrayLike<number>,
  kind: string,
  below: number,
): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (!Number.isInteger(value)) throw new Error(`${call}: ${what}[${i}] = ${value} is not a whole number`);
    if (!(value >= 0 && value < below))
      throw new Error(`${call}: ${what}[${i}] = ${value} is not ${kind} in [0, ${below})`);
  }
}

/** Throws unless weights of examples are so many finite numbers ≥ 0, not all of them 0. */
export function requireWeights(call: string, weights: ArrayLike<number>, count: number): void {
  requireNumbers(call, "weights", weights);
  if (weights.length !== count)
    throw new Error(`${call}: ${count} examples need as many weights, got ${weights.length}`);
  let most = 0;
  for (let i = 0; i < count; i++) {
    const weight = Math.fround(weights[i] as number);
    if (!(weight >= 0 && weight < Number.POSITIVE_INFINITY))
      throw new Error(`${call}: weights[${i}] = ${weights[i]} is not a finite number ≥ 0`);
    if (weight > most) most = weight;
  }
  if (most === 0) throw new Error(`${call}: all weights are 0; one at least must be above`);
}

/** Throws unless a value can be a seed. */
export function requireSeed(call: string, seed: unknown): asserts seed is number {
  if (!Number.isSafeInteger(seed) || (seed as number) < 0)
    throw new Error(`${call}: seed must be a whole number from 0 to 2^53 − 1, got ${show(seed)}`);
}
