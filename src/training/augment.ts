// What fit changes at random in a batch once it lies in the program's inputs. Loaded where it is asked for. Every draw is a
// function of the seed, the step and an example's place in the order, and no arrays are made.
import type { ModelMemory } from "../../bindings/memory.ts";
import { requireFinite, requireOneOf, requireOptions, requireWhole, requireWithin, show } from "../checks.ts";
import type { Dataset } from "../data/dataset.ts";
import { showShape, size } from "../graph/tensor.ts";
import type { Augmentation } from "./augmentation.ts";
import type { Engine, EngineSpecification, Runnable } from "./engine.ts";
import { seedWords } from "./seed.ts";

/** Whether something is to be changed behind the gathering of a batch. */
const changesBatches = ({ shift = 0, noise = 0, cutout = 0, mixup = 0 }: Augmentation): boolean =>
  shift > 0 || noise > 0 || cutout > 0 || mixup > 0;

/** Throws unless a data set can be augmented so, in batches of so many rows. */
export function requireAugmentation(
  call: string,
  augmentation: Augmentation,
  { x, shape, size: examples }: Dataset,
  { target, microBatch }: Pick<EngineSpecification, "target" | "microBatch">,
  batchSize: number | "all" = 32,
): void {
  const name = `${call}: augment`;
  requireOptions(name, augmentation, ["crop", "flip", "shift", "noise", "cutout", "mixup"]);
  const { crop = 0, flip = false, shift = 0, noise = 0, cutout = 0, mixup = 0 } = augmentation;
  for (const [what, value] of Object.entries({ crop, shift, cutout })) requireWhole(name, what, value, 0);
  requireOneOf(name, "flip", flip, [true, false]);
  requireFinite(name, "noise", noise);
  if (noise < 0) throw new Error(`${name}: noise must be ≥ 0, got ${show(noise)}`);
  requireWithin(name, "mixup", mixup, 0, 1);
  if ((crop > 0 || flip) && !(x instanceof Uint8Array))
    throw new Error(
      `${name}: crop and flip work on images of bytes, the data set holds numbers; give it a Uint8Array, or shift them`,
    );
  if (x instanceof Int32Array && changesBatches(augmentation))
    throw new Error(`${name} works on numbers, the data set holds integers for an embedding; leave it out`);
  if (crop > 0 || flip || shift > 0 || cutout > 0) requireImages(name, shape, { crop, shift });
  const rows = batchSize === "all" ? examples : Math.min(batchSize, examples);
  if (mixup > 0 && rows > microBatch)
    throw new Error(
      `${name}: mixup pairs the rows of a batch, and parts of ${microBatch} rows never hold all ${rows}; give batchSize: ${microBatch}, or create the model without microBatch`,
    );
  if (mixup > 0 && (target.type === "i32" || target.values))
    throw new Error(
      `${name}: mixup makes targets that lie between others, and the loss wants ${target.values?.join(" or ") ?? "labels"}; use crossEntropy({ targets: "probabilities" }) and oneHot(data)`,
    );
}

function requireImages(name: string, shape: readonly number[], moves: Readonly<Record<string, number>>): void {
  const [height, width] = shape as [number, number];
  if (shape.length !== 3)
    throw new Error(
      `${name} needs images of shape [height, width, channels], the data set has ${showShape(shape)}; give that shape, as mnist({ shape: [28, 28, 1] })`,
    );
  for (const [move, most] of Object.entries(moves))
    if (most >= Math.min(height, width))
      throw new Error(
        `${name}: a ${move} of ${most} pixels would leave nothing of images of ${height} × ${width}; give less than ${Math.min(height, width)}`,
      );
}

/** Changes rows 0 … rows − 1 of a program's inputs, which are those from `first` on of the order. */
export type Augmenter = (program: Runnable, first: number, rows: number, step: number) => void;

/** Pairs of numbers from which a share is drawn: all of them are rejected once in 2³² batches or less. */
const PAIRS = 32;
const [SCRATCH, STATES] = ["augment scratch", "augment states"];
/** The generator's fourth word for places, noise and shares: what tells these draws from all others. */
const uses = [3, 4, 5];

interface Cells {
  readonly generation: number;
  /** [lo, hi, step, use] three times. */
  readonly states: Int32Array;
  readonly drawn: Float32Array;
}

/** Reserves what it needs in the model's memory, behind the data set's; undefined where a batch is to stay as it was gathered. */
export function augmenter(
  { memory, specification }: Engine,
  shape: readonly number[],
  augmentation: Augmentation,
): Augmenter | undefined {
  if (!changesBatches(augmentation)) return undefined;
  const { shift = 0, noise = 0, cutout = 0, mixup = 0 } = augmentation;
  const { kernels } = memory;
  const width = size(shape);
  const [height = 1, across = 1, channels = 1] = shape;
  const targets = size(specification.target.shape.slice(1));
  const drawnCount = Math.max(width, 2 * PAIRS);
  memory.reserve(SCRATCH, 4 * drawnCount);
  memory.reserve(STATES, 16 * uses.length);
  const words = seedWords(specification.seed);
  memory.i32(STATES, 0, 4 * uses.length).set(uses.flatMap((use) => [...words, 0, use]));
  let cells = look(memory, drawnCount);

  /** A whole number below so many, from one that was drawn. */
  const whole = (at: number, below: number): number => Math.floor((cells.drawn[at] as number) * below);

  function draw(place: number): void {
    kernels.randomUniform(memory.base(SCRATCH), 4, memory.base(STATES), place, 0, 0, 1);
  }

  /** λ of Beta(α, α), α ≤ 1, by Jöhnk's method: x/(x + y) for x = u^(1/α) and y = v^(1/α) with x + y ≤ 1. */
  function share(place: number): number {
    const scratch = memory.base(SCRATCH);
    kernels.randomUniform(scratch, 2 * PAIRS, memory.base(STATES) + 32, place, 0, 0, 1);
    kernels.log(scratch, scratch, 2 * PAIRS);
    kernels.scale(scratch, scratch, 2 * PAIRS, 1 / mixup);
    kernels.exp(scratch, scratch, 2 * PAIRS);
    for (let i = 0; i < 2 * PAIRS; i += 2) {
      const x = cells.drawn[i] as number;
      const sum = x + (cells.drawn[i + 1] as number);
      if (sum > 0 && sum <= 1) return x / sum;
    }
    return 1;
  }

  /** Mixes each row with the one as far from the other end: both, so that one copy of a row is enough. */
  function mix(x: Float32Array, y: Float32Array, rows: number, lambda: number): void {
    const scratch = memory.base(SCRATCH);
    const rest = 1 - lambda;
    for (let i = 0, j = rows - 1; i < j; i++, j--) {
      const a = x.byteOffset + 4 * width * i;
      const b = x.byteOffset + 4 * width * j;
      kernels.copy(scratch, b, width);
      kernels.axpy(scratch, a, width, -1);
      kernels.axpy(a, scratch, width, rest);
      kernels.axpy(b, scratch, width, -rest);
      for (let k = 0; k < targets; k++) {
        const first = y[i * targets + k] as number;
        const second = y[j * targets + k] as number;
        y[i * targets + k] = lambda * first + rest * second;
        y[j * targets + k] = lambda * second + rest * first;
      }
    }
  }

  return (program, first, rows, step) => {
    const x = program.view("x") as Float32Array;
    if (cells.generation !== memory.generation) cells = look(memory, drawnCount);
    for (let use = 0; use < uses.length; use++) cells.states[4 * use + 2] = step;
    for (let r = 0; r < rows; r++) {
      const image = r * width;
      let row = 0;
      let column = 0;
      if (shift > 0 || cutout > 0) {
        draw(first + r);
        const down = whole(0, 2 * shift + 1) - shift;
        const right = whole(1, 2 * shift + 1) - shift;
        row = whole(2, height);
        column = whole(3, across);
        if (down !== 0 || right !== 0) move(x, image, height, across, channels, down, right);
      }
      if (noise > 0) {
        const scratch = memory.base(SCRATCH);
        kernels.randomNormal(scratch, width, memory.base(STATES) + 16, first + r, 0, 0, noise);
        kernels.axpy(x.byteOffset + 4 * image, scratch, width, 1);
      }
      if (cutout > 0) cut(x, image, height, across, channels, row, column, cutout);
    }
    if (mixup > 0) mix(x, program.view("y") as Float32Array, rows, share(first));
  };
}

const look = (memory: ModelMemory, count: number): Cells => ({
  generation: memory.generation,
  states: memory.i32(STATES, 0, 4 * uses.length),
  drawn: memory.f32(SCRATCH, 0, count),
});

/** x[row, column] = x[row + down, column + right], or the nearest pixel that there is; in place, image [height, width, channels]. */
function move(
  x: Float32Array,
  image: number,
  height: number,
  width: number,
  channels: number,
  down: number,
  right: number,
): void {
  const line = width * channels;
  // No arrays, and no −0, which would be a number on the heap.
  const from = right > 0 ? right * channels : 0;
  const to = right < 0 ? (0 - right) * channels : 0;
  const kept = line - from - to;
  for (let i = 0; i < height; i++) {
    // In such an order that no row is read after it was written.
    const row = down > 0 ? i : height - 1 - i;
    const source = image + Math.min(Math.max(row + down, 0), height - 1) * line;
    const target = image + row * line;
    x.copyWithin(target + to, source + from, source + from + kept);
    // The edge's pixel is still there: also where source and target are one row.
    const edge = right > 0 ? source + line - channels : source;
    const bare = right > 0 ? target + kept : target;
    for (let k = 0; k < line - kept; k++) x[bare + k] = x[edge + (k % channels)] as number;
  }
}

/** Zeros in the square of `side` pixels about one of them, as far as it lies within the image. */
function cut(
  x: Float32Array,
  image: number,
  height: number,
  width: number,
  channels: number,
  row: number,
  column: number,
  side: number,
): void {
  const before = Math.floor(side / 2);
  const left = Math.max(0, column - before);
  const right = Math.min(width, column - before + side);
  const end = Math.min(height, row - before + side);
  for (let i = Math.max(0, row - before); i < end; i++) {
    const line = image + i * width * channels;
    x.fill(0, line + left * channels, line + right * channels);
  }
}
