// What instruments cost in gradients: a Hessian-vector product, Lanczos' work beside its products, and the statistics of
// single examples. Surfaces and curves are the suite's other part.
import { arrayDataset, chain, createModel, crossEntropy, dense, type Model, relu } from "thalweg";
import { datasetObjective, eigenpairs, exampleStatistics, type Objective } from "thalweg/science";
import { median } from "../contest.ts";
import { createJob, uniformNumbers } from "../jobs.ts";
import { type Net, nets } from "../nets.ts";
import { networkOf } from "../ours.ts";
import { race } from "../race.ts";
import { type Arena, compare, type Row, significant } from "../row.ts";
import { landscape } from "./landscape.ts";

const denseNets = [
  { hidden: [128], batch: 256 },
  // 266,610 parameters
  { hidden: [300, 100], batch: 256 },
];
const steps = 50;

export async function* science(arena: Arena): AsyncGenerator<Row> {
  yield* curvature(arena);
  yield* landscape(arena);
}

async function* curvature({ ours, options }: Arena): AsyncGenerator<Row> {
  const { build } = ours;
  for (const { hidden, batch } of denseNets) {
    const name = `784-${hidden.join("-")}-10, batch ${batch}`;
    const model = await modelOf(hidden, build);
    const uniform = uniformNumbers(3);
    const x = Float32Array.from({ length: 784 * batch }, uniform);
    const y = Int32Array.from({ length: batch }, (_, i) => i % 10);
    const data = arrayDataset({ x, y, shape: [784] });
    const objective = model.objective({ x, y });
    const theta = model.parameters.slice();
    const v = theta.map(() => uniform() - 0.5);
    const out = new Float32Array(theta.length);
    const whole = datasetObjective(model, data, { batchSize: batch });
    const gaussNewton = datasetObjective(model, data, { batchSize: batch, curvature: "gaussNewton" });
    const work = {
      gradient: () => objective.gradient(theta, out),
      "Hessian-vector product": () => objective.hessianVector(theta, v, out),
      "gradient, data set": () => whole.gradient(theta, out),
      "Gauss–Newton product, data set": () => gaussNewton.hessianVector(theta, v, out),
      "statistics of single examples, data set": () => exampleStatistics(model, data, { batchSize: batch }),
    };
    const measured = await race(
      name,
      new Map(Object.entries(work).map(([what, run]) => [what, { run: repeated(run) }])),
      options,
    );
    for (const [what, of] of [
      ["Hessian-vector product", "gradient"],
      ["Gauss–Newton product, data set", "gradient, data set"],
      ["statistics of single examples, data set", "gradient, data set"],
    ] as const) {
      const [own, other] = [what, of].map((key) => measured.get(key) as number) as [number, number];
      yield {
        suite: "science",
        name: `${what}, ${name}, over a ${of}`,
        build,
        ms: significant(own),
        ...compare(own, new Map([[of, other]])),
        cost: significant(own / other),
      };
    }
  }
  yield await statisticsOfImages(ours, options);
  // Of a batch, and of as many examples as a spectrum deserves: what Lanczos adds is the same.
  for (const examples of [256, 4096]) {
    const model = await modelOf([300, 100], build);
    const uniform = uniformNumbers(3);
    const x = Float32Array.from({ length: 784 * examples }, uniform);
    const y = Int32Array.from({ length: examples }, (_, i) => i % 10);
    const objective = datasetObjective(model, arrayDataset({ x, y, shape: [784] }));
    const { own, products } = await lanczos(objective, model.parameters.slice(), options.rounds);
    yield {
      suite: "science",
      name: `Lanczos, ${steps} steps, ${objective.size.toLocaleString("en")} parameters, ${examples} examples, over its products`,
      build,
      ms: significant(own),
      ...compare(own, new Map([["products", products]])),
      cost: significant(own / products),
    };
  }
}

/** Where each image's gradient of each filter is a convolution of its own. */
async function statisticsOfImages({ build }: Arena["ours"], options: Arena["options"]): Promise<Row> {
  const batch = 32;
  const net = { ...(nets.find(({ name }) => name.startsWith("resnet20")) as Net), batch };
  const model = await createModel({
    input: net.input,
    network: networkOf(await import("thalweg"), net),
    loss: crossEntropy(),
    build,
    seed: 1,
  });
  const { x, y } = createJob(net);
  const data = arrayDataset({ x, y, shape: net.input });
  const objective = datasetObjective(model, data, { batchSize: batch });
  const theta = model.parameters.slice();
  const out = new Float32Array(theta.length);
  const measured = await race(
    net.name,
    new Map([
      ["own", { run: repeated(() => exampleStatistics(model, data, { batchSize: batch })) }],
      ["gradient", { run: repeated(() => objective.gradient(theta, out)) }],
    ]),
    { rounds: 7, ...options },
  );
  const [own, gradient] = ["own", "gradient"].map((key) => measured.get(key) as number) as [number, number];
  return {
    suite: "science",
    name: `statistics of single examples, data set, resnet20-noskip, batch ${batch}, over a gradient, data set`,
    build,
    ms: significant(own),
    ...compare(own, new Map([["gradient, data set", gradient]])),
    cost: significant(own / gradient),
  };
}

const repeated =
  (run: () => unknown) =>
  (times: number): void => {
    for (let i = 0; i < times; i++) run();
  };

const modelOf = (hidden: readonly number[], build: Arena["ours"]["build"]): Promise<Model> =>
  createModel({
    input: [784],
    network: chain(...hidden.flatMap((units) => [dense(units), relu()]), dense(10)),
    loss: crossEntropy(),
    build,
    seed: 1,
  });

/** Median milliseconds of all of it, and of the products in it. */
async function lanczos(
  objective: Objective,
  theta: Float32Array,
  rounds = 3,
): Promise<{ readonly own: number; readonly products: number }> {
  const runs: { readonly all: number; readonly products: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    let products = 0;
    const timed: Objective = {
      ...objective,
      hessianVector(at, v, out) {
        const before = performance.now();
        objective.hessianVector(at, v, out);
        products += performance.now() - before;
      },
    };
    const began = performance.now();
    // No tolerance that is met: all steps are done.
    await eigenpairs(timed, theta, { maxSteps: steps, tolerance: 1e-30 });
    runs.push({ all: performance.now() - began, products });
  }
  const share = median(runs.map(({ all, products }) => all / products));
  const products = median(runs.map((run) => run.products));
  return { own: share * products, products };
}
