// Runs an experiment of the lecture at a test's size and checks what every outcome must be.
import { expect } from "vitest";
import type { Context, Experiment, Outcome, PlainRecord } from "../../src/lecture/experiment.ts";

/** @param parameters instead of those of `quick` */
export async function outcomeOf<P extends PlainRecord, D extends PlainRecord>(
  experiment: Experiment<P, D>,
  parameters: Partial<P>,
  context: Partial<Context<P>> = {},
): Promise<Outcome<D>> {
  const run = experiment.run({
    parameters: { ...experiment.parameters.quick, ...parameters },
    signal: new AbortController().signal,
    outcomeOf(id) {
      throw new Error(`experiment ${id} is not there`);
    },
    ...context,
  });
  let before = 0;
  let next = await run.next();
  for (; !next.done; next = await run.next()) {
    expect(next.value.done, next.value.note).toBeGreaterThanOrEqual(before);
    expect(next.value.done).toBeLessThanOrEqual(1);
    before = next.value.done;
  }
  const outcome = next.value;
  expect(JSON.parse(JSON.stringify(outcome.data))).toEqual(outcome.data);
  expect(outcome.verdict.numbers.length).toBeGreaterThan(0);
  for (const { name, value, interval = [value, value], runs } of outcome.verdict.numbers) {
    expect([value, ...interval].every(Number.isFinite), `${name}: ${value}, ${interval}`).toBe(true);
    expect(interval[0]).toBeLessThanOrEqual(value);
    expect(interval[1]).toBeGreaterThanOrEqual(value);
    expect(runs, name).toBeGreaterThan(0);
  }
  expect(outcome.figures.length).toBeGreaterThan(0);
  for (const { name, caption, description, svg } of outcome.figures) {
    expect(name).toMatch(/^[a-z0-9-]+$/);
    expect(caption.length).toBeGreaterThan(20);
    expect(description.length).toBeGreaterThan(20);
    expect(svg).toMatch(/^<svg .*<\/svg>$/s);
    expect(svg).not.toContain("NaN");
  }
  return outcome;
}

/**
 * A report can be drawn again from what its data file keeps.
 * @param parameters that `found` was measured with, instead of those of `quick`
 * @param outcome that the experiment ends with
 */
export function expectRedrawn<P extends PlainRecord, D extends PlainRecord>(
  found: Outcome<D>,
  experiment: Experiment<P, D>,
  parameters: Partial<P>,
  outcome: (data: D, parameters: P) => Outcome<D>,
): void {
  const kept = JSON.parse(JSON.stringify(found.data)) as D;
  expect(outcome(kept, { ...experiment.parameters.quick, ...parameters })).toEqual(found);
}
