// What row 17 says and draws of what it measured.
import type { Parameters } from "../17-loss-surfaces.ts";
import { bars, heightOf } from "../chart.ts";
import type { Figure, Outcome } from "../experiment.ts";
import { finding, type Mean, meanOf } from "../statistics.ts";
import { judgementOf, percent as percentOf } from "../verdict.ts";

export const kinds = ["without skips", "with skips", "convex: one dense layer"] as const;
export type Kind = (typeof kinds)[number];

/** Of each kind of network, run by run. */
type OfEach<T> = Readonly<Record<Kind, readonly T[]>>;

export type Data = {
  readonly data: "MNIST" | "CIFAR-10";
  /** Images that the networks learn from, and the pixels of a side. */
  readonly images: number;
  readonly side: number;
  /** Shares of unseen images. */
  readonly accuracies: OfEach<number>;
  /** Shares of chords that lie below the surface in their middle. */
  readonly sags: OfEach<number>;
  /** Through the trained network: where points are, the same in both directions, and their losses. */
  readonly planes: OfEach<{ readonly x: readonly number[]; readonly loss: readonly number[] }>;
};

/** Of the first networks without skips and with them, side by side. */
export interface Pictures {
  readonly contours: string;
  readonly reliefs: string;
}

const percent = (share: number): string => percentOf(share, 1);

export function outcome(data: Data, parameters: Parameters, pictures: Pictures): Outcome<Data> {
  const { width, pool, epochs, judged, picture, points, runs, seed } = parameters;
  const shares = kinds.map((kind) => {
    const share = meanOf(data.sags[kind]);
    return { kind, ...share, low: Math.max(share.low, 0) };
  });
  const [plain, residual, convex] = shares as [Share, Share, Share];
  /** Seed by seed: what the lack of skips adds. */
  const more = meanOf(data.sags["without skips"].map((share, run) => share - (data.sags["with skips"][run] as number)));
  const nets = `ResNet-20 of width ${width} on ${data.images} images of ${data.data} (${data.side} × ${data.side}${pool > 1 ? ", pooled" : ""})`;
  const recipe = `SGD, momentum 0.9, learning rate 0.1 falling to 0 by a cosine, weight decay 3e-4, batches of 128, ${epochs} epochs`;
  const where = `${picture} × ${picture} points, filter-normalised random directions, ${Math.min(judged, data.images)} training images a point, BatchNorm by the batch`;
  const pictured = (kind: Kind): string =>
    `${kind}, seed ${seed}, test accuracy ${percent(data.accuracies[kind][0] as number)}`;
  return {
    data,
    verdict: {
      judgement: judgementOf([plain, residual].map(({ low }) => low > Math.max(convex.high, 0.01))),
      why: `On random planes ${percent(plain.mean)} of the chords lie below the surface in their middle for ResNet-20 without skips and ${percent(residual.mean)} with them; a convex loss, that of one dense layer, has ${percent(convex.mean)}. Without skips the share is greater by ${percent(more.mean)} [${percent(more.low)}, ${percent(more.high)}].`,
      numbers: [
        ...kinds.map((kind) => finding(`test accuracy, ${kind}`, meanOf(data.accuracies[kind]))),
        finding("share of chords below the surface, without skips less with them", more),
        ...shares.map(({ kind, ...mean }) =>
          finding(`share of chords below the surface, ${kind}`, mean, kind === kinds[2] ? 0 : undefined),
        ),
      ],
    },
    figures: [
      {
        name: "contours",
        caption: `Contours of the loss, evenly spaced in its logarithm, on planes through what training found: ${nets}, ${pictured("without skips")}; ${pictured("with skips")} (${recipe}); ${where}. One network of ${runs} of each kind is drawn.${data.data === "MNIST" ? " The lecture's picture is of CIFAR-10: give its folder with --cifar." : ""}`,
        description:
          "Two contour maps side by side, dark where the loss is low: without skips on the left, with skips on the right. A star marks the trained network, a plus each other local minimum of the grid.",
        svg: pictures.contours,
      },
      {
        name: "reliefs",
        caption: `The same planes of the same two networks (one of ${runs} of each kind) as surfaces in space; height is the logarithm of the loss.`,
        description: "Two surfaces seen from above at a slant: without skips on the left, with skips on the right.",
        svg: pictures.reliefs,
      },
      convexity(data, parameters, shares, `${nets}, ${recipe}`),
    ],
    how: `${nets}; ${recipe}; seeds ${seed} to ${seed + runs - 1}. Pictures: ${where}; other planes ${points} × ${points}.`,
  };
}

type Share = Mean & { readonly kind: Kind };

function convexity(data: Data, { chords, runs }: Parameters, shares: readonly Share[], made: string): Figure {
  return bars({
    name: "convexity",
    caption: `Share of ${chords} random chords between points of a plane that lie below the surface in their middle, which none does where a function is convex: ${made}; means of ${runs} networks and planes with 95 % intervals, and each of them.`,
    description: `Shares of ${shares.map(({ kind, mean }) => `${percent(mean)} (${kind})`).join(", ")}.`,
    label: "network",
    y: { label: "chords below the surface", domain: [0, 1.1 * Math.max(...shares.map(({ high }) => high))] },
    bars: shares.flatMap(({ kind, ...share }) => [
      { group: kind, name: "mean", ...heightOf(share) },
      ...data.sags[kind].map((y) => ({ group: kind, name: "one plane", y })),
    ]),
  });
}
