// What every kernel test stands on: the builds this engine runs, each on a small memory of its own, with guard words
// around every buffer so that a kernel that writes a neighbour's element is caught.
import { type BuildName, instantiate, type Kernels, loadModule, supportedBuilds } from "../../bindings/load.ts";

export const builds: readonly BuildName[] = [
  "strict",
  "debug",
  ...(supportedBuilds().relaxed ? (["relaxed"] as const) : []),
];

export interface Buffer<A> {
  readonly pointer: number;
  readonly array: A;
}

const guard = 0x7fc0_dead | 0;

/** A bump allocator over one instance; offsets are only 4-byte aligned on purpose, as slices of θ are. */
export class Bench {
  readonly #memory: WebAssembly.Memory;
  #top = 64;
  #guards: number[] = [];

  private constructor(
    readonly kernels: Kernels,
    memory: WebAssembly.Memory,
  ) {
    this.#memory = memory;
  }

  static async create(build: BuildName, pages = 256): Promise<Bench> {
    const memory = new WebAssembly.Memory({ initial: pages });
    return new Bench(await instantiate(await loadModule(build), memory), memory);
  }

  /** Forgets all buffers. */
  reset(): void {
    this.#top = 64;
    this.#guards = [];
  }

  #reserve(bytes: number): number {
    const words = new Int32Array(this.#memory.buffer);
    words[this.#top / 4] = guard;
    const pointer = this.#top + 4;
    const end = pointer + Math.ceil(bytes / 4) * 4;
    words[end / 4] = guard;
    this.#guards.push(this.#top, end);
    this.#top = end + 4;
    return pointer;
  }

  f32(values: number | ArrayLike<number>): Buffer<Float32Array> {
    const length = typeof values === "number" ? values : values.length;
    const pointer = this.#reserve(length * 4);
    const array = new Float32Array(this.#memory.buffer, pointer, length);
    if (typeof values === "number") array.fill(Number.NaN);
    else array.set(values);
    return { pointer, array };
  }

  i32(values: number | ArrayLike<number>): Buffer<Int32Array> {
    const length = typeof values === "number" ? values : values.length;
    const pointer = this.#reserve(length * 4);
    const array = new Int32Array(this.#memory.buffer, pointer, length);
    if (typeof values !== "number") array.set(values);
    return { pointer, array };
  }

  u8(values: ArrayLike<number>): Buffer<Uint8Array> {
    const pointer = this.#reserve(values.length);
    const array = new Uint8Array(this.#memory.buffer, pointer, values.length);
    array.set(values);
    return { pointer, array };
  }

  /** Throws if a kernel wrote outside the buffers it was given. */
  checkGuards(): void {
    const words = new Int32Array(this.#memory.buffer);
    for (const place of this.#guards)
      if (words[place / 4] !== guard) throw new Error(`a kernel wrote outside its buffer, at byte ${place}`);
  }
}

/** Deterministic numbers in about [-2, 2], no two equal: sin(0.37 i + 0.11 + seed) scaled. */
export function wave(n: number, seed = 0): Float32Array {
  return Float32Array.from({ length: n }, (_, i) => 2 * Math.sin(0.37 * i + 0.11 + seed));
}

/** |a − b| in units of the last place of the f32 nearest to the exact value b; equal NaN and infinities count as 0. */
export function ulpError(actual: number, exact: number): number {
  const rounded = Math.fround(exact);
  if (Object.is(actual, rounded) || actual === rounded || (Number.isNaN(actual) && Number.isNaN(exact))) return 0;
  if (!Number.isFinite(actual) || !Number.isFinite(rounded)) return Number.POSITIVE_INFINITY;
  const exponent = Math.max(-126, Math.floor(Math.log2(Math.abs(exact) || 2 ** -126)));
  return Math.abs(actual - exact) / 2 ** (exponent - 23);
}

/** `count` elements whose address is a multiple of 16 bytes, guarded on both sides like any other. */
export function aligned(bench: Bench, count: number): number {
  const next = bench.f32(0).pointer + 16;
  bench.f32(((16 - (next % 16)) % 16) / 4);
  return bench.f32(count).pointer;
}
