// From a user's description to programs: runs the network on symbolic tensors, lays the parameters out in one flat
// vector, and writes the program for each purpose and batch size. Knows nothing of memory.

import { requireOneOf, requireShape, show } from "../checks.ts";
import { type DataType, type Shape, sameShape, showShape, size, type Tensor, topological } from "../graph/tensor.ts";
import { type Loss, type LossFunction, type TargetSpecification, toLoss } from "../losses.ts";
import type { Initializer } from "../nn/initializers.ts";
import type { Context, Layer, ParameterKind } from "../nn/layer.ts";
import { add, mul } from "../ops/binary.ts";
import { grad } from "../ops/grad.ts";
import { constant, input } from "../ops/leaves.ts";
import { reshape, slice } from "../ops/movement.ts";
import { mean, sum } from "../ops/reduce.ts";
import type { Optimizer } from "../optimizers/optimizer.ts";
import { type CompileRequest, compile } from "../plan/compile.ts";
import type { Program } from "../plan/program.ts";
import type { Regularizer } from "../regularizers.ts";

/** A parameter's place in θ; g and the optimiser's slots have the same layout. */
export interface ParameterSlice {
  readonly name: string;
  readonly kind: ParameterKind;
  readonly shape: Shape;
  /** First element in θ. */
  readonly offset: number;
  readonly size: number;
}

/**
 * What a program is for. `train` leaves loss and g; `update` changes θ by g; `evaluate` sums losses and right answers;
 * the last three read θ from the batch instead of the model, for `objective`.
 */
export const programKinds = ["train", "update", "evaluate", "predict", "loss", "gradient", "hessianVector"] as const;
export type ProgramKind = (typeof programKinds)[number];

export interface Description {
  readonly input: Shape;
  readonly inputType: DataType;
  readonly network: Layer;
  readonly loss: Loss | LossFunction;
  readonly regularizer?: Regularizer | undefined;
  readonly optimizer: Optimizer;
}

export interface Blueprint {
  readonly layout: readonly ParameterSlice[];
  readonly initializers: readonly Initializer[];
  readonly parameterCount: number;
  /** Shape of one example's output. */
  readonly output: Shape;
  /** The targets of a batch of one. */
  readonly target: TargetSpecification;
  /** Integer inputs must be below this: the shortest table they index. */
  readonly inputBelow: number | undefined;
  /** Whether `evaluate` counts right answers. */
  readonly judges: boolean;
  program(kind: ProgramKind, batch: number): Program;
}

/** Where the parameters of a trace come from. */
type Lookup = (name: string, shape: Shape, initializer: Initializer, kind: ParameterKind) => Tensor;

interface Trace {
  readonly training: boolean;
  readonly lookup: Lookup;
  readonly counts: Map<string, number>;
  readonly scopes: Set<string>;
  streams: number;
}

/** Streams of a step's draws; those below belong to initialisation and shuffling. */
const FIRST_STREAM = 1 << 16;

function contextOf(trace: Trace, path: string): Context {
  return {
    training: trace.training,
    parameter: (name, shape, initializer, kind = "weight") => trace.lookup(path + name, shape, initializer, kind),
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

/** Traces the description once and checks that its parts fit together. */
export function draw(description: Description): Blueprint {
  const { network, optimizer } = description;
  const loss = toLoss(description.loss);
  const layout: ParameterSlice[] = [];
  const initializers: Initializer[] = [];
  const batchInput = (batch: number): Tensor => input("x", [batch, ...description.input], description.inputType);
  const run = (x: Tensor, training: boolean, lookup: Lookup): Tensor => {
    const trace: Trace = { training, lookup, counts: new Map(), scopes: new Set(), streams: 0 };
    const y = network.apply(x, contextOf(trace, ""));
    if (y?.operation === undefined) throw new Error(`createModel: the network returned ${show(y)}, expected a tensor`);
    const [batch] = x.shape;
    if (y.shape[0] !== batch)
      throw new Error(
        `createModel: the network turns [batch, …] into ${showShape(y.shape)} for a batch of ${batch}; its first axis must stay the batch`,
      );
    return y;
  };

  const placeholders = new Map<string, Tensor>();
  const register: Lookup = (name, shape, initializer, kind) => {
    if (name === "" || name.endsWith(".")) throw new Error("createModel: a parameter needs a name");
    requireOneOf(`createModel: parameter ${name}`, "kind", kind, ["weight", "bias", "scale"]);
    requireShape(`createModel: parameter ${name}`, "shape", shape);
    const known = placeholders.get(name);
    if (known && !sameShape(known.shape, shape))
      throw new Error(
        `createModel: parameter ${name} is asked for as ${showShape(known.shape)} and as ${showShape(shape)}`,
      );
    if (known) return known;
    const offset = layout.reduce((total, entry) => total + entry.size, 0);
    layout.push({ name, kind, shape, offset, size: size(shape) });
    initializers.push(initializer);
    const placeholder = input(name, shape, "f32", "placeholder");
    placeholders.set(name, placeholder);
    return placeholder;
  };
  const sample = batchInput(1);
  const prediction = run(sample, true, register);
  const parameterCount = layout.reduce((total, entry) => total + entry.size, 0);
  const bytes = 4 * (2 + optimizer.slots) * parameterCount;
  if (bytes > 2 ** 32)
    throw new Error(
      `createModel: ${parameterCount} parameters, their gradient and ${optimizer.slots} optimiser slots need ${(bytes / 2 ** 30).toFixed(1)} GiB, beyond the 4 GiB of WebAssembly; make the network smaller`,
    );
  if (parameterCount === 0) throw new Error("createModel: the network has no parameters: there is nothing to learn");

  const target = loss.target(prediction.shape);
  const entries = new Map(layout.map((entry) => [entry.name, entry]));
  /** Slices of θ; each parameter is one tensor however often it is asked for, so that its gradients meet in one sum. */
  const fromVector = (theta: Tensor): Lookup => {
    const slices = new Map<string, Tensor>();
    return (name, shape) => {
      const entry = entries.get(name);
      if (!entry || !sameShape(entry.shape, shape))
        throw new Error(
          `createModel: the network asks for parameter ${name} ${showShape(shape)}, which its first run did not; it must not change between runs`,
        );
      const known = slices.get(name) ?? reshape(slice(theta, [entry.offset], [entry.size]), shape);
      slices.set(name, known);
      return known;
    };
  };

  /** The pieces every program is made of. */
  const build = (batch: number, training: boolean, theta: Tensor) => {
    const x = batchInput(batch);
    const lookup = fromVector(theta);
    const output = run(x, training, lookup);
    const specification = loss.target(output.shape);
    const y = input("y", specification.shape, specification.type);
    const judge = () => {
      const each = loss.apply(output, y);
      const parameters = layout.map(({ name, kind, shape }) => ({
        name,
        kind,
        value: lookup(name, shape, initializers[0] as Initializer, kind),
      }));
      const penalty = scalarPenalty(description.regularizer?.(parameters));
      const risk = mean(each);
      return { each, penalty, total: penalty ? add(risk, penalty) : risk };
    };
    return { x, y, output, judge };
  };
  const vector = (name: string, segment: string): Tensor => input(name, [parameterCount], "f32", segment);

  const requests: Readonly<Record<ProgramKind, (batch: number) => CompileRequest>> = {
    train(batch) {
      const theta = vector("theta", "theta");
      const { x, y, judge } = build(batch, true, theta);
      const { total } = judge();
      const [gradient] = grad(total, [theta]) as [Tensor];
      return {
        inputs: [x, y],
        outputs: {
          loss: { tensor: total, place: { segment: "loss", offset: 0 } },
          gradient: { tensor: gradient, place: { segment: "gradient", offset: 0 } },
        },
      };
    },
    update: () => ({
      outputs: {},
      effects: optimizer.update({
        theta: vector("theta", "theta"),
        gradient: vector("gradient", "gradient"),
        slots: Array.from({ length: optimizer.slots }, (_, i) => vector(`slot${i}`, `slot${i}`)),
        scalars: input("scalars", [2], "f32", "scalars"),
      }),
    }),
    evaluate(batch) {
      const { x, y, output, judge } = build(batch, false, vector("theta", "theta"));
      const { each, penalty } = judge();
      const correct = loss.correct?.(output, y);
      return {
        inputs: [x, y],
        outputs: {
          loss: { tensor: size(each) === 1 ? mul(reshape(each, []), batch) : sum(each) },
          ...(penalty && { penalty: { tensor: penalty } }),
          ...(correct && { correct: { tensor: sum(correct) } }),
        },
      };
    },
    predict(batch) {
      const { x, output } = build(batch, false, vector("theta", "theta"));
      return { inputs: [x], outputs: { output: { tensor: output } } };
    },
    loss(batch) {
      const theta = vector("theta", "batch");
      const { x, y, judge } = build(batch, false, theta);
      return { inputs: [x, y, theta], outputs: { loss: { tensor: judge().total } } };
    },
    gradient(batch) {
      const theta = vector("theta", "batch");
      const { x, y, judge } = build(batch, false, theta);
      const { total } = judge();
      const [gradient] = grad(total, [theta]) as [Tensor];
      return { inputs: [x, y, theta], outputs: { loss: { tensor: total }, gradient: { tensor: gradient } } };
    },
    hessianVector(batch) {
      const theta = vector("theta", "batch");
      const v = vector("v", "batch");
      const { x, y, judge } = build(batch, false, theta);
      const [gradient] = grad(judge().total, [theta]) as [Tensor];
      const [product] = grad(sum(mul(gradient, v)), [theta]) as [Tensor];
      return { inputs: [x, y, theta, v], outputs: { product: { tensor: product } } };
    },
  };
  // Wrong combinations of network, loss and regulariser are found here, not at the first step.
  requireKnownInputs(requests.train(2));

  return {
    layout,
    initializers,
    parameterCount,
    output: prediction.shape.slice(1),
    target,
    inputBelow: description.inputType === "i32" ? shortestTable(prediction, sample) : undefined,
    judges: loss.correct !== undefined,
    program: (kind, batch) => compile(requireKnownInputs(requests[kind](batch))),
  };
}

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
