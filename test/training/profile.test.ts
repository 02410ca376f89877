// Model.profile: every kernel call of a step is named, timed and rated, and the model stays as it was.
import { describe, expect, test } from "vitest";
import {
  batchNorm,
  chain,
  chromeTrace,
  conv2d,
  createModel,
  crossEntropy,
  dense,
  dropout,
  flatten,
  formatProfile,
  type Model,
  type Profile,
  relu,
  sgd,
} from "../../src/index.ts";
import { numbers } from "../nn/net.ts";

const rows = 64;
const batch = { x: numbers(rows * 64, 1), y: Int32Array.from({ length: rows }, (_, i) => (i * 7) % 3) };
const make = (): Promise<Model> =>
  createModel({
    input: [64],
    network: chain(dense(512), batchNorm(), relu(), dropout(0.2), dense(3)),
    loss: crossEntropy(),
    optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }),
    seed: 3,
    build: "strict",
  });

describe("the profile of a step", () => {
  test("names every kernel call of both programs, in order, with the tensor it makes", async () => {
    const model = await make();
    const { calls, batch: examples, rounds, build } = await model.profile(batch, { rounds: 3 });
    expect([examples, rounds, build]).toEqual([rows, 3, "strict"]);
    const kernelsOf = (kind: "train" | "update"): string[] =>
      model.program(kind, rows).calls.map(({ kernel }) => kernel);
    const profiled = (kind: string): string[] => calls.filter((c) => c.program === kind).map((c) => c.kernel);
    expect(profiled("train")).toEqual(kernelsOf("train"));
    expect(profiled("update")).toEqual(kernelsOf("update"));
    expect(profiled("update")).toContain("sgd");
    expect(calls[0]).toMatchObject({ kernel: "gemm", operation: "fusedMatmul", shape: [rows, 512] });
  });

  test("has times that add up, and rates that are the work over the time", async () => {
    const { calls, milliseconds } = await (await make()).profile(batch, { rounds: 5 });
    const sum = (values: number[]): number => values.reduce((a, b) => a + b, 0);
    expect(sum(calls.map((call) => call.milliseconds))).toBeCloseTo(milliseconds, 9);
    expect(sum(calls.map((call) => call.share))).toBeCloseTo(1, 9);
    const first = calls[0] as Profile["calls"][number];
    expect((first.gflops as number) * 1e6 * first.milliseconds).toBeCloseTo(2 * rows * 64 * 512, 3);
    const moved = 4 * (rows * 64 + 64 * 512 + 512 + rows * 512);
    expect((first.gigabytesPerSecond as number) * 1e6 * first.milliseconds).toBeCloseTo(moved, 3);
    const update = calls.find(({ kernel }) => kernel === "sgd") as Profile["calls"][number];
    expect(update.gflops).toBeUndefined();
    const parameters = 64 * 512 + 3 * 512 + 512 * 3 + 3;
    expect((update.gigabytesPerSecond as number) * 1e6 * update.milliseconds).toBeCloseTo(20 * parameters, 3);
  });

  test("counts a convolution and its gradient by the definition", async () => {
    const model = await createModel({
      input: [16, 16, 3],
      network: chain(conv2d(8, 3, { padding: 1 }), relu(), flatten(), dense(3)),
      loss: crossEntropy(),
      build: "strict",
    });
    const { calls } = await model.profile({ x: numbers(rows * 16 * 16 * 3, 2), y: batch.y }, { rounds: 5 });
    const work = calls.filter((call) => /conv2d/i.test(call.operation)).map((c) => (c.gflops ?? 0) * c.milliseconds);
    // Forward and dW; nobody asks for the gradient of the images.
    const flops = 2 * rows * 16 * 16 * 8 * 3 * 3 * 3;
    expect(work).toEqual([expect.closeTo(flops / 1e6, 6), expect.closeTo(flops / 1e6, 6)]);
  });

  test("leaves the model as it was: what follows is the same to the bit", async () => {
    const [profiled, untouched] = [await make(), await make()];
    const step = (model: Model): number => model.step(batch);
    expect(step(profiled)).toBe(step(untouched));
    const gradient = profiled.gradient.slice();
    await profiled.profile(batch, { rounds: 2 });
    expect(profiled.steps).toBe(1);
    expect(profiled.gradient).toEqual(gradient);
    expect(profiled.parameters).toEqual(untouched.parameters);
    expect(profiled.state).toEqual(untouched.state);
    // The velocity and dropout's draws show in the steps to come.
    expect([step(profiled), step(profiled)]).toEqual([step(untouched), step(untouched)]);
    expect(profiled.parameters).toEqual(untouched.parameters);
  });

  test("refuses what it cannot run", async () => {
    const model = await make();
    const theta = model.parameters.slice();
    await expect(model.profile({ x: batch.x.slice(1), y: batch.y })).rejects.toThrow(/profile: x has 4095 numbers/);
    await expect(model.profile({ ...batch, y: batch.y.map(() => 3) })).rejects.toThrow(
      /profile: y\[0\] = 3 is not a label/,
    );
    await expect(model.profile(batch, { rounds: 0 })).rejects.toThrow(
      /profile: rounds must be a whole number ≥ 1, got 0/,
    );
    await expect(model.profile(batch, { round: 1 } as object)).rejects.toThrow(/profile: unknown option "round"/);
    expect(model.parameters).toEqual(theta);
  });
});

const profile: Profile = {
  build: "strict",
  batch: 8,
  rounds: 5,
  milliseconds: 1,
  calls: [
    {
      program: "train",
      kernel: "gemm",
      operation: "matmul",
      shape: [8, 4],
      milliseconds: 0.5,
      share: 0.5,
      gflops: 10,
      gigabytesPerSecond: 3,
    },
    {
      program: "train",
      kernel: "gemm",
      operation: "matmul",
      shape: [8, 2],
      milliseconds: 0.25,
      share: 0.25,
      gflops: 40,
      gigabytesPerSecond: 6,
    },
    {
      program: "train",
      kernel: "relu",
      operation: "relu",
      shape: [8, 4],
      milliseconds: 0.25,
      share: 0.25,
      gigabytesPerSecond: 12,
    },
    { program: "update", kernel: "sgd", operation: "sgd", shape: [0], milliseconds: 0, share: 0 },
  ],
};

describe("a profile as text", () => {
  test("sums by kernel and lists the longest calls", () => {
    expect(formatProfile(profile)).toBe(
      [
        "a step of 8 examples, strict build: 1.000 ms in 4 kernel calls (medians of 5 rounds)",
        "",
        "kernel  calls      ms   share  GFLOP/s  GB/s",
        "gemm        2  0.7500  75.0 %     20.0   4.0",
        "relu        1  0.2500  25.0 %           12.0",
        "sgd         1  0.0000   0.0 %",
        "",
        "longest calls  program  makes             ms   share  GFLOP/s  GB/s",
        "gemm           train    matmul [8,4]  0.5000  50.0 %     10.0   3.0",
        "gemm           train    matmul [8,2]  0.2500  25.0 %     40.0   6.0",
        "relu           train    relu [8,4]    0.2500  25.0 %           12.0",
        "sgd            update   sgd [0]       0.0000   0.0 %",
      ].join("\n"),
    );
  });

  test("says how much the calls it does not list take together", () => {
    const [first] = profile.calls as [Profile["calls"][number]];
    const calls = Array.from({ length: 25 }, () => ({ ...first, milliseconds: 0.04, share: 0.04 }));
    expect(
      formatProfile({ ...profile, calls })
        .split("\n")
        .at(-1),
    ).toBe("and 5 shorter calls: 20.0 %");
  });

  test("is a trace of complete events, end to end under their programs", () => {
    const { traceEvents } = JSON.parse(chromeTrace(profile)) as {
      traceEvents: { name: string; cat: string; ph: string; ts: number; dur: number; args: object }[];
    };
    expect(traceEvents.map(({ name, cat, ph, ts, dur }) => [name, cat, ph, ts, dur])).toEqual([
      ["train", "program", "X", 0, 1000],
      ["gemm", "train", "X", 0, 500],
      ["gemm", "train", "X", 500, 250],
      ["relu", "train", "X", 750, 250],
      ["update", "program", "X", 1000, 0],
      ["sgd", "update", "X", 1000, 0],
    ]);
    expect(traceEvents[1]?.args).toEqual({ makes: "matmul [8,4]", share: 0.5, gflops: 10, gigabytesPerSecond: 3 });
  });
});
