// Row 4: the 0/1 risk is what is meant, a continuous proxy is what is minimised.
import {
  binaryFocal, chain, clipByGlobalNorm, createModel, exponential, hinge, type Loss, type LossFunction, logistic, meanSquaredError, mlp, ops,
  relaxedZeroOne, sgd, smoothHinge, squaredHinge,
} from "thalweg"; // biome-ignore format: a list of names
import { arrayDataset, type Dataset, moons } from "thalweg/data";
import { functionObjective } from "thalweg/science";
import { bars, type ChartPoint, chart } from "./chart.ts";
import type { Experiment } from "./experiment.ts";
import { finding, type Mean, meanOf } from "./statistics.ts";

const quick = { examples: 100, tests: 2000, noise: 0.35, width: 64, epochs: 250, rate: 0.02, runs: 5, seed: 4 };
type Parameters = { readonly [Name in keyof typeof quick]: number };

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

type Value = { readonly x: number; readonly y: number };
/** By epochs, the first before training: the proxy's mean, and the share of wrong answers. */
type Course = { readonly proxy: number[]; readonly wrong: number[]; readonly testProxy: number[]; readonly testWrong: number[] }; // biome-ignore format: one line

export const relaxedProxies: Experiment<Parameters> = {
  id: 4,
  file: "04-proxies.ts",
  title: "Relaxed proxies",
  claim: "Hard {0, 1} predictions cannot be optimised; they are relaxed to a continuous proxy.",
  parameters: { quick, full: { ...quick, tests: 20_000, runs: 20 } },
  async *run({ parameters: { examples, tests, noise, width, epochs, rate, runs, seed }, signal }) {
    const names = Object.keys(proxies);
    const found: Record<string, Course[]> = Object.fromEntries(names.map((name) => [name, []]));
    let moved = 0;
    for (let run = 0; run < runs; run++)
      for (const [at, name] of names.entries()) {
        const { loss, low = -1 } = proxies[name] as Proxy;
        const train = sides(moons({ examples, noise, seed: seed + run }), low);
        const test = sides(moons({ examples: tests, noise, seed: seed + 1000 }), low);
        // Without it the exponential loss, whose gradient grows as fast, leaves the range of 32-bit numbers now and then.
        const optimizer = chain(clipByGlobalNorm(1), sgd({ learningRate: rate, momentum: 0.9 }));
        const model = await createModel({ input: [2], network: mlp([width], { classes: 1 }), loss, optimizer, seed: seed + run }); // biome-ignore format: one line
        const start = model.parameters.slice();
        const course: Course = { proxy: [], wrong: [], testProxy: [], testWrong: [] };
        const judge = (): void => {
          for (const [set, proxy, wrong] of [
            [train, course.proxy, course.wrong],
            [test, course.testProxy, course.testWrong],
          ] as const) {
            // biome-ignore format: one line
            proxy.push(model.evaluate(set).loss);
            wrong.push(wrongOf(model.predict(set.x), set.y));
          }
        };
        judge();
        for await (const _ of model.fit(train, { epochs, batchSize: 32, signal })) judge();
        if (name === "0/1")
          moved = Math.max(moved, ...model.parameters.map((w, i) => Math.abs(w - (start[i] as number))));
        model.close();
        found[name]?.push(course);
        yield {
          done: (run * names.length + at + 1) / (runs * names.length),
          note: `${name}, run ${run + 1} of ${runs}`,
        };
      }
    const margins = Array.from({ length: 121 }, (_, i) => (i - 40) / 20);
    const drawn: Record<string, Value[]> = {};
    for (const name of names) drawn[name] = await againstMargin(proxies[name] as Proxy, margins);
    const over = (name: string, of: (course: Course) => number): Mean => meanOf((found[name] as Course[]).map(of));
    const falls = names.map((name) => over(name, ({ wrong }) => last(wrong) - (wrong[0] as number)));
    const relaxed = falls.slice(1);
    const ends = names.map((name) => over(name, ({ testWrong }) => last(testWrong)));
    // From the epoch at which the proxy is least on unseen data to the end.
    const parts = names.slice(1).map((name) => ({
      name,
      proxy: over(name, ({ testProxy }) => Math.log(last(testProxy) / Math.min(...testProxy))),
      wrong: over(name, ({ testProxy, testWrong }) => last(testWrong) - (testWrong[testProxy.indexOf(Math.min(...testProxy))] as number)), // biome-ignore format: one line
    }));
    const most = parts.reduce((a, b) => (b.proxy.mean > a.proxy.mean ? b : a));
    const course = (name: string, of: (course: Course) => readonly number[]): ChartPoint[] =>
      Array.from({ length: epochs + 1 }, (_, x) =>
        pointOf(
          x,
          over(name, (one) => of(one)[x] as number),
        ),
      );
    const geometric = (points: readonly ChartPoint[]): ChartPoint[] =>
      points.map(({ x, ...rest }) => ({ x, ...(Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, Math.exp(value)])) as Omit<ChartPoint, "x">) })); // biome-ignore format: one line
    const some = ["0/1", "logistic", "hinge", "exponential", "relaxed 0/1"];
    const ok = moved === 0 && relaxed.every(({ high }) => high < 0);
    const worst = relaxed.reduce((a, b) => (b.mean > a.mean ? b : a));
    return {
      data: { found, moved, margins, drawn },
      verdict: {
        judgement: ok ? "supported" : relaxed.every(({ mean }) => mean < 0) ? "partly" : "not supported",
        why: `Training on the 0/1 loss itself moved the weights by ${moved}: its gradient is zero. Each of the ${relaxed.length} proxies lowers the share of wrong training answers, by at least ${percent(-worst.mean)}. They part on unseen data: from its least there to the end the ${most.name} proxy rises by a factor of ${Math.exp(most.proxy.mean).toPrecision(2)} (geometric mean), while the share of wrong answers changes by ${percent(most.wrong.mean)}.`,
        numbers: [
          { name: "largest move of a weight by training on the 0/1 loss", value: moved, runs, expected: 0 },
          ...names.map((name, at) => finding(`change of the training 0/1 risk by ${name}`, falls[at] as Mean)),
          ...names.map((name, at) => finding(`test 0/1 risk after ${name}`, ends[at] as Mean)),
          ...parts.flatMap(({ name, proxy, wrong }) => [
            finding(`${name}: log of the factor by which the test proxy rises after its least`, proxy),
            finding(`${name}: change of the test 0/1 risk meanwhile`, wrong),
          ]),
        ],
      },
      figures: [
        chart({
          name: "margins",
          caption:
            "The 0/1 loss and its proxies against the margin y·f, as the library computes them; the squared hinge is the squared loss up to a margin of 1, and 0 beyond.",
          description:
            "The 0/1 loss is a step at zero. All others fall smoothly or in straight pieces through it; only the squared loss rises again for large margins.",
          x: { label: "margin, y·f" },
          y: { label: "loss", domain: [0, 4] },
          series: names.filter((name) => name !== "squared hinge").map((name) => ({ name, points: (drawn[name] as Value[]).filter(({ y }) => y <= 4) })), // biome-ignore format: one line
        }),
        chart({
          name: "training",
          caption: `Share of wrong answers on the ${examples} training examples during training on each loss: mean and interval of ${runs} runs.`,
          description: "The line of the 0/1 loss stays where it begins; all others fall.",
          x: { label: "epoch" },
          y: { label: "0/1 risk, training" },
          series: some.map((name) => ({ name, points: course(name, ({ wrong }) => wrong) })),
        }),
        chart({
          name: "parting",
          caption: `Proxy and 0/1 risk on ${tests} unseen examples while the ${most.name} proxy is minimised: mean, that of the proxy geometric, and interval of ${runs} runs.`,
          description: "The proxy reaches its least and rises again; the 0/1 risk stays low.",
          x: { label: "epoch" },
          y: { label: "risk, unseen", type: "log" },
          series: [
            {
              name: `${most.name} proxy`,
              points: geometric(course(most.name, ({ testProxy }) => testProxy.map(Math.log))),
            },
            { name: "0/1", points: course(most.name, ({ testWrong }) => testWrong) },
          ],
        }),
        bars({
          name: "ends",
          caption: `Share of wrong answers at the end of training on each loss: mean and interval of ${runs} runs.`,
          description:
            "The 0/1 loss leaves as many wrong as there were at first; the proxies lie close together, far below.",
          ...{ label: "loss that was minimised", y: { label: "0/1 risk" }, width: 820 },
          bars: names.flatMap((group) => [
            {
              group,
              name: "training",
              ...pointOf(
                0,
                over(group, ({ wrong }) => last(wrong)),
              ),
            },
            {
              group,
              name: "unseen",
              ...pointOf(
                0,
                over(group, ({ testWrong }) => last(testWrong)),
              ),
            },
          ]),
        }),
      ],
      how: `2-${width}-1 with ReLU on ${examples} points of two moons with noise ${noise}, SGD with momentum 0.9, learning rate ${rate}, gradients clipped to norm 1, batches of 32, ${epochs} epochs; ${tests} other points to test; seeds ${seed} to ${seed + runs - 1}. Relaxed 0/1 at temperature 0.5; focal with γ = 2.`,
    };
  },
};

/** The loss of one example with target 1 and a score. */
async function againstMargin({ loss }: Proxy, margins: readonly number[]): Promise<Value[]> {
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

const wrongOf = (scores: Float32Array, targets: ArrayLike<number>): number =>
  scores.reduce((sum, score, i) => sum + Number(score > 0 !== (targets[i] as number) > 0), 0) / scores.length;

const last = (values: readonly number[]): number => values.at(-1) as number;
const pointOf = (x: number, { mean: y, low, high }: Mean): ChartPoint => ({ x, y, low, high });
const percent = (share: number): string => `${(100 * share).toFixed(0)} %`.replace("-", "−");
