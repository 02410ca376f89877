// Where modules come from: beside the loader, from a URL, from bytes, compiled already, or inline; and what is refused.
import { beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import * as inline from "../../bindings/generated/inline.ts";
import { chooseBuild, type KernelSource, load, loadModule, supportedBuilds } from "../../bindings/load.ts";
import { chain, createModel, dense, meanSquaredError } from "../../src/index.ts";

const decode = (base64: string): Uint8Array<ArrayBuffer> => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
const dataUrl = (base64: string): string => `data:application/wasm;base64,${base64}`;

/** A model of the strict build is made, and learns. */
const trains = async (): Promise<void> => {
  const model = await createModel({ input: [1], network: chain(dense(1)), loss: meanSquaredError(), build: "strict" });
  const first = model.step({ x: [1], y: [5] });
  expect(model.step({ x: [1], y: [5] })).toBeLessThan(first);
};

let own: WebAssembly.Module;
beforeAll(async () => {
  own = await loadModule("strict");
});
const compile = vi.spyOn(WebAssembly, "compile");
/** How often these very bytes were compiled; Node's fetch compiles a module of its own. */
const compilations = (base64: string): number => {
  const expected = decode(base64);
  const same = (bytes: Uint8Array): boolean =>
    bytes.length === expected.length && bytes.every((byte, i) => byte === expected[i]);
  return compile.mock.calls.filter(([bytes]) => same(bytes as Uint8Array)).length;
};
beforeEach(() => {
  load({ module: own }, "strict");
  compile.mockClear();
});

describe("load", () => {
  test("takes bytes", async () => {
    load({ bytes: decode(inline.strict) }, "strict");
    await trains();
    expect(compilations(inline.strict)).toBe(1);
  });

  test.each([
    ["text", dataUrl],
    ["a URL", (base64: string) => new URL(dataUrl(base64))],
  ])("takes an address as %s", async (_, address) => {
    load({ url: address(inline.strict) }, "strict");
    await trains();
    expect(compilations(inline.strict)).toBe(1);
  });

  test("takes a module compiled elsewhere, and compiles nothing", async () => {
    load({ module: own }, "strict");
    expect(await loadModule("strict")).toBe(own);
    await trains();
    expect(compile).not.toHaveBeenCalled();
  });

  test("refuses a module of other kernels", async () => {
    load({ bytes: Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0) }, "strict");
    await expect(trains()).rejects.toThrow("the module's kernels (0) are not those of this version of thalweg");
  });

  test("compiles once for all models", async () => {
    load({ bytes: decode(inline.strict) }, "strict");
    await Promise.all([trains(), trains()]);
    await trains();
    expect(compilations(inline.strict)).toBe(1);
  });
});

describe("thalweg/inline", () => {
  test("brings strict and relaxed along: nothing is fetched or read", async () => {
    await import("thalweg/inline"); // once in this file: its work is done on import
    await trains();
    expect(compilations(inline.strict)).toBe(1);
    if (!supportedBuilds().relaxed) return;
    await loadModule("relaxed");
    expect(compilations(inline.relaxed)).toBe(1);
  });
});

describe("refuses, and recovers", () => {
  const good = decode(inline.strict);
  const flipped = good.map((byte, i) => (i === 8 ? 0xff : byte));
  const page = new TextEncoder().encode("<!doctype html><title>404</title>");
  test.each([
    [
      "truncated bytes",
      { bytes: good.subarray(0, good.length >> 1) },
      /^load: the given bytes is not a WebAssembly module this engine accepts \(.+\); reinstall/,
    ],
    ["an altered byte", { bytes: flipped }, /^load: the given bytes is not a WebAssembly module/],
    ["no bytes", { bytes: new Uint8Array(0) }, /^load: the given bytes is not a WebAssembly module/],
    [
      "a page in place of the file",
      { url: `data:text/html;base64,${btoa(String.fromCharCode(...page))}` },
      /^load: data:.* is not a WebAssembly module .*check that the server sends the \.wasm file itself/,
    ],
  ])("%s", async (_, source: KernelSource, message) => {
    load(source, "strict");
    await expect(trains()).rejects.toThrow(message);
    load({ bytes: good }, "strict");
    await trains();
  });

  test.each([
    ["nothing", {}, "load: expected one of url, bytes or module, got 0 of them"],
    ["two sources", { url: "x.wasm", bytes: good }, "load: expected one of url, bytes or module, got 2 of them"],
  ])("%s", (_, source: KernelSource, message) => {
    expect(() => load(source, "strict")).toThrow(message);
  });

  test("a build that there is not", () => {
    expect(() => chooseBuild("fast" as never)).toThrow(
      'build: expected "auto", "strict", "relaxed" or "debug", got "fast"',
    );
  });
});
