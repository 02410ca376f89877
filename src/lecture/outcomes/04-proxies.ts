// What row 4 says and draws of what it measured.
import type { Parameters } from "../04-proxies.ts";
import { bars, type ChartPoint, chart, heightOf, pointOf } from "../chart.ts";
import type { Outcome } from "../experiment.ts";
import { finding, geometricMeanOf, type Mean, meanOf } from "../statistics.ts";
import { percent } from "../verdict.ts";

/** By epochs, the first before training: the proxy's mean and the share of wrong answers, on seen and unseen examples. */
export type Course = {
  readonly proxy: readonly number[];
  readonly wrong: readonly number[];
  readonly testProxy: readonly number[];
  readonly testWrong: readonly number[];
};

export type Data = {
  /** Of each loss that was minimised, run by run; the first is the 0/1 loss. */
  readonly found: { readonly [loss: string]: readonly Course[] };
  /** The largest move of a weight by training on the 0/1 loss. */
  readonly moved: number;
  readonly margins: readonly number[];
  /** Each loss against the margin. */
  readonly drawn: { readonly [loss: string]: readonly { readonly x: number; readonly y: number }[] };
};

export function outcome(data: Data, parameters: Parameters): Outcome<Data> {
  const { examples, tests, noise, width, epochs, rate, runs, seed } = parameters;
  const { found, moved, drawn } = data;
  const names = Object.keys(found);
  const over = (name: string, of: (course: Course) => number, mean = meanOf): Mean =>
    mean((found[name] as readonly Course[]).map(of));
  const falls = names.map((name) => over(name, ({ wrong }) => last(wrong) - (wrong[0] as number)));
  const atEnd = names.map((name) => over(name, ({ wrong }) => last(wrong)));
  const ends = names.map((name) => over(name, ({ testWrong }) => last(testWrong)));
  const relaxed = falls.slice(1);
  const worst = relaxed.reduce((a, b) => (b.mean > a.mean ? b : a));
  const ok = moved === 0 && relaxed.every(({ high }) => high < 0);
  // From the epoch at which the proxy is least on unseen data to the end.
  const parts = names.slice(1).map((name) => ({
    name,
    proxy: over(name, ({ testProxy }) => Math.log(last(testProxy) / Math.min(...testProxy))),
    wrong: over(name, ({ testProxy, testWrong }) => last(testWrong) - (testWrong[leastAt(testProxy)] as number)),
  }));
  const most = parts.reduce((a, b) => (b.proxy.mean > a.proxy.mean ? b : a));
  const course = (name: string, of: (course: Course) => readonly number[], mean = meanOf): ChartPoint[] =>
    Array.from({ length: epochs + 1 }, (_, epoch) => {
      const value = over(name, (one) => of(one)[epoch] as number, mean);
      return pointOf(epoch, value);
    });
  const some = ["0/1", "logistic", "hinge", "exponential", "relaxed 0/1"];
  return {
    data,
    verdict: {
      judgement: ok ? "supported" : relaxed.every(({ mean }) => mean < 0) ? "partly" : "not supported",
      why: `Training on the 0/1 loss itself moved the weights by ${moved}: its gradient is zero. Each of the ${relaxed.length} proxies lowers the share of wrong training answers, by at least ${said(-worst.mean)}. They part on unseen data: from its least there to the end the ${most.name} proxy rises by a factor of ${Math.exp(most.proxy.mean).toPrecision(2)} (geometric mean), while the share of wrong answers changes by ${said(most.wrong.mean)}.`,
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
        series: Object.entries(drawn)
          .filter(([name]) => name !== "squared hinge")
          .map(([name, points]) => ({ name, points: points.filter(({ y }) => y <= 4) })),
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
          { name: `${most.name} proxy`, points: course(most.name, ({ testProxy }) => testProxy, geometricMeanOf) },
          { name: "0/1", points: course(most.name, ({ testWrong }) => testWrong) },
        ],
      }),
      bars({
        name: "ends",
        caption: `Share of wrong answers at the end of training on each loss: mean and interval of ${runs} runs.`,
        description:
          "The 0/1 loss leaves as many wrong as there were at first; the proxies lie close together, far below.",
        label: "loss that was minimised",
        y: { label: "0/1 risk" },
        width: 820,
        bars: names.flatMap((group, at) => [
          { group, name: "training", ...heightOf(atEnd[at] as Mean) },
          { group, name: "unseen", ...heightOf(ends[at] as Mean) },
        ]),
      }),
    ],
    how: `2-${width}-1 with ReLU on ${examples} points of two moons with noise ${noise}, SGD with momentum 0.9, learning rate ${rate}, gradients clipped to norm 1, batches of 32, ${epochs} epochs; ${tests} other points to test; seeds ${seed} to ${seed + runs - 1}. Relaxed 0/1 at temperature 0.5; focal with γ = 2.`,
  };
}

const last = (values: readonly number[]): number => values.at(-1) as number;
const leastAt = (values: readonly number[]): number => values.indexOf(Math.min(...values));
const said = (share: number): string => percent(share).replace("-", "−");
