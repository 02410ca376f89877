// npm run bench [-- gemm conv chain optimizers data step threads epoch size start] [--json | --readme] [--node24] [--build strict] [--peers jax-js,torch] [--rounds 15] [--gigabytes 10]
import { parseArgs } from "node:util";
import type { BuildChoice } from "../bindings/load.ts";
import type { Library } from "./contest.ts";
import { ensureBuilt, ensurePeers, runUnderNode24 } from "./prepare.ts";
import { footnote, tables, writeReadme } from "./report.ts";
import type { Arena, Row } from "./row.ts";
import { chain } from "./suites/chain.ts";
import { conv } from "./suites/conv.ts";
import { data } from "./suites/data.ts";
import { epoch } from "./suites/epoch.ts";
import { gemm } from "./suites/gemm.ts";
import { optimizers } from "./suites/optimizers.ts";
import { science } from "./suites/science.ts";
import { size } from "./suites/size.ts";
import { start } from "./suites/start.ts";
import { step } from "./suites/step.ts";
import { threads } from "./suites/threads.ts";

const suites: Readonly<Record<string, (arena: Arena) => AsyncGenerator<Row>>> = {
  gemm,
  conv,
  chain,
  optimizers,
  data,
  science,
  step,
  threads,
  epoch,
  size,
  start,
};

async function main(command: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...command],
    allowPositionals: true,
    options: {
      json: { type: "boolean" },
      readme: { type: "boolean" },
      node24: { type: "boolean" },
      build: { type: "string", default: "auto" },
      peers: { type: "string", default: "jax-js,tfjs-wasm,torch" },
      rounds: { type: "string" },
      gigabytes: { type: "string", default: "0.25" },
    },
  });
  const chosen = positionals.length > 0 ? positionals : Object.keys(suites);
  const unknown = chosen.find((name) => !(name in suites));
  if (unknown) throw new Error(`bench: there is no suite ${unknown}; there are ${Object.keys(suites).join(", ")}`);
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  if (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0))
    throw new Error(`bench: --rounds: expected a whole number above 0, got ${values.rounds}`);
  const gigabytes = Number(values.gigabytes);
  if (!(gigabytes > 0 && Number.isFinite(gigabytes)))
    throw new Error(`bench: --gigabytes: expected a number above 0, got ${values.gigabytes}`);

  ensurePeers();
  if (values.node24 && Number.parseInt(process.versions.node, 10) < 24) {
    process.exitCode = runUnderNode24(command);
    return;
  }
  ensureBuilt();

  const { loadOurs } = await import("./ours.ts");
  const ours = await loadOurs(values.build as BuildChoice);
  const peers = await loadPeers(values.peers.split(",").filter(Boolean));
  const arena: Arena = { ours, peers, options: rounds === undefined ? {} : { rounds }, gigabytes };
  const rows: Row[] = [];
  try {
    for (const name of chosen)
      for await (const row of (suites[name] as (typeof suites)[string])(arena)) {
        rows.push(row);
        if (values.json) console.log(JSON.stringify(row));
        else console.error(`measured ${row.suite} ${row.name}`);
      }
  } finally {
    for (const peer of peers) peer.close?.();
  }
  if (values.json) return;
  const details = [ours, ...peers].map((library) => library.details);
  const text = `${tables(rows)}\n\n${footnote(details, ["npm run bench --", ...command].join(" "))}`;
  console.log(text);
  if (values.readme) writeReadme(text);
}

/** A peer that cannot be loaded here is left out, and said to be. */
async function loadPeers(names: readonly string[]): Promise<Library[]> {
  // Not a literal: bench/peers has its own packages and its own tsconfig.
  const location = "./peers/index.ts";
  const { peers } = (await import(location)) as { peers: Readonly<Record<string, () => Promise<Library>>> };
  const loaded: Library[] = [];
  for (const name of names) {
    const load = peers[name];
    if (!load) throw new Error(`bench: there is no peer ${name}; there are ${Object.keys(peers).join(", ")}`);
    try {
      loaded.push(await load());
    } catch (error) {
      console.error(`bench: without ${name}: ${(error as Error).message}`);
    }
  }
  return loaded;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  // Said in one line: tfjs would answer an unhandled rejection with the source line of its bundle.
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
