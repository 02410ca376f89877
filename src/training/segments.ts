// What each replica of a model has of its own in the model's memory.
import type { ModelMemory } from "../../bindings/memory.ts";
import type { EngineSpecification } from "./engine.ts";

/** Up to whole cache lines, so that no two replicas write to one. */
export const align = (bytes: number): number => Math.ceil(bytes / 64) * 64;

/** Segments of which every replica has one of its own, behind each other: bytes of one. */
export function ownSegments({ parameterCount, state }: EngineSpecification): Readonly<Record<string, number>> {
  return { random: 20, loss: 4, gradient: 4 * parameterCount, nextState: 4 * state.length };
}

/** Reserves what programs write to or draw from, once a replica. */
export function reserveOwn(memory: ModelMemory, specification: EngineSpecification): void {
  const { threads } = specification;
  for (const [name, bytes] of Object.entries(ownSegments(specification)))
    memory.reserve(name, threads === 1 ? bytes : threads * align(bytes));
}
