// The matrix products of the `gemm` suite, with fixed operands and the entries that are checked.
import { fill, uniformNumbers } from "./jobs.ts";

/** out [m, n] = a [m, k] · b [k, n]; a transposed operand is stored as [k, m] or [n, k]. */
export interface Product {
  readonly name: string;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly transposeA?: true;
  readonly transposeB?: true;
}

export const products: readonly Product[] = [
  ...[96, 192, 480, 960].map((size) => ({ name: `${size}`, m: size, k: size, n: size })),
  { name: "forward 64x784 · 784x128", m: 64, k: 784, n: 128 },
  { name: "dW 784x64 · 64x128", m: 784, k: 64, n: 128, transposeA: true },
  { name: "forward 64x128 · 128x10", m: 64, k: 128, n: 10 },
  { name: "dX 64x10 · 10x128", m: 64, k: 10, n: 128, transposeB: true },
];

/** Both operands, row by row as they are stored. */
export function operands({ m, k, n }: Product): { readonly a: Float32Array; readonly b: Float32Array } {
  const uniform = uniformNumbers(11);
  const centred = () => 2 * uniform() - 1;
  return { a: fill(m * k, centred), b: fill(k * n, centred) };
}

export function storedShapes({ m, k, n, transposeA, transposeB }: Product): {
  readonly a: [number, number];
  readonly b: [number, number];
} {
  return { a: transposeA ? [k, m] : [m, k], b: transposeB ? [n, k] : [k, n] };
}

/** Which entries of a result are compared: every so many, a prime, so that all columns and tile edges come up. */
export const sampleStride = 97;

export function sample(out: ArrayLike<number>): number[] {
  return Array.from({ length: Math.ceil(out.length / sampleStride) }, (_, i) => out[i * sampleStride] as number);
}

/** The sampled entries in double precision, by the definition. */
export function reference(product: Product): number[] {
  const { m, k, n, transposeA, transposeB } = product;
  const { a, b } = operands(product);
  return Array.from({ length: Math.ceil((m * n) / sampleStride) }, (_, sampled) => {
    const entry = sampled * sampleStride;
    const row = Math.floor(entry / n);
    const column = entry % n;
    let sum = 0;
    for (let i = 0; i < k; i++)
      sum +=
        (a[transposeA ? i * m + row : row * k + i] as number) *
        (b[transposeB ? column * k + i : i * n + column] as number);
    return sum;
  });
}

export function flopsOfProduct({ m, k, n }: Product): number {
  return 2 * m * k * n;
}
