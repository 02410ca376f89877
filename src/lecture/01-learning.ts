// Row 1: what is minimised is the error on data that were seen; what is wanted is a small one on those that were not.
import { type Callback, createModel, crossEntropy, earlyStopping, l2, mlp, sgd } from "thalweg";
import { type Dataset, digits, trainTestSplit } from "thalweg/data";
import { logLoss } from "thalweg/metrics";
import { type ChartPoint, chart } from "./chart.ts";
import type { Experiment } from "./experiment.ts";
import { finding, type Mean, meanOf } from "./statistics.ts";

const quick = {
  ...{ strengths: [1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2], examples: 200, width: 64 },
  ...{ epochs: 120, patience: 10, runs: 6, seed: 1 },
};
type Parameters = { readonly [Name in keyof typeof quick]: (typeof quick)[Name] };

/** One training: mean cross-entropy, without λΩ, on each part of the data at its end, and by epochs. */
type Fit = {
  readonly train: number;
  readonly validation: number;
  readonly test: number;
  readonly wrong: number;
  readonly norm: number;
  readonly course: { readonly train: number; readonly validation: number }[];
};

export const learning: Experiment<Parameters> = {
  id: 1,
  file: "01-learning.ts",
  title: "Learning is not optimisation",
  claim:
    "Learning minimises E[L(y, l)] + λΩ(w): small errors on the observed data are not enough, they should be small on unseen data, too; the regulariser keeps the model from being too geared towards the former.",
  parameters: { quick, full: { ...quick, width: 256, epochs: 400, runs: 30 } },
  async *run({ parameters: { strengths, examples, width, epochs, patience, runs, seed }, signal }) {
    const all = await digits();
    const found: { readonly none: Fit; readonly stopped: Fit; readonly chosen: Fit; readonly swept: Fit[] }[] = [];
    for (let run = 0; run < runs; run++) {
      const sizes = { test: all.size - 2 * examples, validation: examples };
      const { train, validation, test } = trainTestSplit(all, { ...sizes, stratify: true, seed: seed + run });
      const fit = async (strength: number, callbacks: Callback[] = []): Promise<Fit> => {
        const model = await createModel({
          input: [8, 8, 1],
          network: mlp([width]),
          loss: crossEntropy(),
          regularizer: l2(strength),
          optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }),
          seed: seed + run,
        });
        const course: { train: number; validation: number }[] = [];
        for await (const report of model.fit(train, { epochs, validation, callbacks, signal }))
          if (report.kind === "epoch")
            course.push({ train: report.loss, validation: report.validation?.loss as number });
        const judge = (part: Dataset) => model.evaluate(part, { metrics: { risk: logLoss } });
        const judged = judge(test);
        const parameters = model.layout.filter(({ kind }) => kind === "weight");
        const norm = Math.hypot(...parameters.flatMap(({ offset, size }) => [...model.parameters.subarray(offset, offset + size)])); // biome-ignore format: one line
        const risks = { train: judge(train).risk, validation: judge(validation).risk, test: judged.risk };
        model.close();
        return { ...risks, wrong: 1 - (judged.accuracy as number), norm, course };
      };
      const swept: Fit[] = [];
      for (const strength of [0, ...strengths]) {
        swept.push(await fit(strength));
        yield {
          done: (run + swept.length / (strengths.length + 2)) / runs,
          note: `run ${run + 1} of ${runs}, λ = ${strength}`,
        };
      }
      const stopped = await fit(0, [earlyStopping({ patience })]);
      const chosen = swept.reduce((best, one) => (one.validation < best.validation ? one : best));
      found.push({ none: swept.shift() as Fit, stopped, chosen, swept });
      yield { done: (run + 1) / runs, note: `run ${run + 1} of ${runs}, early stopping` };
    }
    const over = (of: (one: (typeof found)[number]) => number): Mean => meanOf(found.map(of));
    const [train, test] = [over(({ none }) => none.train), over(({ none }) => none.test)];
    const [gain, early] = [
      over(({ chosen, none }) => chosen.test - none.test),
      over(({ stopped, none }) => stopped.test - none.test),
    ];
    const [wrong, earlyWrong] = [
      over(({ chosen, none }) => chosen.wrong - none.wrong),
      over(({ stopped, none }) => stopped.wrong - none.wrong),
    ];
    const least = found.filter(({ none, stopped, swept }) =>
      [stopped, ...swept].every((one) => none.train < one.train),
    );
    const line = (of: (fit: Fit) => number): ChartPoint[] =>
      strengths.map((x, at) => pointOf(x, over(({ swept }) => of(swept[at] as Fit)))); // biome-ignore format: one line
    const course = (part: "train" | "validation"): ChartPoint[] =>
      Array.from({ length: epochs }, (_, at) => pointOf(at + 1, over(({ none }) => none.course[at]?.[part] as number))); // biome-ignore format: one line
    return {
      data: { strengths, found },
      verdict: {
        judgement: gain.high < 0 && least.length === runs ? "supported" : gain.mean < 0 ? "partly" : "not supported",
        why: `Without a regulariser training ends at a risk of ${train.mean.toPrecision(2)} on the observed examples and of ${test.mean.toPrecision(2)} on unseen ones. The λ that is best on a validation set changes the unseen risk by ${said(gain)}, although the observed risk is least without it in ${least.length} of ${runs} runs. Early stopping changes the unseen risk by ${said(early)}. The share of wrong answers changes by ${said(wrong)} and ${said(earlyWrong)}.`,
        numbers: [
          finding("training risk, λ = 0", train),
          finding("test risk, λ = 0", test),
          finding(
            "gap between them, λ = 0",
            over(({ none }) => none.test - none.train),
          ),
          finding(
            "gap with the λ of least validation risk",
            over(({ chosen }) => chosen.test - chosen.train),
          ),
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
          rules: [{ name: `test, early stopping`, y: over(({ stopped }) => stopped.test).mean }],
          series: [
            { name: "training", as: "both", points: line((fit) => fit.train) },
            { name: "test", as: "both", points: line((fit) => fit.test) },
          ],
        }),
        chart({
          name: "weights",
          caption: `Norm of the weights at the end of the same runs.`,
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
          rules: [
            {
              name: `early stopping goes back here (median)`,
              x: median(found.map(({ stopped }) => stopped.course.length - patience)),
            },
          ],
          series: [
            { name: "training", points: course("train") },
            { name: "validation", points: course("validation") },
          ],
        }),
      ],
      how: `64-${width}-10 with ReLU on the digits of the package: ${examples} examples to train, ${examples} to choose λ and the epoch, ${all.size - 2 * examples} to test; SGD with momentum 0.9, learning rate 0.1, batches of 32, ${epochs} epochs; seeds ${seed} to ${seed + runs - 1}.`,
    };
  },
};

const pointOf = (x: number, { mean: y, low, high }: Mean): ChartPoint => ({ x, y, low, high });
const said = ({ mean, low, high }: Mean): string =>
  `${mean.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`.replaceAll("-", "−");
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] as number;
