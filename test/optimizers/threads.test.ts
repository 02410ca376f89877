// Threads share the update out by ranges of θ: with a gradient that they add up exactly, the bits are those of one thread.
import { expect, test } from "vitest";
import type { Optimizer } from "../../src/index.ts";

// In Node threads run built files; in a page they need a worker around them.
const built: string = "../../dist/index.js";
const library = (await import(/* @vite-ignore */ built)) as typeof import("../../src/index.ts");
const {
  adadelta,
  adagrad,
  adam,
  adamax,
  adamW,
  chain,
  clipByGlobalNorm,
  clipByValue,
  createRemoteModel,
  initializers,
} = library;
const { lamb, lion, lookahead, nadam, ops, parameterGroups, radam, rmsprop, rprop, sam, sgd } = library;

/** Σ over parts of (θ − 1)², the same for each of a batch's examples: means of two or four are exact. */
async function walk(optimizer: Optimizer, threads: number): Promise<Float32Array> {
  const model = await createRemoteModel({
    input: [1],
    network: {
      name: "point",
      apply(x, context) {
        const part = (name: string, size: number, kind: "weight" | "bias") =>
          ops.sum(ops.square(ops.sub(context.parameter(name, [size], initializers.normal(1), kind), 1)));
        const value = ops.add(ops.add(part("a", 37, "weight"), part("b", 5, "bias")), part("c", 61, "weight"));
        return ops.broadcastTo(ops.reshape(value, [1, 1]), [x.shape[0] as number, 1]);
      },
    },
    loss: (prediction) => ops.mean(prediction),
    optimizer,
    threads,
    seed: 4,
    build: "strict",
  });
  try {
    for (let step = 0; step < 7; step++) await model.step({ x: [0, 0, 0, 0], y: [0, 0, 0, 0] });
    return await model.parameters();
  } finally {
    // Engines have room for few shared memories at once.
    model.close();
  }
}

test.each<[string, Optimizer]>([
  ["sgd", sgd({ momentum: 0.9, nesterov: true, weightDecay: 0.1, decays: "weights" })],
  ["adam", adam()],
  ["amsgrad", adam({ amsgrad: true })],
  ["adamW", adamW({ weightDecay: 0.1, decays: "weights" })],
  ["nadam", nadam()],
  ["radam", radam()],
  ["adamax", adamax()],
  ["rmsprop", rmsprop({ momentum: 0.9, centered: true })],
  ["adagrad", adagrad({ initialAccumulator: 0.1 })],
  ["adadelta", adadelta()],
  ["lion", lion()],
  ["rprop", rprop()],
  ["lamb", lamb()],
  ["sam", sam(adam())],
  ["lookahead", lookahead(adam(), { every: 3 })],
  ["clipped by value", chain(clipByValue(0.5), adam())],
  ["clipped by norm", chain(clipByGlobalNorm(0.5), adam())],
  [
    "groups",
    parameterGroups(
      [
        { where: ({ name }) => name.endsWith("a"), optimizer: "frozen" },
        { where: ({ kind }) => kind === "bias", optimizer: sgd({ learningRate: 0.1 }) },
      ],
      adam(),
    ),
  ],
])("%s: two and three threads give one thread's bits", async (_, optimizer) => {
  const alone = await walk(optimizer, 1);
  expect(await walk(optimizer, 2)).toEqual(alone);
  // 4 rows over 3 threads: 2, 1 and 1, still exact.
  expect(await walk(optimizer, 3)).toEqual(alone);
});
