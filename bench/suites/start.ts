// From import to the end of the first training step of 784-128-10, each time in a fresh process of the same Node.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { median } from "../contest.ts";
import { type Arena, compare, type Row, significant } from "../row.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const ours = here("../start/thalweg.js");
const peers: Readonly<Record<string, string>> = {
  "jax-js": here("../peers/start/jax-js.js"),
  "tfjs-wasm": here("../peers/start/tfjs-wasm.js"),
};

export async function* start(arena: Arena): AsyncGenerator<Row> {
  const scripts = new Map([[arena.ours.name, ours]]);
  for (const { name } of arena.peers) if (peers[name]) scripts.set(name, peers[name]);
  const results = new Map([...scripts.keys()].map((name) => [name, [] as number[]]));
  const rounds = 1 + (arena.options.rounds ?? 9);
  for (let round = 0; round < rounds; round++)
    for (const [name, script] of scripts) {
      const ms = await firstStep(script);
      if (round > 0) results.get(name)?.push(ms); // the first only warms the disk's cache
    }
  const medians = new Map([...results].map(([name, all]) => [name, median(all)]));
  const own = medians.get(arena.ours.name) as number;
  medians.delete(arena.ours.name);
  yield {
    suite: "start",
    name: "import to first step",
    build: arena.ours.build,
    ms: significant(own),
    ...compare(own, medians),
  };
}

async function firstStep(script: string): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, [script]);
  const ms = Number(stdout.trim().split("\n").at(-1));
  if (!(ms > 0)) throw new Error(`bench: ${script} printed ${JSON.stringify(stdout)} instead of milliseconds`);
  return ms;
}
