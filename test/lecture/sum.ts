// Experiments that add numbers: what the runner and the report are tested with.
import { chart } from "../../src/lecture/chart.ts";
import type { Experiment } from "../../src/lecture/experiment.ts";

/** The numbers of those that ran. */
export const runs: number[] = [];

/** An experiment that adds its number to what it needs. */
export function sum(id: number, more: Partial<Experiment> = {}): Experiment {
  return {
    ...{ id, title: `Sum <${id}>`, file: "05-empirical-risk.ts", claim: `It is "${id}" & more.` },
    parameters: { quick: { id, size: 1 }, full: { id, size: 2 } },
    async *run({ outcomeOf }) {
      runs.push(id);
      yield { done: 0.5, note: "half" };
      const before = (more.needs ?? []).map((each) => outcomeOf(each).data.value as number);
      const value = before.reduce((all, each) => all + each, id);
      const points = [
        { x: 0, y: 0 },
        { x: 1, y: value },
      ];
      const figure = { name: "sum", caption: `Sum ${id}.`, description: "a line that rises" };
      const axes = { x: { label: "x" }, y: { label: "y" } };
      return {
        data: { value },
        verdict: {
          judgement: "supported",
          why: "It adds up.",
          numbers: [{ name: "sum", value, runs: 2, interval: [0, 1e-9] }],
        },
        figures: [chart({ ...figure, ...axes, series: [{ name: "sum", points }] })],
        how: "By adding.",
      };
    },
    ...more,
  };
}
