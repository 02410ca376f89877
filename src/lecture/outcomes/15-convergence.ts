// What row 15 says and draws of what it measured.
import type { Parameters } from "../15-convergence.ts";
import { BATCH, curved, onQuadratics, stochastic } from "../15-methods.ts";
import { type ChartPoint, chart, pointOf } from "../chart.ts";
import type { Figure, Finding, Outcome } from "../experiment.ts";
import { finding, geometricMeanOf, type Mean, meanOf } from "../statistics.ts";
import { judgementOf, percent } from "../verdict.ts";

/** The factor of an iteration on a quadratic, measured, beside theory's. */
export type Rate = { readonly kappa: number; readonly method: string; readonly theory: number } & Mean;

/** The same of gradient descent with a step of this share of 2/λ_max. */
export type Factor = { readonly on: "quadratic" | "network"; readonly share: number; readonly factor: number };

export type Data = {
  readonly rates: readonly Rate[];
  /** The step beyond which gradient descent diverges, over 2/λ_max, run by run. */
  readonly edges: Readonly<Record<Factor["on"], readonly number[]>>;
  readonly factors: readonly Factor[];
  /** By method, run by run: gradients until ‖∇L‖ is at the tolerance; null where the budget was spent before. */
  readonly needed: Readonly<Record<string, readonly (number | null)[]>>;
  /** By method, run by run: ‖∇L‖ for so many gradients as `costs` says. */
  readonly courses: Readonly<Record<string, readonly (readonly number[])[]>>;
  readonly costs: readonly number[];
};

export function outcome(data: Data, parameters: Parameters): Outcome<Data> {
  const { dimensions, examples, budget, runs, seed } = parameters;
  const { rates, edges, needed, courses } = data;
  const off = Math.max(...rates.map(({ theory, mean }) => Math.abs(mean / theory - 1)));
  const [quadraticEdge, networkEdge] = [meanOf(edges.quadratic), meanOf(edges.network)];
  const costs = (name: string): readonly number[] => (needed[name] ?? []).map((cost) => cost ?? budget);
  /** How many times the gradients that gradient descent needs: at least, where that did not arrive. */
  const gain = (name: string): Mean =>
    geometricMeanOf(costs("gradient descent").map((cost, run) => cost / (costs(name)[run] as number)));
  const left = (name: string): Mean => geometricMeanOf((courses[name] ?? []).map((norms) => norms.at(-1) as number));
  return {
    data,
    verdict: {
      judgement: judgementOf([
        off < 0.02,
        Math.abs(quadraticEdge.mean - 1) < 0.02,
        Math.abs(networkEdge.mean - 1) < 0.02,
        gain("L-BFGS").low > 1,
      ]),
      why: `On quadratics the measured factors of an iteration are within ${percent(off, 2)} of theory; gradient descent begins to diverge at ${quadraticEdge.mean.toFixed(3)} × 2/λ_max there and at ${networkEdge.mean.toFixed(3)} × 2/λ_max at the minima of networks (asked: within 2 %); from the first weights L-BFGS needs ${gain("L-BFGS").mean.toFixed(1)} times fewer gradients than gradient descent.`,
      numbers: [
        ...rates.filter(({ kappa }) => kappa === 100).map(factorOf),
        {
          name: "largest departure of a factor from theory, as a share",
          value: off,
          expected: 0,
          runs: runs * rates.length,
        },
        finding("step at which it diverges, over 2/λ_max: quadratics", quadraticEdge, 1),
        finding("step at which it diverges, over 2/λ_max: networks", networkEdge, 1),
        ...["Nesterov", "conjugate gradients", "L-BFGS", "Newton-CG"].map((name) =>
          finding(
            `gradients that gradient descent needs over those of ${name} (at least, where it did not arrive)`,
            gain(name),
          ),
        ),
        finding(`‖∇L‖ of gradient descent after ${budget} gradients`, left("gradient descent")),
        finding(`‖∇L‖ of SGD with the same constant step after ${budget} epochs`, left(stochastic)),
        finding(`‖∇L‖ where L-BFGS ends that sees batches of ${BATCH}, its search finding nothing lower`, left(curved)),
      ],
    },
    figures: [ratesFigure(data, parameters), edgeFigure(data, parameters), networkFigure(data, parameters)],
    how: `Rates on quadratics of ${dimensions} dimensions, ${runs} of each κ; networks 64-16-10 with tanh, cross-entropy and l2 0.003 on ${examples} of the digits data set each, seeds ${seed} to ${seed + runs - 1}.`,
  };
}

const factorOf = ({ method, theory, ...mean }: Rate): Finding =>
  finding(`factor of an iteration at κ = 100, ${method}`, mean, theory);

function ratesFigure({ rates }: Data, { dimensions, conditions, places, runs }: Parameters): Figure {
  /** Iterations that shorten the gradient tenfold. */
  const decade = (factor: number): number => -Math.LN10 / Math.log(factor);
  const measured = (name: string): ChartPoint[] =>
    rates.filter(({ method }) => method === name).map(({ kappa, mean }) => ({ x: kappa, y: decade(mean) }));
  return chart({
    name: "rates",
    caption: `Iterations that shorten the gradient tenfold, on quadratics of ${dimensions} dimensions with eigenvalues from 1 to κ: markers are measured over the second half of ${places} decimal places, means of ${runs} turned bowls and starts; lines are theory.`,
    description:
      "On logarithmic axes three straight rising lines with markers on them: gradient descent with slope 1, Nesterov's and the heavy ball's with slope one half, far below.",
    x: { label: "condition number κ", type: "log" },
    y: { label: "iterations for a decimal place", type: "log" },
    series: Object.entries(onQuadratics).flatMap(([name, { formula, rate }]) => [
      { name, as: "points" as const, points: measured(name) },
      { name: formula, points: conditions.map((x) => ({ x, y: decade(rate(x, Math.sqrt(x))) })) },
    ]),
  });
}

function edgeFigure({ edges, factors }: Data, { examples, runs }: Parameters): Figure {
  const steps = Array.from({ length: 21 }, (_, i) => 0.9 + (0.4 * i) / 20);
  return chart({
    name: "edge",
    caption: `Factor by which an iteration of gradient descent changes ‖∇L‖, against its step over 2/λ_max, with λ_max from Lanczos' iteration: quadratics of κ = 100, and networks 64-16-10 at a minimum of the loss over ${examples} digits (l2 0.003); ${runs} of each.`,
    description: "Both kinds of points stay just below 1 up to a step of 2/λ_max and rise steeply beyond it.",
    x: { label: "step η, in units of 2/λ_max" },
    y: { label: "factor of an iteration" },
    rules: [
      { name: "2/λ_max", x: 1 },
      { name: "no change", y: 1 },
    ],
    series: [
      ...Object.keys(edges).map((on) => ({
        name: on,
        as: "points" as const,
        points: factors.filter((each) => each.on === on).map(({ share, factor }) => ({ x: share, y: factor })),
      })),
      { name: "|1 − ηλ_max|", points: steps.map((x) => ({ x, y: Math.abs(1 - 2 * x) })) },
    ],
  });
}

function networkFigure({ courses, costs }: Data, { examples, tolerance, runs }: Parameters): Figure {
  return chart({
    name: "network",
    caption: `‖∇L‖ over ${examples} digits of a network 64-16-10 (tanh, l2 0.003) against the gradients and Hessian products of the whole set that were asked for: geometric means of ${runs} networks with 95 % intervals; fixed steps are 1/λ_max. SGD passes once through the data for the same price.`,
    description:
      "L-BFGS, conjugate gradients and momentum reach the tolerance after some hundred gradients; gradient descent is far slower; SGD with a constant step stays at a gradient that no longer falls, and L-BFGS on batches ends where it began.",
    x: { label: "gradients of the whole set", type: "log" },
    y: { label: "‖∇L‖", type: "log" },
    rules: [{ name: "arrived", y: tolerance }],
    series: Object.entries(courses).map(([name, all]) => ({
      name,
      points: costs.map((x, at) => pointOf(x, geometricMeanOf(all.map((norms) => norms[at] as number)))),
    })),
  });
}
