// Fits whose examples a sampler chooses: they go on where they were left, in a worker and with threads as here, and
// importance sampling has the gradient of the whole risk for its mean.
import { describe, expect, test } from "vitest";
import type { Drawn, EpochContext, Sampler } from "../../src/data/index.ts";
import type { Batch, Dataset, FitOptions, Model, ModelOptions, Report, Snapshot } from "../../src/index.ts";
import { numbers } from "../nn/net.ts";

// The built library: workers and threads run it.
const [main, beside] = ["../../dist/index.js", "../../dist/data.js"];
const library = (await import(/* @vite-ignore */ main as string)) as typeof import("../../src/index.ts");
const { samplers } = (await import(/* @vite-ignore */ beside as string)) as typeof import("../../src/data/index.ts");
const { arrayDataset, batchNorm, chain, createModel, createRemoteModel, crossEntropy } = library;
const { decodeCheckpoint, dense, dropout, encodeCheckpoint, ops, relu, sgd } = library;

const inPage = "document" in globalThis;
const size = 50;
const data = arrayDataset({
  x: numbers(size * 4, 1),
  y: Int32Array.from({ length: size }, (_, i) => (i * 7) % 3),
  shape: [4],
  weights: Float32Array.from({ length: size }, (_, i) => 0.5 + (i % 3)),
});
const options: ModelOptions = {
  input: [4],
  network: chain(dense(8), batchNorm(), relu(), dropout(0.3), dense(3)),
  loss: crossEntropy(),
  optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }),
  seed: 5,
  build: "strict",
};
const make = (more: Partial<ModelOptions> = {}): Promise<Model> => createModel({ ...options, ...more });

const every: readonly Sampler[] = [
  samplers.sequential(),
  samplers.shuffledOnce(),
  samplers.reshuffled(),
  samplers.withReplacement(),
  samplers.stratified(),
  samplers.classBalanced(),
  samplers.weighted(numbers(size, 3).map(Math.abs)),
  samplers.importance({ by: "loss" }),
  samplers.importance({ by: "gradientNorm", uniform: 0.3 }),
  samplers.curriculum({ epochs: 2 }),
  samplers.curriculum({ difficulty: numbers(size, 4) }),
];
const named = every.map((sampler, i) => [`${i} ${sampler.name}`, sampler] as const);

/** Reports without their times. */
const timeless = ({ seconds: _, examplesPerSecond: __, ...report }: Report): object => report;

interface Fitted {
  fit(data: Dataset, options: FitOptions): AsyncGenerator<Report, void, void>;
}
async function told(model: Fitted, fit: FitOptions, set: Dataset = data): Promise<object[]> {
  const reports: object[] = [];
  for await (const report of model.fit(set, fit)) reports.push(timeless(report));
  return reports;
}

describe.each(named)("a fit with sampler %s", (_name, sampler) => {
  const course: FitOptions = { epochs: 3, batchSize: 16, reportEvery: 1, sampler };

  test("that goes on from a checkpoint, at any step, is the one that never stopped", async () => {
    const whole = await make();
    const [reports, kept] = [[] as object[], [] as Snapshot[]];
    for await (const report of whole.fit(data, course)) {
      reports.push(timeless(report));
      kept.push(whole.snapshot());
    }
    expect(reports).toHaveLength(3 * 4 + 3);
    for (const [at, snapshot] of kept.entries()) {
      const model = await make();
      model.restore(decodeCheckpoint(encodeCheckpoint(snapshot)));
      expect(await told(model, { ...course, resume: true })).toEqual(reports.slice(at + 1));
      expect(model.snapshot()).toEqual(whole.snapshot());
    }
  });

  test("is decided by the seed, and by what the model has done before", async () => {
    const [one, two] = [await make(), await make()];
    expect(await told(one, course)).toEqual(await told(two, course));
    expect(await told(one, course)).toEqual(await told(two, course));
    expect(one.parameters).toEqual(two.parameters);
  });

  test("is the same in a worker", async () => {
    const [here, there] = [await make(), await createRemoteModel(options)];
    expect(await told(there, course)).toEqual(await told(here, course));
    expect(await there.parameters()).toEqual(here.parameters);
    const other = await createRemoteModel(options);
    let steps = 0;
    for await (const _ of other.fit(data, course)) if (++steps === 6) break;
    await there.restore(await other.snapshot());
    await told(there, { ...course, resume: true });
    expect(await there.parameters()).toEqual(here.parameters);
    there.close();
    other.close();
  });

  test("draws the same rows for two threads", async () => {
    if (inPage && !crossOriginIsolated) throw new Error("the page is not isolated");
    const [rows, weights] = [[] as number[][], [] as number[][]];
    const spy = (own: Sampler): Sampler => ({
      ...own,
      async epoch(context) {
        const drawn = await own.epoch(context);
        rows.push([...Array.from(drawn.rows)]);
        weights.push(Array.from(drawn.weights ?? []));
        return drawn;
      },
    });
    // No step moves the model: scores differ by rounding alone, which no draw sees.
    const still = { optimizer: sgd({ learningRate: 1e-30 }) };
    const [one, two] = [
      await createRemoteModel({ ...options, ...still }),
      await createRemoteModel({ ...options, ...still, threads: 2 }),
    ];
    const [alone, together] = [
      await told(one, { ...course, sampler: spy(sampler) }),
      await told(two, { ...course, sampler: spy(sampler) }),
    ];
    expect(rows.slice(3)).toEqual(rows.slice(0, 3));
    for (const [i, list] of weights.slice(3).entries())
      for (const [k, weight] of list.entries()) expect(weight).toBeCloseTo(weights[i]?.[k] as number, 5);
    for (const [i, report] of alone.entries())
      expect((together[i] as { loss: number }).loss).toBeCloseTo((report as { loss: number }).loss, 5);
    one.close();
    two.close();
  });
});

describe("samplers beside shuffle", () => {
  test("reshuffled and sequential are what shuffle says, bit for bit", async () => {
    for (const [sampler, shuffle] of [
      [samplers.reshuffled(), true],
      [samplers.sequential(), false],
    ] as const) {
      const [named, flagged] = [await make(), await make()];
      const course = { epochs: 3, batchSize: 16 };
      expect(await told(named, { ...course, sampler })).toEqual(await told(flagged, { ...course, shuffle }));
      expect(named.parameters).toEqual(flagged.parameters);
    }
  });

  test("and seeds beyond 32 bits are the same too, over many rows", async () => {
    const long = arrayDataset({ x: numbers(4 * 3000, 1), y: new Int32Array(3000), shape: [4] });
    const seed = 2 ** 40 + 12345;
    const [named, flagged] = [await make({ seed }), await make({ seed })];
    await told(named, { batchSize: 500, epochs: 2, sampler: samplers.reshuffled() }, long);
    await told(flagged, { batchSize: 500, epochs: 2 }, long);
    expect(named.parameters).toEqual(flagged.parameters);
  });
});

/** What importance sampling tells the sampler, and draws. */
async function drawn(
  model: Model,
  set: Dataset,
  by: "loss" | "gradientNorm",
): Promise<{ readonly context: EpochContext; readonly epoch: Drawn }> {
  const own = samplers.importance({ by });
  let context: EpochContext | undefined;
  const spy: Sampler = {
    ...own,
    epoch(given) {
      context = given;
      return own.epoch(given);
    },
  };
  // Before the first step: the model is as it was.
  await model.fit(set, { sampler: spy, batchSize: 1, reportEvery: 1 }).next();
  return { context: context as EpochContext, epoch: await own.epoch(context as EpochContext) };
}

describe("importance sampling", () => {
  const linear: Partial<ModelOptions> = { network: dense(3), optimizer: sgd({ learningRate: 1e-30 }) };
  const row = (set: Dataset, i: number): Batch => ({
    x: set.x.slice(4 * i, 4 * i + 4),
    y: set.y.slice(i, i + 1),
  });
  const gradientOf = (model: Model, batch: Batch): Float32Array => {
    const out = new Float32Array(model.parameters.length);
    model.objective(batch).gradient(model.parameters.slice(), out);
    return out;
  };
  /** Examples of which some teach much more than others. */
  const uneven = (n: number): Dataset =>
    arrayDataset({
      x: numbers(4 * n, 6).map((v, i) => v * (i % 16 < 4 ? 8 : 0.5)),
      y: Int32Array.from({ length: n }, (_, i) => i % 3),
      shape: [4],
    });
  const whole = (set: Dataset): Batch => ({ x: set.x, y: set.y });

  test("scores are each example's loss, and the norm of its gradient by the outputs: by the bias of a linear model", async () => {
    const set = uneven(7);
    const model = await make(linear);
    const losses = (await drawn(model, set, "loss")).context.scores as Float32Array;
    const norms = (await drawn(await make(linear), set, "gradientNorm")).context.scores as Float32Array;
    const bias = model.layout.find(({ name }) => name.endsWith("bias"));
    for (let i = 0; i < set.size; i++) {
      expect(losses[i]).toBeCloseTo(model.objective(row(set, i)).loss(model.parameters.slice()), 5);
      const gradient = gradientOf(model, row(set, i)).subarray(bias?.offset, (bias?.offset as number) + 3);
      expect(norms[i]).toBeCloseTo(Math.hypot(...gradient), 5);
    }
  });

  test.each(["loss", "gradientNorm"] as const)(
    "by %s has the full gradient for its mean: all pairs counted out",
    async (by) => {
      const set = uneven(5);
      const model = await make(linear);
      const { context } = await drawn(model, set, by);
      // Every row's weight, and so its chance: 1/(n·p), however often it is drawn.
      const weights = new Map<number, number>();
      for (let round = 0; weights.size < set.size; round++) {
        const { rows, weights: given } = await samplers.importance({ by }).epoch({ ...context, round });
        Array.from(rows).forEach((r, at) => weights.set(r, given?.[at] as number));
      }
      const chance = (i: number): number => 1 / (set.size * (weights.get(i) as number));
      expect([0, 1, 2, 3, 4].reduce((sum, i) => sum + chance(i), 0)).toBeCloseTo(1, 12);
      const mean = new Float64Array(model.parameters.length);
      for (let i = 0; i < set.size; i++)
        for (let j = 0; j < set.size; j++) {
          const pair = [row(set, i), row(set, j)];
          const gradient = gradientOf(model, {
            x: pair.flatMap(({ x }) => Array.from(x)),
            y: pair.flatMap(({ y }) => Array.from(y)),
            weights: [i, j].map((r) => weights.get(r) as number),
          });
          gradient.forEach((value, k) => {
            mean[k] = (mean[k] as number) + chance(i) * chance(j) * value;
          });
        }
      // 25 gradients in f32, some of 10: a few units of 2⁻²⁴ of that.
      const full = gradientOf(model, whole(set));
      for (const [k, value] of full.entries()) expect(Math.abs((mean[k] as number) - value)).toBeLessThan(1e-5);
    },
  );

  test("has it within the standard error over many mini-batches, and varies less than uniform draws do", async () => {
    const set = uneven(256);
    const model = await make(linear);
    const full = gradientOf(model, whole(set));
    const { context } = await drawn(model, set, "gradientNorm");
    const batch = 16;
    const estimates = async (sampler: Sampler): Promise<{ readonly z: number; readonly spread: number }> => {
      const [sum, squares] = [new Float64Array(full.length), new Float64Array(full.length)];
      let count = 0;
      for (let round = 0; round < 60; round++) {
        const { rows, weights } = await sampler.epoch({ ...context, round });
        for (let at = 0; at < set.size; at += batch, count++) {
          const taken = Array.from({ length: batch }, (_, i) => row(set, rows[at + i] as number));
          const gradient = gradientOf(model, {
            x: taken.flatMap(({ x }) => Array.from(x)),
            y: taken.flatMap(({ y }) => Array.from(y)),
            ...(weights && { weights: Array.from({ length: batch }, (_, i) => weights[at + i] as number) }),
          });
          gradient.forEach((value, k) => {
            sum[k] = (sum[k] as number) + value;
            squares[k] = (squares[k] as number) + value * value;
          });
        }
      }
      let [z, spread] = [0, 0];
      full.forEach((value, k) => {
        const mean = (sum[k] as number) / count;
        const variance = (squares[k] as number) / count - mean * mean;
        z = Math.max(z, Math.abs(mean - value) / Math.sqrt(variance / count));
        spread += variance;
      });
      return { z, spread };
    };
    const [by, uniform] = [await estimates(samplers.importance()), await estimates(samplers.withReplacement())];
    // The largest of 15 standard normal numbers: above 5 once in 10⁵.
    expect(by.z).toBeLessThan(5);
    expect(uniform.z).toBeLessThan(5);
    expect(by.spread).toBeLessThan(uniform.spread);
    // What it is not: drawn so and left unweighted, it goes elsewhere.
    const { z } = await estimates({
      name: "biased",
      epoch: async (c) => ({ rows: (await samplers.importance().epoch(c)).rows }),
    });
    expect(z).toBeGreaterThan(10);
  });
});

describe("a sampler of one's own", () => {
  const turned: Sampler = {
    name: "turned",
    epoch: ({ size: n }) => ({ rows: Array.from({ length: n }, (_, i) => n - 1 - i) }),
  };

  test("decides the order, and what each example counts", async () => {
    const model = await make({ network: dense(3), optimizer: sgd({ learningRate: 1e-30 }) });
    const last = {
      x: data.x.slice(-4),
      y: data.y.slice(-1),
      weights: [(data.weights as Float32Array)[size - 1] as number],
    };
    const first = async (sampler: Sampler): Promise<number> => {
      for await (const { loss } of model.fit(data, { batchSize: 1, reportEvery: 1, sampler })) return loss;
      return Number.NaN;
    };
    const loss = await first(turned);
    expect(loss).toBe(model.step(last));
    const tripled: Sampler = {
      name: "tripled",
      weighted: true,
      epoch: (c) => ({ ...(turned.epoch(c) as Drawn), weights: new Array(c.size).fill(3) }),
    };
    expect(await first(tripled)).toBeCloseTo(3 * loss, 5);
  });

  const rows = Array.from({ length: size }, (_, i) => i);
  const drawing = (drawn: unknown, more: Partial<Sampler> = {}): Sampler => ({
    name: "own",
    epoch: () => drawn as Drawn,
    ...more,
  });
  const bad: readonly (readonly [string, FitOptions, string | RegExp])[] = [
    ["no object", { sampler: "shuffled" as never }, 'fit: sampler must be one such as samplers.stratified(), or { name, epoch(context) }, got "shuffled"'],
    ["null", { sampler: null as never }, "fit: sampler must be one such as"],
    ["the function that makes one", { sampler: samplers.stratified as never }, "fit: sampler must be one such as"],
    ["no name", { sampler: { epoch: turned.epoch } as never }, "fit: sampler must be one such as"],
    ["unknown scores", { sampler: { ...turned, scores: "hessian" as never } }, "fit: sampler: scores must be"],
    ["shuffle beside it", { sampler: turned, shuffle: true }, "fit: the sampler decides the order; leave shuffle out"],
    ["nothing drawn", { sampler: drawing(undefined) }, "fit: sampler own: rows must be an array of numbers, got undefined"],
    ["too few rows", { sampler: drawing({ rows: [1] }) }, "fit: sampler own: an epoch has as many rows as there are examples, 50, got 1"],
    ["a row that is none", { sampler: drawing({ rows: rows.with(4, 50) }) }, "fit: sampler own: rows[4] = 50 is not a row in [0, 50)"],
    ["half a row", { sampler: drawing({ rows: rows.with(0, 0.5) }) }, "fit: sampler own: rows[0] = 0.5 is not a whole number"],
    ["weights not announced", { sampler: drawing({ rows, weights: rows }) }, "epochs with weights must be announced; give it weighted: true"],
    ["too few weights", { sampler: drawing({ rows, weights: [1] }, { weighted: true }) }, "50 examples need as many weights, got 1"],
    ["negative weights", { sampler: drawing({ rows, weights: rows.map((i) => -i) }, { weighted: true }) }, "weights[1] = -1 is not a finite number ≥ 0"],
    ["an error of its own", { sampler: { name: "own", epoch: () => { throw new Error("not today"); } } }, "not today"],
    ["classes where there are none", { sampler: drawing({ rows }), resume: true }, "resume: true needs a snapshot taken during a fit"],
  ]; // biome-ignore format: a case a line
  test.each(bad)("is refused for %s, and nothing has changed", async (_, fit, says) => {
    const [here, there] = [await make(), await createRemoteModel(options)];
    const before = here.snapshot();
    await expect(told(here, fit)).rejects.toThrow(says);
    expect({ ...here.snapshot(), fit: undefined }).toEqual({ ...before, fit: undefined });
    await expect(told(there, fit)).rejects.toThrow(says);
    expect(await there.parameters()).toEqual(here.parameters);
    there.close();
  });

  test("goes on only with the scores that its epoch began with", async () => {
    const model = await make();
    const course = { sampler: samplers.importance(), reportEvery: 1 };
    for await (const _ of model.fit(data, course)) break;
    const { fit, ...snapshot } = model.snapshot();
    const { scores, ...position } = fit as NonNullable<Snapshot["fit"]>;
    expect(scores).toHaveLength(size);
    model.restore({ ...snapshot, fit: position });
    await expect(told(model, { ...course, resume: true })).rejects.toThrow(
      /^fit: resume: sampler importance.* needs the scores that its epoch began with; give a snapshot as it was taken/,
    );
    expect(model.snapshot().parameters).toEqual(snapshot.parameters);
  });

  test("must be the one that was left", async () => {
    const model = await make();
    for await (const _ of model.fit(data, { sampler: samplers.stratified(), reportEvery: 1 })) break;
    model.restore(model.snapshot());
    await expect(told(model, { sampler: samplers.reshuffled(), resume: true })).rejects.toThrow(
      "fit: resume: the fit that was left had sampler stratified, this one has reshuffled; give the same",
    );
    await expect(told(model, { resume: true })).rejects.toThrow("had sampler stratified, this one has undefined");
  });

  test("weights nothing where the loss is one number a batch", async () => {
    const model = await make({ network: dense(1), loss: (p, t) => ops.mean(ops.square(ops.sub(p, t))) });
    const set = arrayDataset({ x: data.x, y: new Float32Array(size), shape: [4], targetShape: [1] });
    for (const sampler of [samplers.importance(), samplers.curriculum()])
      await expect(told(model, { sampler }, set)).rejects.toThrow("gives one number a batch");
    await expect(told(model, { sampler: samplers.stratified() }, set)).resolves.toHaveLength(1);
  });
});
