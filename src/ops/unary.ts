// Elementwise functions of one tensor and the activations, each with its derivative.

import type { KernelCalls } from "../../bindings/generated/kernels.ts";
import { type Attributes, type Emitter, type Operand, type Shape, size, type Tensor } from "../graph/tensor.ts";
import { add, div, greater, minimum, mul, sub, where } from "./binary.ts";
import { type Example, op } from "./op.ts";

type Call = (y: unknown, x: unknown, n: number) => void;
type GradientCall = (dx: unknown, dy: unknown, x: unknown, n: number) => void;
/** Kernels with exactly these parameters. */
type KernelsLike<C extends (...list: never[]) => void> = {
  [K in keyof KernelCalls<unknown>]: Parameters<KernelCalls<unknown>[K]> extends Parameters<C> ? K : never;
}[keyof KernelCalls<unknown>];

type Rule = (dy: Tensor, x: Tensor, y: Tensor) => Tensor;

const examplesOf = (range?: readonly [number, number], attributes?: Attributes): readonly Example[] =>
  ([[3, 5], [1], [17]] as Shape[]).map((shape) => ({
    shapes: [shape],
    ...(range && { range }),
    ...(attributes && { attributes }),
  }));

/** A function with a kernel (y, x, n). `rule` gives dx; null: the derivative is zero wherever it exists. */
function unary(kernel: KernelsLike<Call>, rule: Rule | null, range?: readonly [number, number]): (x: Tensor) => Tensor {
  const defined = op(kernel, {
    shape: ([x]) => x as Shape,
    emit: (k, y, [x]) => (k[kernel] as Call)(y, x, size(y)),
    elementwise: true,
    inPlace: [0],
    gradient: (dy, y) => [rule ? rule(dy, y.inputs[0] as Tensor, y) : null],
    examples: () => examplesOf(range),
  });
  return (x) => defined([x]);
}

/**
 * dx = dy·f′ as one kernel (dx, dy, v, n). v is x or y of the function; `derivative` is f′ as a graph over v:
 * what second derivatives are made from.
 */
function unaryGradient(
  kernel: KernelsLike<GradientCall>,
  derivative: (v: Tensor) => Tensor,
): (dy: Tensor, v: Tensor) => Tensor {
  const defined = op(kernel, {
    shape: ([dy]) => dy as Shape,
    emit: (k, dx, [dy, v]) => (k[kernel] as GradientCall)(dx, dy, v, size(dx)),
    elementwise: true,
    inPlace: [0, 1],
    decompose: (node) => mul(node.inputs[0] as Tensor, derivative(node.inputs[1] as Tensor)),
    examples: () =>
      examplesOf().map((example) => ({
        ...example,
        shapes: [example.shapes[0] as Shape, example.shapes[0] as Shape],
      })),
  });
  return (dy, v) => defined([dy, v]);
}

const TWO_OVER_SQRT_PI = 2 / Math.sqrt(Math.PI);

export const neg = /* @__PURE__ */ unary("neg", (dy) => neg(dy));
export const abs = /* @__PURE__ */ unary("abs", (dy, x) => mul(dy, sign(x)));
export const sign = /* @__PURE__ */ unary("sign", null);
export const exp = /* @__PURE__ */ unary("exp", (dy, _, y) => mul(dy, y));
export const expm1 = /* @__PURE__ */ unary("expm1", (dy, _, y) => mul(dy, add(y, 1)));
export const log = /* @__PURE__ */ unary("log", (dy, x) => div(dy, x), [0.1, 4]);
export const log1p = /* @__PURE__ */ unary("log1p", (dy, x) => div(dy, add(x, 1)), [-0.5, 4]);
export const sqrt = /* @__PURE__ */ unary("sqrt", (dy, _, y) => div(mul(dy, 0.5), y), [0.1, 4]);
export const rsqrt = /* @__PURE__ */ unary("rsqrt", (dy, x, y) => mul(dy, mul(-0.5, div(y, x))), [0.2, 4]);
export const square = /* @__PURE__ */ unary("square", (dy, x) => mul(dy, mul(2, x)));
export const reciprocal = /* @__PURE__ */ unary("reciprocal", (dy, _, y) => neg(mul(dy, square(y))), [0.3, 4]);
export const sin = /* @__PURE__ */ unary("sin", (dy, x) => mul(dy, cos(x)));
export const cos = /* @__PURE__ */ unary("cos", (dy, x) => neg(mul(dy, sin(x))));
/** 2/√π ∫₀ˣ exp(−t²) dt */
export const erf = /* @__PURE__ */ unary("erf", (dy, x) => mul(dy, mul(TWO_OVER_SQRT_PI, exp(neg(square(x))))));

const tanhGradient = /* @__PURE__ */ unaryGradient("tanhGradient", (y) => sub(1, square(y)));
export const tanh = /* @__PURE__ */ unary("tanh", (dy, _, y) => tanhGradient(dy, y));

const sigmoidGradient = /* @__PURE__ */ unaryGradient("sigmoidGradient", (y) => mul(y, sub(1, y)));
/** 1 / (1 + exp(−x)) */
export const sigmoid = /* @__PURE__ */ unary("sigmoid", (dy, _, y) => sigmoidGradient(dy, y));

const softplusGradient = /* @__PURE__ */ unaryGradient("softplusGradient", (x) => sigmoid(x));
/** log(1 + exp x), without overflow */
export const softplus = /* @__PURE__ */ unary("softplus", (dy, x) => softplusGradient(dy, x));

const siluGradient = /* @__PURE__ */ unaryGradient("siluGradient", (x) => {
  const s = sigmoid(x);
  return mul(s, add(1, mul(x, sub(1, s))));
});
/** x·sigmoid(x) */
export const silu = /* @__PURE__ */ unary("silu", (dy, x) => siluGradient(dy, x));

/** Φ(x) + x·φ(x), the derivative of x·Φ(x) for the standard normal Φ */
const geluDerivative = (x: Tensor): Tensor =>
  add(mul(0.5, add(1, erf(mul(x, Math.SQRT1_2)))), mul(x, mul(1 / Math.sqrt(2 * Math.PI), exp(mul(-0.5, square(x))))));
const geluGradient = /* @__PURE__ */ unaryGradient("geluGradient", geluDerivative);
const geluExact = /* @__PURE__ */ unary("gelu", (dy, x) => geluGradient(dy, x));

const geluTanhGradient = /* @__PURE__ */ unaryGradient("geluTanhGradient", (x) => {
  const c = Math.sqrt(2 / Math.PI);
  const t = tanh(mul(c, add(x, mul(0.044715, mul(x, square(x))))));
  const inner = mul(c, add(1, mul(3 * 0.044715, square(x))));
  return add(mul(0.5, add(1, t)), mul(mul(0.5, x), mul(sub(1, square(t)), inner)));
});
const geluTanh = /* @__PURE__ */ unary("geluTanh", (dy, x) => geluTanhGradient(dy, x));

/** x·Φ(x) with the exact normal distribution, or its tanh approximation. */
export const gelu = (x: Tensor, approximation: "none" | "tanh" = "none"): Tensor =>
  approximation === "tanh" ? geluTanh(x) : geluExact(x);

/** dy where y > 0. Linear in dy; its derivative by y is zero wherever it exists. */
const reluGradientOp = /* @__PURE__ */ op("reluGradient", {
  shape: ([dy]) => dy as Shape,
  emit: (k, dx, [dy, y]) => k.reluGradient(dx, dy as Operand, y as Operand, size(dx)),
  elementwise: true,
  inPlace: [0, 1],
  gradient: (du, node) => [reluGradientOp([du, node.inputs[1] as Tensor]), null],
  examples: () => [
    {
      shapes: [
        [3, 5],
        [3, 5],
      ],
    },
  ],
});
/** max(x, 0); the derivative at 0 is 0. */
export const relu = /* @__PURE__ */ unary("relu", (dy, _, y) => reluGradientOp([dy, y]));

/** An activation with one number as parameter, and the kernel of its gradient. */
function parametric(
  kernel: "leakyRelu" | "elu",
  parameter: string,
  gradientKernel: "leakyReluGradient" | "eluGradient",
  derivative: (x: Tensor, value: number) => Tensor,
): (x: Tensor, value: number) => Tensor {
  const examples = () => examplesOf(undefined, { [parameter]: 0.3 });
  const value = (attributes: Attributes): number => attributes[parameter] as number;
  const gradient = op(gradientKernel, {
    shape: ([dy]) => dy as Shape,
    emit: (k: Emitter, dx, [dy, x], a) => k[gradientKernel](dx, dy as Operand, x as Operand, size(dx), value(a)),
    elementwise: true,
    inPlace: [0, 1],
    decompose: (node) => mul(node.inputs[0] as Tensor, derivative(node.inputs[1] as Tensor, value(node.attributes))),
    examples: () =>
      examples().map((example) => ({
        ...example,
        shapes: [example.shapes[0] as Shape, example.shapes[0] as Shape],
      })),
  });
  const forward = op(kernel, {
    shape: ([x]) => x as Shape,
    emit: (k, y, [x], a) => k[kernel](y, x as Operand, size(y), value(a)),
    elementwise: true,
    inPlace: [0],
    gradient: (dy, y) => [gradient([dy, y.inputs[0] as Tensor], y.attributes)],
    examples,
  });
  return (x, number) => forward([x], { [parameter]: number });
}

const leaky = /* @__PURE__ */ parametric("leakyRelu", "slope", "leakyReluGradient", (x, slope) =>
  add(mul(greater(x, 0), 1 - slope), slope),
);
/** x where x > 0, slope·x elsewhere */
export const leakyRelu = (x: Tensor, slope = 0.01): Tensor => leaky(x, slope);

const exponentialLinear = /* @__PURE__ */ parametric("elu", "alpha", "eluGradient", (x, alpha) =>
  where(greater(x, 0), 1, mul(alpha, exp(minimum(x, 0)))),
);
/** x where x > 0, alpha·(exp x − 1) elsewhere */
export const elu = (x: Tensor, alpha = 1): Tensor => exponentialLinear(x, alpha);
