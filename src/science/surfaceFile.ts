// A surface and its file: an .npz that NumPy reads, with all that says what was computed on what.
import { type NpyArray, readNpz, writeNpz } from "../data/npy.ts";
import type { Mark } from "./sections.ts";

/** What each point of a grid is. */
export const PENDING = 0;
export const KNOWN = 1;
/** The loss is not finite there. */
export const HOLE = 2;

/** What was computed on what; plain data. */
export interface SurfaceAbout {
  /** What the grid lies in; see Section. */
  readonly section: { readonly kind: string } & Readonly<Record<string, unknown>>;
  /** Checksum of all vectors that the grid is spanned by. */
  readonly vectors: string;
  /** Checksum of the network's parameters and state, of its data, and how it was judged; absent for other objectives. */
  readonly model?: string;
  readonly data?: string;
  /** Examples that were judged; fewer than the data set has are drawn by `seed`. */
  readonly examples?: number;
  readonly seed?: number;
  readonly normalization?: string;
  /** To which eigenvalues converged, where there are any. */
  readonly tolerance?: number;
}

/** Values on a grid: number [j, i], in the order of C, is at (x[i], y[j]). */
export interface Surface {
  readonly x: Float64Array;
  /** [0] for a line. */
  readonly y: Float64Array;
  /** NaN where it is not known, or not finite. */
  readonly loss: Float64Array;
  /** Share of right answers; NaN where there is none. */
  readonly accuracy: Float64Array;
  /** The ends of the Hessian's spectrum, where eigenvalueSurface computed them. */
  readonly smallest?: Float64Array;
  readonly largest?: Float64Array;
  /** 0: not yet judged, 1: known, 2: a hole, where the loss is not finite. */
  readonly status: Uint8Array;
  readonly about: SurfaceAbout;
  readonly marks: readonly Mark[];
  /** Places of a path, one after another. */
  readonly path: readonly (readonly [x: number, y: number])[];
}

/** The bytes of a .npz file: x, y, loss, accuracy, eigenvalues, status, path, and the rest as JSON in `about`. */
export function encodeSurface(surface: Surface): Uint8Array<ArrayBuffer> {
  const { x, y, loss, accuracy, smallest, largest, status, about, marks, path } = surface;
  const grid = [y.length, x.length];
  const text = new TextEncoder().encode(JSON.stringify({ ...about, marks }));
  return writeNpz(
    new Map<string, NpyArray>([
      ["x", { shape: [x.length], data: x }],
      ["y", { shape: [y.length], data: y }],
      ["loss", { shape: grid, data: loss }],
      ["accuracy", { shape: grid, data: accuracy }],
      ...(smallest && largest
        ? ([
            ["smallest", { shape: grid, data: smallest }],
            ["largest", { shape: grid, data: largest }],
          ] as const)
        : []),
      ["status", { shape: grid, data: status }],
      ["path", { shape: [path.length, 2], data: Float64Array.from(path.flat()) }],
      ["about", { shape: [text.length], data: text }],
    ]),
  );
}

/** The surface in a .npz file. @throws for bytes that are no whole file of encodeSurface */
export async function decodeSurface(bytes: Uint8Array, call = "decodeSurface"): Promise<Surface> {
  const arrays = await readNpz(bytes, call);
  const numbers = <A extends NpyArray["data"]>(name: string, Kind: new () => A, length?: number): A => {
    const data = arrays.get(name)?.data;
    if (!(data instanceof Kind) || (length !== undefined && data.length !== length))
      throw new Error(`${call}: the file has no ${name} that fits; it was not written by encodeSurface`);
    return data;
  };
  const [x, y] = [numbers("x", Float64Array), numbers("y", Float64Array)];
  const grid = x.length * y.length;
  const text = new TextDecoder().decode(numbers("about", Uint8Array));
  const { marks, ...about } = JSON.parse(text) as SurfaceAbout & Pick<Surface, "marks">;
  const places = numbers("path", Float64Array);
  return {
    x,
    y,
    loss: numbers("loss", Float64Array, grid),
    accuracy: numbers("accuracy", Float64Array, grid),
    ...(arrays.has("smallest") && {
      smallest: numbers("smallest", Float64Array, grid),
      largest: numbers("largest", Float64Array, grid),
    }),
    status: numbers("status", Uint8Array, grid),
    about,
    marks,
    path: Array.from({ length: places.length / 2 }, (_, i) => [places[2 * i] as number, places[2 * i + 1] as number]),
  };
}
