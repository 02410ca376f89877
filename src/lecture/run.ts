// Runs experiments and keeps what they find: a file of data and the figures for each, and the report over all of them.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { access, copyFile, mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Experiment, Figure, Outcome, PlainRecord, Preset, Progress } from "./experiment.ts";
import { reportHtml } from "./report.ts";

export interface LectureOptions {
  /** The folder that everything is kept in; made where it is missing. */
  readonly out: string;
  readonly preset: Preset;
  /** Measure again what is kept already, from the beginning. */
  readonly force?: boolean;
  /** A folder of CIFAR-10's binary files. */
  readonly cifar?: string;
  /** The folder of the experiments' code: a copy of each is put beside its data. */
  readonly code: string;
  /** What they run on, for the report. */
  readonly machine: string;
  readonly signal: AbortSignal;
}

/** What is kept of an experiment: its data file. */
export interface Kept extends Omit<Outcome, "figures"> {
  readonly id: number;
  readonly title: string;
  readonly claim: string;
  readonly preset: Preset;
  readonly parameters: PlainRecord;
  /** The folder of CIFAR-10's files, of an experiment that looks at them where one was given. */
  readonly cifar?: string;
  readonly seconds: number;
  readonly machine: string;
  readonly figures: readonly (Omit<Figure, "svg"> & { readonly file: string })[];
}

export type LectureEvent = { readonly experiment: Experiment } & (
  | { readonly kind: "begins" }
  | ({ readonly kind: "progress" } & Progress)
  | { readonly kind: "done"; readonly kept: Kept /** By an earlier run. */; readonly before: boolean }
  | { readonly kind: "unreadable"; readonly file: string; readonly reason: string }
  | { readonly kind: "failed"; readonly reason: string }
);

/** Its files' name: "05-the-empirical-risk". */
const nameOf = ({ id, title }: Pick<Experiment, "id" | "title">): string =>
  `${String(id).padStart(2, "0")}-${title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "")}`;

/** What measures, and what makes verdict and figures of it. */
const codeOf = ({ file }: Pick<Experiment, "file">) => [file, `outcomes/${file}`] as const;

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * Runs experiments one after another, those they need before them; one that is kept with the same parameters is not run
 * again, and one that was broken off goes on where it can. An error ends its experiment alone. The report is written after
 * each.
 * @throws where the folder cannot be written, and the signal's reason
 */
export async function* runLecture(
  all: readonly Experiment[],
  ids: readonly number[],
  options: LectureOptions,
): AsyncGenerator<LectureEvent> {
  const { out, signal } = options;
  const outcomes = new Map<number, Kept>();
  const failures = new Map<number, string>();
  try {
    for (const folder of ["data", "figures", "code/outcomes"]) await mkdir(join(out, folder), { recursive: true });
    await writeReport(all, outcomes, failures, options);
  } catch (error) {
    throw new Error(`lecture: cannot write in ${out} (${reasonOf(error)}); name another folder with --out`);
  }
  for (const experiment of inOrder(all, ids)) {
    signal.throwIfAborted();
    if (!options.force || !ids.includes(experiment.id)) {
      const kept = await readKept(experiment, options);
      if (kept && "reason" in kept) yield { experiment, kind: "unreadable", ...kept };
      else if (kept) {
        outcomes.set(experiment.id, kept);
        yield { experiment, kind: "done", kept, before: true };
        continue;
      }
    } else await rm(unfinishedOf(experiment, options), { recursive: true, force: true });
    yield { experiment, kind: "begins" };
    try {
      const kept = yield* measured(experiment, outcomes, failures, options);
      outcomes.set(experiment.id, kept);
      yield { experiment, kind: "done", kept, before: false };
    } catch (error) {
      signal.throwIfAborted();
      const reason = reasonOf(error);
      failures.set(experiment.id, reason);
      yield { experiment, kind: "failed", reason };
    }
    await writeReport(all, outcomes, failures, options);
  }
  await writeReport(all, outcomes, failures, options);
}

/** Those asked for, each after those it needs. */
function inOrder(all: readonly Experiment[], ids: readonly number[]): readonly Experiment[] {
  const order = new Set<Experiment>();
  const add = (id: number): void => {
    const experiment = all.find((each) => each.id === id);
    if (!experiment) throw new Error(`lecture: there is no experiment ${id}; thalweg lecture lists them`);
    for (const before of experiment.needs ?? []) add(before);
    order.add(experiment);
  };
  for (const id of [...ids].sort((a, b) => a - b)) add(id);
  return [...order];
}

async function* measured(
  experiment: Experiment,
  outcomes: ReadonlyMap<number, Kept>,
  failures: ReadonlyMap<number, string>,
  options: LectureOptions,
): AsyncGenerator<LectureEvent, Kept> {
  const { out, preset, cifar, code, machine, signal } = options;
  const { id, title, claim, needs = [], usesCifar = false } = experiment;
  for (const each of needs)
    if (failures.has(each)) throw new Error(`it needs experiment ${each}, which failed: ${failures.get(each)}`);
  const parameters = experiment.parameters[preset];
  const unfinished = unfinishedOf(experiment, options);
  const started = performance.now() - 1000 * (await secondsSpentIn(unfinished));
  let noted = performance.now();
  const run = experiment.run({
    ...{ parameters, signal, unfinished, ...(cifar !== undefined && { cifar }) },
    outcomeOf(of) {
      const kept = outcomes.get(of);
      if (!kept || !needs.includes(of))
        throw new Error(`experiment ${id} reads experiment ${of} but does not name it in needs`);
      return kept as unknown as Outcome;
    },
  });
  let next = await run.next();
  while (!next.done) {
    yield { experiment, kind: "progress", ...next.value };
    // Signals are told of in the host's turn.
    await new Promise(setImmediate);
    signal.throwIfAborted();
    if (performance.now() > noted + 1000 && existsSync(unfinished)) {
      noted = performance.now();
      await writeWhole(join(unfinished, SPENT), String((noted - started) / 1000));
    }
    next = await run.next();
  }
  const { data, verdict, figures, how } = next.value;
  const seconds = (performance.now() - started) / 1000;
  const name = nameOf(experiment);
  const drawn = figures.map(({ svg: _, ...figure }) => ({ ...figure, file: `figures/${name}-${figure.name}.svg` }));
  for (const [at, { svg }] of figures.entries()) await writeWhole(join(out, drawn[at]?.file as string), svg);
  // An experiment may have other files of its number: "15-methods.ts".
  const neighbours = (await readdir(code)).filter((file) => file.startsWith(experiment.file.slice(0, 3)));
  for (const file of new Set([...codeOf(experiment), ...neighbours]))
    await copyFile(join(code, file), join(out, "code", file));
  const kept: Kept = {
    ...{ id, title, claim, preset, parameters, ...(usesCifar && cifar !== undefined && { cifar }) },
    ...{ seconds, machine, how, verdict, figures: drawn, data },
  };
  // Last: what has a data file is whole.
  await writeWhole(join(out, `data/${name}.json`), `${JSON.stringify(kept, null, 1)}\n`);
  await rm(unfinished, { recursive: true, force: true });
  await rmdir(dirname(unfinished)).catch(() => "what others have left");
  return kept;
}

/** Where an experiment leaves what it has not finished: with the same parameters and images alone it goes on with it. */
function unfinishedOf(experiment: Experiment, { out, preset, cifar }: LectureOptions): string {
  const about = JSON.stringify([experiment.parameters[preset], cifar ?? null]);
  const short = createHash("sha256").update(about).digest("hex").slice(0, 8);
  return join(out, "unfinished", `${nameOf(experiment)}-${short}`);
}

/** The file, among what is not finished, of the seconds that it has taken. */
const SPENT = "seconds";

const secondsSpentIn = async (unfinished: string): Promise<number> =>
  Number(await readFile(join(unfinished, SPENT), "utf8").catch(() => 0));

/**
 * What an earlier run kept with the same parameters, and of the images that are given, if any are; why it cannot be used
 * where its file is damaged.
 */
async function readKept(
  experiment: Experiment,
  { out, preset, cifar }: LectureOptions,
): Promise<Kept | { readonly file: string; readonly reason: string } | undefined> {
  const file = join(out, `data/${nameOf(experiment)}.json`);
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const kept = JSON.parse(text) as Kept;
    if (kept.preset !== preset || JSON.stringify(kept.parameters) !== JSON.stringify(experiment.parameters[preset]))
      return undefined;
    if (experiment.usesCifar && cifar !== undefined && kept.cifar !== cifar) return undefined;
    for (const figure of kept.figures) await access(join(out, figure.file));
    return kept;
  } catch (error) {
    return { file, reason: reasonOf(error) };
  }
}

async function writeWhole(file: string, text: string): Promise<void> {
  await writeFile(`${file}.part`, text);
  await rename(`${file}.part`, file);
}

/** Of everything in the folder, what earlier runs kept included. */
async function writeReport(
  all: readonly Experiment[],
  outcomes: ReadonlyMap<number, Kept>,
  failures: ReadonlyMap<number, string>,
  options: LectureOptions,
): Promise<void> {
  const rows = await Promise.all(
    all.map(async (experiment) => {
      const found =
        outcomes.get(experiment.id) ?? (failures.has(experiment.id) ? undefined : await readKept(experiment, options));
      const kept = found && !("reason" in found) ? found : undefined;
      const pictures = await Promise.all(
        (kept?.figures ?? []).map(({ file }) => readFile(join(options.out, file), "utf8")),
      );
      const missing = failures.get(experiment.id) ?? "it has not been run";
      const [code, outcome] = codeOf(experiment).map((file) => `code/${file}`) as [string, string];
      return kept
        ? { experiment, kept, pictures, data: `data/${nameOf(experiment)}.json`, code, outcome }
        : { experiment, missing };
    }),
  );
  await writeWhole(join(options.out, "index.html"), reportHtml(rows));
}
