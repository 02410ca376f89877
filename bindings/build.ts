// Builds everything a user needs: the WebAssembly modules, the typed kernel interface, the inline entry, and dist/.
//   tsx bindings/build.ts [--if-needed] [--wasm-only]
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cp, mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { build as bundle } from "esbuild";
import { compileModules } from "./build/compile.ts";
import { writeInlineModules } from "./build/inline.ts";
import { writeKernelInterface } from "./build/interface.ts";
import { root, run } from "./build/tools.ts";

const stampFile = join(root, "dist", ".stamp");

/** A hash over every input of the build: equal hash, nothing to do. */
async function sourceHash(): Promise<string> {
  const hash = createHash("sha256");
  for (const folder of ["assembly", "bindings", "src"]) {
    const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
    const files = entries.filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name));
    for (const file of files.sort()) {
      if (/[\\/](generated|wasm)[\\/]/.test(file)) continue;
      hash.update(file).update(readFileSync(file));
    }
  }
  for (const file of ["package.json", "package-lock.json", "tsconfig.json", "tsconfig.build.json"])
    hash.update(readFileSync(join(root, file)));
  return hash.digest("hex");
}

/** as-bind is a development dependency: bundled with its licences, so that users never install it or its peers. */
async function bundleArrays(): Promise<void> {
  const licence = readFileSync(join(root, "node_modules/as-bind/LICENSE"), "utf8").trim();
  await bundle({
    entryPoints: [join(root, "bindings/arrays.ts")],
    outfile: join(root, "dist/bindings/arrays.js"),
    bundle: true,
    format: "esm",
    platform: "neutral",
    target: "es2022",
    mainFields: ["module", "main"],
    external: ["#platform"],
    sourcemap: true,
    allowOverwrite: true,
    legalComments: "inline",
    banner: {
      js: `/*! Contains as-bind 0.8.2 (https://github.com/torch2424/as-bind).\n\n${licence}\n\nas-bind contains @assemblyscript/loader (https://github.com/AssemblyScript/assemblyscript), Apache License 2.0,\nhttps://www.apache.org/licenses/LICENSE-2.0 */`,
    },
  });
  // tsc's copy of what is now inside arrays.js would look for as-bind.
  for (const end of ["js", "js.map", "d.ts", "d.ts.map"]) await rm(join(root, `dist/bindings/asBind.${end}`), { force: true });
}

/** tsc rewrites the endings of imports, but not of a worker's URL. */
async function pointToBuiltWorker(): Promise<void> {
  const file = join(root, "dist/src/training/remote.js");
  const text = readFileSync(file, "utf8");
  const built = text.replace('new URL("./worker.ts", import.meta.url)', 'new URL("./worker.js", import.meta.url)');
  if (built === text) throw new Error(`build: ${file} starts no worker; has its URL changed?`);
  writeFileSync(file, built);
}

async function main(flags: ReadonlySet<string>): Promise<void> {
  const hash = await sourceHash();
  if (flags.has("--if-needed") && existsSync(stampFile) && readFileSync(stampFile, "utf8") === hash) return;
  console.error("building thalweg: WebAssembly modules …");
  await writeKernelInterface();
  await compileModules();
  await writeInlineModules();
  if (flags.has("--wasm-only")) return;
  console.error("building thalweg: dist …");
  await rm(join(root, "dist"), { recursive: true, force: true });
  await run("node", ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"]);
  await pointToBuiltWorker();
  await cp(join(root, "bindings/wasm"), join(root, "dist/bindings/wasm"), {
    recursive: true,
    filter: (file) => !/(debug|ceiling[^/]*)\.wasm$/.test(file),
  });
  if (existsSync(join(root, "bindings/arrays.ts"))) {
    await bundleArrays();
  }
  await mkdir(join(root, "dist"), { recursive: true });
  writeFileSync(stampFile, hash);
}

await main(new Set(process.argv.slice(2)));
