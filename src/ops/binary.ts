// Elementwise operations of two tensors with broadcasting, comparisons, and where.
import type { Operand, Shape, Tensor } from "../graph/tensor.ts";
import { asTensor, type TensorLike } from "./leaves.ts";
import { broadcastTo } from "./movement.ts";
import { type Example, op } from "./op.ts";
import { sumTo } from "./reduce.ts";
import { broadcastShape, broadcastStrides, forOuter, mergeAxes, shift, stridesOf } from "./shapes.ts";
import { log, neg } from "./unary.ts";

type BinaryKernel =
  | "add" | "sub" | "mul" | "div" | "pow" | "maximum" | "minimum"
  | "equal" | "notEqual" | "less" | "lessEqual" | "greater" | "greaterEqual"; // biome-ignore format: three families

type Rule = (dy: Tensor, a: Tensor, b: Tensor, y: Tensor) => readonly [Tensor, Tensor];

const shapes: readonly Example[] = [
  {
    shapes: [
      [3, 5],
      [3, 5],
    ],
  },
  { shapes: [[17], []] },
  { shapes: [[3, 5], [5]] },
  {
    shapes: [
      [3, 5],
      [3, 1],
    ],
  },
  {
    shapes: [
      [2, 1, 3],
      [4, 1],
    ],
  },
];

function binary(name: BinaryKernel, rule?: Rule, range?: readonly [number, number]) {
  const kernel = name === "maximum" ? "max2" : name === "minimum" ? "min2" : name;
  return op(name, {
    shape: ([a, b]) => broadcastShape(name, a as Shape, b as Shape),
    emit: (k, y, [a, b]) => {
      const operands = [y, a, b] as readonly [Operand, Operand, Operand];
      const nest = mergeAxes(y.shape, [
        stridesOf(y.shape),
        ...operands.slice(1).map((o) => broadcastStrides(o.shape, y.shape)),
      ]);
      forOuter(nest, 2, ({ extents: [m, n], strides }, offsets) => {
        const [out, left, right] = operands.map((o, i) => shift(o, offsets[i] as number)) as [
          Operand,
          Operand,
          Operand,
        ];
        const [, [aRow, aColumn], [bRow, bColumn]] = strides as [number[], [number, number], [number, number]];
        k[kernel](out, left, right, m as number, n as number, aRow, aColumn, bRow, bColumn);
      });
    },
    elementwise: true,
    inPlace: [0, 1],
    broadcasts: [0, 1],
    ...(rule && {
      gradient: (dy: Tensor, y: Tensor) => {
        const [a, b] = y.inputs as [Tensor, Tensor];
        const [da, db] = rule(dy, a, b, y);
        return [sumTo(da, a.shape), sumTo(db, b.shape)];
      },
    }),
    ...(!rule && { gradient: () => [null, null] }),
    examples: () =>
      rule ? shapes.map((example) => (range ? { ...example, range } : example)) : [{ shapes: [[3, 5], [5]] }],
  });
}

const primitives = {
  add: binary("add", (dy) => [dy, dy]),
  sub: binary("sub", (dy) => [dy, neg(dy)]),
  mul: binary("mul", (dy, a, b) => [mul(dy, b), mul(dy, a)]),
  div: binary("div", (dy, _, b, y) => [div(dy, b), neg(div(mul(dy, y), b))], [0.5, 2]),
  // d(aᵇ)/db = aᵇ·ln a; where a = 0 that is 0 for b > 0, as in PyTorch
  pow: binary("pow", (dy, a, b, y) => [
    mul(dy, mul(b, pow(a, sub(b, 1)))),
    mul(dy, where(equal(y, 0), broadcastTo(asTensor(0), y.shape), mul(y, log(a)))),
  ], [0.5, 2]), // biome-ignore format: a rule a line
  maximum: binary("maximum", (dy, a, b) => [mul(dy, greaterEqual(a, b)), mul(dy, less(a, b))]),
  minimum: binary("minimum", (dy, a, b) => [mul(dy, lessEqual(a, b)), mul(dy, greater(a, b))]),
  equal: binary("equal"),
  notEqual: binary("notEqual"),
  less: binary("less"),
  lessEqual: binary("lessEqual"),
  greater: binary("greater"),
  greaterEqual: binary("greaterEqual"),
};

const callable =
  (name: BinaryKernel) =>
  (a: TensorLike, b: TensorLike): Tensor =>
    primitives[name]([asTensor(a), asTensor(b)]);

export const add = callable("add");
export const sub = callable("sub");
export const mul = callable("mul");
export const div = callable("div");
/** aᵇ with IEEE's special cases. */
export const pow = callable("pow");
/** The larger of two, elementwise; NaN wins. Ties give their gradient to a. */
export const maximum = callable("maximum");
export const minimum = callable("minimum");
/** 1 where a = b, else 0; likewise the other comparisons. They have no gradient. */
export const equal = callable("equal");
export const notEqual = callable("notEqual");
export const less = callable("less");
export const lessEqual = callable("lessEqual");
export const greater = callable("greater");
export const greaterEqual = callable("greaterEqual");

const whereOp = /* @__PURE__ */ op("where", {
  shape: ([c]) => c as Shape,
  emit: (k, y, [c, a, b]) =>
    k.where(
      y,
      c as Operand,
      a as Operand,
      b as Operand,
      y.shape.reduce((p, e) => p * e, 1),
    ),
  elementwise: true,
  inPlace: [0, 1, 2],
  gradient: (dy, y) => {
    const condition = y.inputs[0] as Tensor;
    const zero = broadcastTo(asTensor(0), y.shape);
    return [null, where(condition, dy, zero), where(condition, zero, dy)];
  },
  examples: () => [
    {
      shapes: [
        [3, 5],
        [3, 5],
        [3, 5],
      ],
    },
  ],
});

/** a where the condition is not 0, else b; all three broadcast. */
export function where(condition: TensorLike, a: TensorLike, b: TensorLike): Tensor {
  const all = [condition, a, b].map(asTensor);
  const shape = all.reduce<Shape>((known, t) => broadcastShape("where", known, t.shape), []);
  return whereOp(all.map((t) => broadcastTo(t, shape)));
}
