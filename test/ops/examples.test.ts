// Every primitive with a derivative, on its own examples: gradient and second derivative against central differences,
// and all builds against each other.
import { beforeAll, describe, expect, test } from "vitest";
import type { ModelMemory } from "../../bindings/memory.ts";
import { size, type Tensor } from "../../src/graph/tensor.ts";
import { add, mul } from "../../src/ops/binary.ts";
import "../../src/index.ts";
import { grad } from "../../src/ops/grad.ts";
import { input } from "../../src/ops/leaves.ts";
import { type Example, operations } from "../../src/ops/op.ts";
import { logSumExp, sum } from "../../src/ops/reduce.ts";
import { builds, type Numbers, runner, testMemory } from "../run.ts";

/** Irregular numbers in [low, high]: no ties, nothing at a kink. */
function numbers(n: number, seed: number, [low, high]: readonly [number, number]): Float32Array {
  return Float32Array.from({ length: n }, (_, i) => {
    const turn = (i + 1) * 0.754877666 + seed * 0.569840291 + 0.013;
    return low + (high - low) * (turn - Math.floor(turn));
  });
}

interface Case {
  readonly inputs: readonly Tensor[];
  readonly values: Record<string, ArrayLike<number>>;
  readonly y: Tensor;
  /** Indices of inputs that are numbers. */
  readonly smooth: readonly number[];
}

function caseOf(name: string, example: Example): Case {
  const operation = operations.get(name);
  if (!operation) throw new Error(`no operation ${name}`);
  const inputs = example.shapes.map((shape, i) => input(`x${i}`, shape, example.integers?.[i] ? "i32" : "f32"));
  const values = Object.fromEntries(
    inputs.map((x, i) => {
      const classes = example.integers?.[i];
      const list = classes
        ? Int32Array.from({ length: size(x) }, (_, k) => (k * 7 + 3) % classes)
        : numbers(size(x), i + 1, example.range ?? [-2, 2]);
      return [`x${i}`, list];
    }),
  );
  // crossEntropyGradient takes a saved log-sum-exp, which is no variable of its own: it belongs to the logits.
  const saved = name === "crossEntropyGradient";
  const given = inputs.map((x, i) => (saved && i === 2 ? logSumExp(inputs[1] as Tensor, 1) : x));
  const smooth = inputs.flatMap((x, i) => (x.type === "f32" && !(saved && i === 2) ? [i] : []));
  return { inputs, values, y: operation(given, example.attributes), smooth };
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a, (v, i) => v * (b[i] as number)).reduce((x, y) => x + y, 0);

/**
 * Compares g·u with a central difference of f along u. f is computed in f32: its noise, some 1e-6 of its size, divided
 * by the step 2h = 2^-6, and the neglected third derivative times h² are what the tolerance allows for.
 */
function checkDirection(
  f: (values: Record<string, ArrayLike<number>>) => number,
  values: Record<string, ArrayLike<number>>,
  name: string,
  gradient: Numbers,
  seed: number,
): void {
  const x = values[name] as Float32Array;
  const direction = numbers(x.length, seed, [-1, 1]);
  const h = 2 ** -7;
  const at = (t: number): number =>
    f({ ...values, [name]: Float32Array.from(x, (v, i) => v + t * (direction[i] as number)) });
  // Richardson: the h² term cancels between h and 2h.
  const slope = (s: number): number => (at(s) - at(-s)) / (2 * s);
  const numeric = (4 * slope(h) - slope(2 * h)) / 3;
  const exact = dot(gradient, direction);
  const scale = 1 + Math.abs(exact) + Math.sqrt(dot(gradient, gradient));
  expect(Math.abs(numeric - exact), `${name}: numeric ${numeric}, gradient ${exact}`).toBeLessThan(3e-3 * scale);
}

const cases = [...operations].flatMap(([name, operation]) =>
  operation
    .examples()
    .filter(() => operation.gradient || operation.decompose)
    .map((example) => ({
      name,
      example,
      label: `${name} ${JSON.stringify(example.shapes)} ${JSON.stringify(example.attributes ?? {})}`,
    })),
);

describe("every operation", () => {
  let memory: ModelMemory;
  beforeAll(async () => {
    memory = await testMemory("strict");
  });

  test("has examples unless it has no derivative to check", () => {
    const bare = [...operations.values()].filter((o) => o.examples().length === 0).map((o) => o.name);
    // What needs threads, integer results, random numbers, effects; crossEntropy is checked through its composed form in crossEntropy.test.ts.
    expect(bare.sort()).toEqual([
      "adaptive",
      "allReduce",
      "argmax",
      "argmin",
      "crossEntropy",
      "dropout",
      "equalLabels",
      "lion",
      "mergeStatistics",
      "oneHot",
      "randomNormal",
      "randomUniform",
      "rprop",
      "sgd",
      "stopGradient",
      "store",
    ]);
  });

  test.each(cases)("gradient: $label", ({ name, example }) => {
    const { inputs, values, y, smooth } = caseOf(name, example);
    const weights = input("weights", y.shape);
    values.weights = numbers(size(y), 9, [-1, 1]);
    const loss = sum(mul(y, weights));
    const targets = smooth.map((i) => inputs[i] as Tensor);
    const run = runner(memory, [loss, ...grad(loss, targets)]);
    const [, ...gradients] = run(values);
    const value = runner(memory, [y]);
    const f = (at: Record<string, ArrayLike<number>>): number =>
      dot((value(at) as [Numbers])[0], values.weights as Float32Array);
    smooth.forEach((i, k) => checkDirection(f, values, `x${i}`, gradients[k] as Numbers, 20 + i));
  });

  test.each(cases)("second derivative: $label", ({ name, example }) => {
    const { inputs, values, y, smooth } = caseOf(name, example);
    values.weights = numbers(size(y), 9, [-1, 1]);
    const targets = smooth.map((i) => inputs[i] as Tensor);
    const first = grad(sum(mul(y, input("weights", y.shape))), targets);
    // d/dx of (∂loss/∂x)·v for a fixed v: a Hessian-vector product
    const vs = targets.map((target, k) => input(`v${k}`, target.shape));
    vs.forEach((v, k) => {
      values[`v${k}`] = numbers(size(v), 30 + k, [-1, 1]);
    });
    const along = first.map((g, k) => sum(mul(g, vs[k] as Tensor))).reduce((a, b) => add(a, b));
    const products = runner(memory, grad(along, targets))(values);
    const gradientOf = runner(memory, first);
    const f = (at: Record<string, ArrayLike<number>>): number =>
      gradientOf(at)
        .map((g, k) => dot(g, values[`v${k}`] as Float32Array))
        .reduce((a, b) => a + b);
    smooth.forEach((i, k) => checkDirection(f, values, `x${i}`, products[k] as Numbers, 40 + i));
  });

  test.each(cases)("builds agree: $label", async ({ name, example }) => {
    const { values, y } = caseOf(name, example);
    const results = await Promise.all(
      builds.map(async (build) => runner(await testMemory(build), [y])(values)[0] as Numbers),
    );
    const [strict, debug, relaxed] = results as [Numbers, Numbers, Numbers | undefined];
    expect(debug).toEqual(strict);
    // A fused multiply-add rounds once where the strict build rounds twice.
    relaxed?.forEach((value, i) =>
      expect(Math.abs(value - (strict[i] as number))).toBeLessThanOrEqual(1e-5 * (1 + Math.abs(value))),
    );
  });
});
