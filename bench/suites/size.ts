// What a page downloads before it can train: minified JavaScript and one WebAssembly module, both gzipped.
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, type Metafile } from "esbuild";
import { type Arena, compare, type Row } from "../row.ts";

interface Download {
  /** A module that re-exports all of the library: nothing is shaken off. */
  readonly source: string;
  readonly from: string;
  readonly wasm: readonly string[];
}

const root = fileURLToPath(new URL("../../", import.meta.url));
const peersFolder = `${root}bench/peers`;

const ours: Download = {
  source: 'export * from "./dist/index.js"',
  from: root,
  wasm: ["strict", "relaxed"].map((name) => `${root}dist/wasm/${name}.wasm`),
};
const peers: Readonly<Record<string, Download>> = {
  "jax-js": { source: 'export * from "@jax-js/jax"', from: peersFolder, wasm: [] },
  "tfjs-wasm": {
    source: 'export * from "@tensorflow/tfjs-core"; export * from "@tensorflow/tfjs-backend-wasm"',
    from: peersFolder,
    wasm: [`${peersFolder}/node_modules/@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm`],
  },
};

export async function* size({ ours: { build: name }, peers: present }: Arena): AsyncGenerator<Row> {
  const parts = await weigh(ours);
  const bytes = parts.javascript + parts.wasm;
  const theirs = new Map<string, number>();
  for (const peer of present) {
    const download = peers[peer.name];
    if (!download) continue;
    const { javascript, wasm } = await weigh(download);
    theirs.set(peer.name, javascript + wasm);
  }
  yield { suite: "size", name: "page download, gzip", build: name, bytes, ...compare(bytes, theirs), parts };
}

async function weigh({ source, from, wasm }: Download): Promise<{ javascript: number; wasm: number }> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: source, resolveDir: from },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    splitting: true,
    outdir: "page",
    entryNames: "entry",
    write: false,
    metafile: true,
    logLevel: "error",
  });
  const first = firstLoad(metafile);
  const scripts = outputFiles.filter(({ path }) => first.has(basename(path)));
  // A page fetches one module of several: count the largest.
  const modules = wasm.map((file) => gzipped(readFileSync(file)));
  return {
    javascript: scripts.reduce((sum, { contents }) => sum + gzipped(contents), 0),
    wasm: Math.max(0, ...modules),
  };
}

/** The chunks that the entry imports statically; what it might import later is not counted. */
function firstLoad({ outputs }: Metafile): Set<string> {
  const found = new Set<string>();
  const visit = (path: string) => {
    if (found.has(basename(path))) return;
    found.add(basename(path));
    for (const { path: next, kind } of outputs[path]?.imports ?? []) if (kind === "import-statement") visit(next);
  };
  visit(Object.keys(outputs).find((path) => basename(path) === "entry.js") as string);
  return found;
}

function gzipped(bytes: Uint8Array): number {
  return gzipSync(bytes, { level: 9 }).length;
}
