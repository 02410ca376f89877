// The command `thalweg lecture`: lists the experiments, or measures some or all of them and writes the report.
import { createRequire } from "node:module";
import { arch, cpus, platform } from "node:os";
import { join, resolve } from "node:path";
import type { Preset } from "../lecture/experiment.ts";
import { experiments } from "../lecture/index.ts";
import { type Kept, runLecture } from "../lecture/run.ts";
import { type Progress, progress } from "./progress.ts";

export interface LectureCommand {
  readonly all?: boolean;
  readonly preset: Preset;
  readonly out: string;
  readonly force?: boolean;
  readonly cifar?: string;
  readonly json?: boolean;
}

/** @returns whether it went to its end; a failed experiment is told and sets the exit code */
export async function lecture(
  rows: readonly number[],
  { all, preset, out, force, cifar, json }: LectureCommand,
  write: (text: string) => void,
  signal: AbortSignal,
): Promise<boolean> {
  if (rows.length === 0 && !all) {
    write(json ? jsonList() : list());
    return true;
  }
  const ids = all ? experiments.map(({ id }) => id) : rows;
  const manifest = createRequire(import.meta.url).resolve("thalweg/package.json");
  const tell = (value: object, text: string): void => write(json ? `${JSON.stringify(value)}\n` : text);
  const started = performance.now();
  let bar: Progress | undefined;
  let began = started;
  let failed = 0;
  try {
    for await (const event of runLecture(experiments, ids, {
      ...{ out: resolve(out), preset, signal, code: join(manifest, "../src/lecture") },
      ...{
        machine: `${cpus()[0]?.model.trim() ?? arch()}, ${cpus().length} cores, ${platform()}, Node ${process.versions.node}`,
      },
      ...(force && { force }),
      ...(cifar !== undefined && { cifar: resolve(cifar) }),
    })) {
      const { id, title } = event.experiment;
      const head = `${String(id).padStart(2)}  ${title}`;
      if (event.kind === "begins") {
        bar = progress(head, json);
        began = performance.now();
      } else if (event.kind === "progress") {
        const seconds = (performance.now() - began) / 1000;
        bar?.tell(event.done, (seconds / event.done) * (1 - event.done));
      } else {
        bar?.close();
        bar = undefined;
        if (event.kind === "done")
          tell({ id, title, before: event.before, ...brief(event.kept) }, text(head, event.kept, event.before));
        else if (event.kind === "unreadable")
          tell(
            { id, unreadable: event.file, reason: event.reason },
            `${head}\n    ${event.file} is damaged (${event.reason}); measuring again\n`,
          );
        else {
          failed++;
          tell({ id, title, failed: event.reason }, `${head}\n    failed: ${event.reason}\n`);
        }
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    tell({ interrupted: true, out }, `\ninterrupted; what is done is kept in ${out}: the same command goes on\n`);
    return false;
  } finally {
    bar?.close();
  }
  const seconds = (performance.now() - started) / 1000;
  const report = join(out, "index.html");
  tell(
    { report, seconds, failed },
    `\n${report} after ${seconds.toFixed(1)} s${failed > 0 ? `, ${failed} failed` : ""}\n`,
  );
  if (failed > 0) process.exitCode = 1;
  return true;
}

const jsonList = (): string =>
  experiments
    .map(({ id, title, claim, parameters }) => `${JSON.stringify({ id, title, claim, parameters })}\n`)
    .join("");

function list(): string {
  const lines = experiments.map(({ id, title, claim }) => `${String(id).padStart(2)}  ${title}\n    ${claim}\n`);
  return `${lines.join("")}\nthalweg lecture 9 18 measures some of them, thalweg lecture --all the whole; --help says more\n`;
}

const brief = ({ preset, seconds, verdict }: Kept) => ({ preset, seconds, ...verdict });

function text(head: string, { verdict, seconds }: Kept, before: boolean): string {
  const when = before ? "kept from before" : `${seconds.toFixed(1)} s`;
  return `${head}: ${verdict.judgement} (${when})\n    ${verdict.why}\n`;
}
