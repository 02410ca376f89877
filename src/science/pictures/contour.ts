// The loss over a plane, by its contours.
import type * as Plots from "@observablehq/plot";
import { requireOptions } from "../../checks.ts";
import { KNOWN, type Surface } from "../surfaceFile.ts";
import {
  HEAD, legendOf, markerOf, type PictureOptions, page, pictureOptions, type Style, styleOf, tools, WIDTH,
} from "./page.ts"; // biome-ignore format: a list of names
import { captionOf, localMinima, scaleOf } from "./surfaces.ts";

export interface ContourOptions extends PictureOptions {
  /** Paths on the plane beside the surface's own, such as those of several methods. */
  readonly paths?: readonly NamedPath[];
  /** What x and y are; default first and second direction. */
  readonly axes?: readonly [x: string, y: string];
  /** Whether local minima of the grid are marked; default true. A valley narrower than the grid shows some that are none. */
  readonly minima?: boolean;
}

export interface NamedPath {
  readonly name: string;
  /** One after another. */
  readonly places: readonly (readonly [x: number, y: number])[];
}

const HEIGHT = WIDTH - 60;
const LEFT = 56;
const LEVELS = 14;
/** Pixels of the scale of losses, and of a letter of the title. */
const [KEY, LETTER] = [260, 9];

/**
 * Contours of a plane's loss, evenly spaced in its logarithm (in the loss itself where that is below zero anywhere), with
 * paths, marked points, and a + at each local minimum of the grid. Points that are not known, and holes, stay white.
 * @returns SVG
 * @throws for a line, and where no loss is finite
 */
export async function contourPicture(surface: Surface, options: ContourOptions = {}): Promise<string> {
  const call = "contourPicture";
  requireOptions(call, options, [...pictureOptions, "paths", "axes", "minima"]);
  const { x, y, loss, status, marks, path, about } = surface;
  if (y.length < 2) throw new Error(`${call}: this is a line; use profilePicture`);
  const scale = scaleOf(call, surface);
  const drawing = await tools();
  const { Plot, document } = drawing;
  const at = Array.from({ length: LEVELS }, (_, i) => scale.at((i + 1) / (LEVELS + 1)));
  const below = scale.low - 1e-3 * Math.max(Math.abs(scale.low), Number.MIN_VALUE);
  const [x0, x1, y0, y1] = [x[0], x.at(-1), y[0], y.at(-1)] as [number, number, number, number];
  // Samples are taken to lie in the middle of cells.
  const [halfX, halfY] = [(x1 - x0) / (x.length - 1) / 2, (y1 - y0) / (y.length - 1) / 2];
  const grid = {
    ...{ width: x.length, height: y.length, thresholds: [below, ...at] },
    ...{ x1: x0 - halfX, x2: x1 + halfX, y1: y0 - halfY, y2: y1 + halfY },
  };
  const gaps = Array.from(status.keys())
    .filter((at) => status[at] !== KNOWN)
    .map((at) => [x[at % x.length] as number, y[Math.floor(at / x.length)] as number] as const)
    .map(([px, py]) => ({ x1: px - halfX, x2: px + halfX, y1: py - halfY, y2: py + halfY }));
  const values = Array.from(loss, (value) => Math.max(value, scale.low));
  const color = { type: scale.type, scheme: "greys", reverse: true, domain: [scale.low, scale.high] } as const;
  const isMarked = (px: number, py: number): boolean =>
    marks.some((mark) => Math.abs(mark.x - px) <= 2 * halfX && Math.abs(mark.y - py) <= 2 * halfY);
  const minima = options.minima === false ? [] : localMinima(surface).filter(({ x, y }) => !isMarked(x, y));
  const { paths = [], axes = ["first direction", "second direction"] } = options;
  const pixels = { x: (WIDTH - LEFT) / (x1 - x0), y: HEIGHT / (y1 - y0) };
  const figure = Plot.plot({
    ...{ document, width: WIDTH, height: HEIGHT, marginLeft: LEFT },
    x: { domain: [x0, x1], label: axes[0] },
    y: { domain: [y0, y1], label: axes[1] },
    color,
    marks: [
      Plot.contour(values, { ...grid, fill: Plot.identity, clip: true }),
      Plot.contour(values, { ...grid, stroke: "black", strokeWidth: 0.4, clip: true }),
      // Plot fills gaps from around them; nothing is known there.
      Plot.rect(gaps, { x1: "x1", x2: "x2", y1: "y1", y2: "y2", fill: "white", clip: true }),
      Plot.dot(minima, { x: "x", y: "y", symbol: "plus", stroke: "white", strokeWidth: 4, r: 5 }),
      Plot.dot(minima, { x: "x", y: "y", symbol: "plus", stroke: "black", strokeWidth: 1.5, r: 5 }),
      ...[{ places: path }, ...paths].flatMap(({ places }, which) =>
        lineOf(Plot, places, styleOf(Math.max(which - 1, 0)), pixels),
      ),
      Plot.dot([...marks], { x: "x", y: "y", symbol: "star", fill: "white", stroke: "black", r: 6 }),
      Plot.text([...marks], {
        ...{ x: "x", y: "y", text: "name", dy: -14, fontSize: 12, fill: "black", stroke: "white", strokeWidth: 4 },
      }),
      Plot.frame(),
    ],
  });
  const edges = [scale.low, ...at, scale.high];
  const key = Plot.plot({
    ...{ document, width: KEY, height: HEAD + 8, marginTop: 4, marginBottom: 24, marginLeft: 48, marginRight: 16 },
    x: { type: scale.type, label: null, ticks: 4, tickFormat: "~g" },
    color,
    marks: [
      Plot.rect(
        edges.slice(1).map((to, k) => ({ from: edges[k] as number, to })),
        { x1: "from", x2: "to", y1: 0, y2: 1, fill: "from" },
      ),
      Plot.text(["loss"], { frameAnchor: "left", textAnchor: "end", dx: -8, fontSize: 12 }),
    ],
    y: { axis: null },
  });
  const names =
    paths.length > 1
      ? legendOf(
          drawing,
          paths.map(({ name }) => name),
        )
      : undefined;
  const { title = about.section.kind, caption = `${captionOf(surface)}${noteOf(minima.length)}` } = options;
  // Beside the title, or below one that is long.
  const keyTop = LETTER * title.length > WIDTH - KEY ? HEAD - 4 : 2;
  const legendTop = keyTop + HEAD + 8;
  const top = legendTop + 2 + (names?.height ?? 0);
  return page(title, caption, top - HEAD + HEIGHT, [
    { svg: key as SVGSVGElement, x: WIDTH - KEY, y: keyTop },
    ...(names ? [{ svg: names.svg, x: 12, y: legendTop }] : []),
    { svg: figure as SVGSVGElement, x: 0, y: top },
  ]);
}

const noteOf = (minima: number): string =>
  minima === 0 ? "" : `; ${minima} local ${minima === 1 ? "minimum" : "minima"} of the grid (+)`;

type Places = NamedPath["places"];

/** A line with markers some way apart; more points than that are only in the line. */
function lineOf(
  Plot: typeof Plots,
  places: Places,
  style: Style,
  pixels: { readonly x: number; readonly y: number },
): Plots.Markish[] {
  if (places.length === 0) return [];
  const spaced = (least: number): Places => {
    const kept = [places[0] as Places[number]];
    for (const place of places) {
      const last = kept.at(-1) as Places[number];
      if (Math.hypot((place[0] - last[0]) * pixels.x, (place[1] - last[1]) * pixels.y) >= least) kept.push(place);
    }
    kept.push(places.at(-1) as Places[number]);
    return kept;
  };
  const line = spaced(0.5);
  const { stroke, strokeDasharray } = style;
  return [
    Plot.line(line, { x: "0", y: "1", stroke: "white", strokeWidth: 4, clip: true }),
    Plot.line(line, { x: "0", y: "1", stroke, strokeDasharray, strokeWidth: 1.5, clip: true }),
    Plot.dot(spaced(12), { x: "0", y: "1", r: 3, clip: true, ...markerOf(style) }),
  ];
}
