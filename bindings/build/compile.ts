// asc for every build: one source, four modules and a debug one; and the benchmark's ceiling loops.
import { mkdir } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { root, run } from "./tools.ts";

interface BuildRecipe {
  readonly name: string;
  readonly entry: string;
  readonly flags: readonly string[];
}

const release = ["-O3", "--noAssert", "--runtime", "stub", "--importMemory"];
const strict = ["--enable", "simd"];
const relaxed = ["--enable", "simd,relaxed-simd"];
/** 65,536 pages: shared memory must state its maximum; 4 GiB is all a 32-bit address can name. */
const threads = ["--enable", "threads", "--sharedMemory", "--maximumMemory", "65536"];

/** What the optimiser must let pass. */
const features = [
  "simd",
  "relaxed-simd",
  "threads",
  "bulk-memory",
  "nontrapping-float-to-int",
  "mutable-globals",
  "sign-ext",
].map((name) => `--enable-${name}`);

const recipes: readonly BuildRecipe[] = [
  { name: "strict", entry: "index.ts", flags: [...release, ...strict] },
  { name: "relaxed", entry: "index.ts", flags: [...release, ...relaxed] },
  { name: "strict-threads", entry: "index.ts", flags: [...release, ...strict, ...threads] },
  { name: "relaxed-threads", entry: "index.ts", flags: [...release, ...relaxed, ...threads] },
  { name: "debug", entry: "index.ts", flags: ["-O1", "--debug", "--runtime", "stub", "--importMemory", ...strict] },
  { name: "ceiling-strict", entry: "ceiling.ts", flags: [...release, ...strict] },
  { name: "ceiling-relaxed", entry: "ceiling.ts", flags: [...release, ...relaxed] },
  {
    name: "arrays",
    entry: "arrays.ts",
    flags: [
      "-O3",
      "--noAssert",
      "--runtime",
      "minimal",
      "--exportRuntime",
      ...strict,
      "--transform",
      "./bindings/build/asBindTransform.ts",
    ],
  },
];

/** Compiles one recipe into bindings/wasm/<name>.wasm, in processes of its own. */
async function compile({ name, entry, flags }: BuildRecipe): Promise<void> {
  const out = `bindings/wasm/${name}.wasm`;
  await run("node", [
    // tsx: the transform is TypeScript.
    ...["--import", "tsx", "node_modules/assemblyscript/bin/asc.js"],
    ...[`assembly/${entry}`, "--outFile", out, ...flags],
    // 112: v128 in an exported signature; it is exported to other files here, not to JavaScript.
    ...["--disableWarning", "112"],
  ]);
  // Once more, by itself: 3 % less to download.
  if (flags.includes("--importMemory") && flags.includes("-O3"))
    await run("node", ["node_modules/binaryen/bin/wasm-opt", "-Os", ...features, out, "-o", out]);
}

/**
 * Compiles the recipes of these names, or every one, as many at a time as there are processors; throws where the compiler
 * refuses one.
 */
export async function compileModules(only: readonly string[] = recipes.map(({ name }) => name)): Promise<void> {
  await mkdir(join(root, "bindings/wasm"), { recursive: true });
  const waiting = recipes.filter(({ name }) => only.includes(name));
  const worker = async (): Promise<void> => {
    for (let recipe = waiting.shift(); recipe; recipe = waiting.shift()) await compile(recipe);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
}
