// One run of a network on symbolic tensors: what its layers ask for, and where that comes from. The first run writes the
// layouts of θ and state down; later ones read slices of flat vectors.
import { requireFinite, requireOneOf, requireShape } from "../checks.ts";
import { type Shape, sameShape, showShape, size, type Tensor } from "../graph/tensor.ts";
import type { Initializer } from "../nn/initializers.ts";
import type { Context, Normalization, ParameterKind, State } from "../nn/layer.ts";
import { allReduce } from "../ops/allReduce.ts";
import { input } from "../ops/leaves.ts";
import { concat, reshape, slice } from "../ops/movement.ts";

/** A tensor's place in a flat vector. */
export interface StateSlice {
  readonly name: string;
  readonly shape: Shape;
  /** First element in the vector. */
  readonly offset: number;
  readonly size: number;
}

/** A parameter's place in θ; g and the optimiser's slots have the same layout. */
export interface ParameterSlice extends StateSlice {
  readonly kind: ParameterKind;
}

/** What a run is for. */
export interface Mode {
  readonly training: boolean;
  readonly normalization: Normalization;
  readonly refreshShare?: Tensor | undefined;
  /** Replicas that share the batch out, and the part of its rows that this one gets; default 1 and 1. */
  readonly replicas?: number;
  readonly rowShare?: number;
}

/** Where the parameters and the state of a run come from. */
export interface Source {
  parameter(name: string, shape: Shape, initializer: Initializer, kind: ParameterKind): Tensor;
  state(name: string, shape: Shape, initial: number): State;
}

interface Trace {
  readonly mode: Mode;
  readonly source: Source;
  readonly counts: Map<string, number>;
  readonly scopes: Set<string>;
  streams: number;
}

/** Streams of a step's draws; those below belong to initialisation and shuffling. */
const FIRST_STREAM = 1 << 16;

/** The context of a run's outermost layer. */
export const contextFor = (mode: Mode, source: Source): Context =>
  contextOf({ mode, source, counts: new Map(), scopes: new Set(), streams: 0 }, "");

function contextOf(trace: Trace, path: string): Context {
  const { source, mode } = trace;
  return {
    training: mode.training,
    normalization: mode.normalization,
    refreshShare: mode.refreshShare,
    allReduce: (x) => allReduce(x, mode.replicas ?? 1),
    replicas: mode.replicas ?? 1,
    rowShare: mode.rowShare ?? 1,
    parameter: (name, shape, initializer, kind = "weight") => source.parameter(path + name, shape, initializer, kind),
    state: (name, shape, initial) => source.state(path + name, shape, initial),
    scope(name) {
      // Numbered from 1; a number that would give the name of another layer ("dense" 11, "dense1" 1) is passed over.
      let count = trace.counts.get(path + name) ?? 0;
      let scope: string;
      do scope = `${path}${name}${++count}.`;
      while (trace.scopes.has(scope));
      trace.scopes.add(scope);
      trace.counts.set(path + name, count);
      return contextOf(trace, scope);
    },
    randomStream: () => FIRST_STREAM + trace.streams++,
  };
}

/** The part of a layout that `size` numbers from `first` on hold, counted from there. */
export function cutLayout(layout: readonly ParameterSlice[], first: number, size: number): ParameterSlice[] {
  return layout.flatMap((entry) => {
    const offset = Math.max(entry.offset, first);
    const end = Math.min(entry.offset + entry.size, first + size);
    return end > offset ? [{ ...entry, offset: offset - first, size: end - offset }] : [];
  });
}

const total = (layout: readonly StateSlice[]): number => layout.reduce((sum, entry) => sum + entry.size, 0);

/** A source that answers with placeholders and writes down what it is asked for. */
export interface Register {
  readonly source: Source;
  readonly layout: readonly ParameterSlice[];
  readonly initializers: readonly Initializer[];
  readonly stateLayout: readonly StateSlice[];
  /** State at first. */
  initialState(): Float32Array;
}

export function register(): Register {
  const layout: ParameterSlice[] = [];
  const initializers: Initializer[] = [];
  const stateLayout: StateSlice[] = [];
  const initials: number[] = [];
  const placeholders = new Map<string, Tensor>();
  const place = (what: "parameter" | "state", name: string, shape: Shape, add: () => void): Tensor => {
    if (name === "" || name.endsWith(".")) throw new Error(`createModel: a ${what} needs a name`);
    requireShape(`createModel: ${what} ${name}`, "shape", shape);
    const key = `${what} ${name}`;
    const known = placeholders.get(key);
    if (known && !sameShape(known.shape, shape))
      throw new Error(
        `createModel: ${what} ${name} is asked for as ${showShape(known.shape)} and as ${showShape(shape)}`,
      );
    if (known) return known;
    add();
    const placeholder = input(name, shape, "f32", "placeholder");
    placeholders.set(key, placeholder);
    return placeholder;
  };
  return {
    layout,
    initializers,
    stateLayout,
    initialState() {
      const state = new Float32Array(total(stateLayout));
      stateLayout.forEach(({ offset, size: count }, i) => state.fill(initials[i] as number, offset, offset + count));
      return state;
    },
    source: {
      parameter: (name, shape, initializer, kind) =>
        place("parameter", name, shape, () => {
          requireOneOf(`createModel: parameter ${name}`, "kind", kind, ["weight", "bias", "scale"]);
          layout.push({ name, kind, shape, offset: total(layout), size: size(shape) });
          initializers.push(initializer);
        }),
      state: (name, shape, initial) => ({
        value: place("state", name, shape, () => {
          requireFinite(`createModel: state ${name}`, "initial", initial);
          stateLayout.push({ name, shape, offset: total(stateLayout), size: size(shape) });
          initials.push(initial);
        }),
        update: (next) => requireNext(name, shape, next),
      }),
    },
  };
}

function requireNext(name: string, shape: Shape, next: Tensor): void {
  if (next?.operation === undefined || next.type !== "f32" || !sameShape(next.shape, shape))
    throw new Error(
      `createModel: state ${name} has shape ${showShape(shape)}; it cannot become ${next?.operation ? `${next.type} ${showShape(next.shape)}` : String(next)}`,
    );
}

/** A source of slices, and the state after the run. */
export interface FlatSource extends Source {
  /** The whole state vector as the run's updates leave it; undefined where nothing was updated. */
  nextState(): Tensor | undefined;
}

/**
 * Slices of θ and state. Each is one tensor however often it is asked for, so that its gradients meet in one sum.
 */
export function flatSource(
  { layout, stateLayout }: Pick<Register, "layout" | "stateLayout">,
  theta: Tensor,
  state: Tensor,
): FlatSource {
  const next = new Map<string, Tensor>();
  const slices = (what: "parameter" | "state", vector: Tensor, entries: readonly StateSlice[]) => {
    const places = new Map(entries.map((entry) => [entry.name, entry]));
    const made = new Map<string, Tensor>();
    return (name: string, shape: Shape): Tensor => {
      const entry = places.get(name);
      if (!entry || !sameShape(entry.shape, shape))
        throw new Error(
          `createModel: the network asks for ${what} ${name} ${showShape(shape)}, which its first run did not; it must not change between runs`,
        );
      const known = made.get(name) ?? reshape(slice(vector, [entry.offset], [entry.size]), shape);
      made.set(name, known);
      return known;
    };
  };
  const parameterOf = slices("parameter", theta, layout);
  const stateOf = slices("state", state, stateLayout);
  return {
    parameter: (name, shape) => parameterOf(name, shape),
    state: (name, shape) => ({
      value: stateOf(name, shape),
      update(value) {
        requireNext(name, shape, value);
        if (next.has(name)) throw new Error(`createModel: state ${name} is updated twice in one run`);
        next.set(name, value);
      },
    }),
    nextState() {
      if (next.size === 0) return undefined;
      return concat(
        stateLayout.map(({ name, shape, size: count }) => reshape(next.get(name) ?? stateOf(name, shape), [count])),
      );
    },
  };
}
