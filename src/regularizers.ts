// Regularisers λ·Ω(w): functions of the parameters, of the weights alone unless told otherwise.

import { requireOneOf, requireOptions, show } from "./checks.ts";
import type { Tensor } from "./graph/tensor.ts";
import type { ParameterKind } from "./nn/layer.ts";
import { add, mul } from "./ops/binary.ts";
import { sum } from "./ops/reduce.ts";
import { abs, square } from "./ops/unary.ts";

/** A parameter as a regulariser sees it. */
export interface NamedParameter {
  readonly name: string;
  readonly kind: ParameterKind;
  readonly value: Tensor;
}

/** λ·Ω: a scalar made of the parameters by operations; undefined: nothing to add. */
export type Regularizer = (parameters: readonly NamedParameter[]) => Tensor | undefined;

export interface RegularizerOptions {
  /** Which parameters count; default: those of kind "weight". */
  readonly include?: "weights" | "all" | ((parameter: NamedParameter) => boolean);
}

function overParameters(
  call: string,
  strength: number,
  term: (w: Tensor) => Tensor,
  options: RegularizerOptions,
): Regularizer {
  if (typeof strength !== "number" || !(strength >= 0) || !Number.isFinite(Math.fround(strength)))
    throw new Error(`${call}: the strength must be a finite number ≥ 0, got ${show(strength)}`);
  requireOptions(call, options, ["include"]);
  const { include = "weights" } = options;
  if (typeof include !== "function") requireOneOf(call, "include", include, ["weights", "all"]);
  const chosen =
    typeof include === "function" ? include : (p: NamedParameter) => include === "all" || p.kind === "weight";
  return (parameters) => {
    const terms = parameters.filter(chosen).map((p) => term(p.value));
    if (strength === 0 || terms.length === 0) return undefined;
    return mul(
      strength,
      terms.reduce((total, t) => add(total, t)),
    );
  };
}

/** λ·Σ w². Its gradient is 2λ·w: twice PyTorch's weight decay of the same number. */
export const l2 = (strength: number, options: RegularizerOptions = {}): Regularizer =>
  overParameters("l2", strength, (w) => sum(square(w)), options);

/** λ·Σ |w|. */
export const l1 = (strength: number, options: RegularizerOptions = {}): Regularizer =>
  overParameters("l1", strength, (w) => sum(abs(w)), options);

/** λ₁·Σ |w| + λ₂·Σ w² (Zou and Hastie 2005). */
export function elasticNet(
  strengths: { readonly l1: number; readonly l2: number },
  options: RegularizerOptions = {},
): Regularizer {
  requireOptions("elasticNet", strengths, ["l1", "l2"]);
  const parts = [l1(strengths.l1, options), l2(strengths.l2, options)];
  return (parameters) => {
    const terms = parts.map((part) => part(parameters)).filter((term) => term !== undefined);
    return terms.length === 0 ? undefined : terms.reduce((total, t) => add(total, t));
  };
}
