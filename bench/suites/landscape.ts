// What it costs to look around networks: a point of a surface in forward passes, two threads at it, and a step of a curve
// between two networks in plain steps.
import type { Dataset, Model, ModelOptions } from "thalweg";
import { arrayDataset, createModel } from "thalweg";
import { createCurve, randomSection, type Section, surface } from "thalweg/science";
import { checkAgreement, median } from "../contest.ts";
import { createJob, uniformNumbers } from "../jobs.ts";
import { type Net, nets } from "../nets.ts";
import { networkOf } from "../ours.ts";
import { race } from "../race.ts";
import { type Arena, compare, type Row, significant } from "../row.ts";

interface Case {
  readonly net: Net;
  readonly examples: number;
  /** Of a side of the grid; even, as a thread judges a point alone: of an odd number one is left over. */
  readonly points: number;
  /** Of a step of a curve. */
  readonly batch: number;
}

const resNet = nets.find(({ name }) => name.startsWith("resnet20")) as Net;
const cases: readonly Case[] = [
  {
    net: {
      ...resNet,
      name: "784-512-10",
      input: [784],
      layers: [{ kind: "dense", units: 512 }, { kind: "relu" }, { kind: "dense", units: 10 }],
    },
    examples: 2000,
    points: 8,
    batch: 128,
  },
  { net: { ...resNet, name: "resnet20-noskip" }, examples: 256, points: 4, batch: 32 },
];

export async function* landscape(arena: Arena): AsyncGenerator<Row> {
  for (const look of cases) {
    yield await point(arena, look);
    yield await twoThreads(arena, look);
    yield await curveStep(arena, look);
  }
}

const optionsOf = (
  { net }: Case,
  { ours: { build } }: Arena,
  library: typeof import("thalweg"),
  seed = 1,
): ModelOptions => ({
  input: net.input,
  network: networkOf(library, net),
  loss: library.crossEntropy(),
  optimizer: library.sgd({ learningRate: net.learningRate }),
  build,
  seed,
});

/** Bytes, as images come. */
function dataOf({ net, examples }: Case): Dataset {
  const uniform = uniformNumbers(3);
  const width = net.input.reduce((a, b) => a * b, 1);
  return arrayDataset({
    x: Uint8Array.from({ length: examples * width }, () => 256 * uniform()),
    y: Int32Array.from({ length: examples }, (_, i) => i % 10),
    shape: net.input,
  });
}

/** All of a surface → its losses. */
async function look(
  surfaceOf: typeof surface,
  model: Model,
  data: Dataset,
  section: Section,
  points: number,
): Promise<Float64Array> {
  let loss: Float64Array = new Float64Array();
  for await (const report of surfaceOf(model, data, section, { points })) loss = report.surface.loss;
  return loss;
}

/**
 * A point of a surface, forming θ and all that goes on beside, in forward passes over the same examples: those of
 * evaluate or of predict, whichever is the faster.
 */
async function point(arena: Arena, given: Case): Promise<Row> {
  const { net, examples, points } = given;
  const data = dataOf(given);
  const model = await createModel(optionsOf(given, arena, await import("thalweg")));
  const section = randomSection(model, { seed: 2 });
  const numbers = Float32Array.from(data.x, (byte) => byte / 255);
  const jobs = new Map<string, () => unknown>([
    ["point", () => look(surface, model, data, section, points)],
    ["evaluate", () => repeat(points ** 2, () => model.evaluate(data))],
    ["predict", () => repeat(points ** 2, () => model.predict(numbers))],
  ]);
  const times = await inTurns(jobs, arena.options.rounds);
  const [own, evaluate, predict] = ["point", "evaluate", "predict"].map(
    (name) => median(times.get(name) as number[]) / points ** 2,
  ) as [number, number, number];
  const forward = new Map([
    ["evaluate", evaluate],
    ["predict", predict],
  ]);
  return {
    suite: "science",
    name: `surface point, ${net.name}, ${examples} examples, over a forward pass`,
    build: arena.ours.build,
    ms: significant(own),
    ...compare(own, forward),
    cost: significant(own / Math.min(...forward.values())),
  };
}

async function twoThreads(arena: Arena, given: Case): Promise<Row> {
  const { net, examples, points } = given;
  const data = dataOf(given);
  // Not literals: threads run built files, whose types are those of the sources.
  const [core, instruments] = ["../../dist/index.js", "../../dist/science.js"] as [string, string];
  const library: typeof import("thalweg") = await import(core);
  const science: typeof import("thalweg/science") = await import(instruments);
  const models = await Promise.all(
    [1, 2].map((threads) => library.createModel({ ...optionsOf(given, arena, library), threads })),
  );
  const names = ["1 thread", "2 threads"] as const;
  const section = science.randomSection(models[0] as Model, { seed: 2 });
  const losses = new Map<string, Float64Array>();
  const jobs = new Map(
    models.map((model, i) => [
      names[i] as string,
      async () => losses.set(names[i] as string, await look(science.surface, model, data, section, points)),
    ]),
  );
  const times = await inTurns(jobs, arena.options.rounds);
  for (const model of models) model.close();
  checkAgreement(net.name, losses, 0);
  const [one, two] = names.map((name) => median(times.get(name) as number[]) / points ** 2) as [number, number];
  return {
    suite: "science",
    name: `surface point, ${net.name}, ${examples} examples, 2 threads`,
    build: arena.ours.build,
    ms: significant(two),
    ...compare(two, new Map([["1 thread", one]])),
    speedup: significant(one / two),
  };
}

/** Both with the same optimiser: one bend has as many numbers as the network. */
async function curveStep(arena: Arena, given: Case): Promise<Row> {
  const { net, batch } = given;
  const library = await import("thalweg");
  const [options, other] = [1, 2].map((seed) => optionsOf(given, arena, library, seed)) as [ModelOptions, ModelOptions];
  const [model, end] = [await createModel(options), await createModel(other)];
  const curve = await createCurve(options, [model, end]);
  const { x, y } = createJob({ ...net, batch });
  const step = (of: Model) => ({ run: (times: number): void => repeat(times, () => of.step({ x, y })) });
  const measured = await race(
    net.name,
    new Map([
      ["curve", step(curve.model)],
      ["plain step", step(model)],
    ]),
    { ...(net.layers.length > 10 && { rounds: 5 }), ...arena.options },
  );
  const [own, plain] = ["curve", "plain step"].map((name) => measured.get(name)) as [number, number];
  return {
    suite: "science",
    name: `step of a curve with one bend, ${net.name}, batch ${batch}, over a plain step`,
    build: arena.ours.build,
    ms: significant(own),
    ...compare(own, new Map([["plain step", plain]])),
    cost: significant(own / plain),
  };
}

function repeat(times: number, run: () => unknown): void {
  for (let i = 0; i < times; i++) run();
}

/**
 * Milliseconds of each job, round by round; the first round is not counted. Not through benny, which starts an
 * asynchronous case a second time before the first has ended.
 */
async function inTurns(jobs: ReadonlyMap<string, () => unknown>, rounds = 7): Promise<Map<string, number[]>> {
  const times = new Map<string, number[]>([...jobs.keys()].map((name) => [name, []]));
  for (let round = -1; round < rounds; round++)
    for (const [name, run] of jobs) {
      const began = performance.now();
      await run();
      if (round >= 0) times.get(name)?.push(performance.now() - began);
    }
  return times;
}
