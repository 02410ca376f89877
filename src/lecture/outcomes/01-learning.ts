// What row 1 says and draws of what it measured.
import type { Parameters } from "../01-learning.ts";
import { type ChartPoint, chart, pointOf } from "../chart.ts";
import type { Outcome } from "../experiment.ts";
import { finding, type Mean, meanOf, medianOf } from "../statistics.ts";

/** One training: mean cross-entropy, without λΩ, on each part of the data at its end, and by epochs. */
export type Fit = {
  readonly train: number;
  readonly validation: number;
  readonly test: number;
  /** Share of wrong answers on the test part. */
  readonly wrong: number;
  /** Of the weights. */
  readonly norm: number;
  readonly course: readonly { readonly train: number; readonly validation: number }[];
};

/** Of one run: without regulariser, the same stopped early, with the λ of least validation risk, and with every λ. */
export type Found = {
  readonly none: Fit;
  readonly stopped: Fit;
  readonly chosen: Fit;
  readonly swept: readonly Fit[];
};

export type Data = {
  readonly strengths: readonly number[];
  readonly found: readonly Found[];
  /** Examples in the test part. */
  readonly tested: number;
};

export function outcome(data: Data, { examples, width, epochs, patience, runs, seed }: Parameters): Outcome<Data> {
  const { strengths, found, tested } = data;
  const over = (of: (one: Found) => number): Mean => meanOf(found.map(of));
  const train = over(({ none }) => none.train);
  const test = over(({ none }) => none.test);
  const gap = over(({ none }) => none.test - none.train);
  const chosenGap = over(({ chosen }) => chosen.test - chosen.train);
  const gain = over(({ chosen, none }) => chosen.test - none.test);
  const early = over(({ stopped, none }) => stopped.test - none.test);
  const wrong = over(({ chosen, none }) => chosen.wrong - none.wrong);
  const earlyWrong = over(({ stopped, none }) => stopped.wrong - none.wrong);
  const least = found.filter(({ none, stopped, swept }) => [stopped, ...swept].every((one) => none.train < one.train));
  const line = (of: (fit: Fit) => number): ChartPoint[] =>
    strengths.map((strength, at) => {
      const mean = over(({ swept }) => of(swept[at] as Fit));
      return pointOf(strength, mean);
    });
  const course = (part: "train" | "validation"): ChartPoint[] =>
    Array.from({ length: epochs }, (_, at) => {
      const mean = over(({ none }) => none.course[at]?.[part] as number);
      return pointOf(at + 1, mean);
    });
  const stops = medianOf(found.map(({ stopped }) => stopped.course.length - patience));
  return {
    data,
    verdict: {
      judgement: gain.high < 0 && least.length === runs ? "supported" : gain.mean < 0 ? "partly" : "not supported",
      why: `Without a regulariser training ends at a risk of ${train.mean.toPrecision(2)} on the observed examples and of ${test.mean.toPrecision(2)} on unseen ones. The λ that is best on a validation set changes the unseen risk by ${said(gain)}, although the observed risk is least without it in ${least.length} of ${runs} runs. Early stopping changes the unseen risk by ${said(early)}. The share of wrong answers changes by ${said(wrong)} and ${said(earlyWrong)}.`,
      numbers: [
        finding("training risk, λ = 0", train),
        finding("test risk, λ = 0", test),
        finding("gap between them, λ = 0", gap),
        finding("gap with the λ of least validation risk", chosenGap),
        finding("change of the test risk by that λ", gain),
        finding("change of the test risk by early stopping", early),
        finding("change of the test error by that λ", wrong),
        finding("change of the test error by early stopping", earlyWrong),
      ],
    },
    figures: [
      chart({
        name: "risks",
        caption: `Mean cross-entropy at the end of training, without λΩ, against the strength λ of λ·Σw²: mean and interval of ${runs} runs, each with other examples and first weights.`,
        description:
          "The training risk rises with λ all the way; the test risk falls at first, has its least in the middle, and rises with the training risk.",
        x: { label: "strength of the regulariser, λ", type: "log" },
        y: { label: "risk" },
        rules: [{ name: "test, early stopping", y: over(({ stopped }) => stopped.test).mean }],
        series: [
          { name: "training", as: "both", points: line((fit) => fit.train) },
          { name: "test", as: "both", points: line((fit) => fit.test) },
        ],
      }),
      chart({
        name: "weights",
        caption: "Norm of the weights at the end of the same runs.",
        description: "The norm falls as λ grows.",
        x: { label: "strength of the regulariser, λ", type: "log" },
        y: { label: "‖w‖" },
        rules: [{ name: "early stopping", y: over(({ stopped }) => stopped.norm).mean }],
        series: [{ name: "‖w‖", as: "both", points: line((fit) => fit.norm) }],
      }),
      chart({
        name: "epochs",
        caption: `Risk during training without regulariser: mean and interval of the same ${runs} runs.`,
        description: "The training risk falls without end; the validation risk stops falling early.",
        x: { label: "epoch", type: "log" },
        y: { label: "risk", type: "log" },
        rules: [{ name: "early stopping goes back here (median)", x: stops }],
        series: [
          { name: "training", points: course("train") },
          { name: "validation", points: course("validation") },
        ],
      }),
    ],
    how: `64-${width}-10 with ReLU on the digits of the package: ${examples} examples to train, ${examples} to choose λ and the epoch, ${tested} to test; SGD with momentum 0.9, learning rate 0.1, batches of 32, ${epochs} epochs; seeds ${seed} to ${seed + runs - 1}.`,
  };
}

const said = ({ mean, low, high }: Mean): string =>
  `${mean.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`.replaceAll("-", "−");
