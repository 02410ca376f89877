// Each optimiser's pass over ten million parameters, by the bandwidth of a plain copy in the same run.
import { BoundProgram } from "../../bindings/executor.ts";
import type { BuildName } from "../../bindings/load.ts";
import { ModelMemory } from "../../bindings/memory.ts";
import {
  adadelta, adagrad, adam, adamax, adamW, chain, clipByGlobalNorm, lamb, lion, nadam, type Optimizer, radam, rmsprop, rprop, sgd,
} from "../../src/index.ts"; // biome-ignore format: a list
import { compile } from "../../src/plan/compile.ts";
import { optimizerOutputs } from "../../src/training/optimizerOutputs.ts";
import type { Contestant } from "../contest.ts";
import { uniformNumbers } from "../jobs.ts";
import { measureBandwidth } from "../programs.ts";
import type { Arena, Row } from "../row.ts";

const parameters = 10_000_000;

/** With how many vectors more than an update by element must move: those that wait for a norm of all are read again. */
const passes: readonly (readonly [name: string, optimizer: Optimizer, again?: number])[] = [
  ["sgd", sgd()],
  ["sgd, momentum", sgd({ momentum: 0.9 })],
  ["sgd, Nesterov and weight decay", sgd({ momentum: 0.9, nesterov: true, weightDecay: 1e-4 })],
  ["adam", adam()],
  ["adam, amsgrad", adam({ amsgrad: true })],
  ["adamW", adamW()],
  // g for its norm.
  ["adamW behind clipByGlobalNorm", chain(clipByGlobalNorm(1), adamW()), 1],
  ["nadam", nadam()],
  ["radam", radam()],
  ["adamax", adamax()],
  ["rmsprop", rmsprop()],
  ["rmsprop, centered, momentum", rmsprop({ centered: true, momentum: 0.9 })],
  ["adagrad", adagrad()],
  ["adadelta", adadelta()],
  ["lion", lion()],
  ["rprop", rprop()],
  // The direction is written, and read again with θ when the norms are known.
  ["lamb, one layer", lamb(), 3],
];

/** The update program of a model with one parameter of so many numbers. */
async function passOf(build: BuildName, optimizer: Optimizer): Promise<Contestant> {
  const layout = [{ name: "w", kind: "weight", shape: [parameters], offset: 0, size: parameters }] as const;
  const program = compile({
    outputs: optimizerOutputs(optimizer, parameters, layout, (inputs) => optimizer.update(inputs)),
  });
  const memory = await ModelMemory.create(build);
  memory.reserve("scalars", 8);
  memory.reserve("step", 4);
  memory.f32("scalars", 0, 1)[0] = 1e-6;
  memory.i32("scalars", 4, 1)[0] = 9;
  memory.f32("step", 0, 1)[0] = 10;
  const uniform = uniformNumbers(9);
  const numbers = Float32Array.from({ length: parameters }, () => uniform() - 0.5);
  for (const vector of ["theta", "gradient", ...Array.from({ length: optimizer.slots }, (_, i) => `slot${i}`)]) {
    memory.reserve(vector, 4 * parameters);
    // Squares and steps are above zero.
    memory.f32(vector, 0, parameters).set(vector.startsWith("slot") ? numbers.map(Math.abs) : numbers);
  }
  const bound = new BoundProgram(memory, program);
  return {
    answer: [],
    run(times) {
      for (let i = 0; i < times; i++) bound.run();
    },
  };
}

export async function* optimizers(arena: Arena): AsyncGenerator<Row> {
  for (const [name, optimizer, again = 0] of passes) {
    // g is read; θ and each slot are read and written.
    const bytes = 4 * (3 + 2 * optimizer.slots + again) * parameters;
    const pass = await passOf(arena.ours.build, optimizer);
    yield await measureBandwidth("optimizers", name, { ...pass, bytes }, parameters, arena);
  }
}
