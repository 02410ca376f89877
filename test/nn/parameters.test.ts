// Layers of a user's own, and which parameters are one and which are two: names decide, not layer objects.
import { describe, expect, test } from "vitest";
import { arrayDataset, chain, dense, initializers, type Layer, ops, relu, sgd } from "../../src/index.ts";
import { expectClose, netOf, numbers, parameter } from "./net.ts";

const names = (model: { readonly layout: readonly { readonly name: string }[] }): string[] =>
  model.layout.map((entry) => entry.name);

/** x ↦ a·x² + b, with scalars to learn. */
const parabola: Layer = {
  name: "parabola",
  apply(x, context) {
    const a = context.parameter("a", [], initializers.ones);
    const b = context.parameter("b", [1], initializers.zeros, "bias");
    return ops.add(ops.mul(a, ops.square(x)), b);
  },
};

describe("a layer of one's own", () => {
  test("has its parameters in θ under its name, with their kinds", async () => {
    const model = await netOf([3], chain(dense(3), parabola, parabola));
    expect(
      model.layout.slice(2).map(({ name, kind, shape, offset, size }) => [name, kind, shape, offset, size]),
    ).toEqual([
      ["parabola1.a", "weight", [], 12, 1],
      ["parabola1.b", "bias", [1], 13, 1],
      ["parabola2.a", "weight", [], 14, 1],
      ["parabola2.b", "bias", [1], 15, 1],
    ]);
    expect([...model.parameters.subarray(12)]).toEqual([1, 0, 1, 0]);
  });

  test("learns what it describes", async () => {
    const model = await netOf([1], parabola, { optimizer: sgd({ learningRate: 0.2 }) });
    const x = numbers(64);
    const data = arrayDataset({ x, y: x.map((value) => 3 * value * value - 0.5), shape: [1], targetShape: [1] });
    for await (const _ of model.fit(data, { epochs: 800, batchSize: "all" }));
    // A quadratic bowl, 800 steps: what is left is f32.
    expectClose(model.parameters, [3, -0.5], 1e-5);
  });

  test("tells training from prediction", async () => {
    const seen = new Set<boolean>();
    const spy: Layer = {
      name: "spy",
      apply(x, context) {
        seen.add(context.training);
        return x;
      },
    };
    const model = await netOf([2], chain(spy, dense(1)));
    expect([...seen]).toEqual([true]);
    model.predict([1, 2]);
    expect([...seen]).toEqual([true, false]);
  });

  test("may be a class", async () => {
    class Scale implements Layer {
      readonly name = "scale";
      constructor(readonly by: number) {}
      apply(x: Parameters<Layer["apply"]>[0]): ReturnType<Layer["apply"]> {
        return ops.mul(x, this.by);
      }
    }
    const model = await netOf([1], chain(new Scale(3), dense(1)));
    model.parameters = [2, 1];
    expect([...model.predict([5])]).toEqual([31]);
  });

  test("may use both infinities and both zeros: each stays what it is", async () => {
    const clip: Layer = {
      name: "clip",
      apply: (x) => ops.minimum(ops.maximum(x, Number.NEGATIVE_INFINITY), Number.POSITIVE_INFINITY),
    };
    const signs: Layer = {
      name: "signs",
      apply: (x) =>
        ops.add(
          ops.mul(0, x),
          ops.add(ops.minimum(ops.div(1, ops.mul(x, 0)), 5), ops.minimum(ops.div(1, ops.mul(x, -0)), 5)),
        ),
    };
    const identity = dense(2, { bias: false, initializer: initializers.orthogonal() });
    const [clipped, plain] = [await netOf([2], chain(identity, clip)), await netOf([2], chain(identity))];
    expect(clipped.predict([3, -4])).toEqual(plain.predict([3, -4]));
    // Attention's mask: −∞ leaves its place out. A NaN elsewhere in the graph must not become it.
    const mask: Layer = {
      name: "mask",
      apply: (x) => ops.softmax(ops.where(ops.constant([1, 0]), x, Number.NEGATIVE_INFINITY)),
    };
    expect([...(await netOf([2], chain(identity, clip, mask))).predict([3, -4])]).toEqual([1, 0]);
    const one = await netOf([1], chain(dense(1, { bias: false, initializer: initializers.ones }), signs));
    // 1/(1·0) = ∞, held to 5; 1/(1·−0) = −∞
    expect([...one.predict([1])]).toEqual([Number.NEGATIVE_INFINITY]);
  });

  test("that returns no tensor is named", async () => {
    const forgetful: Layer = { name: "forgetful", apply: () => undefined as never };
    await expect(netOf([2], chain(dense(2), forgetful, relu()))).rejects.toThrow(
      "forgetful: apply returned undefined, expected a tensor",
    );
    await expect(netOf([2], forgetful)).rejects.toThrow(
      "createModel: the network returned undefined, expected a tensor",
    );
  });

  test("that mixes the examples of a batch into fewer is refused when the model is made", async () => {
    const merge: Layer = { name: "merge", apply: (x) => ops.mean(x, 0, true) };
    await expect(netOf([2], chain(dense(3), merge))).rejects.toThrow(/createModel: .*first axis must stay the batch/);
  });

  test("whose initialiser gives something else than finite numbers of the right count is refused", async () => {
    for (const values of [new Float32Array(3), [1, 2, 3, 4], undefined, new Float32Array(4).fill(Number.NaN)])
      await expect(netOf([2], dense(2, { initializer: () => values as never }))).rejects.toThrow(
        /createModel: the initialiser of weights \[2,2\]/,
      );
  });
});

describe("weight sharing", () => {
  test("one layer object used twice has separate parameters: each use has a name of its own", async () => {
    const layer = dense(2);
    const model = await netOf([2], chain(layer, layer));
    expect(names(model)).toEqual(["dense1.weights", "dense1.bias", "dense2.weights", "dense2.bias"]);
    expect(parameter(model, "dense1.weights")).not.toEqual(parameter(model, "dense2.weights"));
  });

  /** Applies one layer twice in one context: the same names, so the same parameters. */
  const twice = (layer: Layer): Layer => ({
    name: "twice",
    apply(x, context) {
      const shared = context.scope("shared");
      return layer.apply(layer.apply(x, shared), shared);
    },
  });

  test("a layer applied twice in one context shares: its gradient is the sum over both uses", async () => {
    const model = await netOf([1], twice(dense(1)));
    expect(names(model)).toEqual(["shared1.weights", "shared1.bias"]);
    model.parameters = [3, 0.5]; // w, b: ŷ = w·(w·x + b) + b
    expect([...model.predict([2])]).toEqual([3 * 6.5 + 0.5]);
    const out = new Float32Array(2);
    // loss (ŷ − y)² with ŷ − y = 1: dŷ/dw = 2wx + b, dŷ/db = w + 1, twice
    model.objective({ x: [2], y: [19] }).gradient(model.parameters.slice(), out);
    expect([...out]).toEqual([2 * 12.5, 2 * 4]);
  });

  test("sharing under different shapes is refused", async () => {
    const model = netOf([3], { name: "n", apply: (x, context) => dense(2).apply(dense(2).apply(x, context), context) });
    await expect(model).rejects.toThrow("createModel: parameter weights is asked for as [3,2] and as [2,2]");
  });

  test("layers whose names end in numbers do not share by accident", async () => {
    const eleven = Array.from({ length: 11 }, () => dense(2, { bias: false }));
    // The eleventh dense and the first dense1 would both be "dense11".
    const model = await netOf([2], chain(...eleven, { ...dense(2, { bias: false }), name: "dense1" }));
    expect(model.layout.length).toBe(12);
  });

  test("a network that asks for other parameters at its second run is refused", async () => {
    let runs = 0;
    const fickle: Layer = {
      name: "fickle",
      apply: (x, context) => ops.add(x, context.parameter(`w${runs++}`, [2], initializers.zeros)),
    };
    await expect(netOf([2], fickle)).rejects.toThrow(
      /the network asks for parameter w1 \[2\], which its first run did not/,
    );
  });
});
