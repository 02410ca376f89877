// The loss along lines and curves.
import { requireOptions, show } from "../../checks.ts";
import type { Surface } from "../surfaceFile.ts";
import { HEAD, legendOf, markerOf, type PictureOptions, page, pictureOptions, styleOf, tools, WIDTH } from "./page.ts";
import { captionOf, scaleOf } from "./surfaces.ts";

/** A line or curve to be drawn. */
export interface Profile {
  readonly name: string;
  readonly surface: Surface;
}

/** On a line. */
const MARKERS = 6;

/**
 * The loss along lines and curves, in one picture on a logarithmic scale. Holes are gaps.
 * @returns SVG
 * @throws for planes
 */
export async function profilePicture(profiles: readonly Profile[], options: PictureOptions = {}): Promise<string> {
  const call = "profilePicture";
  requireOptions(call, options, pictureOptions);
  if (!Array.isArray(profiles) || profiles.length === 0)
    throw new Error(`${call}: expected a list of { name, surface }, got ${show(profiles)}`);
  for (const { surface } of profiles) {
    if (surface.y.length !== 1) throw new Error(`${call}: a plane is for contourPicture`);
    scaleOf(call, surface);
  }
  const drawing = await tools();
  const { Plot, document } = drawing;
  const rows = profiles.flatMap(({ name, surface: { x, loss } }, which) =>
    Array.from(x, (at, i) => ({ name, which, x: at, loss: loss[i] as number })),
  );
  const dash = (which: number) => {
    const { stroke, strokeDasharray } = styleOf(which);
    return { stroke, strokeDasharray };
  };
  const isPositive = rows.every(({ loss }) => !(loss <= 0));
  const height = 400;
  const figure = Plot.plot({
    ...{ document, width: WIDTH, height, marginLeft: 56, marginTop: 30, insetTop: 6, insetBottom: 6 },
    x: { label: "position" },
    y: { type: isPositive ? "log" : "linear", label: "loss", grid: true, tickFormat: "~g" },
    marks: [
      ...profiles.map(({ name }, which) =>
        Plot.line(
          rows.filter((row) => row.which === which),
          {
            ...{ x: "x", y: "loss", title: () => name, strokeWidth: 2 },
            ...dash(which),
          },
        ),
      ),
      // Those of one line lie between those of another.
      ...profiles.map((_, which) => {
        const own = rows.filter((row) => row.which === which && Number.isFinite(row.loss));
        const apart = own.length / MARKERS;
        const marked = own.filter((__, i) => Math.floor((i + (apart * which) / profiles.length) % apart) === 0);
        return Plot.dot(marked, { x: "x", y: "loss", r: 3.5, ...markerOf(styleOf(which)) });
      }),
      Plot.frame(),
    ],
  });
  const { surface } = profiles[0] as Profile;
  const names = profiles.map(({ name }) => name);
  const legend = legendOf(drawing, names);
  const { title = names.join(", "), caption = captionOf(surface) } = options;
  return page(title, caption, height + legend.height, [
    { svg: legend.svg, x: 12, y: HEAD },
    { svg: figure as SVGSVGElement, x: 0, y: HEAD + legend.height },
  ]);
}
