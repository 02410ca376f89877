// The command `thalweg minimize`: batch methods on test functions, and on a trained network's loss.
import {
  beale, contourPicture, type Descent, type DescentState, datasetObjective, descentPicture, eigenpairs, gradientDescent,
  heavyBall, himmelblau, lbfgs, nesterov, newtonCG, nonlinearConjugateGradient, type Objective,
  objectiveSurface, quadratic, rastrigin, ravine, rosenbrock, minimize as run, type Section, 
  type StoppingOptions, type Surface, saddle, spanned,type TestFunction,
} from "thalweg/science"; // biome-ignore format: a list of names
import { bare, draw, nameOf } from "./figures.ts";
import { type FunctionName, isFunction, type MethodName } from "./methods.ts";
import { hashOf, type Parts, partsIn } from "./parts.ts";
import { type ExamineOptions, examined } from "./trained.ts";

export interface MinimizeCommand extends ExamineOptions {
  readonly method: readonly MethodName[];
  readonly lineSearch: "fixed" | "armijo" | "strongWolfe";
  readonly learningRate?: number;
  readonly momentum: number;
  readonly iterations?: number;
  readonly tolerance: number;
  readonly from?: readonly number[];
  readonly dimensions?: number;
  readonly condition?: number;
  readonly resume?: boolean;
}

/** Something to be minimised. */
interface Problem {
  readonly name: string;
  readonly objective: Objective;
  readonly start: Float32Array;
  readonly minima: TestFunction["minima"];
  /** What it is, for captions. */
  readonly about: string;
  /** Checksum of the data, where there are some. */
  readonly data?: string;
  readonly iterations: number;
  readonly out: string;
  /** What a network answers at parameters. */
  readonly judge?: (theta: Float32Array) => { readonly loss: number; readonly accuracy?: number };
  close(): void;
}

/** What a method did. */
interface Run {
  readonly name: MethodName;
  readonly states: Omit<DescentState, "theta">[];
  /** θ of each state, where there are few parameters. */
  readonly path: Float32Array[];
  theta: Float32Array;
  /** Why it could not go on, where it could not. */
  failed?: string;
}

/** Seconds between two writings of what has been done. */
const SAVE_EVERY = 2;
/** Paths of points with more numbers are not kept. */
const FEW = 100;
/** Points on a side below a path. */
const GRID = 101;

/** @returns whether it went to its end */
export async function minimize(
  what: string,
  command: MinimizeCommand,
  write: (text: string) => void,
  signal: AbortSignal,
): Promise<boolean> {
  const { method, json, png, resume = false } = command;
  const problem = isFunction(what) ? await functionProblem(what, command) : await checkpointProblem(what, command);
  const started = performance.now();
  const { name, objective, start, judge } = problem;
  const makers = methodsFor(command, problem, await usualRate(command, problem, signal));
  const runs: Run[] = [];
  const file = `${command.out ?? problem.out}.npz`;
  try {
    const parts = await partsIn(file, identity(problem, command), resume);
    let saved = performance.now();
    for (const one of method) {
      if (!json) write(`${one} on ${name}, ${objective.size} parameters\n${heading}\n`);
      const done = keptRun(parts, one, start);
      runs.push(done);
      const { iteration = 0 } = done.states.at(-1) ?? {};
      await follow(done, makers[one](objective, done.theta, iteration), signal, (state) => {
        const line = stateLine(one, state, json);
        if (line) write(`${line}\n`);
        if (performance.now() - saved < 1000 * SAVE_EVERY) return;
        keep(parts, start, runs);
        saved = performance.now();
      });
      // The others may do better; alone, it is an error.
      if (done.failed !== undefined && method.length === 1) throw new Error(done.failed);
      keep(parts, start, runs);
      if (done.failed !== undefined && !json) write(`${done.failed}\n`);
      if (signal.aborted) break;
    }
    const picture = await pictureOf(problem, runs);
    const files = [file, ...(await draw(file.replace(/\.npz$/, ""), picture, png))];
    const before = judge?.(start);
    const results = runs.map(({ name: by, states, theta, failed }) => {
      const { iteration, stopped, ...last } = states.at(-1) as Run["states"][number];
      return {
        ...{ method: by, iterations: iteration, ...last, stopped: failed ?? stopped ?? "interrupted" },
        ...(theta.length <= FEW && { theta: Array.from(theta) }),
        ...(judge && { test: judge(theta) }),
      };
    });
    const seconds = (performance.now() - started) / 1000;
    const { size } = objective;
    if (json) write(`${JSON.stringify({ problem: name, size, ...(before && { before }), results, seconds, files })}\n`);
    else {
      if (before) write(`\ntest before: ${testText(before)}\n`);
      for (const { method: by, iterations, loss, evaluations, products, stopped, test } of results)
        write(
          `${by}: loss ${loss.toPrecision(5)} after ${iterations} iterations, ${evaluations} evaluations, ${products} products; ended by ${stopped}${test ? `; test ${testText(test)}` : ""}\n`,
        );
      write(`after ${seconds.toFixed(1)} s; kept in ${files.join(", ")}\n`);
      if (signal.aborted) write("interrupted; go on with --resume\n");
    }
    return !signal.aborted;
  } finally {
    problem.close();
  }
}

const testText = ({ loss, accuracy }: { readonly loss: number; readonly accuracy?: number }): string =>
  `loss ${loss.toFixed(4)}${accuracy === undefined ? "" : `, accuracy ${(100 * accuracy).toFixed(2)} %`}`;

const makes: Readonly<
  Record<FunctionName, (options: Pick<MinimizeCommand, "dimensions" | "condition">) => Promise<TestFunction>>
> = {
  rosenbrock: () => rosenbrock(),
  beale: () => beale(),
  himmelblau: () => himmelblau(),
  rastrigin: ({ dimensions }) => rastrigin(dimensions),
  saddle: () => saddle(),
  ravine: ({ condition }) => ravine(condition),
  quadratic: ({ dimensions = 20, condition = 100 }) =>
    quadratic(Array.from({ length: dimensions }, (_, i) => condition ** (i / Math.max(1, dimensions - 1)))),
};

/** Functions that an option is for. */
const takes: Readonly<Record<"dimensions" | "condition", readonly FunctionName[]>> = {
  dimensions: ["rastrigin", "quadratic"],
  condition: ["ravine", "quadratic"],
};

async function functionProblem(what: FunctionName, command: MinimizeCommand): Promise<Problem> {
  for (const [option, names] of Object.entries(takes))
    if (command[option as keyof typeof takes] !== undefined && !names.includes(what))
      throw new Error(`minimize ${what}: --${option} is for ${names.join(" and ")}; leave it out`);
  if (command.data !== undefined) throw new Error(`minimize ${what}: --data is for checkpoints; leave it out`);
  const f = await makes[what](command);
  const start = command.from ? Float32Array.from(command.from) : f.start;
  if (start.length !== f.size)
    throw new Error(`minimize ${what}: --from has ${start.length} numbers, but the function takes ${f.size}`);
  const { name, minima } = f;
  return {
    ...{ name, objective: f, start, minima, iterations: 1000, out: `minimize-${name}` },
    about: `${name}${f.size <= 4 ? ` from (${Array.from(start, (value) => value.toPrecision(3)).join(", ")})` : `, ${f.size} parameters`}`,
    close() {},
  };
}

async function checkpointProblem(checkpoint: string, command: MinimizeCommand): Promise<Problem> {
  for (const option of ["from", "dimensions", "condition"] as const)
    if (command[option] !== undefined)
      throw new Error(`minimize ${checkpoint}: --${option} is for test functions; leave it out`);
  const { model, data, test } = await examined(checkpoint, { ...command, threads: 1 });
  const name = nameOf(checkpoint);
  return {
    ...{ name, objective: datasetObjective(model, data), start: model.parameters.slice(), minima: [] },
    ...{ iterations: 50, out: `${bare(checkpoint)}.minimize`, data: hashOf(data.x, data.y) },
    about: `${name}, ${model.parameters.length} parameters; loss on ${data.size} examples of ${command.on}`,
    judge(theta) {
      model.parameters = theta;
      return model.evaluate(test);
    },
    close: () => model.close(),
  };
}

/** 1/|λ|, λ the greatest eigenvalue where it begins: what steps of a fixed length are told, unless an option tells. */
async function usualRate(
  { method, lineSearch, learningRate }: MinimizeCommand,
  { objective, start }: Problem,
  signal: AbortSignal,
): Promise<number | undefined> {
  const isFixed = (name: MethodName): boolean =>
    name === "heavyBall" || name === "nesterov" || (name === "gradientDescent" && lineSearch === "fixed");
  if (learningRate !== undefined || !method.some(isFixed)) return learningRate;
  const { values } = await eigenpairs(objective, start, { which: "magnitude", tolerance: 0.01, signal });
  return 1 / Math.max(Math.abs(values[0] as number), Number.EPSILON);
}

/** @param done iterations that lie behind `start` */
type Maker = (objective: Objective, start: Float32Array, done: number) => Descent;

function methodsFor(
  { lineSearch, learningRate, momentum, iterations, tolerance }: MinimizeCommand,
  problem: Problem,
  usual: number | undefined,
): Readonly<Record<MethodName, Maker>> {
  const stop = (done: number): StoppingOptions => ({
    maxIterations: Math.max(0, (iterations ?? problem.iterations) - done),
    gradientTolerance: tolerance,
  });
  const rate = lineSearch === "fixed" ? usual : learningRate;
  const searched = { lineSearch, ...(rate !== undefined && { learningRate: rate }) };
  const fixed = { momentum, ...(usual !== undefined && { learningRate: usual }) };
  return {
    gradientDescent: (f, x, done) => gradientDescent(f, x, { ...stop(done), ...searched }),
    heavyBall: (f, x, done) => heavyBall(f, x, { ...stop(done), ...fixed }),
    nesterov: (f, x, done) => nesterov(f, x, { ...stop(done), ...fixed }),
    nonlinearConjugateGradient: (f, x, done) => nonlinearConjugateGradient(f, x, stop(done)),
    lbfgs: (f, x, done) => lbfgs(f, x, stop(done)),
    newtonCG: (f, x, done) => newtonCG(f, x, stop(done)),
  };
}

/** Enters states as they come, behind those of an earlier run; what went wrong behind the first one is kept, too. */
async function follow(
  done: Run,
  descent: Descent,
  signal: AbortSignal,
  tell: (state: DescentState) => void,
): Promise<void> {
  const before = done.states.at(-1);
  try {
    await run(descent, {
      signal,
      onState(own) {
        // The last state of the earlier run, unless it ends there.
        if (before && own.iteration === 0 && own.stopped === undefined) return;
        const state = before ? behind(before, own) : own;
        const { theta, ...numbers } = state;
        done.states.push(numbers);
        done.theta = theta;
        if (theta.length <= FEW) done.path.push(theta);
        tell(state);
      },
    });
  } catch (error) {
    if (signal.aborted && done.states.length > 0) return;
    if (signal.aborted || done.states.length === 0) throw error;
    done.failed = (error as Error).message;
  }
}

const behind = (before: Run["states"][number], state: DescentState): DescentState => ({
  ...state,
  iteration: before.iteration + state.iteration,
  evaluations: before.evaluations + state.evaluations,
  products: before.products + state.products,
});

const heading = "iteration           loss   gradient norm        step   evaluations   products";

/** All states as JSON; as text the first ten, then ten for each power of ten, and the last. */
function stateLine(method: MethodName, state: DescentState, json: boolean | undefined): string | undefined {
  const { theta, ...numbers } = state;
  if (json) return JSON.stringify({ method, ...numbers });
  const { iteration, loss, gradientNorm, step, evaluations, products, stopped } = state;
  if (stopped === undefined && iteration % 10 ** Math.floor(Math.log10(Math.max(iteration, 1))) !== 0) return undefined;
  return [
    String(iteration).padStart(9),
    (Math.abs(loss) < 1e-3 ? loss.toExponential(3) : loss.toPrecision(6)).padStart(15),
    gradientNorm.toExponential(3).padStart(16),
    step.toExponential(2).padStart(12),
    String(evaluations).padStart(14),
    String(products).padStart(11),
  ].join("");
}

/** What decides the numbers of a run. */
const identity = ({ about, start, data }: Problem, command: MinimizeCommand): object => ({
  ...{ problem: about, start: hashOf(start), data: data ?? null },
  ...{ condition: command.condition ?? null, "line search": command.lineSearch },
  ...{ "learning rate": command.learningRate ?? null, momentum: command.momentum },
});

const columns = ["iteration", "loss", "gradientNorm", "step", "evaluations", "products"] as const;

/** A run as it was kept: what a method remembers of its steps begins anew behind it. */
function keptRun(parts: Parts, name: MethodName, start: Float32Array): Run {
  const kept = columns.map((key) => parts.get(`${name}_${key}`));
  const theta = parts.get(`${name}_theta`) as Float32Array | undefined;
  const path = (parts.get(`${name}_path`) ?? []) as Float32Array;
  if (!theta || kept.includes(undefined)) return { name, states: [], path: [], theta: start };
  const state = (i: number) => Object.fromEntries(columns.map((key, k) => [key, kept[k]?.[i]]));
  return {
    ...{ name, theta },
    states: Array.from(kept[0] as Float64Array, (_, i) => state(i) as unknown as Run["states"][number]),
    path: Array.from({ length: path.length / theta.length }, (_, i) =>
      path.slice(i * theta.length, (i + 1) * theta.length),
    ),
  };
}

function keep(parts: Parts, start: Float32Array, runs: readonly Run[]): void {
  const arrays = runs.flatMap(({ name, states, path, theta }) => [
    ...columns.map((key) => [`${name}_${key}`, Float64Array.from(states, (state) => state[key])] as const),
    [`${name}_theta`, theta] as const,
    ...(path.length > 0 ? [[`${name}_path`, path] as const] : []),
  ]);
  parts.keep({ start, ...Object.fromEntries(arrays) });
}

/** In two dimensions the paths, else loss and gradient norm. */
async function pictureOf(problem: Problem, runs: readonly Run[]): Promise<string> {
  const { name, about, objective, start, minima } = problem;
  const ends = runs.map(({ name: by, states }) => {
    const { iteration, loss } = states.at(-1) as Run["states"][number];
    return `${by}: ${iteration} iterations, loss ${loss.toPrecision(3)}`;
  });
  const caption = `${about}; ${ends.join("; ")}`;
  const title = `${runs.length === 1 ? runs[0]?.name : "batch methods"} on ${name}`;
  if (objective.size !== 2) return descentPicture(runs, { title, caption });
  const paths = runs.map(({ name: by, path }) => ({
    name: by,
    places: path.map((place) => [place[0] as number, place[1] as number] as const),
  }));
  // A path that leads to infinity is cut off.
  const places = [
    ...paths.flatMap((path, i) => (runs[i]?.failed === undefined ? path.places : path.places.slice(0, 1))),
    ...minima.map(([x, y]) => [x as number, y as number] as const),
  ];
  const range = (axis: 0 | 1): readonly [number, number] => {
    const values = places.map((place) => place[axis]);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const margin = 0.2 * (high - low) || 1;
    return [low - margin, high + margin];
  };
  const axes = [Float32Array.of(1, 0), Float32Array.of(0, 1)];
  const section: Section = {
    ...spanned({ parameters: new Float32Array(2) }, axes, { about: { kind: name } }),
    marks: [
      ...minima.map(([x, y]) => ({ name: "minimum", x: x as number, y: y as number })),
      { name: "start", x: start[0] as number, y: start[1] as number },
    ],
  };
  let plane: Surface | undefined;
  for await (const report of objectiveSurface(objective, section, { points: GRID, x: range(0), y: range(1) }))
    plane = report.surface;
  // Far away nothing around a path may be finite.
  if (!plane?.loss.some(Number.isFinite)) return descentPicture(runs, { title, caption });
  return contourPicture(plane, { title, caption, paths, axes: ["x", "y"], minima: false });
}
