// Loss and gradient norm as batch methods go down.
import { requireOptions, show } from "../../checks.ts";
import type { DescentState } from "../descent.ts";
import { HEAD, legendOf, markerOf, type PictureOptions, page, pictureOptions, styleOf, tools, WIDTH } from "./page.ts";

/** The states of one method, one after another. */
export interface DescentRun {
  readonly name: string;
  readonly states: readonly Pick<DescentState, "loss" | "gradientNorm" | "evaluations" | "products">[];
}

const HEIGHT = 260;
/** Markers on a line, about. */
const MARKERS = 12;

/**
 * Loss and gradient norm against what they cost: evaluations, each of Hessian-vector products counted as one. The scales
 * are logarithmic, without what is 0; that of the loss is linear where it is below.
 * @returns SVG
 */
export async function descentPicture(runs: readonly DescentRun[], options: PictureOptions = {}): Promise<string> {
  const call = "descentPicture";
  requireOptions(call, options, pictureOptions);
  const empty = runs.find(({ states }) => states.length === 0);
  if (runs.length === 0 || empty)
    throw new Error(`${call}: ${empty ? `${show(empty.name)} has no states` : "no runs"}; give one state at least`);
  const drawing = await tools();
  const { Plot, document } = drawing;
  const panel = (label: string, of: (state: DescentRun["states"][number]) => number): SVGSVGElement => {
    const isLog = runs.every(({ states }) => states.every((state) => of(state) >= 0));
    return Plot.plot({
      ...{ document, width: WIDTH, height: HEIGHT, marginLeft: 64, marginRight: 30, marginBottom: 36 },
      x: { label: "evaluations and Hessian-vector products" },
      y: { type: isLog ? "log" : "linear", label, grid: true, tickFormat: isLog ? ".0e" : "~g", ticks: 6 },
      marks: [
        ...runs.flatMap(({ states }, which) => {
          const style = styleOf(which);
          const rows = states
            .map((state) => ({ cost: state.evaluations + state.products, value: of(state) }))
            .filter(({ value }) => !isLog || value > 0);
          const every = Math.ceil(rows.length / MARKERS);
          const { stroke, strokeDasharray } = style;
          return [
            Plot.line(rows, { x: "cost", y: "value", stroke, strokeDasharray, strokeWidth: 1.5 }),
            Plot.dot(
              rows.filter((_, i) => i % every === 0 || i === rows.length - 1),
              { x: "cost", y: "value", r: 3.5, ...markerOf(style) },
            ),
          ];
        }),
        Plot.frame(),
      ],
    }) as SVGSVGElement;
  };
  const names = legendOf(
    drawing,
    runs.map(({ name }) => name),
  );
  const { title = runs.map(({ name }) => name).join(", "), caption = `${runs.map(lengthOf).join("; ")}` } = options;
  const top = HEAD + names.height;
  return page(title, caption, names.height + 2 * HEIGHT + 8, [
    { svg: names.svg, x: 12, y: HEAD },
    { svg: panel("loss", ({ loss }) => loss), x: 0, y: top },
    { svg: panel("gradient norm", ({ gradientNorm }) => gradientNorm), x: 0, y: top + HEIGHT + 8 },
  ]);
}

const lengthOf = ({ name, states }: DescentRun): string => `${name}: ${states.length - 1} iterations`;
