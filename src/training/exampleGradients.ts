// Gradients of single examples, from one pass over a batch. In a dense layer that of an example is the outer product of
// its input a and its output's gradient δ (Goodfellow 2015), so that sums of squares are products of squares.
import { requireOptions, requireWhole } from "../checks.ts";
import type { Dataset } from "../data/dataset.ts";
import { createTensor, size, type Tensor, topological, withInputs } from "../graph/tensor.ts";
import { isMeanOverRows } from "../losses/loss.ts";
import { add, mul } from "../ops/binary.ts";
import { grad } from "../ops/grad.ts";
import { constant, input } from "../ops/leaves.ts";
import { matmul } from "../ops/matmul.ts";
import { broadcastTo, concat, reshape, slice } from "../ops/movement.ts";
import { sum } from "../ops/reduce.ts";
import { square } from "../ops/unary.ts";
import { type CompileRequest, compile } from "../plan/compile.ts";
import { requireDataset } from "./check.ts";
import type { Model } from "./model.ts";
import { requireFlat } from "./objective.ts";
import { ReadyProgram } from "./readyProgram.ts";
import { type Workings, workingsOf } from "./workings.ts";

export interface ExampleGradientOptions {
  /** Where; default the model's parameters. */
  readonly theta?: Float32Array;
  /** Examples at once; default 256. */
  readonly batchSize?: number;
}

/** Of the gradients gᵢ of the examples' losses, weighted where they have weights, without λΩ, which is the same for all. */
export interface ExampleStatistics {
  /** Examples. */
  readonly count: number;
  /** Their mean loss. */
  readonly loss: number;
  /** The mean of gᵢ. */
  readonly gradient: Float64Array;
  /** The mean of gᵢ², number by number. */
  readonly secondMoments: Float64Array;
  /** ‖gᵢ‖² of each example. */
  readonly squaredNorms: Float64Array;
}

/**
 * Statistics of the examples' gradients over a data set, without dropout and with BatchNorm's running statistics. Networks
 * of dense layers, convolutions and operations that leave the batch axis alone take one pass a batch; others, such as
 * those with embeddings, a pass an example.
 * @throws for a loss that is no mean over examples: they have no gradients of their own then
 */
export function exampleStatistics(
  model: Model,
  data: Dataset,
  options: ExampleGradientOptions = {},
): ExampleStatistics {
  const call = "exampleStatistics";
  const { count, run } = overBatches(call, model, data, options);
  const gradient = new Float64Array(count);
  const secondMoments = new Float64Array(count);
  const squaredNorms = new Float64Array(data.size);
  let loss = 0;
  run(statisticsRequest, (program, first, rows) => {
    loss += program.view("loss")[0] as number;
    const g = program.view("gradient");
    for (let i = 0; i < count; i++) gradient[i] = (gradient[i] as number) + (g[i] as number);
    const squares = program.view("squares");
    if (squares) {
      squaredNorms.set(program.view("norms"), first);
      for (let i = 0; i < count; i++) secondMoments[i] = (secondMoments[i] as number) + (squares[i] as number);
      return;
    }
    // The gradient of one example.
    if (rows !== 1) throw new Error(`${call}: a pass of ${rows} examples without squares`);
    for (let i = 0; i < count; i++) {
      const value = (g[i] as number) ** 2;
      secondMoments[i] = (secondMoments[i] as number) + value;
      squaredNorms[first] = (squaredNorms[first] as number) + value;
    }
  });
  for (const total of [gradient, secondMoments])
    for (let i = 0; i < count; i++) total[i] = (total[i] as number) / data.size;
  return { count: data.size, loss: loss / data.size, gradient, secondMoments, squaredNorms };
}

/**
 * The gradient of each example's loss, without λΩ: data.size × parameters numbers, row after row. As exampleStatistics
 * otherwise, which needs no room for all of them.
 */
export function exampleGradients(model: Model, data: Dataset, options: ExampleGradientOptions = {}): Float32Array {
  const { count, run } = overBatches("exampleGradients", model, data, options);
  const out = new Float32Array(data.size * count);
  run(gradientsRequest, (program, first) =>
    out.set((program.view("each") ?? program.view("gradient")) as Float32Array, first * count),
  );
  return out;
}

type RequestFor = (parts: Parts) => CompileRequest["outputs"];

/** What the examples' gradients are made of. */
interface Parts {
  readonly rows: number;
  readonly count: number;
  /** Σ of the examples' losses. */
  readonly loss: Tensor;
  readonly theta: Tensor;
  readonly pieces: readonly Piece[];
}

/** The gradient of one parameter for each example. */
interface Piece {
  readonly offset: number;
  /** Σ gᵢ² number by number [m], and ‖gᵢ‖² [rows]. */
  statistics(): { readonly squares: Tensor; readonly norms: Tensor };
  /** [rows, m] */
  each(): Tensor;
}

interface Compiled {
  readonly programs: Map<string, ReadyProgram>;
  /** Whether examples are told apart within a batch. */
  readonly isSeparable?: boolean;
}

const compiled = new WeakMap<Model, Compiled>();

const compiledFor = (model: Model): Compiled => compiled.get(model) ?? { programs: new Map() };

/** Looks at what a program left for rows from `first` on. */
type Take = (program: ReadyProgram, first: number, rows: number) => void;

/** Checks what is given, and finds the way to go over the data set. */
function overBatches(
  call: string,
  model: Model,
  data: Dataset,
  options: ExampleGradientOptions,
): { readonly count: number; readonly run: (outputsFor: RequestFor, take: Take) => void } {
  const { engine, trace } = workingsOf(call, model);
  requireOptions(call, options, ["theta", "batchSize"]);
  const { batchSize = 256 } = options;
  requireWhole(call, "batchSize", batchSize, 1);
  const { input: example, inputType, target, parameterCount: count } = engine.specification;
  requireDataset(call, data, example, inputType, target);
  engine.requireIndices(call, data.x);
  const theta = (options.theta ?? model.parameters).slice();
  requireFlat(call, "theta", theta, count);
  const partsOf = (rows: number) => piecesOf(call, trace, rows, count, data.weights !== undefined);
  // A leading axis that is the batch by chance is not at another size.
  const { programs, isSeparable = Boolean(partsOf(3).pieces && partsOf(5).pieces) } = compiledFor(model);
  compiled.set(model, { programs, isSeparable });
  const atOnce = isSeparable ? batchSize : 1;
  const programFor = (rows: number, outputsFor: RequestFor): ReadyProgram => {
    const { inputs, theta: at, loss, pieces } = partsOf(rows);
    const outputs =
      isSeparable && pieces
        ? outputsFor({ rows, count, loss, theta: at, pieces })
        : { loss: { tensor: loss }, gradient: { tensor: grad(loss, [at])[0] as Tensor } };
    return new ReadyProgram(engine.memory, compile({ inputs, outputs }));
  };
  const run = (outputsFor: RequestFor, take: Take): void => {
    const resident = engine.hold(call, data);
    try {
      for (let first = 0; first < data.size; first += atOnce) {
        const rows = Math.min(atOnce, data.size - first);
        const key = `${call} ${rows} ${data.weights !== undefined}`;
        const program = programs.get(key) ?? programFor(rows, outputsFor);
        programs.set(key, program);
        resident.gather(program, first, rows);
        (program.view("theta") as Float32Array).set(theta);
        program.run();
        take(program, first, rows);
      }
    } finally {
      resident.release();
    }
  };
  return { count, run };
}

const statisticsRequest: RequestFor = ({ rows, count, loss, theta, pieces }) => {
  const found = pieces.map((piece) => ({ offset: piece.offset, ...piece.statistics() }));
  const squares = found.map(({ offset, squares: tensor }) => ({ offset, tensor }));
  return {
    loss: { tensor: loss },
    gradient: { tensor: grad(loss, [theta])[0] as Tensor },
    squares: { tensor: joined(squares, (extent) => constant(0, [extent]), count, 0) },
    norms: { tensor: found.map(({ norms }) => norms).reduce(add, constant(0, [rows])) },
  };
};

const gradientsRequest: RequestFor = ({ rows, count, pieces }) => {
  const each = pieces.map((piece) => ({ offset: piece.offset, tensor: piece.each() }));
  return { each: { tensor: joined(each, (extent) => constant(0, [rows, extent]), count, 1) } };
};

/** Pieces in the order of θ; parameters that nothing depends on have zeros. */
function joined(
  pieces: readonly { readonly offset: number; readonly tensor: Tensor }[],
  zeros: (extent: number) => Tensor,
  count: number,
  axis: number,
): Tensor {
  const parts: Tensor[] = [];
  let reached = 0;
  for (const { offset, tensor } of pieces) {
    if (offset > reached) parts.push(zeros(offset - reached));
    parts.push(tensor);
    reached = offset + (tensor.shape[axis] as number);
  }
  if (reached < count) parts.push(zeros(count - reached));
  return concat(parts, axis);
}

/** The network on so many rows, and the examples' gradients where there are rules for all uses of its parameters. */
function piecesOf(call: string, trace: Workings["trace"], rows: number, count: number, weighted: boolean) {
  const theta = input("theta", [count]);
  const { inputs, judge } = trace(rows, { training: false, normalization: "running" }, theta, undefined, weighted);
  const { each } = judge();
  if (size(each) !== rows && !isMeanOverRows(each, rows))
    throw new Error(
      `${call}: the loss is not seen to be a mean over examples; let it return one number an example, [batch]`,
    );
  const loss = size(each) === rows ? sum(each) : mul(reshape(each, []), rows);
  const uses = usesOf(loss, theta);
  const cotangents = grad(
    loss,
    uses.map(({ node }) => node),
  );
  const found = uses.map((use, i) => pieceOf(use, cotangents[i] as Tensor, rows));
  const offsets = new Set(uses.map(({ offset }) => offset));
  const pieces =
    offsets.size === uses.length && found.every((piece) => piece !== undefined)
      ? found.sort((one, other) => one.offset - other.offset)
      : undefined;
  return { inputs: [...inputs, theta], theta, loss, pieces };
}

/** A parameter as an operand of a node. */
interface Use {
  readonly node: Tensor;
  readonly operand: number;
  /** Of the parameter in θ. */
  readonly offset: number;
}

function usesOf(loss: Tensor, theta: Tensor): Use[] {
  const offsets = new Map<Tensor, number>();
  const uses: Use[] = [];
  for (const node of topological([loss]))
    node.inputs.forEach((operand, i) => {
      if (operand === theta) offsets.set(node, (node.attributes.begin as readonly number[])[0] as number);
      const offset = offsets.get(operand);
      if (offset === undefined) return;
      if (node.operation.name === "reshape") offsets.set(node, offset);
      else uses.push({ node, operand: i, offset });
    });
  return uses;
}

/** The examples' gradients of one use, or undefined where there is no rule. */
function pieceOf({ node, operand, offset }: Use, cotangent: Tensor, rows: number): Piece | undefined {
  const { operation, inputs, shape, attributes } = node;
  const parameter = inputs[operand] as Tensor;
  const [a] = inputs as [Tensor];
  if (shape[0] !== rows) return undefined;
  if (operation.name === "matmul") {
    const isDense = operand === 1 && a.shape.length === 2 && !attributes.transposeA && !attributes.transposeB;
    return isDense ? outerProducts(offset, a, cotangent) : undefined;
  }
  if (operation.name === "conv2d" && operand === 1) return imageByImage(offset, node, cotangent);
  // Elementwise with broadcasting: a copy of the parameter for each row has the row's gradient.
  const missing = shape.length - parameter.shape.length;
  if (!operation.elementwise || missing < 1) return undefined;
  const ones = new Array<number>(missing - 1).fill(1);
  const copies = broadcastTo(reshape(parameter, [1, ...ones, ...parameter.shape]), [rows, ...ones, ...parameter.shape]);
  const [gradient] = grad(
    withInputs(
      node,
      inputs.map((other, i) => (i === operand ? copies : other)),
    ),
    [copies],
    cotangent,
  ) as [Tensor];
  const each = reshape(gradient, [rows, -1]);
  return {
    offset,
    statistics: () => ({ squares: sum(square(each), 0), norms: sum(square(each), 1) }),
    each: () => each,
  };
}

/** a bᵀ of the rows of a [rows, m] and b [rows, n]. */
const outerProducts = (offset: number, a: Tensor, b: Tensor): Piece => ({
  offset,
  statistics: () => ({
    squares: reshape(matmul(square(a), square(b), { transposeA: true }), [-1]),
    norms: mul(sum(square(a), 1), sum(square(b), 1)),
  }),
  each: () => {
    const [rows] = a.shape as [number];
    return reshape(mul(reshape(a, [rows, -1, 1]), reshape(b, [rows, 1, -1])), [rows, -1]);
  },
});

/** A convolution's filters: image after image, but within one program, behind the same passes forward and back. */
function imageByImage(offset: number, { operation, inputs, shape, attributes }: Tensor, cotangent: Tensor): Piece {
  const [x, w] = inputs as [Tensor, Tensor];
  const [rows] = shape as [number];
  const image = (of: Tensor, row: number): Tensor =>
    slice(of, [row, ...of.shape.slice(1).map(() => 0)], [1, ...of.shape.slice(1)]);
  const gradientOf = (row: number): Tensor => {
    const alone = createTensor(operation, [image(x, row), w], [1, ...shape.slice(1)], attributes);
    return (grad(alone, [w], image(cotangent, row)) as [Tensor])[0];
  };
  const all = Array.from({ length: rows }, (_, row) => row);
  return {
    offset,
    // Each gradient is done with before the next is made: there is room for one.
    statistics() {
      let squares: Tensor = constant(0, w.shape);
      const norms = all.map((row) => {
        const squared = square(gradientOf(row));
        squares = add(squares, squared);
        return reshape(sum(squared), [1]);
      });
      return { squares: reshape(squares, [-1]), norms: concat(norms) };
    },
    each: () => concat(all.map((row) => reshape(gradientOf(row), [1, -1]))),
  };
}
