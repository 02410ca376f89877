// What row 18 says and draws of what it measured.
import type { Parameters } from "../18-mode-connectivity.ts";
import { chart, pointOf, type Series } from "../chart.ts";
import type { Figure, Outcome } from "../experiment.ts";
import { finding, geometricMeanOf, type Mean, meanOf } from "../statistics.ts";
import { table } from "../table.ts";
import { percent as percentOf } from "../verdict.ts";

/** The learning rate, examples in a batch, and weight decay of all networks and curves. */
export const [RATE, BATCH, DECAY] = [0.1, 64, 5e-4];

const paths = ["straight line", "Bézier curve", "polygonal chain"] as const;
type Path = (typeof paths)[number];
const [LINE, BEZIER, CHAIN] = paths;

/** Of the values along a path: at its ends, the greatest, and by how much it rises above the line between the ends. */
type Values = { readonly ends: readonly [number, number]; readonly max: number; readonly barrier: number };

/** A path between a pair of networks. */
export type Found = {
  readonly path: Path;
  /** Training losses and test errors from one end to the other. */
  readonly losses: readonly number[];
  readonly errors: readonly number[];
  readonly onTrain: { readonly loss: Values; readonly lengthRatio: number };
  readonly onTest: { readonly error?: Values };
};

/** Test errors of the network at t of the Bézier curve, and of its predictions averaged with those of the network at 0. */
export type Together = readonly { readonly t: number; readonly one: number; readonly withFirst: number }[];

export type Data = {
  readonly t: readonly number[];
  /** Three of each pair. */
  readonly paths: readonly Found[];
  /** Of each pair. */
  readonly ensembles: readonly Together[];
};

/** Of CIFAR-10: the authors' own tables (Garipov et al. 2018; the line's error from the paper's Table 2). */
const published = [
  ["VGG-16, CIFAR-10", "0.24, 0.24", "–", "0.24", "0.27", "6.79, 6.94", "90", "7.75", "8.08"],
  ["PreResNet-164, CIFAR-10", "0.18, 0.18", "–", "0.18", "0.18", "4.76, 4.75", "80 (ResNet-158)", "4.97", "5.13"],
  ["WRN-28-10, CIFAR-10", "0.08, 0.09", "–", "0.09", "0.10", "3.69, 3.73", "66.6", "3.88", "4.29"],
];

const percent = (share: number): string => percentOf(share, 2);

/** @param picture of the plane through the first pair and the bend of the curve between them */
export function outcome(data: Data, parameters: Parameters, picture: string): Outcome<Data> {
  const { epochs, curveEpochs, tested, points, plane, runs, seed } = parameters;
  const over = (path: Path, value: (found: Found) => number): Mean => meanOver(data, path, value);
  const barrier = (path: Path) => over(path, ({ onTrain }) => onTrain.loss.barrier);
  /** The greatest loss over that of the worse end; by how much the greatest error is above that of the worse end. */
  const worst = (path: Path) => over(path, ({ onTrain: { loss } }) => loss.max / Math.max(...loss.ends));
  const more = (path: Path) =>
    over(path, ({ onTest: { error } }) => (error as Values).max - Math.max(...(error as Values).ends));
  const error = (path: Path) => over(path, greatestError);
  const length = (path: Path) => over(path, ({ onTrain }) => onTrain.lengthRatio);
  const line = barrier(LINE);
  const lower = [BEZIER, CHAIN].map((path) => line.mean >= 5 * barrier(path).mean && line.low > 0);
  const constant = [BEZIER, CHAIN].map((path) => worst(path).mean <= 1.2 && more(path).mean <= 0.02);
  /** The error of the first network less that of it and the network at a point of the curve together. */
  const saved = (point: (together: Together) => Together[number] | undefined): Mean =>
    meanOf(data.ensembles.map((each) => (each[0]?.one as number) - (point(each)?.withFirst as number)));
  const [gain, pair] = [saved((each) => each[(each.length - 1) >> 1]), saved((each) => each.at(-1))];
  const made = madeOf(parameters);
  return {
    data,
    verdict: {
      judgement: [...lower, ...constant].every(Boolean)
        ? "supported"
        : lower.some(Boolean)
          ? "partly"
          : "not supported",
      why: `On the straight line the training loss rises by ${line.mean.toFixed(2)} above its ends, on the Bézier curve by ${barrier(BEZIER).mean.toFixed(3)} and on the chain by ${barrier(CHAIN).mean.toFixed(3)} (asked: a fifth at most); at worst it is ${[BEZIER, CHAIN].map((path) => `${worst(path).mean.toFixed(2)} times that of the ends on the ${path}`).join(" and ")} (asked: 1.2). The test error is at worst ${[BEZIER, CHAIN].map((path) => percent(more(path).mean)).join(" and ")} above that of the worse end (asked: 2 %), on the line ${percent(error(LINE).mean)}.`,
      numbers: [
        ...paths.map((path) => finding(`barrier of the training loss, ${path}`, barrier(path))),
        ...[BEZIER, CHAIN].map((path) =>
          finding(`greatest training loss over that of the worse end, ${path}`, worst(path)),
        ),
        ...paths.map((path) => finding(`greatest test error, ${path}`, error(path))),
        finding(`length over the straight line's, ${BEZIER} (published: 1.30 to 2.13)`, length(BEZIER)),
        finding(`length over the straight line's, ${CHAIN} (published: 1.64 to 3.48)`, length(CHAIN)),
        finding("test error that a and the curve's middle save together, against a alone", gain),
        finding("test error that a and b save together, against a alone", pair),
      ],
    },
    figures: [
      chart({
        name: "loss",
        caption: `Training loss, regularised, from one network to another: ${made}; geometric means over ${runs} pairs with 95 % intervals.`,
        description: `The straight line's greatest loss is ${over(LINE, greatestLoss).mean.toFixed(2)}, the Bézier curve's ${over(BEZIER, greatestLoss).mean.toFixed(2)}, the chain's ${over(CHAIN, greatestLoss).mean.toFixed(2)}.`,
        x: { label: "t" },
        y: { label: "training loss", type: "log" },
        series: profiles(data, "losses"),
      }),
      chart({
        name: "error",
        caption: `Share of wrong answers on ${tested} test images along the same paths; geometric means over ${runs} pairs with 95 % intervals.`,
        description: `The greatest test errors: ${paths.map((path) => `${percent(error(path).mean)} (${path})`).join(", ")}.`,
        x: { label: "t" },
        y: { label: "test error", type: "log" },
        series: profiles(data, "errors"),
      }),
      {
        name: "plane",
        caption: `Training loss, regularised, on the plane through two networks a and b and the bend c of the Bézier curve between them, ${plane} × ${plane} points on 500 images; the first of ${runs} pairs.`,
        description:
          "Contours of the loss with the two networks and the bend as stars, and the curve from one network to the other.",
        svg: picture,
      },
      chart({
        name: "ensembles",
        caption: `Test error of the network at t of the Bézier curve, and of its predictions averaged with those of the network at 0; means over ${runs} pairs with 95 % intervals.`,
        description: `Together with the middle of the curve the first network makes ${percent(gain.mean)} fewer mistakes of all answers, with the other end ${percent(pair.mean)}.`,
        x: { label: "t" },
        y: { label: "test error" },
        series: (["one", "withFirst"] as const).map((which) => ({
          name: which === "one" ? "network at t" : "networks at 0 and t together",
          points: (data.ensembles[0] ?? []).map(({ t }, i) =>
            pointOf(t, meanOf(data.ensembles.map((each) => each[i]?.[which] as number))),
          ),
        })),
      }),
      publishedTable(data, parameters),
    ],
    how: `${made}: SGD, momentum 0.9, learning rate ${RATE} falling to 0 by a cosine, batches of ${BATCH}, l2 ${DECAY / 2} (weight decay ${DECAY}), ${epochs} epochs, curves with one bend ${curveEpochs}; ${runs} pairs, seeds from ${seed}; paths judged at ${points} points on all training images and ${tested} test images.`,
  };
}

/** Over the pairs of networks. */
const meanOver = ({ paths }: Data, path: Path, value: (found: Found) => number): Mean =>
  meanOf(paths.filter((each) => each.path === path).map(value));

const greatestLoss = ({ onTrain }: Found): number => onTrain.loss.max;
const greatestError = ({ onTest }: Found): number => (onTest.error as Values).max;

const madeOf = ({ layers, width, examples, pool }: Parameters): string =>
  `${layers} hidden layers of ${width} on ${examples} images of MNIST${pool > 1 ? ` (${28 / pool} × ${28 / pool}, pooled)` : ""}`;

const profiles = (data: Data, values: "losses" | "errors"): Series[] =>
  paths.map((path) => {
    const found = data.paths.filter((each) => each.path === path);
    const points = data.t.map((t, i) => pointOf(t, geometricMeanOf(found.map((each) => each[values][i] as number))));
    return { name: path, points };
  });

function publishedTable(data: Data, parameters: Parameters): Figure {
  const { epochs, runs } = parameters;
  /** Of both ends. */
  const ends = (of: (found: Found) => Values, unit: number): string =>
    [0, 1]
      .map((end) => (unit * meanOver(data, LINE, (found) => of(found).ends[end] as number).mean).toFixed(2))
      .join(", ");
  const heads = [
    "network",
    "training loss of the ends",
    "greatest on the line",
    "on Bézier",
    "on the chain",
    "test error of the ends, %",
    "greatest on the line, %",
    "on Bézier, %",
    "on the chain, %",
  ];
  return table({
    name: "published",
    caption: `Beside the published numbers (Garipov et al. 2018). What differs: ours are small networks without BatchNorm on MNIST, ${epochs} epochs, means over ${runs} pairs; theirs large ones on CIFAR-10, 150 to 200 epochs, augmented. Both losses are regularised.`,
    description:
      "A row for our networks and one for each of three published ones: training loss and test error of the ends, and the greatest on the line and both curves.",
    columns: heads.map((head, at) => ({ head, width: at === 0 ? 190 : 88 })),
    rows: [
      [
        `ours: ${madeOf(parameters)}`,
        ends(({ onTrain }) => onTrain.loss, 1),
        ...paths.map((path) => meanOver(data, path, greatestLoss).mean.toFixed(2)),
        ends(({ onTest }) => onTest.error as Values, 100),
        ...paths.map((path) => (100 * meanOver(data, path, greatestError).mean).toFixed(2)),
      ],
      ...published,
    ],
  });
}
