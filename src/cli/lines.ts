// A run as plain lines, one per epoch: for files and pipes, and the ground of the terminal's display.
import type { Display, EpochReport, Run } from "./display.ts";

export const count = (value: number): string => Math.round(value).toLocaleString("en-US");

/** @param hints what to try next, printed after the result */
export function linesDisplay(write: (text: string) => void, hints: readonly string[]): Display {
  let epochs = 0;
  return {
    wantsSteps: false,
    begin(run) {
      epochs = run.epochs;
      write(`${heading(run)}\n`);
    },
    profile: (_profile, text) => write(`${text}\n\n`),
    note: (text) => write(`${text}\n`),
    step() {},
    epoch: (report) => write(`${epochLine(report, epochs)}\n`),
    end({ testAccuracy, testLoss, testRmse, testR2, seconds, baseline, checkpoint }) {
      const after = `test loss ${testLoss.toFixed(4)}, after ${seconds.toFixed(1)} s`;
      if ("label" in baseline) {
        write(`\ntest accuracy ${percent(testAccuracy as number)}, ${after}\n`);
        write(`(always answering "${baseline.label}", the most frequent class, gives ${percent(baseline.accuracy)})\n`);
      } else {
        const [rmse, r2] = [testRmse as number, testR2 as number].map((value) => value.toPrecision(4));
        write(`\ntest error ${rmse} (root mean square), R² ${r2}, ${after}\n`);
        const [mean, error] = [baseline.mean, baseline.rmse].map((value) => value.toPrecision(4));
        write(`(always answering ${mean}, the mean, gives ${error})\n`);
      }
      if (checkpoint !== undefined) write(`kept in ${checkpoint}\n`);
      write(`\nWhat to try next\n${hints.map((hint) => `  ${hint}\n`).join("")}`);
    },
    interrupted(last, seconds) {
      write(`\ninterrupted after ${seconds.toFixed(1)} s and ${last?.epoch ?? 0} of ${epochs} epochs`);
      write(last?.validation?.accuracy === undefined ? "\n" : `; test accuracy ${percent(last.validation.accuracy)}\n`);
    },
    close() {},
  };
}

function heading(run: Run): string {
  const steps = Math.ceil(run.examples / run.batch);
  return [
    `thalweg ${run.version}, ${run.build} build, ${run.network}, ${threads(run.threads)}, seed ${run.seed}`,
    brief(run.summary.trimEnd().split("\n")).join("\n"),
    `${count(run.examples)} examples to train on, ${count(run.testExamples)} to test on; ${count(steps)} steps of ${run.batch} an epoch`,
    "",
  ].join("\n");
}

const threads = (n: number): string => (n === 1 ? "1 thread" : `${n} threads`);

/** Lines of a summary that fill more than a screen: its first and last, which say shapes and size. */
const brief = (lines: readonly string[]): readonly string[] =>
  lines.length <= 24 ? lines : [lines[0] as string, lines.at(-1) as string];

function epochLine({ epoch, loss, seconds, examplesPerSecond, validation }: EpochReport, epochs: number): string {
  const columns = [`epoch ${String(epoch).padStart(String(epochs).length)}/${epochs}`, `loss ${loss.toFixed(4)}`];
  if (validation?.accuracy !== undefined) columns.push(`test accuracy ${percent(validation.accuracy)}`);
  columns.push(`${seconds.toFixed(1)} s`, `${count(examplesPerSecond)} examples/s`);
  return columns.join("   ");
}

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
