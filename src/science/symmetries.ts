// Which neurons of a network may change places without changing what it computes. Found in the graph: every axis of a
// tensor is a product of sets of places, outermost first, and an operation says which sets of its inputs and its result
// must be permuted alike. What it says nothing of stays where it is, so that a permutation found here is always right.
import { type Shape, type Tensor, topological } from "../graph/tensor.ts";
import { input } from "../ops/leaves.ts";
import type { Model } from "../training/model.ts";
import { workingsOf } from "../training/workings.ts";

/** Places that are permuted alike wherever they are. */
interface Places {
  readonly extent: number;
  /** They stay where they are. */
  fixed: boolean;
  /** What they have turned out to be: the same as others, or a product. */
  is?: readonly Places[];
}

/** Outermost first; none for an extent of 1. */
type Axis = readonly Places[];

const axis = (extent: number, fixed = false): Axis => (extent === 1 ? [] : [{ extent, fixed }]);
const fresh = (shape: Shape, fixed = false): Axis[] => shape.map((extent) => axis(extent, fixed));

const resolved = (of: Axis): Places[] => of.flatMap((places) => (places.is ? resolved(places.is) : [places]));

function fix(axes: readonly Axis[]): void {
  for (const places of resolved(axes.flat())) places.fixed = true;
}

/** Two axes, of equal extent, are to be permuted alike: their factors are made the same. */
function tie(a: Axis, b: Axis): void {
  let [left, right] = [resolved(a), resolved(b)];
  while (left.length > 0 && right.length > 0) {
    const [p, q] = [left[0], right[0]] as [Places, Places];
    if (p.extent === q.extent) {
      if (p !== q) {
        p.fixed ||= q.fixed;
        q.is = [p];
      }
      [left, right] = [left.slice(1), right.slice(1)];
    } else {
      const [large, small] = p.extent > q.extent ? [p, q] : [q, p];
      if (large.extent % small.extent !== 0) {
        fix([left, right]);
        return;
      }
      const { fixed } = large;
      large.is = [small.extent, large.extent / small.extent].map((extent) => ({ extent, fixed }));
    }
    [left, right] = [resolved(left), resolved(right)];
  }
}

/** The result's axes from the inputs'. */
type Rule = (y: Tensor, inputs: readonly (readonly Axis[])[]) => Axis[];

/** As broadcasting lays the inputs over each other; what is repeated may be permuted in any way. */
const alike: Rule = (y, inputs) =>
  y.shape.map((extent, at) => {
    const behind = y.shape.length - at;
    const [first, ...others] = inputs.flatMap((axes, i) => {
      const { shape } = y.inputs[i] as Tensor;
      const own = shape.length - behind;
      return shape[own] === extent ? [axes[own] as Axis] : [];
    });
    for (const other of others) tie(first as Axis, other);
    return first ?? axis(extent);
  });

/** As they are where the extents are the same; elsewhere in their places. */
const alikeWhereWhole: Rule = (y, inputs) =>
  y.shape.map((extent, at) => {
    const own = inputs.map((axes) => axes[at] as Axis);
    if (y.inputs.some(({ shape }) => shape[at] !== extent)) {
      fix(own);
      return axis(extent, true);
    }
    for (const other of own.slice(1)) tie(own[0] as Axis, other);
    return own[0] as Axis;
  });

/** The axes that are left; over those that are reduced, order does not matter. */
const reduction: Rule = ({ attributes }, [x = []]) => {
  const { axis: from, count } = attributes as { readonly axis: number; readonly count: number };
  return x.filter((_, at) => at < from || at >= from + count);
};

/** Of images: [batch, height, width, channels]. Places of an image stay. */
const image = ({ shape }: Tensor, batch: Axis, channels: Axis): Axis[] => [
  batch,
  ...fresh(shape.slice(1, 3), true),
  channels,
];
const pooling: Rule = (y, [x = []]) => {
  fix(x.slice(1, 3));
  return image(y, x[0] as Axis, x[3] as Axis);
};

const rules: Readonly<Record<string, Rule>> = {
  ...{ broadcastTo: alike, normalize: alike, softmax: alike, logSoftmax: alike, stopGradient: alike, allReduce: alike },
  ...{ sum: reduction, mean: reduction, max: reduction, min: reduction, logSumExp: reduction },
  ...{ slice: alikeWhereWhole, pad: alikeWhereWhole, concat: alikeWhereWhole },
  ...{ maxPool: pooling, averagePool: pooling },
  reshape(y, [x = []]) {
    const axes = fresh(y.shape);
    tie(x.flat(), axes.flat());
    return axes;
  },
  transpose: ({ attributes }, [x = []]) => (attributes.order as readonly number[]).map((from) => x[from] as Axis),
  matmul({ attributes }, [a = [], b = []]) {
    const swapped = (axes: readonly Axis[], transposed: unknown): [Axis, Axis] =>
      (transposed ? axes.slice(-2).reverse() : axes.slice(-2)) as [Axis, Axis];
    const [rows, inner] = swapped(a, attributes.transposeA);
    const [innerOfB, columns] = swapped(b, attributes.transposeB);
    tie(inner, innerOfB);
    const lead = a.slice(0, -2);
    lead.forEach((own, at) => tie(own, b[at] as Axis));
    return [...lead, rows, columns];
  },
  conv2d(y, [x = [], w = []]) {
    fix([...x.slice(1, 3), ...w.slice(0, 2)]);
    const groups = y.attributes.groups as number;
    const group = axis(groups);
    tie(x[3] as Axis, [...group, ...(w[2] as Axis)]);
    tie(w[3] as Axis, [...group, ...axis((y.shape[3] as number) / groups)]);
    return image(y, x[0] as Axis, w[3] as Axis);
  },
  gatherRows(_, [table = [], indices = []]) {
    fix(table.slice(0, 1));
    return [...indices, ...table.slice(1)];
  },
};

/** A parameter, or a piece of state, as an array whose axes are sets of places. */
export interface PermutableSlice {
  readonly vector: "parameters" | "state";
  readonly offset: number;
  readonly extents: readonly number[];
  /** Which of the network's sets of neurons each axis is; −1: none, it stays. */
  readonly sets: readonly number[];
}

export interface Symmetries {
  /** How many neurons there are in each set that may be permuted. */
  readonly sizes: readonly number[];
  /** In the order in which the network asks for them; parameters without any such axis too. */
  readonly slices: readonly PermutableSlice[];
  /** Operations that no rule is known for: what they touch stays. */
  readonly unknown: readonly string[];
}

/** The permutations of a model's neurons, of any network of operations. */
export function symmetriesOf(call: string, model: Model): Symmetries {
  const { engine, trace } = workingsOf(call, model);
  const theta = input("theta", [engine.specification.parameterCount], "f32", "theta");
  const { output } = trace(2, { training: false, normalization: "running" }, theta);
  const axes = new Map<Tensor, readonly Axis[]>();
  const places: (Pick<PermutableSlice, "vector" | "offset"> & { readonly axis: Axis })[] = [];
  const unknown = new Set<string>();
  for (const tensor of topological([output])) {
    const { operation, attributes, inputs, shape } = tensor;
    const vector = vectorOf(inputs[0]);
    if (operation.name === "slice" && vector) {
      const [own] = fresh(shape) as [Axis];
      places.push({ vector, offset: (attributes.begin as readonly number[])[0] as number, axis: own });
      axes.set(tensor, [own]);
      continue;
    }
    const given = inputs.map((x) => axes.get(x) as readonly Axis[]);
    const rule = operation.elementwise ? alike : rules[operation.name];
    if (rule) axes.set(tensor, rule(tensor, given));
    else {
      if (inputs.length > 0) unknown.add(operation.name);
      fix(given.flat());
      axes.set(tensor, fresh(shape, !isUniform(tensor)));
    }
  }
  fix(axes.get(output) as readonly Axis[]);
  const sets: Places[] = [];
  const setOf = (of: Places): number => {
    if (of.fixed) return -1;
    if (!sets.includes(of)) sets.push(of);
    return sets.indexOf(of);
  };
  const slices = places.map(({ vector, offset, axis: own }): PermutableSlice => {
    const factors = resolved(own);
    return { vector, offset, extents: factors.map(({ extent }) => extent), sets: factors.map(setOf) };
  });
  return { sizes: sets.map(({ extent }) => extent), slices, unknown: [...unknown] };
}

/** Which flat vector a leaf is. */
function vectorOf(tensor: Tensor | undefined): PermutableSlice["vector"] | undefined {
  if (tensor?.operation.name !== "input") return undefined;
  const { segment } = tensor.attributes;
  return segment === "theta" ? "parameters" : segment === "state" ? "state" : undefined;
}

const isUniform = ({ operation, attributes }: Tensor): boolean =>
  operation.name === "constant" && new Set(attributes.values as readonly number[]).size === 1;

/**
 * Where the elements of a permuted array are in the array itself: element i of the result is element [i] of it.
 * @param orders of each axis: number j of the result is number order[j]; undefined: as it is
 * @param sequence axes of the result, outermost first; default: as they are
 */
export function permutedPlaces(
  extents: readonly number[],
  orders: readonly (Int32Array | undefined)[],
  sequence: readonly number[] = extents.map((_, at) => at),
): Int32Array {
  let places = new Int32Array(1);
  for (const at of sequence) {
    const extent = extents[at] as number;
    const stride = extents.slice(at + 1).reduce((a, b) => a * b, 1);
    const order = orders[at];
    const next = new Int32Array(places.length * extent);
    for (let i = 0; i < places.length; i++)
      for (let j = 0; j < extent; j++)
        next[i * extent + j] = (places[i] as number) + (order ? (order[j] as number) : j) * stride;
    places = next;
  }
  return places;
}

/** A copy of one of a network's vectors with its neurons permuted, one order for each set. */
export function permuted(
  { slices }: Symmetries,
  vector: PermutableSlice["vector"],
  values: Float32Array,
  orders: readonly Int32Array[],
): Float32Array {
  const result = values.slice();
  for (const slice of slices) {
    if (slice.vector !== vector || slice.sets.every((set) => set < 0)) continue;
    const places = permutedPlaces(
      slice.extents,
      slice.sets.map((set) => orders[set]),
    );
    for (let i = 0; i < places.length; i++)
      result[slice.offset + i] = values[slice.offset + (places[i] as number)] as number;
  }
  return result;
}
