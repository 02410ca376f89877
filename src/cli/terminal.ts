// A run on a terminal: the lines of lines.ts, and below them a bar with rate, loss and time left.
import cliProgress from "cli-progress";
import type { Display } from "./display.ts";
import { count, linesDisplay } from "./lines.ts";
import { clock } from "./progress.ts";

const format = "epoch {epoch}/{epochs} {bar} {percentage}%   {rate} examples/s   loss {loss}   {left} left";

export function terminalDisplay(stream: NodeJS.WritableStream, hints: readonly string[]): Display {
  const lines = linesDisplay((text) => void stream.write(text), hints);
  const bar = new cliProgress.SingleBar({
    format,
    stream,
    barsize: 24,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    clearOnComplete: true,
    gracefulExit: false, // the command has its own way of stopping
  });
  let total = 0;
  let seen = 0;
  let shown = { epoch: 1, epochs: 1, rate: "…", loss: "…", left: "…" };
  const start = (): void => bar.start(total, seen, shown);
  return {
    ...lines,
    wantsSteps: true,
    begin(run) {
      lines.begin(run);
      total = run.examples * run.epochs;
      shown = { ...shown, epochs: run.epochs };
      start();
    },
    profile(profile, text) {
      bar.stop();
      lines.profile(profile, text);
      start();
    },
    note(text) {
      bar.stop();
      lines.note(text);
    },
    step(report) {
      seen = report.seen;
      const rate = report.examplesPerSecond;
      shown = {
        ...shown,
        epoch: report.epoch,
        rate: count(rate),
        loss: report.loss.toFixed(4),
        left: clock((total - seen) / rate),
      };
      bar.update(seen, shown);
    },
    epoch(report) {
      bar.stop();
      lines.epoch(report);
      shown = { ...shown, epoch: report.epoch + 1 };
      if (report.epoch < shown.epochs) start();
    },
    interrupted(last, seconds) {
      bar.stop();
      lines.interrupted(last, seconds);
    },
    close: () => bar.stop(),
  };
}
