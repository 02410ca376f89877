// `thalweg/arrays`: one fast call on Float32Arrays, no model. Checks every argument, then copies in and out of a WebAssembly
// instance of its own; the training path never comes here.
import { bind } from "./asBind.ts";

type Floats = Float32Array<ArrayBuffer>;

/** What assembly/arrays.ts exports, as as-bind presents it. */
interface ArrayModule {
  matmul(a: Float32Array, b: Float32Array, m: number, n: number, k: number): Floats;
  transpose(a: Float32Array, m: number, n: number): Floats;
  add(a: Float32Array, b: Float32Array): Floats;
  sub(a: Float32Array, b: Float32Array): Floats;
  mul(a: Float32Array, b: Float32Array): Floats;
  axpy(alpha: number, x: Float32Array, y: Float32Array): Floats;
  relu(x: Float32Array): Floats;
  tanh(x: Float32Array): Floats;
  sigmoid(x: Float32Array): Floats;
  exp(x: Float32Array): Floats;
  log(x: Float32Array): Floats;
  softmax(x: Float32Array, columns: number): Floats;
  sum(x: Float32Array): number;
  dot(a: Float32Array, b: Float32Array): number;
  norm(x: Float32Array): number;
  argmax(x: Float32Array): number;
  sgdStep(
    w: Float32Array,
    dw: Float32Array,
    v: Float32Array,
    learningRate: number,
    momentum: number,
    weightDecay: number,
    nesterov: number,
  ): Floats;
}

const call = await bind<ArrayModule>(new URL("./wasm/arrays.wasm", import.meta.url));

/** AssemblyScript's largest object is 1 GiB less its header. */
const maxElements = 2 ** 28 - 16;

// A brand check, unlike instanceof, knows arrays of other realms (iframes, vm contexts) and cannot be deceived.
const typedArrayName = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Float32Array.prototype),
  Symbol.toStringTag,
)?.get as (this: unknown) => string | undefined;

function describe(value: unknown): string {
  if (Array.isArray(value)) return `Array(${value.length})`;
  if (ArrayBuffer.isView(value))
    return `${value.constructor.name}(${(value as Float32Array).length ?? value.byteLength})`;
  if (typeof value === "object" && value) return `an object (${value.constructor?.name ?? "no prototype"})`;
  if (typeof value === "function") return "a function";
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

function checkArray(name: string, argument: string, value: unknown, also = ""): asserts value is Float32Array {
  if (typedArrayName.call(value) !== "Float32Array") {
    const remedy = Array.isArray(value) || ArrayBuffer.isView(value) ? `; pass Float32Array.from(${argument})` : "";
    throw new TypeError(`${name}: ${argument} is ${describe(value)}, expected a Float32Array${also}${remedy}`);
  }
  checkFits(name, argument, (value as Float32Array).length);
}

function checkFits(name: string, what: string, length: number): void {
  if (length > maxElements)
    throw new RangeError(
      `${name}: ${what} has ${length} elements, expected at most ${maxElements} (1 GiB); use smaller pieces`,
    );
}

function checkLength(name: string, argument: string, array: Float32Array, meaning: string, length: number): void {
  if (array.length !== length)
    throw new RangeError(`${name}: ${argument} has ${array.length} elements, expected ${meaning} = ${length}`);
}

function checkSize(name: string, argument: string, value: unknown): asserts value is number {
  if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > maxElements)
    throw new RangeError(`${name}: ${argument} is ${describe(value)}, expected an integer from 0 to ${maxElements}`);
}

function checkNumber(name: string, argument: string, value: unknown): asserts value is number {
  if (typeof value !== "number") throw new TypeError(`${name}: ${argument} is ${describe(value)}, expected a number`);
}

/** Checks a and b of equal length. */
function checkPair(name: string, a: unknown, b: unknown, [first, second] = ["a", "b"]): void {
  checkArray(name, first as string, a);
  checkArray(name, second as string, b);
  checkLength(name, second as string, b, `${first}.length`, a.length);
}

function elementwise(name: "relu" | "tanh" | "sigmoid" | "exp" | "log", x: Float32Array): Floats {
  checkArray(name, "x", x);
  return call(name, x);
}

function pairwise(name: "add" | "sub" | "mul", a: Float32Array, b: Float32Array | number): Floats {
  checkArray(name, "a", a);
  if (typeof b === "number") return call(name, a, Float32Array.of(b));
  checkArray(name, "b", b, " or a number");
  checkLength(name, "b", b, "a.length", a.length);
  return call(name, a, b);
}

/**
 * Matrix product A·B, row-major.
 * @param a [m, k]
 * @param b [k, n]
 * @returns [m, n]; zeros where k is 0
 * @throws if m, n, k are not sizes, or a or b does not have that many elements
 */
export function matmul(a: Float32Array, b: Float32Array, m: number, n: number, k: number): Floats {
  for (const [size, value] of Object.entries({ m, n, k })) checkSize("matmul", size, value);
  checkArray("matmul", "a", a);
  checkArray("matmul", "b", b);
  checkLength("matmul", "a", a, `m·k = ${m}·${k}`, m * k);
  checkLength("matmul", "b", b, `k·n = ${k}·${n}`, k * n);
  checkFits("matmul", "the result", m * n);
  return m * n * k === 0 ? new Float32Array(m * n) : call("matmul", a, b, m, n, k);
}

/**
 * Rows become columns.
 * @param a [m, n], row-major
 * @returns [n, m]
 * @throws if a does not have m·n elements
 */
export function transpose(a: Float32Array, m: number, n: number): Floats {
  checkSize("transpose", "m", m);
  checkSize("transpose", "n", n);
  checkArray("transpose", "a", a);
  checkLength("transpose", "a", a, `m·n = ${m}·${n}`, m * n);
  return call("transpose", a, m, n);
}

/** a + b, element by element; b may be a number. Throws if the lengths differ. */
export function add(a: Float32Array, b: Float32Array | number): Floats {
  return pairwise("add", a, b);
}

/** a − b, element by element; b may be a number. Throws if the lengths differ. */
export function sub(a: Float32Array, b: Float32Array | number): Floats {
  return pairwise("sub", a, b);
}

/** a · b, element by element; b may be a number. Throws if the lengths differ. */
export function mul(a: Float32Array, b: Float32Array | number): Floats {
  return pairwise("mul", a, b);
}

/** alpha·x + y as a new array; x and y stay as they are. Throws if the lengths differ. */
export function axpy(alpha: number, x: Float32Array, y: Float32Array): Floats {
  checkNumber("axpy", "alpha", alpha);
  checkPair("axpy", x, y, ["x", "y"]);
  return call("axpy", alpha, x, y);
}

/** max(x, 0), element by element. */
export function relu(x: Float32Array): Floats {
  return elementwise("relu", x);
}

/** Hyperbolic tangent, element by element. */
export function tanh(x: Float32Array): Floats {
  return elementwise("tanh", x);
}

/** 1 / (1 + exp(−x)), element by element. */
export function sigmoid(x: Float32Array): Floats {
  return elementwise("sigmoid", x);
}

/** e to the power x, element by element. */
export function exp(x: Float32Array): Floats {
  return elementwise("exp", x);
}

/** Natural logarithm, element by element: −∞ at 0, NaN below. */
export function log(x: Float32Array): Floats {
  return elementwise("log", x);
}

/**
 * exp(x) / Σ exp(x) over each row, in its stable form.
 * @param x [rows, columns]
 * @param columns length of a row; by default x is a single one
 * @throws if x is not a whole number of rows
 */
export function softmax(x: Float32Array, columns?: number): Floats {
  checkArray("softmax", "x", x);
  const width = columns ?? x.length;
  checkSize("softmax", "columns", width);
  if (width === 0 ? x.length > 0 : x.length % width !== 0)
    throw new RangeError(`softmax: x has ${x.length} elements, expected a multiple of columns = ${width}`);
  return call("softmax", x, width);
}

/** Sum of the elements, accumulated in f64; 0 for an empty array. */
export function sum(x: Float32Array): number {
  checkArray("sum", "x", x);
  return call("sum", x);
}

/** Mean of the elements, accumulated in f64. Throws if x is empty. */
export function mean(x: Float32Array): number {
  checkArray("mean", "x", x);
  checkFilled("mean", x);
  return call("sum", x) / x.length;
}

/** Σ a·b, accumulated in f64; 0 for empty arrays. Throws if the lengths differ. */
export function dot(a: Float32Array, b: Float32Array): number {
  checkPair("dot", a, b);
  return call("dot", a, b);
}

/** Euclidean length √Σ x², with neither overflow nor underflow on the way; 0 for an empty array. */
export function norm(x: Float32Array): number {
  checkArray("norm", "x", x);
  return call("norm", x);
}

/** Index of the largest element, the first of equals; of the first NaN if there is one. Throws if x is empty. */
export function argmax(x: Float32Array): number {
  checkArray("argmax", "x", x);
  checkFilled("argmax", x);
  return call("argmax", x);
}

export interface SgdStepOptions {
  /** Step length: above 0. */
  readonly learningRate: number;
  /** Share of the last step that is kept, from 0 to 1, 1 excluded; 0 by default. Needs `velocity`. */
  readonly momentum?: number;
  /** Running sum of gradients, as long as the parameters, zeros at first. With momentum it is updated in place. */
  readonly velocity?: Float32Array;
  /** Strength λ of the pull of λ/2·‖w‖² towards 0; 0 by default. */
  readonly weightDecay?: number;
  /** Nesterov's look-ahead; false by default. Needs momentum. */
  readonly nesterov?: boolean;
}

/**
 * One step of stochastic gradient descent in PyTorch's form (torch.optim.SGD):
 * g = gradient + weightDecay·w, v ← momentum·v + g, result w − learningRate·v, or w − learningRate·(g + momentum·v) with
 * Nesterov's look-ahead.
 * @param options a number is the learning rate alone
 * @returns the new parameters; the given ones stay as they are
 * @throws if the lengths differ, an option is out of range or unknown, or momentum comes without velocity
 */
export function sgdStep(parameters: Float32Array, gradient: Float32Array, options: number | SgdStepOptions): Floats {
  checkPair("sgdStep", parameters, gradient, ["parameters", "gradient"]);
  const given = typeof options === "number" ? { learningRate: options } : options;
  checkStep(given, parameters.length);
  const { learningRate, momentum = 0, weightDecay = 0, nesterov = false } = given;
  const velocity = momentum > 0 && given.velocity ? given.velocity : new Float32Array(0);
  const result = call("sgdStep", parameters, gradient, velocity, learningRate, momentum, weightDecay, Number(nesterov));
  if (velocity.length === 0) return result;
  // The new velocity follows the new parameters.
  velocity.set(result.subarray(parameters.length));
  return result.slice(0, parameters.length);
}

function checkFilled(name: string, x: Float32Array): void {
  if (x.length === 0) throw new RangeError(`${name}: x is empty, expected at least one element`);
}

function checkStep(options: SgdStepOptions, length: number): void {
  if (typeof options !== "object" || options === null)
    throw new TypeError(`sgdStep: options is ${describe(options)}, expected a learning rate or { learningRate, … }`);
  const { learningRate, momentum = 0, velocity, weightDecay = 0, nesterov = false, ...unknown } = options;
  for (const name of Object.keys(unknown))
    throw new TypeError(
      `sgdStep: unknown option ${name}, expected learningRate, momentum, velocity, weightDecay or nesterov`,
    );
  const check = (name: string, value: unknown, valid: boolean, expected: string): void => {
    if (!valid) throw new RangeError(`sgdStep: ${name} is ${describe(value)}, expected ${expected}`);
  };
  const finite = Number.isFinite;
  check("learningRate", learningRate, finite(learningRate) && learningRate > 0, "a finite number above 0");
  check("momentum", momentum, finite(momentum) && momentum >= 0 && momentum < 1, "a number from 0 to 1, 1 excluded");
  check("weightDecay", weightDecay, finite(weightDecay) && weightDecay >= 0, "a finite number of at least 0");
  check("nesterov", nesterov, typeof nesterov === "boolean", "true or false");
  check("momentum", momentum, momentum > 0 || !nesterov, "a number above 0 with nesterov: true");
  if (momentum > 0 && velocity === undefined)
    throw new TypeError(
      `sgdStep: momentum is ${momentum} without velocity; pass velocity: new Float32Array(${length})`,
    );
  if (velocity !== undefined) {
    checkArray("sgdStep", "velocity", velocity);
    checkLength("sgdStep", "velocity", velocity, "parameters.length", length);
    checkFits("sgdStep", "parameters and velocity together", 2 * length);
  }
}
