// Rewrites a graph into a smaller one with the same values: common subexpressions, constants, neutral elements,
// broadcasts and transposes that a kernel can read through.
import { createTensor, sameShape, size, type Tensor, topological, withInputs } from "../graph/tensor.ts";
import { mul } from "../ops/binary.ts";
import { constant, scalarValue } from "../ops/leaves.ts";
import { broadcastTo, reshape } from "../ops/movement.ts";
import { broadcastShape } from "../ops/shapes.ts";

/** Maps every root through `rule`, which sees each node with its inputs already rewritten. */
export function rewrite(roots: readonly Tensor[], rule: (node: Tensor) => Tensor): Tensor[] {
  const result = new Map<Tensor, Tensor>();
  // By id, which is the order of creation: steps keep the order in which the network was described and differentiated.
  for (const node of topological(roots).sort((a, b) => a.id - b.id)) {
    const inputs = node.inputs.map((input) => result.get(input) as Tensor);
    result.set(node, rule(withInputs(node, inputs)));
  }
  return roots.map((root) => result.get(root) as Tensor);
}

const fold: Readonly<Record<string, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
};
/** What leaves x unchanged, as right operand and, where the operation commutes, as left one. */
const neutral: Readonly<Record<string, { readonly value: number; readonly left: boolean }>> = {
  add: { value: 0, left: true },
  sub: { value: 0, left: false },
  mul: { value: 1, left: true },
  div: { value: 1, left: false },
};

const name = (tensor: Tensor): string => tensor.operation.name;
const input = (tensor: Tensor, i = 0): Tensor => tensor.inputs[i] as Tensor;

/** The number that fills a tensor, seen through broadcasts and reshapes. */
function fillValue(tensor: Tensor): number | undefined {
  let at = tensor;
  while (name(at) === "broadcastTo" || (name(at) === "reshape" && size(input(at)) === 1)) at = input(at);
  return scalarValue(at);
}

function arithmetic(node: Tensor): Tensor | undefined {
  const apply = fold[name(node)];
  const rest = neutral[name(node)];
  if (!apply || !rest) return undefined;
  const [left, right] = [fillValue(input(node)), fillValue(input(node, 1))];
  if (left !== undefined && right !== undefined) return broadcastTo(constant(apply(left, right)), node.shape);
  // c₁·(c₂·x) = (c₁·c₂)·x
  const inner = input(node, left === undefined ? 0 : 1);
  const factor = left ?? right;
  if (name(node) === "mul" && factor !== undefined && name(inner) === "mul") {
    const at = inner.inputs.findIndex((x) => scalarValue(x) !== undefined);
    const other = input(inner, 1 - at);
    if (at >= 0 && sameShape(other.shape, node.shape))
      return mul(constant(factor * (scalarValue(input(inner, at)) as number)), other);
  }
  if (right === rest.value && sameShape(input(node).shape, node.shape)) return input(node);
  if (rest.left && left === rest.value && sameShape(input(node, 1).shape, node.shape)) return input(node, 1);
  return undefined;
}

/** Operations that repeat small inputs themselves take them unrepeated. */
function readThroughBroadcast(node: Tensor): Tensor {
  const { broadcasts } = node.operation;
  if (!broadcasts) return node;
  const inputs = node.inputs.map((x, i) => (broadcasts.includes(i) && name(x) === "broadcastTo" ? input(x) : x));
  if (inputs.every((x, i) => x === node.inputs[i])) return node;
  if (broadcasts.length === node.inputs.length) {
    const shape = inputs.reduce<readonly number[]>((s, x) => broadcastShape(name(node), s, x.shape), []);
    // All inputs were repeated: compute once, repeat the result.
    if (!sameShape(shape, node.shape))
      return broadcastTo(createTensor(node.operation, inputs, shape, node.attributes, node.type), node.shape);
  }
  return withInputs(node, inputs);
}

function absorbTranspose(node: Tensor): Tensor {
  if (name(node) !== "matmul") return node;
  const flip = (i: number): boolean => name(input(node, i)) === "transpose" && input(node, i).shape.length === 2;
  if (!flip(0) && !flip(1)) return node;
  const [a, b] = [0, 1].map((i) => (flip(i) ? input(input(node, i)) : input(node, i))) as [Tensor, Tensor];
  const { transposeA, transposeB } = node.attributes;
  return createTensor(node.operation, [a, b], node.shape, {
    ...node.attributes,
    transposeA: Boolean(transposeA) !== flip(0),
    transposeB: Boolean(transposeB) !== flip(1),
  });
}

/** A reduction over axes of extent 1. */
function trivialReduction(node: Tensor): Tensor | undefined {
  if (!["sum", "mean", "max", "min"].includes(name(node)) || size(node) !== size(input(node))) return undefined;
  return reshape(input(node), node.shape);
}

/** A sum over replicas of what is the same number in all of them. */
function constantReduction(node: Tensor): Tensor | undefined {
  const value = name(node) === "allReduce" ? fillValue(input(node)) : undefined;
  if (value === undefined) return undefined;
  return broadcastTo(constant(value * (node.attributes.replicas as number)), node.shape);
}

function movement(node: Tensor): Tensor {
  if (name(node) === "reshape") {
    const x = input(node);
    if (name(x) === "reshape") return reshape(input(x), node.shape);
    if (sameShape(x.shape, node.shape)) return x;
    if (name(x) === "broadcastTo" && size(input(x)) === 1) return broadcastTo(reshape(input(x), []), node.shape);
  }
  if (name(node) === "broadcastTo" && name(input(node)) === "broadcastTo")
    return broadcastTo(input(input(node)), node.shape);
  if (name(node) === "slice" && name(input(node)) === "concat") return pieceOf(node) ?? node;
  return node;
}

/** slice(concat(…)) that cuts out exactly one piece is that piece. */
function pieceOf(node: Tensor): Tensor | undefined {
  const joined = input(node);
  const axis = joined.attributes.axis as number;
  const begin = node.attributes.begin as readonly number[];
  let from = 0;
  for (const piece of joined.inputs) {
    if (from === begin[axis] && sameShape(piece.shape, node.shape)) return piece;
    from += piece.shape[axis] as number;
  }
  return undefined;
}

/** JSON has neither infinities nor NaN nor −0: constants that differ must not look equal. */
const exactNumbers = (_: string, value: unknown): unknown =>
  typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0))
    ? `${Object.is(value, -0) ? "-" : ""}${value}`
    : value;

/** Simplifies; equal nodes become one. */
export function simplify(roots: readonly Tensor[]): Tensor[] {
  const known = new Map<string, Tensor>();
  const unique = (node: Tensor): Tensor => {
    const key = `${name(node)}(${node.inputs.map((x) => x.id)})${JSON.stringify(node.attributes, exactNumbers)}[${node.shape}]`;
    const twin = known.get(key);
    if (!twin) known.set(key, node);
    return twin ?? node;
  };
  /** What a rule made may hold new nodes of its own: those are shared too. */
  const share = (node: Tensor, seen: ReadonlySet<Tensor>): Tensor =>
    seen.has(node)
      ? node
      : unique(
          withInputs(
            node,
            node.inputs.map((x) => share(x, seen)),
          ),
        );
  const settled = new Set<Tensor>();
  return rewrite(roots, (node) => {
    const simpler =
      arithmetic(node) ??
      trivialReduction(node) ??
      constantReduction(node) ??
      movement(absorbTranspose(readThroughBroadcast(node)));
    const shared = share(simpler, settled);
    for (const made of [shared, ...shared.inputs]) settled.add(made);
    return shared;
  });
}
