// Numbers and batches that no call can use: each is refused in words, before anything has changed.
import { describe, expect, test } from "vitest";
import {
  chain,
  createModel,
  dense,
  embedding,
  flatten,
  type Model,
  meanSquaredError,
  ops,
  sgd,
} from "../../src/index.ts";
import { numbers } from "../nn/net.ts";
import { any, batch, data, expectRefusal, guarded, options, stateOf } from "./refuse.ts";

type Refusals = readonly (readonly [what: string, call: (model: Model) => unknown, says: string | RegExp])[];

function refuses(refusals: Refusals, more: Partial<typeof options> = {}): void {
  test.each(refusals)("%s", async (_what, call, says) => {
    const { model, intact } = await guarded(more);
    await expectRefusal(() => call(model), says);
    await intact();
  });
}

const { x, y } = batch;
const at = (i: number, value: unknown): unknown[] => Array.from(x, (v, k) => (k === i ? value : v));
const detached = (): Float32Array => {
  const gone = new Float32Array(8);
  structuredClone(gone, { transfer: [gone.buffer] });
  return gone;
};

/** Wrong examples, and what a call says of them after its name. */
const badExamples: readonly (readonly [what: string, x: unknown, says: RegExp])[] = [
  ["nothing", undefined, /: x must be an array of numbers, got undefined/],
  ["null", null, /: x must be an array of numbers, got null/],
  ["a number", 8, /: x must be an array of numbers, got 8/],
  ["text", "12345678", /: x must be an array of numbers, got "?12345678"?/],
  ["a buffer", new ArrayBuffer(32), /: x must be an array of numbers/],
  ["a DataView", new DataView(new ArrayBuffer(32)), /: x must be an array of numbers/],
  ["no numbers", [], /: x is empty; give at least one example of shape \[4\]/],
  ["a detached array", detached(), /: x is empty/],
  [
    "part of an example",
    numbers(7),
    /: x has 7 numbers, not a multiple of the 4 that one example of shape \[4\] holds/,
  ],
  ["NaN", at(5, Number.NaN), /: x\[5\] = NaN is not a finite number/],
  ["infinity", Float32Array.from(any(at(0, Number.NEGATIVE_INFINITY))), /: x\[0\] = -Infinity is not a finite number/],
  ["a number beyond f32", Float64Array.from(any(at(7, 1e39))), /: x\[7\] = (Infinity|1e\+39) is not a finite number/],
  ["text among numbers", at(1, "0.5"), /: x\[1\] = "?0\.5"? is not a number/],
  ["null among numbers", at(1, null), /: x\[1\] = null is not a number/],
  ["arrays among numbers", at(1, [0.5]), /: x\[1\] = .*0\.5.* is not a number/],
  ["a BigInt among numbers", at(1, 1n), /: x\[1\] = 1n? is not a number/],
  // biome-ignore lint/suspicious/noSparseArray: that is the point
  ["holes", [1, , 3, 4, 5, 6, 7, 8], /: x\[1\] = undefined is not a number/],
  ["BigInts", new BigInt64Array(8), /: x must be an array of numbers|: x\[0\] = 0n? is not a number/],
  ["a negative length", { length: -8 }, /: x /],
  ["a length with a fraction", { length: 0.5 }, /: x /],
];

describe("step refuses", () => {
  refuses(
    badExamples.map(([what, bad, says]) => [
      `x: ${what}`,
      (model) => model.step({ x: any(bad), y }),
      new RegExp(`^step${says.source}`),
    ]),
  );
  refuses([
    ["nothing", (model) => any(model).step(), "step: expected an object of options, got undefined"],
    ["null", (model) => model.step(any(null)), "step: expected an object of options, got null"],
    [
      "an unknown option",
      (model) => model.step(any({ x, y, learningRate: 1 })),
      'step: unknown option "learningRate"; known are x, y',
    ],
    ["a data set", (model) => model.step(any(data)), 'step: unknown option "size"'],
    ["no y", (model) => model.step(any({ x })), /^step: .*\by .*undefined/],
    ["too few labels", (model) => model.step({ x, y: [1] }), "step: 2 examples need 2 target numbers, y has 1"],
    ["too many labels", (model) => model.step({ x, y: [1, 1, 1] }), "step: 2 examples need 2 target numbers, y has 3"],
    ["a label out of range", (model) => model.step({ x, y: [0, 3] }), "step: y[1] = 3 is not a label in [0, 3)"],
    [
      "a negative label",
      (model) => model.step({ x, y: Int8Array.of(-1, 0) }),
      "step: y[0] = -1 is not a label in [0, 3)",
    ],
    ["a label that is no integer", (model) => model.step({ x, y: [0.5, 0] }), "step: y[0] = 0.5 is not a whole number"],
    ["a label that is NaN", (model) => model.step({ x, y: [0, Number.NaN] }), "step: y[1] = NaN is not a whole number"],
    [
      "a label that is text",
      (model) => model.step({ x, y: any([0, "1"]) }),
      /^step: y\[1\] = "1" is not a (whole )?number/,
    ],
    [
      "a label of 2³², which an i32 would call 0",
      (model) => model.step({ x, y: [0, 2 ** 32] }),
      /^step: y\[1\] = 4294967296 is not/,
    ],
    [
      "a label of 2³² + 1 as f64",
      (model) => model.step({ x, y: Float64Array.of(0, 2 ** 32 + 1) }),
      /^step: y\[1\] = 4294967297 is not/,
    ],
    ["BigInt labels", (model) => model.step({ x, y: any(BigInt64Array.of(0n, 1n)) }), /^step: y/],
  ]);
});

describe("predict refuses", () => {
  refuses(
    badExamples.map(([what, bad, says]) => [
      what,
      (model) => model.predict(any(bad)),
      new RegExp(`^predict${says.source}`),
    ]),
  );
});

describe("objective refuses", () => {
  refuses(
    badExamples.map(([what, bad, says]) => [
      `x: ${what}`,
      (model) => model.objective({ x: any(bad), y }),
      new RegExp(`^objective${says.source}`),
    ]),
  );
  const out = new Float32Array(43);
  const theta = numbers(43);
  refuses([
    ["null", (model) => model.objective(any(null)), "objective: expected an object of options, got null"],
    ["no y", (model) => model.objective(any({ x })), /^objective: .*y/],
    [
      "a label out of range",
      (model) => model.objective({ x, y: [0, 3] }),
      "objective: y[1] = 3 is not a label in [0, 3)",
    ],
    ["a label of 2³²", (model) => model.objective({ x, y: [0, 2 ** 32] }), /^objective: y\[1\] = 4294967296 is not/],
    [
      "a short θ",
      (model) => model.objective(batch).loss(theta.subarray(1)),
      "objective.loss: theta must be a Float32Array of 43 numbers, got 42",
    ],
    [
      "a θ that is no Float32Array",
      (model) => model.objective(batch).loss(any(Float64Array.from(theta))),
      /^objective.loss: theta must be a Float32Array of 43 numbers/,
    ],
    [
      "a missing θ",
      (model) => any(model.objective(batch)).loss(),
      /^objective.loss: theta must be a Float32Array of 43 numbers, got undefined/,
    ],
    [
      "a short out",
      (model) => model.objective(batch).gradient(theta, out.subarray(1)),
      "objective.gradient: out must be a Float32Array of 43 numbers, got 42",
    ],
    [
      "a missing out",
      (model) => any(model.objective(batch)).gradient(theta),
      /^objective.gradient: out must be a Float32Array of 43 numbers, got undefined/,
    ],
    [
      "a missing v",
      (model) => model.objective(batch).hessianVector(theta, any(undefined), out),
      /^objective.hessianVector: v must be a Float32Array of 43 numbers, got undefined/,
    ],
    [
      "a short v",
      (model) => model.objective(batch).hessianVector(theta, theta.subarray(1), out),
      "objective.hessianVector: v must be a Float32Array of 43 numbers, got 42",
    ],
  ]);
});

describe("targets that are values", () => {
  const values = numbers(6);
  const bad = (value: unknown): unknown => Array.from(values, (v, i) => (i === 2 ? value : v));
  refuses(
    [
      ["of another count", (model) => model.step({ x, y: [1, 2] }), "step: 2 examples need 6 target numbers, y has 2"],
      [
        "that are NaN",
        (model) => model.step({ x, y: any(bad(Number.NaN)) }),
        "step: y[2] = NaN is not a finite number",
      ],
      [
        "beyond f32",
        (model) => model.step({ x, y: any(bad(1e39)) }),
        /^step: y\[2\] = (Infinity|1e\+39) is not a finite number/,
      ],
      ["that are text", (model) => model.step({ x, y: any(bad("1")) }), /^step: y\[2\] = "?1"? is not a number/],
      [
        "that are null",
        (model) => model.objective({ x, y: any(bad(null)) }),
        /^objective: y\[2\] = null is not a number/,
      ],
    ],
    { loss: meanSquaredError() },
  );
});

describe("indices into an embedding", () => {
  const network = chain(embedding(5, 2), flatten(), dense(3));
  const indices = (...list: unknown[]) => ({ x: any(list), y: [0, 1] });
  const make = (): Promise<Model> => createModel({ ...options, input: [2], inputType: "i32", network });
  test.each([
    ["too large", [0, 1, 5, 2], "x[2] = 5 is not an index in [0, 5)"],
    ["negative", [0, -1, 4, 2], "x[1] = -1 is not an index in [0, 5)"],
    ["with a fraction", [0, 1, 2.5, 2], "x[2] = 2.5 is not a whole number"],
    ["NaN", [0, 1, Number.NaN, 2], "x[2] = NaN is not a whole number"],
    ["of 2³²", [0, 1, 2 ** 32, 2], "x[2] = 4294967296 is not"],
  ])("%s are refused by every call", async (_what, list, says) => {
    const model = await make();
    const before = stateOf(model);
    await expectRefusal(() => model.step(indices(...list)), `step: ${says}`);
    await expectRefusal(() => model.predict(any(list)), `predict: ${says}`);
    await expectRefusal(() => model.objective(indices(...list)), `objective: ${says}`);
    expect(stateOf(model)).toEqual(before);
  });
});

describe("what can be set", () => {
  const set = (value: unknown) => (model: Model) => {
    model.learningRate = any(value);
  };
  const write = (values: unknown) => (model: Model) => {
    model.parameters = any(values);
  };
  const theta = (i: number, value: unknown): unknown[] => Array.from(numbers(43), (v, k) => (k === i ? value : v));
  refuses([
    ...[
      Number.NaN,
      0,
      -0.1,
      Number.POSITIVE_INFINITY,
      1e39,
      1e-60,
      "0.1",
      null,
      undefined,
      1n,
      Symbol("η"),
      {},
      Object.create(null),
    ].map(
      (value) =>
        [
          `a learning rate of ${typeof value === "object" && value ? "{}" : String(value)}`,
          set(value),
          /^learningRate: learningRate must be a finite number > 0/,
        ] as const,
    ),
    ["too few parameters", write(numbers(42)), "parameters: expected 43 numbers, got 42"],
    ["parameters that are nothing", write(undefined), /^parameters: .*got undefined/],
    ["a parameter that is NaN", write(theta(7, Number.NaN)), /^parameters: .*7\b.* = NaN is not /],
    ["a parameter that is text", write(theta(7, "1")), /^parameters: .*7\b.* = "?1"? is not /],
    ["a parameter beyond f32", write(theta(42, 1e39)), /^parameters: .*42\b.* = (1e\+39|Infinity) is not /],
  ]);
});

describe("a loss that is not finite", () => {
  test("is returned by step, which changes nothing", async () => {
    const model = await createModel({ ...options, loss: (p) => ops.sum(ops.log(ops.sub(p, 100))), network: dense(3) });
    const before = stateOf(model);
    expect(model.step({ x, y: numbers(6) })).toBeNaN();
    expect(stateOf(model)).toEqual(before);
  });

  test("is what a huge learning rate leads to, and the model can go on with a smaller one from parameters of before", async () => {
    const model = await createModel({ ...options, optimizer: sgd({ learningRate: 1e38 }), network: dense(3) });
    const theta = model.parameters.slice();
    const big = { x: x.map((v) => v * 1e5), y };
    let steps = 0;
    while (Number.isFinite(model.step(big)) && steps < 10) steps++;
    expect(model.steps).toBe(steps);
    expect(steps).toBeLessThan(10);
    model.parameters = theta;
    model.learningRate = 0.01;
    expect(model.step(batch)).toBeGreaterThan(0);
    expect(model.parameters.every(Number.isFinite)).toBe(true);
  });
});
