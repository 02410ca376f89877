// Every optimiser: against PyTorch's float64 steps, against optax's documented values, and to the bottom of two valleys.
import { describe, expect, test } from "vitest";
import {
  adadelta,
  adagrad,
  adam,
  adamax,
  adamW,
  lion,
  nadam,
  type Optimizer,
  radam,
  rmsprop,
  rprop,
  sgd,
} from "../../src/index.ts";
import torch from "../golden/reference.json" with { type: "json" };
import { point, rosenbrock, squares, walk } from "./point.ts";

const builds = ["strict", "debug"] as const;

describe("a hundred steps on Rosenbrock are PyTorch's", () => {
  // f32 against float64: each step rounds a few times by 6e-8, and the valley's curvature, 1000, amplifies what differs.
  const rows: readonly [row: keyof typeof torch.optimizers, optimizer: Optimizer, tolerance?: number][] = [
    ["sgd_lr1e-3", sgd({ learningRate: 1e-3 })],
    ["sgd_mom0.9", sgd({ learningRate: 1e-3, momentum: 0.9 })],
    ["sgd_mom0.9_damp0.1", sgd({ learningRate: 1e-3, momentum: 0.9, dampening: 0.1 })],
    ["sgd_mom0.9_nesterov", sgd({ learningRate: 1e-3, momentum: 0.9, nesterov: true })],
    ["sgd_mom0.9_nesterov_wd1e-2", sgd({ learningRate: 1e-3, momentum: 0.9, nesterov: true, weightDecay: 1e-2 })],
    ["adam_lr0.1", adam({ learningRate: 0.1 })],
    ["adam_lr0.1_wd1e-2", adam({ learningRate: 0.1, weightDecay: 1e-2 })],
    ["adam_lr0.1_amsgrad", adam({ learningRate: 0.1, amsgrad: true })],
    ["adamw_lr0.1_wd1e-2", adamW({ learningRate: 0.1 })],
    ["rmsprop_lr0.01", rmsprop()],
    ["rmsprop_lr0.01_mom0.9_centered", rmsprop({ momentum: 0.9, centered: true })],
    ["adagrad_lr0.1", adagrad({ learningRate: 0.1 })],
    ["adagrad_lr0.1_lrdecay0.01", adagrad({ learningRate: 0.1, learningRateDecay: 0.01 })],
    ["adadelta_default", adadelta()],
    ["adamax_default", adamax()],
    ["radam_lr1e-4", radam({ learningRate: 1e-4 })],
    ["rprop_default", rprop()],
    // Averaged SGD before it averages: decay inside the gradient, and a falling rate.
    ["asgd_lr1e-3", sgd({ learningRate: (step) => 1e-3 / (1 + 1e-4 * 1e-3 * step) ** 0.75, weightDecay: 1e-4 })],
    [
      "lion_lr0.003_b0.9_0.99_wd1e-3 (my port of the optax rule, not run in optax)",
      lion({ learningRate: 0.003, weightDecay: 1e-3 }),
    ],
  ];
  test.each(rows)("%s", async (row, optimizer, tolerance = 2e-5) => {
    for (const build of builds) {
      const path = walk(await point(optimizer, rosenbrock, [-1.2, 1], { build }), 100);
      for (const [step, [x, y]] of Object.entries(torch.optimizers[row].steps as Record<string, number[]>)) {
        const theta = path[Number(step) - 1] as Float32Array;
        expect(Math.abs((theta[0] as number) - (x as number)), `x of step ${step}`).toBeLessThan(tolerance);
        expect(Math.abs((theta[1] as number) - (y as number)), `y of step ${step}`).toBeLessThan(tolerance);
      }
    }
  });
});

test("nadam follows its published rule with constant momentum", async () => {
  const [eta, b1, b2, epsilon] = [0.01, 0.9, 0.999, 1e-8];
  const theta = [-1.2, 1];
  const m = [0, 0];
  const v = [0, 0];
  const path = walk(await point(nadam({ learningRate: eta }), rosenbrock, theta), 60);
  for (let t = 1; t <= 60; t++) {
    const [x, y] = theta as [number, number];
    const g = [-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)];
    g.forEach((gi, i) => {
      m[i] = b1 * (m[i] as number) + (1 - b1) * gi;
      v[i] = b2 * (v[i] as number) + (1 - b2) * gi * gi;
      const mean = (b1 * (m[i] as number)) / (1 - b1 ** (t + 1)) + ((1 - b1) * gi) / (1 - b1 ** t);
      (theta[i] as number) -= (eta * mean) / (Math.sqrt((v[i] as number) / (1 - b2 ** t)) + epsilon);
    });
    theta.forEach((value, i) => expect(path[t - 1]?.[i]).toBeCloseTo(value, 5));
  }
});

describe("the first five values of Σ x² from (1, 2, 3) are those of optax's documentation", () => {
  const rows: readonly [string, Optimizer, number[], number][] = [
    ["sgd", sgd({ learningRate: 0.003 }), [13.8, 13.7, 13.5, 13.3, 13.2], 1],
    ["adam", adam({ learningRate: 0.003 }), [14.0, 13.9, 13.9, 13.9, 13.8], 1],
    // Its ε lies inside the root there: far below the digits printed.
    ["rmsprop", rmsprop({ learningRate: 0.003, decay: 0.9 }), [13.9, 13.8, 13.7, 13.7, 13.6], 1],
    ["lion", lion({ learningRate: 0.003 }), [14.0, 13.9, 13.9, 13.9, 13.8], 1],
    ["adadelta", adadelta({ learningRate: 10 }), [13.6, 13.2, 12.9, 12.5, 12.1], 1],
  ];
  // As printed, with three digits: optax's documentation rounds to them.
  test.each(rows)("%s", async (_, optimizer, values, digits) => {
    const path = walk(await point(optimizer, squares, [1, 2, 3]), 5);
    expect(path.map((theta) => Number(theta.reduce((sum, x) => sum + x * x, 0).toFixed(digits)))).toEqual(values);
  });
});

describe("gets to the bottom", () => {
  const all: readonly [string, (learningRate?: number) => Optimizer, quadratic: number, valley: number][] = [
    ["sgd", (learningRate = 0) => sgd({ learningRate, momentum: 0.9 }), 0.02, 1e-3],
    ["adam", (learningRate = 0) => adam({ learningRate }), 0.05, 0.05],
    ["amsgrad", (learningRate = 0) => adam({ learningRate, amsgrad: true }), 0.05, 0.05],
    ["adamW", (learningRate = 0) => adamW({ learningRate, weightDecay: 0 }), 0.05, 0.05],
    ["nadam", (learningRate = 0) => nadam({ learningRate }), 0.05, 0.05],
    ["radam", (learningRate = 0) => radam({ learningRate, beta2: 0.99 }), 0.05, 5e-3],
    ["adamax", (learningRate = 0) => adamax({ learningRate }), 0.05, 0.05],
    ["rmsprop", (learningRate = 0) => rmsprop({ learningRate }), 0.01, 0.002],
    ["centred rmsprop", (learningRate = 0) => rmsprop({ learningRate, centered: true, momentum: 0.9 }), 1e-3, 1e-3],
    ["adagrad", (learningRate = 0) => adagrad({ learningRate }), 0.5, 0.5],
    ["adadelta", (learningRate = 0) => adadelta({ learningRate, decay: 0.9 }), 10, 1],
    ["lion", (learningRate = 0) => lion({ learningRate, weightDecay: 0 }), 0.004, 0.002],
    ["rprop", (learningRate = 0) => rprop({ learningRate }), 0.01, 0.01],
  ];
  // By a falling rate where the step's size does not follow the gradient's.
  const falling = (rate: number, steps: number) => (step: number) => rate * (1 - step / steps);
  test.each(all)("%s: of a quadratic and of Rosenbrock's valley", async (_, make, quadratic, valley) => {
    const bowl = walk(
      await point({ ...make(quadratic), learningRate: falling(quadratic, 2000) }, squares, [1, -2, 3]),
      2000,
    );
    expect(Math.hypot(...(bowl.at(-1) as Float32Array))).toBeLessThan(0.01);
    const bent = walk(
      await point({ ...make(valley), learningRate: falling(valley, 8000) }, rosenbrock, [-1.2, 1]),
      8000,
    );
    expect(Math.hypot(...Array.from(bent.at(-1) as Float32Array, (x) => x - 1))).toBeLessThan(0.05);
  });
});

test.each(
  [
    "sgd",
    "adam",
    "amsgrad",
    "nadam",
    "radam",
    "adamax",
    "rmsprop",
    "centred",
    "adagrad",
    "adadelta",
    "lion",
    "rprop",
  ].map((name) => [name]),
)("%s: strict and debug give the same bits, whatever the number of parameters", async (name) => {
  const optimizers: Readonly<Record<string, Optimizer>> = {
    sgd: sgd({ momentum: 0.9, nesterov: true, weightDecay: 0.1 }),
    adam: adam({ weightDecay: 0.1 }),
    amsgrad: adamW({ amsgrad: true }),
    nadam: nadam(),
    radam: radam(),
    adamax: adamax(),
    rmsprop: rmsprop({ momentum: 0.5 }),
    centred: rmsprop({ centered: true }),
    adagrad: adagrad(),
    adadelta: adadelta(),
    lion: lion(),
    rprop: rprop(),
  };
  for (const n of [1, 3, 4, 17, 103]) {
    const start = Float32Array.from({ length: n }, (_, i) => Math.sin(1 + i));
    const [strict, debug] = await Promise.all(
      builds.map(async (build) => walk(await point(optimizers[name] as Optimizer, squares, start, { build }), 10)),
    );
    expect(debug).toEqual(strict);
    // An element's steps do not depend on its place.
    const alone = walk(await point(optimizers[name] as Optimizer, squares, start.slice(-1)), 10);
    expect(strict?.map((theta) => theta.at(-1))).toEqual(alone.map(([x]) => x));
  }
});
