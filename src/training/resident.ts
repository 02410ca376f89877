// A data set inside the model's memory: bytes stay bytes, and a batch is gathered by a kernel.
import type { ModelMemory } from "../../bindings/memory.ts";
import type { Dataset } from "../data/dataset.ts";
import { size } from "../graph/tensor.ts";
import type { TargetSpecification } from "../losses.ts";
import type { EngineSpecification } from "./engine.ts";
import type { ReadyProgram } from "./readyProgram.ts";

let held = 0;

export class ResidentData {
  readonly #memory: ModelMemory;
  readonly #data: Dataset;
  readonly #mark: number;
  /** Names of the segments: examples, targets, and the rows' numbers in the order they are taken in. */
  readonly #x: string;
  readonly #y: string;
  readonly #order: string;
  readonly #width: number;
  readonly #targetWidth: number;

  /** Copies the data into memory; throws, leaving all as it was, where it does not fit or a number is not finite. */
  constructor(memory: ModelMemory, call: string, data: Dataset, { target }: EngineSpecification) {
    this.#memory = memory;
    this.#data = data;
    this.#mark = memory.mark();
    const name = `data ${held++}`;
    this.#x = `${name} x`;
    this.#y = `${name} y`;
    this.#order = `${name} order`;
    this.#width = size(data.shape);
    this.#targetWidth = size(target.shape.slice(1));
    try {
      memory.reserve(this.#x, data.x.byteLength);
      memory.reserve(this.#y, data.y.byteLength);
      memory.reserve(this.#order, 4 * data.size);
      this.#fill(call, target);
    } catch (error) {
      this.release();
      throw error;
    }
    this.sequential();
  }

  #fill(call: string, target: TargetSpecification): void {
    const memory = this.#memory;
    const { x, y } = this.#data;
    memory.u8(this.#x, 0, x.byteLength).set(new Uint8Array(x.buffer, x.byteOffset, x.byteLength));
    // Labels may serve as target values: what is written is what the loss reads.
    const targets = target.type === "i32" ? memory.i32(this.#y, 0, y.length) : memory.f32(this.#y, 0, y.length);
    targets.set(y);
    if (x instanceof Float32Array) memory.requireFinite(call, "x", memory.base(this.#x), x.length);
    if (target.type === "f32") memory.requireFinite(call, "y", memory.base(this.#y), y.length);
  }

  /** Number of examples. */
  get size(): number {
    return this.#data.size;
  }

  /** Rows in the order of the data. */
  sequential(): void {
    const order = this.#memory.i32(this.#order, 0, this.#data.size);
    for (let i = 0; i < order.length; i++) order[i] = i;
  }

  /** Rows in a random order: from the order of the data, so that an epoch's order depends on its seed and number alone. */
  shuffle(): void {
    this.sequential();
    const { kernels } = this.#memory;
    kernels.shuffle(this.#memory.base(this.#order), this.#data.size, this.#memory.base("shuffle"), 0);
  }

  /** Fills a program's inputs with rows start … start + rows of the order. */
  gather(program: ReadyProgram, start: number, rows: number): void {
    program.prepare();
    const { kernels } = this.#memory;
    const { x, scale, shift } = this.#data;
    const order = this.#memory.base(this.#order) + 4 * start;
    const from = this.#memory.base(this.#x);
    const to = program.address("x");
    if (x instanceof Uint8Array) kernels.gatherRowsU8(to, from, order, rows, this.#width, scale, shift);
    else kernels.gatherI32(to, from, order, rows, this.#width); // four bytes are four bytes
    kernels.gatherI32(program.address("y"), this.#memory.base(this.#y), order, rows, this.#targetWidth);
  }

  release(): void {
    this.#memory.release(this.#mark);
  }
}
