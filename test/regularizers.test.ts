// Regularisers against their formulas, over the parameters they are meant for.
import { describe, expect, test } from "vitest";
import {
  arrayDataset,
  chain,
  dense,
  elasticNet,
  initializers,
  l1,
  l2,
  layerNorm,
  type Model,
  ops,
  type Regularizer,
} from "../src/index.ts";
import { netOf, numbers } from "./nn/net.ts";

const x = numbers(12, 1);
const y = numbers(4, 2);

async function netWith(regularizer?: Regularizer): Promise<Model> {
  const model = await netOf([3], chain(dense(4), layerNorm(), dense(1)), regularizer ? { regularizer } : {});
  model.parameters = numbers(model.parameters.length, 3);
  return model;
}
const kinds = ["weight", "bias", "scale"] as const;

/** Σ term over parameters of some kinds, in double precision. */
const sumOver = (
  model: Pick<Model, "layout" | "parameters">,
  term: (w: number) => number,
  included: readonly string[],
): number =>
  model.layout
    .filter((entry) => included.includes(entry.kind))
    .flatMap(({ offset, size }) => [...model.parameters.subarray(offset, offset + size)])
    .reduce((sum, w) => sum + term(w), 0);

const square = (w: number): number => w * w;
const cases: readonly (readonly [
  string,
  Regularizer,
  (model: Model) => number,
  (w: number, kind: string) => number,
])[] = [
  ["l2", l2(0.3), (m) => 0.3 * sumOver(m, square, ["weight"]), (w, kind) => (kind === "weight" ? 0.6 * w : 0)],
  [
    "l1",
    l1(0.3),
    (m) => 0.3 * sumOver(m, Math.abs, ["weight"]),
    (w, kind) => (kind === "weight" ? 0.3 * Math.sign(w) : 0),
  ],
  ["l2 of all", l2(0.3, { include: "all" }), (m) => 0.3 * sumOver(m, square, kinds), (w) => 0.6 * w],
  [
    "l1 of chosen",
    l1(0.3, { include: (p) => p.name.startsWith("layerNorm") }),
    (m) =>
      0.3 *
      sumOver(
        { layout: m.layout.filter((e) => e.name.startsWith("layerNorm")), parameters: m.parameters },
        Math.abs,
        kinds,
      ),
    (w, kind) => (kind === "scale" ? 0.3 * Math.sign(w) : Number.NaN),
  ],
  [
    "elasticNet",
    elasticNet({ l1: 0.2, l2: 0.1 }),
    (m) => 0.2 * sumOver(m, Math.abs, ["weight"]) + 0.1 * sumOver(m, square, ["weight"]),
    (w, kind) => (kind === "weight" ? 0.2 * Math.sign(w) + 0.2 * w : 0),
  ],
  [
    "a function of one's own",
    (parameters) =>
      ops.mul(2, ops.sum(ops.square((parameters[0] as { value: Parameters<typeof ops.square>[0] }).value))),
    (m) => 2 * m.parameters.subarray(0, 12).reduce((sum, w) => sum + w * w, 0),
    () => Number.NaN,
  ],
];

describe("regularisers", () => {
  test.each(cases)("%s adds its value to step, evaluate and objective", async (_name, regularizer, penalty) => {
    const [model, plain] = [await netWith(regularizer), await netWith()];
    const data = arrayDataset({ x, y, shape: [3], targetShape: [1] });
    const theta = model.parameters.slice();
    const expected = penalty(model);
    // Sums of some twenty numbers in f32, and the loss they are added to.
    const near = (got: number): void => expect(Math.abs(got - expected)).toBeLessThan(32 * 2 ** -24 * (1 + expected));
    near(model.evaluate(data).loss - plain.evaluate(data).loss);
    near(model.objective({ x, y }).loss(theta) - plain.objective({ x, y }).loss(theta));
    near(model.step({ x, y }) - plain.step({ x, y }));
  });

  test.each(cases)("%s pulls at the parameters it is over", async (_name, regularizer, _penalty, pull) => {
    const [model, plain] = [await netWith(regularizer), await netWith()];
    const theta = model.parameters.slice();
    const [g, h] = [model, plain].map((m) => {
      const out = new Float32Array(theta.length);
      m.objective({ x, y }).gradient(theta, out);
      return out;
    }) as [Float32Array, Float32Array];
    for (const { kind, offset, size } of model.layout)
      for (let i = offset; i < offset + size; i++) {
        const expected = pull(theta[i] as number, kind);
        if (!Number.isNaN(expected))
          expect(Math.abs((g[i] as number) - (h[i] as number) - expected)).toBeLessThan(
            8 * 2 ** -24 * (1 + Math.abs(h[i] as number)),
          );
      }
  });

  test("of strength 0, or over nothing, cost nothing: the program is the plain one", async () => {
    const plain = (await netWith()).program("train", 4);
    for (const regularizer of [
      l1(0),
      l2(0),
      elasticNet({ l1: 0, l2: 0 }),
      l2(1, { include: () => false }),
      () => undefined,
    ])
      expect((await netWith(regularizer)).program("train", 4)).toEqual(plain);
  });

  test("are told the name and kind of each parameter", async () => {
    const seen: string[] = [];
    await netOf([3], dense(2, { initializer: initializers.ones }), {
      regularizer: (parameters) => {
        for (const { name, kind, value } of parameters) seen.push(`${name} ${kind} [${value.shape}]`);
        return undefined;
      },
    });
    expect(seen.slice(0, 2)).toEqual(["weights weight [3,2]", "bias bias [2]"]);
  });

  test("that give no scalar are refused when the model is made", async () => {
    for (const regularizer of [() => "much", () => [1], (p: { value: never }[]) => p[0]?.value])
      await expect(netWith(regularizer as never)).rejects.toThrow(/^createModel: .*regulari[sz]er/);
  });

  test("that give a plain number add it, or are refused: step and evaluate agree", async () => {
    const model = await netWith((() => 5) as never).catch((error: Error) => error);
    if (model instanceof Error) expect(model.message).toMatch(/^createModel: .*regulari[sz]er/);
    else
      expect(model.evaluate(arrayDataset({ x, y, shape: [3], targetShape: [1] })).loss).toBeCloseTo(
        model.step({ x, y }),
        6,
      );
  });

  test.each([
    [() => l2(-1), "l2: the strength must be a finite number ≥ 0, got -1"],
    [() => l1(Number.NaN), "l1: the strength must be a finite number ≥ 0, got NaN"],
    [() => l2("0.1" as never), 'l2: the strength must be a finite number ≥ 0, got "0.1"'],
    [() => l2(1e39), "l2: the strength must be a finite number ≥ 0, got 1e+39"],
    [() => l2(1, { include: "weight" as never }), 'l2: include must be "weights" or "all", got "weight"'],
    [() => l2(1, { includes: "all" } as never), 'l2: unknown option "includes"; known are include'],
    [() => elasticNet({ l1: 1 } as never), "l2: the strength must be a finite number ≥ 0, got undefined"],
    [() => elasticNet(1 as never), "elasticNet: expected an object of options, got 1"],
    [() => elasticNet({ l1: 1, l2: 1, l3: 1 } as never), 'elasticNet: unknown option "l3"; known are l1, l2'],
  ])("%# their options are checked", (call, message) => {
    expect(call).toThrow(message);
  });
});
