// One model's memory: named segments that stay, and behind them the arena, which no run leaves anything in and which
// may therefore move.
import { type BuildName, instantiate, type Kernels, loadModule, moduleFor } from "./load.ts";

const PAGE = 65536;
const MAXIMUM_PAGES = 65536;
const ALIGNMENT = 64;
/** Address 0 stays unused: it stands for "no buffer". */
const FIRST = 64;

const align = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

export class ModelMemory {
  readonly #segments = new Map<string, { readonly base: number; readonly bytes: number }>();
  #top = FIRST;
  /**
   * End of what was ever in use, the module's own data in the first page included: behind it the memory is as the engine
   * gave it, zero and not yet backed by pages.
   */
  #touched = PAGE;
  #arenaBytes = 0;
  /** The program whose constants and inputs the arena holds. */
  arenaOwner: unknown;
  /**
   * Counts the moves of the arena and the growths of the memory: addresses in the arena and views taken before are
   * void. A number of our own, because reading `memory.buffer` allocates.
   */
  #generation = 0;

  private constructor(
    readonly memory: WebAssembly.Memory,
    readonly kernels: Kernels,
    readonly build: BuildName,
  ) {}

  /** @param shared with threads, which the engine must have */
  static async create(build: BuildName, shared = false): Promise<ModelMemory> {
    const limits = shared ? { initial: 1, maximum: MAXIMUM_PAGES, shared } : { initial: 1 };
    const module = await loadModule(moduleFor(build, shared));
    let memory: WebAssembly.Memory;
    try {
      memory = new WebAssembly.Memory(limits);
    } catch (error) {
      throw new Error("memory: the engine has no room for another model; close() those with threads that are done", {
        cause: error,
      });
    }
    return new ModelMemory(memory, await instantiate(module, memory), build);
  }

  get generation(): number {
    return this.#generation;
  }

  /** Bytes the model holds. */
  get bytes(): number {
    return this.memory.buffer.byteLength;
  }

  /** First byte of a segment. */
  base(name: string): number {
    if (name === "arena") return this.#top;
    const segment = this.#segments.get(name);
    if (!segment) throw new Error(`memory: there is no segment "${name}"`);
    return segment.base;
  }

  /**
   * A new segment, zeroed unless it will be filled anyway. What the arena held is gone afterwards.
   * @throws where the memory would pass 4 GiB, or the engine has no more; nothing has changed then
   */
  reserve(name: string, bytes: number, zeroed = true): void {
    if (this.#segments.has(name)) throw new Error(`memory: segment "${name}" exists already`);
    const base = this.#top;
    const top = align(base + bytes);
    this.#grow(top + this.#arenaBytes, name);
    this.#segments.set(name, { base, bytes });
    this.#top = top;
    this.#moved();
    const used = Math.min(bytes, this.#touched - base);
    if (zeroed && used > 0) new Uint8Array(this.memory.buffer, base, used).fill(0);
    this.#touched = Math.max(this.#touched, top + this.#arenaBytes);
  }

  /** Makes room for a program's temporaries. */
  ensureArena(bytes: number): void {
    if (bytes <= this.#arenaBytes) return;
    this.#grow(this.#top + bytes, "arena");
    this.#arenaBytes = bytes;
    this.#touched = Math.max(this.#touched, this.#top + bytes);
  }

  /** Forgets the segments reserved since `mark`; later ones take their place. */
  mark(): number {
    return this.#top;
  }
  release(mark: number): void {
    for (const [name, { base }] of this.#segments) if (base >= mark) this.#segments.delete(name);
    if (mark === this.#top) return;
    this.#top = mark;
    this.#moved();
  }

  #moved(): void {
    this.#generation++;
    this.arenaOwner = undefined;
  }

  /** Throws where one of `count` f32 numbers at an address is not finite, naming the call and the number. */
  requireFinite(call: string, what: string, address: number, count: number, before = 0): void {
    const at = this.kernels.firstNonFinite(address, count);
    if (at < 0) return;
    const [value] = new Float32Array(this.memory.buffer, address + 4 * at, 1);
    throw new Error(`${call}: ${what}[${before + at}] = ${value} is not a finite number`);
  }

  #grow(bytes: number, purpose: string): void {
    const pages = Math.ceil(bytes / PAGE);
    const more = pages - this.memory.buffer.byteLength / PAGE;
    if (more <= 0) return;
    const wanted = `${(bytes / 2 ** 20).toFixed(1)} MiB for "${purpose}"`;
    if (pages > MAXIMUM_PAGES)
      throw new Error(
        `memory: the model would need ${wanted}, beyond the 4 GiB of WebAssembly; use a smaller batch, network or data set`,
      );
    try {
      this.memory.grow(more);
      this.#generation++;
    } catch (error) {
      throw new Error(`memory: the engine refused ${wanted}; use a smaller batch, network or data set`, {
        cause: error,
      });
    }
  }

  /** A view into a segment; valid until the memory grows. */
  f32(segment: string, offset: number, length: number): Float32Array<ArrayBuffer> {
    return new Float32Array(this.memory.buffer as ArrayBuffer, this.base(segment) + offset, length);
  }
  i32(segment: string, offset: number, length: number): Int32Array<ArrayBuffer> {
    return new Int32Array(this.memory.buffer as ArrayBuffer, this.base(segment) + offset, length);
  }
  u8(segment: string, offset: number, length: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.memory.buffer as ArrayBuffer, this.base(segment) + offset, length);
  }
}
