// Row 18: two networks that were trained apart, the straight line between them, and curves that learn to stay low.
import {
  avgPool2d,
  chain,
  createModel,
  crossEntropy,
  l2,
  type Model,
  type ModelOptions,
  mlp,
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
  type Place,
  pathSummary,
  planeThrough,
  type Section,
  surface,
} from "thalweg/science";
import type { Experiment } from "./experiment.ts";
import { BATCH, type Data, DECAY, type Found, outcome, RATE, type Together } from "./outcomes/18-mode-connectivity.ts";
import { followed } from "./plane.ts";

export interface Parameters {
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

export const modeConnectivity: Experiment<Parameters, Data> = {
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
    const hidden = mlp(new Array<number>(layers).fill(width));
    const options = (seed: number, epochs: number): ModelOptions => ({
      input: [784],
      network: pool > 1 ? chain(reshape([28, 28, 1]), avgPool2d(pool), hidden) : hidden,
      loss: crossEntropy(),
      // λ·Σw²: half of what PyTorch calls weight decay. On a curve it is that of θ(t), as in the paper.
      regularizer: l2(DECAY / 2),
      optimizer: sgd({ learningRate: schedules.cosine({ from: RATE, steps: epochs * steps }), momentum: 0.9 }),
      seed,
    });
    const found: Found[] = [];
    const together: Together[] = [];
    const ts = Array.from({ length: points }, (_, i) => i / (points - 1));
    let picture = "";
    for (let run = 0; run < runs; run++) {
      const progress = (part: number, note: string) => ({
        done: (run + part) / runs,
        note: `${note}, pair ${run + 1} of ${runs}`,
      });
      const fit = async function* (model: Model, epochs: number, from: number, note: string) {
        for await (const { epoch } of model.fit(learnt, { epochs, batchSize: BATCH, reportEvery: 50, signal }))
          yield progress(from + (0.2 * (epoch - 1)) / epochs, note);
        return model;
      };
      const judge = (section: Section, data: Dataset, grid: GridOptions) =>
        followed(surface(a, data, section, { ...grid, signal }), () => progress(0.8, "judging"));
      const a = yield* fit(await createModel(options(seed + 2 * run, epochs)), epochs, 0, "a network");
      const b = yield* fit(await createModel(options(seed + 2 * run + 1, epochs)), epochs, 0.2, "another network");
      const bezier = await createCurve(options(seed + run, curveEpochs), [a, b], { kind: "bezier" });
      const polygon = await createCurve(options(seed + run, curveEpochs), [a, b], { kind: "chain" });
      yield* fit(bezier.model, curveEpochs, 0.4, "the Bézier curve");
      yield* fit(polygon.model, curveEpochs, 0.6, "the chain");

      const paths = {
        "straight line": lineBetween(a, b),
        "Bézier curve": bezier.section(),
        "polygonal chain": polygon.section(),
      } as const;
      for (const [path, section] of Object.entries(paths)) {
        const onTrain = yield* judge(section, learnt, { points, x: [0, 1] });
        const onTest = yield* judge(section, unseen, { points, x: [0, 1] });
        found.push({
          path: path as keyof typeof paths,
          losses: [...onTrain.loss],
          errors: Array.from(onTest.accuracy, (right) => 1 - right),
          onTrain: pathSummary(section, onTrain),
          onTest: pathSummary(section, onTest),
        });
      }

      const wrong = (places: Place[]): number => zeroOneLoss(ensemble(a, places, unseen), unseen.y);
      together.push(
        Array.from({ length: ensembles }, (_, i) => {
          const t = i / (ensembles - 1);
          const place = { parameters: bezier.at(t) };
          return { t, one: wrong([place]), withFirst: wrong([a, place]) };
        }),
      );
      if (run === 0) {
        const path = ts.map((t) => ({ parameters: bezier.at(t) }));
        const through = planeThrough(a, b, { parameters: bezier.model.parameters }, { path });
        const grid = yield* judge(through, some(learnt, 500, seed), { points: plane });
        const title = "Through two networks and a bend";
        picture = await contourPicture(grid, { title, axes: ["from a to b", "across"] });
      }
    }
    return outcome({ t: ts, paths: found, ensembles: together }, parameters, picture);
  },
};

const some = (data: Dataset, count: number, seed: number): Dataset =>
  count >= data.size ? data : trainTestSplit(data, { test: count, seed }).test;
