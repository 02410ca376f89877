// Curves of low loss between two networks (Garipov et al. 2018): θ(t) = Σ cⱼ(t)·wⱼ, the ends fixed, the bends learnt.
// θ(t) is a node of an ordinary model's graph, whose parameters are the bends: fit, optimisers, threads and checkpoints
// are those of any model, and the gradient of bend j is cⱼ(t)·∇L(θ(t)).
import { requireOneOf, requireOptions, requireWhole } from "../checks.ts";
import type { Tensor } from "../graph/tensor.ts";
import { add, mul, sub } from "../ops/binary.ts";
import { constant } from "../ops/leaves.ts";
import { matmul } from "../ops/matmul.ts";
import { concat, reshape } from "../ops/movement.ts";
import { randomUniform } from "../ops/random.ts";
import { abs, relu } from "../ops/unary.ts";
import { createModel, type Model, type ModelOptions } from "../training/model.ts";
import { contextFor, flatSource, type ParameterSlice } from "../training/trace.ts";
import { type Place, pointsOf, requireSameNetwork, type Section } from "./sections.ts";

export interface CurveOptions {
  /**
   * "bezier": cⱼ = C(k, j)·tʲ·(1 − t)ᵏ⁻ʲ, for k − 1 bends; "chain": straight from bend to bend, cⱼ = max(0, 1 − |t·k − j|).
   * Default "bezier".
   */
  readonly kind?: "bezier" | "chain";
  /** Points between the ends, at least 1; default 1. */
  readonly bends?: number;
}

/** The curve as it is, for surface() and pathSummary; x is t. */
export type CurveSection = Section & { readonly vectors: readonly { readonly parameters: Float32Array }[] };

export interface Curve {
  /**
   * Its parameters are the bends, one after another. A step draws one t ~ U(0, 1) and learns at θ(t); evaluation is at
   * the `t` of its state, ½ at first. The regulariser is that of θ(t); an optimiser's weight decay is of the bends.
   * Running statistics belong to no one t: evaluate the curve with surface(), normalization "refresh".
   */
  readonly model: Model;
  /** θ(t), t in [0, 1]: a at 0 and b at 1, exactly. */
  at(t: number): Float32Array;
  section(): CurveSection;
}

/** The stream of t, away from those of layers. */
const STREAM = 0x7c000000;

/**
 * A curve between two networks, straight at first.
 * @param options how the networks were made, and how the curve learns: see createModel
 * @throws for ends of other networks, and for ends that are the same
 */
export async function createCurve(
  options: ModelOptions,
  ends: readonly [a: Place, b: Place],
  curve: CurveOptions = {},
): Promise<Curve> {
  const call = "createCurve";
  requireOptions(call, curve, ["kind", "bends"]);
  const { kind = "bezier", bends = 1 } = curve;
  requireOneOf(call, "kind", kind, ["bezier", "chain"]);
  requireWhole(call, "bends", bends, 1);
  const [a, b] = pointsOf(call, { a: ends[0], b: ends[1] }).map(({ parameters }) => parameters) as [
    Float32Array,
    Float32Array,
  ];
  const sample = await createModel(options);
  const { layout } = sample;
  requireSameNetwork(call, "a", ends[0], "the network of the options", sample);
  sample.close();
  const model = await createModel({ ...options, ...network(options, layout, kind, a, b, bends) });
  const [t, fixed] = ["t", "ends"].map((name) => model.stateLayout.find((entry) => entry.name === name)?.offset);
  const { state } = model;
  state[t as number] = 0.5;
  state.set(a, fixed);
  state.set(b, (fixed as number) + a.length);
  const section = (): CurveSection => ({
    about: { kind: `${kind} curve from a to b`, bends },
    vectors: [
      a,
      ...Array.from({ length: bends }, (_, i) => model.parameters.slice(i * a.length, (i + 1) * a.length)),
      b,
    ].map((parameters) => ({ parameters })),
    coefficients: (x) => coefficients[kind](x, bends + 1),
    ranges: [[0, 1]],
    marks: [
      { name: "a", x: 0, y: 0 },
      { name: "b", x: 1, y: 0 },
    ],
  });
  return {
    model,
    section,
    at(x) {
      const { vectors } = section();
      const factors = coefficients[kind](x, bends + 1);
      return a.map((_, i) =>
        vectors.reduce((sum, { parameters }, j) => sum + (factors[j] as number) * (parameters[i] as number), 0),
      );
    },
  };
}

const choose = (n: number, k: number): number => (k === 0 ? 1 : (choose(n - 1, k - 1) * n) / k);

/** c₀ … cₖ at t. */
const coefficients = {
  bezier: (t: number, k: number): number[] =>
    Array.from({ length: k + 1 }, (_, j) => choose(k, j) * t ** j * (1 - t) ** (k - j)),
  chain: (t: number, k: number): number[] =>
    Array.from({ length: k + 1 }, (_, j) => Math.max(0, 1 - Math.abs(t * k - j))),
};

/** The same of a tensor. */
const factorsOf = {
  bezier(t: Tensor, k: number): Tensor[] {
    const rest = sub(1, t);
    const power = (x: Tensor, n: number): Tensor => (n === 0 ? constant(1, [1]) : mul(power(x, n - 1), x));
    return Array.from({ length: k + 1 }, (_, j) => mul(choose(k, j), mul(power(t, j), power(rest, k - j))));
  },
  chain: (t: Tensor, k: number): Tensor[] =>
    Array.from({ length: k + 1 }, (_, j) => relu(sub(1, abs(sub(mul(t, k), j))))),
};

/** The network at θ(t), and the regulariser there. */
function network(
  { network: inner, regularizer }: ModelOptions,
  layout: readonly ParameterSlice[],
  kind: NonNullable<CurveOptions["kind"]>,
  a: Float32Array,
  b: Float32Array,
  bends: number,
): Pick<ModelOptions, "network" | "regularizer"> {
  const shape = [a.length];
  /** Of the run under way: a regulariser's comes behind its network's. */
  let point: ((entry: ParameterSlice) => Tensor) | undefined;
  return {
    network: {
      name: "curve",
      apply(x, context) {
        // State is asked for in every run, whether it is used or not.
        const given = context.state("t", [1], 0).value;
        const ends = context.state("ends", [2, a.length], 0).value;
        const between = Array.from({ length: bends }, (_, i) => {
          const share = (i + 1) / (bends + 1);
          const straight = () => a.map((value, j) => (1 - share) * value + share * (b[j] as number));
          return context.parameter(`bend${i + 1}`, shape, straight);
        });
        const t = context.training ? randomUniform([1], STREAM) : given;
        const factors = factorsOf[kind](t, bends + 1);
        const [first, last] = [factors[0] as Tensor, factors.at(-1) as Tensor];
        // Products of a row of factors and a matrix of vectors: each passes once over θ, and adds to the one before.
        const row = between.reduce(
          (sum, bend, j) => add(sum, matmul(reshape(factors[j + 1] as Tensor, [1, 1]), reshape(bend, [1, -1]))),
          matmul(reshape(concat([first, last]), [1, 2]), ends),
        );
        const theta = reshape(row, shape);
        const { parameter } = flatSource({ layout, stateLayout: [] }, theta, theta);
        point = (entry) => parameter(entry.name, entry.shape, zeros, entry.kind);
        const { training, normalization, refreshShare, replicas, rowShare } = context;
        return inner.apply(
          x,
          contextFor(
            { training, normalization, refreshShare, replicas, rowShare },
            { parameter, state: (name, size, initial) => context.state(name, size, initial) },
          ),
        );
      },
    },
    ...(regularizer && {
      regularizer: () =>
        regularizer(layout.map((entry) => ({ name: entry.name, kind: entry.kind, value: point?.(entry) as Tensor }))),
    }),
  };
}

/** A slice of θ(t) is never drawn. */
const zeros = (): Float32Array => new Float32Array(0);
