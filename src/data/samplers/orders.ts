// Samplers that take every example once an epoch.
import { philox } from "../random.ts";
import { requireSamplerOptions, type SamplerOptions } from "./options.ts";
import type { EpochContext, Sampler } from "./sampler.ts";

/** The rows in the order of the data, every epoch: what `shuffle: false` gives. */
export const sequential = (): Sampler => ({
  name: "sequential",
  epoch: ({ size }) => ({ rows: Int32Array.from({ length: size }, (_, i) => i) }),
});

/** The rows in one random order, the same every epoch. */
export function shuffledOnce(options: SamplerOptions = {}): Sampler {
  requireSamplerOptions("shuffledOnce", options);
  const { seed } = options;
  return {
    name: "shuffledOnce",
    epoch: (context) => ({ rows: permutation(context.size, seed ?? context.seed, 0) }),
  };
}

/** The rows in a new random order every epoch: with the model's seed the orders of `shuffle: true`. */
export function reshuffled(options: SamplerOptions = {}): Sampler {
  requireSamplerOptions("reshuffled", options);
  const { seed } = options;
  return {
    name: "reshuffled",
    epoch: (context) => ({ rows: permutation(context.size, seed ?? context.seed, context.round) }),
  };
}

/**
 * The order that the kernel `shuffle` makes (assembly/kernels/random.ts): from the end, element i changes places with one
 * of 0 … i.
 */
function permutation(size: number, seed: number, round: EpochContext["round"]): Int32Array {
  const order = Int32Array.from({ length: size }, (_, i) => i);
  const key = [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0] as const;
  const exchange = (i: number, high: number, low: number): void => {
    if (i <= 0) return;
    const j = multiplyHigh(high, i + 1, multiplyHigh(low, i + 1, 0));
    const kept = order[i] as number;
    order[i] = order[j] as number;
    order[j] = kept;
  };
  for (let block = 0, i = size - 1; i > 0; block++, i -= 8) {
    const words = [0, 1, 2, 3].map((lane) => philox([4 * block + lane, round, 0, 0], key));
    words.forEach(([high, low], lane) => {
      exchange(i - lane, high, low);
    });
    words.forEach(([, , high, low], lane) => {
      exchange(i - 4 - lane, high, low);
    });
  }
  return order;
}

/** ⌊(a·b + c)/2³²⌋ of numbers below 2³²: by halves of a, so that every product is exact. */
function multiplyHigh(a: number, b: number, c: number): number {
  const low = (a & 0xffff) * b + c;
  return Math.floor(((a >>> 16) * b + Math.floor(low / 2 ** 16)) / 2 ** 16);
}
