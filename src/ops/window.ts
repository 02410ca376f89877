// Arithmetic of sliding windows along one axis, shared by convolution and pooling.
import { requireWhole, show } from "../checks.ts";

/**
 * Zeros (or, for pooling, nothing) around an image: "valid": none; "same": as many as make the result ⌈extent/stride⌉
 * long, the odd one at the end (TensorFlow's rule); a number: on all four sides; or [[top, bottom], [left, right]].
 */
export type Padding = "same" | "valid" | number | readonly [readonly [number, number], readonly [number, number]];

/** Windows of `size` elements, `dilation` apart, every `stride` elements of an axis with `before` in front of it. */
export interface Window {
  readonly size: number;
  readonly stride: number;
  readonly dilation: number;
  /** Elements of padding in front of the axis and behind it. */
  readonly before: number;
  readonly after: number;
  /** Number of windows. */
  readonly out: number;
}

export interface WindowOptions {
  readonly size: number;
  readonly stride: number;
  /** Default 1. */
  readonly dilation?: number;
  readonly padding: Padding;
}

/** A padding as it is now: its arrays are the caller's, who may change them. Throws unless it is one of the four forms. */
export function ownPadding(call: string, padding: unknown): Padding {
  const whole = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
  const pairOf = (fits: (value: unknown) => boolean, value: unknown): boolean =>
    Array.isArray(value) && value.length === 2 && value.every(fits);
  if (padding === "same" || padding === "valid" || whole(padding)) return padding as Padding;
  if (!pairOf((sides) => pairOf(whole, sides), padding))
    throw new Error(
      `${call}: padding must be "same", "valid", a whole number ≥ 0 or [[top, bottom], [left, right]], got ${show(padding)}`,
    );
  return structuredClone(padding) as Padding;
}

/** One number for both axes, or [height, width]: whole numbers ≥ 1. */
export function pair(call: string, what: string, value: number | readonly [number, number]): readonly [number, number] {
  const both = Array.isArray(value) ? (value as readonly [number, number]) : ([value, value] as [number, number]);
  if (both.length !== 2) throw new Error(`${call}: ${what} must be a number or [height, width], got ${show(value)}`);
  for (const one of both) requireWhole(call, what, one, 1);
  return [both[0], both[1]];
}

function sides(
  axis: "height" | "width",
  extent: number,
  reach: number,
  stride: number,
  padding: Padding,
): [number, number] {
  if (padding === "valid") return [0, 0];
  if (padding === "same") {
    const total = Math.max(0, (Math.ceil(extent / stride) - 1) * stride + reach - extent);
    const before = Math.floor(total / 2);
    return [before, total - before];
  }
  if (typeof padding === "number") return [padding, padding];
  const [before, after] = padding[axis === "height" ? 0 : 1];
  return [before, after];
}

/**
 * The windows along one axis of `extent` elements.
 * @throws where the padded axis is shorter than one window
 */
export function windowOf(call: string, axis: "height" | "width", extent: number, options: WindowOptions): Window {
  const { size, stride, dilation = 1 } = options;
  const padding = ownPadding(call, options.padding);
  const reach = (size - 1) * dilation + 1;
  const [before, after] = sides(axis, extent, reach, stride, padding);
  const padded = extent + before + after;
  if (reach > padded)
    throw new Error(
      `${call}: a kernel of ${axis} ${size}${dilation === 1 ? "" : ` with dilation ${dilation}, ${reach} in all,`} is larger than the image, whose ${axis} is ${extent}${before + after > 0 ? ` and ${padded} with padding` : ""}; use a smaller kernel or more padding`,
    );
  return { size, stride, dilation, before, after, out: Math.floor((padded - reach) / stride) + 1 };
}
