// Surfaces: the loss on a grid of a line or plane through parameter space, from coarse to fine, kept as it goes on.
import { hostTurn } from "#platform";
import { requireOneOf, requireOptions, requirePositive, requireSeed, requireWhole, show } from "../checks.ts";
import { checkDataset, type Dataset } from "../data/dataset.ts";
import { randomSource, shuffled } from "../data/random.ts";
import { subset } from "../data/split.ts";
import { checksum } from "../files/checksum.ts";
import { readPlace, writePlace } from "../files/place.ts";
import type { Model } from "../training/model.ts";
import type { Objective } from "../training/objective.ts";
import { type PointJudge, type PointOptions, pointJudge } from "../training/points.ts";
import type { Evaluation } from "../training/reports.ts";
import { workingsOf } from "../training/workings.ts";
import type { Section } from "./sections.ts";
import { decodeSurface, encodeSurface, HOLE, KNOWN, PENDING, type Surface, type SurfaceAbout } from "./surfaceFile.ts";

export interface GridOptions {
  /** Points on a side, at least 2; default 51, of a line 61. */
  readonly points?: number;
  /** Where the grid begins and ends; default: the section's ranges. */
  readonly x?: readonly [from: number, to: number];
  readonly y?: readonly [from: number, to: number];
  /** Where the surface is kept as it grows, every few seconds and at the end: see saveCheckpoint. */
  readonly file?: string;
  /** Goes on with what `file` holds; default false. */
  readonly resume?: boolean;
  /** Seconds between reports, at least; default 0.25. */
  readonly reportEvery?: number;
  /** Stops between two points; the iterator throws the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface SurfaceOptions extends GridOptions, PointOptions {
  /** How many examples each point is judged by, drawn once by `seed`; default: all. */
  readonly examples?: number;
  /** Default 0. */
  readonly seed?: number;
}

export interface SurfaceReport {
  /** Live: later points are written into it. */
  readonly surface: Surface;
  readonly done: number;
  readonly total: number;
  /** Points at which the loss is not finite. */
  readonly holes: number;
  readonly seconds: number;
  /** At the pace so far. */
  readonly secondsLeft: number;
}

/** Seconds between two writings of the file. */
const SAVE_EVERY = 2;
/** The stream of the draw of examples. */
const STREAM = 0x5c30;

export const gridNames = ["points", "x", "y", "file", "resume", "reportEvery", "signal"];

/**
 * Mean loss over a data set, plus λΩ, and the share of right answers, on a grid. Coarse grids come first, so that a
 * picture appears at once. Between two reports the model is as it was, and may be used. No dropout, no augmentation.
 * @throws from the iterator: for options that do not fit, and a file that was made for another model, grid or data
 */
export async function* surface(
  model: Model,
  data: Dataset,
  section: Section,
  options: SurfaceOptions = {},
): AsyncGenerator<SurfaceReport, void, void> {
  const call = "surface";
  const { engine } = workingsOf(call, model);
  requireOptions(call, options, [...gridNames, "normalization", "statistics", "examples", "seed"]);
  checkDataset(call, data);
  const { normalization = "running", statistics, examples = data.size, seed = 0, ...grid } = options;
  requireWhole(call, "examples", examples, 1);
  requireSeed(call, seed);
  if (examples > data.size)
    throw new Error(`${call}: examples is ${examples}, but the data set has ${data.size}; give fewer`);
  const judged =
    examples === data.size ? data : subset(data, shuffled(data.size, randomSource(seed, STREAM)).subarray(0, examples));
  requireSection(call, section, engine.specification.parameterCount, engine.specification.state.length);
  const judge = pointJudge(call, model, judged, { normalization, statistics: statistics ?? judged });
  const about = {
    model: fingerprint(engine.theta(), engine.state()),
    data: fingerprint(judged.x, judged.y, ...(statistics ? [statistics.x] : [])),
    examples,
    seed,
    normalization,
  };
  yield* onGrid(call, section, grid, about, (kept) => kept, judging(section, judge));
}

/** The values of any objective, such as a test function, on a grid; see surface. */
export async function* objectiveSurface(
  objective: Objective,
  section: Section,
  options: GridOptions = {},
): AsyncGenerator<SurfaceReport, void, void> {
  const call = "objectiveSurface";
  requireOptions(call, options, gridNames);
  requireSection(call, section, objective.size, 0);
  const judge: PointJudge = (vectors, coefficients, isDue) => {
    const theta = new Float32Array(objective.size);
    const evaluations: Evaluation[] = [];
    for (const factors of coefficients) {
      for (let i = 0; i < theta.length; i++)
        theta[i] = factors.reduce((sum, c, k) => sum + c * (vectors[k]?.parameters[i] as number), 0);
      evaluations.push({ loss: objective.loss(theta) });
      if (isDue()) break;
    }
    return evaluations;
  };
  yield* onGrid(call, section, options, {}, (kept) => kept, judging(section, judge));
}

export function requireSection(call: string, { vectors }: Section, parameters: number, state: number): void {
  for (const vector of vectors)
    if (vector.parameters.length !== parameters || ![0, state].includes(vector.state?.length ?? 0))
      throw new Error(
        `${call}: the section is of a network with ${vector.parameters.length} parameters and ${vector.state?.length ?? 0} numbers of state, this one has ${parameters} and ${state}; make it from networks like this one`,
      );
}

/**
 * A grid from coarse to fine: what all surfaces have in common. The file is resumed and kept, reports come as time goes by.
 * @param begin makes of an empty or resumed surface what is entered into
 * @param advance enters the points of `order` from number `next` on until it is due → the number that it has come to. Not
 * asynchronous where nobody may come between
 */
export async function* onGrid<S extends Surface>(
  call: string,
  section: Section,
  options: GridOptions,
  about: Omit<SurfaceAbout, "section" | "vectors">,
  begin: (surface: Surface) => S,
  advance: (grid: S, order: readonly number[], next: number, isDue: () => boolean) => number | Promise<number>,
): AsyncGenerator<SurfaceReport & { readonly surface: S }, void, void> {
  const { file, resume = false, reportEvery = 0.25, signal } = options;
  requirePositive(call, "reportEvery", reportEvery);
  requireOneOf(call, "resume", resume, [true, false]);
  if (resume && file === undefined) throw new Error(`${call}: resume: true needs the file to go on with`);
  const parts = section.vectors.flatMap(({ parameters, state }) => (state ? [parameters, state] : [parameters]));
  const empty = emptySurface(call, section, options, {
    section: section.about,
    vectors: fingerprint(...parts),
    ...about,
  });
  const grid = begin(resume ? await resumed(call, empty, file as string) : empty);
  const order = coarseToFine(grid.x.length, grid.y.length).filter((at) => grid.status[at] === PENDING);
  const started = performance.now();
  const seconds = (): number => (performance.now() - started) / 1000;
  let next = 0;
  let saved = 0;
  const save = async (): Promise<void> => {
    if (file !== undefined) await writePlace(call, file, () => [encodeSurface(grid)]);
    saved = seconds();
  };
  const report = () => ({
    surface: grid,
    done: grid.status.length - order.length + next,
    total: grid.status.length,
    holes: grid.status.reduce((sum, status) => sum + (status === HOLE ? 1 : 0), 0),
    seconds: seconds(),
    secondsLeft: next === 0 ? 0 : (seconds() / next) * (order.length - next),
  });
  try {
    while (next < order.length) {
      signal?.throwIfAborted();
      const until = seconds() + reportEvery;
      next = await advance(grid, order, next, () => seconds() >= until || signal?.aborted === true);
      if (seconds() - saved >= SAVE_EVERY) await save();
      // The last report says that all is kept.
      if (next < order.length) yield report();
      await hostTurn();
    }
  } finally {
    // However it ends, what was judged is kept.
    await save();
  }
  yield report();
}

/** Judges points in one go: between them a model is not as it was. */
function judging(section: Section, judge: PointJudge) {
  return (grid: Surface, order: readonly number[], next: number, isDue: () => boolean): number => {
    const evaluations = judge(section.vectors, coefficientsOf(section, grid, order, next), isDue);
    evaluations.forEach((values, i) => void enter(grid, order[next + i] as number, values));
    return next + evaluations.length;
  };
}

function* coefficientsOf(section: Section, grid: Surface, order: readonly number[], from: number) {
  for (let i = from; i < order.length; i++) yield coefficientsAt(section, grid, order[i] as number);
}

/** What the section's vectors are multiplied by at a point of the grid. */
export const coefficientsAt = (section: Section, { x, y }: Surface, at: number): readonly number[] =>
  section.coefficients(x[at % x.length] as number, y[Math.floor(at / x.length)] as number);

function enter({ loss, accuracy, status }: Surface, at: number, values: Evaluation): void {
  const known = Number.isFinite(values.loss);
  status[at] = known ? KNOWN : HOLE;
  loss[at] = known ? values.loss : Number.NaN;
  accuracy[at] = known ? (values.accuracy ?? Number.NaN) : Number.NaN;
}

function emptySurface(call: string, section: Section, options: GridOptions, about: SurfaceAbout): Surface {
  const isLine = section.ranges.length === 1;
  const { points = isLine ? 61 : 51 } = options;
  requireWhole(call, "points", points, 1);
  if (points === 1) throw new Error(`${call}: a grid of one point shows nothing; give at least 2 points`);
  if (isLine && options.y !== undefined) throw new Error(`${call}: a line has no y; leave it out`);
  const axis = (name: "x" | "y", usual: readonly [number, number]): Float64Array => {
    const [from, to, ...more] = options[name] ?? usual;
    if (!(Number.isFinite(from) && Number.isFinite(to) && from < to && more.length === 0))
      throw new Error(`${call}: ${name} must be [from, to] with from < to, got ${show(options[name])}`);
    return Float64Array.from({ length: points }, (_, i) => from + ((to - from) * i) / (points - 1));
  };
  const x = axis("x", section.ranges[0] as readonly [number, number]);
  const y = isLine ? new Float64Array(1) : axis("y", section.ranges[1] as readonly [number, number]);
  const size = x.length * y.length;
  return {
    x,
    y,
    loss: new Float64Array(size).fill(Number.NaN),
    accuracy: new Float64Array(size).fill(Number.NaN),
    status: new Uint8Array(size),
    about,
    marks: section.marks,
    path: section.path ?? [],
  };
}

/** What a file holds of the same surface. @throws where it is of another one, saying what differs */
async function resumed(call: string, empty: Surface, file: string): Promise<Surface> {
  const kept = await decodeSurface(await readPlace(call, file), call);
  const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
  const [theirs, ours] = [kept.about, empty.about];
  const differing = [
    ["another model: its parameters differ", theirs.model, ours.model],
    ["other directions", [theirs.section, theirs.vectors], [ours.section, ours.vectors]],
    ["other examples", [theirs.data, theirs.examples, theirs.seed], [ours.data, ours.examples, ours.seed]],
    [`normalization "${theirs.normalization}"`, theirs.normalization, ours.normalization],
    [`tolerance ${theirs.tolerance}`, theirs.tolerance, ours.tolerance],
    ["another grid", [...kept.x, ...kept.y], [...empty.x, ...empty.y]],
  ].find(([, a, b]) => !same(a, b));
  if (differing)
    throw new Error(`${call}: ${show(file)} was made for ${differing[0]}; give another file, or resume: false`);
  return kept;
}

/** Points of a grid by number, those with the coarsest steps first. */
export function coarseToFine(width: number, height: number): readonly number[] {
  const level = (i: number): number => (i === 0 ? 31 : Math.log2(i & -i));
  const levels = Array.from({ length: width * height }, (_, at) =>
    Math.min(level(at % width), level(Math.floor(at / width))),
  );
  return levels.map((_, at) => at).sort((a, b) => (levels[b] as number) - (levels[a] as number) || a - b);
}

/** What tells numbers from others. */
function fingerprint(...arrays: readonly (Uint8Array | Float32Array | Int32Array)[]): string {
  const bytes = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
    new Uint8Array(buffer, byteOffset, byteLength);
  const sums = arrays.map((array) => checksum([bytes(array)]));
  return sums.length === 1 ? (sums[0] as string) : checksum([new TextEncoder().encode(sums.join(" "))]);
}
