// Where the loss bends downwards: negative curvature over a plane, as a share of positive curvature.
import { requireOptions } from "../../checks.ts";
import type { EigenvalueSurface } from "../eigenvalueSurface.ts";
import { KNOWN } from "../surfaceFile.ts";
import { HEAD, type PictureOptions, page, pictureOptions, tools, WIDTH } from "./page.ts";
import { captionOf } from "./surfaces.ts";

const HEIGHT = WIDTH - 60;
const LEFT = 56;

/**
 * −λ_min/λ_max cell by cell: 0, dark, where no eigenvalue is negative. Points that are not known, and holes, stay white.
 * @returns SVG
 * @throws for a line, and where nothing is known
 */
export async function eigenvaluePicture(surface: EigenvalueSurface, options: PictureOptions = {}): Promise<string> {
  const call = "eigenvaluePicture";
  requireOptions(call, options, pictureOptions);
  const { x, y, smallest, largest, status, marks, about } = surface;
  if (y.length < 2) throw new Error(`${call}: this is a line; a picture needs a plane`);
  const [x0, x1, y0, y1] = [x[0], x.at(-1), y[0], y.at(-1)] as [number, number, number, number];
  const [halfX, halfY] = [(x1 - x0) / (x.length - 1) / 2, (y1 - y0) / (y.length - 1) / 2];
  const cells = Array.from(status.keys())
    .filter((at) => status[at] === KNOWN)
    .map((at) => {
      const [px, py] = [x[at % x.length], y[Math.floor(at / x.length)]] as [number, number];
      const below = Math.max(0, -(smallest[at] as number));
      const share = below === 0 ? 0 : below / Math.max(0, largest[at] as number);
      return { x1: px - halfX, x2: px + halfX, y1: py - halfY, y2: py + halfY, share };
    });
  if (cells.length === 0) throw new Error(`${call}: no eigenvalues of the surface are known yet`);
  const shares = cells.map(({ share }) => share).filter(Number.isFinite);
  // Not up to white, which is for holes.
  const most = Math.max(1e-6, ...shares);
  const shade = (share: number): string => {
    const grey = Math.round(20 + 205 * Math.min(1, share / most));
    return `rgb(${grey}, ${grey}, ${grey})`;
  };
  const { Plot, document } = await tools();
  const figure = Plot.plot({
    ...{ document, width: WIDTH, height: HEIGHT, marginLeft: LEFT },
    x: { domain: [x0 - halfX, x1 + halfX], label: "first direction", tickFormat: "~g" },
    y: { domain: [y0 - halfY, y1 + halfY], label: "second direction", tickFormat: "~g" },
    marks: [
      Plot.rect(cells, { x1: "x1", x2: "x2", y1: "y1", y2: "y2", fill: ({ share }) => shade(share) }),
      Plot.dot([...marks], { x: "x", y: "y", symbol: "star", fill: "white", stroke: "black", r: 6 }),
      Plot.text([...marks], {
        ...{ x: "x", y: "y", text: "name", dy: -14, fontSize: 12, fill: "black", stroke: "white", strokeWidth: 4 },
      }),
      Plot.frame(),
    ],
  });
  const steps = Array.from({ length: 20 }, (_, i) => ({ from: (most * i) / 20, to: (most * (i + 1)) / 20 }));
  const key = Plot.plot({
    ...{ document, width: 300, height: HEAD + 8, marginTop: 4, marginBottom: 24, marginLeft: 96, marginRight: 16 },
    x: { label: null, ticks: 4, tickFormat: "~g" },
    y: { axis: null },
    marks: [
      Plot.rect(steps, { x1: "from", x2: "to", y1: 0, y2: 1, fill: ({ from }) => shade(from) }),
      Plot.text(["−λmin / λmax"], { frameAnchor: "left", textAnchor: "end", dx: -8, fontSize: 12 }),
    ],
  });
  const convex = cells.filter(({ share }) => share <= 0.01).length;
  const {
    title = `negative curvature, ${about.section.kind}`,
    caption = `${captionOf(surface)}; at ${convex} of ${cells.length} points below 0.01`,
  } = options;
  return page(title, caption, HEIGHT + 12, [
    { svg: key as SVGSVGElement, x: WIDTH - 300, y: 2 },
    { svg: figure as SVGSVGElement, x: 0, y: HEAD + 12 },
  ]);
}
