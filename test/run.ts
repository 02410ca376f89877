// Runs graphs in tests: compile, bind, fill the inputs, read the outputs.
import { BoundProgram } from "../bindings/executor.ts";
import { type BuildName, supportedBuilds } from "../bindings/load.ts";
import { ModelMemory } from "../bindings/memory.ts";
import { size, type Tensor } from "../src/graph/tensor.ts";
import { compile } from "../src/plan/compile.ts";

export const builds: readonly BuildName[] = [
  "strict",
  "debug",
  ...(supportedBuilds().relaxed ? (["relaxed"] as const) : []),
];

export type Numbers = Float32Array | Int32Array;

/** Values of the outputs for these inputs, by name. */
export type Runner = (inputs: Readonly<Record<string, ArrayLike<number>>>) => Numbers[];

/** A compiled function of its "batch" inputs. */
export function runner(
  memory: ModelMemory,
  outputs: readonly Tensor[],
  options: { readonly fusion?: boolean; readonly worthBlocking?: number } = {},
): Runner {
  const program = compile({
    ...options,
    outputs: Object.fromEntries(outputs.map((tensor, i) => [`out${i}`, { tensor }])),
  });
  const bound = new BoundProgram(memory, program);
  const view = (binding: { segment: string; offset: number; shape: readonly number[]; type: string }): Numbers =>
    new (binding.type === "i32" ? Int32Array : Float32Array)(
      memory.memory.buffer,
      bound.address(binding),
      size(binding),
    );
  return (inputs) => {
    bound.prepare();
    for (const [name, binding] of Object.entries(program.inputs)) {
      const values = inputs[name];
      if (!values) throw new Error(`test: no values for input ${name}`);
      view(binding).set(values);
    }
    bound.run();
    return Object.values(program.outputs).map((binding) => view(binding).slice());
  };
}

/** A memory with what random operations read. */
export async function testMemory(build: BuildName): Promise<ModelMemory> {
  const memory = await ModelMemory.create(build);
  memory.reserve("random", 16);
  memory.i32("random", 0, 4).set([7, 0, 0, 0]);
  return memory;
}
