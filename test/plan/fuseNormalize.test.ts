// The rules for normalisation: which calls they leave, and that they change no bit.
import { describe, expect, test } from "vitest";
import { ops, type Tensor } from "../../src/index.ts";
import { input } from "../../src/ops/leaves.ts";
import { compile } from "../../src/plan/compile.ts";
import { numbers } from "../nn/net.ts";
import { runner, testMemory } from "../run.ts";

const x = input("x", [4, 4, 4, 5]);
const scale = input("scale", [5]);
const shift = input("shift", [5]);
const values = { x: numbers(320, 1, -3, 5), scale: numbers(5, 2), shift: numbers(5, 3) };

/** A normalised x, by the batch's statistics. */
function normal(): Tensor {
  const { mean, variance } = ops.batchStatistics(x);
  return ops.normalize(x, mean, ops.mul(scale, ops.rsqrt(ops.add(variance, 1e-5))), shift);
}
/** Σ of the squares of what is behind it, and its gradients. */
const withGradients = (y: Tensor): Tensor[] => {
  const loss = ops.sum(ops.square(y));
  return [loss, ...ops.grad(loss, [x, scale, shift])];
};
const kernels = (outputs: readonly Tensor[]): Set<string> =>
  new Set(
    compile({ outputs: Object.fromEntries(outputs.map((tensor, i) => [`out${i}`, { tensor }])) }).calls.map(
      (call) => call.kernel,
    ),
  );

const nets: Readonly<Record<string, () => Tensor>> = {
  "normalisation alone": normal,
  "relu behind it": () => ops.relu(normal()),
  "relu and pooling behind it": () => ops.maxPool2d(ops.relu(normal()), 2),
  // Everything has a second reader.
  "relu behind it, x added": () => ops.add(ops.relu(normal()), x),
  "what relu cuts off is read too": () => {
    const y = normal();
    return ops.add(ops.relu(y), y);
  },
};

describe("fused normalisation", () => {
  test.each(Object.keys(nets))("%s: the same bits as without fusion", async (name) => {
    const memory = await testMemory("strict");
    const outputs = withGradients((nets[name] as () => Tensor)());
    expect(runner(memory, outputs)(values)).toEqual(runner(memory, outputs, { fusion: false })(values));
  });

  test("one pass each: statistics, normalisation with relu, sums, gradient", () => {
    const calls = kernels(withGradients(ops.maxPool2d(ops.relu(normal()), 2)));
    for (const kernel of ["batchStatistics", "normalize", "normalizeSums", "normalizeGradient"])
      expect(calls).toContain(kernel);
    for (const kernel of ["relu", "reluGradient", "fill"]) expect(calls).not.toContain(kernel);
  });

  test("what relu cuts off keeps its own relu where it is read elsewhere", () => {
    expect(kernels(withGradients((nets["what relu cuts off is read too"] as () => Tensor)()))).toContain("relu");
  });
});
