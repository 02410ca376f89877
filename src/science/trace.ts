// Trace and diagonal of the Hessian from random products.
import { requireOneOf, requireOptions, requireWhole } from "../checks.ts";
import type { Objective } from "../training/objective.ts";
import { Basis, mostVectors } from "./basis.ts";
import { Course, type CourseOptions, courseOptions } from "./course.ts";
import { productOf } from "./lanczos.ts";
import { dot, signs } from "./vectors.ts";

export interface TraceOptions extends CourseOptions {
  /**
   * "hutchinson": the mean of vᵀHv over random signs v. "hutch++": exact on the directions in which H is largest, and
   * Hutchinson's on the rest (Meyer, Musco, Musco and Woodruff 2021). Default "hutchinson".
   */
  readonly method?: "hutchinson" | "hutch++";
  /** Hessian-vector products; default 100. */
  readonly samples?: number;
  /** Default 0. */
  readonly seed?: number;
}

export interface Trace {
  readonly trace: number;
  /** Of the estimate, from the spread of its samples; 0 where nothing was left to chance. */
  readonly standardError: number;
  readonly products: number;
}

/** tr ∇²L(θ) */
export async function hessianTrace(
  objective: Objective,
  theta: Float32Array,
  options: TraceOptions = {},
): Promise<Trace> {
  const call = "hessianTrace";
  requireOptions(call, options, [...courseOptions, "method", "samples", "seed"]);
  const { method = "hutchinson", samples = 100, seed = 0 } = options;
  requireOneOf(call, "method", method, ["hutchinson", "hutch++"]);
  requireWhole(call, "samples", samples, method === "hutch++" ? 6 : 2);
  const product = productOf(call, objective, theta);
  const course = new Course(call, options, samples);
  const n = objective.size;
  const third = method === "hutch++" ? Math.min(Math.floor(samples / 3), n, mostVectors(n)) : 0;
  // An orthonormal basis of H·S for random S.
  const basis = await Basis.create(n, third);
  for (let i = 0; i < third; i++) {
    product(signs(call, n, seed, i), basis.next);
    await course.step();
    const before = basis.norm();
    for (let pass = 0; pass < 2; pass++) basis.removeProjections();
    const length = basis.norm();
    // What is left is rounding: H has no further direction.
    if (length > 1e-5 * before) basis.push(length);
  }
  let exact = 0;
  for (let i = 0; i < basis.length; i++) {
    exact += dot(basis.vector(i), product(basis.vector(i)));
    await course.step();
  }
  if (basis.length === n) return { trace: exact, standardError: 0, products: course.done };
  const values: number[] = [];
  while (course.done < samples) {
    basis.next.set(signs(call, n, seed, third + values.length));
    basis.removeProjections();
    values.push(dot(basis.next, product(basis.next)));
    await course.step();
  }
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const spread = values.reduce((total, value) => total + (value - mean) ** 2, 0) / (values.length - 1);
  return { trace: exact + mean, standardError: Math.sqrt(spread / values.length), products: course.done };
}

export interface DiagonalOptions extends CourseOptions {
  /** Hessian-vector products; default 100. */
  readonly samples?: number;
  /** Default 0. */
  readonly seed?: number;
}

/**
 * The diagonal of ∇²L(θ): the mean of v ⊙ Hv over random signs v (Bekas, Kokiopoulou and Saad 2007). The variance of
 * number i is that of a sample, Σ_{j≠i} H²ᵢⱼ, divided by `samples`.
 */
export async function hessianDiagonal(
  objective: Objective,
  theta: Float32Array,
  options: DiagonalOptions = {},
): Promise<Float32Array> {
  const call = "hessianDiagonal";
  requireOptions(call, options, [...courseOptions, "samples", "seed"]);
  const { samples = 100, seed = 0 } = options;
  requireWhole(call, "samples", samples, 1);
  const product = productOf(call, objective, theta);
  const course = new Course(call, options, samples);
  const total = new Float64Array(objective.size);
  for (let i = 0; i < samples; i++) {
    const v = signs(call, objective.size, seed, i);
    const hv = product(v);
    for (let k = 0; k < total.length; k++) total[k] = (total[k] as number) + (v[k] as number) * (hv[k] as number);
    await course.step();
  }
  return Float32Array.from(total, (value) => value / samples);
}
