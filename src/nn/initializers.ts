// First values of parameters. Draws come from the library's own generator, so a seed means the same numbers everywhere.

import { requireFinite, requireOneOf, requireWithin } from "../checks.ts";
import { type Shape, size } from "../graph/tensor.ts";

/** Seeded numbers; every parameter has a stream of its own. */
export interface Draw {
  /** n numbers in [low, high). */
  uniform(n: number, low: number, high: number): Float32Array;
  /** n numbers of the normal distribution. */
  normal(n: number, mean: number, deviation: number): Float32Array;
}

/** Values for a parameter of the given shape; the last axis counts outputs. */
export type Initializer = (shape: Shape, draw: Draw) => Float32Array;

/** Inputs and outputs of one unit: [in, out] for dense weights, [height, width, in, out] for kernels. */
export function fans(shape: Shape): { readonly fanIn: number; readonly fanOut: number } {
  if (shape.length < 2) return { fanIn: size(shape), fanOut: size(shape) };
  const field = size(shape.slice(0, -2));
  return { fanIn: field * (shape.at(-2) as number), fanOut: field * (shape.at(-1) as number) };
}

export function constantValues(value: number): Initializer {
  requireFinite("constantValues", "value", value);
  return (shape) => new Float32Array(size(shape)).fill(value);
}
export const zeros: Initializer = constantValues(0);
export const ones: Initializer = constantValues(1);

/** Even over [low, high). */
export function uniform(low = -0.05, high = 0.05): Initializer {
  requireFinite("uniform", "low", low);
  requireFinite("uniform", "high", high);
  if (low > high) throw new Error(`uniform: low must not be above high, got ${low} and ${high}`);
  return (shape, draw) => draw.uniform(size(shape), low, high);
}

const LARGEST = 3.4028234663852886e38;

function requireNormal(call: string, deviation: number, mean: number): void {
  requireWithin(call, "deviation", deviation, 0, LARGEST);
  requireFinite(call, "mean", mean);
}

export function normal(deviation = 0.05, mean = 0): Initializer {
  requireNormal("normal", deviation, mean);
  return (shape, draw) => draw.normal(size(shape), mean, deviation);
}

/** Normal numbers redrawn until they lie within two standard deviations of the mean. */
export function truncatedNormal(deviation = 0.05, mean = 0): Initializer {
  requireNormal("truncatedNormal", deviation, mean);
  return (shape, draw) => {
    const values = new Float32Array(size(shape));
    for (let filled = 0; filled < values.length; ) {
      for (const z of draw.normal(Math.max(16, values.length - filled), 0, 1))
        if (Math.abs(z) <= 2 && filled < values.length) values[filled++] = mean + deviation * z;
    }
    return values;
  };
}

export type Distribution = "uniform" | "normal" | "truncatedNormal";

/** Standard deviation of the normal distribution cut at ±2. */
const CUT_DEVIATION = 0.8796256610342398;

/** Zero mean, given variance. */
function scaled(call: string, variance: (shape: Shape) => number, distribution: Distribution): Initializer {
  requireOneOf(call, "distribution", distribution, ["uniform", "normal", "truncatedNormal"]);
  return (shape, draw) => {
    const deviation = Math.sqrt(variance(shape));
    if (distribution === "normal") return draw.normal(size(shape), 0, deviation);
    if (distribution === "truncatedNormal") return truncatedNormal(deviation / CUT_DEVIATION)(shape, draw);
    const limit = Math.sqrt(3) * deviation;
    return draw.uniform(size(shape), -limit, limit);
  };
}

/** Variance 2/(in + out) (Glorot and Bengio 2010). */
export const glorot = (distribution: Distribution = "uniform"): Initializer =>
  scaled("glorot", (shape) => 2 / (fans(shape).fanIn + fans(shape).fanOut), distribution);
/** Variance 2/in: for layers followed by relu (He et al. 2015). */
export const he = (distribution: Distribution = "normal"): Initializer =>
  scaled("he", (shape) => 2 / fans(shape).fanIn, distribution);
/** Variance 1/in (LeCun et al. 1998). */
export const lecun = (distribution: Distribution = "normal"): Initializer =>
  scaled("lecun", (shape) => 1 / fans(shape).fanIn, distribution);

/** Rows or columns orthonormal, times `gain` (Saxe et al. 2014): modified Gram–Schmidt, twice, of normal vectors: time cubic in the size. */
export function orthogonal(gain = 1): Initializer {
  requireFinite("orthogonal", "gain", gain);
  return (shape, draw) => gramSchmidt(shape, draw, gain);
}

function gramSchmidt(shape: Shape, draw: Draw, gain: number): Float32Array {
  const columns = shape.at(-1) ?? 1;
  const rows = size(shape) / columns;
  const [count, length] = rows < columns ? [rows, columns] : [columns, rows];
  const basis: Float64Array[] = [];
  while (basis.length < count) {
    const v = Float64Array.from(draw.normal(length, 0, 1));
    for (const pass of [1, 2]) {
      for (const u of basis) {
        let dot = 0;
        for (let i = 0; i < length; i++) dot += (u[i] as number) * (v[i] as number);
        for (let i = 0; i < length; i++) v[i] = (v[i] as number) - dot * (u[i] as number);
      }
      let norm = 0;
      for (const value of v) norm += value * value;
      norm = Math.sqrt(norm);
      // A vector that lay in the span of the others: draw again.
      if (pass === 1 && norm < 1e-6) break;
      for (let i = 0; i < length; i++) v[i] = (v[i] as number) / norm;
      if (pass === 2) basis.push(v);
    }
  }
  return Float32Array.from({ length: size(shape) }, (_, at) => {
    const row = Math.floor(at / columns);
    const column = at % columns;
    return gain * (rows < columns ? (basis[row]?.[column] as number) : (basis[column]?.[row] as number));
  });
}
