// Numbers made by PyTorch in float64 (reference.py, sgdSteps.py beside this file), reproduced in f32 on the kernels.
import { describe, expect, test } from "vitest";
import {
  batchNorm,
  chain,
  conv2d,
  createModel,
  crossEntropy,
  dense,
  flatten,
  type Layer,
  type Model,
  maxPool2d,
  ops,
  resnet,
  sgd,
} from "../../src/index.ts";
import * as layers from "../../src/nn/activations.ts";
import torch from "./reference.json" with { type: "json" };
import resnetSteps from "./resnetSteps.json" with { type: "json" };
import sgdSteps from "./sgdSteps.json" with { type: "json" };

/** The fixture of reference.py: sin(0.37 i + 0.11 + n). */
const lin = (n: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => Math.sin(0.37 * i + 0.11 + n));

/** [rows, columns] → [columns, rows]: PyTorch keeps weights as [out, in]. */
const transposed = (values: readonly number[], rows: number, columns: number): number[] =>
  Array.from({ length: rows * columns }, (_, i) => values[(i % rows) * columns + Math.floor(i / rows)] as number);

const norm = (values: ArrayLike<number>): number => Math.sqrt(Array.from(values, (v) => v * v).reduce((a, b) => a + b));

const batch = { x: lin(1, 12), y: [0, 2, 1, 2] };

async function mlp(activation: Layer): Promise<Model> {
  const model = await createModel({
    input: [3],
    network: chain(dense(5), activation, dense(3)),
    loss: crossEntropy(),
    build: "strict",
  });
  model.parameters = Float32Array.from([
    ...transposed(lin(2, 15), 5, 3),
    ...lin(3, 5),
    ...transposed(lin(4, 15), 3, 5),
    ...lin(5, 3),
  ]);
  return model;
}

describe("MLP 3-5-3 with cross-entropy", () => {
  test.each(["relu", "tanh", "sigmoid", "gelu", "silu", "softplus", "elu"] as const)(
    "%s: loss and gradients",
    async (name) => {
      const golden = torch.autograd[`mlp_3_5_3_${name}`];
      const model = await mlp(layers[name]());
      const gradient = new Float32Array(38);
      const loss = model.objective(batch).gradient(model.parameters.slice(), gradient);
      // f32: a few dozen roundings of 6e-8 each
      expect(loss).toBeCloseTo(golden.loss, 6);
      const [w1, b1, w2, b2] = [
        gradient.slice(0, 15),
        gradient.slice(15, 20),
        gradient.slice(20, 35),
        gradient.slice(35),
      ];
      [w1, b1, w2, b2].forEach((part, i) => expect(norm(part)).toBeCloseTo(golden.gradnorms[i] as number, 6));
      transposed(golden.gW1, 5, 3).forEach((value, i) => expect(w1[i]).toBeCloseTo(value, 6));
      golden.gb2.forEach((value, i) => expect(b2[i]).toBeCloseTo(value, 6));
    },
  );

  test("tanh: the Hessian by products with unit vectors has PyTorch's trace, norm and H·1", async () => {
    const golden = torch.autograd.hessian_mlp_3_5_3_tanh;
    const model = await mlp(layers.tanh());
    const objective = model.objective(batch);
    const theta = model.parameters.slice();
    const column = new Float32Array(38);
    let trace = 0;
    let squares = 0;
    for (let i = 0; i < 38; i++) {
      objective.hessianVector(
        theta,
        Float32Array.from({ length: 38 }, (_, k) => Number(k === i)),
        column,
      );
      trace += column[i] as number;
      squares += norm(column) ** 2;
    }
    expect(trace).toBeCloseTo(golden.trace, 5);
    expect(Math.sqrt(squares)).toBeCloseTo(golden.fro, 5);
    objective.hessianVector(theta, new Float32Array(38).fill(1), column);
    expect(norm(column)).toBeCloseTo(golden.Hv_ones_norm, 5);
  });
});

describe("SGD on Rosenbrock's function", () => {
  const rosenbrock: Layer = {
    name: "point",
    apply(x, context) {
      const point = context.parameter("p", [2], () => Float32Array.of(-1.2, 1));
      return ops.broadcastTo(ops.reshape(point, [1, 2]), [x.shape[0] as number, 2]);
    },
  };
  interface Row {
    readonly args: {
      readonly lr: number;
      readonly momentum?: number;
      readonly dampening?: number;
      readonly nesterov?: boolean;
      readonly weight_decay?: number;
    };
    readonly steps: Readonly<Record<string, readonly number[]>>;
  }
  const rows = Object.entries(torch.optimizers as unknown as Record<string, Row>).filter(([name]) =>
    name.startsWith("sgd"),
  );

  test("all five rows are there", () => expect(rows).toHaveLength(5));

  test.each(rows)("%s", async (_, { args, steps }) => {
    const { lr, weight_decay, ...rest } = args;
    const model = await createModel({
      input: [1],
      network: rosenbrock,
      loss: (point) => {
        const [a, b] = [ops.slice(point, [0, 0], [1, 1]), ops.slice(point, [0, 1], [1, 1])];
        return ops.reshape(ops.add(ops.square(ops.sub(1, a)), ops.mul(100, ops.square(ops.sub(b, ops.square(a))))), []);
      },
      optimizer: sgd({ ...rest, learningRate: lr, ...(weight_decay !== undefined && { weightDecay: weight_decay }) }),
    });
    for (let step = 1; step <= 100; step++) {
      model.step({ x: [0], y: [0, 0] });
      const [x, y] = steps[step] ?? [];
      if (x === undefined || y === undefined) continue;
      // f32 rounds some 1e-7 a step, and the valley's walls (curvature 1000, η·curvature ≈ 1) do not amplify it further.
      expect(model.parameters[0]).toBeCloseTo(x, 4);
      expect(model.parameters[1]).toBeCloseTo(y, 4);
    }
  });
});

describe("ten SGD steps of an MLP 6-8-4", () => {
  test.each([
    ["plain", { learningRate: 0.1 }],
    ["momentum", { learningRate: 0.05, momentum: 0.9 }],
    ["nesterov", { learningRate: 0.05, momentum: 0.9, nesterov: true, weightDecay: 0.01 }],
  ] as const)("%s", async (name, options) => {
    const model = await createModel({
      input: [6],
      network: chain(dense(8), layers.relu(), dense(4)),
      loss: crossEntropy(),
      optimizer: sgd(options),
    });
    model.parameters = Float32Array.from([...lin(1, 48), ...lin(2, 8), ...lin(3, 32), ...lin(4, 4)]);
    const golden = sgdSteps[name];
    golden.losses.forEach((loss, s) => {
      const y = Array.from({ length: 5 }, (_, i) => (3 * i + s) % 4);
      expect(model.step({ x: lin(10 + s, 30), y })).toBeCloseTo(loss, 5);
    });
    golden.parameters.forEach((value, i) => expect(model.parameters[i]).toBeCloseTo(value, 5));
  });
});

describe("convolution, batch normalisation, ReLU, pooling and cross-entropy", () => {
  /** [a, b, height, width] → the order of `axes`: PyTorch's images are NCHW, its kernels OIHW. */
  const permuted = (values: readonly number[], shape: readonly number[], axes: readonly number[]): number[] => {
    const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
    const to = axes.map((axis) => shape[axis] as number);
    return values.map((_, at) => {
      let rest = at;
      let from = 0;
      for (let i = axes.length - 1; i >= 0; i--) {
        const extent = to[i] as number;
        from += (rest % extent) * (strides[axes[i] as number] as number);
        rest = Math.floor(rest / extent);
      }
      return values[from] as number;
    });
  };
  const channelsFirst: Layer = { name: "channelsFirst", apply: (x) => ops.transpose(x, [0, 3, 1, 2]) };

  test("loss, gradients and running statistics are PyTorch's", async () => {
    const golden = torch.autograd.conv3x3s2p1_bn_relu_maxpool2s1_ce;
    const model = await createModel({
      input: [6, 6, 3],
      network: chain(
        conv2d(4, 3, { strides: 2, padding: 1 }),
        batchNorm(),
        layers.relu(),
        maxPool2d(2, { strides: 1 }),
        channelsFirst,
        flatten(),
      ),
      loss: crossEntropy(),
      optimizer: sgd({ learningRate: 1e-3 }),
      build: "strict",
    });
    const kernel = permuted(lin(7, 108), [4, 3, 3, 3], [2, 3, 1, 0]);
    model.parameters = [...kernel, ...lin(8, 4), 1, 1.1, 0.9, 1.2, 0.1, -0.05, 0.2, 0];
    const x = permuted(lin(6, 216), [2, 3, 6, 6], [0, 2, 3, 1]);
    // One step: g and the statistics are what it used and left.
    expect(model.step({ x, y: [3, 11] })).toBeCloseTo(golden.loss, 5);
    const norms = golden["gradnorms(x,k,kb,gamma,beta)"];
    const g = model.gradient;
    const parts = [g.slice(0, 108), g.slice(108, 112), g.slice(112, 116), g.slice(116, 120)];
    // The bias in front of a normalisation has no gradient: what is left of it is rounding.
    for (const i of [0, 2, 3]) expect(norm(parts[i] as Float32Array)).toBeCloseTo(norms[i + 1] as number, 5);
    expect(norm(parts[1] as Float32Array)).toBeLessThan(1e-5);
    golden.ggamma.forEach((value, i) => expect(parts[2]?.[i]).toBeCloseTo(value, 5));
    golden.gbeta.forEach((value, i) => expect(parts[3]?.[i]).toBeCloseTo(value, 5));
    // gk_first9 is k[0, 0, :, :]: in HWIO every 12th number.
    golden.gk_first9.forEach((value, i) => expect(parts[0]?.[12 * i]).toBeCloseTo(value, 5));
    golden.running_mean.forEach((value, i) => expect(model.state[i]).toBeCloseTo(value, 5));
    golden.running_var.forEach((value, i) => expect(model.state[4 + i]).toBeCloseTo(value, 5));
  });
});

describe("ten SGD steps of ResNet-8", () => {
  test("losses, parameters and running statistics are PyTorch's", async () => {
    const model = await createModel({
      input: [8, 8, 3],
      network: resnet(8, { width: 4, classes: 3 }),
      loss: crossEntropy(),
      optimizer: sgd({ learningRate: 0.05, momentum: 0.9, weightDecay: 1e-3 }),
    });
    model.parameters = model.layout.flatMap(({ name, size }, i) => {
      if (name.endsWith("scale")) return lin(i, size).map((value) => 1 + 0.1 * value);
      const factor = name.endsWith("kernel") || name.endsWith("weights") ? 0.3 : 0.1;
      return lin(i, size).map((value) => factor * value);
    });
    resnetSteps.losses.forEach((loss, s) => {
      const y = Array.from({ length: 5 }, (_, i) => (2 * i + s) % 3);
      // f32 against f64: ten steps through seven normalisations of few values amplify 1e-7 about a hundredfold.
      expect(model.step({ x: lin(20 + s, 5 * 8 * 8 * 3), y })).toBeCloseTo(loss, 4);
    });
    resnetSteps.parameters.forEach((value, i) => expect(model.parameters[i]).toBeCloseTo(value, 3));
    resnetSteps.statistics.forEach((value, i) => expect(model.state[i]).toBeCloseTo(value, 3));
  });
});
