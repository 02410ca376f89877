// Figures as SVG, and as PNG, from Node: Observable Plot on a document of linkedom's, drawn by resvg. All three are loaded
// when a picture is asked for. Dark is low, and whatever is told apart has shapes of its own: they can be read without
// colours.
import type * as Plots from "@observablehq/plot";
import { show } from "../../checks.ts";

export interface PictureOptions {
  /** Above the figure; default: what it is of. */
  readonly title?: string;
  /** Below it; default: what was computed on what. */
  readonly caption?: string;
}

export const pictureOptions = ["title", "caption"];

/** Pixels of a figure. */
export const WIDTH = 640;
/** Above and below its parts. */
export const HEAD = 34;
const FOOT = 30;

export interface Tools {
  readonly Plot: typeof Plots;
  readonly document: Document;
}

export async function tools(): Promise<Tools> {
  const [Plot, { parseHTML }] = await Promise.all([import("@observablehq/plot"), import("linkedom")]);
  return { Plot, document: parseHTML("<!doctype html><body></body>").document as unknown as Document };
}

/** How lines are told apart: by shade, dash and marker. */
export interface Style {
  readonly stroke: string;
  readonly strokeDasharray: string;
  readonly symbol: "circle" | "square" | "triangle" | "diamond" | "cross" | "times";
}

const shades = ["black", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#7a7a7a"];
const dashes = ["", "7 4", "2 3", "9 3 2 3", "14 4", "5 2"];
const symbols = ["circle", "square", "triangle", "diamond", "cross", "times"] as const;

export const styleOf = (which: number): Style => ({
  stroke: shades[which % shades.length] as string,
  strokeDasharray: dashes[which % dashes.length] as string,
  symbol: symbols[which % symbols.length] as Style["symbol"],
});

/** One row or more that say which line is which. */
export function legendOf({ Plot, document }: Tools, names: readonly string[]): { svg: SVGSVGElement; height: number } {
  let [x, row] = [0, 0];
  const entries = names.map((name, which) => {
    const width = 64 + 7 * name.length;
    if (x > 0 && x + width > WIDTH - 24) [x, row] = [0, row + 1];
    const entry = { name, x, row, ...styleOf(which) };
    x += width;
    return entry;
  });
  const height = 20 * (row + 1);
  const svg = Plot.plot({
    ...{ document, width: WIDTH - 24, height, margin: 0 },
    x: { domain: [0, WIDTH - 24], axis: null },
    y: { domain: [row + 0.5, -0.5], axis: null },
    marks: entries.flatMap((entry) => [
      Plot.ruleY([entry], {
        ...{ y: "row", x1: entry.x + 2, x2: entry.x + 38, strokeWidth: 2 },
        ...{ stroke: entry.stroke, strokeDasharray: entry.strokeDasharray },
      }),
      Plot.dot([entry], { ...{ x: entry.x + 20, y: "row", r: 4 }, ...markerOf(entry) }),
      Plot.text([entry], { ...{ x: entry.x + 46, y: "row", text: "name", textAnchor: "start" }, fontSize: 12 }),
    ]),
  }) as SVGSVGElement;
  return { svg, height };
}

/** A marker, filled white: it is seen on any ground. */
export const markerOf = ({ stroke, symbol }: Style) => ({ symbol, stroke, fill: "white", strokeWidth: 1.5 }) as const;

/** A part of a figure, and where its upper left corner is. */
export interface Part {
  readonly svg: SVGSVGElement | string;
  readonly x: number;
  readonly y: number;
}

export const escaped = (text: string): string => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

/** Parts on one sheet, with a title above and a caption below, which breaks at its semicolons. */
export function page(title: string, caption: string, height: number, parts: readonly Part[]): string {
  const lines = broken(caption);
  const whole = height + HEAD + FOOT + 14 * (lines.length - 1) + 12;
  // Plot counts its markers and clips on from figure to figure: the same picture is to be the same text.
  const ids = new Map<string, string>();
  const own = (id: string): string => ids.get(id) ?? (ids.set(id, `part-${ids.size + 1}`).get(id) as string);
  const drawn = parts.map(({ svg, x, y }) => {
    if (typeof svg === "string") return `<g transform="translate(${x} ${y})">${svg}</g>`;
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
    ...lines.map((line, i) => text(whole - 12 - 14 * (lines.length - 1 - i), 11, "normal", line)),
    "</svg>",
  ].join("\n");
}

/** Letters that a line of the caption takes. */
const LINE = 100;

function broken(caption: string): string[] {
  const lines: string[] = [];
  for (const part of caption.split("; ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + part.length + 2 <= LINE) lines[lines.length - 1] = `${last}; ${part}`;
    else lines.push(part);
  }
  return lines.map((line, i) => (i < lines.length - 1 ? `${line};` : line));
}

/** A PNG of a picture, twice as many pixels as it says. Text needs fonts of the system. */
export async function toPng(svg: string): Promise<Uint8Array> {
  if (typeof svg !== "string" || !svg.startsWith("<svg"))
    throw new Error(`toPng: expected the SVG of a picture, got ${show(svg).slice(0, 40)}`);
  const { Resvg } = await import("@resvg/resvg-js");
  // Bundlers for pages leave it out (`browser` in package.json).
  if (!Resvg) throw new Error("toPng: needs Node; in a page draw the SVG on a canvas");
  return new Uint8Array(new Resvg(svg, { fitTo: { mode: "zoom", value: 2 }, background: "white" }).render().asPng());
}
