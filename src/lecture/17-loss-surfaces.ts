// Row 17: the lecture's picture of a loss surface: ResNet-20 with and without skips on planes through its minimum, and how
// far such surfaces are from convex, beside one that is.
import {
  avgPool2d,
  chain,
  createModel,
  crossEntropy,
  dense,
  flatten,
  type Layer,
  reshape,
  resnet,
  schedules,
  sgd,
} from "thalweg";
import { cifar10, type Dataset, mnist, randomSource, subset } from "thalweg/data";
import { contourPicture, randomSection, type Surface, surface, surfacePicture } from "thalweg/science";
import { sideBySide } from "./chart.ts";
import type { Experiment } from "./experiment.ts";
import { type Data, type Kind, kinds, outcome } from "./outcomes/17-loss-surfaces.ts";
import { followed } from "./plane.ts";
import { unfinishedIn } from "./unfinished.ts";

export interface Parameters {
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

const BATCH = 128;

export const lossSurfaces: Experiment<Parameters, Data> = {
  id: 17,
  title: "Loss surfaces of deep networks",
  file: "17-loss-surfaces.ts",
  usesCifar: true,
  claim: "The loss surfaces of deep networks are highly non-convex.",
  parameters: {
    quick: {
      ...{ pool: 2, width: 4, examples: 8192, epochs: 8, judged: 64, picture: 21, points: 11 },
      ...{ chords: 20_000, runs: 3, seed: 17 },
    },
    full: {
      ...{ pool: 1, width: 16, examples: 50_000, epochs: 30, judged: 128, picture: 300, points: 31 },
      ...{ chords: 100_000, runs: 3, seed: 17 },
    },
  },
  async *run({ parameters, signal, cifar, unfinished }) {
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
    const steps = epochs * Math.ceil(learnt.size / BATCH);
    const begun = unfinishedIn(unfinished);
    const [planes, accuracies] = [ofEach((): Surface[] => []), ofEach((): number[] => [])];
    for (let run = 0; run < runs; run++)
      for (const [at, kind] of kinds.entries()) {
        const share = (part: number): number => (run * kinds.length + at + part) / (runs * kinds.length);
        const name = `${run + 1}-${kind.replace(/\W+/g, "-")}`;
        const model = await createModel({
          input: train.shape,
          network: chain(reshape(image), ...(pool > 1 ? [avgPool2d(pool)] : []), networks[kind]()),
          loss: crossEntropy(),
          optimizer: sgd({ learningRate: schedules.cosine({ from: 0.1, steps }), momentum: 0.9, weightDecay: 3e-4 }),
          seed: seed + run,
        });

        const options = { epochs, batchSize: BATCH, reportEvery: 1, signal };
        for await (const { epoch } of model.fit(learnt, { ...options, ...(await begun.fit(model, name)) }))
          yield { done: share((0.5 * epoch) / epochs), note: `training ${kind}, ${run + 1} of ${runs}` };
        accuracies[kind].push((await model.evaluate(unseen)).accuracy as number);

        const section = randomSection(model, { seed: seed + run });
        const grid = { points: run === 0 ? picture : points, ...begun.surface(name), signal };
        const reports = surface(model, sample, section, { ...grid, normalization: "batch" });
        const progress = (part: number) => ({ done: share(0.5 + 0.5 * part), note: `the plane through ${kind}` });
        planes[kind].push(yield* followed(reports, progress));
        model.close();
      }

    const sags = ofEach((kind) => planes[kind].map((plane, run) => sagOf(plane, chords, seed + run)));
    const kept = ofEach((kind) => planes[kind].map(({ x, loss }) => ({ x: [...x], loss: Array.from(loss, digits) })));
    const drawn = (picture: (plane: Surface, options: { title: string }) => Promise<string>) =>
      Promise.all(kinds.slice(0, 2).map((kind) => picture(planes[kind][0] as Surface, { title: `ResNet-20 ${kind}` })));
    return outcome(
      {
        data: cifar === undefined ? "MNIST" : "CIFAR-10",
        images: learnt.size,
        side: Math.floor((image[0] as number) / pool),
        accuracies,
        sags,
        planes: kept,
      },
      parameters,
      {
        contours: sideBySide("contours", await drawn(contourPicture)),
        reliefs: sideBySide("reliefs", await drawn(surfacePicture)),
      },
    );
  },
};

const ofEach = <T>(value: (kind: Kind) => T): Record<Kind, T> =>
  Object.fromEntries(kinds.map((kind) => [kind, value(kind)])) as Record<Kind, T>;

/** What a picture can show of a loss. */
const digits = (loss: number): number => Number(loss.toPrecision(4));

function some(data: Dataset, count: number, seed: number): Dataset {
  if (count >= data.size) return data;
  const { below } = randomSource(seed, 0);
  return subset(
    data,
    Uint32Array.from({ length: count }, () => below(data.size)),
  );
}

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
