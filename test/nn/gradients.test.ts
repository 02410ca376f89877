// Whole nets: gradients against differences of the loss, Hessian-vector products against differences of gradients.
import { describe, expect, test } from "vitest";
import {
  binaryCrossEntropy,
  chain,
  crossEntropy,
  dense,
  dropout,
  elasticNet,
  elu,
  embedding,
  flatten,
  gelu,
  hinge,
  huber,
  type Layer,
  l2,
  layerNorm,
  leakyRelu,
  type ModelOptions,
  meanAbsoluteError,
  meanSquaredError,
  relu,
  reshape,
  residual,
  sigmoid,
  silu,
  softmax,
  softplus,
  tanh,
} from "../../src/index.ts";
import { checkGradient, checkHessian, netOf, numbers, parameter } from "./net.ts";

const rows = 6;
const x = numbers(rows * 6, 7, -1.5, 1.5);
const values = numbers(rows * 3, 8);
const labels = Int32Array.from({ length: rows }, (_, i) => (i * 2) % 3);
const signs = Float32Array.from({ length: rows * 3 }, (_, i) => (i % 3 === 1 ? -1 : 1));
const shares = values.map((value) => (value + 1) / 2);
/** Rows of three that sum to one. */
const distributions = shares.map((share, i) => {
  const row = shares.slice(i - (i % 3), i - (i % 3) + 3);
  return share / row.reduce((sum, other) => sum + other, 0);
});

const body = (activation: Layer): Layer => chain(dense(7), activation, dense(3));

const networks: Readonly<Record<string, Layer>> = {
  relu: body(relu()),
  leakyRelu: body(leakyRelu(0.2)),
  elu: body(elu(0.7)),
  gelu: body(gelu()),
  geluTanh: body(gelu("tanh")),
  silu: body(silu()),
  softplus: body(softplus()),
  tanh: body(tanh()),
  sigmoid: body(sigmoid()),
  softmax: body(softmax()),
  layerNorm: chain(dense(7), layerNorm(), tanh(), dense(3)),
  "layerNorm of the input": chain(layerNorm({ epsilon: 0.1 }), dense(3)),
  residual: chain(dense(5), residual(dense(5), tanh(), dense(5)), dense(3)),
  "dropout, which is off": chain(dense(7), dropout(0.5), tanh(), dense(3)),
  "reshape and flatten": chain(reshape([2, 3]), dense(4), tanh(), flatten(), dense(3)),
  "dense of rank 3": chain(reshape([3, -1]), dense(4), layerNorm(), gelu(), dense(1), flatten()),
};

const losses: Readonly<Record<string, Pick<ModelOptions, "loss"> & { readonly y: ArrayLike<number> }>> = {
  crossEntropy: { loss: crossEntropy(), y: labels },
  "crossEntropy with smoothing": { loss: crossEntropy({ smoothing: 0.2 }), y: labels },
  "crossEntropy of distributions": { loss: crossEntropy({ targets: "probabilities" }), y: distributions },
  binaryCrossEntropy: { loss: binaryCrossEntropy(), y: shares },
  meanSquaredError: { loss: meanSquaredError(), y: values },
  meanAbsoluteError: { loss: meanAbsoluteError(), y: values.map((value) => value * 3) },
  huber: { loss: huber({ delta: 0.5 }), y: values },
  hinge: { loss: hinge(), y: signs },
};
const kinked = ["relu", "leakyRelu", "elu"];
const smooth = Object.entries(losses).filter(
  ([name]) => name !== "meanAbsoluteError" && name !== "hinge" && name !== "huber",
);

describe("gradients of whole nets", () => {
  test.each(Object.entries(networks))("through %s", async (name, network) => {
    const model = await netOf([6], network, { loss: crossEntropy() });
    // Units well on either side of a kink, so that no difference crosses it.
    if (kinked.includes(name)) parameter(model, "dense1.bias").set([3, -3, 3, -3, 3, -3, 3]);
    checkGradient(model, model.objective({ x, y: labels }));
  });

  test("through an embedding", async () => {
    const network = chain(embedding(5, 4), layerNorm(), flatten(), dense(3));
    const model = await netOf([2], network, { inputType: "i32", loss: crossEntropy() });
    checkGradient(model, model.objective({ x: [0, 1, 4, 4, 2, 0, 3, 1, 1, 0, 4, 2], y: labels }));
  });

  test.each(Object.entries(losses))("of %s", async (_name, { loss, y }) => {
    const model = await netOf([6], body(tanh()), { loss });
    checkGradient(model, model.objective({ x, y }));
  });

  test.each([
    ["l2", l2(0.01)],
    ["elasticNet", elasticNet({ l1: 0.01, l2: 0.02 })],
  ] as const)("with %s", async (_name, regularizer) => {
    const model = await netOf([6], body(tanh()), { loss: crossEntropy(), regularizer });
    checkGradient(model, model.objective({ x, y: labels }));
  });
});

describe("an objective", () => {
  test("may be asked at the model's own live parameters, though its first program makes the memory grow", async () => {
    const make = () => netOf([64], chain(dense(200), tanh(), dense(150), tanh(), dense(3)), { loss: crossEntropy() });
    const [live, copied] = [await make(), await make()];
    const batch = { x: numbers(64 * 300, 3), y: Int32Array.from({ length: 300 }, (_, i) => i % 3) };
    const [g, h, p, q] = [0, 1, 2, 3].map(() => new Float32Array(live.parameters.length)) as [
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const theta = copied.parameters.slice();
    expect(live.objective(batch).gradient(live.parameters, g)).toBe(copied.objective(batch).gradient(theta, h));
    expect(g).toEqual(h);
    live.objective(batch).hessianVector(live.parameters, live.parameters, p);
    copied.objective(batch).hessianVector(theta, theta, q);
    expect(p).toEqual(q);
    expect(live.objective(batch).loss(live.parameters)).toBe(copied.objective(batch).loss(theta));
    expect(live.parameters).toEqual(theta);
  });

  test("keeps its batch: the caller may reuse the arrays, and other calls may come between", async () => {
    const model = await netOf([6], body(tanh()), { loss: crossEntropy() });
    const theta = model.parameters.slice();
    const own = { x: x.slice(), y: labels.slice() };
    const objective = model.objective(own);
    const before = objective.loss(theta);
    own.x.fill(0);
    own.y.fill(0);
    const other = model.objective(own);
    expect(other.loss(theta)).not.toBe(before);
    model.predict(x);
    model.step({ x, y: labels });
    expect(objective.loss(theta)).toBe(before);
  });

  test("is of the θ it is given, not of the model's", async () => {
    const model = await netOf([6], body(tanh()), { loss: crossEntropy() });
    const objective = model.objective({ x, y: labels });
    const theta = model.parameters.slice();
    const own = objective.loss(theta);
    const moved = objective.loss(theta.map((value) => value + 0.1));
    expect(moved).not.toBe(own);
    expect(model.parameters).toEqual(theta);
    model.parameters = theta.map((value) => value + 0.1);
    expect(objective.loss(theta)).toBe(own);
    expect(objective.loss(model.parameters)).toBe(moved);
  });
});

describe("Hessian-vector products of whole nets", () => {
  const curved = Object.entries(networks).filter(([name]) => !kinked.includes(name));
  test.each(curved)("through %s", async (_name, network) => {
    const model = await netOf([6], network, { loss: crossEntropy() });
    checkHessian(model, model.objective({ x, y: labels }));
  });

  test("through an embedding", async () => {
    const network = chain(embedding(5, 4), layerNorm(), flatten(), dense(3));
    const model = await netOf([2], network, { inputType: "i32", loss: crossEntropy() });
    checkHessian(model, model.objective({ x: [0, 1, 4, 4, 2, 0, 3, 1, 1, 0, 4, 2], y: labels }));
  });

  test.each(smooth)("of %s", async (_name, { loss, y }) => {
    const model = await netOf([6], body(tanh()), { loss });
    checkHessian(model, model.objective({ x, y }));
  });

  test("of a quadratic is the quadratic's matrix, wherever θ is", async () => {
    // loss = mean (x·w)² over two rows: H = 2·mean(x xᵀ)
    const model = await netOf([2], dense(1, { bias: false }));
    const objective = model.objective({ x: [1, 2, 3, -1], y: [0, 0] });
    const out = new Float32Array(2);
    for (const theta of [
      [0, 0],
      [5, -7],
    ]) {
      objective.hessianVector(Float32Array.from(theta), Float32Array.of(1, 0), out);
      expect([...out]).toEqual([10, -1]);
      objective.hessianVector(Float32Array.from(theta), Float32Array.of(0, 1), out);
      expect([...out]).toEqual([-1, 5]);
    }
  });
});
