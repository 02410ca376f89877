// Tensors → places. Views share their input's buffer, pieces of a concat are made inside it, an elementwise result may
// take over an input's buffer; the rest goes to the arena by lifetime.
import { type Operand, type Pointer, sameShape, size, type Tensor } from "../graph/tensor.ts";
import { BLOCK, type Chain } from "./block.ts";
import { type Lifetime, layOut } from "./layout.ts";

/** A buffer: in the arena, or at a fixed place outside it. */
interface Buffer {
  readonly bytes: number;
  first: number;
  last: number;
  fixed?: Pointer;
  /** This buffer is a part of another. */
  inside?: { readonly buffer: Buffer; readonly bytes: number };
}

export interface Placement {
  operand(tensor: Tensor): Operand;
  scratch(tensor: Tensor): Pointer;
  isView(tensor: Tensor): boolean;
  readonly constants: readonly number[];
  readonly arenaBytes: number;
  readonly exchangeBytes: number;
}

export interface FixedOutput {
  readonly tensor: Tensor;
  readonly place?: Pointer | undefined;
}

const name = (tensor: Tensor): string => tensor.operation.name;
const bytesOf = (tensor: Tensor): number => 4 * size(tensor);

/** The outermost buffer that holds `buffer`, and where in it. */
function outermost(buffer: Buffer): { readonly buffer: Buffer; readonly bytes: number } {
  let at = buffer;
  let bytes = 0;
  while (at.inside) {
    bytes += at.inside.bytes;
    at = at.inside.buffer;
  }
  return { buffer: at, bytes };
}

/** @param steps every tensor of the program, in the order of execution */
export function placeTensors(
  steps: readonly Tensor[],
  outputs: readonly FixedOutput[],
  chains: readonly Chain[] = [],
): Placement {
  const constants: number[] = [];
  const passing = new Set(chains.flatMap((chain) => [...chain.passing]));
  const home = new Map<Tensor, { readonly buffer: Buffer; readonly bytes: number }>();
  const views = new Set<Tensor>();
  const index = new Map(steps.map((tensor, i) => [tensor, i]));

  for (const tensor of steps) {
    const at = index.get(tensor) as number;
    const view = tensor.operation.view?.(tensor.attributes, tensor.inputs[0] as Tensor);
    if (view) {
      const base = home.get(tensor.inputs[0] as Tensor) as { buffer: Buffer; bytes: number };
      home.set(tensor, { buffer: base.buffer, bytes: base.bytes + 4 * view.offset });
      views.add(tensor);
      continue;
    }
    const bytes = passing.has(tensor) ? 4 * BLOCK : bytesOf(tensor);
    const buffer: Buffer = { bytes, first: at, last: at };
    if (name(tensor) === "input") {
      const { segment } = tensor.attributes as { segment: string };
      if (segment === "batch") buffer.first = -1;
      else buffer.fixed = { segment, offset: 0 };
    } else if (name(tensor) === "constant") {
      buffer.fixed = { segment: "constants", offset: 4 * constants.length };
      for (const value of tensor.attributes.values as readonly number[]) constants.push(value);
    }
    home.set(tensor, { buffer, bytes: 0 });
  }
  const homeOf = (tensor: Tensor): { buffer: Buffer; bytes: number } =>
    home.get(tensor) as { buffer: Buffer; bytes: number };

  /** Whether a step reads what lies at a place once `at` has begun to write there. */
  const overwrites = (tensor: Tensor, { segment, offset }: Pointer): boolean => {
    const reads = (x: Tensor): "before" | "as it writes" | "elsewhere" => {
      const { buffer, bytes } = homeOf(x);
      if (buffer.fixed?.segment !== segment) return "elsewhere";
      const distance = buffer.fixed.offset + bytes - offset;
      if (distance >= bytesOf(tensor) || distance + bytesOf(x) <= 0) return "elsewhere";
      return distance === 0 && sameShape(x.shape, tensor.shape) ? "as it writes" : "before";
    };
    const at = index.get(tensor) as number;
    return (
      steps.some((step, i) => {
        if (i < at || views.has(step)) return false;
        const late = step === tensor && step.operation.elementwise ? ["before"] : ["before", "as it writes"];
        return step.inputs.some((x) => late.includes(reads(x)));
      }) || outputs.some((output) => output.tensor !== tensor && reads(output.tensor) !== "elsewhere")
    );
  };

  // An output with a fixed place is made there, unless it is a view or a piece of something else, or what lies there is
  // still to be read.
  const isWhole = (tensor: Tensor): boolean => {
    const { buffer, bytes } = homeOf(tensor);
    return bytes === 0 && buffer.bytes === bytesOf(tensor) && !buffer.fixed && !buffer.inside && buffer.first >= 0;
  };
  for (const { tensor, place } of outputs)
    if (place && isWhole(tensor) && !overwrites(tensor, place)) homeOf(tensor).buffer.fixed = place;

  // Pieces of a concat along its first axis are runs of memory: they are made in place. Last ones first, so that a
  // concat inside a concat moves as a whole.
  for (const tensor of [...steps].reverse()) {
    if (name(tensor) !== "concat" || tensor.attributes.axis !== 0) continue;
    const { buffer } = homeOf(tensor);
    let bytes = 0;
    for (const piece of tensor.inputs) {
      if (isWhole(piece) && homeOf(piece).buffer !== buffer) homeOf(piece).buffer.inside = { buffer, bytes };
      bytes += bytesOf(piece);
    }
  }

  // Lifetimes of whole buffers: from the first step that writes any part to the last that reads any.
  const end = steps.length;
  const touch = (tensor: Tensor, at: number): void => {
    const { buffer } = outermost(homeOf(tensor).buffer);
    buffer.first = Math.min(buffer.first, at);
    buffer.last = Math.max(buffer.last, at);
  };
  steps.forEach((tensor, at) => {
    if (!views.has(tensor) && name(tensor) !== "input") touch(tensor, at);
    for (const x of tensor.inputs) touch(x, at);
  });
  for (const { tensor } of outputs) touch(tensor, end);
  // A chain passes over its long tensors again and again: they live from its first step to its last.
  for (const chain of chains) {
    const ends = [chain.steps[0], chain.steps.at(-1)].map((step) => index.get(step as Tensor) as number);
    for (const step of chain.steps)
      for (const tensor of [step, ...step.inputs]) if (!passing.has(tensor)) for (const at of ends) touch(tensor, at);
  }

  // An elementwise step whose input ends with it shares its buffer: the result takes the input's place, or, where the
  // result's place is settled already, the input is made there.
  const read = new Set(steps.filter((tensor) => name(tensor) === "input").map((tensor) => tensor.attributes.segment));
  steps.forEach((tensor, at) => {
    const { inPlace = [] } = tensor.operation;
    const candidates = typeof inPlace === "function" ? inPlace(tensor.attributes) : inPlace;
    if (candidates.length === 0 || views.has(tensor)) return;
    const own = homeOf(tensor).buffer;
    const settled = own.fixed !== undefined || own.inside !== undefined;
    const target = outermost(own).buffer;
    if (target.fixed && read.has(target.fixed.segment)) return;
    for (const i of candidates) {
      const x = tensor.inputs[i] as Tensor;
      const place = homeOf(x);
      const outer = outermost(place.buffer);
      const { buffer } = outer;
      const whole = outer.bytes + place.bytes === 0 && buffer.bytes === own.bytes && sameShape(x.shape, tensor.shape);
      const ends = !buffer.fixed && buffer.last === at && buffer.first < at;
      const alone = tensor.inputs.every((other) => other === x || outermost(homeOf(other).buffer).buffer !== buffer);
      if (!whole || !ends || !alone || buffer === target || (settled && buffer.first < 0)) continue;
      if (settled) {
        buffer.inside = { buffer: own, bytes: 0 };
        target.first = Math.min(target.first, buffer.first);
      } else {
        own.inside = { buffer, bytes: 0 };
        buffer.last = own.last;
      }
      return;
    }
  });

  const arena: Buffer[] = [];
  for (const tensor of steps) {
    const { buffer } = outermost(homeOf(tensor).buffer);
    if (!buffer.fixed && !arena.includes(buffer)) arena.push(buffer);
  }
  const scratch = new Map<Tensor, Buffer>();
  steps.forEach((tensor, at) => {
    const bytes = tensor.operation.scratchBytes?.(tensor) ?? 0;
    if (bytes > 0) scratch.set(tensor, { bytes, first: at, last: at });
  });
  const exchange = new Map<Tensor, Pointer>();
  let exchangeBytes = 0;
  for (const tensor of steps) {
    const bytes = tensor.operation.exchangeBytes?.(tensor) ?? 0;
    if (bytes === 0) continue;
    exchange.set(tensor, { segment: "exchange", offset: exchangeBytes });
    exchangeBytes += bytes;
  }
  const buffers: Lifetime[] = [...arena, ...scratch.values()];
  const { offsets, bytes: arenaBytes } = layOut(buffers);
  buffers.forEach((buffer, i) => {
    (buffer as Buffer).fixed = { segment: "arena", offset: offsets[i] as number };
  });

  return {
    constants,
    arenaBytes,
    exchangeBytes,
    isView: (tensor) => views.has(tensor),
    scratch: (tensor) => exchange.get(tensor) ?? scratch.get(tensor)?.fixed ?? { segment: "arena", offset: 0 },
    operand: (tensor) => {
      const { buffer, bytes } = homeOf(tensor);
      const outer = outermost(buffer);
      const place = outer.buffer.fixed as Pointer;
      return { segment: place.segment, offset: place.offset + outer.bytes + bytes, shape: tensor.shape };
    },
  };
}
