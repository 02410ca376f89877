// What row 8 says and draws of what it measured.
import type { Parameters } from "../08-paths.ts";
import { type ChartPoint, chart, pointOf } from "../chart.ts";
import type { Outcome } from "../experiment.ts";
import type { PlaneValues } from "../plane.ts";
import { finding, type Mean, meanOf } from "../statistics.ts";
import { judgementOf } from "../verdict.ts";

/** Of a path: its length over the distance from its start to its end, and the share of its steps that go up, in percent. */
export type Shape = { readonly detour: number; readonly rises: number };

/** Of a network. */
type Course = Shape & { readonly losses: readonly number[] };

export type Data = {
  /** On the plane, point by point: of gradient descent, then stochastic ones. */
  readonly paths: readonly (Course & { readonly points: readonly (readonly number[])[] })[];
  readonly plane: PlaneValues;
  readonly networks: readonly { readonly whole: Course; readonly batches: Course }[];
  /** Of the first network: percent of the variation in each direction; both paths, one after the other. */
  readonly principal: { readonly explained: readonly number[]; readonly path: readonly (readonly number[])[] };
  readonly networkPlane: PlaneValues;
};

export function outcome(data: Data, { steps, batchSize, paths, networks }: Parameters): Outcome<Data> {
  const { plane, networks: pairs, principal, networkPlane } = data;
  const [straight, ...strayed] = data.paths as [Data["paths"][0], ...Data["paths"]];
  const differences = (what: keyof Shape): Mean =>
    meanOf(pairs.map(({ whole, batches }) => batches[what] - whole[what]));
  const [detour, rises] = [differences("detour"), differences("rises")];
  const ofPlane = meanOf(strayed.map((path) => path.detour));
  const goesDown = straight.rises === 0 && pairs.every(({ whole }) => whole.rises === 0);
  // The gradient of a line's squared error is linear: the mean of the paths is the path of gradient descent.
  const end = (path: typeof straight, axis: number): number => path.points.at(-1)?.[axis] as number;
  const biases = [0, 1].map((axis) => meanOf(strayed.map((path) => end(path, axis) - end(straight, axis))));
  const isMean = biases.every(({ low, high }) => low <= 0 && high >= 0);
  const principalPath = principal.path.map(place);
  const half = principalPath.length / 2;
  return {
    data,
    verdict: {
      judgement: judgementOf([detour.low > 0 && rises.low > 0, goesDown]),
      why: `Networks' stochastic paths are longer by ${detour.mean.toFixed(1)} times the distance they cover than those of gradient descent, and ${rises.mean.toFixed(0)} % more of their steps go up; gradient descent ${goesDown ? "never does" : "does so too"}. On the plane the mean of ${paths} stochastic paths ends ${isMean ? "where gradient descent does, within its interval" : "elsewhere than gradient descent"}.`,
      numbers: [
        finding("length over distance, networks' SGD less gradient descent", detour),
        finding("steps that raise the loss of all the data, the same difference in percent", rises),
        finding("length over distance of a stochastic path on the plane", ofPlane),
        ...biases.map((bias, axis) =>
          finding(`mean end of SGD less the end of gradient descent, w${axis + 1}`, bias, 0),
        ),
      ],
    },
    figures: [
      chart({
        name: "plane",
        caption: `Squared error of a line of two numbers on 100 examples, and ${steps} steps at rate 0.05 from one start: gradient descent, and three of ${paths} runs of SGD with batches of ${batchSize}.`,
        description:
          "Contours of one bowl. Gradient descent runs smoothly to its bottom; the stochastic paths zigzag about it and wander around the bottom.",
        x: { label: "w1" },
        y: { label: "w2" },
        height: 560,
        surface: plane,
        series: data.paths.slice(0, 4).map(({ points }, i) => ({
          name: i === 0 ? "gradient descent" : `SGD ${i}`,
          points: points.map(place),
        })),
      }),
      chart({
        name: "network",
        caption: `Training loss of a 64-16-10 network on 500 digits in the plane of the principal components of both paths (${principal.explained.map((share) => share.toFixed(0)).join(" and ")} % of their variation), ${steps} steps at rate 0.1 from one start; network 1 of ${networks}.`,
        description:
          "Contours that fall to one side. Both paths begin at one place and go the same way, the stochastic one in zigzags.",
        x: { label: "first principal direction" },
        y: { label: "second" },
        height: 560,
        surface: networkPlane,
        series: [
          { name: "gradient descent", as: "both", points: principalPath.slice(0, half) },
          { name: `SGD, batches of ${batchSize}`, as: "both", points: principalPath.slice(half) },
        ],
      }),
      chart({
        name: "losses",
        caption: `Loss on all the data along the paths of ${networks} networks: means with 95 % intervals.`,
        description: "Both fall; the line of gradient descent is smooth, that of SGD jitters.",
        x: { label: "step" },
        y: { label: "training loss", type: "log" },
        height: 300,
        series: (["whole", "batches"] as const).map((which) => ({
          name: which === "whole" ? "gradient descent" : "SGD",
          points: Array.from({ length: steps + 1 }, (_, step) =>
            pointOf(step, meanOf(pairs.map((pair) => pair[which].losses[step] as number))),
          ),
        })),
      }),
    ],
    how: `A line through 100 points with noise of deviation 1; networks of seeds 1 to ${networks} on the first 500 digits. Batches of ${batchSize} are drawn with replacement, so that their mean step is that of gradient descent.`,
  };
}

const place = ([x, y]: readonly number[]): ChartPoint => ({ x: x as number, y: y as number });
