// Networks and losses whose graphs could reach memory that is not theirs: refused when the model is made.
import { describe, expect, test } from "vitest";
import { createModel, crossEntropy, dense, type Layer, meanSquaredError, ops } from "../../src/index.ts";
import { zeros } from "../../src/nn/initializers.ts";
import { input } from "../../src/ops/leaves.ts";

const make = (layer: Layer, width = 10): Promise<unknown> =>
  createModel({ input: [width], network: layer, loss: meanSquaredError() });

const layer = (apply: Layer["apply"]): Layer => ({ name: "own", apply });

describe("createModel refuses", () => {
  test("rows named by an argmax over more elements than there are rows", async () => {
    const table = (rows: number): Layer =>
      layer((x, context) => ops.gatherRows(context.parameter("table", [rows, 3], zeros), ops.argmax(x)));
    await expect(make(table(2))).rejects.toThrow(
      "gatherRows: argmax over 10 elements may give 9, beyond 2 rows or classes",
    );
    await expect(make(table(10))).resolves.toBeDefined();
  });

  test("columns and one-hot vectors likewise, through reshapes too", async () => {
    const weight = (x: Parameters<Layer["apply"]>[0], context: Parameters<Layer["apply"]>[1]) =>
      ops.mul(x, context.parameter("w", [10], zeros));
    await expect(make(layer((x, c) => ops.oneHot(ops.argmax(weight(x, c)), 9)))).rejects.toThrow(
      "oneHot: argmax over 10",
    );
    await expect(
      make(
        layer((x, c) =>
          ops.pickColumns(ops.slice(x, [0, 0], [x.shape[0] as number, 4]), ops.reshape(ops.argmax(weight(x, c)), [-1])),
        ),
      ),
    ).rejects.toThrow("pickColumns: argmax over 10");
  });

  test("an input that nobody fills", async () => {
    await expect(make(layer((x, context) => ops.add(dense(1).apply(x, context), input("z", [1]))))).rejects.toThrow(
      'createModel: the network or the loss uses an input "z" of its own',
    );
  });

  test("parameters without a name, of an unknown kind or a shape that is none", async () => {
    const asks = (name: string, kind: string, shape: readonly number[]): Layer =>
      layer((x, context) => ops.add(x, context.parameter(name, shape, zeros, kind as never)));
    await expect(make(asks("", "weight", [10]))).rejects.toThrow("createModel: a parameter needs a name");
    await expect(make(asks("w", "wieght", [10]))).rejects.toThrow(
      'kind must be "weight" or "bias" or "scale", got "wieght"',
    );
    await expect(make(asks("w", "weight", [0]))).rejects.toThrow(
      "shape must be an array of whole numbers ≥ 1, got [0]",
    );
  });
});

test("bytes are refused where nothing says how to scale them", async () => {
  const model = await createModel({ input: [2], network: dense(1), loss: meanSquaredError() });
  expect(() => model.predict(Uint8Array.of(1, 2))).toThrow("predict: x holds bytes");
  expect(() => model.step({ x: Uint8Array.of(1, 2), y: [0] })).toThrow("step: x holds bytes");
});

test("targets that are no distribution are refused", async () => {
  const model = await createModel({ input: [2], network: dense(2), loss: crossEntropy({ targets: "probabilities" }) });
  expect(() => model.step({ x: [1, 2], y: [0.5, 0.4] })).toThrow("step: y[0] to y[1] sum to 0.9, not to 1");
  expect(model.step({ x: [1, 2], y: [0.25, 0.75] })).toBeGreaterThan(0);
});

test("programs are printed for known purposes and sizes only", async () => {
  const model = await createModel({ input: [2], network: dense(1), loss: meanSquaredError() });
  expect(() => model.program("foo" as never, 1)).toThrow('program: kind must be "train" or');
  expect(() => model.program("train", 0)).toThrow("program: batch must be a whole number ≥ 1, got 0");
  expect(Object.keys(model.program("train", 1).outputs)).toContain("loss");
});
