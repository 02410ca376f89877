// Row 10: batch gradient descent against stochastic gradient descent, at equal numbers of examples and in equal time.
import { createModel, crossEntropy, mlp, sgd } from "thalweg";
import { mnist, subset } from "thalweg/data";
import { beside, chart } from "./chart.ts";
import type { Experiment } from "./experiment.ts";
import { judgedAt, speedOf } from "./race.ts";
import { finding, geometricMeanOf, type Mean, meanOf } from "./statistics.ts";

interface Parameters {
  readonly [name: string]: number | readonly number[];
  /** Of MNIST. */
  readonly examples: number;
  readonly judges: number;
  /** Passes over the examples after which all are judged; the last is the end. */
  readonly passes: readonly number[];
  /** The same in seconds. */
  readonly seconds: readonly number[];
  readonly rates: readonly number[];
  readonly runs: number;
}

const methods = { "batch GD": "all", "SGD, batches of 32": 32 } as const;
type Method = keyof typeof methods;
const names = Object.keys(methods) as Method[];

/** What a model has reached, of one run. */
type Reached = { readonly loss: number; readonly accuracy: number };

export const goodEnough: Experiment<Parameters> = {
  id: 10,
  title: "Gradients that are good enough, and faster",
  file: "10-good-enough.ts",
  claim:
    "There is no need to run through the whole data set for one gradient: mini-batches are good enough and faster, and the accuracy is often better.",
  parameters: {
    quick: {
      ...{ examples: 3000, judges: 1000, passes: [1, 2, 4, 8], seconds: [0.03, 0.06, 0.12, 0.24] },
      ...{ rates: [0.1, 0.3, 1], runs: 4 },
    },
    full: {
      ...{ examples: 60000, judges: 10000, passes: [1, 2, 4, 8, 16], seconds: [1, 2, 4, 8, 16] },
      ...{ rates: [0.03, 0.1, 0.3, 1, 2], runs: 8 },
    },
  },
  async *run({ parameters: { examples, judges, passes, seconds, rates, runs }, signal }) {
    const { train, test } = await mnist();
    const [seen, unseen] = [train, test].map((data, i) =>
      subset(
        data,
        Uint32Array.from({ length: i === 0 ? examples : judges }, (_, row) => row),
      ),
    ) as [typeof train, typeof test];
    const network = (seed: number, learningRate: number) =>
      createModel({
        ...{ input: [28, 28, 1], network: mlp([64]), loss: crossEntropy(), optimizer: sgd({ learningRate }), seed },
      });
    const found: Found[] = [];
    for (const [which, name] of names.entries()) {
      const batchSize = methods[name];
      const speed = await speedOf(await network(0, 0.01), seen, { batchSize, signal });
      const marks = [...passes.map((each) => each * examples), ...seconds.map((each) => each * speed)];
      const tried: { rate: number; courses: Reached[][] }[] = [];
      for (const [at, rate] of rates.entries()) {
        const courses: Reached[][] = [];
        for (let seed = 1; seed <= runs; seed++) {
          const model = await network(seed, rate);
          const judge = () => ({
            loss: model.evaluate(seen).loss,
            accuracy: model.evaluate(unseen).accuracy as number,
          });
          courses.push(await judgedAt(model, seen, marks, judge, { batchSize, signal }));
          model.close();
          yield {
            done: (which + (at + seed / runs) / rates.length) / names.length,
            note: `${name}, learning rate ${rate}`,
          };
        }
        tried.push({ rate, courses });
      }
      /** The rate with the least training loss at a mark, and what each run has there. */
      const bestAt = (mark: number): Best => {
        const [best] = tried
          .map(({ rate, courses }) => ({ rate, reached: courses.map((each) => each[mark] as Reached) }))
          .sort((a, b) => lossOf(a.reached).mean - lossOf(b.reached).mean);
        return best as Best;
      };
      found.push({
        name,
        speed,
        atExamples: passes.map((_, i) => bestAt(i)),
        inTime: seconds.map((_, i) => bestAt(passes.length + i)),
      });
    }
    const [batch, stochastic] = found as [Found, Found];
    /** Seed by seed at the end: the ratio of losses, and the difference of accuracies in percent. */
    const compared = (limit: Limit) => {
      const [a, b] = [batch, stochastic].map((each) => each[limit].at(-1)?.reached as Reached[]) as [
        Reached[],
        Reached[],
      ];
      return {
        loss: geometricMeanOf(a.map(({ loss }, i) => loss / (b[i] as Reached).loss)),
        accuracy: meanOf(a.map(({ accuracy }, i) => 100 * ((b[i] as Reached).accuracy - accuracy))),
      };
    };
    const [byExamples, byTime] = [compared("atExamples"), compared("inTime")];
    const faster = [byExamples, byTime].every(({ loss }) => loss.low > 1);
    const better = [byExamples, byTime].every(({ accuracy }) => accuracy.low > 0);
    const percent = (each: number): string => `${each.toFixed(1)} %`;
    const words = { atExamples: `${passes.at(-1)} passes over the data`, inTime: `${seconds.at(-1)} s` };
    return {
      data: { found },
      verdict: {
        judgement: faster && better ? "supported" : faster || better ? "partly" : "not supported",
        why: `After ${words.atExamples} batch gradient descent has ${byExamples.loss.mean.toFixed(1)} times SGD's training loss and ${percent(byExamples.accuracy.mean)} less accuracy on unseen examples; after ${words.inTime} ${byTime.loss.mean.toFixed(1)} times and ${percent(byTime.accuracy.mean)}.`,
        numbers: (
          [
            [byExamples, words.atExamples],
            [byTime, words.inTime],
          ] as const
        ).flatMap(([{ loss, accuracy }, when]) => [
          finding(`training loss of batch GD over that of SGD after ${when}`, loss),
          finding(`accuracy of SGD less that of batch GD after ${when}, in percent`, accuracy),
        ]),
      },
      figures: (["atExamples", "inTime"] as const).map((limit) => {
        const [places, x] =
          limit === "inTime" ? [seconds, "seconds of training"] : [passes, "passes over the training examples"];
        const series = (of: (reached: readonly Reached[]) => Mean) =>
          found.map(({ name, [limit]: reached }) => ({
            ...{ name, as: "both" as const },
            points: reached.map(({ reached }, i) => {
              const { mean, low, high } = of(reached);
              return { x: places[i] as number, y: mean, low, high };
            }),
          }));
        const said = `of ${runs} networks after ${limit === "inTime" ? "equal times" : "equal numbers of examples"}, each at the best of the rates ${rates.join(", ")}, with 95 % intervals.`;
        const part = (name: string, label: string, of: (reached: readonly Reached[]) => Mean, type: "log" | "linear") =>
          chart({
            ...{ name: `${name}-${limit}`, caption: "", description: "", width: 480, height: 340 },
            ...{ x: { label: x, type: "log" }, y: { label, type }, series: series(of) },
          });
        return beside(
          {
            name: limit === "inTime" ? "equal-time" : "equal-examples",
            caption: `Loss on ${examples} training examples of MNIST (geometric means) and accuracy on ${judges} others (means) ${said}`,
            description:
              "Two charts. The losses fall from left to right and the accuracies rise; the lines of the two methods are told apart by dash and marker.",
          },
          [
            part("loss", "training loss", lossOf, "log"),
            part("accuracy", "accuracy on unseen examples, percent", accuracyOf, "linear"),
          ],
        );
      }),
      how: `784-64-10 with ReLU on the first ${examples} examples of MNIST, seeds 1 to ${runs}; at every mark each method has the rate with the least training loss there. Seconds are those of the fastest epoch's speed: ${found.map(({ name, speed }) => `${name} ${Math.round(speed / 1000)} thousand examples a second`).join(", ")}.`,
    };
  },
};

type Limit = "atExamples" | "inTime";
type Best = { readonly rate: number; readonly reached: readonly Reached[] };
type Found = { readonly name: string; readonly speed: number } & { readonly [limit in Limit]: readonly Best[] };
const accuracyOf = (reached: readonly Reached[]) => meanOf(reached.map(({ accuracy }) => 100 * accuracy));
const lossOf = (reached: readonly Reached[]) => geometricMeanOf(reached.map(({ loss }) => loss));
