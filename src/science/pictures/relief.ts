// The loss over a plane as a surface in space: drawn cell by cell from back to front, so that what is near hides what is
// far.
import { requireOptions } from "../../checks.ts";
import { KNOWN, type Surface } from "../surfaceFile.ts";
import { escaped, HEAD, type PictureOptions, page, pictureOptions, WIDTH } from "./page.ts";
import { captionOf, scaleOf } from "./surfaces.ts";

const HEIGHT = 500;
/** Cells on a side at most; of a finer grid every second point is drawn, or fewer. */
const CELLS = 120;
/** How far it is turned, and how far above the horizon it is seen from, in radians. */
const TURN = (35 * Math.PI) / 180;
const RISE = (30 * Math.PI) / 180;
/** How high it is; it is 1 wide and deep. */
const TALL = 0.6;
/** Where light comes from: left, in front and above. */
const LIGHT = [-0.57, -0.42, 0.71] as const;
/** Pixels of a side, and where the middle of the floor is. */
const SIDE = 380;
const [MIDDLE, FLOOR] = [WIDTH / 2 + 10, HEIGHT - 175] as const;

type Pixel = readonly [x: number, y: number];

/** u and v from −½ to ½ on the floor, height from 0 to 1 → pixels, without perspective. */
function projected(u: number, v: number, height: number): Pixel {
  const across = u * Math.cos(TURN) - v * Math.sin(TURN);
  const up = depth(u, v) * Math.sin(RISE) + height * TALL * Math.cos(RISE);
  return [MIDDLE + SIDE * across, FLOOR - SIDE * up];
}

/** How far away a place of the floor is. */
const depth = (u: number, v: number): number => u * Math.sin(TURN) + v * Math.cos(TURN);

/**
 * A plane's loss as a surface in space, its logarithm upwards (the loss itself where that is below zero anywhere), shaded by
 * height and slope, with path and marks upon it. Points that are not known, and holes, are holes.
 * @returns SVG
 * @throws for a line, and where no loss is finite
 */
export async function surfacePicture(surface: Surface, options: PictureOptions = {}): Promise<string> {
  const call = "surfacePicture";
  requireOptions(call, options, pictureOptions);
  const { x, y, loss, status, marks, path, about } = surface;
  if (y.length < 2) throw new Error(`${call}: this is a line; use profilePicture`);
  const scale = scaleOf(call, surface);
  const step = Math.ceil((Math.max(x.length, y.length) - 1) / CELLS);
  const [columns, rows] = [x, y].map(({ length }) => every(step, length)) as [number[], number[]];
  const [width, end] = [x.length, { x: x.length - 1, y: y.length - 1 }];
  const height = (i: number, j: number): number => scale.share(loss[j * width + i] as number);
  const u = (i: number): number => i / end.x - 0.5;
  const v = (j: number): number => j / end.y - 0.5;
  const cells = [];
  for (const [a, j] of rows.slice(0, -1).entries())
    for (const [b, i] of columns.slice(0, -1).entries()) {
      const [k, l] = [columns[b + 1] as number, rows[a + 1] as number];
      const corners = [[i, j], [k, j], [k, l], [i, l]] as const; // biome-ignore format: four corners
      if (corners.some(([p, q]) => status[q * width + p] !== KNOWN)) continue;
      const [h0, h1, h2, h3] = corners.map(([p, q]) => height(p, q)) as [number, number, number, number];
      const slopes = [
        (TALL * (h1 + h2 - h0 - h3)) / 2 / (u(k) - u(i)),
        (TALL * (h2 + h3 - h0 - h1)) / 2 / (v(l) - v(j)),
      ] as const;
      cells.push({
        depth: depth(u(i) + u(k), v(j) + v(l)),
        fill: shade((h0 + h1 + h2 + h3) / 4, slopes),
        line: corners.map(([p, q]) => showPixel(projected(u(p), v(q), height(p, q)))).join("L"),
      });
    }
  cells.sort((one, other) => other.depth - one.depth);
  /** A place of the plane, upon the surface where that is known there. */
  const upon = (px: number, py: number): Pixel | undefined => {
    const across = (px - (x[0] as number)) / ((x[end.x] as number) - (x[0] as number));
    const along = (py - (y[0] as number)) / ((y[end.y] as number) - (y[0] as number));
    if (!(across >= 0 && across <= 1 && along >= 0 && along <= 1)) return undefined;
    const [i, j] = [Math.round(across * end.x), Math.round(along * end.y)];
    return status[j * width + i] === KNOWN ? projected(across - 0.5, along - 0.5, height(i, j)) : undefined;
  };
  const way = path.flatMap(([px, py]) => {
    const place = upon(px, py);
    return place ? [showPixel(place)] : [];
  });
  const part = [
    axes(surface, scale),
    `<g stroke="black" stroke-width="0.3" stroke-linejoin="round" aria-label="cells">`,
    ...cells.map(({ fill, line }) => `<path fill="${fill}" d="M${line}Z"/>`),
    "</g>",
    ...(way.length > 1
      ? ["white", "black"].map(
          (stroke, i) =>
            `<path d="M${way.join("L")}" fill="none" stroke="${stroke}" stroke-width="${i === 0 ? 4 : 1.5}" aria-label="path"/>`,
        )
      : []),
    ...marks.flatMap(({ name, x: px, y: py }) => {
      const place = upon(px, py);
      if (!place) return [];
      const dot = `<circle cx="${place[0].toFixed(1)}" cy="${place[1].toFixed(1)}" r="4" fill="white" stroke="black" stroke-width="1.5"/>`;
      return [dot, text(name, [place[0], place[1] - 10], "middle")];
    }),
  ].join("\n");
  const upwards = scale.type === "log" ? "logarithm of the loss" : "loss";
  const drawn = step === 1 ? "" : `; every ${step === 2 ? "2nd" : step === 3 ? "3rd" : `${step}th`} is drawn`;
  const { title = about.section.kind, caption = `${captionOf(surface)}${drawn}; upwards: ${upwards}` } = options;
  return page(title, caption, HEIGHT, [{ svg: part, x: 0, y: HEAD }]);
}

/** 0, step, 2·step … and the last. */
function every(step: number, length: number): number[] {
  const places = Array.from({ length: Math.ceil((length - 1) / step) }, (_, i) => i * step);
  return [...places, length - 1];
}

/** Low is dark, and so is what turns away from the light. */
function shade(height: number, [a, b]: readonly [number, number]): string {
  const lit = Math.max(0, (-a * LIGHT[0] - b * LIGHT[1] + LIGHT[2]) / Math.hypot(a, b, 1));
  const grey = Math.round(70 + 180 * (0.5 * height + 0.5 * lit));
  return `rgb(${grey},${grey},${grey})`;
}

/** The floor's outline, and numbers along two of its sides and upwards. */
function axes({ x, y }: Surface, scale: ReturnType<typeof scaleOf>): string {
  const corners = ([[-1, -1], [1, -1], [1, 1], [-1, 1]] as const).map(([a, b]) => projected(a / 2, b / 2, 0)); // biome-ignore format: four corners
  const [low, high] = [projected(-0.5, 0.5, 0), projected(-0.5, 0.5, 1)];
  const shares = [0, 0.25, 0.5, 0.75, 1];
  const between = (axis: Float64Array, share: number): string => {
    const [from, to] = [axis[0] as number, axis.at(-1) as number];
    return showNumber(from + share * (to - from), to - from);
  };
  const lower = ([px, py]: Pixel, dx: number, dy: number): Pixel => [px + dx, py + dy];
  return [
    `<path d="M${corners.map(showPixel).join("L")}Z" fill="none" stroke="#777"/>`,
    `<path d="M${showPixel(low)}L${showPixel(high)}" stroke="#777"/>`,
    ...shares.flatMap((share) => [
      text(between(x, share), lower(projected(share - 0.5, -0.5, 0), 8, 16), "start"),
      text(between(y, share), lower(projected(-0.5, share - 0.5, 0), -8, 16), "end"),
      text(String(Number(scale.at(share).toPrecision(2))), lower(projected(-0.5, 0.5, share), -8, 4), "end"),
    ]),
    text("first direction →", lower(projected(0.1, -0.5, 0), 30, 48), "start"),
    text("← second direction", lower(projected(-0.5, 0.1, 0), -30, 48), "end"),
    text("loss", lower(high, -8, -16), "end"),
  ].join("\n");
}

/** As many digits as tell a range's quarters apart. */
function showNumber(value: number, range: number): string {
  const rounded = Number(value.toPrecision(3));
  return String(Math.abs(rounded) < 1e-3 * range ? 0 : rounded).replace("-", "−");
}

const showPixel = ([px, py]: Pixel): string => `${px.toFixed(1)},${py.toFixed(1)}`;

const text = (content: string, [px, py]: Pixel, anchor: "start" | "middle" | "end"): string =>
  `<text x="${px.toFixed(1)}" y="${py.toFixed(1)}" text-anchor="${anchor}" font-size="11" paint-order="stroke" stroke="white" stroke-width="3">${escaped(content)}</text>`;
