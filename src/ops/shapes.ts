// Arithmetic of shapes: broadcasting, merged axes, strides.
import { type Operand, type Shape, showShape, size } from "../graph/tensor.ts";

/** The place `elements` further on. */
export const shift = (operand: Operand, elements: number): Operand => ({
  ...operand,
  offset: operand.offset + 4 * elements,
});

/** Row-major strides in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides: number[] = new Array(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--)
    strides[axis] = (strides[axis + 1] as number) * (shape[axis + 1] as number);
  return strides;
}

/** Strides of `shape` seen as the broadcast `target`: 0 along repeated axes. */
export function broadcastStrides(shape: Shape, target: Shape): number[] {
  const own = stridesOf(shape);
  const missing = target.length - shape.length;
  return target.map((extent, axis) => {
    const at = axis - missing;
    return at < 0 || (shape[at] === 1 && extent !== 1) ? 0 : (own[at] as number);
  });
}

/** The shape both broadcast to (NumPy's rule). Throws, naming the call, where there is none. */
export function broadcastShape(call: string, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1)
      throw new Error(
        `${call}: shapes ${showShape(a)} and ${showShape(b)} do not broadcast: axis ${axis} has ${left} and ${right}; they must be equal, or one of them 1`,
      );
    return left === 1 ? right : left;
  });
}

/** A loop nest over several strided operands. */
export interface Nest {
  readonly extents: readonly number[];
  /** strides[operand][axis], in elements */
  readonly strides: readonly (readonly number[])[];
}

/** The same elements with as few axes as possible: neighbours that run on in every operand become one. */
export function mergeAxes(shape: Shape, strides: readonly (readonly number[])[]): Nest {
  const extents: number[] = [];
  const merged: number[][] = strides.map(() => []);
  shape.forEach((extent, axis) => {
    if (extent === 1) return;
    const last = extents.length - 1;
    const runsOn = last >= 0 && merged.every((own, o) => own[last] === (strides[o]?.[axis] as number) * extent);
    if (runsOn) extents[last] = (extents[last] as number) * extent;
    else extents.push(extent);
    merged.forEach((own, o) => {
      own[runsOn ? last : extents.length - 1] = strides[o]?.[axis] as number;
    });
  });
  return { extents, strides: merged };
}

/**
 * Calls `body` with the innermost `rank` axes (padded in front with extents of 1) once for every index of the outer
 * ones, with each operand's element offset: the loop a kernel of fixed rank leaves to the plan.
 */
export function forOuter(nest: Nest, rank: number, body: (inner: Nest, offsets: readonly number[]) => void): void {
  if (nest.extents.includes(0)) return;
  const outer = Math.max(0, nest.extents.length - rank);
  const padding = Math.max(0, rank - nest.extents.length);
  const inner: Nest = {
    extents: [...new Array(padding).fill(1), ...nest.extents.slice(outer)],
    strides: nest.strides.map((own) => [...new Array(padding).fill(0), ...own.slice(outer)]),
  };
  const outerExtents = nest.extents.slice(0, outer);
  const total = size(outerExtents);
  for (let flat = 0; flat < total; flat++) {
    let rest = flat;
    const offsets = nest.strides.map(() => 0);
    for (let axis = outer - 1; axis >= 0; axis--) {
      const extent = outerExtents[axis] as number;
      const index = rest % extent;
      rest = (rest - index) / extent;
      nest.strides.forEach((own, o) => {
        offsets[o] = (offsets[o] as number) + index * (own[axis] as number);
      });
    }
    body(inner, offsets);
  }
}

/** Axes as non-negative numbers, sorted, without repeats; all of them where nothing is said. */
export function normalizeAxes(call: string, axes: number | readonly number[] | undefined, rank: number): number[] {
  const list =
    axes === undefined ? Array.from({ length: rank }, (_, i) => i) : typeof axes === "number" ? [axes] : axes;
  const normal = list.map((axis) => {
    if (!Number.isInteger(axis) || axis < -rank || axis >= rank)
      throw new Error(`${call}: axis ${axis} is outside a tensor of rank ${rank}; use ${-rank} to ${rank - 1}`);
    return axis < 0 ? axis + rank : axis;
  });
  if (new Set(normal).size !== normal.length) throw new Error(`${call}: an axis is named twice in [${list}]`);
  return normal.sort((a, b) => a - b);
}
