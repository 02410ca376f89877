// Figures: what they show, compared as SVG.
import { describe, expect, test } from "vitest";
import {
  contourPicture,
  descentPicture,
  eigenvaluePicture,
  noisePicture,
  profilePicture,
  type Surface,
  spectrumPicture,
  surfacePicture,
  toPng,
} from "../../src/science/index.ts";

const axis = (n: number): Float64Array => Float64Array.from({ length: n }, (_, i) => (2 * i) / (n - 1) - 1);

/** A bowl x² + 4y² + 0.01, or along x a parabola. */
function bowl(width: number, height: number, more: Partial<Surface> = {}): Surface {
  const [x, y] = [axis(width), height === 1 ? Float64Array.of(0) : axis(height)];
  const loss = Float64Array.from(
    { length: width * height },
    (_, at) => 0.01 + (x[at % width] as number) ** 2 + 4 * (y[Math.floor(at / width)] as number) ** 2,
  );
  return {
    ...{ x, y, loss, accuracy: loss.map(() => Number.NaN), status: new Uint8Array(loss.length).fill(1) },
    about: { section: { kind: "random plane", seed: 3, normalize: "filter" }, vectors: "", examples: 500 },
    marks: [{ name: "a & b", x: 0, y: 0 }],
    path: [
      [-1, -1],
      [0.5, 0.2],
      [0, 0],
    ],
    ...more,
  };
}

const count = (text: string, part: RegExp): number => (text.match(part) ?? []).length;

describe("a contour picture", () => {
  test("has contours, path, marks, and says what was computed on what", async () => {
    const svg = await contourPicture(bowl(21, 21));
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" width="640"/);
    for (const text of ["random plane", "441 points; loss on 500 examples; seed 3, filter-normalised", "a &amp; b"])
      expect(svg).toContain(text);
    expect(svg).toContain("second direction");
    // 15 areas, as many lines.
    expect(count(svg, /aria-label="contour"/g)).toBe(2);
    expect(count(svg, /aria-label="line"/g)).toBe(2);
    // The one minimum is marked already.
    expect(svg).not.toContain("local");
    // Shades of grey alone.
    for (const [, r, g, b] of svg.matchAll(/rgb\((\d+), (\d+), (\d+)\)/g)) expect([g, b]).toEqual([r, r]);
    expect(count(svg, /rgb\(/g)).toBeGreaterThan(14);
    expect(svg).not.toContain("NaN");
    expect(await contourPicture(bowl(21, 21))).toBe(svg);
  });

  test("puts the scale of losses beside a title, or below one that is long", async () => {
    const keyOf = async (title: string): Promise<number[]> => {
      const svg = await contourPicture(bowl(5, 5), { title });
      return Array.from(svg.matchAll(/<svg [^>]*\by="(\d+)"/g), ([, y]) => Number(y));
    };
    const [short, long] = [
      await keyOf("a short one"),
      await keyOf("a title of one and of the other network, and of more"),
    ];
    expect(short[0]).toBeLessThan(10);
    expect(long[0]).toBeGreaterThan(22);
    expect((long[1] as number) - (long[0] as number)).toBe((short[1] as number) - (short[0] as number));
  });

  test("leaves holes white, and counts them", async () => {
    const whole = bowl(21, 21);
    const loss = whole.loss.map((value, at) => (at % 21 < 8 ? Number.NaN : value));
    const svg = await contourPicture({ ...whole, loss, status: whole.status.map((_, at) => (at % 21 < 8 ? 2 : 1)) });
    expect(svg).toContain(`${8 * 21} without a finite loss`);
    expect(svg).not.toContain("NaN");
    const white = (text: string): number => count(text.split('aria-label="contour"')[2] as string, /<rect [^>]*y="/g);
    // And the frame.
    expect([white(svg), white(await contourPicture(whole))]).toEqual([8 * 21 + 1, 1]);
  });

  test("marks local minima that have no mark, and tells paths apart by dash, marker and shade", async () => {
    const places = [
      [-1, 0],
      [0, 0.5],
    ] as const;
    const paths = ["one", "two", "three"].map((name) => ({ name, places }));
    const svg = await contourPicture(bowl(21, 21, { marks: [], path: [] }), { paths, axes: ["u", "v"] });
    expect(svg).toContain("1 local minimum of the grid (+)");
    for (const text of [">one<", ">two<", ">three<", "u →", "↑ v"]) expect(svg).toContain(text);
    const dashes = [...svg.matchAll(/<g stroke-dasharray="([^"]+)"[^>]*linejoin/g)].map(([, dash]) => dash);
    expect(dashes).toEqual(["7 4", "2 3"]);
    // White below each.
    expect(count(svg, /aria-label="line"/g)).toBe(6);
  });

  test("has a linear scale where a loss is below zero, and one shade where all are the same", async () => {
    const whole = bowl(21, 21);
    const lowered = await contourPicture({ ...whole, loss: whole.loss.map((value) => value - 2) });
    const marked = (svg: string): string[] =>
      [...svg.matchAll(/>([−\d.]+)<\/text>/g)].map(([, text]) => text as string);
    expect(marked(lowered)).toEqual(expect.arrayContaining(["−1", "0", "1", "2"]));
    const flat = await contourPicture({ ...whole, loss: whole.loss.map(() => 3) });
    expect(flat).not.toContain("NaN");
    expect(new Set([...flat.matchAll(/fill="(rgb\([^"]+\))"/g)].map(([, fill]) => fill)).size).toBe(1);
  });

  test("is refused for lines, and where there is nothing to show", async () => {
    await expect(contourPicture(bowl(5, 1))).rejects.toThrow("this is a line; use profilePicture");
    await expect(contourPicture(bowl(5, 5, { status: new Uint8Array(25) }))).rejects.toThrow("no point of the surface");
  });
});

describe("a picture in space", () => {
  const cells = (svg: string): string[] =>
    [...svg.matchAll(/<path fill="rgb[^"]+" d="M([^"]+)Z"/g)].map(([, line]) => line as string);

  test("has every cell, what is far first, with path and marks upon them", async () => {
    const svg = await surfacePicture(bowl(21, 11));
    expect(cells(svg).length).toBe(20 * 10);
    // The far corner is drawn highest up of all, the near one lowest.
    const top = (line: string): number => Math.min(...line.split("L").map((pixel) => Number(pixel.split(",")[1])));
    const tops = cells(svg).map(top);
    expect(tops[0]).toBe(Math.min(...tops));
    expect(tops.indexOf(Math.max(...tops))).toBeGreaterThan(100);
    for (const text of ["a &#38; b", "loss on 500 examples", "upwards: logarithm of the loss", "first direction →"])
      expect(svg).toContain(text);
    expect(count(svg, /aria-label="path"/g)).toBe(2);
    for (const [, r, g, b] of svg.matchAll(/rgb\((\d+),(\d+),(\d+)\)/g)) expect([g, b]).toEqual([r, r]);
    expect(svg).not.toContain("NaN");
  });

  test("leaves holes out, with the cells around them", async () => {
    const whole = bowl(21, 11);
    const status = whole.status.map((_, at) => (at === 0 ? 2 : at === 5 * 21 + 5 ? 0 : 1));
    const svg = await surfacePicture({
      ...whole,
      loss: whole.loss.map((value, at) => (status[at] === 1 ? value : Number.NaN)),
      status,
    });
    expect(cells(svg).length).toBe(20 * 10 - 1 - 4);
    expect(svg).toContain("1 without a finite loss");
    expect(svg).not.toContain("NaN");
  });

  test("draws fewer points of a fine grid, and says so; a plain is one, too", async () => {
    const fine = await surfacePicture(bowl(241, 11));
    expect(cells(fine).length).toBe(120 * 5);
    expect(fine).toContain("every 2nd is drawn");
    const plain = bowl(5, 5);
    expect(new Set((await surfacePicture({ ...plain, loss: plain.loss.map(() => 2) })).match(/rgb[^"]+/g)).size).toBe(
      1,
    );
    await expect(surfacePicture(bowl(5, 1))).rejects.toThrow("this is a line; use profilePicture");
  });
});

test("a picture of eigenvalues has a cell for each point that is known, dark where nothing bends downwards", async () => {
  const whole = bowl(3, 3);
  const known = whole.status.map((_, at) => (at === 8 ? 2 : 1));
  const largest = whole.loss.map(() => 4);
  const smallest = whole.loss.map((_, at) => (at === 0 ? 1 : -at));
  const svg = await eigenvaluePicture({ ...whole, status: known, smallest, largest });
  const figure = svg.slice(svg.lastIndexOf('aria-label="rect"'));
  const shades = [...figure.matchAll(/<rect[^>]*fill="rgb\((\d+),/g)].map(([, shade]) => Number(shade));
  expect(shades.length).toBe(8);
  expect(shades).toEqual([...shades].sort((a, b) => a - b));
  expect([shades[0], shades[7]]).toEqual([20, 225]);
  expect(svg).toContain("at 1 of 8 points below 0.01");
  await expect(eigenvaluePicture({ ...bowl(3, 1), smallest, largest })).rejects.toThrow("this is a line");
});

describe("a profile picture", () => {
  test("has a line, a dash, markers and a name for each", async () => {
    const svg = await profilePicture(
      [
        { name: "straight", surface: bowl(9, 1) },
        { name: "curve", surface: bowl(9, 1) },
      ],
      { caption: "on nothing" },
    );
    expect(count(svg, /aria-label="line"/g)).toBe(2);
    // Of the line, and in the legend.
    expect(count(svg, /stroke-dasharray="7 4"/g)).toBe(2);
    expect(count(svg, /aria-label="dot"/g)).toBe(4);
    for (const text of [">straight, curve<", ">straight<", ">curve<", "on nothing"]) expect(svg).toContain(text);
  });

  test("is refused for planes and for nothing", async () => {
    await expect(profilePicture([{ name: "a", surface: bowl(4, 4) }])).rejects.toThrow("a plane is for contourPicture");
    await expect(profilePicture([])).rejects.toThrow("expected a list of { name, surface }");
  });
});

describe("a picture of a spectrum", () => {
  test("shows the density on a logarithmic scale, and marks eigenvalues", async () => {
    const spectrum = { nodes: Float64Array.of(-0.5, 0, 4), weights: Float64Array.of(0.001, 0.998, 0.001) };
    const svg = await spectrumPicture(spectrum, { eigenvalues: [4, -0.5, 2] });
    for (const text of [">4.000<", ">−0.5000<", "3 nodes of Lanczos quadrature", "3 eigenvalues (▲)", "↑ density"])
      expect(svg).toContain(text);
    expect(svg).not.toContain(">2.000<");
    const triangles = svg.slice(svg.indexOf('aria-label="dot"')).match(/<path[^>]*Z"[^>]*translate/g);
    expect(triangles?.length).toBe(3);
    // 0 is a thousand times as dense as the ends: three decades of at least four.
    expect(count(svg, />1e[+-]\d<\/text>/g)).toBeGreaterThanOrEqual(4);
  });

  test("of one place alone is a bell", async () => {
    for (const node of [0, 3])
      expect(await spectrumPicture({ nodes: Float64Array.of(node), weights: Float64Array.of(1) })).not.toContain("NaN");
  });
});

describe("a picture of noise", () => {
  const noise = { count: 100, populationTrace: 4, squaredGradient: 0.25, noiseScale: 16 };
  const drawn = (batchSize: number, replacement: boolean, error: number) => ({
    ...{ batchSize, replacement, squaredNorms: Float64Array.of(1, 1) },
    squaredErrors: Float64Array.of(error ** 2, error ** 2),
  });

  test("shows what is predicted as lines and what is measured as points, with gradient and noise scale", async () => {
    const points = [drawn(1, true, 2), drawn(64, true, 0.25), drawn(64, false, 0.15), drawn(100, false, 0)];
    const svg = await noisePicture(noise, points);
    for (const text of [">‖G‖<", ">noise scale 16.0<", ">with replacement<", ">without replacement<", "tr Σ 4.000"])
      expect(svg).toContain(text);
    expect(svg).not.toMatch(/NaN|Infinity/);
  });
});

describe("a picture of descents", () => {
  const states = (losses: readonly number[]) =>
    losses.map((loss, i) => ({ loss, gradientNorm: 10 ** -i, evaluations: 3 * i + 1, products: i }));

  test("has loss and gradient norm against what they cost, for each method", async () => {
    const runs = [
      { name: "one", states: states([1, 0.1, 0.01]) },
      { name: "two", states: states([1, 0.5]) },
    ];
    const svg = await descentPicture(runs);
    expect(count(svg, /aria-label="line"/g)).toBe(4);
    for (const text of [">↑ loss<", ">↑ gradient norm<", ">one<", ">two<", "one: 2 iterations; two: 1 iterations"])
      expect(svg).toContain(text);
    // 3·2 + 1 evaluations and 2 products
    expect(svg).toContain(">9<");
    // What is 0 is left out of a logarithmic scale; below it, the scale is linear.
    const reached = await descentPicture([{ name: "one", states: states([1, 0.01, 0]) }]);
    expect(reached).not.toMatch(/NaN|Infinity/);
    expect(reached.split("↑ gradient norm")[0]).toContain(">1e-1<");
    const below = await descentPicture([{ name: "one", states: states([1, -1]) }]);
    expect(below.split("↑ gradient norm")[0]).toContain(">0<");
  });

  test("is refused for nothing", async () => {
    await expect(descentPicture([])).rejects.toThrow("no runs; give one state at least");
    await expect(descentPicture([{ name: "a", states: [] }])).rejects.toThrow('"a" has no states');
  });
});

test("a PNG is twice as wide", async () => {
  const png = await toPng(await contourPicture(bowl(9, 9)));
  expect([...png.subarray(1, 4)]).toEqual([0x50, 0x4e, 0x47]);
  expect(new DataView(png.buffer, png.byteOffset).getUint32(16)).toBe(1280);
  await expect(toPng("nothing")).rejects.toThrow("expected the SVG of a picture");
});
