// The builds for shared memory: the same kernels, on a SharedArrayBuffer, to the bit.
import { describe, expect, test } from "vitest";
import { instantiate, type Kernels, loadModule } from "../../bindings/load.ts";
import { builds, wave } from "./harness.ts";

const m = 9;
const n = 13;
const k = 17;

/** A product, an activation, a reduction and random numbers on one memory. */
function results(kernels: Kernels, memory: WebAssembly.Memory): Float32Array {
  const [a, b, c, scratch, state] = [1024, 4096, 8192, 16384, 32768] as const;
  new Float32Array(memory.buffer, a, m * k).set(wave(m * k));
  new Float32Array(memory.buffer, b, k * n).set(wave(k * n, 1));
  new Int32Array(memory.buffer, state, 4).set([5, 0, 0, 0]);
  kernels.gemm(c, a, b, scratch, m, n, k, k, 1, n, 1, 0, 0);
  kernels.tanh(c, c, m * n);
  kernels.sum(c + 4 * m * n, c, m, n, 1);
  kernels.randomNormal(c + 4 * (m * n + m), 10, state, 1, 0, 0, 1);
  return new Float32Array(memory.buffer, c, m * n + m + 10).slice();
}

describe.each(builds.filter((build) => build !== "debug"))("%s for threads", (build) => {
  test("gives the bits of the build for one thread", async () => {
    const own = new WebAssembly.Memory({ initial: 16 });
    const shared = new WebAssembly.Memory({ initial: 16, maximum: 65536, shared: true });
    const expected = results(await instantiate(await loadModule(build), own), own);
    const name = build === "relaxed" ? "relaxed-threads" : "strict-threads";
    expect(results(await instantiate(await loadModule(name), shared), shared)).toEqual(expected);
  });

  test("refuses memory that is not shared", async () => {
    const name = build === "relaxed" ? "relaxed-threads" : "strict-threads";
    const module = await loadModule(name);
    await expect(instantiate(module, new WebAssembly.Memory({ initial: 16, maximum: 65536 }))).rejects.toThrow(
      WebAssembly.LinkError,
    );
  });
});
