// as-bind 0.8.2 for AssemblyScript 0.28: converters for today's object layout, and calls that leave no garbage behind.

// @ts-expect-error: as-bind has no types for its browser entry
import * as asBind from "as-bind/dist/as-bind.esm.js";
import { readBytes } from "#platform";

type Functions<M> = { readonly [N in keyof M]: (...values: never[]) => unknown };

/** Calls one exported function by name. */
export type Call<M extends Functions<M>> = <N extends keyof M & string>(
  name: N,
  ...values: Parameters<M[N]>
) => ReturnType<M[N]>;

/** AssemblyScript's own exports under --exportRuntime. */
interface Runtime {
  readonly memory: WebAssembly.Memory;
  __new(bytes: number, typeId: number): number;
  __unpin(pointer: number): void;
  __collect(): void;
}

interface Bound {
  readonly exports: Runtime;
  getTypeId(type: string): number;
}

interface Converter<T> {
  jsToAsc(bound: Bound, value: T, type: string): number;
  ascToJs(bound: Bound, pointer: number): T;
}

interface AsBind {
  readonly converters: { set<T>(type: string, converter: Converter<T>): unknown };
  instantiate(bytes: BufferSource, imports: WebAssembly.Imports): Promise<Bound>;
}

const { converters, instantiate } = asBind as AsBind;

/** Arguments of the running call: as-bind pins each one as soon as it is converted, and unpins them when the call returns. */
const lent: number[] = [];

/** The memory as words and as floats; taken anew where it has grown. */
let words = new Uint32Array(0);
let floats = new Float32Array(0);

function look({ buffer }: WebAssembly.Memory): void {
  if (words.buffer === buffer) return;
  words = new Uint32Array(buffer);
  floats = new Float32Array(buffer);
}

// Objects of AssemblyScript 0.28: type id at pointer − 8, byte length at pointer − 4. Pointers arrive as signed numbers.
// The collector of the minimal runtime runs only when called, so nothing here needs a pin while it is put together.
converters.set<Float32Array>("~lib/typedarray/Float32Array", {
  jsToAsc(bound, array, type) {
    const { __new, memory } = bound.exports;
    const data = __new(array.byteLength, bound.getTypeId("~lib/arraybuffer/ArrayBuffer")) >>> 0;
    const view = __new(12, bound.getTypeId(type)) >>> 0;
    look(memory);
    floats.set(array, data >>> 2);
    words[view >>> 2] = data; // buffer
    words[(view >>> 2) + 1] = data; // data start
    words[(view >>> 2) + 2] = array.byteLength;
    lent.push(view);
    return view;
  },
  ascToJs(bound, pointer) {
    lent.length = 0;
    look(bound.exports.memory);
    const start = words[(pointer >>> 2) + 1] as number;
    const bytes = words[(pointer >>> 2) + 2] as number;
    return floats.slice(start >>> 2, (start + bytes) >>> 2);
  },
});
converters.set<string>("~lib/string/String", {
  jsToAsc(bound, text, type) {
    const pointer = bound.exports.__new(2 * text.length, bound.getTypeId(type)) >>> 0;
    const units = new Uint16Array(bound.exports.memory.buffer, pointer, text.length);
    for (let i = 0; i < text.length; ++i) units[i] = text.charCodeAt(i);
    lent.push(pointer);
    return pointer;
  },
  ascToJs(bound, pointer) {
    if (pointer === 0) return "";
    look(bound.exports.memory);
    const length = (words[(pointer >>> 2) - 1] as number) / 2;
    return String.fromCharCode(...new Uint16Array(words.buffer, pointer >>> 0, length));
  },
});

/**
 * Instantiates a module that was compiled with build/asBindTransform.ts and `--runtime minimal --exportRuntime`.
 * Everything a call allocates is freed when it ends: a sweep of these few objects costs next to nothing, and memory never
 * grows beyond what the largest call needs.
 */
export async function bind<M extends Functions<M>>(url: URL): Promise<Call<M>> {
  const bytes = await readBytes(url);
  const exports = await instantiate(bytes, { env: { abort } }).then(
    (bound) => bound.exports,
    (error: Error) => {
      throw new Error(
        `load: this engine does not accept ${url.href} (${error.message}); it needs WebAssembly SIMD: Node 20 or newer, or a browser from 2021 or later, and a server that sends the .wasm file itself`,
        { cause: error },
      );
    },
  );
  return (name, ...values) => {
    const run = (exports as unknown as M)[name] as unknown as (...values: unknown[]) => ReturnType<M[typeof name]>;
    try {
      return run(...values);
    } catch (error) {
      // as-bind does not unpin when a call throws; the rest of the instance is as it was.
      for (const pointer of lent) exports.__unpin(pointer);
      const sizes = values
        .map((v) => (typeof v === "number" ? v : `Float32Array(${(v as Float32Array).length})`))
        .join(", ");
      throw new Error(
        `${name}: out of memory on ${sizes} (${(error as Error).message}); inputs and result must fit in 4 GiB together: use smaller pieces`,
        { cause: error },
      );
    } finally {
      lent.length = 0;
      exports.__collect();
    }
  };
}

/** AssemblyScript's `throw` and failed asserts come here. */
function abort(message: string, file: string, line: number, column: number): never {
  throw new Error(`${message || "abort"} at ${file}:${line}:${column}`);
}
