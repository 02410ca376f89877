// Probe the engine, choose a build, compile it once per process, instantiate it on a memory.
import { readBytes } from "#platform";
import { fingerprint } from "./fingerprint.ts";
import { type KernelCalls, kernelFingerprint } from "./generated/kernels.ts";

/** Every kernel as a call with byte addresses. */
export type Kernels = Readonly<KernelCalls<number>>;

/** `strict`: the same bits everywhere. `relaxed`: fused multiply-add. `debug`: bounds checks, for tests. */
export type BuildName = "strict" | "relaxed" | "debug";
export type BuildChoice = BuildName | "auto";

/** Where a module comes from, if not from beside this file. */
export interface KernelSource {
  /** Fetched (or read from disk, for file: URLs). */
  readonly url?: string | URL;
  /** The bytes of a .wasm file. */
  readonly bytes?: BufferSource;
  /** A module compiled elsewhere, for example in another thread. */
  readonly module?: WebAssembly.Module;
}

/** A build for memory of its own, or for memory that threads share. */
export type ModuleName = BuildName | "strict-threads" | "relaxed-threads";

/** The module of a build. @throws for the debug build with shared memory: there is none */
export function moduleFor(build: BuildName, shared: boolean): ModuleName {
  if (!shared) return build;
  if (build === "debug") throw new Error('threads: the debug build has none; use build: "strict" or threads: 1');
  return `${build}-threads`;
}

// One literal `new URL` each: bundlers find and copy the files by this form.
const locations: Readonly<Record<ModuleName, () => URL>> = {
  strict: () => new URL("./wasm/strict.wasm", import.meta.url),
  relaxed: () => new URL("./wasm/relaxed.wasm", import.meta.url),
  "strict-threads": () => new URL("./wasm/strict-threads.wasm", import.meta.url),
  "relaxed-threads": () => new URL("./wasm/relaxed-threads.wasm", import.meta.url),
  debug: () => new URL(/* @vite-ignore */ `./wasm/${"debug"}.wasm`, import.meta.url),
};

/** `i32x4.splat(0); i32x4.splat(0); f32x4.relaxed_max; drop` in an otherwise empty module; 0xfd 0x12 style as in wasm-feature-detect. */
const relaxedProbe = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2, 253, 15,
  253, 128, 2, 11,
];
/** `i8x16.splat(0); i8x16.popcnt`, likewise. */
const simdProbe = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
];

const validates = (bytes: readonly number[]): boolean => WebAssembly.validate(new Uint8Array(bytes));

/** What this engine can run. */
export function supportedBuilds(): { readonly strict: boolean; readonly relaxed: boolean } {
  return { strict: validates(simdProbe), relaxed: validates(relaxedProbe) };
}

const threaded = ["strict-threads", "relaxed-threads"];

function requireBuild(build: unknown, more: readonly unknown[] = []): void {
  if (build !== "strict" && build !== "relaxed" && build !== "debug" && !more.includes(build))
    throw new Error(
      `build: expected "auto", "strict", "relaxed" or "debug", got ${typeof build === "string" ? `"${build}"` : typeof build}`,
    );
}

/**
 * The build that `choice` means on this engine: "auto" is the fastest that validates.
 * Throws where the engine has no SIMD, or none of the relaxed kind when that is asked for.
 */
export function chooseBuild(choice: BuildChoice = "auto"): BuildName {
  if (choice !== "auto") requireBuild(choice);
  const supported = supportedBuilds();
  if (!supported.strict)
    throw new Error("load: this engine has no WebAssembly SIMD; use Node 20 or newer, or a browser from 2021 or later");
  if (choice === "auto") return supported.relaxed ? "relaxed" : "strict";
  if (choice === "relaxed" && !supported.relaxed)
    throw new Error(
      'load: this engine has no relaxed SIMD; use build: "auto" or "strict", or Node 22 or newer (Node 20: --experimental-wasm-relaxed-simd)',
    );
  return choice;
}

const compiled = new Map<string, Promise<WebAssembly.Module>>();
const overrides = new Map<ModuleName, KernelSource>();

/**
 * Says where a build's module is to come from, before the first model is created; default: beside this file.
 * @param source one of url, bytes or module
 * @param build one for threads, such as "strict-threads", has a module of its own
 */
export function load(source: KernelSource, build: ModuleName = chooseBuild("auto")): void {
  requireBuild(build, threaded);
  const { url, bytes, module } = source ?? {};
  const given = [url, bytes, module].filter((part) => part !== undefined).length;
  if (given !== 1) throw new Error(`load: expected one of url, bytes or module, got ${given} of them`);
  if (url !== undefined && typeof url !== "string" && !(url instanceof URL))
    throw new Error(`load: url must be a string or a URL, got ${typeof url}`);
  if (bytes !== undefined && !(bytes instanceof ArrayBuffer || ArrayBuffer.isView(bytes)))
    throw new Error(`load: bytes must be an ArrayBuffer or a typed array, got ${typeof bytes}`);
  if (module !== undefined && !(module instanceof WebAssembly.Module))
    throw new Error(`load: module must be a WebAssembly.Module, got ${typeof module}`);
  overrides.set(build, source);
  compiled.delete(build);
}

async function compileModule(build: ModuleName): Promise<WebAssembly.Module> {
  const source = overrides.get(build) ?? { url: locations[build]() };
  if (source.module) return source.module;
  const place = source.url === undefined ? "the given bytes" : String(source.url);
  const bytes = source.bytes ?? (await readBytes(new URL(source.url as string | URL, import.meta.url)));
  try {
    return await WebAssembly.compile(bytes);
  } catch (error) {
    throw new Error(
      `load: ${place} is not a WebAssembly module this engine accepts (${(error as Error).message}); reinstall the package, or check that the server sends the .wasm file itself`,
      { cause: error },
    );
  }
}

/** The compiled module of a build; compiled once per process. */
export function loadModule(build: ModuleName): Promise<WebAssembly.Module> {
  const known = compiled.get(build);
  if (known) return known;
  const pending = compileModule(build);
  compiled.set(build, pending);
  // A failed download may be tried again.
  pending.catch(() => compiled.delete(build));
  return pending;
}

/** The kernels of a module on a memory. */
export async function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Promise<Kernels> {
  const instance = await WebAssembly.instantiate(module, { env: { memory, abort: trap } });
  const names = Object.keys(instance.exports).filter((name) => typeof instance.exports[name] === "function");
  if (fingerprint(names) !== kernelFingerprint)
    throw new Error(
      `load: the module's kernels (${names.length}) are not those of this version of thalweg; reinstall the package`,
    );
  return instance.exports as unknown as Kernels;
}

/** The debug build's failed asserts come here. */
function trap(_message: number, _file: number, line: number, column: number): never {
  throw new Error(`debug kernel: assertion failed at line ${line}, column ${column}`);
}
