// How far a long computation is, and how long it will take: a bar on a terminal, nothing in files, pipes and JSON.
import cliProgress from "cli-progress";

export interface Progress {
  /** @param secondsLeft at the pace so far */
  tell(share: number, secondsLeft: number): void;
  close(): void;
}

/** @param what is being done, in a word or two */
export function progress(what: string, json: boolean | undefined): Progress {
  if (json || !process.stdout.isTTY) return { tell() {}, close() {} };
  const bar = new cliProgress.SingleBar({
    format: "{what} {bar} {percentage}%   {left} left",
    stream: process.stdout,
    barsize: 24,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    clearOnComplete: true,
    gracefulExit: false,
  });
  bar.start(1000, 0, { what, left: "…" });
  return {
    tell: (share, secondsLeft) => bar.update(Math.round(1000 * share), { what, left: clock(secondsLeft) }),
    close: () => bar.stop(),
  };
}

/** A bar for work that tells how many steps of it are done. */
export async function whileShown<T>(
  what: string,
  json: boolean | undefined,
  work: (onProgress: (done: number, total: number) => void) => Promise<T>,
): Promise<T> {
  const bar = progress(what, json);
  const started = performance.now();
  try {
    return await work((done, total) => {
      const seconds = (performance.now() - started) / 1000;
      bar.tell(done / total, (seconds / done) * (total - done));
    });
  } finally {
    bar.close();
  }
}

/** 75 → "1:15" */
export function clock(seconds: number): string {
  if (!Number.isFinite(seconds)) return "…";
  const whole = Math.ceil(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
