// asc for every build: one source, four modules and a debug one; and the benchmark's ceiling loops.
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import asc from "assemblyscript/asc";
import { root } from "./tools.ts";

interface BuildRecipe {
  readonly name: string;
  readonly entry: string;
  readonly flags: readonly string[];
}

const release = ["-O3", "--converge", "--noAssert", "--runtime", "stub", "--importMemory"];
const strict = ["--enable", "simd"];
const relaxed = ["--enable", "simd,relaxed-simd"];
/** 65,536 pages: shared memory must state its maximum; 4 GiB is all a 32-bit address can name. */
const threads = ["--enable", "threads", "--sharedMemory", "--maximumMemory", "65536"];

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

/** Compiles every recipe into bindings/wasm/<name>.wasm; throws with the compiler's messages. */
export async function compileModules(): Promise<void> {
  await mkdir(join(root, "bindings/wasm"), { recursive: true });
  for (const { name, entry, flags } of recipes) {
    if (!existsSync(join(root, "assembly", entry))) continue;
    const output = `bindings/wasm/${name}.wasm`;
    const { error, stderr } = await asc.main([
      `assembly/${entry}`,
      "--baseDir",
      root,
      "--outFile",
      output,
      ...flags,
    ]);
    if (error) throw new Error(`build: ${output}: ${error.message}\n${stderr.toString()}`);
  }
}
