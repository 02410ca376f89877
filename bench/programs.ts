// Single operations of ours as contestants: a graph compiled and run as a model's programs are.
import { BoundProgram } from "../bindings/executor.ts";
import type { BuildName } from "../bindings/load.ts";
import { ModelMemory } from "../bindings/memory.ts";
import { size, type Tensor } from "../src/graph/tensor.ts";
import { input } from "../src/ops/leaves.ts";
import { type CompileRequest, compile } from "../src/plan/compile.ts";
import type { Binding } from "../src/plan/program.ts";
import type { Contestant } from "./contest.ts";
import type { Shape } from "./nets.ts";
import { sample } from "./products.ts";
import { race } from "./race.ts";
import { type Arena, type Row, significant } from "./row.ts";

export interface Program extends Contestant {
  /** What its operations read and write at least. */
  readonly bytes: number;
}

export interface Given {
  readonly shape: Shape;
  readonly values: ArrayLike<number>;
}

/**
 * The value of a graph over these inputs. The inputs stay as they are: every run does the same work.
 * @returns a contestant whose answer is a sample of the value
 */
export async function programOf<Name extends string>(
  build: BuildName,
  inputs: Readonly<Record<Name, Given>>,
  graph: (inputs: Readonly<Record<Name, Tensor>>) => Tensor,
  options: Pick<CompileRequest, "worthBlocking"> = {},
): Promise<Program> {
  const given = Object.entries(inputs) as [Name, Given][];
  const tensors = Object.fromEntries(given.map(([name, { shape }]) => [name, input(name, shape)])) as Record<
    Name,
    Tensor
  >;
  // Kept as outputs, so that nothing is made in their place.
  const kept = Object.fromEntries(given.map(([name]) => [name, { tensor: tensors[name] }]));
  const program = compile({ ...options, outputs: { ...kept, value: { tensor: graph(tensors) } } });
  const memory = await ModelMemory.create(build);
  const bound = new BoundProgram(memory, program);
  bound.prepare();
  const view = (binding: Binding): Float32Array =>
    new Float32Array(memory.memory.buffer, bound.address(binding), size(binding));
  for (const [name, { values }] of given) view(program.inputs[name] as Binding).set(values);
  bound.run();
  return {
    answer: sample(view(program.outputs.value as Binding)),
    bytes: program.tensors.reduce((sum, { cost }) => sum + cost.bytes, 0),
    run(times) {
      for (let i = 0; i < times; i++) bound.run();
    },
  };
}

/** How near a program comes to the bandwidth of a plain copy of so many elements. */
export async function measureBandwidth(
  suite: Row["suite"],
  name: string,
  program: Program,
  elements: number,
  { ours: { build, name: own }, options }: Arena,
): Promise<Row> {
  const copy = await copyOf(build, elements);
  const measured = await race(
    name,
    new Map([
      [own, program],
      ["copy", copy],
    ]),
    options,
  );
  const ms = measured.get(own) as number;
  const gigabytes = program.bytes / ms / 1e6;
  const copied = copy.bytes / (measured.get("copy") as number) / 1e6;
  return {
    suite,
    name,
    build,
    ms: significant(ms),
    peers: {},
    ratios: {},
    gigabytes: significant(gigabytes),
    copy: significant(copied),
    share: significant(gigabytes / copied),
  };
}

/** The plain copy kernel on so many elements. */
async function copyOf(build: BuildName, elements: number): Promise<Program> {
  const memory = await ModelMemory.create(build);
  memory.reserve("from", 4 * elements);
  memory.reserve("to", 4 * elements);
  const [to, from] = [memory.base("to"), memory.base("from")];
  memory.f32("from", 0, elements).fill(1);
  const { kernels } = memory;
  return {
    answer: [],
    bytes: 8 * elements,
    run(times) {
      for (let i = 0; i < times; i++) kernels.copy(to, from, elements);
    },
  };
}
