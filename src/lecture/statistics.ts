// Uncertainty: means with intervals of confidence, and slopes.
import type { Finding } from "./experiment.ts";

/** A type, not an interface, so that it can stand in plain data. */
export type Mean = {
  readonly mean: number;
  /** Of 95 % confidence, by Student's t. */
  readonly low: number;
  readonly high: number;
  readonly runs: number;
};

/** 97.5 % points of Student's t for 1 to 30 degrees of freedom. */
const t975 = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];
/** Beyond 30 degrees by the first terms of its expansion around the normal's 1.96 (Abramowitz and Stegun 26.7.5). */
const student = (degrees: number): number => t975[degrees - 1] ?? 1.96 + 2.372 / degrees + 2.823 / degrees ** 2;

/** @param values of independent runs, at least two */
export function meanOf(values: ArrayLike<number>): Mean {
  const runs = values.length;
  const mean = Array.from(values).reduce((sum, x) => sum + x, 0) / runs;
  const half = (student(runs - 1) * deviationOf(values)) / Math.sqrt(runs);
  return { mean, low: mean - half, high: mean + half, runs };
}

/** A share of so many runs, with the interval of Wilson (1927). */
export function shareOf(hits: number, runs: number): Mean {
  const [mean, z] = [hits / runs, 1.96];
  const middle = (mean + z ** 2 / (2 * runs)) / (1 + z ** 2 / runs);
  const half = (z * Math.sqrt((mean * (1 - mean)) / runs + z ** 2 / (4 * runs ** 2))) / (1 + z ** 2 / runs);
  return { mean, low: middle - half, high: middle + half, runs };
}

/** A mean as a number of a verdict. */
export const finding = (name: string, { mean, low, high, runs }: Mean, expected?: number): Finding => ({
  ...{ name, value: mean, interval: [low, high], runs },
  ...(expected !== undefined && { expected }),
});

/** The geometric mean, for what a logarithmic axis shows; its interval is that of the logarithms. @param values above zero */
export function geometricMeanOf(values: ArrayLike<number>): Mean {
  const { mean, low, high, runs } = meanOf(Array.from(values, Math.log));
  return { mean: Math.exp(mean), low: Math.exp(low), high: Math.exp(high), runs };
}

/** The standard deviation of which `values` are a sample. */
export function deviationOf(values: ArrayLike<number>): number {
  const all = Array.from(values);
  const mean = all.reduce((sum, x) => sum + x, 0) / all.length;
  return Math.sqrt(all.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (all.length - 1));
}

/** The least-squares line y = slope·x + at, with the slope's interval of 95 % confidence; at least three points. */
export function slopeOf(x: readonly number[], y: readonly number[]): Mean & { readonly at: number } {
  const n = x.length;
  const [mx, my] = [x, y].map((all) => all.reduce((sum, v) => sum + v, 0) / n) as [number, number];
  const sxx = x.reduce((sum, v) => sum + (v - mx) ** 2, 0);
  const slope = x.reduce((sum, v, i) => sum + (v - mx) * ((y[i] as number) - my), 0) / sxx;
  const at = my - slope * mx;
  const rest = x.reduce((sum, v, i) => sum + ((y[i] as number) - at - slope * v) ** 2, 0);
  const half = student(n - 2) * Math.sqrt(rest / (n - 2) / sxx);
  return { mean: slope, low: slope - half, high: slope + half, runs: n, at };
}

/** Of an even number the upper of the two in the middle. */
export const medianOf = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] as number;

/** The expected least of k of the values, drawn without replacement, for every k: Σ vᵢ·C(n−1−i, k−1)/C(n, k). */
export function leastOfSome(values: readonly number[]): number[] {
  const sorted = [...values].sort((a, b) => a - b);
  const n = sorted.length;
  return sorted.map((_, at) => {
    const k = at + 1;
    let [chance, sum] = [k / n, 0];
    for (let i = 0; i + k <= n; i++) {
      sum += chance * (sorted[i] as number);
      chance *= (n - i - k) / (n - 1 - i);
    }
    return sum;
  });
}
