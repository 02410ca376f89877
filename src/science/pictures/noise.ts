// The standard error of the gradient against the batch size.
import { requireOptions } from "../../checks.ts";
import { type DrawnGradients, measuredStandardError } from "../drawnGradients.ts";
import { type GradientNoise, gradientStandardError } from "../gradientNoise.ts";
import { HEAD, legendOf, markerOf, type PictureOptions, page, pictureOptions, styleOf, tools, WIDTH } from "./page.ts";

const HEIGHT = 420;
/** Points of a curve. */
const POINTS = 200;
const ways = ["with replacement", "without replacement"] as const;

/**
 * What √(tr Σ/B) predicts, as curves, and what drawn batches show, as points with their intervals of 95 %, both axes
 * logarithmic. The standard error meets ‖G‖ where B is the noise scale.
 * @returns SVG
 */
export async function noisePicture(
  noise: Pick<GradientNoise, "count" | "populationTrace" | "squaredGradient" | "noiseScale">,
  drawn: readonly DrawnGradients[],
  options: PictureOptions = {},
): Promise<string> {
  const call = "noisePicture";
  requireOptions(call, options, pictureOptions);
  const { count, populationTrace, squaredGradient, noiseScale } = noise;
  const points = drawn.map((batches) => {
    const { error, interval } = measuredStandardError(batches);
    return {
      batchSize: batches.batchSize,
      which: batches.replacement ? 0 : 1,
      error,
      low: interval[0],
      high: interval[1],
    };
  });
  const most = Math.max(2, ...points.map(({ batchSize }) => batchSize));
  const curves = ways.map((_, which) => {
    const last = which === 0 ? most : Math.min(most, count - 1);
    return Array.from({ length: POINTS }, (_point, i) => {
      const batchSize = last ** (i / (POINTS - 1));
      const left = which === 0 ? 1 : (count - batchSize) / (count - 1);
      return { batchSize, error: Math.sqrt((populationTrace / batchSize) * left) };
    });
  });
  const shown = [...curves.flat(), ...points].map(({ error }) => error).filter((error) => error > 0);
  const least = Math.min(...shown) / 1.6;
  const size = Math.sqrt(squaredGradient);
  const greatest = 1.6 * Math.max(gradientStandardError(noise, 1), ...points.map(({ high }) => high));
  const drawing = await tools();
  const { Plot, document } = drawing;
  const isInside = (value: number, low: number, high: number): boolean => value > low && value < high;
  const text = { fontSize: 12, fill: "black", stroke: "white", strokeWidth: 4 };
  const figure = Plot.plot({
    ...{ document, width: WIDTH, height: HEIGHT, marginLeft: 64, marginTop: 30, marginRight: 30 },
    x: { type: "log", domain: [0.8, 1.25 * most], label: "examples in a batch, B", tickFormat: "~g", ticks: 6 },
    y: {
      type: "log",
      domain: [least, greatest],
      label: "standard error of the gradient",
      grid: true,
      tickFormat: "~g",
    },
    marks: [
      ...(isInside(size, least, greatest)
        ? [
            Plot.ruleY([size], { stroke: "#777", strokeWidth: 1.5 }),
            Plot.text([size], { ...{ y: size, frameAnchor: "left", dx: 8, dy: -9 }, text: () => "‖G‖", ...text }),
          ]
        : []),
      ...(isInside(noiseScale, 0.8, 1.25 * most)
        ? [
            Plot.ruleX([noiseScale], { stroke: "#777", strokeWidth: 1.5 }),
            Plot.text([noiseScale], {
              ...{ x: noiseScale, frameAnchor: "top", dy: 8, dx: 6, textAnchor: "start" },
              ...{ text: () => `noise scale ${noiseScale.toPrecision(3)}`, ...text },
            }),
          ]
        : []),
      ...curves.map((curve, which) => {
        const { stroke, strokeDasharray } = styleOf(which);
        return Plot.line(curve, { x: "batchSize", y: "error", stroke, strokeDasharray, strokeWidth: 1.5, clip: true });
      }),
      ...ways.flatMap((_, which) => {
        const own = points.filter((point) => point.which === which);
        const style = styleOf(which);
        // Beside each other, not one on the other.
        const dx = which === 0 ? -3 : 3;
        const bar = { x: "batchSize", y1: (d: (typeof own)[number]) => Math.max(d.low, least), y2: "high" } as const;
        return [
          Plot.ruleX(own, { ...bar, dx, stroke: style.stroke, strokeWidth: 1.5, marker: "tick" }),
          Plot.dot(own, { x: "batchSize", y: "error", dx, r: 4, ...markerOf(style) }),
        ];
      }),
      Plot.frame(),
    ],
  });
  const names = legendOf(drawing, ways);
  const {
    title = "standard error of the mini-batch gradient",
    caption = `${count} examples; tr Σ ${populationTrace.toPrecision(4)}; ‖G‖² ${squaredGradient.toPrecision(4)}; noise scale ${noiseScale.toPrecision(4)}; lines: √(tr Σ/B), and the share (N − B)/(N − 1) of it squared; points: ${drawn[0]?.squaredErrors.length ?? 0} draws, 95 %`,
  } = options;
  return page(title, caption, HEIGHT + names.height, [
    { svg: names.svg, x: 12, y: HEAD },
    { svg: figure as SVGSVGElement, x: 0, y: HEAD + names.height },
  ]);
}
