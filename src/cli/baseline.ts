// What one gets without learning: always the same answer.
import type { Dataset } from "thalweg/data";

/** What always answering the most frequent class gives on `test`. */
export function mostFrequent({ y, classes = [] }: Dataset): { label: string; accuracy: number } {
  const counts = new Map<number, number>();
  for (const label of y) counts.set(label, (counts.get(label) ?? 0) + 1);
  const [label, most] = [...counts].reduce((best, entry) => (entry[1] > best[1] ? entry : best));
  return { label: classes[label] ?? String(label), accuracy: most / y.length };
}
