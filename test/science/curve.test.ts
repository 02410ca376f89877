// Curves between networks: their shape, their gradients, and the values along them.
import { describe, expect, test } from "vitest";
import {
  arrayDataset,
  batchNorm,
  chain,
  crossEntropy,
  dense,
  l2,
  type Model,
  type ModelOptions,
  relu,
  sgd,
  tanh,
} from "../../src/index.ts";
import {
  type Curve,
  createCurve,
  lineBetween,
  pathSummary,
  type Section,
  type Surface,
  surface,
} from "../../src/science/index.ts";
import { expectClose, netOf, numbers } from "../nn/net.ts";

const rows = 24;
const x = numbers(rows * 4, 3);
const y = Int32Array.from({ length: rows }, (_, i) => (i * 5) % 3);
const data = arrayDataset({ x, y, shape: [4] });
const options = (more: Partial<ModelOptions> = {}): ModelOptions => ({
  input: [4],
  network: chain(dense(6), tanh(), dense(3)),
  loss: crossEntropy(),
  regularizer: l2(0.01),
  optimizer: sgd({ learningRate: 0.1 }),
  seed: 5,
  build: "strict",
  ...more,
});
const ends = () =>
  Promise.all([1, 2].map((seed) => netOf([4], options().network, { ...options(), seed }))) as Promise<[Model, Model]>;

async function along(model: Model, section: Section, points: number, normalization: "running" | "refresh" = "running") {
  let grid: Surface | undefined;
  for await (const report of surface(model, data, section, { points, x: [0, 1], normalization })) grid = report.surface;
  return grid as Surface;
}

/** Bends that lie apart from the straight line. */
function bent(curve: Curve): Curve {
  curve.model.parameters = curve.model.parameters.map((value, i) => value + 0.3 * (numbers(200, 7)[i % 200] as number));
  return curve;
}

describe.each(["bezier", "chain"] as const)("a %s", (kind) => {
  test.each([1, 2, 3])("with %i bends ends at its ends exactly, and is straight at first", async (bends) => {
    const [a, b] = await ends();
    const curve = await createCurve(options(), [a, b], { kind, bends });
    expect(curve.model.parameters.length).toBe(bends * a.parameters.length);
    for (const t of [0.25, 0.6])
      expectClose(
        curve.at(t),
        a.parameters.map((value, i) => (1 - t) * value + t * (b.parameters[i] as number)),
        1e-6,
      );
    bent(curve);
    expect([curve.at(0), curve.at(1)]).toEqual([a.parameters, b.parameters]);
    const { loss } = await along(await netOf([4], options().network, options()), curve.section(), 3);
    expect([loss[0], loss[2]]).toEqual([a.evaluate(data).loss, b.evaluate(data).loss]);
  });

  test("learns at θ(t): loss, regulariser and gradients are those of the network there, times cⱼ(t)", async () => {
    const [a, b] = await ends();
    const bends = 2;
    const curve = bent(await createCurve(options(), [a, b], { kind, bends }));
    const n = a.parameters.length;
    for (const t of [0, 0.2, 0.5, 0.9]) {
      curve.model.state.set([t]); // t is the first number of state
      const [ours, theirs] = [new Float32Array(bends * n), new Float32Array(n)];
      const loss = curve.model.objective({ x, y }).gradient(curve.model.parameters, ours);
      expect(loss).toBeCloseTo(a.objective({ x, y }).gradient(curve.at(t), theirs), 6);
      const factors = curve.section().coefficients(t, 0);
      for (let j = 1; j <= bends; j++)
        expectClose(
          ours.subarray((j - 1) * n, j * n),
          theirs.map((value) => (factors[j] as number) * value),
          2e-6,
        );
    }
  });
});

describe("learning a curve", () => {
  test("draws another t each step, evenly, by the seed", async () => {
    const [a, b] = await ends();
    const curve = bent(await createCurve(options({ optimizer: sgd({ learningRate: 1e-12 }) }), [a, b]));
    const twin = bent(await createCurve(options({ optimizer: sgd({ learningRate: 1e-12 }) }), [a, b]));
    const losses = Array.from({ length: 600 }, () => curve.model.step({ x, y }));
    expect(losses.slice(0, 20)).toEqual(Array.from({ length: 20 }, () => twin.model.step({ x, y })));
    const { loss } = pathSummary(curve.section(), await along(a, curve.section(), 61));
    expect(Math.min(...losses)).toBeGreaterThan(loss.min - 1e-4);
    expect(Math.max(...losses)).toBeLessThan(loss.max + 1e-4);
    const mean = losses.reduce((sum, value) => sum + value, 0) / losses.length;
    // Three standard errors of the mean over t.
    expect(Math.abs(mean - loss.mean)).toBeLessThan((3 * (loss.max - loss.min)) / Math.sqrt(12 * 600));
  });

  test("finds a way of lower loss than the straight one", async () => {
    const [a, b] = await ends();
    for (const model of [a, b]) for await (const _ of model.fit(data, { epochs: 300, batchSize: "all" }));
    const curve = await createCurve(options(), [a, b], { bends: 1 });
    for await (const _ of curve.model.fit(data, { epochs: 300, batchSize: "all" }));
    const line = lineBetween(a, b);
    const straight = pathSummary(line, await along(a, line, 21));
    const learnt = pathSummary(curve.section(), await along(a, curve.section(), 21));
    expect(learnt.loss.max).toBeLessThan(straight.loss.max);
    expect(learnt.loss.barrier).toBeLessThan(straight.loss.barrier);
    expect(straight.lengthRatio).toBeCloseTo(1, 6);
    expect(learnt.lengthRatio).toBeGreaterThan(1);
  });

  test("works with BatchNorm, whose statistics are computed anew along the curve", async () => {
    const network = () => chain(dense(6), batchNorm(), relu(), dense(3));
    const made = (seed: number) => netOf([4], network(), { loss: crossEntropy(), seed });
    const [a, b] = [await made(1), await made(2)];
    const curve = await createCurve(options({ network: network() }), [a, b]);
    for await (const _ of curve.model.fit(data, { epochs: 20, batchSize: 8 }));
    const { loss } = await along(a, curve.section(), 3, "refresh");
    for (const [i, model] of [a, b].entries()) {
      model.refreshStatistics(data);
      expect(loss[2 * i]).toBe(model.evaluate(data).loss);
    }
    expect(loss[1]).toBeLessThan(Math.max(loss[0] as number, loss[2] as number));
  });
});

test("the summary of a path knows lengths, integrals and barriers", () => {
  // Along a right angle: two steps of length 3 and 4 between points 5 apart.
  const at = (...values: number[]) => ({ parameters: Float32Array.from(values) });
  const section: Section = {
    about: { kind: "corner" },
    vectors: [at(0, 0), at(3, 0), at(3, 4)],
    coefficients: (t) => [Math.max(0, 1 - 2 * t), Math.max(0, 1 - Math.abs(2 * t - 1)), Math.max(0, 2 * t - 1)],
    ranges: [[0, 1]],
    marks: [],
  };
  const grid: Surface = {
    x: Float64Array.of(0, 0.5, 1),
    y: Float64Array.of(0),
    loss: Float64Array.of(1, 5, 2),
    accuracy: Float64Array.of(1, 0.5, 0.75),
    status: Uint8Array.of(1, 1, 1),
    about: { section: section.about, vectors: "" },
    marks: [],
    path: [],
  };
  expect(pathSummary(section, grid)).toEqual({
    points: 3,
    length: 7,
    lengthRatio: 1.4,
    loss: { min: 1, max: 5, mean: 8 / 3, integral: (3 * 3 + 3.5 * 4) / 7, barrier: 3.5, ends: [1, 2] },
    error: { min: 0, max: 0.5, mean: 0.25, integral: (0.25 * 3 + 0.375 * 4) / 7, barrier: 0.375, ends: [0, 0.25] },
  });
  expect(() => pathSummary(section, { ...grid, status: Uint8Array.of(1, 2, 1) })).toThrow(
    "there is no finite loss at 0.5",
  );
});

test("ends that do not fit are refused", async () => {
  const [a, b] = await ends();
  const other = await netOf([4], dense(3));
  await expect(createCurve(options(), [a, a])).rejects.toThrow("createCurve: a and b are the same point");
  await expect(createCurve(options(), [a, other])).rejects.toThrow("createCurve: a and b are different networks");
  await expect(createCurve(options({ network: dense(3) }), [a, b])).rejects.toThrow(
    "createCurve: a and the network of the options are different networks: parameter 1 is dense1.weights [4,6]",
  );
  await expect(createCurve(options(), [a, b], { bends: 0 })).rejects.toThrow("bends must be a whole number ≥ 1");
  await expect(createCurve(options(), [a, b], { kind: "spline" as never })).rejects.toThrow("kind must be");
});
