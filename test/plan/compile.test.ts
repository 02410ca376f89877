// Programs: what is fused, what is shared, and that neither changes a bit of any result.
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import type { ModelMemory } from "../../bindings/memory.ts";
import { topological } from "../../src/graph/tensor.ts";
import { chain, createModel, crossEntropy, dense, l2, ops, relu, type Tensor } from "../../src/index.ts";
import { gemmScratchBytes } from "../../src/ops/gemmScratch.ts";
import { input } from "../../src/ops/leaves.ts";
import { BLOCK } from "../../src/plan/block.ts";
import { compile } from "../../src/plan/compile.ts";
import { formatProgram } from "../../src/plan/print.ts";
import { type Numbers, runner, testMemory } from "../run.ts";

let memory: ModelMemory;
beforeAll(async () => {
  memory = await testMemory("strict");
});

const kernels = (output: Tensor): string[] =>
  compile({ outputs: { y: { tensor: output } } }).calls.map((call) => call.kernel);
const x = input("x", [4, 6]);
const w = input("w", [6, 5]);
const b = input("b", [5]);

describe("a compiled program", () => {
  test("joins matmul, bias and relu in one call", () => {
    expect(kernels(ops.relu(ops.add(ops.matmul(x, w), b)))).toEqual(["gemm"]);
  });

  test("may have more constants than a function takes arguments", () => {
    const values = Float32Array.from({ length: 300_000 }, (_, i) => i);
    const y = ops.add(input("long", [values.length]), ops.constant(values, [values.length]));
    const { constants } = compile({ outputs: { y: { tensor: y } } });
    expect(constants.length).toBeGreaterThanOrEqual(values.length);
    expect(constants.slice(0, values.length)).toEqual(Array.from(values));
  });

  test("does not join what somebody else needs", () => {
    const product = ops.matmul(x, w);
    expect(kernels(ops.add(ops.sum(product), ops.sum(ops.add(product, b))))).toEqual([
      "gemm",
      "sum",
      "add",
      "sum",
      "add",
    ]);
  });

  test("computes equal expressions once and drops neutral elements", () => {
    const twice = ops.add(ops.exp(ops.mul(x, 1)), ops.exp(ops.add(x, 0)));
    expect(kernels(twice)).toEqual(["exp", "add"]);
  });

  test("reads through transposes and broadcasts", () => {
    expect(kernels(ops.matmul(ops.transpose(x), ops.broadcastTo(input("r", [4, 5]), [4, 5])))).toEqual(["gemm"]);
    expect(kernels(ops.mul(x, ops.broadcastTo(ops.constant(3), [4, 6])))).toEqual(["mul"]);
  });

  test("makes pieces of a concat in place", () => {
    const joined = ops.concat([ops.reshape(ops.exp(x), [24]), ops.reshape(ops.matmul(x, w), [20])]);
    expect(kernels(joined)).toEqual(["exp", "gemm"]);
  });

  test("leaves out what no output needs", () => {
    ops.exp(x);
    expect(kernels(ops.abs(x))).toEqual(["abs"]);
  });

  test("of the training step of 784-128-10 is this", async () => {
    const model = await createModel({
      input: [784],
      network: chain(dense(128), relu(), dense(10)),
      loss: crossEntropy(),
      regularizer: l2(1e-4),
    });
    expect(formatProgram(model.program("train", 64))).toMatchInlineSnapshot(`
      "input x: f32[64,784] at arena+0
      input y: i32[64] at arena+403648
      gemm(c=arena+370880 a=arena+0 b=theta+0 scratch=arena+200704 m=64 n=128 k=784 aRow=784 aCol=1 bRow=128 bCol=1 epilogue=2 extra=theta+401408)
      gemm(c=arena+213184 a=arena+370880 b=theta+401920 scratch=arena+200704 m=64 n=10 k=128 aRow=128 aCol=1 bRow=10 bCol=1 epilogue=1 extra=theta+407040)
      logSumExp(out=arena+200704 x=arena+213184 outer=64 n=10 inner=1)
      crossEntropy(out=arena+200960 logits=arena+213184 lse=arena+200704 labels=arena+403648 m=64 n=10 smoothing=0)
      sumSquares(out=arena+201216 x=theta+0 n=100352)
      sumSquares(out=arena+201232 x=theta+401920 n=1280)
      add(out=arena+201216 a=arena+201216 b=arena+201232 m=1 n=1 aRow=0 aCol=0 bRow=0 bCol=0)
      mul(out=arena+201216 a=constants+0 b=arena+201216 m=1 n=1 aRow=0 aCol=0 bRow=0 bCol=0)
      mean(out=loss+0 x=arena+200960 outer=1 n=64 inner=1)
      add(out=loss+0 a=loss+0 b=arena+201216 m=1 n=1 aRow=0 aCol=0 bRow=0 bCol=0)
      mul(out=gradient+401920 a=constants+4 b=theta+401920 m=1 n=1280 aRow=0 aCol=0 bRow=0 bCol=1)
      mul(out=gradient+0 a=constants+4 b=theta+0 m=1 n=100352 aRow=0 aCol=0 bRow=0 bCol=1)
      crossEntropyGradient(dx=arena+215744 dy=constants+8 dyStride=0 logits=arena+213184 lse=arena+200704 labels=arena+403648 m=64 n=10 smoothing=0)
      sum(out=gradient+407040 x=arena+215744 outer=1 n=64 inner=10)
      gemm(c=gradient+401920 a=arena+370880 b=arena+215744 scratch=arena+200704 m=128 n=10 k=64 aRow=1 aCol=128 bRow=10 bCol=1 epilogue=4 extra=gradient+401920)
      gemm(c=arena+239808 a=arena+215744 b=theta+401920 scratch=arena+200704 m=64 n=128 k=10 aRow=10 aCol=1 bRow=1 bCol=10 epilogue=3 extra=arena+370880)
      sum(out=gradient+401408 x=arena+239808 outer=1 n=64 inner=128)
      gemm(c=gradient+0 a=arena+0 b=arena+239808 scratch=arena+200704 m=784 n=128 k=64 aRow=1 aCol=784 bRow=128 bCol=1 epilogue=4 extra=gradient+0)
      output loss: f32[] at loss+0
      output gradient: f32[101770] at gradient+0
      arena 403904 bytes, 3 constants"
    `);
  });

  test("asks for as much packing space as the kernel says it needs", () => {
    const sizes = [1, 2, 7, 8, 9, 64, 129, 257, 500, 1000];
    for (const m of sizes)
      for (const n of sizes)
        for (const k of sizes) expect(gemmScratchBytes(m, n, k)).toBe(memory.kernels.gemmScratch(m, n, k));
  });
});

/** A random graph over four inputs of shape [3, 4], by a list of small numbers. */
function randomGraph(choices: readonly (readonly [number, number, number])[]): Tensor[] {
  const nodes: Tensor[] = ["a", "b", "c", "d"].map((name) => input(name, [3, 4]));
  const square = input("s", [4, 4]);
  for (const [kind, i, j] of choices) {
    const first = nodes[i % nodes.length] as Tensor;
    const second = nodes[j % nodes.length] as Tensor;
    const made: readonly (() => Tensor)[] = [
      () => ops.add(first, second),
      () => ops.mul(first, second),
      () => ops.sub(first, ops.mean(second, 0, true)),
      () => ops.relu(first),
      () => ops.tanh(first),
      () => ops.matmul(first, square),
      () => ops.relu(ops.add(ops.matmul(first, square), ops.reshape(ops.slice(second, [1, 0], [1, 4]), [4]))),
      () => ops.softmax(first),
      () =>
        ops.reshape(
          ops.concat([
            ops.reshape(ops.slice(first, [0, 0], [1, 4]), [4]),
            ops.reshape(ops.slice(second, [1, 0], [2, 4]), [8]),
          ]),
          [3, 4],
        ),
      () => ops.transpose(ops.transpose(first)),
      () => ops.mul(first, ops.sum(second, 1, true)),
    ];
    nodes.push((made[kind % made.length] as () => Tensor)());
  }
  return nodes;
}

describe("sharing memory and fusing", () => {
  const values = Object.fromEntries(
    ["a", "b", "c", "d"].map((name, k) => [name, Float32Array.from({ length: 12 }, (_, i) => Math.sin(i + 3 * k))]),
  );
  const inputs: Record<string, Float32Array> = {
    ...values,
    s: Float32Array.from({ length: 16 }, (_, i) => Math.cos(i)),
  };
  const choice = fc.tuple(fc.nat(10), fc.nat(50), fc.nat(50));

  test("change no bit of a random graph and its gradient", () => {
    fc.assert(
      fc.property(fc.array(choice, { minLength: 1, maxLength: 14 }), (choices) => {
        const nodes = randomGraph(choices);
        const last = nodes.at(-1) as Tensor;
        const loss = ops.sum(ops.mul(last, last));
        const outputs = [loss, ...ops.grad(loss, nodes.slice(0, 4))];
        const given = Object.fromEntries(
          topological(outputs)
            .filter((t) => t.operation.name === "input")
            .map((t) => [t.attributes.name as string, inputs[t.attributes.name as string] as Float32Array]),
        );
        // The oracle keeps every intermediate result as an output: nothing is overwritten, nothing fused.
        const everything = topological(outputs).filter((t) => t.operation.emit);
        const plain = runner(memory, [...outputs, ...everything], { fusion: false })(given).slice(
          0,
          outputs.length,
        ) as Numbers[];
        expect(runner(memory, outputs)(given)).toEqual(plain);
        expect(runner(memory, outputs, { fusion: false })(given)).toEqual(plain);
        expect(runner(memory, outputs, { worthBlocking: 1 })(given)).toEqual(plain);
      }),
      { seed: 2, numRuns: 200 },
    );
  });
});

describe("a chain of elementwise operations over a long tensor", () => {
  const n = 3 * BLOCK + 5;
  const long = input("long", [n]);
  const chain = ops.add(ops.tanh(ops.mul(ops.exp(long), 0.5)), long);
  const values = { long: Float32Array.from({ length: n }, (_, i) => Math.sin(i)) };

  test("runs block by block, without memory for what passes between its steps", () => {
    const program = compile({ outputs: { y: { tensor: chain } }, worthBlocking: 2 * BLOCK });
    expect(program.calls.slice(0, 5).map((call) => call.kernel)).toEqual(["exp", "mul", "tanh", "add", "exp"]);
    expect(program.calls).toHaveLength(16);
    // Input, output and one block.
    expect(program.arenaBytes).toBeLessThanOrEqual(4 * (2 * n + BLOCK) + 64);
  });

  test("gives the same bits, also for what is read again later", () => {
    const again = ops.concat([chain, ops.exp(long), ops.mul(chain, ops.sum(chain))]);
    const plain = runner(memory, [again], { fusion: false })(values);
    expect(runner(memory, [again], { worthBlocking: 2 * BLOCK })(values)).toEqual(plain);
  });
});

test("a program is plain data", () => {
  const program = compile({ outputs: { y: { tensor: ops.relu(ops.add(ops.matmul(x, w), b)) } } });
  expect(structuredClone(program)).toEqual(program);
  expect(formatProgram(structuredClone(program))).toBe(formatProgram(program));
});
