// Builds everything a user needs: the WebAssembly modules, the typed kernel interface, the inline entry, and dist/.
//   tsx bindings/build.ts [--if-needed] [--wasm-only] [--only strict,debug]
import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { cp, mkdir, readdir, rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { build as bundle, type Plugin } from "esbuild";
import { compileModules } from "./build/compile.ts";
import { writeInlineModules } from "./build/inline.ts";
import { writeKernelInterface } from "./build/interface.ts";
import { root, run } from "./build/tools.ts";

/** A hash over files and folders: equal hash, nothing to do. */
async function hashOf(places: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const place of places) {
    const path = join(root, place);
    const entries = statSync(path).isDirectory() ? await readdir(path, { recursive: true, withFileTypes: true }) : [];
    const files = entries.filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name));
    for (const file of entries.length > 0 ? files.sort() : [path])
      if (!/[\\/](generated|wasm)[\\/]/.test(file)) hash.update(relative(root, file)).update(readFileSync(file));
  }
  return hash.digest("hex");
}

const isCurrent = (stamp: string, hash: string): boolean => existsSync(stamp) && readFileSync(stamp, "utf8") === hash;

/** The modules and what is generated from them; with `only`, just those modules, for a quick look at a changed kernel. */
async function buildModules(only?: readonly string[]): Promise<void> {
  const stamp = join(root, "bindings/wasm/.stamp");
  const hash = await hashOf(["assembly", "bindings/build", "package-lock.json"]);
  if (isCurrent(stamp, hash)) return;
  console.error("building thalweg: WebAssembly modules …");
  await rm(stamp, { force: true });
  await writeKernelInterface();
  await compileModules(only);
  if (only) return;
  await writeInlineModules();
  writeFileSync(stamp, hash);
}

/** What users import, run or start: one file each in dist/, with what they share in chunks beside them. */
const entries = {
  index: "src/index.ts",
  data: "src/data/index.ts",
  cli: "src/cli.ts",
  ops: "src/ops/index.ts",
  initializers: "src/nn/initializers.ts",
  worker: "src/training/worker.ts",
  thread: "bindings/thread.ts",
  inline: "bindings/inline.ts",
  arrays: "bindings/arrays.ts",
  "platform.node": "bindings/platform/node.ts",
  "platform.browser": "bindings/platform/browser.ts",
};

/**
 * `export * as ops` stays one between files: inside a bundle it would be an object that holds every operation, and no
 * user's bundler could leave out what a page does not use.
 */
const namespaces: Plugin = {
  name: "namespaces",
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/(ops\/index|nn\/initializers)\.ts$/ }, ({ path, importer }) =>
      relative(root, importer) === join("src", "index.ts")
        ? { path: path.includes("ops") ? "./ops.js" : "./initializers.js", external: true }
        : undefined,
    );
  },
};

/**
 * Bundles: importing a few files is much faster than importing a hundred (20 ms against 60 on the machine this was
 * measured on), and as-bind, a development dependency, goes inside with its licences, so that users never install it
 * or its peers.
 */
async function bundleEntries(): Promise<void> {
  const { outputFiles } = await bundle({
    absWorkingDir: root,
    entryPoints: entries,
    outdir: "dist",
    bundle: true,
    splitting: true,
    write: false,
    format: "esm",
    platform: "neutral",
    target: "es2022",
    mainFields: ["module", "main"],
    external: ["#platform", "thalweg", "thalweg/*", "node:*", "commander", "cli-progress"],
    chunkNames: "chunk-[hash]",
    plugins: [namespaces],
    sourcemap: true,
    legalComments: "inline",
  });
  await mkdir(join(root, "dist"), { recursive: true });
  // Behind the code, so that source maps stay true.
  for (const { path, text } of outputFiles)
    writeFileSync(path, path.endsWith("arrays.js") ? `${text}${asBindNotice()}\n` : toBuiltWorker(text));
}

/** A bundler rewrites imports, but not a worker's URL; the chunks lie beside the entries. */
const toBuiltWorker = (text: string): string =>
  text.replace(/new URL\("\.\/(worker|thread)\.ts", import\.meta\.url\)/g, 'new URL("./$1.js", import.meta.url)');

function asBindNotice(): string {
  const licence = readFileSync(join(root, "node_modules/as-bind/LICENSE"), "utf8").trim();
  return `/*! Contains as-bind 0.8.2 (https://github.com/torch2424/as-bind).\n\n${licence}\n\nas-bind contains @assemblyscript/loader (https://github.com/AssemblyScript/assemblyscript), Apache License 2.0,\nhttps://www.apache.org/licenses/LICENSE-2.0 */`;
}

async function main(list: readonly string[]): Promise<void> {
  const flags = new Set(list);
  if (flags.has("--only")) return buildModules(list[list.indexOf("--only") + 1]?.split(","));
  const stamp = join(root, "dist/.stamp");
  const hash = await hashOf([
    "assembly",
    "bindings",
    "src",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "tsconfig.build.json",
  ]);
  if (flags.has("--if-needed") && isCurrent(stamp, hash)) return;
  await buildModules();
  if (flags.has("--wasm-only")) return;
  console.error("building thalweg: dist …");
  await rm(join(root, "dist"), { recursive: true, force: true });
  await run("node", ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"]);
  await bundleEntries();
  await cp(join(root, "bindings/wasm"), join(root, "dist/wasm"), {
    recursive: true,
    filter: (file) => !/(debug|ceiling[^/]*)\.wasm$|\.stamp$/.test(file),
  });
  writeFileSync(stamp, hash);
}

await main(process.argv.slice(2));
