// Figures as SVG, and as PNG, from Node: Observable Plot on a document of linkedom's, drawn by resvg. All three are loaded
// when a picture is asked for. Dark is low, and every mark has a shape, so that they can be read without colours.
import type * as Plots from "@observablehq/plot";
import { requireOptions, show } from "../checks.ts";
import { KNOWN, type Surface } from "./surfaceFile.ts";

export interface PictureOptions {
  /** Above the figure; default: what its section is. */
  readonly title?: string;
  /** Below it; default: what was computed on what. */
  readonly caption?: string;
}

/** Pixels of a figure. */
const WIDTH = 640;
const HEAD = 34;
const FOOT = 30;

interface Tools {
  readonly Plot: typeof Plots;
  readonly document: Document;
}

async function tools(): Promise<Tools> {
  const [Plot, { parseHTML }] = await Promise.all([import("@observablehq/plot"), import("linkedom")]);
  return { Plot, document: parseHTML("<!doctype html><body></body>").document as unknown as Document };
}

/** The values of a surface that are there. @throws where there are none */
function knownOf(call: string, { loss, status }: Surface): Float64Array {
  const known = loss.filter((_, at) => status[at] === KNOWN);
  if (known.length === 0) throw new Error(`${call}: no point of the surface has a finite loss yet`);
  return known;
}

/** Levels between the least and the greatest value, evenly spaced in the logarithm. */
function levels(values: Float64Array, count: number): { readonly least: number; readonly at: number[] } {
  const positive = values.filter((value) => value > 0);
  const [low, high] = [Math.min(...positive), Math.max(...positive)];
  return { least: low, at: Array.from({ length: count }, (_, i) => low * (high / low) ** ((i + 1) / (count + 1))) };
}

/**
 * Contours of a plane's loss, evenly spaced in its logarithm, with its path and marked points. Points that are not known,
 * and holes, stay white.
 * @returns SVG
 * @throws for a line, and where no loss is above zero
 */
export async function contourPicture(surface: Surface, options: PictureOptions = {}): Promise<string> {
  const call = "contourPicture";
  requireOptions(call, options, ["title", "caption"]);
  const { x, y, loss, status, marks, path } = surface;
  if (y.length < 2) throw new Error(`${call}: this is a line; use profilePicture`);
  const known = knownOf(call, surface);
  if (!known.some((value) => value > 0)) throw new Error(`${call}: a logarithmic scale needs a loss above zero`);
  const { Plot, document } = await tools();
  const { least, at } = levels(known, 14);
  const [x0, x1, y0, y1] = [x[0], x.at(-1), y[0], y.at(-1)] as [number, number, number, number];
  // Samples are taken to lie in the middle of cells.
  const [halfX, halfY] = [(x1 - x0) / (x.length - 1) / 2, (y1 - y0) / (y.length - 1) / 2];
  const grid = {
    ...{ width: x.length, height: y.length, thresholds: [least * 0.999, ...at] },
    ...{ x1: x0 - halfX, x2: x1 + halfX, y1: y0 - halfY, y2: y1 + halfY },
  };
  const gaps = Array.from(status.keys())
    .filter((at) => status[at] !== KNOWN)
    .map((at) => [x[at % x.length] as number, y[Math.floor(at / x.length)] as number] as const)
    .map(([px, py]) => ({ x1: px - halfX, x2: px + halfX, y1: py - halfY, y2: py + halfY }));
  const values = Array.from(loss, (value) => Math.max(value, least));
  const color = { type: "log", scheme: "greys", reverse: true, domain: [least, Math.max(...known)] } as const;
  const places = path.map(([px, py]) => ({ x: px, y: py }));
  const figure = Plot.plot({
    document,
    width: WIDTH,
    height: WIDTH - 60,
    marginLeft: 56,
    x: { domain: [x0, x1], label: "first direction" },
    y: { domain: [y0, y1], label: "second direction" },
    color,
    marks: [
      Plot.contour(values, { ...grid, fill: Plot.identity, clip: true }),
      Plot.contour(values, { ...grid, stroke: "black", strokeWidth: 0.4, clip: true }),
      // Plot fills gaps from around them; nothing is known there.
      Plot.rect(gaps, { x1: "x1", x2: "x2", y1: "y1", y2: "y2", fill: "white", clip: true }),
      Plot.line(places, { x: "x", y: "y", stroke: "white", strokeWidth: 4 }),
      Plot.line(places, { x: "x", y: "y", stroke: "black", strokeWidth: 1.5, marker: "dot" }),
      Plot.dot([...marks], { x: "x", y: "y", symbol: "star", fill: "white", stroke: "black", r: 6 }),
      Plot.text([...marks], {
        ...{ x: "x", y: "y", text: "name", dy: -14, fontSize: 12, fill: "black", stroke: "white", strokeWidth: 4 },
      }),
      Plot.frame(),
    ],
  });
  const edges = [least, ...at, Math.max(...known)];
  const legend = Plot.plot({
    ...{ document, width: 260, height: HEAD + 8, marginTop: 4, marginBottom: 24, marginLeft: 16, marginRight: 36 },
    x: { type: "log", label: "loss", ticks: 4, tickFormat: "~g" },
    color,
    marks: [
      Plot.rect(
        edges.slice(1).map((to, k) => ({ from: edges[k] as number, to })),
        { x1: "from", x2: "to", y1: 0, y2: 1, fill: "from" },
      ),
    ],
    y: { axis: null },
  });
  return page(surface, options, WIDTH - 60, [
    { svg: legend as SVGSVGElement, x: WIDTH - 260, y: 2 },
    { svg: figure as SVGSVGElement, x: 0, y: HEAD + 12 },
  ]);
}

/** A line or curve to be drawn. */
export interface Profile {
  readonly name: string;
  readonly surface: Surface;
}

/**
 * The loss along lines and curves, in one picture on a logarithmic scale. Holes are gaps.
 * @returns SVG
 * @throws for planes
 */
export async function profilePicture(profiles: readonly Profile[], options: PictureOptions = {}): Promise<string> {
  const call = "profilePicture";
  requireOptions(call, options, ["title", "caption"]);
  if (!Array.isArray(profiles) || profiles.length === 0)
    throw new Error(`${call}: expected a list of { name, surface }, got ${show(profiles)}`);
  for (const { surface } of profiles) {
    if (surface.y.length !== 1) throw new Error(`${call}: a plane is for contourPicture`);
    knownOf(call, surface);
  }
  const { Plot, document } = await tools();
  const rows = profiles.flatMap(({ name, surface: { x, loss } }, which) =>
    Array.from(x, (at, i) => ({ name, which, x: at, loss: loss[i] as number })),
  );
  const isPositive = rows.every(({ loss }) => !(loss <= 0));
  const dashes = ["", "7 4", "2 3", "9 3 2 3"];
  const shades = ["black", "#0072b2", "#d55e00", "#009e73"];
  const height = 400;
  const figure = Plot.plot({
    ...{ document, width: WIDTH, height, marginLeft: 56, marginTop: 30 },
    x: { label: "position" },
    y: { type: isPositive ? "log" : "linear", label: "loss", grid: true, tickFormat: "~g" },
    marks: [
      ...profiles.map(({ name }, which) =>
        Plot.line(
          rows.filter((row) => row.which === which),
          {
            ...{ x: "x", y: "loss", title: () => name, strokeWidth: 2 },
            stroke: shades[which % shades.length] as string,
            strokeDasharray: dashes[which % dashes.length] as string,
          },
        ),
      ),
      // Each name stands above the middle of its line.
      ...profiles.map(({ name }, which) => {
        const own = rows.filter((row) => row.which === which && Number.isFinite(row.loss));
        return Plot.text([own[own.length >> 1]], {
          ...{ x: "x", y: "loss", text: () => name, dy: -10, fontSize: 12 },
          ...{ fill: shades[which % shades.length] as string, stroke: "white", strokeWidth: 4 },
        });
      }),
      Plot.frame(),
    ],
  });
  const title = profiles.map(({ name }) => name).join(", ");
  return page(profiles[0]?.surface as Surface, { title, ...options }, height, [
    { svg: figure as SVGSVGElement, x: 0, y: HEAD },
  ]);
}

/** A PNG of a picture, twice as many pixels as it says. Text needs fonts of the system. */
export async function toPng(svg: string): Promise<Uint8Array> {
  if (typeof svg !== "string" || !svg.startsWith("<svg"))
    throw new Error(`toPng: expected the SVG of a picture, got ${show(svg).slice(0, 40)}`);
  const { Resvg } = await import("@resvg/resvg-js");
  return new Uint8Array(new Resvg(svg, { fitTo: { mode: "zoom", value: 2 }, background: "white" }).render().asPng());
}

const escaped = (text: string): string => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

/** Figures on one sheet, with a title above and a caption below. */
function page(
  { about, status }: Surface,
  { title = about.section.kind, caption = captionOf(about, status) }: PictureOptions,
  height: number,
  parts: readonly { readonly svg: SVGSVGElement; readonly x: number; readonly y: number }[],
): string {
  const whole = height + HEAD + FOOT + 12;
  // Plot counts its markers and clips on from figure to figure: the same picture is to be the same text.
  const ids = new Map<string, string>();
  const own = (id: string): string => ids.get(id) ?? (ids.set(id, `part-${ids.size + 1}`).get(id) as string);
  const drawn = parts.map(({ svg, x, y }) => {
    svg.setAttribute("x", String(x));
    svg.setAttribute("y", String(y));
    return svg.outerHTML.replace(/plot-(marker|clip)-\d+/g, own);
  });
  const text = (y: number, size: number, weight: string, content: string): string =>
    `<text x="12" y="${y}" font-size="${size}" font-weight="${weight}">${escaped(content)}</text>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${whole}" viewBox="0 0 ${WIDTH} ${whole}" font-family="system-ui, sans-serif">`,
    `<rect width="100%" height="100%" fill="white"/>`,
    text(22, 15, "bold", title),
    ...drawn,
    text(whole - 12, 11, "normal", caption),
    "</svg>",
  ].join("\n");
}

function captionOf({ examples, normalization, section }: Surface["about"], status: Uint8Array): string {
  const holes = status.reduce((sum, value) => sum + (value === 2 ? 1 : 0), 0);
  const facts = [
    `${status.length} points`,
    ...(examples === undefined ? [] : [`loss on ${examples} examples`]),
    ...(section.seed === undefined ? [] : [`seed ${section.seed}, ${section.normalize}-normalised`]),
    ...(normalization === undefined || normalization === "running" ? [] : [`BatchNorm: ${normalization}`]),
    ...(holes === 0 ? [] : [`${holes} without a finite loss`]),
  ];
  return facts.join("; ");
}
