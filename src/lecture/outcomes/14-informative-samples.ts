// What row 14 says and draws of what it measured.
import type { Parameters } from "../14-informative-samples.ts";
import { chart, pointOf, type Series } from "../chart.ts";
import type { Outcome } from "../experiment.ts";
import { finding, geometricMeanOf, type Mean, meanOf } from "../statistics.ts";
import { sampled, type Variance } from "../variance.ts";
import { judgementOf, percent as percentOf } from "../verdict.ts";

export const names = ["uniform", "by loss", "by gradient", "the hardest, always"] as const;
export type Name = (typeof names)[number];

/** Before the first epoch, and after each. */
export type Course = readonly { readonly loss: number; readonly error: number }[];

export type Data = {
  readonly marks: readonly number[];
  /** [run][mark], of networks that learn from uniform draws. */
  readonly variances: readonly (readonly Variance[])[];
  /** [run] */
  readonly courses: Readonly<Record<Name, readonly Course[]>>;
};

const percent = (share: number): string => percentOf(share, 1);

export function outcome(data: Data, parameters: Parameters): Outcome<Data> {
  const { mislabelled, uniform, hardest, batchSize, runs, seed } = parameters;
  const { marks, variances, courses } = data;
  const epochs = marks.at(-1) as number;
  /** The variance over that of uniform draws at one of the marks. */
  const ratio = (name: (typeof sampled)[number] | "least", at = -1): Mean =>
    geometricMeanOf(
      variances.map((seen) => {
        const { exact, least } = seen.at(at) as Variance;
        return (name === "least" ? least : exact[name]) / exact.uniform;
      }),
    );
  const agreement = geometricMeanOf(
    variances.flat().flatMap(({ exact, measured }) => sampled.map((name) => measured[name] / exact[name])),
  );
  // A single epoch's end hangs on its last batches.
  const late = (course: Course, of: "loss" | "error"): number =>
    meanOf(course.slice(-Math.ceil(epochs / 4)).map((state) => state[of])).mean;
  const pairs = (name: Name) => courses[name].map((course, i) => [course, courses.uniform[i] as Course] as const);
  const losses = (name: Name): Mean =>
    geometricMeanOf(pairs(name).map(([own, other]) => late(own, "loss") / late(other, "loss")));
  const atTheEnd = geometricMeanOf(
    pairs("by gradient").map(([own, other]) => (own.at(-1)?.loss as number) / (other.at(-1)?.loss as number)),
  );
  const worse = (name: Name): Mean =>
    meanOf(pairs(name).map(([own, other]) => late(own, "error") - late(other, "error")));
  const numbers: [string, Mean][] = [
    ["variance of the gradient over uniform's, by gradient", ratio("by gradient")],
    ["variance of the gradient over uniform's, by loss", ratio("by loss")],
    ["variance over uniform's, the least that weights allow", ratio("least")],
    ["training loss over uniform's at equal examples, by gradient", losses("by gradient")],
    ["the same after the last epoch alone, by gradient", atTheEnd],
    ["training loss over uniform's at equal examples, by loss", losses("by loss")],
    ["training loss over uniform's at equal examples, the hardest, always", losses("the hardest, always")],
    ["test error more than uniform's, by gradient", worse("by gradient")],
    ["test error more than uniform's, the hardest, always", worse("the hardest, always")],
  ];
  const examples = `digits, 1347 examples, ${percent(mislabelled)} of them mislabelled`;
  const series = (of: "loss" | "error"): Series[] =>
    names.map((name) => ({
      name,
      points: Array.from({ length: epochs + 1 }, (_, epoch) =>
        pointOf(epoch, geometricMeanOf(courses[name].map((course) => course[epoch]?.[of] as number))),
      ),
    }));
  return {
    data,
    verdict: {
      judgement: judgementOf([
        ratio("by gradient").high < 1,
        losses("by gradient").high < 1,
        worse("the hardest, always").low > 0,
      ]),
      why: `After ${epochs} epochs the gradient of a batch drawn by gradient norm, ${percent(uniform)} uniform, has ${ratio("by gradient").mean.toFixed(2)} of the variance of a uniform one; the training loss that as many examples lead to, a mean over the last quarter of epochs, is ${losses("by gradient").mean.toFixed(2)} of uniform's. Always taking the hardest ${percent(hardest)} ends with a test error ${percent(worse("the hardest, always").mean)} above uniform's.`,
      numbers: [
        ...numbers.map(([name, mean]) => finding(name, mean)),
        finding("measured variance over the exact one", agreement, 1),
      ],
    },
    figures: [
      chart({
        name: "variance",
        caption: `Variance of the gradient of a batch of ${batchSize}, over that of a uniform draw, while a network 64-32-10 learns (${examples}): exact, from the norms of all examples' gradients; geometric means over ${runs} runs with 95 % intervals. The least is that of chances proportional to those norms.`,
        description: `At the end the ratios are ${ratio("by gradient").mean.toFixed(2)} by gradient norm, ${ratio("by loss").mean.toFixed(2)} by loss, and ${ratio("least").mean.toFixed(2)} at least.`,
        x: { label: "epochs" },
        y: { label: "variance over uniform's", type: "log" },
        series: [...sampled.slice(1), "least" as const].map((name) => ({
          name: name === "least" ? "the least possible" : name,
          as: "both",
          points: marks.map((x, at) => pointOf(x, ratio(name, at))),
        })),
      }),
      chart({
        name: "loss",
        caption: `Training loss per epoch's worth of examples: ${examples}; geometric means over ${runs} runs with 95 % intervals.`,
        description: `Training losses over the last quarter, over uniform's: ${names
          .slice(1)
          .map((name) => `${losses(name).mean.toFixed(2)} (${name})`)
          .join(", ")}.`,
        x: { label: "epochs" },
        y: { label: "training loss", type: "log" },
        series: series("loss"),
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
        series: series("error"),
      }),
    ],
    how: `64-32-10 with ReLU on ${examples}; SGD, learning rate 0.1, batches of ${batchSize}, ${epochs} epochs; importance samplers with ${percent(uniform)} uniform and weights; ${runs} splits and seeds from ${seed}.`,
  };
}
