// Row 14: examples drawn by how much they tell, with weights that keep the gradient unbiased, and what goes wrong when the
// choice is not random any more.
import { chain, createModel, crossEntropy, type Dataset, dense, flatten, type Model, relu, sgd } from "thalweg";
import { digits, randomSource, type Sampler, samplers, type TrainAndTest, trainTestSplit } from "thalweg/data";
import { exampleGradients, exampleStatistics } from "thalweg/science";
import { chart } from "./chart.ts";
import type { Experiment } from "./experiment.ts";
import { finding, geometricMeanOf, type Mean, meanOf } from "./statistics.ts";

interface Parameters {
  readonly [name: string]: number | readonly number[];
  /** Share of training labels that are wrong, of draws that are uniform, and of examples that count as the hardest. */
  readonly mislabelled: number;
  readonly uniform: number;
  readonly hardest: number;
  /** Epochs after which the variance is looked at; the last one is that of training. */
  readonly marks: readonly number[];
  readonly batchSize: number;
  /** Batches drawn to measure it. */
  readonly draws: number;
  readonly runs: number;
  readonly seed: number;
}

const names = ["uniform", "by loss", "by gradient", "the hardest, always"] as const;
type Name = (typeof names)[number];

const choices = ({ uniform, hardest }: Parameters): Record<Name, Sampler> => ({
  uniform: samplers.withReplacement(),
  "by loss": samplers.importance({ by: "loss", uniform }),
  "by gradient": samplers.importance({ by: "gradientNorm", uniform }),
  // Nothing is left to chance: the examples of greatest loss, over and over.
  "the hardest, always": {
    name: "hardest",
    scores: "loss",
    epoch({ size, scores = new Float32Array(size) }) {
      const order = Int32Array.from(scores.keys()).sort((i, j) => (scores[j] as number) - (scores[i] as number));
      return { rows: Int32Array.from({ length: size }, (_, i) => order[i % Math.ceil(hardest * size)] as number) };
    },
  },
});

export const informativeSamples: Experiment<Parameters> = {
  id: 14,
  title: "Samples of most information",
  file: "14-informative-samples.ts",
  claim: "Samples of most information could be selected, as long as the selection is still random enough.",
  parameters: {
    quick: {
      ...{ mislabelled: 0.05, uniform: 0.1, hardest: 0.1, marks: [0, 1, 2, 5, 10, 20, 40] },
      ...{ batchSize: 32, draws: 20, runs: 8, seed: 14 },
    },
    full: {
      ...{ mislabelled: 0.05, uniform: 0.1, hardest: 0.1, marks: [0, 1, 2, 5, 10, 20, 40, 100] },
      ...{ batchSize: 32, draws: 200, runs: 30, seed: 14 },
    },
  },
  async *run({ parameters, signal }) {
    const { mislabelled, marks, batchSize, runs, seed, uniform, hardest } = parameters;
    const epochs = marks.at(-1) as number;
    const chosen = choices(parameters);
    const courses = Object.fromEntries(names.map((name) => [name, [] as Course[]])) as Record<Name, Course[]>;
    const variances: Variance[][] = [];
    for (let run = 0; run < runs; run++) {
      const { train, test } = noisy(
        trainTestSplit(await digits(), { test: 450, stratify: true, seed: seed + run }),
        mislabelled,
        seed + run,
      );
      for (const [at, name] of names.entries()) {
        const model = await createModel({
          input: train.shape,
          network: chain(flatten(), dense(32), relu(), dense(10)),
          loss: crossEntropy(),
          optimizer: sgd({ learningRate: 0.1 }),
          seed: seed + run,
        });
        const judge = () => ({
          loss: model.evaluate(train).loss,
          error: 1 - (model.evaluate(test).accuracy as number),
        });
        const course: Course = [judge()];
        const seen: Variance[] =
          name !== "uniform" ? [] : [await varianceOf(model, train, chosen, parameters, seed + run)];
        for await (const { epoch } of model.fit(train, { epochs, batchSize, sampler: chosen[name], signal })) {
          course.push(judge());
          if (name === "uniform" && marks.includes(epoch))
            seen.push(await varianceOf(model, train, chosen, parameters, seed + run));
          yield {
            done: (run + (at + epoch / epochs) / names.length) / runs,
            note: `${name}, run ${run + 1} of ${runs}`,
          };
        }
        courses[name].push(course);
        if (name === "uniform") variances.push(seen);
        model.close();
      }
    }

    const ratio = (name: (typeof sampled)[number], at = -1): Mean =>
      geometricMeanOf(
        variances.map((seen) => (seen.at(at)?.exact[name] as number) / (seen.at(at)?.exact.uniform as number)),
      );
    const least = geometricMeanOf(
      variances.map((seen) => (seen.at(-1)?.least as number) / (seen.at(-1)?.exact.uniform as number)),
    );
    const agreement = geometricMeanOf(
      variances.flatMap((seen) =>
        seen.flatMap(({ exact, measured }) => sampled.map((name) => measured[name] / exact[name])),
      ),
    );
    // A single epoch's end hangs on its last batches.
    const late = (course: Course | undefined, of: "loss" | "error"): number =>
      meanOf((course ?? []).slice(-Math.ceil(epochs / 4)).map((state) => state[of])).mean;
    const losses = (name: Name): Mean =>
      geometricMeanOf(courses[name].map((course, i) => late(course, "loss") / late(courses.uniform[i], "loss")));
    const atTheEnd = geometricMeanOf(
      courses["by gradient"].map(
        (course, i) => (course.at(-1)?.loss as number) / (courses.uniform[i]?.at(-1)?.loss as number),
      ),
    );
    const worse = (name: Name): Mean =>
      meanOf(courses[name].map((course, i) => late(course, "error") - late(courses.uniform[i], "error")));
    const holds = [ratio("by gradient").high < 1, losses("by gradient").high < 1, worse("the hardest, always").low > 0];
    const cases: [string, Mean][] = [
      ["variance of the gradient over uniform's, by gradient", ratio("by gradient")],
      ["variance of the gradient over uniform's, by loss", ratio("by loss")],
      ["variance over uniform's, the least that weights allow", least],
      ["training loss over uniform's at equal examples, by gradient", losses("by gradient")],
      ["the same after the last epoch alone, by gradient", atTheEnd],
      ["training loss over uniform's at equal examples, by loss", losses("by loss")],
      ["training loss over uniform's at equal examples, the hardest, always", losses("the hardest, always")],
      ["test error more than uniform's, by gradient", worse("by gradient")],
      ["test error more than uniform's, the hardest, always", worse("the hardest, always")],
    ];
    const data = `digits, 1347 examples, ${percent(mislabelled)} of them mislabelled`;
    const profile = (name: Name, of: "loss" | "error") => ({
      name,
      points: Array.from({ length: epochs + 1 }, (_, epoch) => {
        const { mean, low, high } = geometricMeanOf(courses[name].map((course) => course[epoch]?.[of] as number));
        return { x: epoch, y: mean, low, high };
      }),
    });
    return {
      data: { marks, variances, courses },
      verdict: {
        judgement: holds.every(Boolean) ? "supported" : holds.some(Boolean) ? "partly" : "not supported",
        why: `After ${epochs} epochs the gradient of a batch drawn by gradient norm, ${percent(uniform)} uniform, has ${ratio("by gradient").mean.toFixed(2)} of the variance of a uniform one; the training loss that as many examples lead to, a mean over the last quarter of epochs, is ${losses("by gradient").mean.toFixed(2)} of uniform's. Always taking the hardest ${percent(hardest)} ends with a test error ${percent(worse("the hardest, always").mean)} above uniform's.`,
        numbers: [
          ...cases.map(([name, mean]) => finding(name, mean)),
          finding("measured variance over the exact one", agreement, 1),
        ],
      },
      figures: [
        chart({
          name: "variance",
          caption: `Variance of the gradient of a batch of ${batchSize}, over that of a uniform draw, while a network 64-32-10 learns (${data}): exact, from the norms of all examples' gradients; geometric means over ${runs} runs with 95 % intervals. The least is that of chances proportional to those norms.`,
          description: `At the end the ratios are ${ratio("by gradient").mean.toFixed(2)} by gradient norm, ${ratio("by loss").mean.toFixed(2)} by loss, and ${least.mean.toFixed(2)} at least.`,
          x: { label: "epochs" },
          y: { label: "variance over uniform's", type: "log" },
          series: [...sampled.slice(1), "least" as const].map((name) => ({
            name: name === "least" ? "the least possible" : name,
            as: "both" as const,
            points: marks.map((x, at) => {
              const { mean, low, high } = geometricMeanOf(
                variances.map((seen) => {
                  const { exact, least } = seen[at] as Variance;
                  return (name === "least" ? least : exact[name]) / exact.uniform;
                }),
              );
              return { x, y: mean, low, high };
            }),
          })),
        }),
        chart({
          name: "loss",
          caption: `Training loss per epoch's worth of examples: ${data}; geometric means over ${runs} runs with 95 % intervals.`,
          description: `Training losses over the last quarter, over uniform's: ${names
            .slice(1)
            .map((name) => `${losses(name).mean.toFixed(2)} (${name})`)
            .join(", ")}.`,
          x: { label: "epochs" },
          y: { label: "training loss", type: "log" },
          series: names.map((name) => profile(name, "loss")),
        }),
        chart({
          name: "error",
          caption: `Share of wrong answers on 450 test examples, whose labels are right, of the same runs.`,
          description: `Test errors over the last quarter, above uniform's: ${names
            .slice(1)
            .map((name) => `${percent(worse(name).mean)} (${name})`)
            .join(", ")}.`,
          x: { label: "epochs" },
          y: { label: "test error", type: "log" },
          series: names.map((name) => profile(name, "error")),
        }),
      ],
      how: `64-32-10 with ReLU on ${data}; SGD, learning rate 0.1, batches of ${batchSize}, ${epochs} epochs; importance samplers with ${percent(uniform)} uniform and weights; ${runs} splits and seeds from ${seed}.`,
    };
  },
};

type Course = { readonly loss: number; readonly error: number }[];
const sampled = ["uniform", "by loss", "by gradient"] as const;
interface Variance {
  readonly [name: string]: number | Record<(typeof sampled)[number], number>;
  /** Of one draw: from the norms of the examples' gradients, and from batches. */
  readonly exact: Record<(typeof sampled)[number], number>;
  readonly measured: Record<(typeof sampled)[number], number>;
  readonly least: number;
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** Some labels of the training set become others. */
function noisy({ train, test }: TrainAndTest, share: number, seed: number): TrainAndTest {
  const { uniform, below } = randomSource(seed, 0);
  return {
    train: { ...train, y: train.y.map((label) => (uniform() < share ? (label + 1 + below(9)) % 10 : label)) },
    test,
  };
}

/**
 * σ²: what a gradient of n draws errs by is σ²/n. With chances p and weights 1/(N·p) that is Σ‖gᵢ‖²/pᵢ/N² − ‖ḡ‖², least
 * for p proportional to ‖gᵢ‖.
 */
async function varianceOf(
  model: Model,
  data: Dataset,
  chosen: Record<Name, Sampler>,
  parameters: Parameters,
  seed: number,
): Promise<Variance> {
  const { uniform, batchSize, draws } = parameters;
  const { size, y } = data;
  const { gradient, squaredNorms } = exampleStatistics(model, data);
  const each = exampleGradients(model, data);
  const mean = gradient.reduce((sum, g) => sum + g * g, 0);
  const { p } = model.evaluate(data, { metrics: { p: (all: ArrayLike<number>) => all } });
  const right = Array.from(y, (label, i) => p[10 * i + label] as number);
  const squares = Array.from(y, (_, i) =>
    Array.from({ length: 10 }, (_, k) => (p[10 * i + k] as number) ** 2).reduce((a, b) => a + b),
  );
  const scores = {
    uniform: Float32Array.from(y, () => 1),
    "by loss": Float32Array.from(right, (share) => -Math.log(share)),
    "by gradient": Float32Array.from(right, (share, i) => Math.sqrt((squares[i] as number) + 1 - 2 * share)),
  };
  const [exact, measured] = [{ ...zeros }, { ...zeros }];
  for (const name of sampled) {
    const total = scores[name].reduce((a, b) => a + b);
    const chances = scores[name].map((score) => ((1 - uniform) * score) / total + uniform / size);
    exact[name] = squaredNorms.reduce((sum, square, i) => sum + square / (chances[i] as number), 0) / size ** 2 - mean;
    let error = 0;
    for (let draw = 0; draw < draws; draw++) {
      const context = { size, targets: y, batchSize, epoch: 1, seed, round: draw, scores: scores[name] };
      const { rows, weights = Float32Array.from(y, () => 1) } = await chosen[name].epoch(context);
      const off = gradient.map((g) => -g);
      for (let k = 0; k < batchSize; k++) {
        const [from, share] = [(rows[k] as number) * off.length, (weights[k] as number) / batchSize];
        for (let i = 0; i < off.length; i++) off[i] = (off[i] as number) + share * (each[from + i] as number);
      }
      error += off.reduce((sum, value) => sum + value * value, 0);
    }
    measured[name] = (error / draws) * batchSize;
  }
  return {
    exact,
    measured,
    least: (squaredNorms.reduce((sum, square) => sum + Math.sqrt(square), 0) / size) ** 2 - mean,
  };
}

const zeros = { uniform: 0, "by loss": 0, "by gradient": 0 };
