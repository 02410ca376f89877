// Lines and planes through parameter space: what surfaces are drawn over. Coordinates (x, y) mean Σ cᵢ(x, y)·vectorᵢ.
import { requireOptions, show } from "../checks.ts";
import type { Point } from "../training/points.ts";
import type { StateSlice } from "../training/trace.ts";
import { dot, norm } from "./vectors.ts";

/** A model, a snapshot or plain vectors. */
export interface Place extends Point {
  readonly layout?: readonly StateSlice[];
}

/** Something to be marked on a picture. */
export interface Mark {
  readonly name: string;
  readonly x: number;
  readonly y: number;
}

export interface Section {
  /** How it was made, with all that decides it: plain data, kept in files. */
  readonly about: { readonly kind: string } & Readonly<Record<string, unknown>>;
  readonly vectors: readonly Point[];
  /** Of the vectors, at coordinates; a line has x alone. */
  coefficients(x: number, y: number): readonly number[];
  /** Where pictures of it usually begin and end: one range for a line, two for a plane. */
  readonly ranges: readonly (readonly [from: number, to: number])[];
  readonly marks: readonly Mark[];
  /** Places of a path, one after another. */
  readonly path?: readonly (readonly [x: number, y: number])[];
}

/** A copy of a place: a model's own numbers move. */
export function pointOf(call: string, what: string, place: Place): Required<Point> {
  const { parameters, state = new Float32Array(0) } = Object(place) as Place;
  for (const [name, vector] of Object.entries({ parameters, state }))
    if (!(vector instanceof Float32Array))
      throw new Error(
        `${call}: ${what}.${name} must be a Float32Array, got ${show(vector)}; give a model or a snapshot`,
      );
  if (parameters.length === 0) throw new Error(`${call}: ${what} has no parameters; give a model or a snapshot`);
  return { parameters: parameters.slice(), state: state.slice() };
}

/** Copies of places of one network. @throws where their layouts or lengths differ, and for two that are the same */
export function pointsOf(call: string, places: Readonly<Record<string, Place>>): Required<Point>[] {
  const names = Object.keys(places);
  const points = names.map((name) => pointOf(call, name, places[name] as Place));
  const [first, ...others] = names as [string, ...string[]];
  for (const other of others) requireSameNetwork(call, first, places[first] as Place, other, places[other] as Place);
  points.forEach(({ parameters }, i) => {
    const twin = points.findIndex((point, k) => k < i && same(point.parameters, parameters));
    if (twin >= 0)
      throw new Error(
        `${call}: ${names[twin]} and ${names[i]} are the same point; give networks that were trained from other seeds, or for longer`,
      );
  });
  return points;
}

const same = (a: Float32Array, b: Float32Array): boolean => a.every((value, i) => value === b[i]);

/** Throws where two places are of different networks. */
export function requireSameNetwork(call: string, aName: string, a: Place, bName: string, b: Place): void {
  const text = ({ layout, parameters }: Place, i: number): string =>
    layout?.[i] ? `${layout[i].name} [${layout[i].shape}]` : `none (${parameters.length} numbers in all)`;
  const count = Math.max(a.layout?.length ?? 0, b.layout?.length ?? 0);
  for (let i = 0; a.layout && b.layout && i < count; i++)
    if (text(a, i) !== text(b, i))
      throw new Error(
        `${call}: ${aName} and ${bName} are different networks: parameter ${i + 1} is ${text(a, i)} in one and ${text(b, i)} in the other`,
      );
  for (const part of ["parameters", "state"] as const)
    if ((a[part]?.length ?? 0) !== (b[part]?.length ?? 0))
      throw new Error(
        `${call}: ${aName} and ${bName} are different networks: ${a[part]?.length ?? 0} numbers of ${part} and ${b[part]?.length ?? 0}`,
      );
}

/** A copy of a place of a model's network; its state is empty where it has none. @throws for a place of another network */
export function pointOfModel(call: string, what: string, place: Place, model: Required<Place>): Required<Point> {
  const point = pointOf(call, what, place);
  const { state } = point.state.length > 0 ? point : model;
  const { layout = model.layout } = place;
  requireSameNetwork(call, what, { ...point, state, layout }, "the model", model);
  return point;
}

/**
 * The straight line (1 − x)·a + x·b, in weights and running statistics (Goodfellow, Vinyals and Saxe 2015). At x = 0 and 1
 * it is a and b exactly.
 */
export function lineBetween(a: Place, b: Place): Section {
  const vectors = pointsOf("lineBetween", { a, b });
  return {
    about: { kind: "line between a and b" },
    vectors,
    coefficients: (x) => [1 - x, x],
    ranges: [[-0.5, 1.5]],
    marks: [
      { name: "a", x: 0, y: 0 },
      { name: "b", x: 1, y: 0 },
    ],
  };
}

export interface PlaneOptions {
  /** Places of a path, such as points of a curve, which the plane is to show: each is moved into it at right angles. */
  readonly path?: readonly Place[];
}

/**
 * The plane through three points, with coordinates in units of length in parameter space: x along b − a from a, y at right
 * angles to it towards c (Garipov et al. 2018). Running statistics stay those of the model: evaluate with
 * normalization "refresh" or "batch" where there are any.
 * @throws for points of different networks, that are the same, or on one line
 */
export function planeThrough(a: Place, b: Place, c: Place, options: PlaneOptions = {}): Section {
  const call = "planeThrough";
  requireOptions(call, options, ["path"]);
  const [p, q, r] = pointsOf(call, { a, b, c }).map(({ parameters }) => parameters) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const along = difference(q, p);
  const width = norm(along);
  const across = difference(r, p);
  const share = dot(along, across) / width ** 2;
  const reach = norm(across);
  for (let i = 0; i < across.length; i++) across[i] = (across[i] as number) - share * (along[i] as number);
  const height = norm(across);
  if (height <= 1e-6 * reach) throw new Error(`${call}: a, b and c lie on one line; give three that span a plane`);
  const margin = (low: number, high: number): [number, number] => [low - 0.2 * (high - low), high + 0.2 * (high - low)];
  const cx = share * width;
  const path = options.path?.map((place, i): readonly [number, number] => {
    const { parameters } = pointOf(call, `path[${i}]`, place);
    requireSameNetwork(call, "a", { parameters: p }, `path[${i}]`, { parameters });
    const move = difference(parameters, p);
    return [dot(along, move) / width, dot(across, move) / height];
  });
  return {
    about: { kind: "plane through a, b and c" },
    vectors: [p, scaled(along, 1 / width), scaled(across, 1 / height)].map((parameters) => ({ parameters })),
    coefficients: (x, y) => [1, x, y],
    ranges: [margin(Math.min(0, cx), Math.max(width, cx)), margin(0, height)],
    marks: [
      { name: "a", x: 0, y: 0 },
      { name: "b", x: width, y: 0 },
      { name: "c", x: cx, y: height },
    ],
    ...(path && { path }),
  };
}

export interface SpannedOptions {
  /** How the directions came about: kept in files. Default "plane of given directions". */
  readonly about?: Section["about"];
}

/**
 * The line or plane origin + x·first (+ y·second), such as that of two eigenvectors of the Hessian; from −1 to 1.
 * @throws for directions of another length, and for zero ones
 */
export function spanned(origin: Place, directions: readonly Float32Array[], options: SpannedOptions = {}): Section {
  const call = "spanned";
  requireOptions(call, options, ["about"]);
  const { about = { kind: "plane of given directions" } } = options;
  const { parameters } = pointOf(call, "origin", origin);
  if (!Array.isArray(directions) || directions.length < 1 || directions.length > 2)
    throw new Error(`${call}: expected one direction or two, got ${show(directions?.length)}`);
  directions.forEach((direction, i) => {
    if (!(direction instanceof Float32Array) || direction.length !== parameters.length)
      throw new Error(
        `${call}: directions[${i}] must be a Float32Array of ${parameters.length} numbers, got ${show(direction?.length)}`,
      );
    const length = norm(direction);
    if (!(length > 0 && length < Number.POSITIVE_INFINITY))
      throw new Error(
        `${call}: directions[${i}] has length ${length}: there is nowhere to go; give one that is not zero`,
      );
  });
  return {
    about,
    vectors: [parameters, ...directions.map((direction) => direction.slice())].map((vector) => ({
      parameters: vector,
    })),
    coefficients: directions.length === 1 ? (x) => [1, x] : (x, y) => [1, x, y],
    ranges: directions.map(() => [-1, 1]),
    marks: [{ name: "origin", x: 0, y: 0 }],
  };
}

/** a − b in double precision. */
export function difference(a: ArrayLike<number>, b: ArrayLike<number>): Float64Array {
  return Float64Array.from(a, (value, i) => value - (b[i] as number));
}
const scaled = (a: Float64Array, factor: number): Float32Array => Float32Array.from(a, (value) => value * factor);
