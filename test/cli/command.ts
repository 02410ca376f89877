// The command as a process of its own.
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Outcome {
  code: number | null;
  out: string;
  errors: string;
}

export const fromSource = ["--import", "tsx", "--conditions=thalweg-source", "src/cli.ts"];
/** Threads run built files. */
export const built = ["dist/cli.js"];

/** Runs the command to its end. */
export function thalweg(
  args: readonly string[],
  watch: (child: ChildProcess, out: string) => void = () => {},
  program = fromSource,
): Promise<Outcome> {
  const child = spawn(process.execPath, [...program, ...args], { cwd: root });
  const outcome: Outcome = { code: null, out: "", errors: "" };
  child.stdout.on("data", (text) => {
    outcome.out += text;
    watch(child, outcome.out);
  });
  child.stderr.on("data", (text) => {
    outcome.errors += text;
  });
  return new Promise((done, failed) => {
    child.on("error", failed);
    child.on("close", (code) => done({ ...outcome, code }));
  });
}

export const lines = (out: string) => out.trim().split("\n");
export const jsonLines = (out: string) => lines(out).map((line) => JSON.parse(line));
