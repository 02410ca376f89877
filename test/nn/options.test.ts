// Layers refuse options they cannot honour when they are made, long before any number is computed.
import { describe, expect, test } from "vitest";
import { dense, dropout, elu, embedding, gelu, initializers, layerNorm, leakyRelu } from "../../src/index.ts";

/** The call with arguments no type allows. */
const any =
  (call: (...list: never[]) => unknown, ...list: unknown[]) =>
  (): unknown =>
    call(...(list as never[]));

const symbol = Symbol("x");
const refusals: readonly (readonly [() => unknown, string])[] = [
  [any(dense, 0), "dense: units must be a whole number ≥ 1, got 0"],
  [any(dense, 2.5), "dense: units must be a whole number ≥ 1, got 2.5"],
  [any(dense, "128"), 'dense: units must be a whole number ≥ 1, got "128"'],
  [any(dense), "dense: units must be a whole number ≥ 1, got undefined"],
  [any(dense, symbol), "dense: units must be a whole number ≥ 1, got Symbol(x)"],
  [any(dense, 3, { biass: false }), 'dense: unknown option "biass"; known are bias, initializer, biasInitializer'],
  [any(dense, 3, { bias: "no" }), 'dense: bias must be true or false, got "no"'],
  [any(dense, 3, { initializer: 1 }), "dense: initializer must be a function such as initializers.glorot(), got 1"],
  [any(dense, 3, { biasInitializer: "zeros" }), "dense: biasInitializer must be a function"],
  [any(dense, 3, null), "dense: expected an object of options, got null"],
  [any(dense, 3, relu), "dense: expected an object of options"],
  [any(dropout, 1), "dropout: rate must be in [0, 1), got 1"],
  [any(dropout, -0.1), "dropout: rate must be in [0, 1), got -0.1"],
  [any(dropout, Number.NaN), "dropout: rate must be in [0, 1), got NaN"],
  [any(dropout, "0.5"), 'dropout: rate must be in [0, 1), got "0.5"'],
  [any(dropout, 1 - 2 ** -30), "dropout: rate must be in [0, 1), got 0.99"], // 1 in f32
  [any(embedding, 0, 3), "embedding: count must be a whole number ≥ 1, got 0"],
  [any(embedding, 3), "embedding: width must be a whole number ≥ 1, got undefined"],
  [any(embedding, 3, 3, 1), "embedding: initializer must be a function such as initializers.normal(), got 1"],
  [any(layerNorm, { epsilon: 0 }), "layerNorm: epsilon must be a finite number > 0 that f32 can hold, got 0"],
  [any(layerNorm, { epsilon: 1e-50 }), "layerNorm: epsilon must be a finite number > 0 that f32 can hold, got 1e-50"],
  [any(layerNorm, { eps: 1 }), 'layerNorm: unknown option "eps"; known are epsilon, affine'],
  [any(layerNorm, 1e-5), "layerNorm: expected an object of options, got 0.00001"],
  [any(leakyRelu, Number.NaN), "leakyRelu: slope must be a finite number that f32 can hold, got NaN"],
  [any(elu, 1e39), "elu: alpha must be a finite number that f32 can hold, got 1e+39"],
  [any(gelu, "tahn"), 'gelu: approximation must be "none" or "tanh", got "tahn"'],
  [any(initializers.constantValues, Number.NaN), "constantValues: value must be a finite number"],
  [any(initializers.uniform, 1, -1), "uniform: low must not be above high, got 1 and -1"],
  [any(initializers.uniform, -1, Number.POSITIVE_INFINITY), "uniform: high must be a finite number"],
  [any(initializers.normal, -1), "normal: deviation must be in [0, "],
  [any(initializers.truncatedNormal, 1, Number.NaN), "truncatedNormal: mean must be a finite number"],
  [
    any(initializers.glorot, "gaussian"),
    'glorot: distribution must be "uniform" or "normal" or "truncatedNormal", got "gaussian"',
  ],
  [any(initializers.orthogonal, Number.POSITIVE_INFINITY), "orthogonal: gain must be a finite number"],
];

function relu(): void {}

describe("a layer's options", () => {
  test.each(refusals.map(([call, message]) => [message, call] as const))("%s", (message, call) => {
    expect(call).toThrow(message);
  });
});
