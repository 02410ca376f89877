// The lecture's charts: lines, points and bars with their intervals, told apart by dash, marker and name as well as shade.
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import type { Figure } from "./experiment.ts";
import { escaped } from "./markup.ts";
import type { PlaneValues } from "./plane.ts";
import type { Mean } from "./statistics.ts";

export interface Axis {
  readonly label: string;
  /** Default "linear". */
  readonly type?: "linear" | "log";
  readonly domain?: readonly [number, number];
}

export interface ChartPoint {
  readonly x: number;
  readonly y: number;
  /** The ends of its interval. */
  readonly low?: number;
  readonly high?: number;
}

/** A mean and its interval, of a bar or a point. */
export const heightOf = ({ mean, low, high }: Mean) => ({ y: mean, low, high });
export const pointOf = (x: number, mean: Mean): ChartPoint => ({ x, ...heightOf(mean) });

export interface Series {
  readonly name: string;
  readonly points: readonly ChartPoint[];
  /**
   * "line": with a band between the ends of the intervals; "points": with whiskers; "both"; "arrows": the points two by
   * two, from one to the next. Default "line".
   */
  readonly as?: "line" | "points" | "both" | "arrows";
}

export interface ChartOptions extends Omit<Figure, "svg"> {
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
  /** A plane's values, drawn as contours behind all else, evenly spaced in the logarithm: dark is low. */
  readonly surface?: PlaneValues;
  /** Vertical or horizontal lines with a name, such as a threshold. */
  readonly rules?: readonly { readonly name: string; readonly x?: number; readonly y?: number }[];
  /** In pixels; default 640 × 400. */
  readonly width?: number;
  readonly height?: number;
}

/** Of Okabe and Ito, who chose them for eyes of every kind; ordered so that neighbours differ in grey too. */
const shades = ["#000000", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#777777"];
const dashes = ["", "7 4", "2 3", "9 3 2 3", "12 4", "4 2", "1 2", "6 2 2 2"];
const symbols = ["circle", "square", "triangle", "diamond", "cross", "star", "wye", "times"] as const;

const look = (at: number) => ({
  stroke: shades[at % shades.length] as string,
  strokeDasharray: dashes[at % dashes.length] as string,
  symbol: symbols[at % symbols.length] as (typeof symbols)[number],
});

const newDocument = (): Document => parseHTML("<!doctype html><body></body>").document as unknown as Document;

/** A chart of lines and points. Values that are not finite, or not above zero on a log axis, are gaps. */
export function chart(options: ChartOptions): Figure {
  const { name, caption, description, x, y, series, rules = [], width = 640, height = 400 } = options;
  const shows = (axis: Axis, value: number): boolean => Number.isFinite(value) && (axis.type !== "log" || value > 0);
  const marks = series.flatMap(({ points, as = "line" }, at) => {
    const { stroke, strokeDasharray, symbol } = look(at);
    const rows = points.map((p) => ({ ...p, y: shows(y, p.y) ? p.y : Number.NaN })).filter((p) => shows(x, p.x));
    const spread = rows.filter(({ low, high }) => shows(y, low ?? Number.NaN) && shows(y, high ?? Number.NaN));
    const place = { x: "x", y1: "low", y2: "high" };
    if (as === "arrows") {
      const from = rows.filter((_, i) => i % 2 === 0);
      const to = (i: number): ChartPoint => rows[2 * i + 1] as ChartPoint;
      const ends = {
        x1: "x",
        y1: "y",
        x2: (_: ChartPoint, i: number) => to(i).x,
        y2: (_: ChartPoint, i: number) => to(i).y,
      };
      return [Plot.arrow(from, { ...ends, stroke, strokeDasharray, strokeWidth: 1.8, headLength: 6, inset: 0 })];
    }
    return [
      as === "points"
        ? Plot.ruleX(spread, { ...place, stroke, strokeWidth: 1.5 })
        : Plot.areaY(spread, { ...place, fill: stroke, fillOpacity: 0.15 }),
      ...(as === "points" ? [] : [Plot.line(rows, { x: "x", y: "y", stroke, strokeDasharray, strokeWidth: 2 })]),
      ...(as === "line" ? [] : [Plot.dot(rows, { x: "x", y: "y", stroke, fill: "white", symbol, r: 4 })]),
    ];
  });
  const lines = rules.flatMap((rule) => {
    const text = { text: () => rule.name, fontSize: 11, stroke: "white", strokeWidth: 4, fill: "#444" };
    const line = { stroke: "#444", strokeDasharray: "3 3" };
    return rule.x === undefined
      ? [
          Plot.ruleY([rule.y as number], line),
          Plot.text([rule], { ...text, y: "y", frameAnchor: "left", textAnchor: "start", dx: 6, dy: -8 }),
        ]
      : [
          Plot.ruleX([rule.x], line),
          Plot.text([rule], { ...text, x: "x", frameAnchor: "top", textAnchor: "start", dx: 5, dy: 8 }),
        ];
  });
  const behind = options.surface ? contours(options.surface) : [];
  const scale = ({ label, type = "linear", domain }: Axis) => ({
    ...{ label, type, nice: domain === undefined && type !== "log", grid: true },
    ...(domain && { domain, clamp: false }),
    ...(type === "log" && { tickFormat: "~g" }),
  });
  const body = Plot.plot({
    ...{ document: newDocument(), width, height, marginLeft: 64, marginBottom: 44, marginTop: 26, marginRight: 20 },
    inset: options.surface ? 0 : 8,
    ...{ x: scale(filled(x, options.surface?.x)), y: scale(filled(y, options.surface?.y)) },
    ...{ marks: [...behind, ...marks, ...lines, Plot.frame()] },
    color: { type: "log", range: ["#b4b4b4", "#ffffff"] },
  });
  return { name, caption, description, svg: sheet(name, body as SVGSVGElement, width, height, series) };
}

/** Ends where the surface ends. */
const filled = (axis: Axis, at: readonly number[] | undefined): Axis =>
  at ? { domain: [at[0] as number, at.at(-1) as number], ...axis } : axis;

function contours({ x, y, loss }: PlaneValues): Plot.Markish[] {
  const known = loss.filter((value) => value > 0);
  const [low, high] = [known.reduce((a, b) => Math.min(a, b)), known.reduce((a, b) => Math.max(a, b))];
  const thresholds = Array.from({ length: 14 }, (_, i) => low * (high / low) ** (i / 14));
  // Samples are taken to lie in the middle of cells.
  const edges = (axis: readonly number[]): [number, number] => {
    const [from, to] = [axis[0] as number, axis.at(-1) as number];
    const half = (to - from) / (axis.length - 1) / 2;
    return [from - half, to + half];
  };
  const [[x1, x2], [y1, y2]] = [edges(x), edges(y)];
  const grid = { width: x.length, height: y.length, thresholds, x1, x2, y1, y2, clip: true };
  const values = loss.map((value) => Math.max(value, low));
  return [
    Plot.contour(values, { ...grid, fill: Plot.identity }),
    Plot.contour(values, { ...grid, stroke: "#888", strokeWidth: 0.5 }),
  ];
}

export interface BarOptions extends Omit<Figure, "svg"> {
  /** Of the groups' axis. */
  readonly label: string;
  readonly y: Axis;
  /** The bars of each group stand in this order, with these names. */
  readonly bars: readonly {
    readonly group: string;
    readonly name: string;
    readonly y: number;
    readonly low?: number;
    readonly high?: number;
  }[];
  readonly width?: number;
  readonly height?: number;
}

/** Points with intervals in named groups: what others draw as bars, without asking for a zero. */
export function bars(options: BarOptions): Figure {
  const { name, caption, description, label, y, bars: rows, width = 640, height = 400 } = options;
  const names = [...new Set(rows.map((row) => row.name))];
  const groups = [...new Set(rows.map((row) => row.group))];
  const step = 1 / (names.length + 1);
  const place = (row: (typeof rows)[number]): number =>
    groups.indexOf(row.group) + step * (names.indexOf(row.name) + 1);
  const placed = rows.map((row) => ({ ...row, x: place(row) }));
  const body = Plot.plot({
    ...{ document: newDocument(), width, height, marginLeft: 64, marginBottom: 44, marginTop: 26, marginRight: 20 },
    x: {
      ...{ label, domain: [0, groups.length], ticks: groups.map((_, at) => at + 0.5) },
      tickFormat: (at: number) => groups[Math.floor(at)] ?? "",
    },
    y: { label: y.label, type: y.type ?? "linear", grid: true, ...(y.domain ? { domain: y.domain } : { nice: true }) },
    marks: [
      Plot.ruleX(
        groups.slice(1).map((_, at) => at + 1),
        { stroke: "#ccc" },
      ),
      ...names.flatMap((each, at) => {
        const own = placed.filter((row) => row.name === each);
        const { stroke, symbol } = look(at);
        return [
          Plot.ruleX(
            own.filter(({ low, high }) => low !== undefined && high !== undefined),
            { x: "x", y1: "low", y2: "high", stroke, strokeWidth: 2 },
          ),
          Plot.dot(own, { x: "x", y: "y", stroke, symbol, fill: "white", r: 5 }),
        ];
      }),
      Plot.frame(),
    ],
  });
  const legend = names.map((each) => ({ name: each, points: [], as: "points" as const }));
  return { name, caption, description, svg: sheet(name, body as SVGSVGElement, width, height, legend) };
}

/** A plot with its legend above, as one SVG. */
function sheet(name: string, body: SVGSVGElement, width: number, height: number, series: readonly Series[]): string {
  const [swatch, letter, gap, row] = [30, 6.4, 18, 18];
  let [left, top] = [12, 14];
  const legend = series.map(({ name: text, as = "line" }, at) => {
    const { stroke, strokeDasharray, symbol } = look(at);
    const long = swatch + letter * text.length + gap;
    if (left + long > width && left > 12) [left, top] = [12, top + row];
    const parts = [
      as === "points"
        ? ""
        : as === "arrows"
          ? `<path d="M${left} ${top - 4}h21m-6 -4l6 4l-6 4" fill="none" stroke="${stroke}" stroke-width="1.8" stroke-dasharray="${strokeDasharray}"/>`
          : `<path d="M${left} ${top - 4}h22" stroke="${stroke}" stroke-width="2" stroke-dasharray="${strokeDasharray}"/>`,
      as === "line" || as === "arrows" ? "" : marker(symbol, left + 11, top - 4, stroke),
      `<text x="${left + swatch - 2}" y="${top}" font-size="12">${escaped(text)}</text>`,
    ];
    left += long;
    return parts.join("");
  });
  const head = series.length > 1 ? top + 10 : 0;
  // Plot counts its clips on from figure to figure: the same chart is to be the same text, and two in one page must differ.
  const ids = new Map<string, string>();
  const own = (id: string): string => ids.get(id) ?? (ids.set(id, `${name}-${ids.size + 1}`).get(id) as string);
  body.setAttribute("x", "0");
  body.setAttribute("y", String(head));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height + head}" viewBox="0 0 ${width} ${height + head}" font-family="system-ui, sans-serif">`,
    `<rect width="100%" height="100%" fill="white"/>`,
    ...(series.length > 1 ? legend : []),
    body.outerHTML.replace(/plot-(marker|clip)-\d+/g, own),
    "</svg>",
  ].join("\n");
}

/** A legend's marker, drawn as Plot draws it. */
function marker(symbol: (typeof symbols)[number], x: number, y: number, stroke: string): string {
  const dot = Plot.plot({
    ...{ document: newDocument(), width: 16, height: 16, margin: 8, x: { axis: null }, y: { axis: null } },
    marks: [Plot.dot([[0, 0]], { symbol, stroke, fill: "white", r: 4 })],
  }) as SVGSVGElement;
  const inner = dot.querySelector("g")?.outerHTML ?? "";
  return `<g transform="translate(${x - 8} ${y - 8})">${inner}</g>`;
}

/** Figures side by side on one line, as one. */
export const beside = (about: Omit<Figure, "svg">, parts: readonly Pick<Figure, "svg">[]): Figure => ({
  ...about,
  svg: sideBySide(
    about.name,
    parts.map(({ svg }) => svg),
  ),
});

/** @param name of the figure that they become, for the names of their parts */
export function sideBySide(name: string, pictures: readonly string[]): string {
  const sizes = pictures.map(
    (svg) => /width="(\d+)" height="(\d+)"/.exec(svg)?.slice(1).map(Number) as [number, number],
  );
  const width = sizes.reduce((sum, [w]) => sum + w, 0);
  const height = Math.max(...sizes.map(([, h]) => h));
  let x = 0;
  const placed = pictures.map((svg, at) => {
    const [w, h] = sizes[at] as [number, number];
    x += w;
    // Pictures of thalweg/science name their parts alike.
    const own = svg.replace(/(id="|url\(#)(part-\d+)/g, `$1${name}-${at + 1}-$2`);
    return own.replace("<svg ", `<svg x="${x - w}" y="${height - h}" `);
  });
  const head = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`;
  return [head, `<rect width="100%" height="100%" fill="white"/>`, ...placed, "</svg>"].join("\n");
}
