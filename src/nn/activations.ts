// Activations as layers.
import * as unary from "../ops/unary.ts";
import * as softmaxes from "../ops/softmax.ts";
import { type Layer, stateless } from "./layer.ts";

export const relu = (): Layer => stateless("relu", (x) => unary.relu(x));
export const leakyRelu = (slope = 0.01): Layer => stateless("leakyRelu", (x) => unary.leakyRelu(x, slope));
export const elu = (alpha = 1): Layer => stateless("elu", (x) => unary.elu(x, alpha));
/** x·Φ(x); `"tanh"` for the usual approximation. */
export const gelu = (approximation: "none" | "tanh" = "none"): Layer => stateless("gelu", (x) => unary.gelu(x, approximation));
export const silu = (): Layer => stateless("silu", (x) => unary.silu(x));
export const softplus = (): Layer => stateless("softplus", (x) => unary.softplus(x));
export const tanh = (): Layer => stateless("tanh", (x) => unary.tanh(x));
export const sigmoid = (): Layer => stateless("sigmoid", (x) => unary.sigmoid(x));
/** Over the last axis. The losses take logits: leave it out in front of crossEntropy(). */
export const softmax = (): Layer => stateless("softmax", (x) => softmaxes.softmax(x));
