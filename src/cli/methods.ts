// What can be minimised, and how, by name. Text alone: --help need not load the library.
import { existsSync } from "node:fs";
import { InvalidArgumentError } from "commander";

// biome-ignore format: lists of names
export const functionNames = ["rosenbrock", "beale", "himmelblau", "rastrigin", "saddle", "ravine", "quadratic"] as const;
export type FunctionName = (typeof functionNames)[number];

// biome-ignore format: lists of names
export const methodNames = ["gradientDescent", "heavyBall", "nesterov", "nonlinearConjugateGradient", "lbfgs", "newtonCG"] as const;
export type MethodName = (typeof methodNames)[number];

export const isFunction = (text: string): text is FunctionName => (functionNames as readonly string[]).includes(text);

/** A test function's name, or a file. */
export function functionOrCheckpoint(text: string): string {
  if (isFunction(text) || existsSync(text)) return text;
  throw new InvalidArgumentError(`Expected ${functionNames.join(", ")}, or a checkpoint; there is no such file.`);
}

/** "gradientDescent,lbfgs" */
export function methods(text: string): readonly MethodName[] {
  const names = text.split(",").map((name) => name.trim());
  const unknown = names.find((name) => !(methodNames as readonly string[]).includes(name));
  if (unknown !== undefined || new Set(names).size < names.length)
    throw new InvalidArgumentError(`Expected one or more of ${methodNames.join(",")}, each once.`);
  return names as MethodName[];
}

/** "-1.2,1" */
export function numbers(text: string): readonly number[] {
  const values = text.split(",").map((value) => (value.trim() === "" ? Number.NaN : Number(value)));
  if (!values.every((value) => Number.isFinite(Math.fround(value))))
    throw new InvalidArgumentError("Expected numbers as -1.2,1, finite ones.");
  return values;
}
