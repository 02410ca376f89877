// What row 12 says and draws of what it measured.
import type { Parameters } from "../12-shuffling.ts";
import { bars, chart, heightOf, pointOf } from "../chart.ts";
import type { Outcome } from "../experiment.ts";
import { finding, geometricMeanOf, type Mean, meanOf } from "../statistics.ts";
import { judgementOf } from "../verdict.ts";

/** Of one run. */
export type Found = {
  readonly order: string;
  readonly accuracy: number;
  /** Training loss after each epoch until then. */
  readonly losses: readonly number[];
  /** On unseen examples, where the training loss has come down to the target. */
  readonly unseen: number | null;
  /** And how many epochs that took. */
  readonly needed: number | null;
};

export type Data = {
  readonly found: readonly Found[];
  /** Unseen examples. */
  readonly judges: number;
};

export function outcome(data: Data, parameters: Parameters): Outcome<Data> {
  const { examples, noise, batchSize, epochs, target, learningRate, batchRates, runs } = parameters;
  const names = [...new Set(data.found.map(({ order }) => order))];
  const of = (order: string): readonly Found[] => data.found.filter((each) => each.order === order);
  const accuracies = (order: string): readonly number[] => of(order).map(({ accuracy }) => 100 * accuracy);
  /** Run by run, where both have come to the target: how many times the loss on unseen examples that reshuffling has. */
  const ratio = (order: string): Mean =>
    geometricMeanOf(
      of(order).flatMap(({ unseen }, run) => {
        const other = of("reshuffled")[run]?.unseen ?? null;
        return unseen === null || other === null ? [] : [unseen / other];
      }),
    );
  const mixed = meanOf(accuracies("reshuffled").map((each, run) => each - (accuracies("sorted")[run] as number)));
  const once = ratio("shuffled once");
  const whole = batchRates.map((rate) => ({ rate, ...ratio(`all at once, ${rate}`) }));
  const unseenOf = (order: string): number[] => of(order).flatMap(({ unseen }) => unseen ?? []);
  const arrived = names.filter((order) => unseenOf(order).length > 1);
  const missing = names.filter((order) => !arrived.includes(order));
  return {
    data,
    verdict: {
      judgement: judgementOf([mixed.low > 0, once.low > 1, whole.every(({ low }) => low > 1)]),
      why: `After ${epochs} epochs reshuffling is right on ${mixed.mean.toFixed(1)} % more unseen examples than sorted batches are. Where the training loss is ${target}, the loss on unseen examples is ${once.mean.toFixed(2)} times that of reshuffling with one order for all epochs, and ${whole.map(({ rate, mean }) => `${mean.toFixed(2)} times with all examples at once and rate ${rate}`).join(", ")} (claimed: above 0, above 1, and above 1 whatever the rate).`,
      numbers: [
        finding(`accuracy after ${epochs} epochs, reshuffled less sorted, in percent`, mixed),
        finding(`unseen loss at training loss ${target}, shuffled once over reshuffled`, once),
        ...whole.map(({ rate, ...mean }) => finding(`the same, all at once, ${rate}, over reshuffled`, mean)),
        finding("the same, with replacement over reshuffled", ratio("with replacement")),
      ],
    },
    figures: [
      chart({
        name: "first-epochs",
        caption: `Training loss over the first epochs, examples lying sorted by class: geometric means of ${runs} runs with 95 % intervals.`,
        description:
          "Sorted batches and all examples at once fall slowly; the random orders lie on each other far below.",
        x: { label: "epoch" },
        y: { label: "training loss", type: "log" },
        series: names.map((name) => ({
          name,
          as: "both",
          points: Array.from({ length: epochs }, (_, epoch) =>
            pointOf(epoch + 1, geometricMeanOf(of(name).map(({ losses }) => losses[epoch] as number))),
          ),
        })),
      }),
      bars({
        name: "overfitting",
        caption: `Loss on ${data.judges} unseen examples where the training loss has come down to ${target}: means of ${runs} runs with 95 % intervals${missing.length > 0 ? `; not reached by: ${missing.join(", ")}` : ""}.`,
        description:
          "A point for each order: the lower, the less the network has overfitted at the same training loss.",
        label: "order of the examples",
        y: { label: `unseen loss at training loss ${target}` },
        bars: arrived.map((group) => ({ group, name: "unseen loss", ...heightOf(meanOf(unseenOf(group))) })),
      }),
    ],
    how: `64-64-10 with ReLU on ${examples} of the digits, ${100 * noise} % of their labels drawn anew, the rest as judges; SGD with batches of ${batchSize} and rate ${learningRate}, all at once with ${batchRates.join(" and ")}; seeds 1 to ${runs} of split, noise, network and order.`,
  };
}
