// The path of a training run, and the plane it moves in most (Li et al. 2018, section 7).
import { requireArray, requireOptions, requireWhole } from "../checks.ts";
import type { Callback } from "../training/callbacks.ts";
import { symmetricEigen } from "./jacobi.ts";
import { difference, type Mark, type Section, spanned } from "./sections.ts";
import { dot, norm } from "./vectors.ts";

export interface TrajectoryOptions {
  /** Every so many reports, a whole number ≥ 1; default 1. How often `fit` reports: see `reportEvery`. */
  readonly every?: number;
}

/** A callback of `fit` that keeps θ: before the first step, and with every report. */
export function trajectory(
  options: TrajectoryOptions = {},
): Callback & { readonly points: Float32Array[]; readonly steps: number[] } {
  requireOptions("trajectory", options, ["every"]);
  const { every = 1 } = options;
  requireWhole("trajectory", "every", every, 1);
  const points: Float32Array[] = [];
  const steps: number[] = [];
  let reports = 0;
  const keep: NonNullable<Callback["begin"]> = async (model) => {
    const { parameters, steps: done } = await model.snapshot({ copy: false });
    // An epoch's last step may have had a report of its own.
    if (steps.at(-1) === done) return;
    points.push(parameters.slice());
    steps.push(done);
  };
  return {
    points,
    steps,
    begin: keep,
    async report(_, model) {
      if (++reports % every === 0) await keep(model);
    },
  };
}

/**
 * The plane of the two principal components of θᵢ − θₙ, through the last point θₙ, with the path's places in it.
 * `about.explained` says which share of the path's variation about its end each direction holds.
 * @param points θ, one after another, such as trajectory().points
 * @throws for fewer than three points, and for a path that goes along a straight line
 */
export function principalPlane(points: readonly Float32Array[]): Section & {
  readonly path: NonNullable<Section["path"]>;
} {
  const call = "principalPlane";
  requireArray(call, "points", points);
  const last = points.at(-1);
  if (points.length < 3 || !last)
    throw new Error(`${call}: a plane needs at least three points, got ${points.length}; record more often`);
  const moves = points.slice(0, -1).map((point) => difference(point, last));
  // M Mᵀ has the squares of M's singular values, and is as small as the path is short.
  const { values, vectors } = symmetricEigen(moves.map((a) => moves.map((b) => dot(a, b))));
  const total = values.reduce((sum, value) => sum + Math.max(value, 0), 0);
  const explained = values.slice(0, 2).map((value) => Math.max(value, 0) / total);
  if (!((explained[1] ?? 0) > 1e-9))
    throw new Error(`${call}: the path goes along a straight line, or nowhere; there is no plane to show it in`);
  const directions = [0, 1].map((k) => {
    const direction = new Float64Array(last.length);
    moves.forEach((move, i) => {
      const share = vectors[k]?.[i] as number;
      for (let j = 0; j < move.length; j++) direction[j] = (direction[j] as number) + share * (move[j] as number);
    });
    const length = norm(direction);
    return Float32Array.from(direction, (value) => value / length);
  });
  const path = [...moves, new Float64Array(last.length)].map((move): readonly [number, number] => {
    const [x, y] = directions.map((direction) => dot(move, direction));
    return [x as number, y as number];
  });
  const section = spanned({ parameters: last }, directions, {
    about: { kind: "plane of the trajectory's principal components", explained, points: points.length },
  });
  const marks: Mark[] = [
    { name: "start", x: path[0]?.[0] as number, y: path[0]?.[1] as number },
    { name: "end", x: 0, y: 0 },
  ];
  return { ...section, path, marks, ranges: [0, 1].map((axis) => around(path.map((place) => place[axis] as number))) };
}

/** A range with a margin. */
function around(values: readonly number[]): readonly [number, number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const margin = 0.2 * (high - low);
  return [low - margin, high + margin];
}
