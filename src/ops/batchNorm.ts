// Normalisation by channel, the last axis: the batch's statistics, and (x − mean)·factor + shift by any statistics.
// Each has its own honest derivative, so a sum over replicas may stand between the two; the plan joins what reaches x
// through both in one kernel (the fusions below).
import { type Attributes, type Operand, type Shape, sameShape, showShape, size, type Tensor } from "../graph/tensor.ts";
import { add, greater, mul, sub } from "./binary.ts";
import { input, name } from "./fusion.ts";
import { concat, slice } from "./movement.ts";
import { type Example, op } from "./op.ts";
import { sum } from "./reduce.ts";
import { neg, relu } from "./unary.ts";

const channelsOf = (of: { readonly shape: Shape }): number => of.shape.at(-1) as number;
const rowsOf = (of: { readonly shape: Shape }): number => size(of.shape.slice(0, -1));
/** Two sums a channel in f64, for each four channels and for each one behind them; see assembly/channels.ts. */
const scratchFor = (channels: number): number => 64 * (Math.floor(channels / 4) + (channels % 4));
/** What normalize() is cut off at. */
const floorOf = ({ relu }: Attributes): number => (relu ? 0 : Number.NEGATIVE_INFINITY);

const first = (pair: Tensor): Tensor => slice(pair, [0], [size(pair) / 2]);
const second = (pair: Tensor): Tensor => slice(pair, [size(pair) / 2], [size(pair) / 2]);
const sumRows = (x: Tensor): Tensor =>
  sum(
    x,
    x.shape.slice(0, -1).map((_, axis) => axis),
  );

/** slopes/n by the mean, 2·slopes/n·(x − mean) by the variance; slopes: [2·channels]. */
export const batchStatisticsGradientOp = /* @__PURE__ */ op("batchStatisticsGradient", {
  fusions: [jointGradient],
  shape: ([, x]) => x as Shape,
  emit: (k, dx, [slopes, x, mean]) => {
    // The joint kernel with nothing of its own to pass on.
    const m = mean as Operand;
    k.fill(dx, size(dx), 0);
    k.normalizeGradient(
      dx, dx, x as Operand, m, m, m, slopes as Operand, rowsOf(dx), channelsOf(dx), 0,
    ); // biome-ignore format: addresses, sizes
  },
  decompose: (node) => {
    const [slopes, x, mean] = node.inputs as [Tensor, Tensor, Tensor];
    const n = rowsOf(x);
    return add(mul(mul(second(slopes), 2 / n), sub(x, mean)), mul(first(slopes), 1 / n));
  },
  examples: () => [{ shapes: [[10], [7, 5], [5]] }, { shapes: [[8], [2, 3, 4], [4]] }],
});

const batchStatisticsOp = /* @__PURE__ */ op("batchStatistics", {
  shape: ([x]) => [2 * ((x as Shape).at(-1) as number)],
  emit: (k, y, [x], _, scratch) =>
    k.batchStatistics(y, x as Operand, scratch, rowsOf(x as Operand), channelsOf(x as Operand)),
  scratchBytes: (y) => scratchFor(size(y) / 2),
  gradient: (slopes, y) => [batchStatisticsGradientOp([slopes, y.inputs[0] as Tensor, first(y)])],
  examples: () => [{ shapes: [[7, 5]] }, { shapes: [[2, 3, 2, 4]] }, { shapes: [[9, 17]] }, { shapes: [[5, 1]] }],
});

/** Mean and variance of each channel. */
export interface Statistics {
  /** [channels] */
  readonly mean: Tensor;
  /** [channels]; divided by the count, not by one less. */
  readonly variance: Tensor;
  /** Values of a channel. */
  readonly count: number;
}

/**
 * Mean and biased variance over all axes but the last, in one pass over x; stable for a large mean.
 * @param x [..., channels]
 */
export function batchStatistics(x: Tensor): Statistics {
  if (x.shape.length < 2 || size(x) === 0)
    throw new Error(`batchStatistics: expected [..., channels] with something in it, got ${showShape(x.shape)}`);
  const both = batchStatisticsOp([x]);
  return { mean: first(both), variance: second(both), count: rowsOf(x) };
}

const normalizeExamples = (relu: boolean): readonly Example[] =>
  (relu
    ? [[2, 3]]
    : [
        [3, 5],
        [2, 2, 3, 4],
        [3, 17],
      ]
  ).map((shape) => {
    const channels = [shape.at(-1) as number];
    return { shapes: [shape, channels, channels, channels], attributes: { relu } };
  });

/** Σ g and Σ g·(x − mean) by channel, [2·channels]; g is dy, or with `relu` dy where normalize() is above zero. */
export const normalizeSumsOp = /* @__PURE__ */ op("normalizeSums", {
  fusions: [gatedSums],
  shape: ([, x]) => [2 * ((x as Shape).at(-1) as number)],
  emit: (k, y, [dy, x, mean, factor, shift], attributes, scratch) =>
    k.normalizeSums(
      y, dy as Operand, x as Operand, mean as Operand, factor as Operand, shift as Operand, scratch,
      rowsOf(x as Operand), channelsOf(x as Operand), attributes.relu ? 1 : 0,
    ), // biome-ignore format: addresses, sizes
  scratchBytes: (y) => scratchFor(size(y) / 2),
  decompose: (node) => {
    const [dy, x, mean] = node.inputs as [Tensor, Tensor, Tensor];
    const g = node.attributes.relu ? mul(dy, greater(plain(node.inputs.slice(1)), 0)) : dy;
    return concat([sumRows(g), sumRows(mul(g, sub(x, mean)))]);
  },
  examples: () =>
    [false, true].flatMap((relu) =>
      normalizeExamples(relu).map((example) => ({
        ...example,
        shapes: [example.shapes[0] as Shape, ...example.shapes],
      })),
    ),
});

const plain = ([x, mean, factor, shift]: readonly Tensor[]): Tensor =>
  add(mul(sub(x as Tensor, mean as Tensor), factor as Tensor), shift as Tensor);

/** (x − mean)·factor + shift; with `relu`, which the plan sets, not below zero. */
const normalizeOp = /* @__PURE__ */ op("normalize", {
  fusions: [normalizeRelu],
  shape: ([x, ...rows]) => {
    const channels = (x as Shape).slice(-1);
    if ((x as Shape).length < 2 || rows.some((row) => !sameShape(row, channels)))
      throw new Error(
        `normalize: expected x [..., channels] and mean, factor, shift [channels], got ${[x as Shape, ...rows].map(showShape).join(", ")}`,
      );
    return x as Shape;
  },
  emit: (k, y, [x, mean, factor, shift], attributes) =>
    k.normalize(
      y, x as Operand, mean as Operand, factor as Operand, shift as Operand, rowsOf(y), channelsOf(y),
      floorOf(attributes),
    ), // biome-ignore format: addresses, sizes
  inPlace: [0],
  gradient: (dy, y) => {
    const factor = y.inputs[2] as Tensor;
    const sums = normalizeSumsOp([dy, ...y.inputs], y.attributes);
    const g = y.attributes.relu ? mul(dy, greater(y, 0)) : dy;
    return [mul(g, factor), neg(mul(factor, first(sums))), second(sums), first(sums)];
  },
  examples: () => [...normalizeExamples(false), ...normalizeExamples(true)],
});

/** (x − mean)·factor + shift by channel. x: [..., channels]; the others [channels]. */
export const normalize = (x: Tensor, mean: Tensor, factor: Tensor, shift: Tensor): Tensor =>
  normalizeOp([x, mean, factor, shift], { relu: false });

/**
 * g·factor plus batchStatisticsGradient, g as for normalizeSums: inputs dy, x, mean, factor, shift, slopes. Made by the
 * plan.
 */
export const normalizeGradientOp = /* @__PURE__ */ op("normalizeGradient", {
  shape: ([, x]) => x as Shape,
  emit: (k, dx, [dy, x, mean, factor, shift, slopes], attributes) =>
    k.normalizeGradient(
      dx, dy as Operand, x as Operand, mean as Operand, factor as Operand, shift as Operand, slopes as Operand,
      rowsOf(dx), channelsOf(dx), attributes.relu ? 1 : 0,
    ), // biome-ignore format: addresses, sizes
  inPlace: [0, 1],
  decompose: (node) => {
    const [dy, x, mean, factor, shift, slopes] = node.inputs as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
    const y = plain([x, mean, factor, shift]);
    const g = node.attributes.relu ? mul(dy, greater(relu(y), 0)) : dy;
    return add(mul(g, factor), batchStatisticsGradientOp([slopes, x, mean]));
  },
  examples: () =>
    [false, true].flatMap((relu) =>
      normalizeExamples(relu).map(({ shapes, attributes }) => ({
        shapes: [shapes[0] as Shape, ...shapes, [2 * ((shapes[0] as Shape).at(-1) as number)]],
        attributes: attributes as Attributes,
      })),
    ),
});

/** relu behind normalize */
function normalizeRelu(node: Tensor, usedOnce: (tensor: Tensor) => boolean): Tensor | undefined {
  const x = input(node);
  return name(node) === "relu" && name(x) === "normalize" && usedOnce(x)
    ? normalizeOp(x.inputs, { relu: true })
    : undefined;
}

/**
 * dy and shift, where g is relu's gradient behind this very normalize: its sign is found again from x, which is read
 * anyway, so that neither y is read nor g written.
 */
function gate(g: Tensor, x: Tensor, mean: Tensor, factor: Tensor): { dy: Tensor; shift: Tensor } | undefined {
  if (name(g) !== "reluGradient") return undefined;
  const [dy, y] = g.inputs as [Tensor, Tensor];
  const same = name(y) === "normalize" && y.attributes.relu && [x, mean, factor].every((t, i) => input(y, i) === t);
  return same ? { dy, shift: input(y, 3) } : undefined;
}

function gatedSums(node: Tensor): Tensor | undefined {
  if (name(node) !== "normalizeSums" || node.attributes.relu) return undefined;
  const [g, x, mean, factor] = node.inputs as [Tensor, Tensor, Tensor, Tensor];
  const found = gate(g, x, mean, factor);
  return found && normalizeSumsOp([found.dy, ...node.inputs.slice(1)], { relu: true });
}

/** g·factor, which reaches x through normalize, plus what reaches it through its statistics */
function jointGradient(node: Tensor, usedOnce: (tensor: Tensor) => boolean): Tensor | undefined {
  if (name(node) !== "add") return undefined;
  const at = node.inputs.findIndex((x) => name(x) === "batchStatisticsGradient" && usedOnce(x));
  const product = node.inputs[1 - at];
  if (at < 0 || !product || name(product) !== "mul" || !usedOnce(product)) return undefined;
  const [slopes, x, mean] = input(node, at).inputs as [Tensor, Tensor, Tensor];
  const [g, factor] = product.inputs as [Tensor, Tensor];
  if (!sameShape(g.shape, x.shape) || !sameShape(factor.shape, mean.shape)) return undefined;
  const found = gate(g, x, mean, factor);
  // Without relu the shift decides nothing.
  return normalizeGradientOp([found?.dy ?? g, x, mean, factor, found?.shift ?? mean, slopes], {
    relu: found !== undefined,
  });
}
