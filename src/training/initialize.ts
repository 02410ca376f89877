// The first θ: every parameter's initialiser, with a stream of the library's generator of its own.
import type { ModelMemory } from "../../bindings/memory.ts";
import { showShape } from "../graph/tensor.ts";
import type { Draw } from "../nn/initializers.ts";
import type { Blueprint } from "./blueprint.ts";
import { seedWords } from "./seed.ts";

/**
 * First values of each parameter, in the order of the layout.
 * @param memory where the generator works; left as it was
 */
export function initialValues({ layout, initializers }: Blueprint, seed: number, memory: ModelMemory): Float32Array[] {
  return layout.map(({ name, shape, size }, i) => {
    const values = initializers[i]?.(shape, drawFrom(memory, seed, i + 1));
    if (!(values instanceof Float32Array) || values.length !== size)
      throw new Error(
        `createModel: the initialiser of ${name} ${showShape(shape)} must return a Float32Array of ${size} finite numbers`,
      );
    return values;
  });
}

/** Draws of one parameter: the generator's step counts the calls. */
function drawFrom(memory: ModelMemory, seed: number, stream: number): Draw {
  let calls = 0;
  const fill = (n: number, kernel: "randomUniform" | "randomNormal", first: number, second: number): Float32Array => {
    const mark = memory.mark();
    memory.reserve("draw state", 16);
    memory.reserve("draw", 4 * n);
    try {
      memory.i32("draw state", 0, 3).set([...seedWords(seed), calls++]);
      memory.kernels[kernel](memory.base("draw"), n, memory.base("draw state"), stream, 0, first, second);
      return memory.f32("draw", 0, n).slice();
    } finally {
      memory.release(mark);
    }
  };
  return {
    uniform: (n, low, high) => fill(n, "randomUniform", low, high),
    normal: (n, mean, deviation) => fill(n, "randomNormal", mean, deviation),
  };
}
