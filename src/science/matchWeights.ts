// Two networks may compute alike with their neurons in another order: the order in which one comes nearest to another
// (Ainsworth, Hayase and Srinivasa 2022, "Git Re-Basin", algorithm 1: weight matching).
import { requireOptions, requireSeed } from "../checks.ts";
import { randomSource, shuffled } from "../data/random.ts";
import type { Model } from "../training/model.ts";
import type { StateSlice } from "../training/trace.ts";
import { assigning } from "./assignment.ts";
import { Course, type CourseOptions, courseOptions } from "./course.ts";
import { type Place, pointOfModel } from "./sections.ts";
import { type PermutableSlice, permuted, permutedPlaces, type Symmetries, symmetriesOf } from "./symmetries.ts";
import { dot, requireFiniteVector } from "./vectors.ts";

/** `onProgress` counts neurons that were compared, of those in the rounds so far: another round may follow. */
export interface MatchOptions extends CourseOptions {
  /** Decides the order in which sets of neurons are matched; other seeds may end at other matches. Default 0. */
  readonly seed?: number;
}

/** b, its neurons in another order: parameters and running statistics. A place as b is. */
export interface Matched extends Place {
  readonly parameters: Float32Array;
  readonly state: Float32Array;
  readonly layout: readonly StateSlice[];
  /** Of each set of neurons that are permuted alike: number i is b's number order[i]. */
  readonly orders: readonly Int32Array[];
  /** ‖a − b‖ in parameter space, as b was and as it is. */
  readonly distance: { readonly before: number; readonly after: number };
}

/** The stream of the orders of matching. */
const STREAM = 0x5c40;

/**
 * Permutes the neurons of b, which then computes what it did, so that its parameters come near to those of a: one set of
 * neurons after another is matched to a's as well as can be, until none comes nearer. That is a local optimum. Which
 * neurons may be permuted is read off the graph of the model's network: hidden units, channels and what belongs to
 * them, of any layers; what an unknown operation touches stays.
 * @param model any of that network; it stays as it is
 * @throws for places of other networks, numbers that are not finite, and networks in which nothing can be permuted
 */
export async function matchWeights(model: Model, a: Place, b: Place, options: MatchOptions = {}): Promise<Matched> {
  const call = "matchWeights";
  requireOptions(call, options, ["seed", ...courseOptions]);
  const { seed = 0 } = options;
  requireSeed(call, seed);
  const symmetries = symmetriesOf(call, model);
  const [from, to] = [pointOfModel(call, "a", a, model), pointOfModel(call, "b", b, model)];
  for (const [name, { parameters }] of Object.entries({ a: from, b: to }))
    requireFiniteVector(call, `${name}.parameters`, parameters, "give networks that have learnt");
  if (symmetries.sizes.length === 0) throw new Error(`${call}: ${nothingIn(symmetries)}`);
  const course = new Course(call, options, 0);
  const matching = match(symmetries, from.parameters, to.parameters, seed);
  let next = matching.next();
  for (; !next.done; next = matching.next()) {
    course.total = next.value;
    await course.step();
  }
  const orders = next.value;
  const parameters = permuted(symmetries, "parameters", to.parameters, orders);
  return {
    parameters,
    state: permuted(symmetries, "state", to.state, orders),
    layout: model.layout,
    orders,
    distance: { before: distance(from.parameters, to.parameters), after: distance(from.parameters, parameters) },
  };
}

const nothingIn = ({ unknown }: Symmetries): string =>
  unknown.length > 0
    ? `no neurons of this network can be permuted: it is not known how ${unknown.join(" and ")} would take it; leave the matching out`
    : "this network has no hidden neurons that can be permuted; leave the matching out";

function distance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += ((a[i] as number) - (b[i] as number)) ** 2;
  return Math.sqrt(sum);
}

/** The orders of b's neurons; yields now and then, telling how often it will in the rounds so far. */
function* match(
  { sizes, slices }: Symmetries,
  a: Float32Array,
  b: Float32Array,
  seed: number,
): Generator<number, Int32Array[]> {
  const orders: Int32Array[] = sizes.map((size) => Int32Array.from({ length: size }, (_, i) => i));
  const ordersOf = ({ sets }: PermutableSlice) => sets.map((set) => orders[set]);
  const touched = sizes.map((_, set) =>
    slices.filter(({ vector, sets }) => vector === "parameters" && sets.includes(set)),
  );
  /** Σ aᵢ·bᵢ over what a set's order decides. */
  const likeness = (set: number): number =>
    (touched[set] as PermutableSlice[]).reduce((sum, slice) => {
      const places = permutedPlaces(slice.extents, ordersOf(slice));
      for (let i = 0; i < places.length; i++)
        sum += (a[slice.offset + i] as number) * (b[slice.offset + (places[i] as number)] as number);
      return sum;
    }, 0);
  const random = randomSource(seed, STREAM);
  // A set's neurons are compared in every axis that they have, and then assigned.
  const axes = touched.map((own, set) => own.flatMap(({ sets }) => sets.filter((each) => each === set)).length);
  const ofRound = sizes.reduce((sum, size, set) => sum + size * (1 + (axes[set] as number)), 0);
  let total = 0;
  for (let isNearer = true; isNearer; ) {
    isNearer = false;
    total += ofRound;
    for (const set of shuffled(sizes.length, random)) {
      const before = orders[set] as Int32Array;
      const reached = likeness(set);
      const values = new Float64Array(before.length ** 2);
      for (const slice of touched[set] as PermutableSlice[])
        for (const _ of addingProducts(values, set, slice, a, b, ordersOf(slice))) yield total;
      const assigned = assigning(values, before.length);
      let next = assigned.next();
      for (; !next.done; next = assigned.next()) yield total;
      orders[set] = next.value;
      // Where both axes of a matrix are the same set, the best for one of them may be worse in all.
      if (likeness(set) > reached) isNearer = true;
      else orders[set] = before;
    }
  }
  return orders;
}

/**
 * Adds to values [n, n] the inner products of a's neurons of a set with b's: of all numbers of the slice that belong to one,
 * those of b in the orders of the other axes. Yields after each neuron of a.
 */
function* addingProducts(
  values: Float64Array,
  set: number,
  { offset, extents, sets }: PermutableSlice,
  a: Float32Array,
  b: Float32Array,
  orders: readonly (Int32Array | undefined)[],
): Generator<void, void> {
  for (const [axis, own] of sets.entries()) {
    if (own !== set) continue;
    const n = extents[axis] as number;
    const sequence = [axis, ...extents.keys()].filter((at, i) => i === 0 || at !== axis);
    const rowsOf = (vector: Float32Array, of: readonly (Int32Array | undefined)[]): Float32Array[] => {
      const places = permutedPlaces(extents, of, sequence);
      const numbers = new Float32Array(places.length);
      for (let i = 0; i < numbers.length; i++) numbers[i] = vector[offset + (places[i] as number)] as number;
      const width = numbers.length / n;
      return Array.from({ length: n }, (_, i) => numbers.subarray(i * width, (i + 1) * width));
    };
    const theirs = rowsOf(
      b,
      orders.map((order, at) => (at === axis ? undefined : order)),
    );
    for (const [i, ours] of rowsOf(a, []).entries()) {
      addDots(values.subarray(i * n, (i + 1) * n), ours, theirs);
      yield;
    }
  }
}

/** Adds to each sum the inner product of x with a row, of four rows at a time. */
function addDots(sums: Float64Array, x: Float32Array, rows: readonly Float32Array[]): void {
  let at = 0;
  for (; at + 4 <= rows.length; at += 4) {
    const [p, q, r, s] = rows.slice(at, at + 4) as [Float32Array, Float32Array, Float32Array, Float32Array];
    let [a, b, c, d] = [0, 0, 0, 0];
    for (let i = 0; i < x.length; i++) {
      const value = x[i] as number;
      a += value * (p[i] as number);
      b += value * (q[i] as number);
      c += value * (r[i] as number);
      d += value * (s[i] as number);
    }
    [a, b, c, d].forEach((sum, j) => {
      sums[at + j] = (sums[at + j] as number) + sum;
    });
  }
  for (; at < rows.length; at++) sums[at] = (sums[at] as number) + dot(x, rows[at] as Float32Array);
}
