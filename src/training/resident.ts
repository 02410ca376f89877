// A data set inside the model's memory: bytes stay bytes, and a batch is gathered by a kernel.
import type { Kernels } from "../../bindings/load.ts";
import type { ModelMemory } from "../../bindings/memory.ts";
import type { Dataset, PerChannel } from "../data/dataset.ts";
import type { Drawn } from "../data/samplers/sampler.ts";
import { size } from "../graph/tensor.ts";
import type { TargetSpecification } from "../losses/loss.ts";
import type { Augmentation } from "./augmentation.ts";
import type { EngineSpecification, Runnable } from "./engine.ts";
import { seedWords } from "./seed.ts";

let held = 0;

/** What the gather of images needs beside the rows' numbers; segments are named. */
interface Images {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** Scale and shift of the numbers of one row of pixels, [2, width, channels]. */
  readonly scales: string;
  /** The generator's key, and what tells these draws from all others: [seed, seed, 0, 1]. */
  readonly state: string;
  readonly crop: number;
  readonly flip: boolean;
}

export class ResidentData {
  readonly #memory: ModelMemory;
  readonly #data: Dataset;
  readonly #mark: number;
  /** Names of the segments: examples, targets, and the rows' numbers in the order they are taken in. */
  readonly #x: string;
  readonly #y: string;
  readonly #order: string;
  readonly #weights: string;
  readonly #width: number;
  readonly #targetWidth: number;
  /** What each place of the order counts beside the example's own weight; undefined: 1. */
  #drawn: Float64Array | undefined;
  /** For bytes that are augmented, or scaled channel by channel. */
  readonly #images: Images | undefined;

  /** Copies the data into memory; throws, leaving all as it was, where it does not fit or a number is not finite. */
  constructor(
    memory: ModelMemory,
    call: string,
    data: Dataset,
    { target, seed }: EngineSpecification,
    augmentation: Augmentation = {},
  ) {
    this.#memory = memory;
    this.#data = data;
    this.#mark = memory.mark();
    const name = `data ${held++}`;
    this.#x = `${name} x`;
    this.#y = `${name} y`;
    this.#order = `${name} order`;
    this.#weights = `${name} weights`;
    this.#width = size(data.shape);
    this.#targetWidth = size(target.shape.slice(1));
    try {
      const filled = (name: string, bytes = 0): void => memory.reserve(name, bytes, false);
      filled(this.#x, data.x.byteLength);
      filled(this.#y, data.y.byteLength);
      filled(this.#order, 4 * data.size);
      filled(this.#weights, data.weights?.byteLength);
      this.#fill(call, target);
      this.#images = this.#reserveImages(name, seed, augmentation);
    } catch (error) {
      this.release();
      throw error;
    }
    this.sequential();
  }

  #fill(call: string, target: TargetSpecification): void {
    const memory = this.#memory;
    const { x, y, weights } = this.#data;
    memory.u8(this.#x, 0, x.byteLength).set(new Uint8Array(x.buffer, x.byteOffset, x.byteLength));
    // Labels may serve as target values: what is written is what the loss reads.
    const targets = target.type === "i32" ? memory.i32(this.#y, 0, y.length) : memory.f32(this.#y, 0, y.length);
    targets.set(y);
    if (weights) memory.f32(this.#weights, 0, weights.length).set(weights);
    if (x instanceof Float32Array) memory.requireFinite(call, "x", memory.base(this.#x), x.length);
    if (target.type === "f32") memory.requireFinite(call, "y", memory.base(this.#y), y.length);
  }

  #reserveImages(name: string, seed: number, { crop = 0, flip = false }: Augmentation): Images | undefined {
    const { x, shape, scale, shift } = this.#data;
    const alike = typeof scale === "number" && typeof shift === "number";
    if (!(x instanceof Uint8Array) || (alike && crop === 0 && !flip)) return undefined;
    const channels = shape.at(-1) ?? 1;
    const width = shape.at(-2) ?? 1;
    const [scales, state] = [`${name} scales`, `${name} state`];
    const row = width * channels;
    this.#memory.reserve(scales, 8 * row);
    this.#memory.reserve(state, 16);
    const fill = (offset: number, value: PerChannel): void => {
      const numbers = this.#memory.f32(scales, offset, row);
      for (let i = 0; i < row; i++) numbers[i] = typeof value === "number" ? value : (value[i % channels] as number);
    };
    fill(0, scale);
    fill(4 * row, shift);
    this.#memory.i32(state, 0, 4).set([...seedWords(seed), 0, 1]);
    return { height: this.#width / row, width, channels, scales, state, crop, flip };
  }

  /** Labels or target values of all examples. */
  get targets(): Dataset["y"] {
    return this.#data.y;
  }
  /** What each example counts, if they do not count alike. */
  get weights(): Float32Array | undefined {
    return this.#data.weights;
  }
  /** Number of examples. */
  get size(): number {
    return this.#data.size;
  }

  /** Rows in the order of the data. */
  sequential(): void {
    const order = this.#memory.i32(this.#order, 0, this.#data.size);
    for (let i = 0; i < order.length; i++) order[i] = i;
    this.#drawn = undefined;
  }

  /** Rows in an order that somebody else drew, and what each counts there. */
  take({ rows, weights }: Drawn): void {
    this.#memory.i32(this.#order, 0, this.#data.size).set(rows);
    this.#drawn = weights && Float64Array.from(weights);
  }

  /** Rows in a random order: from the order of the data, so that an epoch's order depends on its seed and number alone. */
  shuffle(): void {
    this.sequential();
    const { kernels } = this.#memory;
    kernels.shuffle(this.#memory.base(this.#order), this.#data.size, this.#memory.base("shuffle"), 0);
  }

  /**
   * Fills a program's inputs with rows start … start + rows of the order. How images are augmented depends on the
   * seed, the step and a row's place in the order alone.
   */
  gather(program: Runnable, start: number, rows: number, step = 0): void {
    program.prepare();
    const weights = program.view("weights");
    const weightsAt = weights ? program.address("weights") : 0;
    this.copy(this.#memory.kernels, start, rows, step, program.address("x"), program.address("y"), weightsAt);
    const drawn = this.#drawn;
    if (!drawn || !weights) return;
    for (let i = 0; i < rows; i++) weights[i] = (weights[i] as number) * (drawn[start + i] as number);
  }

  /**
   * Copies rows start … start + rows of the order to where a program wants them.
   * @param kernels those that do it, or write down how it is done
   * @param toWeights 0: it wants none
   */
  copy(kernels: Kernels, start: number, rows: number, step: number, toX: number, toY: number, toWeights: number): void {
    const memory = this.#memory;
    const { x, scale, shift, weights } = this.#data;
    const order = memory.base(this.#order) + 4 * start;
    const from = memory.base(this.#x);
    if (this.#images) {
      const { height, width, channels, scales, state, crop, flip } = this.#images;
      const scaleRow = memory.base(scales);
      const shiftRow = scaleRow + 4 * width * channels;
      kernels.gatherImages(
        toX, from, order, rows, height, width, channels,
        scaleRow, shiftRow, crop, flip ? 1 : 0, memory.base(state), step, start,
      ); // biome-ignore format: a row of what, a row of how
    } else if (x instanceof Uint8Array)
      kernels.gatherRowsU8(toX, from, order, rows, this.#width, scale as number, shift as number);
    else kernels.gatherI32(toX, from, order, rows, this.#width); // four bytes are four bytes
    kernels.gatherI32(toY, memory.base(this.#y), order, rows, this.#targetWidth);
    if (toWeights === 0) return;
    if (weights) kernels.gatherI32(toWeights, memory.base(this.#weights), order, rows, 1);
    else kernels.fill(toWeights, rows, 1);
  }

  release(): void {
    this.#memory.release(this.#mark);
  }
}
