// Builds everything a user needs: the WebAssembly modules, the typed kernel interface, the inline entry, and dist/.
//   tsx bindings/build.ts [--if-needed] [--wasm-only] [--only strict,debug]
import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { cp, mkdir, readdir, rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { build as bundle, type Plugin } from "rolldown";
import ts from "typescript";
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

/** What the modules are made of, and what makes them. */
const moduleSources = [
  "assembly",
  "bindings/build",
  ...["assemblyscript", "binaryen", "as-bind"].map((name) => `node_modules/${name}/package.json`),
];

/** The modules and what is generated from them; with `only`, just those modules, for a quick look at a changed kernel. */
async function buildModules(only?: readonly string[]): Promise<void> {
  const stamp = join(root, "bindings/wasm/.stamp");
  const hash = await hashOf(moduleSources);
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
  metrics: "src/metrics/index.ts",
  science: "src/science/index.ts",
  cli: "src/cli.ts",
  ops: "src/ops/index.ts",
  initializers: "src/nn/initializers.ts",
  schedules: "src/schedules.ts",
  samplers: "src/data/samplers/index.ts",
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
  resolveId(path, importer) {
    if (!importer || !["src/index.ts", "src/data/index.ts"].includes(relative(root, importer).replaceAll("\\", "/")))
      return undefined;
    const id = {
      "./ops/index.ts": "./ops.js",
      "./nn/initializers.ts": "./initializers.js",
      "./schedules.ts": "./schedules.js",
      "./samplers/index.ts": "./samplers.js",
    }[path];
    return id ? { id, external: true } : undefined;
  },
};

/** Operations without the examples that the tests check them on; blanks in their place, so that source maps stay true. */
const withoutExamples: Plugin = {
  name: "without-examples",
  transform: {
    filter: { id: /[\\/]src[\\/](ops|optimizers)[\\/]/ },
    handler(code, id) {
      let text = code;
      const visit = (node: ts.Node): void => {
        const isProperty = ts.isPropertyAssignment(node) || ts.isShorthandPropertyAssignment(node);
        if (!isProperty || node.name.getText(source) !== "examples") {
          ts.forEachChild(node, visit);
          return;
        }
        const rest = /^\s*,/.exec(code.slice(node.end))?.[0].length ?? 0;
        const [start, end] = [node.getStart(source), node.end + rest];
        text = text.slice(0, start) + code.slice(start, end).replace(/\S/g, " ") + text.slice(end);
      };
      const source = ts.createSourceFile(id, code, ts.ScriptTarget.Latest, true);
      visit(source);
      return { code: text, map: null };
    },
  },
};

/** Behind the code of one file: as-bind, a development dependency, goes inside it with its licences. */
const notices = ({ name }: { readonly name: string }): string => (name === "arrays" ? asBindNotice() : "");

/**
 * Bundles for a quick start: each file that is imported costs some 1.3 ms (on the machine this was measured on), so what
 * several entries share lies in one, `core`, but for what is loaded only where it is used. What begins a worker is one file
 * each: bundlers make a classic script of it, which cannot load parts of itself.
 */
async function bundleEntries(): Promise<void> {
  await mkdir(join(root, "dist"), { recursive: true });
  const { thread, ...sharing } = entries;
  // The worker takes part in the first for what it shares with pages: `core` is then nearly all that a page loads.
  const bundles: readonly Record<string, string>[] = [sharing, { thread }, { worker: entries.worker }];
  for (const input of bundles) {
    const { output } = await bundle({
      cwd: root,
      input,
      platform: "neutral",
      resolve: { mainFields: ["module", "main"] },
      transform: { target: "es2022" },
      external: [
        /^#platform$/,
        /^thalweg($|\/)/,
        /^node:/,
        "commander",
        "cli-progress",
        "fast-png",
        "@observablehq/plot",
        "linkedom",
        "@resvg/resvg-js",
      ],
      plugins: [namespaces, withoutExamples],
      write: false,
      output: {
        dir: "dist",
        format: "esm",
        sourcemap: true,
        // A third less to parse before the first step; source maps lead back.
        // `Worker` keeps its name: bundlers look for it.
        minify: { compress: true, mangle: { toplevel: false }, codegen: true },
        // The doc comments are in the types.
        comments: { legal: true, annotation: true, jsdoc: false },
        entryFileNames: "[name].js",
        chunkFileNames: "[name].js",
        postFooter: notices,
        codeSplitting: input === sharing && {
          groups: [
            {
              name: "core",
              test: /[\\/](src[\\/](?!cli|data[\\/](batches|items)|training[\\/](augment|fitStream|learner|profile|replicas|sampling|teamProgram|threads))|bindings[\\/](?!team))/,
              minShareCount: 2,
            },
          ],
        },
      },
    });
    for (const file of output) {
      const text = file.type === "chunk" ? toAscii(toBuiltAddresses(file.code)) : file.source;
      // npx runs the command by its file, and makes that executable the first time only.
      writeFileSync(join(root, "dist", file.fileName), text, { mode: file.fileName === "cli.js" ? 0o755 : 0o644 });
    }
  }
}

/**
 * What files find each other by is put as other bundlers read it, between plain quotes; and a worker, which this bundler
 * leaves as it was written, lies beside the other entries.
 */
const toBuiltAddresses = (text: string): string =>
  text.replace(
    /new URL\(["`](\.\/[^"`]+)["`], ?import\.meta\.url\)/g,
    (_, path: string) => `new URL("${path.replace(/(worker|thread)\.ts$/, "$1.js")}", import.meta.url)`,
  );

/** One character beyond Latin 1 makes an engine keep a whole file at two bytes a character, and parse it more slowly. */
const toAscii = (text: string): string =>
  text.replace(/[^\n -~\t]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);

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
  await cp(join(root, "src/data/tables"), join(root, "dist/tables"), {
    recursive: true,
    filter: (file) => !file.endsWith(".py"),
  });
  writeFileSync(stamp, hash);
}

await main(process.argv.slice(2));
