// The classes of a data set, as samplers need them.
import type { EpochContext } from "./sampler.ts";

/**
 * Rows of each class that has any, by label. Targets of −1, 0 and 1, as binary losses have them, are labels too.
 * @throws for targets that are no labels
 */
export function membersOf(call: string, { size, targets }: Pick<EpochContext, "size" | "targets">): Int32Array[] {
  const isLabel = (value: number): boolean => Math.abs(value) === 1 || value === 0;
  if (targets.length !== size || (targets instanceof Float32Array && !targets.every(isLabel)))
    throw new Error(
      `samplers.${call}: the data set has target values, not one label an example; use another sampler, or weighted()`,
    );
  const counts = new Map<number, number>();
  for (const label of targets) counts.set(label, (counts.get(label) ?? 0) + 1);
  const labels = [...counts.keys()].sort((a, b) => a - b);
  const members = new Map(labels.map((label) => [label, new Int32Array(counts.get(label) as number)]));
  const next = new Map(labels.map((label) => [label, 0]));
  targets.forEach((label, row) => {
    const at = next.get(label) as number;
    (members.get(label) as Int32Array)[at] = row;
    next.set(label, at + 1);
  });
  return [...members.values()];
}
