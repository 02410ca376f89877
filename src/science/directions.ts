// Random directions that are comparable between networks: of the size of the network's own weights (Li et al. 2018).
import { requireOneOf, requireOptions, requireSeed, requireWhole } from "../checks.ts";
import { randomSource } from "../data/random.ts";
import type { Model } from "../training/model.ts";
import type { ParameterSlice } from "../training/trace.ts";
import { workingsOf } from "../training/workings.ts";
import { type Section, spanned } from "./sections.ts";

export interface RandomSectionOptions {
  /** Default 0. */
  readonly seed?: number;
  /** 1: a line, 2: a plane. Default 2. */
  readonly dimensions?: number;
  /**
   * What gives a direction the size of the parameters: "filter": each output's weights, all numbers with one index of
   * the last axis, get the norm of the network's own (Li et al. 2018); "layer": each parameter as a whole; "weight":
   * each number is multiplied by the network's; "none". Default "filter".
   */
  readonly normalize?: "filter" | "layer" | "weight" | "none";
  /** Kinds of parameters that stay where they are; default biases and the scales of norms. */
  readonly ignore?: readonly ParameterSlice["kind"][];
}

/** Streams of these draws, one for each direction. */
const STREAM = 0x5c20;

/**
 * The line or plane through a model's parameters along directions drawn from a normal distribution, from −1 to 1.
 * @throws where nothing is left to move
 */
export function randomSection(model: Model, options: RandomSectionOptions = {}): Section {
  const call = "randomSection";
  const { engine } = workingsOf(call, model);
  requireOptions(call, options, ["seed", "dimensions", "normalize", "ignore"]);
  const { seed = 0, dimensions = 2, normalize = "filter", ignore = ["bias", "scale"] } = options;
  requireSeed(call, seed);
  requireWhole(call, "dimensions", dimensions, 1);
  requireOneOf(call, "dimensions", dimensions, [1, 2]);
  requireOneOf(call, "normalize", normalize, ["filter", "layer", "weight", "none"]);
  for (const kind of ignore) requireOneOf(call, "ignore", kind, ["weight", "bias", "scale"]);
  const { layout } = engine.specification;
  if (layout.every(({ kind }) => ignore.includes(kind)))
    throw new Error(`${call}: ignore leaves no parameter to move; leave a kind out of [${ignore}]`);
  const theta = engine.theta().slice();
  const directions = Array.from({ length: dimensions }, (_, i) => {
    const { normal } = randomSource(seed, STREAM + i);
    const direction = Float32Array.from(theta, normal);
    for (const entry of layout) {
      const part = direction.subarray(entry.offset, entry.offset + entry.size);
      if (ignore.includes(entry.kind)) part.fill(0);
      else resize(part, theta.subarray(entry.offset, entry.offset + entry.size), entry, normalize);
    }
    return direction;
  });
  const kind = dimensions === 1 ? "random line" : "random plane";
  return spanned({ parameters: theta }, directions, { about: { kind, seed, normalize, ignore: [...ignore] } });
}

/** Gives a direction `d` the size of the parameter `w`. Vectors, such as biases, are one filter an element. */
function resize(d: Float32Array, w: Float32Array, { shape }: ParameterSlice, normalize: string): void {
  if (normalize === "weight") for (let i = 0; i < d.length; i++) d[i] = (d[i] as number) * (w[i] as number);
  if (normalize !== "filter" && normalize !== "layer") return;
  const filters = normalize === "filter" ? (shape.at(-1) ?? 1) : 1;
  for (let filter = 0; filter < filters; filter++) {
    let [own, wanted] = [0, 0];
    for (let i = filter; i < d.length; i += filters) {
      own += (d[i] as number) ** 2;
      wanted += (w[i] as number) ** 2;
    }
    const factor = own > 0 ? Math.sqrt(wanted / own) : 0;
    for (let i = filter; i < d.length; i += filters) d[i] = (d[i] as number) * factor;
  }
}
