// Tools for tests of layers: irregular numbers, parameters by name, networks' outputs, directional derivatives.
import { expect } from "vitest";
import {
  createModel,
  type Layer,
  type Model,
  type ModelOptions,
  meanSquaredError,
  type Objective,
} from "../../src/index.ts";

/** Irregular numbers in [low, high): no ties, nothing at a kink. */
export function numbers(n: number, seed = 1, low = -1, high = 1): Float32Array {
  return Float32Array.from({ length: n }, (_, i) => {
    const turn = (i + 1) * 0.754877666 + seed * 0.569840291 + 0.013;
    return low + (high - low) * (turn - Math.floor(turn));
  });
}

/** A strict model with a loss that asks nothing of the network. */
export const netOf = (input: readonly number[], network: Layer, more: Partial<ModelOptions> = {}): Promise<Model> =>
  createModel({ input, network, loss: meanSquaredError(), seed: 5, build: "strict", ...more });

/** The numbers of one parameter. */
export function parameter(model: Model, name: string): Float32Array {
  const slice = model.layout.find((entry) => entry.name === name);
  if (!slice) throw new Error(`test: no parameter ${name} among ${model.layout.map((entry) => entry.name)}`);
  return model.parameters.subarray(slice.offset, slice.offset + slice.size);
}

/** [m, k] · [k, n] in double precision. */
export function product(a: ArrayLike<number>, b: ArrayLike<number>, k: number, n: number): number[] {
  return Array.from({ length: (a.length / k) * n }, (_, at) => {
    const [row, column] = [Math.floor(at / n), at % n];
    let sum = 0;
    for (let i = 0; i < k; i++) sum += (a[row * k + i] as number) * (b[i * n + column] as number);
    return sum;
  });
}

export const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
};
export const norm = (a: ArrayLike<number>): number => Math.sqrt(dot(a, a));

/** Element by element, |got − expected| ≤ tolerance·max(1, |expected|). */
export function expectClose(got: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  expect(got.length).toBe(expected.length);
  for (let i = 0; i < got.length; i++) {
    const e = expected[i] as number;
    const error = Math.abs((got[i] as number) - e) / Math.max(1, Math.abs(e));
    expect(error, `number ${i}: ${got[i]}, expected ${e}`).toBeLessThanOrEqual(tolerance);
  }
}

/** Directions that move one parameter each, and one that moves all. */
function directions(model: Model, seed: number): Float32Array[] {
  const whole = numbers(model.parameters.length, seed);
  return [...model.layout, { offset: 0, size: whole.length }].map(({ offset, size }) =>
    whole.map((value, i) => (i >= offset && i < offset + size ? value : 0)),
  );
}

/** Fourth-order central difference at 0: errors of h² cancel between h and 2h. */
const slope = (f: (t: number) => number, h: number): number => (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h);

const moved = (theta: Float32Array, u: Float32Array, t: number): Float32Array =>
  theta.map((value, i) => value + t * (u[i] as number));

/**
 * g·u against a central difference of the loss, along each parameter. Steps have length h in θ. The loss carries an
 * f32 error of some 2⁻²² of its size, so the difference one of 2⁻²²·loss/h; the neglected fifth derivative times h⁴ is
 * below that for these nets.
 */
export function checkGradient(model: Model, objective: Objective): void {
  const theta = model.parameters.slice();
  const gradient = new Float32Array(theta.length);
  const loss = objective.gradient(theta, gradient);
  expect(loss).toBe(objective.loss(theta));
  const h = 2 ** -6;
  for (const u of directions(model, 11)) {
    const unit = u.map((value) => value / norm(u));
    const numeric = slope((t) => objective.loss(moved(theta, unit, t)), h);
    const exact = dot(gradient, unit);
    expect(Math.abs(numeric - exact), `numeric ${numeric}, gradient ${exact}`).toBeLessThan(
      (2 ** -22 * Math.max(1, loss)) / h + 1e-4 * norm(gradient),
    );
  }
  expect(norm(gradient)).toBeGreaterThan(1e-3);
}

/**
 * H·v against a central difference of the gradient, and u·Hv = v·Hu. The gradient's error is some 2⁻²² of its size,
 * that of the difference 2⁻²²/h of it.
 */
export function checkHessian(model: Model, objective: Objective): void {
  const theta = model.parameters.slice();
  const n = theta.length;
  const [u, v] = [numbers(n, 3), numbers(n, 4)].map((w) => w.map((value) => value / norm(w))) as [
    Float32Array,
    Float32Array,
  ];
  const product = (w: Float32Array): Float32Array => {
    const out = new Float32Array(n);
    objective.hessianVector(theta, w, out);
    return out;
  };
  const gradientAt = (t: number): Float32Array => {
    const out = new Float32Array(n);
    objective.gradient(moved(theta, v, t), out);
    return out;
  };
  const h = 2 ** -6;
  const [a, b, c, d] = [h, -h, 2 * h, -2 * h].map(gradientAt) as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const numeric = a.map(
    (_, i) => (8 * ((a[i] as number) - (b[i] as number)) - ((c[i] as number) - (d[i] as number))) / (12 * h),
  );
  const exact = product(v);
  expect(norm(exact)).toBeGreaterThan(1e-3);
  const scale = Math.max(norm(a), norm(exact));
  expect(norm(numeric.map((value, i) => value - (exact[i] as number)))).toBeLessThan(
    (scale * 2 ** -21) / h + 2e-4 * norm(exact),
  );
  expect(Math.abs(dot(u, exact) - dot(v, product(u)))).toBeLessThan(2 ** -20 * scale);
}
