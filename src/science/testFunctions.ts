// Functions that methods are tried on before they meet a network: known minima, on the kernels that train models.
import { requireOptions, requirePositive, requireSeed, requireWhole, show } from "../checks.ts";
import { randomSource } from "../data/random.ts";
import type { Tensor } from "../graph/tensor.ts";
import { add, mul, sub } from "../ops/binary.ts";
import { constant } from "../ops/leaves.ts";
import { slice } from "../ops/movement.ts";
import { sum } from "../ops/reduce.ts";
import { cos, square } from "../ops/unary.ts";
import { type FunctionObjectiveOptions, functionObjective } from "../training/functionObjective.ts";
import type { Objective } from "../training/objective.ts";

export interface TestFunction extends Objective {
  readonly name: string;
  /** The customary place to begin. */
  readonly start: Float32Array;
  /** Points of least value; none where there is no least. */
  readonly minima: readonly (readonly number[])[];
}

interface Definition {
  readonly name: string;
  readonly start: readonly number[];
  readonly minima: readonly (readonly number[])[];
  readonly f: (theta: Tensor) => Tensor;
}

async function make({ name, start, minima, f }: Definition, options?: FunctionObjectiveOptions): Promise<TestFunction> {
  const objective = await functionObjective(start.length, f, options);
  return { ...objective, name, start: Float32Array.from(start), minima };
}

/** The same of x and y, each [1]. */
const plane =
  (f: (x: Tensor, y: Tensor) => Tensor): Definition["f"] =>
  (theta) =>
    f(slice(theta, [0], [1]), slice(theta, [1], [1]));

/** (1 − x)² + 100·(y − x²)² (Rosenbrock 1960): a curved valley. Minimum 0 at (1, 1). */
export const rosenbrock = (options?: FunctionObjectiveOptions): Promise<TestFunction> =>
  make(
    {
      name: "rosenbrock",
      start: [-1.2, 1],
      minima: [[1, 1]],
      f: plane((x, y) => add(square(sub(1, x)), mul(100, square(sub(y, square(x)))))),
    },
    options,
  );

/** (1.5 − x + xy)² + (2.25 − x + xy²)² + (2.625 − x + xy³)² (Beale 1958). Minimum 0 at (3, ½). */
export const beale = (options?: FunctionObjectiveOptions): Promise<TestFunction> =>
  make(
    {
      name: "beale",
      start: [1, 1],
      minima: [[3, 0.5]],
      f: plane((x, y) => {
        const term = (c: number, power: Tensor): Tensor => square(add(sub(c, x), mul(x, power)));
        return add(add(term(1.5, y), term(2.25, square(y))), term(2.625, mul(y, square(y))));
      }),
    },
    options,
  );

/** (x² + y − 11)² + (x + y² − 7)² (Himmelblau 1972). Four minima of value 0. */
export const himmelblau = (options?: FunctionObjectiveOptions): Promise<TestFunction> =>
  make(
    {
      name: "himmelblau",
      start: [0, 0],
      minima: [
        [3, 2],
        [-2.805118, 3.131313],
        [-3.77931, -3.283186],
        [3.584428, -1.848127],
      ],
      f: plane((x, y) => add(square(sub(add(square(x), y), 11)), square(sub(add(x, square(y)), 7)))),
    },
    options,
  );

/** 10·n + Σ (xᵢ² − 10·cos 2πxᵢ) (Rastrigin 1974): a minimum near every whole point, the least, 0, at the origin. */
export async function rastrigin(size = 2, options?: FunctionObjectiveOptions): Promise<TestFunction> {
  requireWhole("rastrigin", "size", size, 1);
  return make(
    {
      name: "rastrigin",
      start: new Array<number>(size).fill(2.2),
      minima: [new Array<number>(size).fill(0)],
      f: (x) => add(10 * size, sum(sub(square(x), mul(10, cos(mul(2 * Math.PI, x)))))),
    },
    options,
  );
}

/** x² − y² + y⁴/4: a saddle at the origin, minima of value −1 at (0, ±√2). */
export const saddle = (options?: FunctionObjectiveOptions): Promise<TestFunction> =>
  make(
    {
      name: "saddle",
      start: [1, 1e-3],
      minima: [
        [0, Math.SQRT2],
        [0, -Math.SQRT2],
      ],
      f: plane((x, y) => add(sub(square(x), square(y)), mul(0.25, square(square(y))))),
    },
    options,
  );

/** ¼(x + y)² + ¼κ(x − y)²: a straight, narrow ravine along x = y, with curvatures 1 and κ. Minimum 0 at the origin. */
export async function ravine(condition = 100, options?: FunctionObjectiveOptions): Promise<TestFunction> {
  requirePositive("ravine", "condition", condition);
  return make(
    {
      name: "ravine",
      start: [2, 1],
      minima: [[0, 0]],
      f: plane((x, y) => add(mul(0.25, square(add(x, y))), mul(0.25 * condition, square(sub(x, y))))),
    },
    options,
  );
}

export interface QuadraticOptions extends FunctionObjectiveOptions {
  /** Turns the axes at random: the Hessian is then full. Default: they stay, and it is diagonal. */
  readonly seed?: number;
}

/** ½ xᵀHx, H with the given eigenvalues. */
export async function quadratic(spectrum: readonly number[], options: QuadraticOptions = {}): Promise<TestFunction> {
  const call = "quadratic";
  if (!Array.isArray(spectrum) || spectrum.length === 0 || !spectrum.every((value) => Number.isFinite(value)))
    throw new Error(`${call}: spectrum must be a list of finite eigenvalues, got ${show(spectrum)}`);
  requireOptions(call, options, ["seed", "build"]);
  const { seed, ...rest } = options;
  if (seed !== undefined) requireSeed(call, seed);
  const n = spectrum.length;
  const mirror = seed === undefined ? undefined : unitVector(n, seed);
  return make(
    {
      name: "quadratic",
      start: new Array<number>(n).fill(1),
      minima: spectrum.every((value) => value >= 0) ? [new Array<number>(n).fill(0)] : [],
      f(x) {
        // A reflection is orthogonal: I − 2uuᵀ.
        const turned = mirror ? sub(x, mul(sum(mul(constant(mirror), x)), mul(2, constant(mirror)))) : x;
        return mul(0.5, sum(mul(constant([...spectrum]), square(turned))));
      },
    },
    rest,
  );
}

function unitVector(n: number, seed: number): number[] {
  const { normal } = randomSource(seed, QUADRATIC);
  const values = Array.from({ length: n }, normal);
  const length = Math.hypot(...values);
  return values.map((value) => value / length);
}

/** Streams of thalweg/science's draws, away from those of data. */
const QUADRATIC = 0x5c10;
