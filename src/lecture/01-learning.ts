// Row 1: what is minimised is the error on data that were seen; what is wanted is a small one on those that were not.
import { type Callback, createModel, crossEntropy, earlyStopping, l2, type ModelOptions, mlp, sgd } from "thalweg";
import { type Dataset, digits, type Split, trainTestSplit } from "thalweg/data";
import { logLoss } from "thalweg/metrics";
import type { Experiment } from "./experiment.ts";
import { type Data, type Fit, type Found, outcome } from "./outcomes/01-learning.ts";

const quick = {
  strengths: [1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2],
  examples: 200,
  width: 64,
  epochs: 120,
  patience: 10,
  runs: 6,
  seed: 1,
};
export type Parameters = { readonly [Name in keyof typeof quick]: (typeof quick)[Name] };

export const learning: Experiment<Parameters, Data> = {
  id: 1,
  file: "01-learning.ts",
  title: "Learning is not optimisation",
  claim:
    "Learning minimises E[L(y, l)] + λΩ(w): small errors on the observed data are not enough, they should be small on unseen data, too; the regulariser keeps the model from being too geared towards the former.",
  parameters: { quick, full: { ...quick, width: 256, epochs: 400, runs: 30 } },
  async *run({ parameters, signal }) {
    const { strengths, examples, width, epochs, patience, runs, seed } = parameters;
    const all = await digits();
    const tested = all.size - 2 * examples;
    const found: Found[] = [];
    for (let run = 0; run < runs; run++) {
      const sizes = { test: tested, validation: examples };
      const parts = trainTestSplit(all, { ...sizes, stratify: true, seed: seed + run });
      const fit = (strength: number, callbacks: Callback[] = []): Promise<Fit> => {
        const options = {
          input: [8, 8, 1],
          network: mlp([width]),
          loss: crossEntropy(),
          regularizer: l2(strength),
          optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }),
          seed: seed + run,
        };
        return fitted(options, parts, { epochs, callbacks, signal });
      };
      const swept: Fit[] = [];
      for (const strength of [0, ...strengths]) {
        swept.push(await fit(strength));
        const done = (run + swept.length / (strengths.length + 2)) / runs;
        yield { done, note: `run ${run + 1} of ${runs}, λ = ${strength}` };
      }
      const stopped = await fit(0, [earlyStopping({ patience })]);
      const chosen = swept.reduce((best, one) => (one.validation < best.validation ? one : best));
      const [none, ...regularized] = swept as [Fit, ...Fit[]];
      found.push({ none, stopped, chosen, swept: regularized });
      yield { done: (run + 1) / runs, note: `run ${run + 1} of ${runs}, early stopping` };
    }
    return outcome({ strengths, found, tested }, parameters);
  },
};

/** Trains a model, and judges it on every part of the data. */
async function fitted(
  options: ModelOptions,
  { train, validation, test }: Split<Dataset> & { readonly validation: Dataset },
  course: { readonly epochs: number; readonly callbacks: Callback[]; readonly signal: AbortSignal },
): Promise<Fit> {
  const model = await createModel(options);
  const risks: { train: number; validation: number }[] = [];
  for await (const report of model.fit(train, { ...course, validation }))
    if (report.kind === "epoch") risks.push({ train: report.loss, validation: report.validation?.loss as number });
  const weights = model.layout
    .filter(({ kind }) => kind === "weight")
    .flatMap(({ offset, size }) => [...model.parameters.subarray(offset, offset + size)]);
  const judge = (part: Dataset) => model.evaluate(part, { metrics: { risk: logLoss } });
  const judged = judge(test);
  const fit = {
    train: judge(train).risk,
    validation: judge(validation).risk,
    test: judged.risk,
    wrong: 1 - (judged.accuracy as number),
    norm: Math.hypot(...weights),
    course: risks,
  };
  model.close();
  return fit;
}
