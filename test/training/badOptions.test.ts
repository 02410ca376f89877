// Models that cannot be made: wrong options, nets that do not fit their loss, modules that are none, too much memory.
import { afterEach, describe, expect, test } from "vitest";
import {
  chain,
  createModel,
  crossEntropy,
  dense,
  gelu,
  initializers,
  load,
  meanSquaredError,
  ops,
  relu,
  sgd,
} from "../../src/index.ts";
import { any, batch, expectRefusal, guarded, options } from "./refuse.ts";

const make = (more: Record<string, unknown>): Promise<unknown> => createModel(any({ ...options, ...more }));

describe("createModel refuses", () => {
  test.each<[string, () => unknown, string | RegExp]>([
    ["nothing", () => createModel(any(undefined)), "createModel: expected an object of options, got undefined"],
    ["null", () => createModel(any(null)), "createModel: expected an object of options, got null"],
    [
      "an unknown option",
      () => make({ epochs: 5 }),
      'createModel: unknown option "epochs"; known are input, inputType, network, loss, regularizer, optimizer, seed, build',
    ],
    ...(
      [
        undefined,
        null,
        4,
        "4",
        [0],
        [-1],
        [1.5],
        ["4"],
        [4n],
        [Number.NaN],
        [Number.POSITIVE_INFINITY],
        new Array(1),
        Int32Array.of(4),
        {},
      ] as const
    ).map((input): [string, () => unknown, RegExp] => [
      `an input of ${Array.isArray(input) ? `[${input.map(String)}]` : String(input)}`,
      () => make({ input }),
      /^createModel: input must be an array of whole numbers ≥ 1, such as \[784\], got /,
    ]),
    ["an input of [NaN], and says so", () => make({ input: [Number.NaN] }), /got \[NaN\]/],
    [
      "an input type of f64",
      () => make({ inputType: "f64" }),
      /^createModel: inputType must be "f32" or "i32", got "?f64"?/,
    ],
    [
      "no network",
      () => make({ network: undefined }),
      /^createModel: network must be a layer such as chain.*got undefined/,
    ],
    ["an array of layers", () => make({ network: [dense(3)] }), /^createModel: network must be a layer/],
    ["a layer that was not called", () => make({ network: relu }), /^createModel: network must be a layer/],
    [
      "an object without a prototype",
      () => make({ network: Object.create(null) }),
      /^createModel: network must be a layer/,
    ],
    [
      "a network without parameters",
      () => make({ network: relu() }),
      "createModel: the network has no parameters: there is nothing to learn",
    ],
    ["no loss", () => make({ loss: undefined }), /^createModel: loss must be a loss such as crossEntropy\(\)/],
    [
      "a loss that was not called",
      () => make({ loss: crossEntropy }),
      "createModel: loss must be a loss, got the function that makes it; write crossEntropy()",
    ],
    ["a loss by name", () => make({ loss: "crossEntropy" }), /^createModel: loss must be/],
    [
      "a net that does not fit its loss",
      () => make({ network: dense(1) }),
      /^crossEntropy: expected a network output of \[batch, classes\] with at least 2 classes, got \[1,1\]/,
    ],
    [
      "a net whose layers do not fit",
      () =>
        make({
          network: { name: "n", apply: (x: never, c: never) => ops.add(dense(3).apply(x, c), ops.constant([1, 2])) },
        }),
      "add: shapes [1,3] and [2] do not broadcast: axis 1 has 3 and 2",
    ],
    [
      "a number as regulariser",
      () => make({ regularizer: 1e-4 }),
      /^createModel: regularizer must be one such as l2\(1e-4\).*got 0\.0001/,
    ],
    [
      "a number as optimiser",
      () => make({ optimizer: 0.1 }),
      /^createModel: optimizer must be one such as sgd.*got 0\.1/,
    ],
    [
      "an optimiser that was not called",
      () => make({ optimizer: sgd }),
      /^createModel: optimizer must be one such as sgd/,
    ],
    [
      "an optimiser without a learning rate",
      () => make({ optimizer: { ...sgd(), learningRate: undefined } }),
      /^createModel: .*learningRate must be/,
    ],
    ["an optimiser with half a slot", () => make({ optimizer: { ...sgd(), slots: 0.5 } }), /^createModel: .*slots/],
    ...([-1, 1.5, Number.NaN, "1", null, 2 ** 53, 1n] as const).map((seed): [string, () => unknown, RegExp] => [
      `a seed of ${String(seed)}`,
      () => make({ seed }),
      /^createModel: seed must be a whole number from 0 to 2\^53 − 1, got /,
    ]),
    [
      "a build it does not know",
      () => make({ build: "fast" }),
      'build: expected "auto", "strict", "relaxed" or "debug", got "fast"',
    ],
  ])("%s", async (_what, call, says) => {
    await expectRefusal(call, says);
  });

  test("to follow an array that is changed afterwards", async () => {
    const input = [4];
    const model = await createModel({ ...options, input });
    input[0] = 2;
    expect(model.predict(batch.x).length).toBe(6);
  });
});

describe("sgd refuses", () => {
  test.each<[string, unknown, string]>([
    ...[Number.NaN, 0, -1, Number.POSITIVE_INFINITY, 1e39, 1e-60, "0.1", null].map(
      (learningRate): [string, unknown, string] => [
        `a learning rate of ${learningRate}`,
        { learningRate },
        "sgd: learningRate must be a finite number > 0 that f32 can hold, got ",
      ],
    ),
    ["a momentum of 1", { momentum: 1 }, "sgd: momentum must be in [0, 1), got 1"],
    ["a momentum in words", { momentum: "0.9" }, 'sgd: momentum must be in [0, 1), got "0.9"'],
    ["a momentum that f32 takes for 1", { momentum: 1 - 2 ** -30 }, "sgd: momentum must be in [0, 1), got 0.99"],
    ["dampening above 1", { dampening: 1.1 }, "sgd: dampening must be in [0, 1], got 1.1"],
    ["negative weight decay", { weightDecay: -1 }, "sgd: weightDecay must be in [0, "],
    ["Nesterov without momentum", { nesterov: true }, "sgd: nesterov needs momentum > 0 and dampening 0"],
    ["Nesterov in words", { momentum: 0.9, nesterov: "yes" }, 'sgd: nesterov must be true or false, got "yes"'],
    [
      "an unknown option",
      { lr: 0.1 },
      'sgd: unknown option "lr"; known are learningRate, momentum, dampening, nesterov, weightDecay',
    ],
    ["a number", 0.1, "sgd: expected an object of options, got 0.1"],
    ["null", null, "sgd: expected an object of options, got null"],
  ])("%s", async (_what, given, says) => {
    await expectRefusal(() => sgd(any(given)), says);
  });
});

describe("modules that are none", () => {
  // The debug build stands in, so that other tests keep theirs.
  const debug = (): Promise<unknown> => make({ build: "debug" });
  const own = new URL("../../bindings/wasm/debug.wasm", import.meta.url);
  afterEach(() => load({ url: own }, "debug"));

  test("bytes that do not validate", async () => {
    load({ bytes: Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 7) }, "debug");
    await expectRefusal(
      debug,
      /^load: the given bytes .* not a WebAssembly module this engine accepts .*; reinstall the package/,
    );
    load({ url: own }, "debug");
    await expect(debug()).resolves.toBeDefined();
  });

  test("a module of something else", async () => {
    load({ bytes: Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0) }, "debug");
    await expectRefusal(debug, /^load: .*(kernel|export)/);
  });

  test("a file that is not there", async () => {
    load({ url: new URL("./nowhere.wasm", own) }, "debug");
    await expectRefusal(debug, /^load: .*nowhere\.wasm/);
  });

  test.each<[unknown, unknown, RegExp]>([
    [{}, "debug", /^load: expected one of url, bytes or module, got 0 of them/],
    [{ url: own, bytes: new Uint8Array(8) }, "debug", /^load: expected one of url, bytes or module, got 2 of them/],
    [null, "debug", /^load: expected/],
    [undefined, "debug", /^load: expected/],
    ["debug.wasm", "debug", /^load: expected/],
    [{ module: 5 }, "debug", /^load: .*module .*WebAssembly\.Module/],
    [{ bytes: "AGFzbQ" }, "debug", /^load: .*bytes /],
    [{ url: own }, "fast", /^(load|build): .*"?fast"?/],
  ])("a source of %o for %s", async (source, build, says) => {
    await expectRefusal(() => load(any(source), any(build)), says);
  });
});

describe("memory beyond 4 GiB", () => {
  const quick = async (call: () => unknown, says: RegExp): Promise<void> => {
    const began = performance.now();
    await expectRefusal(call, says);
    // Before gigabytes are filled or millions of calls written: those take many seconds.
    expect(performance.now() - began).toBeLessThan(2000);
  };

  test.each([60_000, 25_000, 2 ** 26, 2 ** 40])(
    "of parameters, dense(%d) on as many, is refused before the first is drawn",
    async (width) => {
      let drawn = 0;
      const initializer = (): never => {
        drawn++;
        throw new Error("test: drawn");
      };
      await quick(
        () => make({ input: [width], network: chain(dense(width, { initializer }), dense(3)) }),
        /^(createModel|memory): .*4 GiB/,
      );
      expect(drawn).toBe(0);
    },
  );

  test("of parameters with their gradient and momentum, though θ alone would fit", async () => {
    // 2³⁰ bytes of θ: with g, a slot and the sums beside them more than 4 GiB
    const initializer = (): never => {
      throw new Error("test: drawn");
    };
    const width = 2 ** 14 + 4096;
    await quick(
      () =>
        make({
          input: [width],
          network: dense(width, { initializer }),
          optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }),
        }),
      /^(createModel|memory): .*4 GiB/,
    );
  });

  test("of activations is refused by the call that needs them, and the model goes on", async () => {
    const wide = await createModel({
      ...options,
      network: chain(
        dense(200_000, { initializer: initializers.zeros }),
        gelu(),
        dense(1, { initializer: initializers.zeros }),
      ),
      loss: meanSquaredError(),
    });
    const theta = wide.parameters.slice();
    const rows = 8000; // 200 000 × 8000 × 4 bytes = 6 GiB a layer
    await quick(
      () => wide.step({ x: new Float32Array(4 * rows), y: new Float32Array(rows) }),
      /^(step|memory): .*4 GiB.*smaller batch/,
    );
    // Element by element: a matcher takes seconds for a million.
    expect(wide.parameters.every((value, i) => value === theta[i])).toBe(true);
    expect(wide.steps).toBe(0);
    expect(wide.step({ x: new Float32Array(4), y: [1] })).toBe(1);
  });

  test.each(["step", "predict", "objective"] as const)(
    "of examples that only claim to be there is refused by %s",
    async (call) => {
      const { model, intact } = await guarded();
      const x = any({ length: 2 ** 34 });
      const y = any({ length: 2 ** 32 });
      await quick(
        () => (call === "predict" ? model.predict(x) : model[call]({ x, y })),
        new RegExp(`^(${call}|memory): `),
      );
      await intact();
    },
  );
});
