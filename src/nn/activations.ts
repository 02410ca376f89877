// Activations as layers.

import { requireFinite, requireOneOf } from "../checks.ts";
import * as unary from "../ops/unary.ts";
import { type Layer, stateless } from "./layer.ts";

export const relu = (): Layer => stateless("relu", (x) => unary.relu(x));
export function leakyRelu(slope = 0.01): Layer {
  requireFinite("leakyRelu", "slope", slope);
  return stateless("leakyRelu", (x) => unary.leakyRelu(x, slope));
}
export function elu(alpha = 1): Layer {
  requireFinite("elu", "alpha", alpha);
  return stateless("elu", (x) => unary.elu(x, alpha));
}
/** x·Φ(x); `"tanh"` for the usual approximation. */
export function gelu(approximation: "none" | "tanh" = "none"): Layer {
  requireOneOf("gelu", "approximation", approximation, ["none", "tanh"]);
  return stateless("gelu", (x) => unary.gelu(x, approximation));
}
export const silu = (): Layer => stateless("silu", (x) => unary.silu(x));
export const softplus = (): Layer => stateless("softplus", (x) => unary.softplus(x));
export const tanh = (): Layer => stateless("tanh", (x) => unary.tanh(x));
export const sigmoid = (): Layer => stateless("sigmoid", (x) => unary.sigmoid(x));
