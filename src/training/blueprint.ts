// From a user's description to programs: runs the network on symbolic tensors, lays the parameters out in one flat
// vector, and writes the program for each purpose and batch size. Knows nothing of memory.

import { show } from "../checks.ts";
import { type DataType, type Shape, showShape, size, type Tensor, topological } from "../graph/tensor.ts";
import { isMeanOverRows, type Loss, type LossFunction, type TargetSpecification, toLoss } from "../losses/loss.ts";
import type { Initializer } from "../nn/initializers.ts";
import type { Layer, Normalization } from "../nn/layer.ts";
import { allReduce } from "../ops/allReduce.ts";
import { add, mul } from "../ops/binary.ts";
import { grad } from "../ops/grad.ts";
import { constant, input } from "../ops/leaves.ts";
import { reshape, storeOp } from "../ops/movement.ts";
import { mean, sum } from "../ops/reduce.ts";
import type { Optimizer } from "../optimizers/optimizer.ts";
import { type CompileRequest, compile } from "../plan/compile.ts";
import type { Program } from "../plan/program.ts";
import type { Regularizer } from "../regularizers.ts";
import { drawsByRows, replaceDraws } from "./draws.ts";
import { optimizerOutputs, type Phase } from "./optimizerOutputs.ts";
import type { Share } from "./passes.ts";
import {
  contextFor,
  cutLayout,
  flatSource,
  type Mode,
  type ParameterSlice,
  register,
  type Source,
  type StateSlice,
} from "./trace.ts";

/**
 * What a program is for. `train` leaves loss, g and the next state, and `addToTrain` adds those of a further part of the
 * batch; `update` changes θ by g and state to the next one; `ascend` and `every` change θ beside, where the optimiser asks
 * for it; `refresh` leaves a next state alone; `evaluate` sums losses and right answers. The others read θ from the batch instead of the model, for `objective`: three with
 * running statistics, three with those of the batch. Those of a loss have a twin whose risk is the mean of w·l, as
 * "weighted train"; `lossOfEach` and `gradientNormOfEach` (squared) judge every example by itself.
 */
const plainKinds = [
  "train", "addToTrain", "update", "ascend", "every", "refresh", "evaluate", "predict",
  "loss", "gradient", "hessianVector", "batchLoss", "batchGradient", "batchHessianVector",
  "lossOfEach", "gradientNormOfEach",
] as const; // biome-ignore format: families
type PlainKind = (typeof plainKinds)[number];
const weighable = [
  "train", "addToTrain", "evaluate",
  "loss", "gradient", "hessianVector", "batchLoss", "batchGradient", "batchHessianVector",
] as const; // biome-ignore format: families
/** The kinds whose risk may weight the examples. */
export type RiskKind = (typeof weighable)[number];
const WEIGHTED = "weighted ";
type WeightedKind = `${typeof WEIGHTED}${RiskKind}`;
export type ProgramKind = PlainKind | WeightedKind;
const twins = Object.fromEntries(weighable.map((kind) => [kind, WEIGHTED + kind])) as Record<RiskKind, WeightedKind>;
export const programKinds: readonly ProgramKind[] = [...plainKinds, ...Object.values(twins)];
/** The kind for examples with weights or without. Allocates nothing. */
export const kindFor = (kind: RiskKind, weights: unknown): ProgramKind => (weights ? twins[kind] : kind);
export const isWeighted = (kind: ProgramKind): boolean => kind.startsWith(WEIGHTED);

export interface Description {
  readonly input: Shape;
  readonly inputType: DataType;
  readonly network: Layer;
  readonly loss: Loss | LossFunction;
  readonly regularizer?: Regularizer | undefined;
  readonly optimizer: Optimizer;
}

/** The network and its risk on symbolic tensors. */
export interface Trace {
  /** Examples, targets and, where the examples have them, weights. */
  readonly inputs: readonly Tensor[];
  readonly output: Tensor;
  /** What training, or a refresh, makes of the state. */
  nextState(): Tensor | undefined;
  /** Loss of each example or their mean, λΩ where there is one, the risk with it, and which answers are right. */
  judge(): {
    readonly each: Tensor;
    readonly penalty: Tensor | undefined;
    readonly total: Tensor;
    readonly correct: Tensor | undefined;
  };
  /** The same over a data set's pass: sums of losses and of right answers. */
  sums(): { readonly loss: Tensor; readonly penalty: Tensor | undefined; readonly correct: Tensor | undefined };
}

export interface Blueprint {
  readonly layout: readonly ParameterSlice[];
  readonly initializers: readonly Initializer[];
  readonly parameterCount: number;
  readonly stateLayout: readonly StateSlice[];
  /** State at first. */
  readonly state: Float32Array;
  /** Shape of one example's output. */
  readonly output: Shape;
  /** The targets of a batch of one. */
  readonly target: TargetSpecification;
  /** Integer inputs must be below this: the shortest table they index. */
  readonly inputBelow: number | undefined;
  /** Whether `evaluate` counts right answers. */
  readonly judges: boolean;
  /** What makes probabilities of the outputs. */
  readonly link: Loss["link"];
  /** Whether the losses of a batch's parts make the loss of the whole, so that replicas can share it out. */
  lossIsMean(): boolean;
  /**
   * The network on a batch of so many rows, with its parameters in a tensor θ: for programs beside those of `program`.
   * @param stateFrom the segment of its state; default the model's own
   */
  trace(batch: number, mode: Mode, theta: Tensor, share?: Share, weighted?: boolean, stateFrom?: string): Trace;
  /** @param share for one replica of several: the rows it gets. Inputs and predictions are then parts of common ones */
  program(kind: ProgramKind, batch: number, share?: Share): Program;
}

/** Traces the description once and checks that its parts fit together. */
export function draw(description: Description): Blueprint {
  const { network, optimizer } = description;
  const loss = toLoss(description.loss);
  const batchInput = (share: Share): Tensor =>
    input("x", [share.rows, ...description.input], description.inputType, placeOf("x", share));
  const run = (x: Tensor, mode: Mode, source: Source): Tensor => {
    const y = network.apply(x, contextFor(mode, source));
    if (y?.operation === undefined) throw new Error(`createModel: the network returned ${show(y)}, expected a tensor`);
    const [batch] = x.shape;
    if (y.shape[0] !== batch)
      throw new Error(
        `createModel: the network turns [batch, …] into ${showShape(y.shape)} for a batch of ${batch}; its first axis must stay the batch`,
      );
    return y;
  };

  const registered = register();
  const { layout, initializers, stateLayout } = registered;
  const sample = batchInput(whole(1));
  // With running statistics: a batch of one may have none of its own.
  const prediction = run(sample, { training: true, normalization: "running" }, registered.source);
  const parameterCount = layout.reduce((total, entry) => total + entry.size, 0);
  const bytes = 4 * (2 + optimizer.slots) * parameterCount;
  if (bytes > 2 ** 32)
    throw new Error(
      `createModel: ${parameterCount} parameters, their gradient and ${optimizer.slots} optimiser slots need ${(bytes / 2 ** 30).toFixed(1)} GiB, beyond the 4 GiB of WebAssembly; make the network smaller`,
    );
  if (parameterCount === 0) throw new Error("createModel: the network has no parameters: there is nothing to learn");

  const target = loss.target(prediction.shape);
  const state = registered.initialState();
  /** The pieces every program is made of. */
  const build = (
    batch: number,
    mode: Mode,
    theta: Tensor,
    share: Share = whole(batch),
    weighted = false,
    stateFrom = "state",
  ) => {
    const { rows, replicas } = share;
    const x = batchInput(share);
    const source = flatSource(registered, theta, input("state", [state.length], "f32", stateFrom));
    const output = run(x, { ...mode, replicas, rowShare: rows / batch }, source);
    const specification = loss.target(output.shape);
    const y = input("y", specification.shape, specification.type, placeOf("y", share));
    const weights = weighted ? [input("weights", [rows], "f32", placeOf("weights", share))] : [];
    const judge = () => {
      const each = weights.reduce(mul, loss.apply(output, y));
      const parameters = layout.map(({ name, kind, shape }) => ({
        name,
        kind,
        value: source.parameter(name, shape, initializers[0] as Initializer, kind),
      }));
      const penalty = scalarPenalty(description.regularizer?.(parameters));
      // Every example counts the same, in whichever replica it is.
      const risk = allReduce(mul(mean(each), rows / (share.whole ?? batch)), replicas);
      const own = penalty && (share.whole ? mul(penalty, batch / share.whole) : penalty);
      const total = own ? add(risk, own) : risk;
      return { each, penalty, total, correct: loss.correct?.(output, y) };
    };
    const sums = () => {
      const { each, penalty, correct } = judge();
      const loss = size(each) === 1 ? mul(reshape(each, []), rows) : sum(each);
      return { loss: allReduce(loss, replicas), penalty, correct: correct && allReduce(sum(correct), replicas) };
    };
    return { inputs: [x, y, ...weights], output, judge, sums, nextState: source.nextState };
  };
  const vector = (name: string, segment: string): Tensor => input(name, [parameterCount], "f32", segment);

  const learning: Mode = { training: true, normalization: "batch" };
  const judging: Mode = { training: false, normalization: "running" };
  const nextState = (next: Tensor | undefined): CompileRequest["outputs"] =>
    next ? { nextState: { tensor: next, place: { segment: "nextState", offset: 0 } } } : {};
  /** The programs of an objective: a loss, a gradient and a Hessian-vector product of θ in the batch. */
  const objectivePrograms = (normalization: Normalization) => {
    const mode: Mode = { training: false, normalization };
    return {
      loss(batch: number, share?: Share, weighted?: boolean): CompileRequest {
        const theta = vector("theta", "batch");
        const { inputs, judge } = build(batch, mode, theta, share, weighted);
        return { inputs: [...inputs, theta], outputs: { loss: { tensor: judge().total } } };
      },
      gradient(batch: number, share?: Share, weighted?: boolean): CompileRequest {
        const theta = vector("theta", "batch");
        const { inputs, judge } = build(batch, mode, theta, share, weighted);
        const { total } = judge();
        const [gradient] = grad(total, [theta]) as [Tensor];
        return { inputs: [...inputs, theta], outputs: { loss: { tensor: total }, gradient: { tensor: gradient } } };
      },
      hessianVector(batch: number, share?: Share, weighted?: boolean): CompileRequest {
        const theta = vector("theta", "batch");
        const v = vector("v", "batch");
        const { inputs, judge } = build(batch, mode, theta, share, weighted);
        const [gradient] = grad(judge().total, [theta]) as [Tensor];
        const [product] = grad(sum(mul(gradient, v)), [theta]) as [Tensor];
        return { inputs: [...inputs, theta, v], outputs: { product: { tensor: product } } };
      },
    };
  };
  const ofBatch = objectivePrograms("batch");

  /** What an optimiser does to all of θ beside its update. */
  const beside = (phase: Phase): CompileRequest => ({
    outputs: optimizerOutputs(optimizer, parameterCount, layout, phase),
  });
  /** The programs of a batch, or of the first or a further part of one. */
  const trainRequest = (batch: number, share: Share | undefined, weighted = false, adds = false): CompileRequest => {
    const theta = vector("theta", "theta");
    const built = build(batch, learning, theta, share, weighted, adds ? "nextState" : "state");
    const { total } = built.judge();
    // The objective is the mean over the replicas of a number that is the same in all: each has its share of the
    // gradient, and their sum is g.
    const [gradient] = grad(total, [theta], constant(1 / (share?.replicas ?? 1))) as [Tensor];
    const before = (segment: string, { shape }: Tensor): Tensor => input(`${segment} so far`, shape, "f32", segment);
    const place = (segment: string, tensor: Tensor) => ({
      tensor: adds ? add(before(segment, tensor), tensor) : tensor,
      place: { segment, offset: 0 },
    });
    return {
      inputs: built.inputs,
      outputs: {
        loss: place("loss", total),
        gradient: place("gradient", gradient),
        ...nextState(built.nextState()),
      },
    };
  };
  /** One number an example: what of them a function makes. */
  const ofEach =
    (make: (each: Tensor, output: Tensor) => Tensor) =>
    (batch: number, share?: Share): CompileRequest => {
      const { inputs, output, judge } = build(batch, judging, vector("theta", "theta"), share);
      return {
        inputs,
        outputs: {
          each: { tensor: make(judge().each, output), ...(share && { place: { segment: "each", offset: 0 } }) },
        },
      };
    };
  const requests: Readonly<Record<PlainKind, (batch: number, share?: Share, weighted?: boolean) => CompileRequest>> = {
    train: (batch, share, weighted) => trainRequest(batch, share, weighted),
    addToTrain: (batch, share, weighted) => trainRequest(batch, share, weighted, true),
    update(_, share) {
      const { rows = parameterCount, first = 0 } = share ?? {};
      return {
        outputs: optimizerOutputs(optimizer, rows, cutLayout(layout, first, rows), (inputs) =>
          optimizer.update(inputs),
        ),
        // Replicas share θ out, not state.
        effects:
          updatesState && !share
            ? [storeOp(["state", "nextState"].map((name) => input(name, [state.length], "f32", name)))]
            : [],
      };
    },
    ascend: () => beside((inputs) => optimizer.ascend?.(inputs)),
    every: () => beside((inputs) => optimizer.every?.update(inputs)),
    refresh(batch, share) {
      const mode: Mode = { training: false, normalization: "batch", refreshShare: input("share", [], "f32", "share") };
      const built = build(batch, mode, vector("theta", "theta"), share);
      return { inputs: built.inputs, outputs: nextState(built.nextState()) };
    },
    evaluate(batch, share, weighted) {
      const { inputs, output, sums } = build(batch, judging, vector("theta", "theta"), share, weighted);
      const { loss, penalty, correct } = sums();
      return {
        inputs,
        outputs: {
          loss: { tensor: loss },
          output: { tensor: output, ...outputPlace(share) },
          ...(penalty && { penalty: { tensor: penalty } }),
          ...(correct && { correct: { tensor: correct } }),
        },
      };
    },
    predict(batch, share) {
      const { inputs, output } = build(batch, judging, vector("theta", "theta"), share);
      return { inputs: inputs.slice(0, 1), outputs: { output: { tensor: output, ...outputPlace(share) } } };
    },
    ...objectivePrograms("running"),
    batchLoss: ofBatch.loss,
    batchGradient: ofBatch.gradient,
    batchHessianVector: ofBatch.hessianVector,
    lossOfEach: ofEach((each) => each),
    gradientNormOfEach: ofEach((each, output) => {
      const [byOutput] = grad(sum(each), [output]) as [Tensor];
      return sum(reshape(mul(byOutput, byOutput), [output.shape[0] as number, -1]), 1);
    }),
  };
  // Wrong combinations of network, loss and regulariser are found here, not at the first step.
  const probe = requireKnownInputs(requests.train(2));
  const updatesState = "nextState" in probe.outputs;
  /** Asked for by replicas alone, and then once. */
  let byRows: ReadonlySet<unknown> | undefined;
  const streamsByRows = (): ReadonlySet<unknown> => {
    byRows ??= drawsByRows(
      [prediction],
      Object.values(probe.outputs).map((output) => output.tensor),
    );
    return byRows;
  };

  const lossOfTwo = (): Tensor => build(2, learning, vector("theta", "theta")).judge().each;
  const requireEach = (): void => {
    const { shape } = lossOfTwo();
    if (shape[0] !== 2)
      throw new Error(
        `weights and scores of examples: the loss "${loss.name}" gives one number a batch, ${showShape(shape)}; have it return one number an example, [batch]`,
      );
  };

  return {
    layout,
    initializers,
    parameterCount,
    stateLayout,
    state,
    output: prediction.shape.slice(1),
    target,
    inputBelow: description.inputType === "i32" ? shortestTable(prediction, sample) : undefined,
    judges: loss.correct !== undefined,
    link: loss.link,
    lossIsMean: () => lossOfTwo().shape[0] === 2 || isMeanOverRows(lossOfTwo(), 2),
    trace: build,
    program(kind, batch, share) {
      const weighted = isWeighted(kind);
      if (weighted || kind.endsWith("OfEach")) requireEach();
      const plain = (weighted ? kind.slice(WEIGHTED.length) : kind) as PlainKind;
      const request = requireKnownInputs(requests[plain](batch, share, weighted));
      return compile(share ? replaceDraws(request, streamsByRows(), share.rows) : request);
    },
  };
}

/** Replicas write their rows of one common output. */
const outputPlace = (share: Share | undefined) => (share ? { place: { segment: "output", offset: 0 } } : {});

/** Where an input for examples lies. */
const placeOf = (name: string, { replicas }: Share): string => (replicas > 1 ? name : "batch");

/** A batch that is not shared out. */
const whole = (rows: number): Share => ({ rows, replicas: 1 });

/** Throws for an input that nobody fills: one that a network or loss made for itself. */
function requireKnownInputs(request: CompileRequest): CompileRequest {
  const roots = [...Object.values(request.outputs).map((output) => output.tensor), ...(request.effects ?? [])];
  for (const tensor of topological(roots)) {
    const { operation, attributes } = tensor;
    if (operation.name === "input" && attributes.segment === "batch" && !request.inputs?.includes(tensor))
      throw new Error(
        `createModel: the network or the loss uses an input "${attributes.name}" of its own; use context.parameter, or ops.constant`,
      );
  }
  return request;
}

/** What a regulariser returned, as a scalar: nothing, a number or a tensor of one element. */
function scalarPenalty(value: unknown): Tensor | undefined {
  if (value === undefined || value === 0) return undefined;
  const penalty = typeof value === "number" ? constant(value) : (value as Tensor);
  if (penalty?.operation === undefined || penalty.type !== "f32" || size(penalty) !== 1)
    throw new Error(
      `createModel: the regularizer must return a scalar made by operations, got ${penalty?.operation ? showShape(penalty.shape) : show(value)}; reduce it with ops.sum`,
    );
  return reshape(penalty, []);
}

/** Rows of the shortest table that is looked up by the model's input itself. */
function shortestTable(root: Tensor, x: Tensor): number | undefined {
  const isInput = (tensor: Tensor): boolean =>
    tensor === x || (tensor.operation.view !== undefined && tensor.inputs.some(isInput));
  let rows: number | undefined;
  const seen = new Set<Tensor>();
  const visit = (tensor: Tensor): void => {
    if (seen.has(tensor)) return;
    seen.add(tensor);
    const [table, indices] = tensor.inputs;
    if (tensor.operation.name === "gatherRows" && isInput(indices as Tensor))
      rows = Math.min(rows ?? Number.POSITIVE_INFINITY, table?.shape[0] as number);
    tensor.inputs.forEach(visit);
  };
  visit(root);
  return rows;
}
