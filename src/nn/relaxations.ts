// Choices made smooth: a temperature between a distribution and a decision, and decisions with a stand-in's gradient.
import { requireOneOf, requireOptions, requirePositive } from "../checks.ts";
import type { Tensor } from "../graph/tensor.ts";
import { greater, maximum, mul, sub } from "../ops/binary.ts";
import { randomUniform } from "../ops/random.ts";
import { argmax } from "../ops/reduce.ts";
import { oneHot } from "../ops/rows.ts";
import * as softmaxes from "../ops/softmax.ts";
import { straightThrough } from "../ops/stopGradient.ts";
import { log, neg, sigmoid } from "../ops/unary.ts";
import { type Layer, requireFeatures, stateless } from "./layer.ts";

export interface SoftmaxOptions {
  /** T > 0 in softmax(x/T): near 0 the largest takes all, large ones make all alike. Default 1. */
  readonly temperature?: number;
}

/** Over the last axis. The losses take logits: leave it out in front of crossEntropy(). */
export function softmax(options: SoftmaxOptions = {}): Layer {
  requireOptions("softmax", options, ["temperature"]);
  const { temperature = 1 } = options;
  requirePositive("softmax", "temperature", temperature);
  return stateless("softmax", (x) => {
    requireFeatures("softmax", x);
    return tempered(x, temperature);
  });
}

const tempered = (x: Tensor, temperature: number): Tensor =>
  softmaxes.softmax(temperature === 1 ? x : mul(x, 1 / temperature));

export interface GumbelSoftmaxOptions extends SoftmaxOptions {
  /** Gives the choice itself, a one-hot vector, with the gradient of the soft one. Default false. */
  readonly hard?: boolean;
}

/**
 * A choice by the logits' odds, relaxed: softmax((x + g)/T) over the last axis, g Gumbel noise (Jang, Gu and Poole
 * 2017). Without noise in evaluation and prediction.
 */
export function gumbelSoftmax(options: GumbelSoftmaxOptions = {}): Layer {
  requireOptions("gumbelSoftmax", options, ["temperature", "hard"]);
  const { temperature = 1, hard = false } = options;
  requirePositive("gumbelSoftmax", "temperature", temperature);
  requireOneOf("gumbelSoftmax", "hard", hard, [true, false]);
  return stateless("gumbelSoftmax", (x, context) => {
    requireFeatures("gumbelSoftmax", x);
    // −log(−log u); u is never 1, and 0 counts as half of its least step.
    const negativeNoise = (stream: number): Tensor => log(neg(log(maximum(randomUniform(x.shape, stream), 2 ** -25))));
    const soft = tempered(context.training ? sub(x, negativeNoise(context.randomStream())) : x, temperature);
    return hard ? straightThrough(oneHot(argmax(soft), x.shape.at(-1) as number), soft) : soft;
  });
}

export interface BinaryOptions {
  /** T > 0 of the σ(x/T) whose gradient it has. Default 1. */
  readonly temperature?: number;
}

/** 1 where x > 0, else 0, with the gradient of σ(x/T): a straight-through unit (Bengio et al. 2013). */
export function binary(options: BinaryOptions = {}): Layer {
  requireOptions("binary", options, ["temperature"]);
  const { temperature = 1 } = options;
  requirePositive("binary", "temperature", temperature);
  return stateless("binary", (x) => straightThrough(greater(x, 0), sigmoid(mul(x, 1 / temperature))));
}
