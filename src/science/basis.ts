// Orthonormal vectors and one that is to join them, in a memory of their own where the kernels reach them: what a Krylov
// method does beside its products. Strict kernels, whose bits are the same everywhere.
import { ModelMemory } from "../../bindings/memory.ts";
import { norm } from "./vectors.ts";

/** Numbers of w that are worked on at a time: they stay in the first cache while those of all vectors go by. */
const BLOCK = 8192;
/** Vectors subtracted in one call: as many streams as a processor follows best. */
const GROUP = 4;
/** Of `gemm`, for any sizes. */
const SCRATCH = 661_696;
/** Epilogue of `gemm`: c += a·b. */
const ACCUMULATE = 4;

/** Vectors begin on a cache line. */
const strideOf = (size: number): number => Math.ceil(size / 16) * 16;

export class Basis {
  readonly #memory: ModelMemory;
  readonly #size: number;
  readonly #most: number;
  readonly #stride: number;
  readonly #empty: number;
  #length = 0;
  /** Vectors that memory is reserved for. */
  #room = 0;

  private constructor(memory: ModelMemory, size: number, most: number) {
    this.#memory = memory;
    this.#size = size;
    this.#most = most;
    this.#stride = strideOf(size);
    memory.reserve("sum", 4);
    memory.reserve("factors", 4 * most);
    memory.reserve("scratch", SCRATCH);
    // Behind it lie the vectors.
    memory.reserve("next", 4 * this.#stride);
    this.#empty = memory.mark();
  }

  /** @param most vectors that it will hold; see mostVectors */
  static async create(size: number, most: number): Promise<Basis> {
    return new Basis(await ModelMemory.create("strict"), size, most);
  }

  get length(): number {
    return this.#length;
  }
  /** A live view of a vector, until another joins. */
  vector(i: number): Float32Array {
    return this.#memory.f32("next", 4 * (i + 1) * this.#stride, this.#size);
  }
  /** A live view of the vector w that is to join, until it does. */
  get next(): Float32Array {
    return this.#memory.f32("next", 0, this.#size);
  }

  /** Forgets all vectors. */
  clear(): void {
    this.#memory.release(this.#empty);
    this.#length = this.#room = 0;
  }

  /** ‖w‖ */
  norm(): number {
    const [sum, next] = [this.#memory.base("sum"), this.#memory.base("next")];
    this.#memory.kernels.sumSquares(sum, next, this.#size);
    const square = this.#memory.f32("sum", 0, 1)[0] as number;
    // Squares far from 1 leave the range of f32.
    return square > 1e-24 && square < 1e24 ? Math.sqrt(square) : norm(this.next);
  }
  /** ⟨vᵢ, w⟩ */
  dot(i: number): number {
    this.#memory.kernels.dot(this.#memory.base("sum"), this.#at(i), this.#memory.base("next"), this.#size);
    return this.#memory.f32("sum", 0, 1)[0] as number;
  }
  /** w ← w − c·vᵢ */
  subtract(i: number, c: number): void {
    this.#memory.kernels.axpy(this.#memory.base("next"), this.#at(i), this.#size, -c);
  }

  /** w ← w − Σ ⟨vᵢ, w⟩·vᵢ (Gram and Schmidt, classical). */
  removeProjections(): void {
    if (this.#length === 0) return;
    const { kernels } = this.#memory;
    const [factors, scratch] = [this.#memory.base("factors"), this.#memory.base("scratch")];
    const totals = new Float64Array(this.#length);
    const part = this.#factors(this.#length);
    for (const [at, next, count] of this.#blocks()) {
      kernels.gemm(factors, at, next, scratch, this.#length, 1, count, this.#stride, 1, 1, 1, 0, 0);
      for (let i = 0; i < totals.length; i++) totals[i] = (totals[i] as number) - (part[i] as number);
    }
    this.#add(totals);
  }

  /** Σ cᵢ·vᵢ, in the place of w. */
  combine(factors: ArrayLike<number>): Float32Array {
    this.next.fill(0);
    this.#add(factors);
    return this.next;
  }

  /** w/length joins. w stays as it is. */
  push(length: number): void {
    if (this.#length === this.#room) {
      // Twice as many: whenever a memory grows, the engine collects its garbage.
      const more = Math.min(Math.max(8, this.#room), this.#most - this.#room);
      this.#memory.reserve(`vectors from ${this.#room}`, 4 * more * this.#stride);
      this.#room += more;
    }
    this.#memory.kernels.scale(this.#at(this.#length++), this.#memory.base("next"), this.#size, 1 / length);
  }

  /** w ← w + Σ cᵢ·vᵢ */
  #add(values: ArrayLike<number>): void {
    const { kernels } = this.#memory;
    const [factors, scratch] = [this.#memory.base("factors"), this.#memory.base("scratch")];
    this.#factors(values.length).set(values);
    // Backwards: the last blocks that were read are still in a cache.
    for (const [at, next, count] of this.#blocks().reverse())
      for (let i = 0; i < values.length; i += GROUP) {
        const k = Math.min(GROUP, values.length - i);
        const from = at + 4 * i * this.#stride;
        kernels.gemm(next, factors + 4 * i, from, scratch, 1, count, k, k, 1, this.#stride, 1, ACCUMULATE, 0);
      }
  }

  /** Blocks of w and of all vectors: where they begin in the first vector and in w, and how long they are. */
  #blocks(): (readonly [at: number, next: number, count: number])[] {
    const [first, next] = [this.#at(0), this.#memory.base("next")];
    return Array.from({ length: Math.ceil(this.#size / BLOCK) }, (_, block) => {
      const i = block * BLOCK;
      return [first + 4 * i, next + 4 * i, Math.min(BLOCK, this.#size - i)];
    });
  }

  #at(i: number): number {
    return this.#memory.base("next") + 4 * (i + 1) * this.#stride;
  }
  #factors(count: number): Float32Array {
    return this.#memory.f32("factors", 0, count);
  }
}

/** Vectors of a size that one memory of 4 GiB has room for. */
export const mostVectors = (size: number): number => Math.floor((2 ** 32 - 2 ** 21) / (4 * strideOf(size))) - 1;
