// Row 17: the lecture's picture of a loss surface: ResNet-20 with and without skips on planes through its minimum, and how
// far such surfaces are from convex, beside one that is.
import { avgPool2d, chain, createModel, crossEntropy, dense, flatten, type Layer, reshape, resnet, sgd } from "thalweg";
import { cifar10, type Dataset, mnist, randomSource, subset } from "thalweg/data";
import { contourPicture, randomSection, type Surface, surface, surfacePicture } from "thalweg/science";
import { bars, beside } from "./chart.ts";
import type { Experiment } from "./experiment.ts";
import { type Mean, meanOf } from "./statistics.ts";

interface Parameters {
  readonly [name: string]: number;
  /** Pixels of a side that become one before the network, and the network's channels. */
  readonly pool: number;
  readonly width: number;
  /** Examples that a network learns from, and how often. */
  readonly examples: number;
  readonly epochs: number;
  /** Examples by which a point is judged; points on a side, of the picture and of the other planes. */
  readonly judged: number;
  readonly picture: number;
  readonly points: number;
  /** Between points of a plane. */
  readonly chords: number;
  readonly runs: number;
  readonly seed: number;
}

const kinds = ["without skips", "with skips", "convex: one dense layer"] as const;
type Kind = (typeof kinds)[number];

export const lossSurfaces: Experiment<Parameters> = {
  id: 17,
  title: "Loss surfaces of deep networks",
  file: "17-loss-surfaces.ts",
  claim: "The loss surfaces of deep networks are highly non-convex.",
  parameters: {
    quick: {
      ...{ pool: 2, width: 4, examples: 1024, epochs: 5, judged: 64, picture: 21, points: 11 },
      ...{ chords: 20_000, runs: 3, seed: 17 },
    },
    full: {
      ...{ pool: 1, width: 16, examples: 50_000, epochs: 30, judged: 128, picture: 300, points: 31 },
      ...{ chords: 100_000, runs: 3, seed: 17 },
    },
  },
  async *run({ parameters, signal, cifar }) {
    const { pool, width, examples, epochs, judged, picture, points, chords, runs, seed } = parameters;
    const { train, test } = cifar === undefined ? await mnist() : await cifar10({ directory: cifar });
    const image = cifar === undefined ? [28, 28, 1] : train.shape;
    const learnt = some(train, examples, seed);
    const [sample, unseen] = [some(learnt, judged, seed + 1), some(test, 1000, seed)];
    const networks: Record<Kind, () => Layer> = {
      "without skips": () => resnet(20, { skips: false, width }),
      "with skips": () => resnet(20, { width }),
      "convex: one dense layer": () => chain(flatten(), dense(10)),
    };
    const planes: Record<Kind, Surface[]> = { "without skips": [], "with skips": [], "convex: one dense layer": [] };
    const accuracies: Record<string, number[]> = Object.fromEntries(kinds.map((kind) => [kind, []]));
    for (let run = 0; run < runs; run++)
      for (const [at, kind] of kinds.entries()) {
        const begun = (run * kinds.length + at) / (runs * kinds.length);
        const share = (part: number): number => begun + part / (runs * kinds.length);
        const model = await createModel({
          input: train.shape,
          network: chain(reshape(image), ...(pool > 1 ? [avgPool2d(pool)] : []), networks[kind]()),
          loss: crossEntropy(),
          optimizer: sgd({ learningRate: 0.1, momentum: 0.9, weightDecay: 3e-4 }),
          seed: seed + run,
        });
        for await (const report of model.fit(learnt, { epochs, batchSize: 128, reportEvery: 1, signal }))
          yield { done: share((0.5 * report.epoch) / epochs), note: `training ${kind}, ${run + 1} of ${runs}` };
        accuracies[kind]?.push((await model.evaluate(unseen)).accuracy as number);
        const size = run === 0 ? picture : points;
        const options = { points: size, normalization: "batch", signal } as const;
        for await (const report of surface(model, sample, randomSection(model, { seed: seed + run }), options)) {
          yield { done: share(0.5 + (0.5 * report.done) / report.total), note: `the plane through ${kind}` };
          planes[kind][run] = report.surface;
        }
        model.close();
      }
    const sags = Object.fromEntries(
      kinds.map((kind) => [kind, planes[kind].map((plane, run) => sagOf(plane, chords, seed + run))]),
    ) as Record<Kind, number[]>;
    const shares = kinds.map((kind) => ({ kind, ...meanOf(sags[kind]) }));
    const [plain, residual, convex] = shares as [Share, Share, Share];
    const deep = [plain, residual].map(({ low }) => low > Math.max(convex.high, 0.01));
    const data = cifar === undefined ? "MNIST" : "CIFAR-10";
    const side = Math.floor((image[0] as number) / pool);
    const nets = `ResNet-20 of width ${width} on ${learnt.size} images of ${data} (${side} × ${side}${pool > 1 ? ", pooled" : ""})`;
    const recipe = `SGD, momentum 0.9, learning rate 0.1, weight decay 3e-4, batches of 128, ${epochs} epochs`;
    const where = `${picture} × ${picture} points, filter-normalised random directions, ${sample.size} training images a point, BatchNorm by the batch`;
    const pictured = (kind: Kind) =>
      `${kind}, seed ${seed}, test accuracy ${(100 * (accuracies[kind]?.[0] as number)).toFixed(1)} %`;
    const [contours, reliefs]: { svg: string }[][] = [[], []];
    for (const kind of kinds.slice(0, 2)) {
      const plane = planes[kind][0] as Surface;
      contours?.push({ svg: await contourPicture(plane, { title: `ResNet-20 ${kind}` }) });
      reliefs?.push({ svg: await surfacePicture(plane, { title: `ResNet-20 ${kind}` }) });
    }
    return {
      data: {
        data,
        images: learnt.size,
        accuracies,
        sags,
        planes: Object.fromEntries(
          kinds.map((kind) => [
            kind,
            planes[kind].map(({ x, loss }) => ({ x: [...x], loss: Array.from(loss, digits) })),
          ]),
        ),
      },
      verdict: {
        judgement: deep.every(Boolean) ? "supported" : deep.some(Boolean) ? "partly" : "not supported",
        why: `On random planes ${percent(plain.mean)} of the chords lie below the surface in their middle for ResNet-20 without skips and ${percent(residual.mean)} with them; a convex loss, that of one dense layer, has ${percent(convex.mean)}.`,
        numbers: shares.map(({ kind, mean, low, high }) => ({
          name: `share of chords below the surface, ${kind}`,
          value: mean,
          interval: [Math.max(low, 0), high] as const,
          runs,
          ...(kind === kinds[2] && { expected: 0 }),
        })),
      },
      figures: [
        beside(
          {
            name: "contours",
            caption: `Contours of the loss, evenly spaced in its logarithm, on planes through what training found: ${nets}, ${kinds.slice(0, 2).map(pictured).join("; ")} (${recipe}); ${where}. One network of ${runs} of each kind is drawn.${cifar === undefined ? " The lecture's picture is of CIFAR-10: give its folder with --cifar." : ""}`,
            description:
              "Two contour maps side by side, dark where the loss is low: without skips on the left, with skips on the right. A star marks the trained network, a plus each other local minimum of the grid.",
          },
          contours as { svg: string }[],
        ),
        beside(
          {
            name: "reliefs",
            caption: `The same planes of the same two networks (one of ${runs} of each kind) as surfaces in space; height is the logarithm of the loss.`,
            description: "Two surfaces seen from above at a slant: without skips on the left, with skips on the right.",
          },
          reliefs as { svg: string }[],
        ),
        bars({
          name: "convexity",
          caption: `Share of ${chords} random chords between points of a plane that lie below the surface in their middle, which none does where a function is convex: ${nets}, ${recipe}; means of ${runs} networks and planes with 95 % intervals, and each of them.`,
          description: `Shares of ${shares.map(({ kind, mean }) => `${percent(mean)} (${kind})`).join(", ")}.`,
          label: "network",
          y: { label: "chords below the surface", domain: [0, 1.1 * Math.max(plain.high, residual.high)] },
          bars: shares.flatMap(({ kind, mean, low, high }) => [
            { group: kind, name: "mean", y: mean, low: Math.max(low, 0), high },
            ...sags[kind].map((y) => ({ group: kind, name: "one plane", y })),
          ]),
        }),
      ],
      how: `${nets}; ${recipe}; seeds ${seed} to ${seed + runs - 1}. Pictures: ${where}; other planes ${points} × ${points}.`,
    };
  },
};

type Share = Mean & { readonly kind: Kind };

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
/** What a picture can show of a loss. */
const digits = (loss: number): number => Number(loss.toPrecision(4));

const some = (data: Dataset, count: number, seed: number): Dataset => {
  const { below } = randomSource(seed, 0);
  return data.size <= count
    ? data
    : subset(
        data,
        Uint32Array.from({ length: count }, () => below(data.size)),
      );
};

/** The share of chords between points of a grid that lie below the surface in their middle: 0 where the loss is convex. */
function sagOf({ x: { length: n }, loss }: Surface, chords: number, seed: number): number {
  const { below } = randomSource(seed, 1);
  const at = (i: number, j: number): number => loss[j * n + i] as number;
  let lower = 0;
  for (let found = 0; found < chords; ) {
    const [i, j, k, l] = [below(n), below(n), below(n), below(n)];
    if ((i === k && j === l) || (i + k) % 2 || (j + l) % 2) continue;
    found++;
    // f32 rounds a loss by less than this share.
    if (at((i + k) / 2, (j + l) / 2) > ((at(i, j) + at(k, l)) / 2) * (1 + 1e-5)) lower++;
  }
  return lower / chords;
}
