// What row 10 says and draws of what it measured.
import type { Parameters } from "../10-good-enough.ts";
import { beside, chart, pointOf } from "../chart.ts";
import type { Figure, Outcome } from "../experiment.ts";
import { finding, geometricMeanOf, type Mean, meanOf } from "../statistics.ts";
import { judgementOf } from "../verdict.ts";

/** What a model has reached, of one run. */
export type Reached = { readonly loss: number; readonly accuracy: number };

/** At a mark: the rate with the least training loss, and what each run has reached with it. */
export type Best = { readonly rate: number; readonly reached: readonly Reached[] };

/** Of one method: examples a second, and the best at each mark. */
export type Found = {
  readonly name: string;
  readonly speed: number;
  readonly atExamples: readonly Best[];
  readonly inTime: readonly Best[];
};

/** Of batch gradient descent, and of SGD. */
export type Data = { readonly found: readonly Found[] };

type Limit = "atExamples" | "inTime";

export const lossOf = (reached: readonly Reached[]): Mean => geometricMeanOf(reached.map(({ loss }) => loss));
const accuracyOf = (reached: readonly Reached[]): Mean => meanOf(reached.map(({ accuracy }) => 100 * accuracy));

export function outcome(data: Data, parameters: Parameters): Outcome<Data> {
  const { examples, passes, seconds, runs } = parameters;
  const [byExamples, byTime] = [compared(data, "atExamples"), compared(data, "inTime")];
  const both = [byExamples, byTime];
  const percent = (each: number): string => `${each.toFixed(1)} %`;
  const [afterPasses, afterTime] = [`${passes.at(-1)} passes over the data`, `${seconds.at(-1)} s`];
  return {
    data,
    verdict: {
      judgement: judgementOf([
        both.every(({ loss }) => loss.low > 1), // faster
        both.every(({ accuracy }) => accuracy.low > 0), // better
      ]),
      why: `After ${afterPasses} batch gradient descent has ${byExamples.loss.mean.toFixed(1)} times SGD's training loss and ${percent(byExamples.accuracy.mean)} less accuracy on unseen examples; after ${afterTime} ${byTime.loss.mean.toFixed(1)} times and ${percent(byTime.accuracy.mean)}.`,
      numbers: [afterPasses, afterTime].flatMap((when, at) => {
        const { loss, accuracy } = both[at] as Compared;
        return [
          finding(`training loss of batch GD over that of SGD after ${when}`, loss),
          finding(`accuracy of SGD less that of batch GD after ${when}, in percent`, accuracy),
        ];
      }),
    },
    figures: [figure("equal-examples", data, parameters), figure("equal-time", data, parameters)],
    how: `784-64-10 with ReLU on the first ${examples} examples of MNIST, seeds 1 to ${runs}; at every mark each method has the rate with the least training loss there. Seconds are those of the fastest epoch's speed: ${data.found.map(({ name, speed }) => `${name} ${Math.round(speed / 1000)} thousand examples a second`).join(", ")}.`,
  };
}

type Compared = { readonly loss: Mean; readonly accuracy: Mean };

/** Seed by seed at the end: the ratio of losses, and the difference of accuracies in percent. */
function compared({ found }: Data, limit: Limit): Compared {
  const [batch, stochastic] = found.map((each) => each[limit].at(-1)?.reached) as [Reached[], Reached[]];
  return {
    loss: geometricMeanOf(batch.map(({ loss }, i) => loss / (stochastic[i] as Reached).loss)),
    accuracy: meanOf(batch.map(({ accuracy }, i) => 100 * ((stochastic[i] as Reached).accuracy - accuracy))),
  };
}

function figure(name: "equal-examples" | "equal-time", { found }: Data, parameters: Parameters): Figure {
  const { examples, judges, passes, seconds, rates, runs } = parameters;
  const inTime = name === "equal-time";
  const [limit, places, ofPlaces]: [Limit, readonly number[], string] = inTime
    ? ["inTime", seconds, "seconds of training"]
    : ["atExamples", passes, "passes over the training examples"];
  const part = (what: string, ofValues: string, type: "log" | "linear", of: (reached: readonly Reached[]) => Mean) =>
    chart({
      ...{ name: `${what}-${limit}`, caption: "", description: "", width: 480, height: 340 },
      x: { label: ofPlaces, type: "log" },
      y: { label: ofValues, type },
      series: found.map(({ name, [limit]: best }) => ({
        name,
        as: "both",
        points: best.map(({ reached }, i) => pointOf(places[i] as number, of(reached))),
      })),
    });
  const said = `of ${runs} networks after ${inTime ? "equal times" : "equal numbers of examples"}, each at the best of the rates ${rates.join(", ")}, with 95 % intervals.`;
  return beside(
    {
      name,
      caption: `Loss on ${examples} training examples of MNIST (geometric means) and accuracy on ${judges} others (means) ${said}`,
      description:
        "Two charts. The losses fall from left to right and the accuracies rise; the lines of the two methods are told apart by dash and marker.",
    },
    [
      part("loss", "training loss", "log", lossOf),
      part("accuracy", "accuracy on unseen examples, percent", "linear", accuracyOf),
    ],
  );
}
