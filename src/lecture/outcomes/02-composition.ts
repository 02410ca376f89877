// What row 2 says and draws of what it measured.
import type { Parameters } from "../02-composition.ts";
import { type ChartPoint, chart, pointOf } from "../chart.ts";
import type { Outcome } from "../experiment.ts";
import { finding, meanOf } from "../statistics.ts";

/** Of one network: largest differences, relative to the largest number. */
export type Found = {
  readonly depth: number;
  /** Of chain and hand. */
  readonly outputs: number;
  readonly gradient: number;
  /** Of chain and raw operations, outputs and gradient. */
  readonly ops: number;
  /** Of the gradient by hand and differences of the loss by hand. */
  readonly slope: number;
};

export type Data = {
  readonly found: readonly Found[];
  /** Every number of one gradient: by hand, and as the chain gives it. */
  readonly pairs: readonly { readonly x: number; readonly y: number }[];
};

/** Half the distance of neighbouring 32-bit numbers, relative to them. */
const ROUNDING = 2 ** -24;

export function outcome(data: Data, parameters: Parameters): Outcome<Data> {
  const { depths, width, inputs, classes, batch, runs, seed } = parameters;
  const { found, pairs } = data;
  const most = (name: Exclude<keyof Found, "depth">): number => Math.max(...found.map((one) => one[name]));
  const atDepth = (name: "outputs" | "gradient"): ChartPoint[] =>
    depths.map((depth) => {
      const own = found.filter((one) => one.depth === depth);
      return pointOf(depth, meanOf(own.map((one) => one[name])));
    });
  const bound = 100 * ROUNDING;
  const equal = most("ops") <= bound && most("outputs") <= bound && most("gradient") <= bound;
  const all = found.length;
  const fromOps = most("ops") === 0 ? undefined : most("ops").toExponential(1);
  return {
    data,
    verdict: {
      judgement: equal && most("slope") < 1e-4 ? "supported" : "not supported",
      why: `${all} compositions of ${depths[0]} to ${depths.at(-1)} modules give the same outputs and gradients whether written as a chain, from raw operations or by hand in 64 bits: chain and operations ${fromOps ? `within ${fromOps}` : "to the last bit"}, chain and hand within ${Math.max(most("outputs"), most("gradient")).toExponential(1)} of the largest number, where a single rounding to 32 bits is ${ROUNDING.toExponential(1)}. The bound was 100 roundings.`,
      numbers: [
        { name: "chain and raw operations, largest relative difference", value: most("ops"), runs: all, expected: 0 },
        { name: "chain and hand, outputs", value: most("outputs"), runs: all, expected: 0 },
        { name: "chain and hand, gradients", value: most("gradient"), runs: all, expected: 0 },
        finding("the same, mean", meanOf(found.map(({ gradient }) => gradient))),
        {
          name: "gradient by hand and differences of the loss by hand",
          value: most("slope"),
          runs: all,
          expected: 0,
        },
      ],
    },
    figures: [
      chart({
        name: "differences",
        caption: `Largest difference of chain and hand, relative to the largest number: mean and interval of ${runs} networks of each depth, width ${width}. Chain and raw operations differ by ${fromOps ? `at most ${fromOps}` : "nothing at all"}.`,
        description:
          "Two lines of a few times the rounding of one operation; that of the outputs rises slowly with the depth.",
        x: { label: "modules with parameters, L" },
        y: { label: "relative difference", type: "log" },
        rules: [{ name: "one rounding, 2⁻²⁴", y: ROUNDING }],
        series: [
          { name: "outputs", as: "both", points: atDepth("outputs") },
          { name: "gradients", as: "both", points: atDepth("gradient") },
        ],
      }),
      chart({
        name: "gradients",
        caption: `Every number of the gradient of one network with ${depths[2]} modules: as the chain gives it, against the one by hand.`,
        description: "All points lie on the diagonal.",
        x: { label: "dL/dw by hand" },
        y: { label: "dL/dw of the chain" },
        series: [{ name: "weights and biases", as: "points", points: pairs }],
      }),
    ],
    how: `Dense modules of width ${width} with tanh between them, ${inputs} inputs, cross-entropy over ${classes} classes on ${batch} random examples; seeds ${seed} to ${seed + runs - 1}.`,
  };
}
