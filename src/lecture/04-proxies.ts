// Row 4: the 0/1 risk is what is meant, a continuous proxy is what is minimised.
import {
  binaryFocal,
  chain,
  clipByGlobalNorm,
  createModel,
  exponential,
  hinge,
  type Loss,
  type LossFunction,
  logistic,
  type Model,
  meanSquaredError,
  mlp,
  ops,
  relaxedZeroOne,
  sgd,
  smoothHinge,
  squaredHinge,
} from "thalweg";
import { arrayDataset, type Dataset, moons } from "thalweg/data";
import { functionObjective } from "thalweg/science";
import type { Experiment } from "./experiment.ts";
import { type Course, type Data, outcome } from "./outcomes/04-proxies.ts";

const quick = { examples: 100, tests: 2000, noise: 0.35, width: 64, epochs: 250, rate: 0.02, runs: 5, seed: 4 };
export type Parameters = { readonly [Name in keyof typeof quick]: number };

/** The 0/1 loss itself, from operations: 1 where score and side differ. */
const zeroOne: LossFunction = (score, side) => ops.mean(ops.lessEqual(ops.mul(score, side), 0));

/** Targets are −1 and 1, or 0 and 1 where `low` is 0. */
interface Proxy {
  readonly loss: Loss | LossFunction;
  readonly low?: number;
}
const proxies: Readonly<Record<string, Proxy>> = {
  "0/1": { loss: zeroOne },
  logistic: { loss: logistic() },
  hinge: { loss: hinge() },
  "smooth hinge": { loss: smoothHinge() },
  "squared hinge": { loss: squaredHinge() },
  squared: { loss: meanSquaredError() },
  exponential: { loss: exponential() },
  focal: { loss: binaryFocal(), low: 0 },
  "relaxed 0/1": { loss: relaxedZeroOne({ temperature: 0.5 }) },
};

export const relaxedProxies: Experiment<Parameters, Data> = {
  id: 4,
  file: "04-proxies.ts",
  title: "Relaxed proxies",
  claim: "Hard {0, 1} predictions cannot be optimised; they are relaxed to a continuous proxy.",
  parameters: { quick, full: { ...quick, tests: 20_000, runs: 20 } },
  async *run({ parameters, signal }) {
    const { examples, tests, noise, width, epochs, rate, runs, seed } = parameters;
    const all = Object.entries(proxies);
    const found = Object.fromEntries(all.map(([name]) => [name, [] as Course[]]));
    let moved = 0;
    for (let run = 0; run < runs; run++)
      for (const [at, [name, { loss, low = -1 }]] of all.entries()) {
        const train = sides(moons({ examples, noise, seed: seed + run }), low);
        const test = sides(moons({ examples: tests, noise, seed: seed + 1000 }), low);
        const model = await createModel({
          input: [2],
          network: mlp([width], { classes: 1 }),
          loss,
          // Unclipped the exponential loss, whose gradient grows as fast, leaves the range of 32-bit numbers now and then.
          optimizer: chain(clipByGlobalNorm(1), sgd({ learningRate: rate, momentum: 0.9 })),
          seed: seed + run,
        });
        const start = model.parameters.slice();
        const course = { proxy: [], wrong: [], testProxy: [], testWrong: [] } as Record<keyof Course, number[]>;
        const judge = (): void => {
          course.proxy.push(model.evaluate(train).loss);
          course.wrong.push(wrongOf(model, train));
          course.testProxy.push(model.evaluate(test).loss);
          course.testWrong.push(wrongOf(model, test));
        };
        judge();
        for await (const _ of model.fit(train, { epochs, batchSize: 32, signal })) judge();
        const moves = model.parameters.map((w, i) => Math.abs(w - (start[i] as number)));
        if (loss === zeroOne) moved = Math.max(moved, ...moves);
        model.close();
        found[name]?.push(course);
        const done = (run * all.length + at + 1) / (runs * all.length);
        yield { done, note: `${name}, run ${run + 1} of ${runs}` };
      }
    const margins = Array.from({ length: 121 }, (_, i) => (i - 40) / 20);
    const drawn: Record<string, Data["drawn"][string]> = {};
    for (const [name, proxy] of all) drawn[name] = await againstMargin(proxy, margins);
    return outcome({ found, moved, margins, drawn }, parameters);
  },
};

/** The loss of one example with target 1 and a score. */
async function againstMargin({ loss }: Proxy, margins: readonly number[]) {
  const target = ops.constant(1, [1, 1]);
  const objective = await functionObjective(1, (theta) => {
    const score = ops.reshape(theta, [1, 1]);
    return typeof loss === "function" ? loss(score, target) : loss.apply(score, target);
  });
  return margins.map((x) => ({ x, y: objective.loss(Float32Array.of(x)) }));
}

/** Labels 0 and 1 as targets. */
const sides = ({ x, y }: Dataset, low: number): Dataset =>
  arrayDataset({ x, y: Float32Array.from(y, (label) => (label === 1 ? 1 : low)), shape: [2], targetShape: [1] });

/** The share of wrong answers. */
function wrongOf(model: Model, { x, y }: Dataset): number {
  const scores = model.predict(x);
  const wrong = scores.filter((score, i) => score > 0 !== (y[i] as number) > 0);
  return wrong.length / scores.length;
}
