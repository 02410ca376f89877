// Row 18: two networks that were trained apart, the straight line between them, and curves that learn to stay low.
import {
  avgPool2d,
  chain,
  createModel,
  crossEntropy,
  dense,
  flatten,
  l2,
  type Model,
  type ModelOptions,
  relu,
  reshape,
  schedules,
  sgd,
} from "thalweg";
import { type Dataset, mnist, trainTestSplit } from "thalweg/data";
import { zeroOneLoss } from "thalweg/metrics";
import {
  contourPicture,
  createCurve,
  ensemble,
  type GridOptions,
  lineBetween,
  type PathSummary,
  type Place,
  pathSummary,
  planeThrough,
  type Section,
  type Surface,
  surface,
} from "thalweg/science";
import { chart } from "./chart.ts";
import type { Experiment } from "./experiment.ts";
import { type Mean, meanOf } from "./statistics.ts";
import { table } from "./table.ts";

interface Parameters {
  readonly [name: string]: number;
  /** Of MNIST's, to learn from and to test; pixels of a side that become one. */
  readonly examples: number;
  readonly tested: number;
  readonly pool: number;
  /** Hidden layers, and neurons of each. */
  readonly layers: number;
  readonly width: number;
  /** Of a network, and of a curve. */
  readonly epochs: number;
  readonly curveEpochs: number;
  /** At which each path is judged; on a side of the plane; at which ensembles are. */
  readonly points: number;
  readonly plane: number;
  readonly ensembles: number;
  /** Pairs of networks. */
  readonly runs: number;
  readonly seed: number;
}

const [RATE, BATCH, DECAY] = [0.1, 64, 5e-4];
const paths = ["straight line", "Bézier curve", "polygonal chain"] as const;
type Path = (typeof paths)[number];

/** Of CIFAR-10: the authors' own tables (Garipov et al. 2018; the line's error from the paper's Table 2). */
const published = [
  ["VGG-16, CIFAR-10", "0.24, 0.24", "–", "0.24", "0.27", "6.79, 6.94", "90", "7.75", "8.08"],
  ["PreResNet-164, CIFAR-10", "0.18, 0.18", "–", "0.18", "0.18", "4.76, 4.75", "80 (ResNet-158)", "4.97", "5.13"],
  ["WRN-28-10, CIFAR-10", "0.08, 0.09", "–", "0.09", "0.10", "3.69, 3.73", "66.6", "3.88", "4.29"],
];

export const modeConnectivity: Experiment<Parameters> = {
  id: 18,
  title: "Mode connectivity",
  file: "18-mode-connectivity.ts",
  claim:
    "Optima of complex loss functions are connected by simple curves over which training and test accuracy are nearly constant.",
  parameters: {
    quick: {
      ...{ examples: 3000, tested: 2000, pool: 2, layers: 3, width: 64, epochs: 25, curveEpochs: 32 },
      ...{ points: 21, plane: 21, ensembles: 7, runs: 3, seed: 18 },
    },
    full: {
      ...{ examples: 60_000, tested: 10_000, pool: 1, layers: 3, width: 512, epochs: 20, curveEpochs: 40 },
      ...{ points: 61, plane: 51, ensembles: 21, runs: 5, seed: 18 },
    },
  },
  async *run({ parameters, signal }) {
    const { examples, tested, pool, layers, width, epochs, curveEpochs, points, plane, ensembles, runs, seed } =
      parameters;
    const { train, test } = await mnist();
    const [learnt, unseen] = [some(train, examples, seed), some(test, tested, seed)];
    const steps = Math.ceil(learnt.size / BATCH);
    const options = (of: number, rounds: number): ModelOptions => ({
      input: [784],
      network: chain(
        ...(pool > 1 ? [reshape([28, 28, 1]), avgPool2d(pool), flatten()] : []),
        ...Array.from({ length: layers }, () => [dense(width), relu()]).flat(),
        dense(10),
      ),
      loss: crossEntropy(),
      // λ·Σw²: half of what PyTorch calls weight decay. On a curve it is that of θ(t), as in the paper.
      regularizer: l2(DECAY / 2),
      optimizer: sgd({ learningRate: schedules.cosine({ from: RATE, steps: rounds * steps }), momentum: 0.9 }),
      seed: of,
    });
    const found: { path: Path; losses: number[]; errors: number[]; onTrain: PathSummary; onTest: PathSummary }[] = [];
    const together: { t: number; one: number; withFirst: number }[][] = [];
    const ts = Array.from({ length: points }, (_, i) => i / (points - 1));
    let picture = "";
    for (let run = 0; run < runs; run++) {
      const at = (part: number, note: string) => ({
        done: (run + part) / runs,
        note: `${note}, pair ${run + 1} of ${runs}`,
      });
      const fit = async function* (model: Model, rounds: number, from: number, note: string) {
        for await (const { epoch } of model.fit(learnt, { epochs: rounds, batchSize: BATCH, reportEvery: 50, signal }))
          yield at(from + (0.2 * (epoch - 1)) / rounds, note);
        return model;
      };
      const judge = async function* (section: Section, data: Dataset, grid: GridOptions) {
        let values: Surface | undefined;
        for await (const report of surface(a, data, section, { ...grid, signal })) {
          values = report.surface;
          yield at(0.8, "judging");
        }
        return values as Surface;
      };
      const a = yield* fit(await createModel(options(seed + 2 * run, epochs)), epochs, 0, "a network");
      const b = yield* fit(await createModel(options(seed + 2 * run + 1, epochs)), epochs, 0.2, "another network");
      const [bezier, polygon] = [
        await createCurve(options(seed + run, curveEpochs), [a, b], { kind: "bezier" }),
        await createCurve(options(seed + run, curveEpochs), [a, b], { kind: "chain" }),
      ];
      yield* fit(bezier.model, curveEpochs, 0.4, "the Bézier curve");
      yield* fit(polygon.model, curveEpochs, 0.6, "the chain");
      const sections = { [paths[0]]: lineBetween(a, b), [paths[1]]: bezier.section(), [paths[2]]: polygon.section() };
      for (const path of paths) {
        const section = sections[path] as Section;
        const loss = yield* judge(section, learnt, { points, x: [0, 1] });
        const error = yield* judge(section, unseen, { points, x: [0, 1] });
        const onTrain = pathSummary(section, loss);
        const onTest = pathSummary(section, error);
        found.push({
          path,
          losses: [...loss.loss],
          errors: Array.from(error.accuracy, (right) => 1 - right),
          onTrain,
          onTest,
        });
      }
      const wrong = (places: Place[]): number => zeroOneLoss(ensemble(a, places, unseen), unseen.y);
      together.push(
        Array.from({ length: ensembles }, (_, i) => i / (ensembles - 1)).map((t) => {
          const place = { parameters: bezier.at(t) };
          return { t, one: wrong([place]), withFirst: wrong([a, place]) };
        }),
      );
      if (run === 0) {
        const path = ts.map((t) => ({ parameters: bezier.at(t) }));
        const through = planeThrough(a, b, { parameters: bezier.model.parameters }, { path });
        const grid = yield* judge(through, some(learnt, 500, seed), { points: plane });
        picture = await contourPicture(grid, {
          title: "Through two networks and a bend",
          axes: ["from a to b", "across"],
        });
      }
    }

    const of = (path: Path) => found.filter((each) => each.path === path);
    const over = (path: Path, value: (each: (typeof found)[number]) => number): Mean => meanOf(of(path).map(value));
    const barriers = paths.map((path) => ({ path, ...over(path, ({ onTrain }) => onTrain.loss.barrier) }));
    const [line, ...curves] = barriers as [Barrier, Barrier, Barrier];
    const flat = curves.map(({ path, mean }) => {
      const worst = over(path, ({ onTrain: { loss } }) => loss.max / Math.max(...loss.ends));
      const more = over(path, ({ onTest }) => (onTest.error?.max as number) - Math.max(...(onTest.error?.ends ?? [])));
      return {
        path,
        worst,
        lower: line.mean >= 5 * mean && line.low > 0,
        constant: worst.mean <= 1.2 && more.mean <= 0.02,
        more,
      };
    });
    const gain = meanOf(
      together.map((points) => (points[0]?.one as number) - (points[(ensembles - 1) >> 1]?.withFirst as number)),
    );
    const pair = meanOf(together.map((points) => (points[0]?.one as number) - (points.at(-1)?.withFirst as number)));
    const named = (name: string, { mean, low, high, runs }: Mean) => ({
      name,
      value: mean,
      interval: [low, high] as const,
      runs,
    });
    const error = (path: Path) => over(path, ({ onTest }) => onTest.error?.max as number);
    const ends = (of: "onTrain" | "onTest") =>
      [0, 1].map(
        (i) =>
          over(paths[0], (each) => (of === "onTrain" ? each.onTrain.loss : each.onTest.error)?.ends[i] as number).mean,
      );
    const worstLoss = paths.map((path) => over(path, ({ onTrain }) => onTrain.loss.max).mean.toFixed(2));
    const made = `${layers} hidden layers of ${width} on ${learnt.size} images of MNIST${pool > 1 ? ` (${28 / pool} × ${28 / pool}, pooled)` : ""}`;
    const profile = (value: "losses" | "errors") =>
      paths.map((path) => ({
        name: path,
        points: ts.map((x, i) => {
          const { mean, low, high } = meanOf(of(path).map((each) => Math.log(each[value][i] as number)));
          return { x, y: Math.exp(mean), low: Math.exp(low), high: Math.exp(high) };
        }),
      }));
    return {
      data: JSON.parse(JSON.stringify({ t: ts, paths: found, ensembles: together })),
      verdict: {
        judgement: flat.every(({ lower, constant }) => lower && constant)
          ? "supported"
          : flat.some(({ lower }) => lower)
            ? "partly"
            : "not supported",
        why: `On the straight line the training loss rises by ${line.mean.toFixed(2)} above its ends, on the Bézier curve by ${curves[0]?.mean.toFixed(3)} and on the chain by ${curves[1]?.mean.toFixed(3)} (asked: a fifth at most); at worst it is ${flat.map(({ worst, path }) => `${worst.mean.toFixed(2)} times that of the ends on the ${path}`).join(" and ")} (asked: 1.2). The test error is at worst ${flat.map(({ more }) => percent(more.mean)).join(" and ")} above that of the worse end (asked: 2 %), on the line ${percent(error(paths[0]).mean)}.`,
        numbers: [
          ...barriers.map(({ path, ...mean }) => named(`barrier of the training loss, ${path}`, mean)),
          ...flat.map(({ path, worst }) => named(`greatest training loss over that of the worse end, ${path}`, worst)),
          ...paths.map((path) => named(`greatest test error, ${path}`, error(path))),
          ...paths.slice(1).map((path) =>
            named(
              `length over the straight line's, ${path} (published: ${path === paths[1] ? "1.30 to 2.13" : "1.64 to 3.48"})`,
              over(path, ({ onTrain }) => onTrain.lengthRatio),
            ),
          ),
          named("test error that a and the curve's middle save together, against a alone", gain),
          named("test error that a and b save together, against a alone", pair),
        ],
      },
      figures: [
        chart({
          name: "loss",
          caption: `Training loss, regularised, from one network to another: ${made}; geometric means over ${runs} pairs with 95 % intervals.`,
          description: `The straight line's greatest loss is ${worstLoss[0]}, the Bézier curve's ${worstLoss[1]}, the chain's ${worstLoss[2]}.`,
          x: { label: "t" },
          y: { label: "training loss", type: "log" },
          series: profile("losses"),
        }),
        chart({
          name: "error",
          caption: `Share of wrong answers on ${unseen.size} test images along the same paths; geometric means over ${runs} pairs with 95 % intervals.`,
          description: `The greatest test errors: ${paths.map((path) => `${percent(error(path).mean)} (${path})`).join(", ")}.`,
          x: { label: "t" },
          y: { label: "test error", type: "log" },
          series: profile("errors"),
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
            points: (together[0] ?? []).map(({ t }, i) => {
              const { mean, low, high } = meanOf(together.map((points) => points[i]?.[which] as number));
              return { x: t, y: mean, low, high };
            }),
          })),
        }),
        table({
          name: "published",
          caption: `Beside the published numbers (Garipov et al. 2018). What differs: ours are small networks without BatchNorm on MNIST, ${epochs} epochs, means over ${runs} pairs; theirs large ones on CIFAR-10, 150 to 200 epochs, augmented. Both losses are regularised.`,
          description:
            "A row for our networks and one for each of three published ones: training loss and test error of the ends, and the greatest on the line and both curves.",
          columns: [
            "network",
            "training loss of the ends",
            "greatest on the line",
            "on Bézier",
            "on the chain",
            "test error of the ends, %",
            "greatest on the line, %",
            "on Bézier, %",
            "on the chain, %",
          ].map((head, at) => ({ head, width: at === 0 ? 190 : 88 })),
          rows: [
            [
              `ours: ${made}`,
              ends("onTrain")
                .map((value) => value.toFixed(2))
                .join(", "),
              ...worstLoss,
              ends("onTest")
                .map((value) => (100 * value).toFixed(2))
                .join(", "),
              ...paths.map((path) => (100 * error(path).mean).toFixed(2)),
            ],
            ...published,
          ],
        }),
      ],
      how: `${made}: SGD, momentum 0.9, learning rate ${RATE} falling to 0 by a cosine, batches of ${BATCH}, l2 ${DECAY / 2} (weight decay ${DECAY}), ${epochs} epochs, curves with one bend ${curveEpochs}; ${runs} pairs, seeds from ${seed}; paths judged at ${points} points on all training images and ${unseen.size} test images.`,
    };
  },
};

type Barrier = Mean & { readonly path: Path };

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

const some = (data: Dataset, count: number, seed: number): Dataset =>
  count >= data.size ? data : trainTestSplit(data, { test: count, seed }).test;
