// Matrix products: the operation the library spends its time in, and the forms the plan fuses it into.
import {
  type Attributes,
  type Emitter,
  type Operand,
  type Pointer,
  type Shape,
  showShape,
  size,
  type Tensor,
} from "../graph/tensor.ts";
import { add, greater, mul } from "./binary.ts";
import { biasRelu, type Epilogue, epilogues, productFusions } from "./fusion.ts";
import { gemmScratchBytes } from "./gemmScratch.ts";
import { broadcastTo, reshape, transpose } from "./movement.ts";
import { type Example, type OperationDefinition, op } from "./op.ts";
import { broadcastShape, shift } from "./shapes.ts";
import { relu } from "./unary.ts";

interface Sizes {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

function sizesOf(a: Shape, b: Shape, attributes: Attributes): Sizes {
  const [aRows, aColumns] = a.slice(-2) as [number, number];
  const [bRows, bColumns] = b.slice(-2) as [number, number];
  const [m, k] = attributes.transposeA ? [aColumns, aRows] : [aRows, aColumns];
  const [kB, n] = attributes.transposeB ? [bColumns, bRows] : [bRows, bColumns];
  if (a.length < 2 || b.length !== a.length || k !== kB || a.slice(0, -2).some((extent, i) => extent !== b[i]))
    throw new Error(
      `matmul: ${showShape(a)}${attributes.transposeA ? "ᵀ" : ""} · ${showShape(b)}${attributes.transposeB ? "ᵀ" : ""}: the inner sizes ${k} and ${kB} must agree, and any leading axes be equal`,
    );
  return { batch: size(a.slice(0, -2)), m: m as number, n: n as number, k: k as number };
}

const sizesOfNode = (y: Tensor): Sizes =>
  sizesOf((y.inputs[0] as Tensor).shape, (y.inputs[1] as Tensor).shape, y.attributes);

/** x where y > 0. */
const reluMask = (x: Tensor, y: Tensor): Tensor => mul(x, greater(y, 0));

/** What the twin of a product knows beside the product: its third input meets the tiles as the attribute `epilogue` says. */
export const finishing = (
  plain: (inputs: readonly Tensor[], attributes: Attributes) => Tensor,
): Pick<OperationDefinition, "fusions" | "inPlace" | "decompose"> => ({
  fusions: [biasRelu],
  inPlace: (attributes) => (attributes.epilogue === "accumulate" ? [2] : []),
  decompose: (y) => {
    const [a, b, extra] = y.inputs as [Tensor, Tensor, Tensor];
    const { epilogue, ...attributes } = y.attributes;
    const product = plain([a, b], attributes);
    if (epilogue === "reluMask") return reluMask(product, extra);
    if (epilogue === "accumulate") return add(extra, product);
    const biased = add(product, extra);
    return epilogue === "biasRelu" ? relu(biased) : biased;
  },
});

/** For `accumulate`, a product is added to what is there: `extra`, which the plan puts there if it can. */
export function emitAddend(k: Emitter, y: Operand, extra: Operand | undefined, epilogue: number): void {
  if (epilogue === epilogues.accumulate && extra && !(extra.segment === y.segment && extra.offset === y.offset))
    k.copy(y, extra, size(y));
}

function emit(
  k: Emitter,
  y: Operand,
  [a, b, extra]: readonly Operand[],
  attributes: Attributes,
  scratch: Pointer,
): void {
  const left = a as Operand;
  const right = b as Operand;
  const { batch, m, n, k: inner } = sizesOf(left.shape, right.shape, attributes);
  const [aRow, aColumn] = attributes.transposeA ? [1, m] : [inner, 1];
  const [bRow, bColumn] = attributes.transposeB ? [1, inner] : [n, 1];
  const epilogue = epilogues[(attributes.epilogue ?? "none") as Epilogue];
  emitAddend(k, y, extra, epilogue);
  for (let i = 0; i < batch; i++)
    k.gemm(
      shift(y, i * m * n), shift(left, i * m * inner), shift(right, i * inner * n), scratch, m, n, inner,
      aRow, aColumn, bRow, bColumn, epilogue, extra ?? y,
    ); // biome-ignore format: addresses, sizes, strides
}

const definition = {
  shape: ([a, b]: readonly Shape[], attributes: Attributes): Shape => {
    const { m, n } = sizesOf(a as Shape, b as Shape, attributes);
    return [...(a as Shape).slice(0, -2), m, n];
  },
  emit,
  scratchBytes: (y: Tensor): number => {
    const { m, n, k } = sizesOfNode(y);
    return gemmScratchBytes(m, n, k);
  },
  cost: (_: Operand, [a, b]: readonly Operand[], attributes: Attributes) => {
    const { batch, m, n, k } = sizesOf((a as Operand).shape, (b as Operand).shape, attributes);
    return { flops: 2 * batch * m * n * k };
  },
};

const shapes: readonly Example[] = [
  {
    shapes: [
      [3, 4],
      [4, 5],
    ],
  },
  {
    shapes: [
      [4, 3],
      [4, 5],
    ],
    attributes: { transposeA: true },
  },
  {
    shapes: [
      [3, 4],
      [5, 4],
    ],
    attributes: { transposeB: true },
  },
  {
    shapes: [
      [4, 3],
      [5, 4],
    ],
    attributes: { transposeA: true, transposeB: true },
  },
  {
    shapes: [
      [1, 9],
      [9, 10],
    ],
  },
  {
    shapes: [
      [9, 17],
      [17, 1],
    ],
  },
  {
    shapes: [
      [2, 3, 4],
      [2, 4, 5],
    ],
  },
];

export const matmulOp = /* @__PURE__ */ op("matmul", {
  ...definition,
  gradient: (dy, y) => {
    const [a, b] = y.inputs as [Tensor, Tensor];
    const { transposeA: ta = false, transposeB: tb = false } = y.attributes as {
      transposeA?: boolean;
      transposeB?: boolean;
    };
    const product = (left: Tensor, right: Tensor, transposeA: boolean, transposeB: boolean): Tensor =>
      matmulOp([left, right], { transposeA, transposeB });
    return [
      ta ? product(b, dy, tb, true) : product(dy, b, false, !tb),
      tb ? product(dy, a, true, ta) : product(a, dy, !ta, false),
    ];
  },
  fusions: productFusions(
    (x) => x.operation.name === "matmul" && x.shape.length === 2,
    (inputs, attributes) => fusedMatmulOp(inputs, attributes),
    ["bias", "reluMask", "accumulate"],
  ),
  examples: () => shapes,
});

/** matmul with something done to each tile while it is in registers. Made by the plan; see fusion.ts. */
const fusedMatmulOp = /* @__PURE__ */ op("fusedMatmul", {
  ...definition,
  ...finishing((inputs, attributes) => matmulOp(inputs, attributes)),
  examples: (): readonly Example[] => [
    { shapes: [[3, 4], [4, 5], [5]], attributes: { epilogue: "bias" } },
    { shapes: [[9, 17], [17, 10], [10]], attributes: { epilogue: "biasRelu" } },
    {
      shapes: [
        [9, 17],
        [13, 17],
        [9, 13],
      ],
      attributes: { transposeB: true, epilogue: "reluMask" },
    },
    {
      shapes: [
        [17, 9],
        [17, 13],
        [9, 13],
      ],
      attributes: { transposeA: true, epilogue: "accumulate" },
    },
  ],
});

export interface MatmulOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

/**
 * Matrix product over the last two axes: [..., m, k] · [..., k, n] → [..., m, n]. Leading axes broadcast; a matrix on
 * the right of a stack is shared by the whole stack.
 */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  for (const x of [a, b])
    if (x.shape.length < 2)
      throw new Error(`matmul: expected at least two axes, got ${showShape(x.shape)}; reshape it first`);
  const { transposeA = false, transposeB = false } = options;
  const attributes = { transposeA, transposeB };
  if (b.shape.length === 2 && a.shape.length > 2) {
    // One big product instead of many small ones: the stack's rows are all multiplied by the same matrix.
    const left = transposeA ? swapLast(a) : a;
    const rows = reshape(left, [-1, left.shape.at(-1) as number]);
    const product = matmulOp([rows, b], { transposeA: false, transposeB });
    return reshape(product, [...left.shape.slice(0, -1), product.shape[1] as number]);
  }
  const lead = broadcastShape("matmul", a.shape.slice(0, -2), b.shape.slice(0, -2));
  return matmulOp(
    [broadcastTo(a, [...lead, ...a.shape.slice(-2)]), broadcastTo(b, [...lead, ...b.shape.slice(-2)])],
    attributes,
  );
}

function swapLast(x: Tensor): Tensor {
  const axes = x.shape.map((_, axis) => axis);
  return transpose(x, [...axes.slice(0, -2), axes.length - 1, axes.length - 2]);
}
