// A data set inside the model's memory: bytes stay bytes, and a batch is gathered by a kernel.
import type { ModelMemory } from "../../bindings/memory.ts";
import type { Dataset } from "../data/dataset.ts";
import { size } from "../graph/tensor.ts";
import type { EngineSpecification, ReadyProgram } from "./engine.ts";

let held = 0;

export class ResidentData {
  readonly #memory: ModelMemory;
  readonly #data: Dataset;
  readonly #mark: number;
  readonly #name: string;
  readonly #targetWidth: number;

  /** Copies the data into memory; throws, leaving all as it was, where it does not fit. */
  constructor(memory: ModelMemory, data: Dataset, { target }: EngineSpecification) {
    this.#memory = memory;
    this.#data = data;
    this.#mark = memory.mark();
    this.#name = `data ${held++}`;
    this.#targetWidth = size(target.shape.slice(1));
    try {
      memory.reserve(`${this.#name} x`, data.x.byteLength);
      memory.reserve(`${this.#name} y`, data.y.byteLength);
      memory.reserve(`${this.#name} order`, 4 * data.size);
    } catch (error) {
      this.release();
      throw error;
    }
    memory.u8(`${this.#name} x`, 0, data.x.byteLength).set(new Uint8Array(data.x.buffer, data.x.byteOffset, data.x.byteLength));
    memory.u8(`${this.#name} y`, 0, data.y.byteLength).set(new Uint8Array(data.y.buffer, data.y.byteOffset, data.y.byteLength));
    this.sequential();
  }

  /** Rows in the order of the data. */
  sequential(): void {
    const order = this.#memory.i32(`${this.#name} order`, 0, this.#data.size);
    for (let i = 0; i < order.length; i++) order[i] = i;
  }

  /** Rows in a random order: from the order of the data, so that an epoch's order depends on its seed and number alone. */
  shuffle(): void {
    this.sequential();
    const { kernels } = this.#memory;
    kernels.shuffle(this.#memory.base(`${this.#name} order`), this.#data.size, this.#memory.base("shuffle"), 0);
  }

  /** Fills a program's inputs with rows start … start + rows of the order. */
  gather(program: ReadyProgram, start: number, rows: number): void {
    program.prepare();
    const { kernels } = this.#memory;
    const { x, y, shape, scale, shift } = this.#data;
    const width = size(shape);
    const order = this.#memory.base(`${this.#name} order`) + 4 * start;
    const from = this.#memory.base(`${this.#name} x`);
    const to = program.address("x");
    if (x instanceof Uint8Array) kernels.gatherRowsU8(to, from, order, rows, width, scale, shift);
    else if (x instanceof Int32Array) kernels.gatherI32(to, from, order, rows, width);
    else kernels.gatherRows(to, from, order, rows, width);
    const targets = this.#memory.base(`${this.#name} y`);
    if (y instanceof Int32Array && program.program.inputs.y?.type === "i32")
      kernels.gatherI32(program.address("y"), targets, order, rows, this.#targetWidth);
    else kernels.gatherRows(program.address("y"), targets, order, rows, this.#targetWidth);
  }

  release(): void {
    this.#memory.release(this.#mark);
  }
}
