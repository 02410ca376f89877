// The density of a Hessian's eigenvalues.
import { requireArray, requireOptions } from "../../checks.ts";
import { type Spectrum, smoothed } from "../spectralDensity.ts";
import { HEAD, type PictureOptions, page, pictureOptions, tools, WIDTH } from "./page.ts";

export interface SpectrumOptions extends PictureOptions {
  /** Eigenvalues that are known one by one: marked. */
  readonly eigenvalues?: ArrayLike<number>;
}

const HEIGHT = 400;
/** Bells are at least this share of the axis wide: they can be seen. */
const BELL = 1 / 400;

/**
 * The density of eigenvalues on a logarithmic scale: a bell around each node. Marked eigenvalues have a triangle, those at
 * the ends their value.
 * @returns SVG
 * @throws for a spectrum without nodes
 */
export async function spectrumPicture(
  spectrum: Pick<Spectrum, "nodes" | "weights">,
  options: SpectrumOptions = {},
): Promise<string> {
  const call = "spectrumPicture";
  requireOptions(call, options, [...pictureOptions, "eigenvalues"]);
  const { eigenvalues = [] } = options;
  requireArray(call, "eigenvalues", eigenvalues);
  const { nodes, weights } = spectrum;
  const found = Array.from(eigenvalues).sort((a, b) => a - b);
  const ends = [...nodes, ...found];
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  // One place alone has a bell, too.
  const width = Math.max(BELL * (high - low), 1e-6 * Math.max(-low, high)) || 1;
  const { at, density } = smoothed(spectrum, { width, points: 1200 });
  // The least that is shown: a tenth of the lowest bell, of those that are not rounding.
  const peak = (weight: number): number => weight / (width * Math.sqrt(2 * Math.PI));
  const least = 0.1 * peak(weights.reduce((a, b) => (b > 1e-10 && b < a ? b : a), 1));
  const most = Math.max(...density);
  const rows = Array.from(at, (value, i) => ({ value, density: Math.max(density[i] as number, least) }));
  const { Plot, document } = await tools();
  const labelled = [...new Set([found[0], found.at(-1)])].filter((value) => value !== undefined);
  const mark = { x: (value: number) => value, y: least } as const;
  const figure = Plot.plot({
    ...{ document, width: WIDTH, height: HEIGHT, marginLeft: 56, marginTop: 30, marginRight: 30 },
    x: { label: "eigenvalue of the Hessian", nice: true },
    y: { type: "log", domain: [least, 2 * most], label: "density", grid: true, tickFormat: ".0e", ticks: 6 },
    marks: [
      Plot.areaY(rows, { x: "value", y1: least, y2: "density", fill: "#ddd" }),
      Plot.lineY(rows, { x: "value", y: "density", stroke: "black", strokeWidth: 1.2 }),
      Plot.dot(found, { ...mark, symbol: "triangle", r: 5, fill: "black", dy: -5 }),
      // At the border, but inside.
      ...labelled.map((value, i) =>
        Plot.text([value], {
          ...{ ...mark, text: showNumber, dy: -20, dx: i === 0 ? -8 : 8, textAnchor: i === 0 ? "start" : "end" },
          ...{ fontSize: 12, fill: "black", stroke: "white", strokeWidth: 4 },
        }),
      ),
      Plot.frame(),
    ],
  });
  const marked = found.length === 0 ? "" : `; ${found.length} ${found.length === 1 ? "eigenvalue" : "eigenvalues"} (▲)`;
  const {
    title = "spectral density of the Hessian",
    caption = `${nodes.length} nodes of Lanczos quadrature, bells of width ${width.toPrecision(2)}${marked}`,
  } = options;
  return page(title, caption, HEIGHT, [{ svg: figure as SVGSVGElement, x: 0, y: HEAD }]);
}

/** Four digits, with a true minus. */
const showNumber = (value: number): string => value.toPrecision(4).replace("-", "−");
