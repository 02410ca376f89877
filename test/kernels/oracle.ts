// Double-precision references for the elementary functions, good to about 1e-15, and the tools to sweep f32 by its bits.

/** erfc x for x ≥ 2 by its continued fraction (Abramowitz and Stegun 7.1.14), from the tail inwards. */
function erfcTail(x: number): number {
  let fraction = x;
  for (let k = 120; k >= 1; k--) fraction = x + k / 2 / fraction;
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * fraction);
}

/** erf x = 2/√π e^−x² Σ 2ⁿ x²ⁿ⁺¹ / (2n + 1)!!: no term cancels (7.1.6). */
export function erf(x: number): number {
  if (Number.isNaN(x)) return x;
  if (Math.abs(x) > 6) return Math.sign(x);
  if (Math.abs(x) >= 2) return Math.sign(x) * (1 - erfcTail(Math.abs(x)));
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

export function erfc(x: number): number {
  return x >= 2 ? erfcTail(x) : 1 - erf(x);
}

/** Distribution function and density of the standard normal. */
export const normalCdf = (x: number): number => erfc(-x / Math.SQRT2) / 2;
export const normalDensity = (x: number): number => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);

export const sigmoid = (x: number): number => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)));
export const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** Argument of the sigmoid in gelu's tanh form, and its derivative. */
export const geluArgument = (x: number): number => 2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3);
export const geluArgumentSlope = (x: number): number => 2 * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);

/** x · σ, where x = −∞ means its limit. */
export const weighted = (x: number, weight: number): number => (weight === 0 ? 0 * Math.sign(x) : x * weight);

/** IEEE 754 pow: differs from Math.pow in pow(±1, ±∞) = 1 and pow(1, NaN) = 1. */
export const pow = (x: number, y: number): number =>
  x === 1 || (x === -1 && Math.abs(y) === Number.POSITIVE_INFINITY) ? 1 : x ** y;

export const bitsOf = (x: number): number => new Int32Array(Float32Array.of(x).buffer)[0] as number;

/** f32 values whose bit patterns run from `first` to `last` (unsigned) in steps of `stride`. */
export function pattern(first: number, last: number, stride: number): Float32Array {
  const bits = new Uint32Array(Math.floor((last - first) / stride) + 1);
  for (let i = 0; i < bits.length; i++) bits[i] = first + i * stride;
  return new Float32Array(bits.buffer);
}

/** Every `stride`-th f32 between a and b, which have the same sign. */
export function between(a: number, b: number, stride: number): Float32Array {
  const [p, q] = [bitsOf(a) >>> 0, bitsOf(b) >>> 0];
  return pattern(Math.min(p, q), Math.max(p, q), stride);
}

export const specials = Float32Array.of(
  ...[0, 1, 0.5, 2, 3, 2 ** -149, 2 ** -126, 2 ** -127, (2 - 2 ** -23) * 2 ** 127, Number.POSITIVE_INFINITY].flatMap(
    (x) => [x, -x],
  ),
  Number.NaN,
);

/** What a sweep found. */
export interface Worst {
  readonly ulp: number;
  readonly at: number;
  readonly got: number;
  readonly exact: number;
}

const scratch = new Float32Array(1);
const scratchBits = new Uint32Array(scratch.buffer);
const ulps = Float64Array.from({ length: 256 }, (_, e) => 2 ** (Math.max(e, 1) - 150));

/**
 * Largest error of y against exact values, in ulp of the f32 nearest to the exact value. NaN must meet NaN. Where the
 * exact value rounds to ±∞, or y is infinite, only equality of the two counts as no error.
 */
export function worstUlp(x: ArrayLike<number>, y: ArrayLike<number>, exact: Float64Array): Worst {
  let worst: Worst = { ulp: 0, at: Number.NaN, got: Number.NaN, exact: Number.NaN };
  for (let i = 0; i < exact.length; i++) {
    const e = exact[i] as number;
    const got = y[i] as number;
    scratch[0] = e;
    if (got === scratch[0] && Math.abs(e - got) === 0) continue;
    let ulp: number;
    // biome-ignore lint/suspicious/noSelfCompare: NaN
    if (e !== e || got !== got) ulp = e !== e && got !== got ? 0 : Number.POSITIVE_INFINITY;
    else if (Math.abs(scratch[0]) === Number.POSITIVE_INFINITY || Math.abs(got) === Number.POSITIVE_INFINITY)
      ulp = got === scratch[0] ? 0 : Number.POSITIVE_INFINITY;
    else ulp = Math.abs(got - e) / (ulps[((scratchBits[0] as number) >>> 23) & 255] as number);
    if (ulp > worst.ulp) worst = { ulp, at: x[i] as number, got, exact: e };
  }
  return worst;
}
