// Row 16: every cell is filled from a number that its experiment has, and judged by it.
import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { batchAgainstStochastic, lines } from "../../src/lecture/16-batch-against-stochastic.ts";
import type { Finding, Outcome } from "../../src/lecture/experiment.ts";
import { experiments } from "../../src/lecture/index.ts";
import { outcome } from "../../src/lecture/outcomes/16-batch-against-stochastic.ts";
import { expectRedrawn, outcomeOf } from "./outcome.ts";

const cells = lines.flatMap(({ batch, stochastic }) => [batch, stochastic]);

/** Outcomes with all numbers that cells ask for, each the mean of an interval. */
const outcomes = (values: (number: string) => number, leaveOut?: string) => (id: number) => {
  const numbers: Finding[] = cells
    .filter(({ row, number }) => row === id && number !== leaveOut)
    .map(({ number }) => ({
      name: `${number} and so on`,
      value: values(number),
      interval: [values(number) - 1e-6, values(number) + 1e-6],
      runs: 3,
    }));
  return { verdict: { numbers } } as unknown as Outcome;
};

test("the numbers are there: their names stand in the experiments' code", () => {
  for (const { row, number } of cells) {
    expect(batchAgainstStochastic.needs).toContain(row);
    const file = experiments.find(({ id }) => id === row)?.file as string;
    const said = ["", "outcomes/"]
      .map((folder) => new URL(`../../src/lecture/${folder}${file}`, import.meta.url))
      .map((url) => (existsSync(url) ? readFileSync(url, "utf8") : ""));
    // What comes later may be put in, as the rates of row 12 are.
    expect(said.join(), number).toContain(number.slice(0, 19));
  }
});

test("a cell is borne out by its number, or said not to be", async () => {
  const right = (number: string): number =>
    number.startsWith("factor")
      ? 99 / 101
      : number.startsWith("slope")
        ? -0.4
        : number.startsWith("share") || number.startsWith("greatest")
          ? 0.05
          : 1.005;
  const all = await outcomeOf(batchAgainstStochastic, {}, { outcomeOf: outcomes(right) });
  expect(all.verdict.judgement).toBe("supported");
  expect(all.verdict.numbers).toHaveLength(16);
  expect(all.figures[0]?.svg).not.toContain("not borne out");
  const theory = (number: string): number => (number.startsWith("slope") ? -0.5 : right(number));
  const some = await outcomeOf(batchAgainstStochastic, {}, { outcomeOf: outcomes(theory) });
  expectRedrawn(some, batchAgainstStochastic, {}, outcome);
  expect(some.verdict.judgement).toBe("partly");
  expect(some.verdict.why).toContain("15 of the table's 16 cells");
  expect(some.verdict.why).toContain('"Theoretical analysis" of stochastic GD');
});

test("a number that is missing is named", async () => {
  const missing = "the same, all at once, 1, over reshuffled";
  const run = outcomeOf(batchAgainstStochastic, {}, { outcomeOf: outcomes(() => 1, missing) });
  await expect(run).rejects.toThrow(`experiment 12 has no number that is called "${missing}…"`);
});
