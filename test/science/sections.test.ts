// Lines and planes through parameter space: their geometry.
import { describe, expect, test } from "vitest";
import { arrayDataset, batchNorm, chain, conv2d, crossEntropy, dense, flatten, relu } from "../../src/index.ts";
import {
  lineBetween,
  planeThrough,
  principalPlane,
  randomSection,
  spanned,
  trajectory,
} from "../../src/science/index.ts";
import { dot, expectClose, netOf, norm, numbers } from "../nn/net.ts";

const convNet = (seed = 5) =>
  netOf([4, 4, 2], chain(conv2d(3, 3), batchNorm(), relu(), flatten(), dense(5)), { loss: crossEntropy(), seed });

describe("random sections", () => {
  test("have filters as long as the network's, and leave biases and norms where they are", async () => {
    const model = await convNet();
    model.parameters = model.parameters.map((value, i) => value + (numbers(model.parameters.length, 8)[i] as number));
    const { vectors, about } = randomSection(model, { seed: 3 });
    expect(about).toEqual({ kind: "random plane", seed: 3, normalize: "filter", ignore: ["bias", "scale"] });
    expect(vectors[0]?.parameters).toEqual(model.parameters);
    for (const { parameters: d } of vectors.slice(1))
      for (const { kind, shape, offset, size } of model.layout) {
        const [own, theirs] = [d, model.parameters].map((all) => all.slice(offset, offset + size));
        if (kind !== "weight") expect(norm(own as Float32Array)).toBe(0);
        else {
          const filters = shape.at(-1) as number;
          for (let filter = 0; filter < filters; filter++) {
            const [a, b] = [own, theirs].map((part) => (part as Float32Array).filter((_, i) => i % filters === filter));
            expect(norm(a as Float32Array)).toBeCloseTo(norm(b as Float32Array), 5);
          }
        }
      }
    // Two draws in many dimensions are nearly at right angles.
    const [, d1, d2] = vectors.map(({ parameters }) => parameters) as [Float32Array, Float32Array, Float32Array];
    expect(Math.abs(dot(d1, d2)) / norm(d1) / norm(d2)).toBeLessThan(0.3);
  });

  test("follow from their seed", async () => {
    const model = await convNet();
    const draw = (seed: number) => randomSection(model, { seed }).vectors[1]?.parameters;
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  test("may be normalised by layer, by weight, or not, and move what is asked for", async () => {
    const model = await convNet();
    const [conv] = model.layout;
    const part = (vector: Float32Array) =>
      vector.subarray(conv?.offset, (conv?.offset as number) + (conv?.size as number));
    const along = (normalize: "layer" | "weight" | "none") =>
      part(randomSection(model, { normalize, dimensions: 1 }).vectors[1]?.parameters as Float32Array);
    const own = part(model.parameters);
    expect(norm(along("layer"))).toBeCloseTo(norm(own), 5);
    expectClose(
      along("weight"),
      own.map((value, i) => value * (along("none")[i] as number)),
      1e-6,
    );
    const all = randomSection(model, { ignore: [], normalize: "none" }).vectors[1]?.parameters as Float32Array;
    expect(all.every((value) => value !== 0)).toBe(true);
    expect(() => randomSection(model, { ignore: ["weight", "bias", "scale"] })).toThrow("ignore leaves no parameter");
    expect(() => randomSection(model, { dimensions: 3 })).toThrow("dimensions must be 1 or 2, got 3");
  });
});

describe("the line between two networks", () => {
  test("is a at 0 and b at 1, and carries running statistics", async () => {
    const [a, b] = [await convNet(1), await convNet(2)];
    const line = lineBetween(a, b);
    expect([line.coefficients(0, 0), line.coefficients(1, 0)]).toEqual([
      [1, 0],
      [0, 1],
    ]);
    expect(line.vectors[1]).toEqual({ parameters: b.parameters, state: b.state });
  });

  test("is refused between different networks, and between a network and itself", async () => {
    const [a, b] = [await convNet(1), await netOf([3], dense(2))];
    expect(() => lineBetween(a, b)).toThrow(
      "lineBetween: a and b are different networks: parameter 1 is conv2d1.kernel [3,3,2,3] in one and",
    );
    expect(() => lineBetween(a, a)).toThrow("lineBetween: a and b are the same point");
    expect(() => lineBetween(a, {} as never)).toThrow("b.parameters must be a Float32Array");
  });
});

describe("the plane through three points", () => {
  test("holds them at their distances", () => {
    const at = (...values: number[]) => ({ parameters: Float32Array.from(values) });
    const [a, b, c] = [at(1, 1, 0), at(1, 4, 0), at(3, 2, 0)];
    const { marks, vectors, coefficients } = planeThrough(a, b, c);
    expect(marks.map(({ x, y }) => [x, y])).toEqual([
      [0, 0],
      [3, 0],
      [1, 2],
    ]);
    for (const [i, point] of [a, b, c].entries()) {
      const factors = coefficients(marks[i]?.x as number, marks[i]?.y as number);
      const reached = point.parameters.map((_, k) =>
        factors.reduce((sum, f, j) => sum + f * (vectors[j]?.parameters[k] as number), 0),
      );
      expectClose(reached, point.parameters, 1e-6);
    }
    // What lies beside the plane is moved into it at right angles.
    const { path } = planeThrough(a, b, c, { path: [a, at(2, 3, 0), at(0, 1, 7)] });
    expectClose((path as [number, number][]).flat(), [0, 0, 2, 1, 0, -1], 1e-12);
    expect(() => planeThrough(a, b, c, { path: [at(1, 2)] })).toThrow(
      "planeThrough: a and path[0] are different networks: 3 numbers of parameters and 2",
    );
    expect(() => planeThrough(a, b, at(1, 2.5, 0))).toThrow("lie on one line");
    expect(() => planeThrough(a, b, b)).toThrow("b and c are the same point");
  });
});

test("directions that are zero, or of another length, are refused", () => {
  const origin = { parameters: new Float32Array(3) };
  expect(() => spanned(origin, [new Float32Array(3)])).toThrow("directions[0] has length 0");
  expect(() => spanned(origin, [new Float32Array(2)])).toThrow(
    "directions[0] must be a Float32Array of 3 numbers, got 2",
  );
});

describe("the principal plane of a path", () => {
  test("holds a path that lies in a plane, with its variation shared out", () => {
    // An ellipse of half-axes 3 and 1 in a plane of five dimensions, once round.
    const [u, v] = [Float32Array.of(0.6, 0, 0.8, 0, 0), Float32Array.of(0, 1, 0, 0, 0)];
    const turns = Array.from({ length: 16 }, (_, i) => (i * Math.PI) / 8);
    const points = [
      ...turns.map((t) => u.map((value, k) => 3 * Math.cos(t) * value + Math.sin(t) * (v[k] as number))),
      new Float32Array(5), // the end: its centre
    ];
    const { about, path, vectors } = principalPlane(points);
    expectClose(about.explained as number[], [0.9, 0.1], 1e-6);
    path.forEach(([x, y], i) => {
      const t = turns[i];
      expect(Math.abs(x)).toBeCloseTo(t === undefined ? 0 : Math.abs(3 * Math.cos(t)), 5);
      expect(Math.abs(y)).toBeCloseTo(t === undefined ? 0 : Math.abs(Math.sin(t)), 5);
    });
    expect(Math.abs(dot(vectors[1]?.parameters as Float32Array, u))).toBeCloseTo(1, 6);
  });

  test("is refused for a straight path, and a short one", () => {
    const straight = [0, 1, 2, 3].map((t) => Float32Array.of(t, 2 * t));
    expect(() => principalPlane(straight)).toThrow("the path goes along a straight line");
    expect(() => principalPlane(straight.slice(0, 2))).toThrow("at least three points, got 2");
  });

  test("is that of a fit, which trajectory() records", async () => {
    const model = await netOf([4], chain(dense(6), relu(), dense(3)), { loss: crossEntropy() });
    const first = model.parameters.slice();
    const data = arrayDataset({
      x: numbers(40 * 4, 3),
      y: Int32Array.from({ length: 40 }, (_, i) => i % 3),
      shape: [4],
    });
    const path = trajectory();
    for await (const _ of model.fit(data, { epochs: 3, batchSize: 8, reportEvery: 1, callbacks: [path] }));
    expect(path.steps).toEqual(Array.from({ length: 16 }, (_, i) => i));
    expect(path.points[0]).toEqual(first);
    expect(path.points.at(-1)).toEqual(model.parameters);
    const [one, two] = principalPlane(path.points).about.explained as [number, number];
    expect(one).toBeGreaterThan(two);
    expect(one + two).toBeGreaterThan(0.5);
  });
});
